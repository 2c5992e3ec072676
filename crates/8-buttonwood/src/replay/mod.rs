//! Recorded order flow of real venues, read into commands for an exchange.
//!
//! A reader turns a file into a [`Flow`]; [`feed()`] hands it to an exchange. Readers decide nothing
//! about trade: a venue's fill makes no command, since our own trades must do that.

mod bitstamp;
mod fault;
mod feed;
mod independent_reserve;
mod rejected;
mod sample;
mod source;
mod tape;

use std::path::Path;

use indicatif::ProgressBar;
use protocol::MarketSpec;
use units::{Lots, Price, Side, Time};

pub(crate) use bitstamp::LOT as BITSTAMP_LOT;
pub(crate) use fault::ReadError;
pub(crate) use feed::{MarketEnd, Outcome, feed, markets};
pub(crate) use rejected::{Cause, Group, describe};
pub(crate) use sample::write as write_sample;
pub(crate) use source::STDIN;
pub(crate) use tape::{Comparison, Print, Tape};

use source::Source;

/// The venue of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Venue {
    /// Bitstamp, `orders.csv`.
    Bitstamp,
    /// Independent Reserve, a capture of its WebSocket.
    IndependentReserve,
}

impl Venue {
    /// Its name for people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Venue::Bitstamp => "Bitstamp",
            Venue::IndependentReserve => "Independent Reserve",
        }
    }
}

/// The command of a line, in the venue's terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    /// Enter a limit order, good till cancelled.
    Place {
        /// Index into [`Flow::markets`].
        market: u16,
        /// Buy or sell.
        side: Side,
        /// Limit, in ticks.
        price: Price,
        /// Size.
        quantity: Lots,
    },
    /// Cancel the order of a `NewOrder` of this flow, or of one that the file never entered (`None`).
    Cancel {
        /// Index among the new orders, from 0.
        place: Option<u32>,
    },
}

/// One command of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    /// Its time; never before that of the event in front of it.
    pub(crate) time: Time,
    /// Its command.
    pub(crate) wish: Wish,
}

/// A recorded flow, whole in memory at 36 bytes per command, so that the time of feeding has no reading in it.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Its venue.
    pub(crate) venue: Venue,
    /// Markets in the order of their first order.
    pub(crate) markets: Vec<MarketSpec>,
    /// Commands, in the file's order.
    pub(crate) events: Vec<Event>,
    /// The line of each command in the file, from 1; saturates at the highest number.
    pub(crate) lines: Vec<u32>,
    /// Counts of the file.
    pub(crate) counts: Counts,
}

/// Counts of a file.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    /// Order events in the file.
    pub(crate) events: u64,
    /// Events that report a fill; no command is made of them.
    pub(crate) fills: u64,
    /// Commands that name an order which the file never entered.
    pub(crate) unknown: u64,
    /// Events older than an earlier line, which took that line's time.
    pub(crate) late: u64,
    /// The largest such difference, in milliseconds.
    pub(crate) latest_milliseconds: u64,
}

/// Reads a flow. `path` may be `-` for standard input; xz is recognised by its first bytes.
///
/// Time and memory grow with the file. `progress` counts the bytes read from the disk.
pub(crate) fn read(path: &Path, progress: &ProgressBar) -> Result<Flow, ReadError> {
    let mut source = Source::open(path, progress)?;
    let first = source.first_line()?;
    if bitstamp::begins(first) {
        bitstamp::read(&mut source)
    } else if independent_reserve::begins(first) {
        independent_reserve::read(&mut source)
    } else if tape::begins(first) {
        Err(source.fault(
            "this is a raw capture, which serves as a tape to compare with; replay the orders.csv \
             of the same hours",
        ))
    } else {
        Err(source.unknown_format())
    }
}

/// Gives each event a time that never goes back, and counts the corrections.
#[derive(Default)]
struct Clock {
    milliseconds: u64,
}

impl Clock {
    /// The time of an event at `milliseconds`, or `None` if that is out of range.
    fn at(&mut self, milliseconds: u64, counts: &mut Counts) -> Option<Time> {
        if milliseconds < self.milliseconds {
            counts.late += 1;
            counts.latest_milliseconds =
                counts.latest_milliseconds.max(self.milliseconds - milliseconds);
        }
        self.milliseconds = self.milliseconds.max(milliseconds);
        self.milliseconds.checked_mul(1_000_000).map(Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_of_a_flow_is_small() {
        assert_eq!(size_of::<Event>(), 32);
    }

    #[test]
    fn time_never_goes_back_and_the_worst_is_counts() {
        let (mut clock, mut counts) = (Clock::default(), Counts::default());
        assert_eq!(clock.at(10, &mut counts), Some(Time(10_000_000)));
        assert_eq!(clock.at(7, &mut counts), Some(Time(10_000_000)));
        assert_eq!(clock.at(9, &mut counts), Some(Time(10_000_000)));
        assert_eq!(clock.at(11, &mut counts), Some(Time(11_000_000)));
        assert_eq!((counts.late, counts.latest_milliseconds), (2, 3));
        assert_eq!(clock.at(u64::MAX, &mut counts), None);
    }
}
