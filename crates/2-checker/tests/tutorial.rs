//! The pages on protocols show the examples' code and their output.

#[path = "../examples/manager_worker.rs"]
#[allow(dead_code, reason = "its `main` is another program's")]
mod manager_worker;
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

/// Each block of code of a page is in the example; `count` is their number.
fn its_code_is(page: &str, example: &str, count: usize) {
    let (page, code) = (read(page), read(example));
    let blocks = blocks(&page, "rust");
    assert_eq!(blocks.len(), count);
    for block in blocks {
        assert!(code.contains(block), "not in {example}:\n{block}");
    }
}

/// Each block of text of a page is printed; `count` is their number.
fn its_output_is(page: &str, story: &str, count: usize) {
    let page = read(page);
    let shown = blocks(&page, "text");
    assert_eq!(shown.len(), count);
    for block in shown {
        assert!(story.contains(block), "not printed:\n{block}\nbut:\n{story}");
    }
}

#[test]
fn the_tutorial_is_cut_from_seats() {
    its_code_is("../../docs/kernel.md", "examples/seats.rs", 12);
    its_output_is("../../docs/kernel.md", &seats::story(), 6);
}

#[test]
fn the_chapter_on_managers_is_cut_from_manager_worker() {
    its_code_is("../../docs/manager-worker.md", "examples/manager_worker.rs", 10);
    its_output_is("../../docs/manager-worker.md", &manager_worker::story(), 3);
}

/// Each law that the page on OTP names is a test of that file.
#[test]
fn the_page_on_otp_names_laws_that_exist() {
    let page = read("../../docs/kernel-otp.md");
    let mut named = 0;
    for law in page.split('`').filter(|text| text.contains("::") && !text.contains(' ')) {
        let Some((file, test)) = law.split_once("::") else { continue };
        if !file.starts_with(|c: char| c.is_ascii_lowercase() || c == '.') {
            continue; // a name of the code
        }
        let tests = read(&format!("../1-kernel/tests/laws/{file}.rs"));
        let is_there = tests.contains(&format!("#[test]\nfn {test}()"));
        assert!(is_there, "{law} is no test");
        named += 1;
    }
    assert!(named > 100, "{named} laws are named");
}
