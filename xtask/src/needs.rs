//! Programs that the tests need beyond Rust, installed as Debian packages by root.

use crate::fault::Fault;
use crate::tool::{cargo, tool};

/// A program, the arguments of its check, its package, and the reason.
struct Need {
    program: &'static str,
    tried: &'static [&'static str],
    package: &'static str,
    reason: &'static str,
}

const VERSION: &[&str] = &["--version"];

/// Pinned version of cargo-deny: a later one may need a later Rust.
const DENY: &str = "0.20.2";

const NEEDS: [Need; 5] = [
    Need { program: "cc", tried: VERSION, package: "gcc", reason: "rustc links with it" },
    Need { program: "git", tried: VERSION, package: "git", reason: "tidy lists files with it" },
    Need {
        program: "curl",
        tried: VERSION,
        package: "curl",
        reason: "the README's session is run",
    },
    Need {
        program: "script",
        tried: VERSION,
        package: "bsdutils",
        reason: "a test of `life` closes a terminal",
    },
    Need {
        program: "python3",
        tried: &["-c", "import venv, ensurepip"],
        package: "python3-venv",
        reason: "schemathesis, which tests REST, is installed into an environment of its own",
    },
];

/// Components of the Rust toolchain that the checks need.
const COMPONENTS: [&str; 2] = ["fmt", "clippy"];

/// Installs missing programs, or says how to.
pub(crate) fn bring() -> Result<(), Fault> {
    for component in COMPONENTS {
        if !cargo(&[component, "--version"]).succeeds() {
            let package = format!("rust-{component}, or: rustup component add {component}");
            let reason = "a part of the Rust toolchain".to_owned();
            return Err(Fault::Missing { program: format!("cargo {component}"), reason, package });
        }
    }
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    if is_root() && is_there("apt-get") {
        let mut install = vec!["install", "--yes", "--no-install-recommends"];
        install.extend(missing.iter().map(|need| need.package));
        let apt = || tool("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
        apt().args(&["update"]).run()?;
        apt().args(&install).run()?;
    }
    match missing.into_iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(Need { program, package, reason, .. }) => Err(Fault::Missing {
            program: (*program).to_owned(),
            reason: (*reason).to_owned(),
            package: (*package).to_owned(),
        }),
    }
}

impl Need {
    fn is_met(&self) -> bool {
        tool(self.program).args(self.tried).succeeds()
    }
}

/// Installs cargo-deny unless it is there.
pub(crate) fn bring_deny() -> Result<(), Fault> {
    if !cargo(&["deny", "--version"]).succeeds() {
        cargo(&["install", "cargo-deny", "--locked", "--version", DENY]).run()?;
    }
    Ok(())
}

/// True if a program can be run.
pub(crate) fn is_there(program: &str) -> bool {
    tool(program).args(&["--version"]).succeeds()
}

fn is_root() -> bool {
    tool("id").args(&["-u"]).read().is_ok_and(|id| id.trim() == "0")
}
