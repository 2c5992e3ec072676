//! Rules about pages: links lead somewhere, prose is wrapped, decisions are short and have the usual parts.

use std::path::{Component, Path, PathBuf};

use super::{Complaint, File};
use crate::root;

/// Most characters of a line of prose. Table rows, code, links and generated text may be longer.
const WIDTH: usize = 100;
/// Most lines of a decision.
const LINES: usize = 40;
const DECISIONS: &str = "docs/decisions/";
/// Headings of a decision.
const PARTS: [&str; 4] = ["## Context", "## Decision", "## Consequences", "## Revisit when"];
/// Where decisions are listed.
const LIST: &str = "docs/README.md";

/// Folders of the repository: a path in backticks that begins with one of them must exist.
const FOLDERS: [&str; 6] = ["crates/", "docs/", "xtask/", "charts/", "bench-peers/", ".ci/"];

/// Checks every page.
pub(crate) fn check(files: &[File], complaints: &mut Vec<Complaint>) {
    let list = files.iter().find(|file| file.path == LIST).map_or("", |file| &file.text);
    let mut decisions = Vec::new();
    for page in files.iter().filter(|file| file.has_extension("md")) {
        check_pointers(page, &|path| root().join(path).exists(), complaints);
        check_width(page, complaints);
        if page.path.starts_with(DECISIONS) {
            decisions.push(page);
        }
    }
    let mut last = 0;
    for decision in decisions {
        last = check_decision(last, decision, list, complaints);
    }
}

/// Lines of a page outside its code fences, with their numbers from 1.
fn outside_fences(page: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(page.text.lines()).filter(move |(_, line)| {
        in_code ^= line.trim_start().starts_with("```");
        !in_code
    })
}

fn check_pointers(page: &File, exists: &dyn Fn(&Path) -> bool, complaints: &mut Vec<Complaint>) {
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    for (number, line) in outside_fences(page) {
        for link in links(line) {
            if !exists(&tidied(&folder.join(link))) {
                let what = format!("the link to {link} leads nowhere");
                complaints.push(Complaint::new(&page.path, number, what));
            }
        }
        for path in line.split('`').skip(1).step_by(2).filter(|code| is_path(code)) {
            if !exists(Path::new(path)) {
                let what = format!("`{path}` is not there");
                complaints.push(Complaint::new(&page.path, number, what));
            }
        }
    }
}

/// Generated text stands between a comment `<!-- kind: name -->` and `<!-- end -->`.
fn check_width(page: &File, complaints: &mut Vec<Complaint>) {
    let mut is_generated = false;
    for (number, line) in outside_fences(page) {
        let line = line.trim_end();
        let text = line.trim_start();
        if let Some(comment) = text.strip_prefix("<!-- ") {
            is_generated = !comment.starts_with("end ") && (is_generated || comment.contains(": "));
        }
        let width = line.chars().count();
        if width > WIDTH && !is_generated && !text.starts_with('|') && !is_link(text) {
            let what = format!("{width} characters, at most {WIDTH}: wrap it");
            complaints.push(Complaint::new(&page.path, number, what));
        }
    }
}

/// True if a line is one link or address, which cannot be wrapped.
fn is_link(text: &str) -> bool {
    let text = ["- ", "* "].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text);
    let named = text.starts_with('[') || text.starts_with("![");
    let is_whole = named && text.ends_with(')') && text.matches("](").count() == 1;
    is_whole || (text.starts_with('[') && text.contains("]: ")) || !text.contains(' ')
}

/// Targets of a line's links that lie in the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let link = &rest[..rest.find(')')?];
        let path = link.split('#').next().unwrap_or_default();
        (!path.is_empty() && !path.contains("://")).then_some(path)
    })
}

fn is_path(code: &str) -> bool {
    FOLDERS.iter().any(|folder| code.starts_with(folder))
        && !code.contains(['*', '<', ' ', '{', '…'])
        && !code.contains("NNNN")
}

