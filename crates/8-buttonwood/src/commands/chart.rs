//! `buttonwood chart`: what happened to an order or in a trade, redrawn from a journal.

use std::path::PathBuf;

use clap::ValueEnum;
use units::CommandId;

use crate::chart::{Redraw, Subject};
use crate::failure::Failure;
use crate::folder;
use crate::output;

/// Draw what happened to an order or in a trade
///
/// The chart is redrawn from the journal's facts: what is drawn between processes is what they said
/// if none of them failed meanwhile. Prices are in ticks, sizes in lots.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An order as its number (12), or a trade as that of its fact, its trade_id (trade/57)
    subject: Subject,
    /// The journal's folder
    #[arg(long, value_name = "DIR", default_value = super::demo::JOURNAL)]
    journal: PathBuf,
    /// The form of the chart
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines of text
    Text,
    /// A Mermaid sequence diagram
    Mermaid,
    /// A picture
    Svg,
}

/// Draws it.
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
            "the journal in {dir} knows of no {}; those that it knows are listed by: buttonwood journal \
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
