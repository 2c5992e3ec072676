//! For the tests of examples: the chart in a file's header is what its story draws.

/// The first chart of the story stands in the header of the example's own text.
pub(crate) fn shows(source: &str, story: &str) {
    let chart = story.split("\n\n").next().unwrap_or_default();
    let shown: String = chart.lines().map(|line| format!("//! {line}\n")).collect();
    assert!(source.contains(&shown), "the header should show:\n{chart}");
}
