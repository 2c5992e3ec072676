//! How fast a journal becomes a running exchange again: opened, checked, folded, every open order a
//! process. The journal is in the system's memory already, since it was just written.

use std::path::Path;

use exchange::{Exchange, Options};
use journal::DiskJournal;
use lab::flow::{self, Flow, Scenario};
use protocol::{Command, Response};
use serde::Serialize;
use units::{CommandId, Time};

use super::measure::{figure, least, median, per_second, time};
use super::{BenchError, folder};
use crate::journal_writer::JournalWriter;
use crate::output::thousands;
use crate::table::Table;

/// What was measured.
#[derive(Serialize)]
pub(crate) struct Recovery {
    facts: u64,
    /// Of the whole way, from opening the journal to the last order's process.
    seconds: f64,
    best_seconds: f64,
    facts_per_second: u64,
    /// Of that, opening: every record is read and its checksum and chain are checked.
    seconds_to_open: f64,
    best_seconds_to_open: f64,
    open_orders: usize,
    bytes: u64,
    runs: u32,
}

impl Recovery {
    /// For people.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let title = format!(
            "A journal of {} facts ({} MB) to an exchange with {} open orders: {} runs",
            thousands(self.facts),
            thousands(self.bytes / 1_000_000),
            thousands(self.open_orders as u64),
            self.runs
        );
        let milliseconds = |seconds: f64| figure(1_000.0 * seconds);
        let row =
            |what: &str, median, best| [what.to_owned(), milliseconds(median), milliseconds(best)];
        let rows = [
            row("whole start", self.seconds, self.best_seconds),
            row("of that, read and check", self.seconds_to_open, self.best_seconds_to_open),
        ];
        let rate = [["facts/s, median".to_owned(), thousands(self.facts_per_second)]];
        vec![
            Table::new(title, &["part", "median ms", "best ms"]).rows(rows),
            Table::new("Over all", &["figure", "value"]).rows(rate),
        ]
    }
}

/// What to measure.
pub(crate) struct Plan<'a> {
    /// About how many facts.
    pub(crate) facts: u64,
    /// Where the journal is made.
    pub(crate) dir: &'a Path,
    /// The flow's chance.
    pub(crate) seed: u64,
    /// Runs; the report has their median.
    pub(crate) runs: u32,
}

/// Makes a journal, and recovers from it. `progress` gets the facts that were done.
pub(crate) fn run(plan: &Plan, progress: &dyn Fn(u64)) -> Result<Recovery, BenchError> {
    let dir = folder(plan.dir)?;
    let (facts, bytes) = make(plan, dir.path(), progress)?;
    let mut whole = Vec::new();
    let mut opening = Vec::new();
    let mut open_orders = 0;
    for _ in 0..plan.runs {
        let (opened, to_open) = time(|| DiskJournal::open(dir.path(), journal::Options::default()));
        let mut journal = opened?;
        let (recovered, to_fold) = time(|| exchange::recover(&mut journal, Options::default()));
        let (_exchange, recovered) = recovered.map_err(BenchError::Recover)?;
        assert_eq!((recovered.facts, recovered.from_snapshot), (facts, 0), "all facts were folded");
        open_orders = recovered.open_orders;
        opening.push(to_open.as_secs_f64());
        whole.push((to_open + to_fold).as_secs_f64());
        progress(facts);
    }
    let seconds = median(&mut whole);
    Ok(Recovery {
        facts,
        seconds,
        best_seconds: least(&whole),
        facts_per_second: per_second(facts, std::time::Duration::from_secs_f64(seconds)),
        seconds_to_open: median(&mut opening),
        best_seconds_to_open: least(&opening),
        open_orders,
        bytes,
        runs: plan.runs,
    })
}

/// A journal of generated flow; its facts and the bytes that they take.
fn make(plan: &Plan, dir: &Path, progress: &dyn Fn(u64)) -> Result<(u64, u64), BenchError> {
    let mut writer = JournalWriter::open(dir)?;
    let mut exchange = Exchange::new(Options::default());
    let mut failed = None;
    let mut facts = 0;
    let mut sink = |_: CommandId, response: Response| {
        if let (Response::Fact(stamp, fact), None) = (response, &failed) {
            facts = stamp.seq;
            failed = writer.keep(&stamp, &fact).err();
        }
    };
    exchange.begin(Time(0), &mut sink);
    exchange.submit(Time(0), &Command::OpenMarket(flow::market()), &mut sink);
    let options = flow::Options { first: exchange.next_command(), ..flow::Options::default() };
    for (command, at) in Flow::new(Scenario::Calm, plan.seed, options).zip(1u64..) {
        exchange.submit(Time(at * 1_000), &command, &mut sink);
        let facts = exchange.ledger().facts();
        if facts >= plan.facts {
            break;
        }
        if at.is_multiple_of(1 << 14) {
            progress(1 << 14);
        }
    }
    match failed {
        Some(why) => return Err(why.into()),
        None => writer.finish()?,
    }
    Ok((facts, super::bytes_of_facts(dir)?))
}
