//! Runs the README's session as it stands there, against a demo of its own in a folder of its own:
//! what the page shows is what comes. The demo is ended by its number, whatever happens. Then runs
//! every command of the page of ideas in the repository's folder: each must succeed. It must never
//! pass over a command of either.
#![allow(clippy::disallowed_methods, reason = "an edge: a thread reads on what the demo prints")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::fault::Fault;
use crate::root;

/// What stands before the session's block of code.
const MARK: &str = "<!-- `cargo xtask test` runs this session -->";
/// Where the page says that the demo listens.
const ADDRESS: &str = "127.0.0.1:8080";
/// How a page starts the program.
const PROGRAM: &str = "cargo run --release -- ";
/// How a page starts an example of the kernel.
const EXAMPLE: &str = "cargo run --example ";
/// The page of ideas, each with commands.
const IDEAS: &str = "docs/talk.md";
/// Lines of the demo, one a second, among which the first trade must be.
const SECONDS: usize = 60;
/// Seconds after which a command has failed.
const LIMIT: &str = "300";

/// A command of a page, and what it prints there.
struct Exchange {
    command: String,
    shown: String,
}

/// Runs both pages.
pub(crate) fn run() -> Result<(), Fault> {
    let session = session(&read("README.md")?);
    if session.is_empty() {
        let why = format!("README.md has no session after `{MARK}`");
        return Err(Fault::Demo { why });
    }
    let demo = Demo::start()?;
    for exchange in session {
        let here = exchange.command.replace(ADDRESS, &demo.address);
        exchange.run("README.md", &here, &demo.folder)?;
    }
    drop(demo);
    let commands = commands(&read(IDEAS)?);
    if commands.is_empty() {
        return Err(Fault::NoTests { command: IDEAS.to_owned() });
    }
    for exchange in commands {
        exchange.run(IDEAS, &exchange.command, &root())?;
    }
    Ok(())
}

fn read(page: &str) -> Result<String, Fault> {
    let path = root().join(page);
    fs::read_to_string(&path).map_err(|why| Fault::File { path, why })
}

