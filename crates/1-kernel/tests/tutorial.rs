//! The tutorial says what is so: its code is the example's, and its output is what that prints.

#[path = "../examples/seats.rs"]
#[allow(dead_code, reason = "its `main` is another program's")]
mod seats;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR")))
        .expect("the project's own file")
}

/// The fenced blocks of a page in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn its_code_is_the_examples() {
    let (page, code) = (read("../../docs/kernel.md"), read("examples/seats.rs"));
    let blocks = blocks(&page, "rust");
    assert!(blocks.len() > 5);
    for block in blocks {
        assert!(code.contains(block), "not in seats.rs:\n{block}");
    }
}

#[test]
fn its_output_is_what_is_printed() {
    let (page, story) = (read("../../docs/kernel.md"), seats::story());
    let shown = blocks(&page, "text").into_iter().filter(|block| !block.starts_with("loop"));
    let shown: Vec<_> = shown.collect();
    assert_eq!(shown.len(), 4);
    for block in shown {
        assert!(story.contains(block), "not printed:\n{block}\nbut:\n{story}");
    }
}
