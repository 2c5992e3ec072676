//! Every chore of the repository, as `cargo xtask VERB`. It builds with nothing but the standard
//! library, so it works when nothing else does. It must never change a file that git keeps, except
//! by `bless`, which is there for that.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool that speaks to a terminal")]

mod bless;
mod count;
mod dialect;
mod fault;
mod kill;
mod mutants;
mod needs;
mod readme;
mod steps;
mod tests;
mod tidy;
mod tool;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fault::Fault;
use steps::Steps;
use tool::cargo;

const HELP: &str = "\
Every chore of the repository.

  cargo xtask test              all checks and all tests; brings what they need
  cargo xtask test --long       with the longest searches of small worlds too: some ten minutes more
  cargo xtask ci                the checks alone: tidy, format, clippy, licences and sources of dependencies
  cargo xtask tidy              what no other tool checks: sizes, layers, links, decisions, words
  cargo xtask bless             writes charts and golden files anew; read the change afterwards
  cargo xtask kill ...          rounds of load, SIGKILL and a torn tail on the real command: --rounds N --seed S
  cargo xtask dialect           REST against its own description, by schemathesis; after cargo build
  cargo xtask count             instructions per command and per kernel load, by callgrind: steady on a busy machine
  cargo xtask mutants           takes each condition of the ledger away in turn, and says which no test notices
  cargo xtask bench-peers ...   ours beside other engines and runtimes, in one run; --help for its options

Exit status: 0, 1 (a check or a test failed), 2 (wrong use).
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let verb = args.next();
    let rest: Vec<String> = args.collect();
    let done = match (verb.as_deref(), rest.as_slice()) {
        (Some("test"), []) => return test(false),
        (Some("test"), [long]) if long == "--long" => return test(true),
        (Some("ci"), []) => return ci(),
        (Some("tidy"), []) => tidy::run(),
        (Some("bless"), []) => bless::run(),
        (Some("count"), []) => count::run(),
        (Some("dialect"), []) => return dialect(),
        (Some("mutants"), []) => mutants::run(&root()),
        (Some("kill"), [help]) if help == "--help" || help == "-h" => {
            println!("{}", kill::HELP);
            Ok(())
        }
        (Some("kill"), rest) => match kill::Plan::of(rest) {
            Ok(plan) => plan.run(),
            Err(why) => {
                eprintln!("{why}\n\n{}", kill::HELP);
                return ExitCode::from(2);
            }
        },
        (Some("bench-peers"), rest) => bench_peers(rest),
        (Some("--help" | "-h" | "help"), _) => {
            print!("{HELP}");
            Ok(())
        }
        (other, _) => {
            if let Some(verb) = other {
                eprintln!("there is no such chore: cargo xtask {verb} {}\n", rest.join(" "));
            }
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's folder. Cargo tells where xtask is when it runs it; the path at build time
/// may be that of another clone.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// True in CI: then a missing program fails a test instead of skipping it.
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value != "false" && !value.is_empty())
}

const PEERS: [&str; 2] = ["--manifest-path", "bench-peers/Cargo.toml"];

/// A separate build, with mistakes compiled in: see `kernel::mutation`. No other build has
/// them, since the crates of one build share their features.
const MISTAKES: [&str; 8] = [
    "--package",
    "buttonwood-lab",
    "--package",
    "buttonwood-life",
    "--package",
    "buttonwood",
    "--features",
    "buttonwood-lab/mutations,buttonwood-life/mutations,buttonwood/mutations",
];

fn ci() -> ExitCode {
    let mut steps = Steps::default();
    checks(&mut steps);
    steps.finish()
}

fn checks(steps: &mut Steps) {
    steps.step("tidy", tidy::run);
    steps.step("format", || {
        cargo(&["fmt", "--all", "--check"]).run()?;
        cargo(&["fmt", "--check"]).args(&PEERS).run()
    });
    steps.step("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-Dwarnings"]).run()?;
        cargo(&["clippy", "--all-targets", "--locked"])
            .args(&MISTAKES)
            .args(&["--", "-Dwarnings"])
            .run()
    });
    steps.step("documentation", || {
        let doc = cargo(&["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
        doc.env("RUSTDOCFLAGS", "-Dwarnings").run()
    });
    // Without the database of advisories, which is on the network and changes by itself.
    steps.step("deny", || {
        needs::bring_deny()?;
        cargo(&["fetch", "--locked"]).run()?; // it reads the manifests of other systems' dependencies too
        cargo(&["deny", "--offline", "check", "licenses", "bans", "sources"]).run()
    });
}

fn test(long: bool) -> ExitCode {
    let mut steps = Steps::default();
    steps.step("needs", needs::bring);
    checks(&mut steps);
    if steps.step("build", || cargo(&["build", "--workspace", "--all-targets", "--locked"]).run()) {
        steps.step_of_tests("tests", || tests::workspace(long));
        steps.step_of_tests("doc tests", tests::docs);
        steps.step_of_tests("mistakes", tests::mistakes);
        steps.step("examples", tests::examples);
        steps.step("readme", readme::run);
        steps.step_of_tests("schemathesis", dialect::run);
    }
    steps.step("bench-peers", || {
        let clippy = cargo(&["clippy", "--all-targets", "--locked"]).args(&PEERS);
        clippy.args(&["--", "-Dwarnings"]).run()
    });
    steps.step_of_tests("bench-peers tests", tests::peers);
    steps.finish()
}

fn dialect() -> ExitCode {
    let mut steps = Steps::default();
    steps.step("needs", needs::bring);
    steps.step_of_tests("schemathesis", dialect::run);
    steps.finish()
}

fn bench_peers(args: &[String]) -> Result<(), Fault> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    cargo(&["run", "--release", "--locked"]).args(&PEERS).args(&["--"]).args(&args).run()
}
