//! The baseline: a plain book as one would write it, two `BTreeMap`s of levels, a list of orders
//! in each level, a hash map from an order's number to its place. No processes, accounts, journal
//! or checks.

use std::collections::BTreeMap;

use protocol::{Command, NewOrder, Replace, TimeInForce};
use rustc_hash::FxHashMap;
use units::Side;

use crate::report::{Kind, Report, Sink};

const NONE: u32 = u32::MAX;

struct Order {
    id: u64,
    price: i64,
    size: u64,
    filled: u64,
    side: Side,
    before: u32,
    after: u32,
}

impl Order {
    fn open(&self) -> u64 {
        self.size - self.filled
    }
}

struct Level {
    first: u32,
    last: u32,
}

/// State of the book before the flow's next command, for engines that need it in advance.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Met {
    /// A replace: lots that its order had traded before. `None` if the order was not open.
    pub filled: Option<u64>,
    /// A replace: the order's price and size before.
    pub before: (i64, u64),
}

/// The book.
pub struct Plain {
    orders: Vec<Order>,
    free: Vec<u32>,
    index: FxHashMap<u64, u32>,
    bids: BTreeMap<i64, Level>,
    commands: BTreeMap<i64, Level>,
}

impl Plain {
    /// An empty book with capacity for `orders`.
    pub fn new(orders: usize) -> Plain {
        Plain {
            orders: Vec::with_capacity(orders),
            free: Vec::new(),
            index: FxHashMap::with_capacity_and_hasher(orders, Default::default()),
            bids: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Number of resting orders.
    pub fn resting(&self) -> usize {
        self.index.len()
    }

    /// The state that a replace of this order would meet.
    pub fn meet(&self, order: u64) -> Met {
        let Some(&at) = self.index.get(&order) else { return Met::default() };
        let order = &self.orders[at as usize];
        Met { filled: Some(order.filled), before: (order.price, order.size) }
    }

    /// Runs a command.
    #[inline]
    pub fn submit(&mut self, number: u64, command: &Command, sink: &mut impl Sink) {
        match command {
            Command::NewOrder(place) => self.place(number, place, sink),
            Command::Replace(replace) => self.replace(number, replace, sink),
            Command::Cancel { order, .. } => self.cancel(number, order.0, sink),
            Command::OpenMarket(_) | Command::Release { .. } | Command::ResumeMarket { .. } => {} // not in the flow
        }
    }

    fn place(&mut self, number: u64, command: &NewOrder, sink: &mut impl Sink) {
        let (price, size) = (command.price.0, command.quantity.0);
        sink.report(Report::new(Kind::Entered, number, number, price, size));
        let filled = self.walk(number, number, command.side, price, size, sink);
        if filled == size {
            return;
        }
        if command.time_in_force == TimeInForce::ImmediateOrCancel {
            return sink.report(Report::new(Kind::Cancelled, number, number, price, size - filled));
        }
        let order = Order {
            id: number,
            price,
            size,
            filled,
            side: command.side,
            before: NONE,
            after: NONE,
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.orders[at as usize] = order;
                at
            }
            None => {
                self.orders.push(order);
                (self.orders.len() - 1) as u32
            }
        };
        self.index.insert(number, at);
        self.link(at);
    }

    fn replace(&mut self, number: u64, command: &Replace, sink: &mut impl Sink) {
        let (id, price, size) = (command.order.0, command.price.0, command.quantity.0);
        let refused = Report::new(Kind::Refused, number, id, price, size);
        let Some(&at) = self.index.get(&id) else { return sink.report(refused) };
        let order = &mut self.orders[at as usize];
        if size <= order.filled {
            return sink.report(refused);
        }
        sink.report(Report::new(Kind::Replaced, number, id, price, size));
        if price == order.price && size <= order.size {
            order.size = size;
            return;
        }
        self.unlink(at);
        let order = &mut self.orders[at as usize];
        (order.price, order.size) = (price, size);
        let (side, open) = (order.side, order.open());
        let filled = self.walk(number, id, side, price, open, sink);
        self.orders[at as usize].filled += filled;
        if filled == open {
            self.index.remove(&id);
            self.free.push(at);
        } else {
            self.link(at);
        }
    }

    fn cancel(&mut self, number: u64, id: u64, sink: &mut impl Sink) {
        let Some(at) = self.index.remove(&id) else {
            return sink.report(Report::new(Kind::Refused, number, id, 0, 0));
        };
        let order = &self.orders[at as usize];
        sink.report(Report::new(Kind::Cancelled, number, id, order.price, order.open()));
        self.unlink(at);
        self.free.push(at);
    }

    /// Trades with the other side up to the limit; returns the quantity.
    fn walk(
        &mut self,
        number: u64,
        taker: u64,
        side: Side,
        limit: i64,
        open: u64,
        sink: &mut impl Sink,
    ) -> u64 {
        let mut left = open;
        while left > 0 {
            let best = match side {
                Side::Buy => self.commands.first_entry(),
                Side::Sell => self.bids.last_entry(),
            };
            let Some(mut level) = best else { break };
            let price = *level.key();
            if (side == Side::Buy && price > limit) || (side == Side::Sell && price < limit) {
                break;
            }
            let mut at = level.get().first;
            while at != NONE && left > 0 {
                let maker = &mut self.orders[at as usize];
                let quantity = left.min(maker.open());
                sink.report(Report::trade(number, taker, maker.id, price, quantity));
                maker.filled += quantity;
                left -= quantity;
                if maker.open() > 0 {
                    break;
                }
                self.index.remove(&maker.id);
                self.free.push(at);
                at = maker.after;
            }
            if at == NONE {
                level.remove();
            } else {
                level.get_mut().first = at;
                self.orders[at as usize].before = NONE;
            }
        }
        open - left
    }

    fn levels(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.commands,
        }
    }

