//! `buttonwood replay`: feeds recorded order flow to an exchange and reports the result.
#![allow(clippy::disallowed_types, reason = "measures how long it took")]

use std::collections::BTreeMap;
use std::fs::{DirEntry, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Instant;

use exchange::Exchange;
use serde::Serialize;
use units::{Lots, Price, Scale};

use crate::failure::Failure;
use crate::journal_writer::JournalWriter;
use crate::output::{self, thousands};
use crate::replay::{self, Cause, Comparison, Flow, MarketEnd, Outcome, Tape, Venue};

/// Replay recorded order flow and report the result
///
/// Reads Bitstamp's orders.csv and Independent Reserve's WebSocket capture, plain or xz. The venue's
/// orders become limit orders, its cancels cancels. Its fills are skipped, since the exchange makes its
/// own trades. Cancels of orders that the file never entered are submitted as cancels of order 0 and
/// are rejected as unknown-order. The exchange's clock never goes back: an event that is older than the
/// one before it takes that one's time. The measured time runs from the first command to the last,
/// with the hash of all facts and the journal if there is one, without reading the file. Rejections
/// are reported by cause, with the lines of the first three of each.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Recording, or '-' for standard input
    file: PathBuf,
    /// Write a sample recording to FILE instead, which must not exist ('-' for standard output): some
    /// minutes of generated flow in the format of Bitstamp's orders.csv
    #[arg(long, conflicts_with_all = ["tape", "journal", "json"])]
    sample: bool,
    /// Seed of the sample; the same seed gives the same file
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "sample")]
    seed: u64,
    /// Raw capture of the venue, whose trades are compared with ours (Bitstamp only); the default is
    /// YYYY-MM-DD.log.xz or .log beside FILE, if it exists
    #[arg(long, value_name = "FILE")]
    tape: Option<PathBuf>,
    /// Write the facts to a journal in this folder, which must be empty or absent
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the replay.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.sample {
        return sample(&args.file, args.seed);
    }
    if let Some(dir) = &args.journal {
        check_empty(dir)?;
    }
    let flow = {
        let bar = output::bytes_bar("reading");
        let flow = replay::read(&args.file, &bar)?;
        bar.finish_and_clear();
        flow
    };
    let tape = find_tape(args, &flow)?;
    let mut writer = args.journal.as_deref().map(JournalWriter::open).transpose()?;
    let bar = output::count_bar("feeding", flow.events.len() as u64);
    let mut exchange = Exchange::new(exchange::Options::default());
    let start = Instant::now();
    let outcome = replay::feed(&mut exchange, &flow, &bar, |stamp, fact| match &mut writer {
        Some(writer) => writer.keep(stamp, fact),
        None => Ok(()),
    })?;
    writer.map_or(Ok(()), JournalWriter::finish)?;
    let hash = outcome.hash.to_string();
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();

    let comparison =
        tape.map(|(path, tape)| TapeReport::new(&path, &tape.compare(&outcome.prints)));
    let report =
        Report::new(&flow, &outcome, &replay::markets(&exchange), seconds, hash, comparison);
    if args.json { output::json(&report) } else { output::text_line(report.summary()) }
}

/// Writes a sample to a new file, or to standard output.
fn sample(path: &Path, seed: u64) -> Result<(), Failure> {
    if path.as_os_str() == replay::STDIN {
        let written = replay::write_sample(seed, &mut BufWriter::new(io::stdout().lock()));
        return written.map(|_| ()).map_err(Failure::Output);
    }
    let name = path.display();
    let file = File::create_new(path).map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage(format!(
            "--sample: {name} exists and is not overwritten; name a new file, or replay the existing one without --sample"
        )),
        _ => Failure::File { path: path.to_owned(), why },
    })?;
    let written = replay::write_sample(seed, &mut BufWriter::new(file));
    let sample = written.map_err(|why| Failure::File { path: path.to_owned(), why })?;
    output::text_line(format!(
        "wrote {name}: {} events with {} trades, seed {seed}\nnow run: buttonwood replay {name}",
        thousands(sample.events),
        thousands(sample.trades)
    ))
}

/// Fails unless the folder can hold a new journal; the replay's journal holds its own facts only.
fn check_empty(dir: &Path) -> Result<(), Failure> {
    let wrong = |what: &str| {
        Err(Failure::Usage(format!(
            "--journal: {} {what}; give a folder that is empty or absent",
            dir.display()
        )))
    };
    // A replay that ran out of disk space before its first segment leaves files, but no journal.
    let is_other = |entry: io::Result<DirEntry>| match entry {
        Ok(entry) => !journal::WITHOUT_FACTS.iter().any(|name| entry.file_name() == *name),
        Err(_) => true,
    };
    match std::fs::read_dir(dir).map(|mut entries| !entries.any(is_other)) {
        Ok(true) => Ok(()),
        Ok(false) => wrong("is not empty"),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => wrong(&format!("cannot be read: {why}")),
    }
}

