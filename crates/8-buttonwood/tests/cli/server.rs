//! `demo` and `serve`: they answer, end in good order, and resume after `kill -9` at any moment.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::command::command;
use crate::run::run;

/// A running demo or server, killed when the test ends.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

impl Server {
    fn start(args: &[&str]) -> Server {
        Server::start_by(command().args(args))
    }

    pub(crate) fn start_by(command: &mut Command) -> Server {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Server { child, out }
    }

    fn demo(dir: &Path) -> Server {
        let dir = dir.to_str().unwrap();
        Server::start(&[
            "demo",
            "--journal",
            dir,
            "--listen",
            "127.0.0.1:0",
            "--json",
            "--rate",
            "400",
            "--seed",
            "7",
        ])
    }

    /// The next line; the server must not have ended.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.out.read_line(&mut line).unwrap();
        if read == 0 {
            let mut err = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            panic!("it ended: {err}");
        }
        line
    }

    fn json(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"))
    }

    /// Sends SIGINT; gives the exit status and the log.
    pub(crate) fn interrupt(mut self) -> (i32, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), err)
    }
}

/// One request over loopback; the body of the answer as JSON. Repeats the request while the gateway
/// still reads its history.
pub(crate) fn request(url: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    for _ in 0..10_000 {
        let (status, body) = request_once(url, method, path, body);
        match (status, body["code"].as_str()) {
            (200, _) => return body,
            (503, Some("starting")) => {}
            _ => panic!("{status}: {body}"),
        }
    }
    panic!("the gateway never was ready");
}

pub(crate) fn request_once(
    url: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let address = url.strip_prefix("http://").unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nButtonwood-Account: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|why| panic!("{why}: {answer}")))
}

fn verified(dir: &Path) -> Value {
    run(["journal".as_ref(), "verify".as_ref(), dir.as_os_str(), "--json".as_ref()]).ok().json()
}

#[test]
fn the_demo_trades_and_goes_on_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Server::demo(dir.path());
    let url = demo.json()["url"].as_str().unwrap().to_owned();
    let mut last = demo.json();
    for _ in 0..20 {
        if last["trades"].as_u64() > Some(5) {
            break;
        }
        last = demo.json();
    }
    assert!(last["trades"].as_u64() > Some(5), "it trades: {last}");
    let names: Vec<_> = last["markets"].as_array().unwrap().iter().map(|m| &m["market"]).collect();
    assert_eq!(names, ["BTC-USD", "ETH-USD"]);

    // A person buys at any price, and is answered when it is durable.
    let order = json!({"product_id": "BTC-USD", "side": "buy", "price": "90000", "size": "0.010"});
    let bought = request(&url, "POST", "/orders", Some(&order));
    assert_eq!(bought["filled_size"], "0.010", "{bought}");
    let id = bought["id"].as_str().unwrap().to_owned();
    demo.child.kill().unwrap(); // as kill -9 does
    demo.child.wait().unwrap();

    let before = verified(dir.path());
    assert!(before["trades"].as_u64() >= last["trades"].as_u64(), "{before}, {last}");
    let drawn = run(["chart", &id, "--journal", dir.path().to_str().unwrap()]).ok().out;
    assert!(drawn.contains("complete d1"), "what was answered is there: {drawn}");

    let mut demo = Server::demo(dir.path());
    let url = demo.json()["url"].as_str().unwrap().to_owned();
    let found = request(&url, "GET", &format!("/orders/{id}"), None);
    assert_eq!(found["filled_size"], "0.010", "{found}");
    let second = demo.json();
    assert!(second["durable"].as_u64() > before["facts"].as_u64(), "{second}, {before}");
    let number = |line: &Value, key: &str| line[key].as_u64().unwrap();
    assert!(
        (1..=number(&second, "commands")).contains(&number(&second, "commands_this_second")),
        "{second}"
    );
    let ready = request(&url, "GET", "/readyz", None);
    let third = demo.json();
    for key in ["durable", "commands"] {
        let (first, last) = (number(&second, key), number(&third, key));
        assert!((first..=last).contains(&number(&ready, key)), "{key}: {second}, {ready}, {third}");
    }
    assert_eq!(
        (&ready["epoch"], &second["epoch"]),
        (&json!(2), &json!(2)),
        "both count this start"
    );
    assert!(number(&second, "open_orders") > 200 && number(&ready, "open_orders") > 200);
    let (status, err) = demo.interrupt();
    assert_eq!(status, 0, "{err}");
    assert!(
        err.contains("recovered") && err.contains("demo ended; the next start resumes"),
        "{err}"
    );
    let after = verified(dir.path());
    assert!(after["trades"].as_u64() >= before["trades"].as_u64());
    assert_eq!((&after["intact"], &after["cut_bytes"]), (&json!(true), &json!(0)));
    let (stood, cancelled) = left_over(dir.path());
    assert!(
        stood > 200 && cancelled < stood / 2,
        "{cancelled} of {stood}: the traders go on with theirs"
    );
}