    /// Puts an order at the end of its level.
    fn link(&mut self, at: u32) {
        let Order { side, price, .. } = self.orders[at as usize];
        let level = self.levels(side).entry(price).or_insert(Level { first: at, last: NONE });
        let last = std::mem::replace(&mut level.last, at);
        let order = &mut self.orders[at as usize];
        (order.before, order.after) = (last, NONE);
        if last != NONE {
            self.orders[last as usize].after = at;
        }
    }

    /// Takes an order out of its level.
    fn unlink(&mut self, at: u32) {
        let Order { side, price, before, after, .. } = self.orders[at as usize];
        if before != NONE {
            self.orders[before as usize].after = after;
        }
        if after != NONE {
            self.orders[after as usize].before = before;
        }
        if before == NONE && after == NONE {
            self.levels(side).remove(&price);
        } else if before == NONE || after == NONE {
            let level = self.levels(side).get_mut(&price).expect("a linked order has its level");
            if before == NONE {
                level.first = after;
            } else {
                level.last = before;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lab::flow::{Flow, Options, Scenario};
    use lab::oracle::{Oracle, Outcome};
    use units::CommandId;

    use super::*;

    struct Lines(Vec<Report>);

    impl Sink for Lines {
        fn report(&mut self, report: Report) {
            self.0.push(report);
        }
    }

    #[test]
    fn the_plain_book_says_what_the_oracle_says() {
        for (seed, scenario) in (41..).zip(Scenario::ALL) {
            let mut oracle = Oracle::new();
            let spec = lab::flow::market();
            oracle.submit(CommandId(1), &Command::OpenMarket(spec));
            let mut plain = Plain::new(0);
            let options = Options { first: CommandId(2), period: 20_000, ..Options::default() };
            for (number, command) in (2..).zip(Flow::new(scenario, seed, options).take(40_000)) {
                let mut lines = Lines(Vec::new());
                plain.submit(number, &command, &mut lines);
                let ours: Vec<_> = lines
                    .0
                    .iter()
                    .map(|r| {
                        (
                            r.kind,
                            r.order,
                            r.maker,
                            r.quantity,
                            if r.maker > 0 { r.price } else { 0 },
                        )
                    })
                    .collect();
                let right: Vec<_> = oracle
                    .submit(CommandId(number), &command)
                    .iter()
                    .map(|outcome| match *outcome {
                        Outcome::Entered(e) => (Kind::Entered, e.order.0, 0, e.new.quantity.0, 0),
                        Outcome::Traded { maker, taker, price, quantity, .. } => {
                            (Kind::Traded, taker.0, maker.0, quantity.0, price.0)
                        }
                        Outcome::Replaced { order, quantity, .. } => {
                            (Kind::Replaced, order.0, 0, quantity.0, 0)
                        }
                        Outcome::Cancelled { order, quantity, .. } => {
                            (Kind::Cancelled, order.0, 0, quantity.0, 0)
                        }
                        _ => (Kind::Refused, ours[0].1, 0, ours[0].3, 0),
                    })
                    .collect();
                assert_eq!(ours, right, "{scenario}, seed {seed}, command {number}: {command:?}");
            }
            assert_eq!(plain.resting(), oracle.open_orders(), "{scenario}, seed {seed}");
        }
    }
}
