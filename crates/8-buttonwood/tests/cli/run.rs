//! Runs the command and checks its output.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::command::command;

/// Result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs it to its end.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    run_with_input(args, b"")
}

/// Runs it with something on standard input.
pub(crate) fn run_with_input(
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    input: &[u8],
) -> Ran {
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end without reading all of it.
    #[allow(clippy::disallowed_methods, reason = "a pipe is written while another is read")]
    let writer =
        std::thread::Builder::new().spawn(move || stdin.write_all(&input).is_ok()).unwrap();
    let output = child.wait_with_output().unwrap();
    let _written = writer.join().unwrap();
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// It must have succeeded, and printed only data.
    pub(crate) fn ok(self) -> Ran {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        self
    }

    /// Its output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// It must have ended with this status and printed all of this.
    pub(crate) fn failed(&self, status: i32, parts: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "should say {part:?}: {self:?}");
        }
    }
}

/// A file of the recordings, which lie beside the project and are not part of it.
///
/// Where it is absent this says so, and the test that needs it has nothing to test.
pub(crate) fn recording(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.is_file() {
        return Some(path);
    }
    skipped(&format!("the recording {} is not there", path.display()));
    None
}

/// Says that a test has nothing to test.
pub(crate) fn skipped(why: &str) {
    let mut err = std::io::stderr();
    writeln!(err, "SKIPPED: {why}").unwrap();
}

/// A small recording: two sellers, a buyer who takes one and a half of them, a cancel.
pub(crate) const FLOW: &str = "\
id,timestamp,exchange.timestamp,price,volume,action,direction
11,1430438404000,1430438404000,236.50,400000000,created,ask
12,1430438404100,1430438404000,236.51,300000000,created,ask
13,1430438404090,1430438404000,236.51,600000000,created,bid
11,1430438404210,1430438404000,236.50,0,deleted,ask
12,1430438404210,1430438404000,236.51,100000000,changed,ask
7,1430438404300,1430438404000,235.00,100000000,deleted,bid
12,1430438404400,1430438404000,236.51,100000000,deleted,ask
14,1430438404500,1430438404000,236.40,500000000,created,bid
";
