//! `buttonwood journal`: looks at a journal, and changes nothing in it.

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

/// Facts between two looks at the progress bar.
const STRIDE: u64 = 1 << 16;

/// Check, print or export a journal of facts; changes nothing in it
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

/// Read all of a journal, check it, fold its facts again, hold its snapshots against that, and tell the hash
///
/// A torn tail, which a crash leaves, is no damage: it is told, and cut and kept in a file when an exchange opens the
/// journal. Damage anywhere else ends with status 1 and says where it is and what to do.
#[derive(clap::Args)]
struct VerifyArgs {
    /// The journal's folder
    dir: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Print facts for people, a line each
///
/// A line has the number of the fact and of the command that brought it about, the time, the kind, the
/// market, the side, the size and the price in the units of the market, and whose order it is. Of a trade,
/// the side is that of the incoming order (taker). A trade's number, trade_id in REST, is that of its fact.
#[derive(clap::Args)]
struct ShowArgs {
    #[command(flatten)]
    select: Select,
}

/// Print facts for programs, a line each
///
/// First come the fields that are stored: price in ticks, lots, numbers of orders. Then follow those that
/// are known from earlier facts: symbol, account, side (of a trade: that of the taker), trade_id (as in
/// REST), maker_account, taker_account, decimal_price and decimal_size in the units of the market.
#[derive(clap::Args)]
struct ExportArgs {
    #[command(flatten)]
    select: Select,
    /// The form of a line
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON, one document a line
    Jsonl,
    /// CSV with a header
    Csv,
}

/// Does it.
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

/// Where a torn tail is, and the last fact before it.
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

/// A file with what was cut at an earlier start.
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
        // Behind a fact that cannot be there is no fold, and that fact is what is to be told.
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
                "intact but for a torn tail of {bytes} bytes at byte {offset} of {segment}, behind fact {after}\n\
                 torn tail: no whole record; a start cuts it off and keeps it in a file. Nothing says that it was \
                 ever durable: after a kill nothing in it was acknowledged, after a loss of power it may be of the \
                 last batch that was, on a disk that has damaged what it had synced"
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
                "\nkept {file}: {} bytes that an earlier start cut off",
                thousands(*bytes)
            );
        }
        for Snapshot { file, facts, state } in &self.snapshots {
            text += &format!("\nsnapshot {file} of {} facts: {state}", thousands(*facts));
        }
        text
    }
}
