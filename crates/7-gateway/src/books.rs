//! A cache of written books.
//!
//! A book of many levels is long to write, and many clients ask for the same one. So levels 2 and 3 are written once for
//! each state of the market, which its `sequence` names.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use units::MarketId;
use views::Market;

/// Most bytes of books that are kept.
const KEPT: usize = 64 << 20;

/// The written books, each of its market at one sequence.
///
/// - all of them together have at most `KEPT` bytes, or there is only one
/// - each is the book of its market at its sequence: no other fact changes a book
#[derive(Default)]
pub(crate) struct Books {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    books: BTreeMap<(MarketId, u64), (u64, Bytes)>,
    bytes: usize,
    /// How many were ever written.
    writes: u64,
}

impl Books {
    /// The book of a market as it is now; `write` writes it if none is kept. One book is written at a time, so requests
    /// for the same book wait for it.
    pub(crate) fn written(
        &self,
        market: &Market,
        level: u64,
        write: impl FnOnce() -> Bytes,
    ) -> Bytes {
        // A thread that died in here left no half entry: the books are inserted whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (market.id, level);
        if let Some((sequence, written)) = kept.books.get(&key)
            && *sequence == market.sequence
        {
            return written.clone();
        }
        let written = write();
        kept.forget(key);
        // Which go first matters little: a book in demand is soon written again.
        while kept.bytes + written.len() > KEPT
            && let Some((&oldest, _)) = kept.books.first_key_value()
        {
            kept.forget(oldest);
        }
        kept.bytes += written.len();
        kept.writes += 1;
        kept.books.insert(key, (market.sequence, written.clone()));
        written
    }
}

impl Kept {
    fn forget(&mut self, key: (MarketId, u64)) {
        if let Some((_, written)) = self.books.remove(&key) {
            self.bytes -= written.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Entered, Fact, MarketSpec, NewOrder, Stamp, TimeInForce};
    use units::{AccountId, CommandId, Lots, OrderId, Price, Scale, Side, Time};
    use views::Views;

    use super::*;

    /// Views of two markets, and a way to put an order into one.
    struct Two {
        views: Views,
        seq: u64,
    }

    impl Two {
        fn new() -> Two {
            let mut two = Two { views: Views::default(), seq: 0 };
            for market in [0, 1] {
                let symbol = format!("M{market}-USD").parse().expect("a symbol");
                let spec = MarketSpec::new(symbol, Scale::places(2), Scale::places(0));
                two.apply(Fact::MarketOpened { market: MarketId(market), spec });
            }
            two
        }

        fn apply(&mut self, fact: Fact) {
            self.seq += 1;
            self.views.apply(
                &Stamp { seq: self.seq, command: CommandId(self.seq), time: Time(0) },
                &fact,
            );
        }

        fn enter(&mut self, market: u16, price: i64) {
            self.apply(Fact::Entered(Entered {
                order: OrderId(self.seq + 1),
                new: NewOrder {
                    account: AccountId(1),
                    client: None,
                    market: MarketId(market),
                    side: Side::Buy,
                    price: Price(price),
                    quantity: Lots(1),
                    time_in_force: TimeInForce::GoodTillCancel,
                },
            }));
        }

        /// The first market's book, which here is its sequence and level.
        fn book(&self, books: &Books, level: u64) -> Bytes {
            let market = self.views.market(MarketId(0)).expect("it was opened");
            let write = || format!("{}/{level}", market.sequence).into();
            books.written(market, level, write)
        }
    }

    #[test]
    fn a_book_is_written_once_for_each_sequence_and_level() {
        let (mut two, books) = (Two::new(), Books::default());
        two.enter(0, 100);
        let writes = || books.kept.lock().expect("no thread died").writes;
        let first = two.book(&books, 2);
        for _ in 0..10 {
            assert_eq!(two.book(&books, 2), first);
        }
        assert_eq!(writes(), 1);
        two.enter(1, 100);
        assert_eq!(two.book(&books, 2), first, "another market has changed");
        assert_eq!(writes(), 1);
        assert_ne!(two.book(&books, 3), first);
        two.enter(0, 101);
        assert_ne!(two.book(&books, 2), first);
        assert_eq!(writes(), 3);
        let kept = books.kept.lock().expect("no thread died");
        assert_eq!(
            kept.bytes,
            kept.books.values().map(|(_, written)| written.len()).sum::<usize>()
        );
    }
}
