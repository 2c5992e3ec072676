//! What stands on pages and comes from a run is as it is run. With `BLESS` set, charts and pages are
//! written anew first: `cargo xtask bless` does that.

use std::fs;
use std::path::{Path, PathBuf};

use lab::chart::{self, Chart};

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
