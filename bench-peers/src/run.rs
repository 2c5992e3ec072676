//! Rounds: engines take turns, each with an empty book, so that other load on the machine
//! affects all of them alike.

#[allow(clippy::disallowed_types, reason = "time is what is measured here")]
use std::time::Instant;

use units::Price;

use crate::engines::Engine;
use crate::queue::Queue;
use crate::report::{Kind, Report, Sink, Tally};
use crate::script::Script;

/// Destination of a timed run's reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Out {
    /// Through the queue to a thread on the other core, until it has read the last.
    Queue,
    /// Into a checksum on the engine's own thread.
    Fold,
}

impl Out {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Out::Queue => "queue",
            Out::Fold => "fold",
        }
    }
}

/// One engine's part in a comparison.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The tally of its reports.
    pub tally: Tally,
    /// Trades that were worse than the incoming order's limit.
    pub past_limit: u64,
    /// Nanoseconds per command of each round: through the queue.
    pub queue: Vec<f64>,
    /// The same, folded.
    pub fold: Vec<f64>,
    time: fn(&Script, Out) -> f64,
}

impl Entry {
    /// Runs the engine once, untimed, for its reports.
    pub fn new<E: Engine>(script: &Script) -> Entry {
        let (commands, _) = E::translate(script);
        let mut judge = Judge { script, tally: Tally::default(), past_limit: 0 };
        E::new(script).feed(&commands, &mut judge);
        Entry {
            name: E::NAME,
            tally: judge.tally,
            past_limit: judge.past_limit,
            queue: Vec::new(),
            fold: Vec::new(),
            time: time::<E>,
        }
    }

    /// One more timed run.
    pub fn round(&mut self, script: &Script, out: Out) {
        let ns = (self.time)(script, out);
        match out {
            Out::Queue => self.queue.push(ns),
            Out::Fold => self.fold.push(ns),
        }
    }

    /// The median of the rounds, in nanoseconds per command; `None` if there were none.
    pub fn median(&self, out: Out) -> Option<f64> {
        let mut rounds = self.rounds(out).to_vec();
        rounds.sort_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied()
    }

    /// The best of the rounds: the machine's speed without other load.
    pub fn best(&self, out: Out) -> Option<f64> {
        self.rounds(out).iter().copied().min_by(f64::total_cmp)
    }

    fn rounds(&self, out: Out) -> &[f64] {
        match out {
            Out::Queue => &self.queue,
            Out::Fold => &self.fold,
        }
    }
}

/// Compares each trade's price with the incoming order's limit.
struct Judge<'a> {
    script: &'a Script,
    tally: Tally,
    past_limit: u64,
}

impl Sink for Judge<'_> {
    fn report(&mut self, report: Report) {
        self.tally.report(report);
        if report.kind == Kind::Traded {
            let kept = self
                .script
                .limit(report.command)
                .is_some_and(|(side, limit)| side.accepts(limit, Price(report.price)));
            self.past_limit += u64::from(!kept);
        }
    }
}

#[allow(clippy::disallowed_types, reason = "time is what is measured here")]
/// Feeds a fresh engine; returns nanoseconds per command, without the standing book.
fn time<E: Engine>(script: &Script, out: Out) -> f64 {
    let (commands, standing) = E::translate(script);
    let (before, timed) = commands.split_at(standing);
    let mut engine = E::new(script);
    let spent = match out {
        Out::Queue => {
            let mut queue = Queue::start();
            engine.feed(before, &mut queue);
            queue.drain();
            let start = Instant::now();
            engine.feed(timed, &mut queue);
            queue.drain();
            let spent = start.elapsed();
            std::hint::black_box(queue.finish());
            spent
        }
        Out::Fold => {
            let mut tally = Tally::default();
            engine.feed(before, &mut tally);
            let start = Instant::now();
            engine.feed(timed, &mut tally);
            let spent = start.elapsed();
            std::hint::black_box(tally);
            spent
        }
    };
    spent.as_secs_f64() * 1e9 / script.timed() as f64
}
