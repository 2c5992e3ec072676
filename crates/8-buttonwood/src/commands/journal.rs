//! `buttonwood journal`: reads a journal, and never changes it.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use indicatif::ProgressBar;
use journal::{Checked, Cut, Fold, Verified};
use ledger::{Ledger, follows};
use protocol::{Fact, Stamp};
use serde::Serialize;

use crate::facts::{self, Select};
use crate::failure::Failure;
use crate::folder;
use crate::output::{self, thousands};

/// Facts between two updates of the progress bar.
const STRIDE: u64 = 1 << 16;

/// Verify, print or export a journal; never changes it
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Verify(VerifyArgs),
    Show(ShowArgs),
    Export(ExportArgs),
}

/// Verify a journal: checksums, sequence, laws and snapshots; print its hash
///
/// A torn tail, which a crash leaves, is reported and is not damage: the next start of an exchange truncates it and
/// keeps the bytes in a file. Damage anywhere else ends with status 1, its location and what to do.
#[derive(clap::Args)]
struct VerifyArgs {
    /// Folder of the journal
    dir: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Print facts as text, one per line
///
/// A line has the number of the fact and of its command, the time, the kind, the market, the side, the
/// size and the price in the market's units, and the account. The side of a trade is that of the
/// incoming order (taker). The number of a trade, trade_id in REST, is that of its fact.
#[derive(clap::Args)]
struct ShowArgs {
    #[command(flatten)]
    select: Select,
}

/// Export facts as JSON lines or CSV
///
/// Stored fields come first: price in ticks, quantity in lots, order numbers. Fields derived from
/// earlier facts follow: symbol, account, side (of a trade: that of the taker), trade_id (as in
/// REST), maker_account, taker_account, decimal_price and decimal_size in the market's units.
#[derive(clap::Args)]
struct ExportArgs {
    #[command(flatten)]
    select: Select,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON, one document per line
    Jsonl,
    /// CSV with a header
    Csv,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.what {
        What::Verify(args) => verify(args),
        What::Show(ShowArgs { select }) => select.print(None, facts::text),
        What::Export(ExportArgs { select, format: Format::Csv }) => {
            select.print(Some(facts::csv_head()), facts::csv)
        }
        What::Export(ExportArgs { select, format: Format::Jsonl }) => {
            select.print(None, facts::json)
        }
    }
}

#[derive(Serialize)]
struct Report {
    facts: u64,
    trades: u64,
    facts_hash: String,
    intact: bool,
    cut_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    torn: Option<Torn>,
    kept: Vec<Kept>,
    snapshots: Vec<Snapshot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
}

/// Location of a torn tail, and the last fact before it.
#[derive(Serialize)]
struct Torn {
    segment: String,
    offset: u64,
    bytes: u64,
    after: u64,
}

impl From<Cut> for Torn {
    fn from(Cut { segment, offset, bytes, after, kept: _ }: Cut) -> Torn {
        Torn { segment, offset, bytes, after }
    }
}

/// A file with bytes that an earlier start truncated.
#[derive(Serialize)]
struct Kept {
    file: String,
    bytes: u64,
}

impl From<journal::Kept> for Kept {
    fn from(journal::Kept { file, bytes }: journal::Kept) -> Kept {
        Kept { file, bytes }
    }
}

#[derive(Serialize)]
struct Snapshot {
    file: String,
    facts: u64,
    state: &'static str,
}

impl From<Checked> for Snapshot {
    fn from(Checked { file, facts, state }: Checked) -> Snapshot {
        Snapshot { file, facts, state }
    }
}

/// What `verify` folds the facts to.
struct Folding {
    ledger: Ledger,
    last: Stamp,
    /// The first fact that breaks a law, and how.
    wrong: Option<String>,
    bar: ProgressBar,
}

impl Fold for Folding {
    fn apply(&mut self, stamp: Stamp, fact: Fact) {
        if self.wrong.is_none() {
            let folded = follows(self.last, stamp, &fact).and_then(|()| self.ledger.apply(&fact));
            self.wrong = folded.err().map(|why| format!("fact {} breaks a law: {why}", stamp.seq));
        }
        self.last = stamp;
        if stamp.seq.is_multiple_of(STRIDE) {
            self.bar.inc(STRIDE);
        }
    }

    fn is(&self, bytes: &[u8]) -> bool {
        // After a fact that breaks a law there is no ledger to check, and that fact is what must be reported.
        self.wrong.is_some() || exchange::is_snapshot_of(bytes, &self.ledger, self.last)
    }
}

fn verify(args: &VerifyArgs) -> Result<(), Failure> {
    folder::to_read(&args.dir)?;
    let bar = output::spinner("verifying");
    let (ledger, last) = (Ledger::new(), Stamp::default());
    let mut folding = Folding { ledger, last, wrong: None, bar };
    let verified = journal::verify_with_snapshots(&args.dir, &mut folding)?;
    let Folding { ledger, wrong, bar, .. } = folding;
    bar.finish_and_clear();
    let Verified { facts, facts_hash, intact, cut_bytes, torn, kept, snapshots, damage, .. } =
        verified;
    let report = Report {
        facts,
        trades: ledger.trades(),
        facts_hash: facts_hash.to_string(),
        intact: intact && wrong.is_none(),
        cut_bytes,
        torn: torn.map(Torn::from),
        kept: kept.into_iter().map(Kept::from).collect(),
        snapshots: snapshots.into_iter().map(Snapshot::from).collect(),
        damage: damage.as_ref().map(ToString::to_string).or(wrong.clone()),
    };
    if args.json {
        output::json(&report)?;
    } else {
        output::text_line(report.summary())?;
    }
    match (damage, wrong) {
        (Some(damage), _) => Err(damage.into()),
        (None, Some(wrong)) => Err(Failure::Law { dir: args.dir.clone(), wrong }),
        (None, None) => Ok(()),
    }
}

impl Report {
    fn summary(&self) -> String {
        let state = match (self.intact, &self.torn) {
            (false, _) => "up to the damage".to_owned(),
            (true, None) => "intact".to_owned(),
            (true, Some(Torn { segment, offset, bytes, after })) => format!(
                "intact except for a torn tail of {bytes} bytes at byte {offset} of {segment}, after fact {after}\n\
                 torn tail: a partial record; the next start truncates it and saves it in a file. The journal \
                 has no proof that it was durable. After a kill, nothing in it was acknowledged. After a loss \
                 of power, it may be part of the last acknowledged batch, on a disk that damaged synced data"
            ),
        };
        let mut text = format!(
            "{} facts, {} trades, {state}\nhash {}",
            thousands(self.facts),
            thousands(self.trades),
            self.facts_hash
        );
        for Kept { file, bytes } in &self.kept {
            text += &format!(
                "\nkept {file}: {} bytes that an earlier start truncated",
                thousands(*bytes)
            );
        }
        for Snapshot { file, facts, state } in &self.snapshots {
            text += &format!("\nsnapshot {file} of {} facts: {state}", thousands(*facts));
        }
        text
    }
}
