//! Why an exchange rejected recorded commands: counts by cause, with the first of each.

use std::collections::BTreeMap;

use protocol::RejectCode;

use super::{Event, Flow, Wish};

/// Rejections per cause that are reported with their line.
const EXAMPLES: usize = 3;

/// Why a command was rejected, beyond its code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Cause {
    /// It cancels an order that the file never entered.
    NeverEntered,
    /// It cancels an order that had traded in full.
    Filled,
    /// It cancels an order that had been cancelled.
    Cancelled,
    /// It cancels an order that had been rejected itself.
    Rejected,
    /// The code is the cause.
    RejectCode,
}

/// State of an order that the file entered, by its own events.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was accepted. It is open unless it has traded in full.
    Entered,
    Cancelled,
    Rejected,
}

/// Rejections with one cause.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Group {
    /// Their number.
    pub(crate) count: u64,
    /// The first of them, by their index in [`Flow::events`].
    pub(crate) examples: Vec<usize>,
}

/// All rejections of a flow. Memory: a byte for each order of the flow.
#[derive(Default)]
pub(crate) struct Rejections {
    fates: Vec<Fate>,
    groups: BTreeMap<(RejectCode, Cause), Group>,
}

impl Rejections {
    /// Takes the result of the next event: a code if it was rejected.
    pub(super) fn take(&mut self, index: usize, wish: Wish, code: Option<RejectCode>) {
        let cause = match (wish, code) {
            (Wish::Place { .. }, None) => return self.fates.push(Fate::Entered),
            (Wish::Place { .. }, Some(_)) => {
                self.fates.push(Fate::Rejected);
                Cause::RejectCode
            }
            (Wish::Cancel { place: None }, None) => return,
            (Wish::Cancel { place: Some(place) }, None) => {
                return self.fates[place as usize] = Fate::Cancelled;
            }
            (Wish::Cancel { place: None }, Some(_)) => Cause::NeverEntered,
            (Wish::Cancel { place: Some(place) }, Some(RejectCode::UnknownOrder)) => {
                match self.fates[place as usize] {
                    // Only its last trade ends an order that was not cancelled.
                    Fate::Entered => Cause::Filled,
                    Fate::Cancelled => Cause::Cancelled,
                    Fate::Rejected => Cause::Rejected,
                }
            }
            (Wish::Cancel { place: Some(_) }, Some(_)) => Cause::RejectCode,
        };
        let Some(code) = code else { return };
        let group = self.groups.entry((code, cause)).or_default();
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(index);
        }
    }

    /// Each cause with its code, in the order of codes.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (RejectCode, Cause, &Group)> {
        self.groups.iter().map(|((code, cause), group)| (*code, *cause, group))
    }
}

impl Cause {
    /// The cause in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Cause::NeverEntered => "never-entered",
            Cause::Filled => "filled",
            Cause::Cancelled => "cancelled",
            Cause::Rejected => "rejected",
            Cause::RejectCode => "code",
        }
    }

    /// The cause as text.
    pub(crate) fn reason(self, code: RejectCode) -> &'static str {
        match self {
            Cause::NeverEntered => {
                "cancel of an order that the file never entered; it was open before the recording"
            }
            Cause::Filled => "cancel of an order that had traded in full here",
            Cause::Cancelled => "cancel of an order that had been cancelled before",
            Cause::Rejected => "cancel of an order that had been rejected itself",
            Cause::RejectCode => code.message(),
        }
    }
}

/// An event as text, in the units of its market, such as `sell 4.00000000 at 236.50`.
pub(crate) fn describe(flow: &Flow, index: usize) -> String {
    match flow.events[index].wish {
        Wish::Place { market, side, price, quantity } => {
            let spec = &flow.markets[usize::from(market)];
            let (size, price) = (spec.lot.write(quantity.0), spec.tick.write(price.0));
            format!("{}: {side} {size} at {price}", spec.symbol)
        }
        Wish::Cancel { place: None } => "cancel of an order that no line before entered".to_owned(),
        Wish::Cancel { place: Some(place) } => {
            let is_place = |event: &Event| matches!(event.wish, Wish::Place { .. });
            let places = (0..).zip(&flow.events).filter(|(_, event)| is_place(event));
            match places.map(|(index, _)| index).nth(place as usize) {
                Some(entered) => {
                    let line = flow.lines[entered];
                    format!("cancel of the order of line {line}, {}", describe(flow, entered))
                }
                None => "cancel".to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use units::{Lots, Price, Side};

    use super::*;

    const PLACE: Wish =
        Wish::Place { market: 0, side: Side::Buy, price: Price(1), quantity: Lots(1) };

    #[test]
    fn each_rejection_has_a_cause() {
        let cancel = |place| Wish::Cancel { place };
        let unknown = Some(RejectCode::UnknownOrder);
        let mut rejections = Rejections::default();
        for (index, (wish, code)) in [
            (PLACE, None),
            (PLACE, Some(RejectCode::BadQuantity)),
            (PLACE, None),
            (cancel(None), unknown),
            (cancel(Some(0)), None),
            (cancel(Some(0)), unknown),
            (cancel(Some(1)), unknown),
            (cancel(Some(2)), unknown),
            (cancel(Some(2)), Some(RejectCode::Failed)),
        ]
        .into_iter()
        .enumerate()
        {
            rejections.take(index, wish, code);
        }
        let counts: Vec<_> = rejections
            .groups()
            .map(|(code, cause, group)| (code, cause, group.examples[0]))
            .collect();
        assert_eq!(
            counts,
            [
                (RejectCode::UnknownOrder, Cause::NeverEntered, 3),
                (RejectCode::UnknownOrder, Cause::Filled, 7),
                (RejectCode::UnknownOrder, Cause::Cancelled, 5),
                (RejectCode::UnknownOrder, Cause::Rejected, 6),
                (RejectCode::BadQuantity, Cause::RejectCode, 1),
                (RejectCode::Failed, Cause::RejectCode, 8),
            ]
        );
    }

    #[test]
    fn all_are_counted_and_the_first_are_kept() {
        let mut rejections = Rejections::default();
        for index in 0..10 {
            rejections.take(index, Wish::Cancel { place: None }, Some(RejectCode::UnknownOrder));
        }
        let (_, _, group) = rejections.groups().next().unwrap();
        assert_eq!((group.count, &group.examples[..]), (10, &[0, 1, 2][..]));
    }
}
