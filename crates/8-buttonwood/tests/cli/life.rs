//! `life`: the result is the array's with cells killed all the time; patterns in and out; what is wrong with
//! them; the end of a terminal.

use crate::run::run;

#[test]
fn cells_that_are_killed_come_to_the_arrays_result() {
    let args = ["life", "--size", "32x30", "--until", "50", "--kill-per-second", "3000", "--json"];
    for checkpoint in ["32", "0"] {
        let report = run(args.into_iter().chain(["--checkpoint", checkpoint])).ok().json();
        assert_eq!(
            (&report["cells"], &report["generation"]),
            (&960.into(), &50.into()),
            "{report}"
        );
        assert_eq!(
            (&report["matches_array"], &report["finished"]),
            (&true.into(), &true.into()),
            "{report}"
        );
        let count = |key: &str| report[key].as_u64().unwrap_or_else(|| panic!("{key}: {report}"));
        assert!(count("kills") > 0 && count("restarts") > 0, "{report}");
        assert_eq!(count("kills"), count("cells_killed") + count("collectors_killed"));
        assert_eq!(count("restarts"), count("cells_killed"));
        assert_eq!(count("cell_steps"), 960 * 50);
        assert!(count("cell_steps_per_second") > 0 && count("signals") > 18 * 960 * 50, "{report}");
        assert!(count("longest_history") <= if checkpoint == "0" { 51 } else { 33 }, "{report}");
    }
}

#[test]
fn a_torus_over_several_worlds_comes_to_the_arrays_result() {
    for worlds in ["2", "3"] {
        let args = ["life", "--size", "32x30", "--until", "60", "--kill-per-second", "3000"];
        let report = run(args.into_iter().chain(["--worlds", worlds, "--json"])).ok().json();
        assert_eq!(report["worlds"].to_string(), worlds, "{report}");
        assert_eq!(
            (&report["cells"], &report["generation"]),
            (&960.into(), &60.into()),
            "{report}"
        );
        for key in ["matches_array", "finished"] {
            assert_eq!(report[key], true, "{key}: {report}");
        }
        let count = |key: &str| report[key].as_u64().unwrap_or_else(|| panic!("{key}: {report}"));
        assert!(count("kills") > 0 && count("restarts") > 0, "{report}");
        assert_eq!(count("restarts"), count("cells_killed"), "{report}");
        assert!(count("signals") > 18 * 960 * 60, "{report}");
    }
}

#[test]
fn a_generation_that_was_saved_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let play = |pattern: &str, until: &str, save: &str| {
        let args =
            ["life", "--size", "20x20", "--pattern", pattern, "--until", until, "--save", save];
        let report = run(args).ok().out;
        assert!(report.contains("matches array                true"), "{report}");
        std::fs::read_to_string(save).unwrap()
    };
    let at_once = play("glider", "40", &path("at_once.rle"));
    play("glider", "25", &path("first.rle"));
    assert_eq!(play(&path("first.rle"), "15", &path("then.rle")), at_once);
    assert!(at_once.starts_with("x = 20, y = 20, rule = B3/S23\n"), "{at_once}");
    let cells = play("glider", "40", &path("cells.life"));
    assert_eq!(cells.lines().count(), 1 + 5, "{cells}");
    assert!(cells.starts_with("#Life 1.06\n"), "{cells}");
}

#[test]
fn what_is_wrong_with_a_pattern_is_said_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrong.rle");
    std::fs::write(&file, "x = 3, y = 3\nbo$2bA!").unwrap();
    let file = file.to_str().unwrap();
    run(["life", "--pattern", file, "--until", "1"])
        .failed(1, &["wrong.rle: line 2, column 6: 'A' is no cell"]);
    for (args, expected) in [
        (
            &["--pattern", "glyder"][..],
            "neither a file nor a built-in pattern (glider, r-pentomino, gosper-gun)",
        ),
        (&["--pattern", "gosper-gun", "--size", "20x20"], "--size 36x9"),
        (&["--size", "20"], "as in 64x48"),
        (&["--save", "there.txt"], ".rle"),
        (&["--save", "/nonexistent/x.rle"], "there is no folder /nonexistent"),
        (&["--checkpoint", "64"], "0..=63"),
        (&["--until", "0"], "1..="),
        (&["--kill-per-second", "100001"], "0..=100000"),
        (&["--worlds", "0"], "1..=64"),
        (&["--worlds", "2"], "--until"),
        (&["--worlds", "5", "--size", "9x4", "--until", "1"], "--size 9x4 has 4"),
    ] {
        run(["life"].iter().chain(args)).failed(2, &[expected]);
    }
}