impl Exchange {
    /// Runs the command as `here` has it, in a folder; it must succeed and print what the page shows.
    fn run(&self, page: &'static str, here: &str, folder: &Path) -> Result<(), Fault> {
        let Exchange { command, shown } = self;
        println!("$ {command}");
        let examples = program().with_file_name("examples");
        let here = here.replace(PROGRAM, &format!("'{}' ", program().display()));
        let here = here.replace(EXAMPLE, &format!("'{}'/", examples.display()));
        let mut shell = Command::new("timeout");
        shell.args([LIMIT, "sh", "-c", &here]).current_dir(folder).stdin(Stdio::null());
        let output = shell.output();
        let output = output.map_err(|why| Fault::Start { command: command.clone(), why })?;
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        println!("{out}{err}");
        if !output.status.success() || !matches(shown, &out) {
            let (command, wanted) = (command.clone(), shown.clone());
            return Err(Fault::Session { page, command, wanted, got: out + &err });
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The program as `cargo build` has made it.
pub(crate) fn program() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    root().join(target).join("debug").join("buttonwood")
}

/// The commands of the README's marked block, each with the lines that follow it.
fn session(page: &str) -> Vec<Exchange> {
    let after = page.split(MARK).nth(1).unwrap_or_default();
    after.split("```").nth(1).map(exchanges).unwrap_or_default()
}

/// The commands of a page's blocks of code: of `console` with what they show, of `sh` a line each.
fn commands(page: &str) -> Vec<Exchange> {
    let mut commands = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        if block.starts_with("console\n") {
            commands.extend(exchanges(block));
        } else if let Some(lines) = block.strip_prefix("sh\n") {
            let lines = lines.replace("\\\n", " ");
            let lines = lines.lines().filter(|line| !line.trim().is_empty());
            let exchange = |line: &str| Exchange { command: line.into(), shown: "...".into() };
            commands.extend(lines.map(exchange));
        }
    }
    commands
}

/// The commands of a `console` block, each with the lines that follow it.
fn exchanges(block: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut goes_on = false;
    for line in block.lines().skip(1) {
        match (line.strip_prefix("$ "), exchanges.last_mut()) {
            (Some(command), _) => {
                exchanges.push(Exchange { command: command.to_owned(), shown: String::new() });
                goes_on = true;
            }
            (None, Some(last)) if goes_on => last.command += &format!("\n{line}"),
            (None, Some(last)) => last.shown += &format!("{line}\n"),
            (None, None) => {}
        }
        goes_on &= line.ends_with('\\');
    }
    exchanges
}

/// True if `text` is as `shown`, in which `...` stands for anything. Blanks do not count.
fn matches(shown: &str, text: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().concat();
    let (shown, text) = (squeeze(shown), squeeze(text));
    let parts: Vec<&str> = shown.split("...").collect();
    let [first, middle @ .., last] = parts.as_slice() else { return shown == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A running demo.
struct Demo {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Demo {
    /// Starts one at a port of the system's choice and waits until its traders have traded.
    fn start() -> Result<Demo, Fault> {
        let folder = std::env::temp_dir().join(format!("buttonwood-readme-{}", std::process::id()));
        let fault = |why| Fault::File { path: folder.clone(), why };
        fs::create_dir_all(&folder).map_err(fault)?;
        let mut command = Command::new(program());
        command.args(["demo", "--listen", "127.0.0.1:0", "--seed", "1", "--json"]);
        let piped = command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = piped.spawn().map_err(|why| Fault::Start { command: "demo".into(), why })?;
        let mut demo = Demo { child, folder, address: String::new() };
        let Some(out) = demo.child.stdout.take() else {
            return Err(Fault::Demo { why: "has no output".to_owned() });
        };
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let first = lines.next().unwrap_or_default();
        let url = first.split("\"url\":\"http://").nth(1).and_then(|rest| rest.split('"').next());
        demo.address = url.map(str::to_owned).ok_or_else(|| Fault::Demo {
            why: format!("should tell its address first, and said: {first}"),
        })?;
        let traded = |line: &String| !line.contains("\"trades\":0,");
        if !lines.by_ref().take(SECONDS).any(|line| traded(&line)) {
            return Err(Fault::Demo { why: format!("nothing was traded in {SECONDS} seconds") });
        }
        // It goes on printing; read that until it ends, or the pipe fills.
        std::thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || lines.for_each(drop))
            .map_err(|why| Fault::Demo { why: why.to_string() })?;
        Ok(demo)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        let gone = fs::remove_dir_all(Path::new(&self.folder));
        if let Err(why) = ended.map(|_| ()).and(gone) {
            println!("could not clean up after the demo {}: {why}", self.child.id());
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_session_is_commands_with_what_they_print() {
        let page = format!("x\n{MARK}\n```console\n$ a \\\n  b\n1\n2\n$ c\n```\n");
        let session = session(&page);
        assert_eq!(session.len(), 2);
        assert_eq!((&*session[0].command, &*session[0].shown), ("a \\\n  b", "1\n2\n"));
        assert_eq!((&*session[1].command, &*session[1].shown), ("c", ""));
    }

    #[test]
    fn the_commands_of_a_page_are_those_of_its_blocks() {
        let page =
            "```sh\na \\\n  b\n\nc   # d\n```\ne\n```text\nf\n```\n```console\n$ g\n1\n```\n";
        let commands = commands(page);
        let commands: Vec<_> = commands.iter().map(|e| (&*e.command, &*e.shown)).collect();
        assert_eq!(commands, [("a    b", "..."), ("c   # d", "..."), ("g", "1\n")]);
    }

    #[test]
    fn a_command_that_fails_or_prints_something_else_is_a_fault_of_its_page() {
        let run = |command: &str, shown: &str| {
            let exchange = Exchange { command: command.to_owned(), shown: shown.to_owned() };
            exchange.run("a.md", command, Path::new("."))
        };
        assert!(run("echo 1 2", "1...").is_ok());
        for (command, shown) in [("echo 1", "2"), ("exit 3", "..."), ("kill $$", "...")] {
            let told = run(command, shown).expect_err(command).to_string();
            assert!(told.starts_with("a.md shows"), "{told}");
        }
    }

    #[test]
    fn dots_stand_for_any_text_and_blanks_do_not_count() {
        assert!(matches("{\"a\": 1, ... \"c\":...}", "{\"a\":1,\"b\":2,\"c\":3}"));
        assert!(matches("a\nb", "a b\n"));
        assert!(!matches("a...b", "a c"));
        assert!(!matches("a", "ab"));
    }
}
