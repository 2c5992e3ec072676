//! Takes each condition of the ledger and of the journal away in turn, by cargo-mutants, and holds what no test notices
//! against the page that says why it makes no difference. About twenty minutes for the ledger alone; `MUTANTS=WORD`
//! takes only the files that have this word in their path.
#![allow(clippy::print_stdout, reason = "a tool that speaks to a terminal")]

use std::path::Path;

use crate::fault::Fault;
use crate::tool::cargo;

/// The page with a row for each mutant that may survive.
const PAGE: &str = "docs/mutants.md";
const OUT: &str = "target/mutants";
/// The variable that chooses files.
const ONLY: &str = "MUTANTS";
/// The packages of the files: the tests of a package are run on the mutants of its files.
const PACKAGES: [&str; 2] = ["buttonwood-ledger", "buttonwood-journal"];
/// The files whose conditions are gone through.
const FILES: [&str; 19] = [
    "crates/3-ledger/src/verdict.rs",
    "crates/3-ledger/src/apply.rs",
    "crates/3-ledger/src/order_record.rs",
    "crates/3-ledger/src/repeats.rs",
    "crates/5-journal/src/began.rs",
    "crates/5-journal/src/disk.rs",
    "crates/5-journal/src/evidence.rs",
    "crates/5-journal/src/last.rs",
    "crates/5-journal/src/memory.rs",
    "crates/5-journal/src/mend.rs",
    "crates/5-journal/src/old.rs",
    "crates/5-journal/src/reader.rs",
    "crates/5-journal/src/record.rs",
    "crates/5-journal/src/reserve.rs",
    "crates/5-journal/src/scan.rs",
    "crates/5-journal/src/snapshot.rs",
    "crates/5-journal/src/verify.rs",
    "crates/5-journal/src/walk.rs",
    "crates/5-journal/src/writer.rs",
];

/// Runs the selection. Fails on a mutant that survives and is not on the page.
pub(crate) fn run(root: &Path) -> Result<(), Fault> {
    if !cargo(&["mutants", "--version"]).succeeds() {
        let [program, install] = ["cargo mutants", "cargo install cargo-mutants --locked"];
        return Err(Fault::NotInstalled { program, install });
    }
    let page = read(&root.join(PAGE))?;
    let mut run = cargo(&["mutants", "--jobs", "1", "--timeout", "60"]);
    run = run.args(&["--no-shuffle", "--output", OUT]);
    for package in PACKAGES {
        run = run.args(&["--package", package]);
    }
    let only = std::env::var(ONLY).unwrap_or_default();
    let files = chosen(&only);
    if files.is_empty() {
        println!("{ONLY}={only} chooses none of {}", FILES.join(", "));
        return Err(Fault::NoTests { command: format!("{ONLY}={only} cargo xtask mutants") });
    }
    for file in files {
        run = run.args(&["--file", file]);
    }
    // It fails if one survives, which those on the page do; so what it has written is looked at.
    let failed = run.run();
    let missed = root.join(OUT).join("mutants.out/missed.txt");
    let Ok(missed) = read(&missed) else { return failed };
    let unknown: Vec<&str> = missed.lines().filter(|mutant| !is_explained(&page, mutant)).collect();
    for mutant in &unknown {
        println!("no test notices, and {PAGE} does not say why: {mutant}");
    }
    if unknown.is_empty() { Ok(()) } else { Err(Fault::Tests { failed: unknown.len() as u64 }) }
}

/// The files that have this word in their path.
fn chosen(only: &str) -> Vec<&'static str> {
    FILES.into_iter().filter(|file| file.contains(only)).collect()
}

fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|why| Fault::File { path: path.to_owned(), why })
}

/// True if the page has a row for a mutant, `FILE:LINE:COLUMN: WHAT`; lines move, so they are not in it.
fn is_explained(page: &str, mutant: &str) -> bool {
    let mut parts = mutant.splitn(2, ": ");
    let (Some(place), Some(what)) = (parts.next(), parts.next()) else { return false };
    let file = place.split(':').next().unwrap_or(place);
    let (file, what) = (format!("| `{file}` |"), format!("| `{what}` |"));
    page.lines().any(|row| row.starts_with(&file) && row.contains(&what))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_word_chooses_the_files_that_have_it_in_their_path_and_no_word_chooses_all() {
        assert_eq!(chosen(""), FILES);
        assert_eq!(chosen("mend"), ["crates/5-journal/src/mend.rs"]);
        assert_eq!(chosen("3-ledger").len(), 4);
        assert!(chosen("nowhere").is_empty());
    }

    #[test]
    fn a_mutant_is_explained_by_a_row_of_its_file_and_of_what_was_changed() {
        let page = "| `a.rs` | `replace < with <= in f` | because |\n";
        assert!(is_explained(page, "a.rs:7:5: replace < with <= in f"));
        assert!(!is_explained(page, "b.rs:7:5: replace < with <= in f"));
        assert!(!is_explained(page, "a.rs:7:5: replace < with == in f"));
        assert!(!is_explained(page, ""));
    }
}