/// `life` drawn on a terminal of its own, which util-linux' `script` holds open.
#[cfg(target_os = "linux")]
mod on_a_terminal {
    use std::fs;
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};

    use tempfile::TempDir;

    use crate::command::command;
    use crate::run::skipped;

    /// Longer than any machine needs, but finite.
    const SECONDS: u32 = 60;

    struct Terminal {
        script: Child,
        dir: TempDir,
        id: String,
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            send("KILL", &self.id);
            if self.script.kill().is_ok() {
                self.script.wait().unwrap();
            }
        }
    }

    /// Sends a signal; false if there is no process of that id.
    fn send(signal: &str, id: &str) -> bool {
        let kill =
            Command::new("kill").args([&format!("-{signal}"), id]).stderr(Stdio::null()).status();
        kill.unwrap().success()
    }

    impl Terminal {
        /// Begins, and waits until something was drawn. `None` if there is no `script` here.
        fn start() -> Option<Terminal> {
            let dir = tempfile::tempdir().unwrap();
            let path = |name: &str| dir.path().join(name).display().to_string();
            let buttonwood = command();
            // The shell in the middle outlives a hangup, to write down how its child ended.
            let line = format!(
                "trap : HUP; stty rows 24 cols 80; \
                 sh -c 'echo $$ > {}; exec {} life --save {}'; echo $? > {}",
                path("id"),
                buttonwood.get_program().display(),
                path("last.rle"),
                path("status"),
            );
            let script = Command::new("script")
                .args(["--quiet", "--flush", "--command", &line, &path("typescript")])
                .env("SHELL", "/bin/sh")
                .env("TERM", "xterm")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn();
            let Ok(script) = script else {
                assert!(std::env::var_os("CI").is_none(), "there is no command script(1)");
                skipped("there is no command script(1)");
                return None;
            };
            let mut terminal = Terminal { script, dir, id: String::new() };
            let drawn = terminal.wait_for("typescript", |text| text.contains("generation"));
            assert!(drawn.is_some(), "it draws");
            terminal.id =
                terminal.wait_for("id", |text| text.ends_with('\n')).unwrap().trim().to_owned();
            Some(terminal)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// Waits for a file with something in it; `None` if that does not come in time.
        fn wait_for(&self, name: &str, enough: impl Fn(&str) -> bool) -> Option<String> {
            for _ in 0..SECONDS * 20 {
                let text = fs::read(self.path(name)).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                if enough(&text) {
                    return Some(text);
                }
                assert!(Command::new("sleep").arg("0.05").status().unwrap().success());
            }
            None
        }

        /// Its end: status 0, the last generation saved.
        fn ended(mut self, why: &str) {
            let status = self.wait_for("status", |text| text.ends_with('\n'));
            assert_eq!(status.as_deref(), Some("0\n"), "{why}");
            self.id.clear();
            assert!(self.path("last.rle").is_file(), "{why}");
        }
    }

    #[test]
    fn a_terminal_that_is_closed_ends_it() {
        let Some(mut terminal) = Terminal::start() else { return };
        terminal.script.kill().unwrap();
        terminal.script.wait().unwrap();
        terminal.ended("the terminal is gone");
    }

    #[test]
    fn a_signal_ends_it() {
        for signal in ["INT", "TERM", "HUP"] {
            let Some(terminal) = Terminal::start() else { return };
            assert!(send(signal, &terminal.id));
            terminal.ended(signal);
        }
    }
}
