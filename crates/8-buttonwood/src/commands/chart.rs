//! `buttonwood chart`: the message sequence of an order or a trade, redrawn from a journal.

use std::path::PathBuf;

use clap::ValueEnum;
use units::CommandId;

use crate::chart::{Redraw, Subject};
use crate::failure::Failure;
use crate::folder;
use crate::output;

/// Draw the message sequence of an order or a trade
///
/// The chart is derived from the journal's facts: it shows the messages of a run without process
/// failures. Prices are in ticks, sizes in lots.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Order number (12), or trade number (trade/57): the trade_id of the REST API
    subject: Subject,
    /// Folder of the journal
    #[arg(long, value_name = "DIR", default_value = super::demo::JOURNAL)]
    journal: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Plain text
    Text,
    /// Mermaid sequence diagram
    Mermaid,
    /// SVG picture
    Svg,
}

/// Draws the chart.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    folder::to_read(&args.journal)?;
    let mut redraw = Redraw::new(args.subject);
    let mut command = (CommandId(0), Vec::new());
    let verified = journal::verify(&args.journal, &mut |stamp, fact| {
        if stamp.command != command.0 {
            redraw.command(&command.1);
            command.1.clear();
            command.0 = stamp.command;
        }
        command.1.push((stamp, fact));
    })?;
    redraw.command(&command.1);
    if let Some(damage) = verified.damage {
        return Err(damage.into());
    }
    let chart = redraw.finish().ok_or_else(|| {
        let dir = args.journal.display();
        let kind = match args.subject {
            Subject::Order(_) => "entered",
            Subject::Trade(_) => "traded",
        };
        Failure::Absent(format!(
            "the journal in {dir} has no {}; list what it has with: buttonwood journal \
             show {dir} --kind {kind}",
            args.subject
        ))
    })?;
    output::text_line(match args.format {
        Format::Text => chart.to_string(),
        Format::Mermaid => chart.mermaid(),
        Format::Svg => chart.svg(),
    })
}
