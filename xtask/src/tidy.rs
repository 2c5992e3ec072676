//! What no other tool checks, so that it need not be discussed. It complains and changes nothing.
//!
//! - `files`: at most [`files::LINES`] lines of at most [`files::WIDTH`] characters; a Rust file
//!   begins with `//!`; nothing is unfinished.
//! - `crates`: a crate uses only those above it in ARCHITECTURE.md's table; it takes the
//!   workspace's lints; each external dependency has its reason beside it.
//! - `pages`: links and paths lead somewhere; lines of prose are wrapped; a decision has at most
//!   40 lines, the usual headings, and is on the list.
//! - `words`: comments, literals and pages use the field's words.
//! - `types`: a public type's name is defined in one crate.
//!
//! In CI also: the lock files are as they were committed.

mod crates;
mod files;
mod pages;
mod types;
mod words;

use std::fmt;
use std::fs;

use crate::fault::Fault;
use crate::tool::tool;
use crate::{in_ci, root};

/// A broken rule.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Complaint {
    path: String,
    /// From 1; 0 for the whole file.
    line: usize,
    what: String,
}

impl Complaint {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Complaint { path, line: 0, what } => write!(f, "{path}: {what}"),
            Complaint { path, line, what } => write!(f, "{path}:{line}: {what}"),
        }
    }
}

/// A file that git tracks, or would.
pub(crate) struct File {
    path: String,
    text: String,
}

impl File {
    fn has_extension(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, end)| end == extension)
    }
}

/// Checks the whole tree.
pub(crate) fn run() -> Result<(), Fault> {
    if in_ci() {
        let locks = ["diff", "--exit-code", "--", "Cargo.lock", "bench-peers/Cargo.lock"];
        tool("git").args(&locks).run()?;
    }
    let files = read_all()?;
    let mut complaints = Vec::new();
    for file in &files {
        files::check(file, &mut complaints);
        words::check(file, &mut complaints);
    }
    crates::check(&files, &mut complaints);
    pages::check(&files, &mut complaints);
    types::check(&files, &mut complaints);
    complaints.sort();
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() {
        println!("{} files are tidy", files.len());
        return Ok(());
    }
    Err(Fault::Untidy { complaints: complaints.len() })
}

/// Every text file that is tracked, or new and not ignored.
fn read_all() -> Result<Vec<File>, Fault> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = tool("git").args(&list).read()?;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        match fs::read(root().join(path)) {
            // A binary file has no lines to check.
            Ok(bytes) => files.extend(
                String::from_utf8(bytes).ok().map(|text| File { path: path.to_owned(), text }),
            ),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {} // deleted, not yet for git
            Err(why) => return Err(Fault::File { path: path.into(), why }),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path)); // git names files that it does not know yet first
    Ok(files)
}

/// What a check says of a file with this text.
#[cfg(test)]
fn complaints_of(check: fn(&File, &mut Vec<Complaint>), path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    check(&File { path: path.to_owned(), text: text.to_owned() }, &mut complaints);
    complaints.iter().map(Complaint::to_string).collect()
}
