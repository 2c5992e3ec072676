//! The tests: of the workspace by cargo-nextest if it is there, else by cargo; of the pages by
//! rustdoc; and the examples, which are programs that must run.

use std::fs;

use crate::fault::Fault;
use crate::tool::{Count, Tool, cargo};
use crate::{MISTAKES, PEERS, root};

fn locked(args: &[&str]) -> Tool {
    cargo(args).args(&["--workspace", "--locked"])
}

/// All tests except doc tests.
///
/// - `long`: with the searches of module `large` of lab's test `explore`, minutes each on two
///   processors; without it their smaller twins beside them stand for them
pub(crate) fn workspace(long: bool) -> Result<Count, Fault> {
    if cargo(&["nextest", "--version"]).succeeds() {
        let run = locked(&["nextest", "run", "--no-fail-fast"]);
        let short =
            ["--filterset", "not (package(buttonwood-lab) & binary(explore) & test(/^large::/))"];
        return if long { run } else { run.args(&short) }.tests();
    }
    println!("cargo-nextest is not installed; running the tests with cargo, which is slower");
    let run = locked(&["test", "--all-targets", "--no-fail-fast"]);
    if long { run } else { run.args(&["--", "--skip", "large::"]) }.tests()
}

/// Tests of the checks: each mistake that a build can compile in must be caught.
pub(crate) fn mistakes() -> Result<Count, Fault> {
    let tests = ["--test", "mutations", "--test", "component", "--test", "mutate"];
    cargo(&["test", "--locked"]).args(&tests).args(&MISTAKES).tests()
}

/// The tests of `bench-peers`, which is outside the workspace.
pub(crate) fn peers() -> Result<Count, Fault> {
    cargo(&["test", "--locked"]).args(&PEERS).tests()
}

/// The tests in documentation.
pub(crate) fn docs() -> Result<Count, Fault> {
    locked(&["test", "--doc", "--no-fail-fast"]).tests()
}

/// Runs each file of each crate's `examples` folder. They must end by themselves, and well.
pub(crate) fn examples() -> Result<(), Fault> {
    let mut ran = 0;
    let crates = root().join("crates");
    for folder in listed(&crates)? {
        let examples = crates.join(&folder).join("examples");
        if !examples.is_dir() {
            continue;
        }
        let manifest = format!("crates/{folder}/Cargo.toml");
        for file in listed(&examples)? {
            let Some(name) = file.strip_suffix(".rs") else { continue };
            println!("{name}");
            cargo(&["run", "--quiet", "--locked"])
                .args(&["--manifest-path", &manifest, "--example", name])
                .run()?;
            ran += 1;
        }
    }
    println!("{ran} example programs; the examples of the libraries' faces are doc tests");
    Ok(())
}

/// Names in a folder, in order.
fn listed(folder: &std::path::Path) -> Result<Vec<String>, Fault> {
    let fault = |why| Fault::File { path: folder.to_owned(), why };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
