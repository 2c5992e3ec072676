//! `chart`: what happened, redrawn.

use std::path::Path;

use crate::journal::kept;
use crate::run::{Ran, run};

fn chart(subject: &str, dir: &Path, flags: &[&str]) -> Ran {
    run(["chart".as_ref(), subject.as_ref(), "--journal".as_ref(), dir.as_os_str()]
        .into_iter()
        .chain(flags.iter().map(AsRef::as_ref)))
}

#[test]
fn an_order_is_redrawn_from_the_journal() {
    let (dir, _) = kept();
    let drawn = chart("5", dir.path(), &[]).ok().out;
    for part in [
        "order #5 of BTC-USD, in ticks of 0.01 and lots of 0.00000001",
        "# redrawn from the facts",
        "  #3  sells  400000000 @ 23650",
        "introduce #5 600000000 @ 23651",
        "ledger => log     traded d2 #5 #4 200000000 @ 23651",
        "#5  open 0  held 0  filled 600000000",
    ] {
        assert!(drawn.contains(part), "{drawn} should have {part}");
    }
    assert!(chart("5", dir.path(), &["--format", "svg"]).ok().out.starts_with("<svg "));
    assert!(chart("5", dir.path(), &["--format", "mermaid"]).ok().out.contains("sequenceDiagram"));
}

#[test]
fn a_trade_is_redrawn_by_the_number_of_its_fact() {
    let (dir, _) = kept();
    let drawn = chart("trade/6", dir.path(), &[]).ok().out;
    assert!(drawn.starts_with("trade 6 of BTC-USD"), "{drawn}");
    assert!(drawn.contains("complete d1") && !drawn.contains("d2"), "{drawn}");
}

#[test]
fn what_the_journal_does_not_know_is_said() {
    let (dir, _) = kept();
    for subject in ["99", "trade/3"] {
        let missing = if subject == "99" { "no order #99" } else { "no trade 3" };
        let kind = if subject == "99" { "--kind entered" } else { "--kind traded" };
        chart(subject, dir.path(), &[])
            .failed(1, &["has no", missing.trim_start_matches("no "), "journal show", kind]);
    }
    let absent = dir.path().join("absent");
    chart("1", &absent, &[])
        .failed(1, &["there is no folder", "absent", "give the folder of a journal"]);
}
