//! Runs schemathesis against the built server: the gateway must do what the description of REST says.
//!
//! schemathesis comes from PyPI at a pinned version, into a virtual environment in the target folder, which
//! stays. The server runs in memory, at a port of the system's choice, and is killed by its process id
//! at the end.
#![allow(clippy::disallowed_methods, reason = "an edge: a thread reads on what the server prints")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::fault::Fault;
use crate::readme::program;
use crate::root;
use crate::tool::{Count, tool};

/// Pinned version; another one may find other things.
const VERSION: &str = "4.32.5";
/// Most generated requests for each operation and phase.
const EXAMPLES: &str = "50";
/// Their seed.
const SEED: &str = "1792";
/// Time limit in seconds. A run takes one or two minutes on two idle cores.
const SECONDS: &str = "600";
/// The account of the orders placed in advance, and of the requests.
const ACCOUNT: &str = "7";
/// Most requests until the server is ready: each takes at least a connection.
const MOST_POLLS: u32 = 100_000;

/// Runs it. Each operation of the description is a test, and so are their sequences.
pub(crate) fn run() -> Result<Count, Fault> {
    let schemathesis = installed()?;
    let server = Server::start()?;
    server.wait_until_ready()?;
    server.trade()?;
    let report = folder().join("report.xml");
    println!("schemathesis {VERSION}, {EXAMPLES} examples, seed {SEED}, at {}", server.url);
    // It keeps notes of its own in the folder in which it runs.
    let ran = tool("timeout")
        .at(&folder())
        .args(&[SECONDS, &schemathesis.to_string_lossy()])
        .args(&["--config-file", &root().join("xtask/schemathesis.toml").to_string_lossy()])
        .args(&["run", &format!("{}/openapi.json", server.url)])
        .args(&["--checks", "all", "--max-examples", EXAMPLES, "--seed", SEED])
        .args(&["--header", &format!("CB-ACCESS-KEY: {ACCOUNT}"), "--continue-on-failure"])
        .args(&["--generation-database", "none", "--request-timeout", "10", "--no-color"])
        .args(&["--report-junit-path", &report.to_string_lossy()])
        .run();
    let told = fs::read_to_string(&report);
    let count = told.ok().and_then(|told| count(&told));
    match (count, ran) {
        (Some(count), Ok(())) => Ok(count),
        (Some(count), Err(_)) if count.failed > 0 => Ok(count),
        (_, Err(fault)) => Err(fault),
        (None, Ok(())) => Err(Fault::NoTests { command: "schemathesis".to_owned() }),
    }
}

/// Folder of the environment and the report.
fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    root().join(target).join("schemathesis")
}

/// The program, installed at its version unless it is.
fn installed() -> Result<PathBuf, Fault> {
    let (environment, bin) = (folder(), folder().join("bin"));
    let program = bin.join("schemathesis");
    let version = tool(&program.to_string_lossy()).args(&["--version"]).read();
    if version.is_ok_and(|version| version.split_whitespace().any(|word| word == VERSION)) {
        let old = fs::remove_file(environment.join("report.xml"));
        // A run that was interrupted leaves no report.
        drop(old);
        return Ok(program);
    }
    tool("python3").args(&["-m", "venv", "--clear", &environment.to_string_lossy()]).run()?;
    tool(&bin.join("pip").to_string_lossy())
        .args(&["install", "--quiet", "--disable-pip-version-check"])
        .args(&[&format!("schemathesis=={VERSION}")])
        .run()?;
    Ok(program)
}

/// The tests of a JUnit report, and how many of them failed.
fn count(report: &str) -> Option<Count> {
    let suites = report.split("<testsuites").nth(1)?.split('>').next()?;
    let number = |name: &str| -> Option<u64> {
        suites.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok()
    };
    let (tests, skipped) = (number("tests")?, number("skipped")?);
    let failed = number("failures")? + number("errors")?;
    let passed = tests.checked_sub(failed + skipped)?;
    (tests > 0).then_some(Count { passed, failed, skipped })
}

/// A running server.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts one at a port of the system's choice, with two markets.
    fn start() -> Result<Server, Fault> {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--durability", "memory"]);
        command.args(["--market", "BTC-USD:0.01:0.0001", "--market", "GAS-EUR:0.5:1"]);
        let piped = command.current_dir(folder()).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = piped.spawn().map_err(|why| Fault::Start { command: "serve".into(), why })?;
        let mut server = Server { child, url: String::new() };
        let wrong = |why: String| Fault::Server { why };
        let Some(out) = server.child.stdout.take() else {
            return Err(wrong("has no output".to_owned()));
        };
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let first = lines.next().unwrap_or_default();
        let Some(url) = first.strip_prefix("serving ") else {
            return Err(wrong(format!("should tell its address first, and said: {first}")));
        };
        url.clone_into(&mut server.url);
        // Read the rest of its output, or the pipe fills.
        std::thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || lines.for_each(drop))
            .map_err(|why| wrong(why.to_string()))?;
        Ok(server)
    }

    /// Places orders of which some trade and some rest, so that requests have something to read.
    fn trade(&self) -> Result<(), Fault> {
        for (side, price, size) in [
            ("sell", "101", "1"),
            ("sell", "102", "2"),
            ("buy", "101.5", "0.5"),
            ("buy", "99", "3"),
            ("buy", "102", "0.25"),
        ] {
            let body = format!(
                r#"{{"product_id":"BTC-USD","side":"{side}","price":"{price}","size":"{size}"}}"#
            );
            let answer = self.request("POST /orders", &body);
            let answer = answer.map_err(|why| Fault::Server { why: why.to_string() })?;
            if !answer.starts_with("HTTP/1.1 200 ") {
                return Err(Fault::Server { why: format!("an order was answered by {answer}") });
            }
        }
        Ok(())
    }

    /// Waits until the gateway has read the history. Until then it answers orders with `starting`.
    fn wait_until_ready(&self) -> Result<(), Fault> {
        let mut answer = String::new();
        for _ in 0..MOST_POLLS {
            let polled = self.request("GET /readyz", "");
            answer = polled.map_err(|why| Fault::Server { why: why.to_string() })?;
            if answer.starts_with("HTTP/1.1 200 ") {
                return Ok(());
            }
        }
        Err(Fault::Server { why: format!("it does not become ready: {answer}") })
    }

    /// Sends a request, given as method and path, and returns the whole response.
    fn request(&self, head: &str, body: &str) -> std::io::Result<String> {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: {host}\r\nCB-ACCESS-KEY: {ACCOUNT}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(why) = self.child.kill().and_then(|()| self.child.wait()) {
            println!("could not end the server {}: {why}", self.child.id());
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_report_is_counted() {
        let head = "<?xml version=\"1.0\"?>\n\
            <testsuites errors=\"1\" failures=\"5\" skipped=\"2\" tests=\"18\" time=\"1.2\">";
        let counted = Some(Count { passed: 10, failed: 6, skipped: 2 });
        assert_eq!(count(&format!("{head}<testsuite name=\"x\" tests=\"3\">")), counted);
        assert_eq!(count(""), None);
        assert_eq!(
            count("<testsuites errors=\"0\" failures=\"0\" skipped=\"0\" tests=\"0\">"),
            None
        );
    }
}
