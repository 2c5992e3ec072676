//! Rules about one file by itself.

use super::{Complaint, File};

/// Most lines of a Rust file. A longer one does two things.
pub(crate) const LINES: usize = 450;

/// Most characters of a line of Rust. rustfmt keeps code within 100; a sentence may run on a little,
/// and a text that stands alone on its line is as long as it is.
pub(crate) const WIDTH: usize = 120;

/// Marks of unfinished work. Written in two parts, so that this file has none.
const HALF_DONE: &[(&str, &str)] = &[
    ("todo", "!("),
    ("unimplemented", "!("),
    ("dbg", "!("),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("#[ign", "ore"),
];

/// Checks one file.
pub(crate) fn check(file: &File, complaints: &mut Vec<Complaint>) {
    let File { path, text } = file;
    if !["rs", "md", "toml", "sh", "css", "js", "html"].iter().any(|e| file.has_extension(e)) {
        return;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        complaints.push(Complaint::new(path, 0, "does not end with a newline"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (first, second) in HALF_DONE {
            let word = format!("{first}{second}");
            if line.contains(&word) {
                let what = format!(
                    "`{word}`: unfinished work does not go in; finish it or describe it in a sentence"
                );
                complaints.push(Complaint::new(path, number, what));
            }
        }
    }
    if file.has_extension("rs") {
        check_rust(path, text, complaints);
    }
}

fn check_rust(path: &str, text: &str, complaints: &mut Vec<Complaint>) {
    let lines = text.lines().count();
    if lines > LINES {
        let what = format!("{lines} lines, at most {LINES}: split it by verb or by law");
        complaints.push(Complaint::new(path, 0, what));
    }
    let code = |line: &&str| !line.trim().is_empty() && !line.starts_with("#![");
    if !text.lines().find(code).is_some_and(|line| line.starts_with("//!")) {
        let what = "begins without `//!`: say what the module is for, and what it must never do";
        complaints.push(Complaint::new(path, 1, what));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let width = line.chars().count();
        let is_text =
            ["\"", "r\"", "r#\""].iter().any(|quote| line.trim_start().starts_with(quote));
        if width > WIDTH && !is_text {
            let what = format!("{width} characters, at most {WIDTH}");
            complaints.push(Complaint::new(path, number, what));
        }
    }
}

#[cfg(test)]
mod unit {
    use super::super::complaints_of;
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        complaints_of(check, path, text)
    }

    #[test]
    fn a_good_file_is_not_complained_of() {
        let none: Vec<String> = Vec::new();
        assert_eq!(complaints("a.rs", "#![allow(x)]\n//! A module.\n\nfn f() {}\n"), none);
        assert_eq!(complaints("notes.bin", "no newline"), none);
    }

    #[test]
    fn each_rule_is_told_by_name_with_its_line() {
        let half = ["to", "do!()"].concat();
        assert!(complaints("a.rs", &format!("//! A.\n{half}\n"))[0].starts_with("a.rs:2: `to"));
        assert!(complaints("a.md", "word")[0].ends_with("does not end with a newline"));
        assert!(complaints("a.rs", "fn f() {}\n")[0].starts_with("a.rs:1: begins without `//!`"));
        let wide = format!("//! A.\n// {}\n", "e".repeat(WIDTH));
        assert_eq!(complaints("a.rs", &wide), ["a.rs:2: 123 characters, at most 120"]);
        let long = "//! A.\n".repeat(LINES + 1);
        assert!(complaints("a.rs", &long)[0].starts_with("a.rs: 451 lines"));
    }
}