/// A path without `..` in it.
fn tidied(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidied.pop();
            }
            Component::CurDir => {}
            other => tidied.push(other),
        }
    }
    tidied
}

/// Returns the decision's number. Numbers go up; one that was withdrawn leaves a gap.
fn check_decision(last: usize, page: &File, list: &str, complaints: &mut Vec<Complaint>) -> usize {
    let File { path, text } = page;
    let name = path.strip_prefix(DECISIONS).unwrap_or(path);
    let number = name.get(..5).and_then(|start| start.strip_suffix('-')?.parse().ok());
    let number = number.filter(|number| *number > last);
    if number.is_none() {
        let what = format!(
            "a decision has a number of four digits of its own; free from {:04}-",
            last + 1
        );
        complaints.push(Complaint::new(path, 0, what));
    }
    let lines = text.lines().count();
    if lines > LINES {
        let what = format!("{lines} lines, at most {LINES}: a decision, not an essay");
        complaints.push(Complaint::new(path, 0, what));
    }
    check_parts(path, text, complaints);
    if !list.contains(&format!("decisions/{name}")) {
        complaints.push(Complaint::new(LIST, 0, format!("does not list decisions/{name}")));
    }
    number.unwrap_or(last)
}

fn check_parts(path: &str, text: &str, complaints: &mut Vec<Complaint>) {
    for part in PARTS {
        if !text.lines().any(|line| line == part) {
            complaints.push(Complaint::new(path, 0, format!("lacks the part `{part}`")));
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn page(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn links_and_paths_must_lead_somewhere() {
        let text = "[a](../README.md#x) [b](none.md) [c](https://x.y/z)\n`docs/b.md` `cargo run`\n\
                    ```\n[d](none.md)\n```\n[e](#here)\n";
        let mut told = Vec::new();
        let exists = |path: &Path| path == Path::new("README.md");
        check_pointers(&page("docs/a.md", text), &exists, &mut told);
        let told: Vec<String> = told.iter().map(|c| c.to_string()).collect();
        assert_eq!(
            told,
            [
                "docs/a.md:1: the link to none.md leads nowhere",
                "docs/a.md:2: `docs/b.md` is not there"
            ]
        );
    }

    #[test]
    fn prose_is_wrapped_and_what_cannot_be_wrapped_is_not() {
        let long = "a word ".repeat(15);
        let address = "x".repeat(120);
        let text = format!(
            "{long}\n```\n{long}\n```\n| {long} |\n- [{long}]({address})\n[1]: {address} x\n{address}\n\
             <!-- row: x -->\n{long}\n<!-- end -->\n<!-- a remark -->\n{long}\n[a](b) and {long} [c](d)\n"
        );
        let mut told = Vec::new();
        check_width(&page("a.md", &text), &mut told);
        let lines: Vec<usize> = told.iter().map(|c| c.line).collect();
        assert_eq!(lines, [1, 13, 14], "{told:?}");
    }

    #[test]
    fn a_decision_is_short_numbered_listed_and_can_be_undone() {
        let good = format!("# 0001 x\n\n{}\n", PARTS.join("\n\n"));
        let mut told = Vec::new();
        let list = "[x](decisions/0001-x.md)";
        assert_eq!(check_decision(0, &page("docs/decisions/0001-x.md", &good), list, &mut told), 1);
        assert_eq!(told, []);
        let long = "\n".repeat(41);
        check_decision(1, &page("docs/decisions/0001-y.md", &long), list, &mut told);
        assert_eq!(told.len(), 3 + PARTS.len(), "{told:?}");
        told.clear();
        check_parts("docs/decisions/0001-y.md", &long, &mut told);
        assert_eq!(told.len(), PARTS.len(), "{told:?}");
        told.clear();
        check_parts("docs/decisions/0001-x.md", &good, &mut told);
        assert_eq!(told, []);
    }
}
