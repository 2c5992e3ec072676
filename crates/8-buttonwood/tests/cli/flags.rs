//! Flags, help, completions, the manual.

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
    for (args, told) in [
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
        (&["simulate", "--window", "3"], "write it as FROM..UNTIL, such as 3..5"),
        (&["simulate", "--window", "5..2"], "it ends before it begins; write 2..5"),
        (&["simulate", "--seeds", "0"], "0 is not in 1.."),
        (&["man", "nothing"], "there is no command 'nothing'"),
        (&["completions", "dos"], "possible values: bash"),
    ] {
        run(args).failed(2, &[told]);
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
