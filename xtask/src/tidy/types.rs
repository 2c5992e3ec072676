//! The rule that a public type's name is defined in one crate, so that a name means one thing.

use std::collections::BTreeMap;

use super::{Complaint, File};

/// Names that two crates define, each with its reason.
const ALLOWED: &[(&str, &str)] = &[
    (
        "Batch",
        "the journal's is of records, the exchange's of commands; neither is used beside the other",
    ),
    ("Bounds", "limits of the views, and of the oracle that checks them"),
    ("Broken", "a law that a fact would break in a step, and a law that a checker found broken"),
    ("Busy", "a state of an order in a message, and an error of a full queue"),
    ("Fault", "a mistake of a component under test, and a kind of injected fault"),
    ("History", "the facts of a simulated run, and the generations of a cell"),
    ("Kept", "bytes that a journal saved, and states that the explorer saved"),
    ("Law", "the kernel's explorer takes laws; lab defines the exchange's"),
    ("Market", "the ledger's market, and a client's view of it"),
    ("Message", "each world of processes has its own messages"),
    ("Options", "each library's options are reached by its own path"),
    ("Order", "the process, and a client's view of it"),
    ("Plan", "what a seed draws; lab has one for each kind of run"),
    ("Reader", "of a journal, and of a cell's history"),
    ("Report", "the result of an exploration, and of lab's runs"),
    ("Role", "each world of processes has its own tree"),
    ("Row", "of a chart, and of the table of crashes"),
    ("Stage", "a world around one process, and a world with chosen steps"),
    ("Step", "of joined worlds, and of a world in lab's explorer"),
    ("Verdict", "the explorer's of a law, and the ledger's of a deal"),
    ("World", "the kernel's, and lab's small description of one"),
];

/// Checks all sources of libraries.
pub(crate) fn check(files: &[File], complaints: &mut Vec<Complaint>) {
    let mut types: BTreeMap<&str, Vec<(&str, &File, usize)>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        let Some((package, _)) = file.path.split_once("/src/") else { continue };
        if !package.starts_with("crates/") {
            continue;
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(name) = public_type(line) {
                types.entry(name).or_default().push((package, file, number));
            }
        }
    }
    for (name, places) in types {
        let (first, file, number) = places[0];
        let Some((_, other, line)) = places.iter().find(|(package, ..)| *package != first) else {
            continue;
        };
        if !ALLOWED.iter().any(|(allowed, _)| *allowed == name) {
            let what = format!(
                "public type `{name}` is defined in {}:{number} too: one name, one thing; rename it, or \
                 allow it with a reason in xtask/src/tidy/types.rs",
                file.path
            );
            complaints.push(Complaint::new(&other.path, *line, what));
        }
    }
}

/// The name of the type that a line defines for other crates.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|kind| rest.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
}

#[cfg(test)]
mod unit {
    use super::*;

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        let files: Vec<File> = files.iter().map(file).collect();
        let mut complaints = Vec::new();
        check(&files, &mut complaints);
        complaints.iter().map(|c| c.to_string()).collect()
    }

    #[test]
    fn a_public_type_is_defined_in_one_crate() {
        let one = ("crates/a/src/lib.rs", "pub struct Ticket<T>(T);\n");
        let other = ("crates/b/src/lib.rs", "x\n    pub enum Ticket { A }\n");
        let told = complaints(&[one, other]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("crates/b/src/lib.rs:2: public type `Ticket`"), "{told:?}");
        assert!(told[0].contains("in crates/a/src/lib.rs:1 too"), "{told:?}");
    }

    #[test]
    fn private_types_one_crates_own_and_allowed_ones_are_not_complained_of() {
        let one = ("crates/a/src/lib.rs", "pub struct Ticket;\npub struct Order;\n");
        let twice = ("crates/a/src/more.rs", "pub trait Ticket {}\n");
        let private = ("crates/b/src/lib.rs", "struct Ticket;\npub(crate) enum Ticket {}\n");
        let allowed = ("crates/c/src/lib.rs", "pub struct Order;\n");
        let test = ("crates/c/tests/x.rs", "pub struct Ticket;\n");
        assert_eq!(complaints(&[one, twice, private, allowed, test]), Vec::<String>::new());
    }
}