/// How many orders were open when the last start began, and how many of them were cancelled after that.
fn left_over(dir: &Path) -> (usize, usize) {
    let (mut open, mut stood, mut cancelled) = (BTreeSet::new(), BTreeSet::new(), 0);
    let exported = run(["journal".as_ref(), "export".as_ref(), dir.as_os_str()]).ok().out;
    for fact in exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let order = fact["order"].as_u64();
        match fact["fact"].as_str().unwrap() {
            "started" => (stood, cancelled) = (open.clone(), 0),
            "entered" => _ = open.insert(order),
            "cancelled" => {
                open.remove(&order);
                cancelled += usize::from(stood.contains(&order));
            }
            _ => {}
        }
    }
    (stood.len(), cancelled)
}

#[test]
fn the_demo_can_end_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let ran = run(["demo", "--journal", dir, "--listen", "127.0.0.1:0", "--seconds", "1"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.out.contains("page    http://127.0.0.1:") && ran.out.contains("BTC-USD "),
        "{ran:?}"
    );
    assert_eq!(ran.out.lines().filter(|line| line.contains("  commands ")).count(), 1);
}

#[test]
fn a_server_takes_its_configuration_from_flags_then_environment_then_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("serve.toml");
    let journal = dir.path().join("facts");
    let text = r#"
listen = "127.0.0.1:1"
durability = "memory"
[[markets]]
symbol = "TEA-USD"
tick = "0.05"
lot = "1"
"#;
    std::fs::write(&file, text).unwrap();
    let mut server = Server::start_by(
        command()
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--snapshot-every",
                "20_000_000",
                "--config",
            ])
            .arg(&file)
            .env("BUTTONWOOD_RESERVE_MIB", "1_0")
            .env("BUTTONWOOD_LISTEN", "127.0.0.1:2")
            .env("BUTTONWOOD_DURABILITY", "disk")
            .env("BUTTONWOOD_JOURNAL", &journal)
            .env("BUTTONWOOD_RESERVE", "8"), // mistyped
    );
    let line = server.line();
    let url = line.trim().strip_prefix("serving ").unwrap().to_owned();
    let products = request(&url, "GET", "/products", None);
    assert_eq!(products[0]["id"], "TEA-USD");
    assert_eq!(products[0]["quote_increment"], "0.05");
    assert!(server.line().contains("/products/TEA-USD/book"));
    let order = json!({"product_id": "TEA-USD", "side": "sell", "price": "2.05", "size": "3"});
    assert_eq!(request(&url, "POST", "/orders", Some(&order))["status"], "open");
    let (status, err) = server.interrupt();
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("the journal is in"), "{err}");
    assert!(err.contains("the environment variable BUTTONWOOD_RESERVE is not known"), "{err}");
    assert_eq!(err.matches("is not known").count(), 1, "{err}");
    assert_eq!(verified(&journal)["facts"], 3, "started, opened, entered");

    let other = ["serve", "--listen", "127.0.0.1:0", "--market", "TEA-USD:0.01:1", "--journal"];
    let before = verified(&journal);
    let refused = run(other.into_iter().map(AsRef::as_ref).chain([journal.as_os_str()]));
    refused.failed(1, &["market TEA-USD is open already with a tick of 0.05, a lot of 1"]);
    assert_eq!(verified(&journal), before, "a start that is refused writes nothing");
}