/// The tape of `--tape`, or the one beside the recording.
fn find_tape(args: &Args, flow: &Flow) -> Result<Option<(PathBuf, Tape)>, Failure> {
    let path = match (&args.tape, flow.venue) {
        (Some(path), Venue::Bitstamp) => Some(path.clone()),
        (Some(_), venue) => {
            let what = format!(
                "--tape: only raw captures of Bitstamp are supported, and {} is from {}",
                args.file.display(),
                venue.as_str()
            );
            return Err(Failure::Usage(what));
        }
        (None, Venue::Bitstamp) => tape_beside(&args.file, flow),
        (None, Venue::IndependentReserve) => None,
    };
    let Some(path) = path else { return Ok(None) };
    let bar = output::bytes_bar("reading the tape");
    let tape = Tape::read(&path, &bar)?;
    bar.finish_and_clear();
    Ok(Some((path, tape)))
}

/// The raw capture named after the day of the flow's first event.
fn tape_beside(file: &Path, flow: &Flow) -> Option<PathBuf> {
    if file.as_os_str() == replay::STDIN {
        return None;
    }
    let day = output::date(flow.events.first()?.time);
    let beside = |ending| file.with_file_name(format!("{day}.{ending}"));
    ["log.xz", "log"].map(beside).into_iter().find(|path| path.is_file())
}

#[derive(Serialize)]
struct Report {
    venue: &'static str,
    events: u64,
    fills_skipped: u64,
    late_events: u64,
    latest_milliseconds: u64,
    commands: u64,
    facts: u64,
    trades: u64,
    quantity: u128,
    refusals: BTreeMap<&'static str, u64>,
    rejections: Vec<Rejection>,
    unknown_to_the_file: u64,
    seconds: f64,
    commands_per_second: f64,
    markets: Vec<MarketReport>,
    facts_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tape: Option<TapeReport>,
}

/// Rejections with one cause.
#[derive(Serialize)]
struct Rejection {
    code: &'static str,
    cause: &'static str,
    reason: &'static str,
    count: u64,
    /// The first three of them.
    examples: Vec<Example>,
}

#[derive(Serialize)]
struct Example {
    /// The line of the file, from 1.
    line: u32,
    what: String,
}

#[derive(Serialize)]
struct MarketReport {
    market: String,
    tick: String,
    lot: String,
    trades: u64,
    /// Traded quantity, in the market's units.
    volume: String,
    best_bid: Option<String>,
    best_bid_size: Option<String>,
    best_ask: Option<String>,
    best_ask_size: Option<String>,
    resting: usize,
}

#[derive(Serialize)]
struct TapeReport {
    file: String,
    venue_trades: u64,
    venue_volume: String,
    our_trades: u64,
    our_volume: String,
    matched: u64,
    matched_share: f64,
    matched_with_the_same_size: u64,
    why_they_can_differ: &'static str,
}

/// Most columns of a paragraph of text.
const WIDTH: usize = 100;

/// Why our trades can differ from the venue's.
const WHY: &str = "The recording begins with an empty book: orders that rested at the venue before it \
    began cannot trade with us, so what hit them there rests or trades elsewhere here, and ours rest \
    that were filled there. Events stand in the order in which a client heard them, a few of them \
    milliseconds out of turn, and the venue's own order decides who trades first. What the venue \
    filled or took off without an event that the client heard goes on standing in our book.";

impl TapeReport {
    fn new(path: &Path, comparison: &Comparison) -> TapeReport {
        let volume = |quantity: u64| replay::BITSTAMP_LOT.write(quantity).to_string();
        TapeReport {
            file: path.display().to_string(),
            venue_trades: comparison.venue_trades,
            venue_volume: volume(comparison.venue_quantity),
            our_trades: comparison.our_trades,
            our_volume: volume(comparison.our_quantity),
            matched: comparison.matched_trades,
            matched_share: comparison.matched_share(),
            matched_with_the_same_size: comparison.matched_quantity_too,
            why_they_can_differ: WHY,
        }
    }
}

/// Every rejection, by cause.
fn rejections(flow: &Flow, outcome: &Outcome) -> Vec<Rejection> {
    let rejection = |(code, cause, group): (protocol::RejectCode, Cause, &replay::Group)| {
        let example = |&index: &usize| Example {
            line: flow.lines[index],
            what: replay::describe(flow, index),
        };
        Rejection {
            code: code.as_str(),
            cause: cause.as_str(),
            reason: cause.reason(code),
            count: group.count,
            examples: group.examples.iter().map(example).collect(),
        }
    };
    outcome.rejections.groups().map(rejection).collect()
}

