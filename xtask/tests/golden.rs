//! What stands on pages and comes from a run is as it is run. With `BLESS` set, charts and pages are
//! written anew first: `cargo xtask bless` does that.

use std::fs;
use std::path::{Path, PathBuf};

use lab::chart::{self, Chart};
use lab::laws::Row;

/// What stands before the README's picture, and the chart that it shows.
const MARK: &str = "<!-- drawn from charts/a-buyer-arrives.chart by `cargo xtask bless` -->\n";
const CHART: &str = "charts/a-buyer-arrives.chart";

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the repository").to_owned()
}

fn blesses() -> bool {
    std::env::var_os("BLESS").is_some()
}

#[test]
fn the_readme_shows_a_chart_as_it_is_run() {
    if blesses() {
        for file in chart::bless(&root().join("charts")).unwrap() {
            println!("blessed {}", file.display());
        }
    }
    let text = fs::read_to_string(root().join(CHART)).unwrap();
    let chart = Chart::parse(&text).unwrap();
    let played = chart.play().unwrap();
    let picture =
        format!("```mermaid\n{}```\n", chart::Picture::of(&chart.title, &played.rows).mermaid());

    let page = root().join("README.md");
    let readme = fs::read_to_string(&page).unwrap();
    let (before, after) = readme.split_once(MARK).expect("the README has a picture");
    let end = after.find("\n```\n").expect("the picture ends") + "\n```\n".len();
    let (shown, rest) = after.split_at(end);
    if blesses() {
        fs::write(page, format!("{before}{MARK}{picture}{rest}")).unwrap();
    } else {
        assert_eq!(shown, picture, "{CHART} has changed; cargo xtask bless draws it again");
    }
}

// ---- docs/protocol.md: what stands between `<!-- KIND: NAME -->` and `<!-- end -->` comes from here

/// What ends a block that is written by this test.
const END: &str = "<!-- end -->\n";

fn chart_of(name: &str) -> Chart {
    let file = root().join("charts").join(name).with_extension("chart");
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    Chart::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn block(kind: &str, name: &str) -> String {
    match kind {
        "chart" => format!("```text\n{}```\n", chart_of(name)),
        "mermaid" => {
            let chart = chart_of(name);
            let played = chart.play().unwrap_or_else(|why| panic!("{name}: {why}"));
            let picture = chart::Picture::of(&chart.title, &played.rows).mermaid();
            format!("```mermaid\n{picture}```\n")
        }
        "row" => {
            let row = Row::ALL.iter().find(|row| row.name() == name);
            let row = row.unwrap_or_else(|| panic!("there is no row {name}"));
            let (noticed, comes, chart) = (row.noticed(), row.comes(), row.chart());
            format!(
                "- Noticed by: {noticed}.\n- Result: {comes}.\n\
                 - Test of [its chart](../charts/{chart}.chart):\n  \
                 `cargo test -p buttonwood-lab --test rows {}`\n\
                 - In every order, with a death at any point:\n  \
                 `cargo run --release -- explore {chart}`\n\n\
                 ```text\n{}```\n",
                row.test(),
                chart_of(chart)
            )
        }
        "mistakes" => {
            let all = lab::mutations::all();
            let rows = all.iter().map(|m| format!("| `{}` | {} |\n", m.name, m.text));
            format!(
                "| mistake | what is done instead of the right thing |\n|---|---|\n{}",
                rows.collect::<String>()
            )
        }
        _ => panic!("there are no blocks of kind {kind}"),
    }
}

/// The page with all of its blocks written anew, and the names of its rows in order.
fn written(page: &str) -> (String, Vec<String>) {
    let (mut new, mut rows, mut rest) = (String::new(), Vec::new(), page);
    while let Some(at) = rest.find("<!-- ") {
        let line = rest[at..].lines().next().unwrap_or_default();
        let mark = line.trim_start_matches("<!-- ").trim_end_matches(" -->");
        let (kind, name) = mark.split_once(": ").unwrap_or((mark, ""));
        let end = rest[at..].find(END).unwrap_or_else(|| panic!("{line} has no end"));
        if kind == "row" {
            rows.push(name.to_owned());
        }
        new += &format!("{}{line}\n{}{END}", &rest[..at], block(kind, name));
        rest = &rest[at + end + END.len()..];
    }
    (new + rest, rows)
}

#[test]
fn the_protocols_page_shows_every_row_as_it_is_run() {
    let file = root().join("docs/protocol.md");
    let page = fs::read_to_string(&file).unwrap();
    let (new, rows) = written(&page);
    let all: Vec<_> = Row::ALL.iter().map(|row| row.name()).collect();
    assert_eq!(rows, all, "the page walks through every row, in order");
    if blesses() {
        fs::write(file, new).unwrap();
    } else {
        assert_eq!(page, new, "what is run has changed; cargo xtask bless writes the page again");
    }
}
