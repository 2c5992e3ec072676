//! Recorded order flow of real venues, read into asks for an exchange.
//!
//! A reader turns a file into a [`Flow`]; [`feed`] hands it to an exchange. Readers decide nothing
//! about trade: what a venue says it filled makes no command, since our own trades must do that.

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

/// Which venue a file was recorded at.
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

/// What a file's line asks of an exchange.
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
    /// Take off the order that the so-manieth `NewOrder` of this flow (from 0) entered, or `None` if
    /// the file never entered it.
    Cancel {
        /// Index among the places.
        place: Option<u32>,
    },
}

/// One command of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    /// When; never before the event in front of it.
    pub(crate) time: Time,
    /// What.
    pub(crate) wish: Wish,
}

/// A recorded flow: whole in memory, 36 bytes a command, so that reading is not in the time of feeding.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Where it was recorded.
    pub(crate) venue: Venue,
    /// Markets in the order of their first order.
    pub(crate) markets: Vec<MarketSpec>,
    /// Asks, in the file's order.
    pub(crate) events: Vec<Event>,
    /// The line of the file that each command comes of, from 1; the highest number for any beyond that.
    pub(crate) lines: Vec<u32>,
    /// What else the file held.
    pub(crate) told: Told,
}

/// Counts of what a file told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// Order events in the file.
    pub(crate) events: u64,
    /// Events that tell a fill; no command is made of them.
    pub(crate) fills: u64,
    /// Commands that name an order which the file never entered.
    pub(crate) unknown: u64,
    /// Events that came with a time before that of an earlier line, and were given that one's.
    pub(crate) late: u64,
    /// The most that such a time lay back, in milliseconds.
    pub(crate) latest_milliseconds: u64,
}

/// Reads a flow. `path` may be `-` for standard input; xz is told by its first bytes.
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

/// Gives each event a time that never goes back, and remembers how far the file's did.
#[derive(Default)]
struct Clock {
    milliseconds: u64,
}

impl Clock {
    /// The time for an event that the file gives `milliseconds`, or `None` if that is out of range.
    fn at(&mut self, milliseconds: u64, told: &mut Told) -> Option<Time> {
        if milliseconds < self.milliseconds {
            told.late += 1;
            told.latest_milliseconds =
                told.latest_milliseconds.max(self.milliseconds - milliseconds);
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
    fn time_never_goes_back_and_the_worst_is_told() {
        let (mut clock, mut told) = (Clock::default(), Told::default());
        assert_eq!(clock.at(10, &mut told), Some(Time(10_000_000)));
        assert_eq!(clock.at(7, &mut told), Some(Time(10_000_000)));
        assert_eq!(clock.at(9, &mut told), Some(Time(10_000_000)));
        assert_eq!(clock.at(11, &mut told), Some(Time(11_000_000)));
        assert_eq!((told.late, told.latest_milliseconds), (2, 3));
        assert_eq!(clock.at(u64::MAX, &mut told), None);
    }
}