#[test]
fn a_server_without_a_journal_says_so_loudly() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_by(command().current_dir(dir.path()).args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--durability",
        "memory",
    ]));
    server.line();
    let (status, err) = server.interrupt();
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("DURABILITY MEMORY: no journal"), "{err}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is kept");
}

/// Processor time of a process with its threads, in ticks of a hundredth of a second, which Linux
/// has on every machine in this interface.
#[cfg(target_os = "linux")]
fn ticks_of(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name, in parentheses, is the second field and may have blanks; user and system time are the 14th and 15th.
    let (_, after_the_name) = stat.rsplit_once(") ").unwrap();
    after_the_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// The aim is under 1 % of a core. In three seconds that is three ticks. The rounding of ticks and the remains of the
/// first requests add one or two, so the test allows 3 %, which still detects polling.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_nobody_asks_is_idle() {
    const SECONDS: u64 = 3;
    let dir = tempfile::tempdir().unwrap();
    let args = ["serve", "--listen", "127.0.0.1:0", "--market", "TEA-USD:0.01:1", "--journal"];
    let mut server = Server::start_by(command().args(args).arg(dir.path().join("facts")));
    let url = server.line().trim().strip_prefix("serving ").unwrap().to_owned();
    assert_eq!(request(&url, "GET", "/products", None)[0]["id"], "TEA-USD", "it is up to date");
    server.line();
    let Server { child, out } = &mut server;
    let (said, heard) = std::sync::mpsc::channel();
    let before = ticks_of(child.id());
    let spent = std::thread::scope(|scope| {
        scope.spawn(move || said.send(out.read_line(&mut String::new()).unwrap()).unwrap());
        // It has nothing to say meanwhile, nor an end.
        let silent = heard.recv_timeout(std::time::Duration::from_secs(SECONDS)).is_err();
        let spent = silent.then(|| ticks_of(child.id()) - before);
        child.kill().unwrap();
        spent
    });
    let spent = spent.expect("it says nothing more, and goes on");
    assert!(spent < 3 * SECONDS, "{spent} hundredths of a second in {SECONDS} s");
}

#[test]
fn nobody_from_elsewhere_is_let_in_and_what_is_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("facts");
    let journal = journal.to_str().unwrap();
    for command in ["serve", "demo"] {
        for listen in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:0"] {
            let ran = run([command, "--journal", journal, "--listen", listen]);
            ran.failed(2, &["cannot listen on", "no authentication yet", "127.0.0.1"]);
        }
        for wrong in ["here", "localhost:8080", "127.0.0.1"] {
            let invalid = format!("invalid value '{wrong}' for '--listen");
            run([command, "--listen", wrong]).failed(2, &[&invalid, "such as 127.0.0.1:8080"]);
        }
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let ran = run(["serve", "--journal", journal, "--listen", &listen]);
    ran.failed(1, &["cannot listen at", &listen, "choose another port"]);
    let twice = ["--market", "TEA-USD:0.01:1", "--market", "TEA-USD:0.05:1"];
    run(["serve", "--journal", journal, "--listen", "127.0.0.1:0"].iter().chain(&twice))
        .failed(2, &["market TEA-USD is configured twice"]);
    assert!(!std::path::Path::new(journal).exists(), "nothing is written by what cannot begin");
    run(["serve", "--config", "absent.toml"]).failed(2, &["absent.toml", "config --defaults"]);
    run(["serve", "--market", "tea"]).failed(2, &["SYMBOL:TICK:LOT"]);
    for wrong in ["0", "20__000", "many"] {
        run(["serve", "--snapshot-every", wrong]).failed(2, &["'--snapshot-every"]);
    }
    run(["serve", "--durability", "hope"]).failed(2, &["possible values: disk, memory"]);
    let file = dir.path().join("bad.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ndurability = \"hope\"\n").unwrap();
    run(["serve", "--config", file.to_str().unwrap()]).failed(2, &["bad.toml", "line 2", "hope"]);
}

