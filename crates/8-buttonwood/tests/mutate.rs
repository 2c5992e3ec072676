//! `explore --mutate`, which only a build with mistakes has: the law that breaks, and a chart of how.

use std::process::Command;

fn explore(args: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_buttonwood")).arg("explore").args(args).output();
    let out = out.expect("the command was just built");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn a_mistake_is_shown_on_a_chart_and_fails() {
    let world = ["buyer-and-seller", "--faults", "1", "--law", "agreement"];
    let (code, out, _) = explore(&[&world[..], &["--mutate", "no-fence"]].concat());
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("agreement is broken") && out.contains("propose"), "{out}");
}

#[test]
fn a_mistake_that_there_is_not_is_refused_with_those_near_it() {
    let (code, _, err) = explore(&["buyer-and-seller", "--mutate", "no-fense"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("similar: no-fence"), "{err}");
}