impl MarketReport {
    fn new(end: &MarketEnd, outcome: &Outcome) -> MarketReport {
        let traded = outcome.volumes.get(&end.market).copied().unwrap_or_default();
        let write = |scale: Scale, steps: i128| scale.write(steps).to_string();
        let price = |best: Option<(Price, Lots)>| {
            best.map(|(price, _)| write(end.spec.tick, price.0.into()))
        };
        let size = |best: Option<(Price, Lots)>| {
            best.map(|(_, quantity)| write(end.spec.lot, quantity.0.into()))
        };
        MarketReport {
            market: end.spec.symbol.to_string(),
            tick: end.spec.tick.step().to_string(),
            lot: end.spec.lot.step().to_string(),
            trades: traded.trades,
            // A quantity above i64::MAX lots would need more trades than there can be.
            volume: write(end.spec.lot, i128::try_from(traded.quantity).unwrap_or(i128::MAX)),
            best_bid: price(end.best_bid),
            best_bid_size: size(end.best_bid),
            best_ask: price(end.best_ask),
            best_ask_size: size(end.best_ask),
            resting: end.resting,
        }
    }
}

impl Report {
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    fn new(
        flow: &Flow,
        outcome: &Outcome,
        markets: &[MarketEnd],
        seconds: f64,
        facts_hash: String,
        tape: Option<TapeReport>,
    ) -> Report {
        let refusals =
            outcome.refusals.iter().map(|(code, count)| (code.as_str(), *count)).collect();
        Report {
            venue: flow.venue.as_str(),
            events: flow.counts.events,
            fills_skipped: flow.counts.fills,
            late_events: flow.counts.late,
            latest_milliseconds: flow.counts.latest_milliseconds,
            commands: outcome.commands,
            facts: outcome.facts,
            trades: outcome.trades,
            quantity: outcome.quantity,
            refusals,
            rejections: rejections(flow, outcome),
            unknown_to_the_file: flow.counts.unknown,
            seconds,
            commands_per_second: outcome.commands as f64 / seconds,
            markets: markets.iter().map(|end| MarketReport::new(end, outcome)).collect(),
            facts_hash,
            tape,
        }
    }

    /// The report as text.
    fn summary(&self) -> String {
        let mut lines = vec![
            format!(
                "{}: {} events, {} commands, {} facts, {} trades\n  fed in {:.3} s, {} commands/s",
                self.venue,
                thousands(self.events),
                thousands(self.commands),
                thousands(self.facts),
                thousands(self.trades),
                self.seconds,
                thousands(whole(self.commands_per_second)),
            ),
            format!("  {} events report a fill and made no command", thousands(self.fills_skipped)),
        ];
        if self.late_events > 0 {
            lines.push(format!(
                "  {} events came out of order, by {} ms at most, and took the time of the one before",
                thousands(self.late_events),
                thousands(self.latest_milliseconds)
            ));
        }
        for Rejection { code, reason, count, examples, .. } in &self.rejections {
            lines.push(format!("rejected {} as {code}: {reason}", thousands(*count)));
            lines.extend(examples.iter().map(|of| format!("  line {}: {}", of.line, of.what)));
        }
        lines.extend(self.markets.iter().map(MarketReport::line));
        lines.extend(self.tape.iter().map(TapeReport::lines));
        lines.push(format!("hash     {}", self.facts_hash));
        lines.join("\n")
    }
}

impl MarketReport {
    fn line(&self) -> String {
        let side = |price: &Option<String>, size: &Option<String>| match (price, size) {
            (Some(price), Some(size)) => format!("{size} at {price}"),
            _ => "none".to_owned(),
        };
        let base = self.market.split('-').next().unwrap_or_default();
        format!(
            "{:<8} {} trades of {} {base}, {} orders resting\n  best bid {}, best ask {}",
            self.market,
            thousands(self.trades),
            self.volume,
            thousands(self.resting as u64),
            side(&self.best_bid, &self.best_bid_size),
            side(&self.best_ask, &self.best_ask_size),
        )
    }
}

impl TapeReport {
    fn lines(&self) -> String {
        let columns = output::columns().unwrap_or(WIDTH).clamp(24, WIDTH);
        format!(
            "tape     {}\n  the venue made {} trades of {}, the exchange {} of {}\n  {} of the venue's ({:.1} %) we \
             made at the same price within a second, {} of them of the same size\n  {}",
            self.file,
            thousands(self.venue_trades),
            self.venue_volume,
            thousands(self.our_trades),
            self.our_volume,
            thousands(self.matched),
            100.0 * self.matched_share,
            thousands(self.matched_with_the_same_size),
            output::wrapped(self.why_they_can_differ, columns - 2).join("\n  ")
        )
    }
}

/// A rate, rounded to a whole number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is at least 0")]
fn whole(rate: f64) -> u64 {
    rate as u64
}