#[test]
fn two_exchanges_do_not_share_a_journal() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Server::demo(dir.path());
    demo.json();
    let second =
        run(["demo", "--journal", dir.path().to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status, 1, "{second:?}");
    assert!(second.err.contains(dir.path().to_str().unwrap()), "{second:?}");
}

#[test]
fn the_defaults_are_a_whole_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let defaults = run(["config", "--defaults"]).ok().out;
    for key in ["listen = ", "journal = ", "durability = ", "[[markets]]", "BUTTONWOOD_LISTEN"] {
        assert!(defaults.contains(key), "{defaults}");
    }
    let file = dir.path().join("defaults.toml");
    std::fs::write(&file, defaults).unwrap();
    let mut server = Server::start_by(
        command()
            .current_dir(dir.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(file),
    );
    let url = server.line().trim().strip_prefix("serving ").unwrap().to_owned();
    assert_eq!(request(&url, "GET", "/products", None).as_array().unwrap().len(), 2);
    assert_eq!(server.interrupt().0, 0);
    run(["config"]).failed(2, &["--defaults"]);
}

#[test]
fn a_server_prints_the_tree_that_it_would_run_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("facts");
    let market = ["--market", "TEA-USD:0.01:1", "--listen", "127.0.0.1:0", "--journal"];
    let tree = |more: &[&str]| {
        let args = ["serve", "--tree"].iter().chain(more).chain(&market);
        run(args.map(AsRef::<std::ffi::OsStr>::as_ref).chain([journal.as_os_str()]))
    };
    let text = tree(&[]);
    assert_eq!((text.status, text.err.as_str()), (0, ""), "{text:?}");
    let lines = "exchange: one-for-one, at most 100 restarts in 1000 ms; permanent, any time to end
  ledger: one process, permanent, 5000 ms to end; registered as 0
  TEA-USD: rest-for-one, at most 100 restarts in 1000 ms, then given up alone; permanent, any time to end
    orders: many like children, 0 now; each transient, at most 3 restarts in 1000 ms, 5000 ms to end; registered as 2
    floor: one process, permanent, 5000 ms to end; registered as 1
";
    assert_eq!(text.out, lines);
    assert!(!journal.exists());

    // With a journal, of what that has folded to.
    let mut server = Server::start_by(command().arg("serve").args(market).arg(&journal));
    let url = server.line().trim().strip_prefix("serving ").unwrap().to_owned();
    let order = json!({"product_id": "TEA-USD", "side": "sell", "price": "2.05", "size": "3"});
    assert_eq!(request(&url, "POST", "/orders", Some(&order))["status"], "open");
    assert_eq!(server.interrupt().0, 0);
    let ran = tree(&["--json"]);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value[0]["name"], "exchange");
    let market = &value[0]["children"][1];
    assert_eq!((&market["name"], &market["strategy"]), (&json!("TEA-USD"), &json!("rest-for-one")));
    assert_eq!(market["children"][0]["now"], 1);
    assert_eq!(market["children"][1]["shutdown"], json!({"within_ns": 5_000_000_000u64}));
    assert_eq!(verified(&journal)["facts"], 3, "started, opened, entered; no more");

    run(["serve", "--json"]).failed(2, &["--tree"]);
}
