//! Flags, help, completions, the manual.

use crate::command::command;
use crate::run::run;

/// What it is, in a sentence.
const ABOUT: &str = "An exchange in which every order is a process and every deal is a handshake";

#[test]
fn help_and_version_are_data() {
    let help = run(["--help"]).ok();
    assert!(help.out.starts_with(ABOUT), "{}", help.out);
    run([""; 0]).failed(2, &[ABOUT]);
    for command in [
        "demo",
        "serve",
        "config",
        "replay",
        "journal",
        "chart",
        "life",
        "simulate",
        "bench",
        "completions",
        "man",
    ] {
        assert!(help.out.contains(command), "{}", help.out);
    }
    assert!(run(["--version"]).ok().out.starts_with("buttonwood "));
}

#[test]
fn wrong_use_ends_with_status_2_and_says_what_is_right() {
    for (args, expected) in [
        (&["trade"][..], "unrecognized subcommand 'trade'"),
        (&[], "Usage: buttonwood"),
        (&["replay"], "<FILE>"),
        (&["replay", "a", "--jason"], "unexpected argument '--jason'"),
        (&["journal"], "verify"),
        (&["chart", "x"], "give an order as 12 or order/12, a trade as trade/57"),
        (&["chart", "1", "--format", "png"], "possible values: text, mermaid, svg"),
        (&["bench", "core", "--runs", "0"], "0 is not in 1..=1000"),
        (
            &["simulate", "--faults", "rain"],
            "`rain` is no kind of fault; choose all, none, or some of kill,",
        ),
        (&["simulate", "--window", "3"], "give a window as FROM..UNTIL, such as 3..5"),
        (&["simulate", "--window", "5..2"], "the window ends before it begins; give 2..5"),
        (&["simulate", "--seeds", "0"], "0 is not in 1.."),
        (&["man", "nothing"], "there is no command 'nothing'"),
        (&["completions", "dos"], "possible values: bash"),
    ] {
        run(args).failed(2, &[expected]);
    }
}

#[test]
fn a_file_where_a_folder_must_be_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for command in ["serve", "demo"] {
        let ran = run([command, "--listen", "127.0.0.1:0", "--journal", path]);
        ran.failed(2, &["--journal: ", path, "is a file; give a folder"]);
    }
    run(["chart", "1", "--journal", path]).failed(1, &[path, "is a file, not a folder"]);
}

/// Commands that print and end, with a standard output that is closed and with one that is full.
#[test]
fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
    let (dir, _) = crate::journal::kept();
    let journal = dir.path().to_str().unwrap();
    for args in [
        &["--help"][..],
        &["journal", "show", journal],
        &["journal", "export", journal],
        &["journal", "export", journal, "--format", "csv"],
        &["journal", "verify", journal],
        &["chart", "5", "--journal", journal],
        &["replay", "-", "--sample"],
        &["explore", "--list"],
        &["explore", "buyer-and-seller", "--kill", "maker", "--after", "accept"],
        &["simulate", "--seeds", "1", "--orders", "20"],
        &["bench", "kernel", "--runs", "1", "--messages", "10000", "--processes", "1000"],
        &["life", "--size", "32x32", "--until", "5"],
        &["config", "--defaults"],
        &["completions", "bash"],
        &["man"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let closed = command().args(args).stdout(writer).output().unwrap();
        assert!(closed.status.success() && closed.stderr.is_empty(), "{args:?}: {closed:?}");
        if args == ["--help"] || !cfg!(target_os = "linux") {
            continue; // clap prints the help and ignores errors
        }
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let full = command().args(args).stdout(full).output().unwrap();
        let err = String::from_utf8(full.stderr).unwrap();
        assert_eq!(full.status.code(), Some(1), "{args:?}: {err}");
        assert!(err.contains("cannot write to standard output"), "{args:?}: {err}");
    }
}

#[test]
fn nothing_is_coloured_where_no_terminal_is() {
    for args in [&["--help"][..], &["trade"], &["replay", "absent.csv"], &["bench"]] {
        let ran = command().args(args).env_remove("NO_COLOR").output().unwrap();
        assert!(!ran.stdout.contains(&0x1b) && !ran.stderr.contains(&0x1b), "{args:?}: {ran:?}");
    }
}

#[test]
fn completions_and_manual_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(["completions", shell]).ok().out.contains("replay"), "{shell}");
    }
    let page = run(["man"]).ok().out;
    assert!(page.contains(".TH buttonwood 1") && page.contains("replay"), "{page}");
    assert!(page.contains(ABOUT), "{page}");
    assert!(run(["man", "replay"]).ok().out.contains("Bitstamp"));
}
