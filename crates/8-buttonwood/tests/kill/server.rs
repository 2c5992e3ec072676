//! The real command as a process to kill, and requests to it as from any HTTP client.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::command;

/// The market of these tests: prices in cents, sizes in whole lots.
pub(crate) const MARKET: &str = "TEA-USD";

/// Time after which a start counts as hung.
const START: Duration = Duration::from_secs(120);

/// Runs the command to its end: whether it succeeded, and its output.
pub(crate) fn run(args: &[&str], dir: &Path) -> (bool, String, String) {
    let output = command().args(args).arg(dir).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// A server that may not serve yet. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    begun: Instant,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// Its log so far.
    heard: String,
    running: bool,
    url: String,
    /// Time until it served.
    pub(crate) took: Duration,
}

/// The server does not answer: it was killed, or has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Gone;

impl Drop for Server {
    fn drop(&mut self) {
        if self.running {
            self.end();
        }
    }
}

impl Server {
    /// Starts it without waiting.
    pub(crate) fn begin(dir: &Path, snapshot_every: u64) -> Server {
        Server::begin_with(dir, snapshot_every, "8")
    }

    /// The same, with this reserve in MiB.
    fn begin_with(dir: &Path, snapshot_every: u64, reserve_mib: &str) -> Server {
        let mut serve = command();
        serve.args(["serve", "--listen", "127.0.0.1:0", "--market", "TEA-USD:0.01:1"]);
        serve.args(["--reserve-mib", reserve_mib, "--snapshot-every", &snapshot_every.to_string()]);
        serve.arg("--journal").arg(dir);
        let begun = Instant::now();
        serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = serve.spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let errors = lines_of(child.stderr.take().unwrap());
        let (url, heard, took) = (String::new(), String::new(), Duration::ZERO);
        Server { child, begun, lines, errors, heard, running: true, url, took }
    }

    /// Starts it and waits until reads are up to date; else its log.
    pub(crate) fn start(dir: &Path, snapshot_every: u64) -> Result<Server, String> {
        Server::start_with(dir, snapshot_every, "8")
    }

    /// The same, with this reserve in MiB.
    pub(crate) fn start_with(
        dir: &Path,
        snapshot_every: u64,
        reserve_mib: &str,
    ) -> Result<Server, String> {
        let mut server = Server::begin_with(dir, snapshot_every, reserve_mib);
        let line = match server.lines.recv_timeout(START) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return Err(server.said()),
            Err(RecvTimeoutError::Timeout) => {
                panic!("no log line for two minutes: {}", server.kill())
            }
        };
        server.took = server.begun.elapsed();
        let url = line.strip_prefix("serving ").unwrap_or_else(|| panic!("{line}"));
        server.url = url.to_owned();
        let http = server.http();
        while http.submit(0, "GET", "/products", None).map_err(|Gone| server.said())?.0 != 200 {
            std::thread::yield_now(); // it still reads its history
        }
        Ok(server)
    }

    /// Kills it this long after its start, at any point of it. Gives its log.
    pub(crate) fn kill_after(mut self, within: Duration) -> String {
        if let Ok(line) = self.lines.recv_timeout(within) {
            assert!(line.starts_with("serving "), "{line}");
        }
        self.end()
    }

    /// Sends SIGKILL. Gives its log.
    pub(crate) fn kill(&mut self) -> String {
        self.end()
    }

    /// Waits until it has logged this.
    pub(crate) fn wait_said(&mut self, part: &str) {
        while !self.heard.contains(part) {
            let line = self.errors.recv_timeout(START);
            self.heard += &line.unwrap_or_else(|why| panic!("{why}: it says {}", self.heard));
            self.heard += "\n";
        }
    }

    /// Waits for its own end.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.running = false;
        (status, self.said())
    }

    /// Sends SIGINT.
    pub(crate) fn interrupt(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let (status, said) = self.ended();
        assert!(status.success(), "{said}");
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn end(&mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.running = false;
        self.said()
    }

    /// Its whole log up to its end.
    fn said(&mut self) -> String {
        for line in self.errors.iter() {
            self.heard += &line;
            self.heard += "\n";
        }
        self.heard.clone()
    }

    /// A client of its own connections.
    pub(crate) fn http(&self) -> Http {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.timeout_global(Some(Duration::from_secs(20))).build();
        Http { agent: config.into(), url: self.url.clone() }
    }
}

/// Lines as they come, until there are no more.
fn lines_of(from: impl Read + Send + 'static) -> Receiver<String> {
    let (told, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// A client that keeps its connections open.
#[derive(Clone)]
pub(crate) struct Http {
    agent: ureq::Agent,
    pub(crate) url: String,
}

impl Http {
    /// One request and its answer: status and body. Without an answer, the result is unknown.
    pub(crate) fn submit(
        &self,
        account: u32,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Gone> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Buttonwood-Account", account.to_string())
            .header("Content-Type", "application/json");
        let text = body.map(Value::to_string).unwrap_or_default();
        let sent = match body {
            Some(_) => self.agent.run(request.body(text).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = sent.map_err(|_| Gone)?;
        let status = answer.status().as_u16();
        // A partial answer is no answer.
        let text = answer.body_mut().read_to_string().map_err(|_| Gone)?;
        let body = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
        Ok((status, body))
    }

    /// What a read shows; it must be answered.
    pub(crate) fn get(&self, account: u32, path: &str) -> Value {
        let (status, body) = self.submit(account, "GET", path, None).expect("the server runs");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}
