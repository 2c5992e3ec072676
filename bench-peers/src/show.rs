//! Results as tables or JSON.

use crate::Case;
use crate::args::Args;
use crate::report::Kind;
use crate::run::{Entry, Out};

impl Case {
    /// Its name, such as `crash` or `still on 1000`.
    fn name(&self) -> String {
        match self.standing {
            None => self.scenario.to_string(),
            Some(standing) => format!("{} on {standing}", self.scenario),
        }
    }

    fn plain(&self) -> &Entry {
        let plain = self.entries.iter().find(|entry| entry.name.starts_with("plain"));
        plain.expect("the plain book is always among them")
    }
}

/// Whether an engine's trades equal those of the plain book, or how they differ.
fn verdict(entry: &Entry, plain: &Entry) -> String {
    let (theirs, right) = (&entry.tally, &plain.tally);
    if theirs.trades_hash == right.trades_hash && theirs.quantity == right.quantity {
        return "same".to_owned();
    }
    let trades = theirs.count(Kind::Traded);
    let off = format!(
        "differ: {trades} trades of {} lots, not {} of {}",
        theirs.quantity,
        right.count(Kind::Traded),
        right.quantity
    );
    match entry.past_limit {
        0 => format!("{off}; none past its limit, so its priority or its refusals differ"),
        past => format!("{off}; {past} were worse than the incoming order's limit"),
    }
}

/// One case as a table.
pub fn table(case: &Case) {
    println!("\n{}: {}", case.name(), case.flow);
    println!(
        "{:<24}{:>10}{:>8}{:>8}{:>10}{:>8}{:>8}  trades",
        "engine", "queue ns", "best", "ratio", "fold ns", "best", "ratio"
    );
    let first = &case.entries[0];
    for entry in &case.entries {
        print!("{:<24}", entry.name);
        for out in [Out::Queue, Out::Fold] {
            match (entry.median(out), entry.best(out), first.median(out)) {
                (Some(ns), Some(best), Some(base)) => {
                    print!("{ns:>10.1}{best:>8.1}{:>8.2}", ns / base);
                }
                _ => print!("{:>10}{:>8}{:>8}", "-", "-", "-"),
            }
        }
        println!("  {}", verdict(entry, case.plain()));
    }
}

/// How each engine's cost grows with the standing book.
pub fn growth(cases: &[Case]) {
    let deep: Vec<&Case> = cases.iter().filter(|case| case.standing.is_some()).collect();
    let (Some(small), Some(large)) = (deep.first(), deep.last()) else { return };
    println!("\ncost per command, {} against {}:", large.name(), small.name());
    for (a, b) in small.entries.iter().zip(&large.entries) {
        for out in [Out::Queue, Out::Fold] {
            if let (Some(before), Some(after)) = (a.median(out), b.median(out)) {
                println!("{:<24}{:<6} x {:.2}", a.name, out.name(), after / before);
            }
        }
    }
    println!("\nmedians, the best round, and the median's ratio to the first engine's;");
    println!(
        "overflow checks are on in ours and off in the others, as each is built by its authors"
    );
}

/// All cases as JSON, and the runtimes if they were measured. Names have no characters that would need
/// escaping.
pub fn json(args: &Args, cases: &[Case], runtimes: Option<&str>) {
    let cases: Vec<String> = cases.iter().map(case_json).collect();
    println!(
        "{{\"rounds\":{},\"commands\":{},\"seed\":{},\"cases\":[{}],\"runtimes\":{}}}",
        args.rounds(),
        args.commands(),
        args.seed,
        cases.join(","),
        runtimes.unwrap_or("null")
    );
}

fn case_json(case: &Case) -> String {
    let first = &case.entries[0];
    let entries: Vec<String> = case
        .entries
        .iter()
        .map(|entry| {
            let mut fields = format!(
                "\"engine\":\"{}\",\"trades\":{},\"quantity\":{},\"past_limit\":{},\"same_trades\":{}",
                entry.name,
                entry.tally.count(Kind::Traded),
                entry.tally.quantity,
                entry.past_limit,
                verdict(entry, case.plain()) == "same"
            );
            for out in [Out::Queue, Out::Fold] {
                let (ns, best, base) = (entry.median(out), entry.best(out), first.median(out));
                if let (Some(ns), Some(best), Some(base)) = (ns, best, base) {
                    let name = out.name();
                    fields += &format!(
                        ",\"{name}_ns\":{ns:.2},\"{name}_commands_per_second\":{:.0}",
                        1e9 / ns
                    );
                    fields += &format!(",\"{name}_best_ns\":{best:.2}");
                    fields += &format!(",\"{name}_ratio\":{:.3}", ns / base);
                }
            }
            format!("{{{fields}}}")
        })
        .collect();
    let standing = case.standing.map_or("null".to_owned(), |n| n.to_string());
    format!(
        "{{\"scenario\":\"{}\",\"standing\":{standing},\"engines\":[{}]}}",
        case.scenario,
        entries.join(",")
    )
}
