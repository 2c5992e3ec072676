//! The conventions of trade, one by one, as the oracle keeps them.

mod client_ids;
mod rules;

use protocol::{Fact, Response};
use units::Scale;

use super::*;
use crate::flow::{Flow, Options, Scenario};

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const M0: MarketId = MarketId(0);

/// An oracle that counts the commands by itself, with one market open: its commands begin with 2.
struct Desk {
    oracle: Oracle,
    last: u64,
}

fn spec(symbol: &str) -> MarketSpec {
    let symbol = symbol.parse().unwrap();
    MarketSpec::new(symbol, Scale::places(2), Scale::places(0)).with_negative_prices()
}

fn desk() -> Desk {
    bounded(Bounds::default())
}

fn bounded(bounds: Bounds) -> Desk {
    let mut desk = Desk { oracle: Oracle::bounded(bounds), last: 0 };
    let opened = Outcome::MarketOpened { market: M0, spec: spec("A-B") };
    assert_eq!(desk.submit(Command::OpenMarket(spec("A-B"))), [opened]);
    desk
}

fn order(side: Side, quantity: u64, price: i64) -> NewOrder {
    NewOrder {
        account: ANN,
        client: None,
        market: M0,
        side,
        price: Price(price),
        quantity: Lots(quantity),
        time_in_force: TimeInForce::GoodTillCancel,
    }
}

fn named(place: NewOrder, client: u128) -> Command {
    Command::NewOrder(NewOrder { client: ClientId::new(client), ..place })
}

impl Desk {
    fn submit(&mut self, command: Command) -> Vec<Outcome> {
        self.last += 1;
        self.oracle.submit(CommandId(self.last), &command)
    }

    /// Everything but `Entered`, which every placed order begins with.
    fn place(&mut self, place: NewOrder) -> Vec<Outcome> {
        let mut outcomes = self.submit(Command::NewOrder(place));
        let Outcome::Entered(first) = outcomes.remove(0) else { panic!("not entered") };
        assert_eq!(
            (first.order, first.new.price, first.new.quantity),
            (self.order(), place.price, place.quantity)
        );
        outcomes
    }

    fn buy(&mut self, quantity: u64, price: i64) -> Vec<Outcome> {
        self.place(order(Side::Buy, quantity, price))
    }

    fn sell(&mut self, quantity: u64, price: i64) -> Vec<Outcome> {
        self.place(order(Side::Sell, quantity, price))
    }

    fn immediate(&mut self, side: Side, quantity: u64, price: i64) -> Vec<Outcome> {
        let time_in_force = TimeInForce::ImmediateOrCancel;
        self.place(NewOrder { time_in_force, ..order(side, quantity, price) })
    }

    fn replace(&mut self, order: u64, quantity: u64, price: i64) -> Vec<Outcome> {
        self.submit(Command::Replace(Replace {
            account: ANN,
            client: None,
            order: OrderId(order),
            price: Price(price),
            quantity: Lots(quantity),
        }))
    }

    fn cancel(&mut self, order: u64) -> Vec<Outcome> {
        self.submit(Command::Cancel { account: ANN, order: OrderId(order) })
    }

    /// The number of the last command's order.
    fn order(&self) -> OrderId {
        OrderId(self.last)
    }

    fn levels(&self, side: Side) -> Vec<(i64, u64, Vec<u64>)> {
        let book = self.oracle.book(M0, side);
        let ids = |ids: Vec<OrderId>| ids.into_iter().map(|id| id.0).collect();
        book.into_iter().map(|(p, l, o)| (p.0, l.0, ids(o))).collect()
    }
}

fn traded(maker: u64, taker: u64, quantity: u64, price: i64) -> Outcome {
    let (maker, taker) = (OrderId(maker), OrderId(taker));
    Outcome::Traded { maker, taker, market: M0, price: Price(price), quantity: Lots(quantity) }
}

fn left(order: u64, quantity: u64, reason: CancelReason) -> Outcome {
    Outcome::Cancelled { order: OrderId(order), quantity: Lots(quantity), reason }
}

fn replaced(order: u64, quantity: u64, price: i64, place: u64) -> Outcome {
    let (order, price, quantity) = (OrderId(order), Price(price), Lots(quantity));
    Outcome::Replaced { order, client: None, price, quantity, priority: CommandId(place) }
}

fn refused(code: RejectCode) -> Vec<Outcome> {
    vec![Outcome::Rejected(code)]
}

#[test]
fn an_order_that_does_not_cross_rests() {
    let mut desk = desk();
    assert_eq!(desk.buy(4, 99), []);
    assert_eq!(desk.sell(5, 101), []);
    assert_eq!(desk.levels(Side::Buy), [(99, 4, vec![2])]);
    assert_eq!(desk.levels(Side::Sell), [(101, 5, vec![3])]);
}

#[test]
fn a_trade_prints_at_the_resting_price_both_ways_round() {
    let mut desk = desk();
    desk.sell(4, 100);
    assert_eq!(desk.buy(4, 103), [traded(2, 3, 4, 100)]);
    desk.buy(4, 100);
    assert_eq!(desk.sell(4, 97), [traded(4, 5, 4, 100)]);
    assert_eq!(desk.oracle.open_orders(), 0);
}

#[test]
fn a_sweep_takes_price_before_time_and_its_rest_stays() {
    let mut desk = desk();
    desk.sell(3, 102);
    desk.sell(3, 100);
    desk.sell(3, 101);
    desk.sell(3, 104);
    let trades = [traded(3, 6, 3, 100), traded(4, 6, 3, 101), traded(2, 6, 3, 102)];
    assert_eq!(desk.buy(10, 103), trades);
    assert_eq!(desk.levels(Side::Buy), [(103, 1, vec![6])]);
    assert_eq!(desk.levels(Side::Sell), [(104, 3, vec![5])]);
}

#[test]
fn at_one_price_the_earlier_trades_first_also_when_partly_filled() {
    let mut desk = desk();
    desk.buy(5, 100);
    desk.buy(5, 100);
    assert_eq!(desk.sell(2, 100), [traded(2, 4, 2, 100)]);
    assert_eq!(desk.levels(Side::Buy), [(100, 8, vec![2, 3])]);
    assert_eq!(desk.sell(4, 100), [traded(2, 5, 3, 100), traded(3, 5, 1, 100)]);
}

#[test]
fn immediate_or_cancel_never_rests() {
    let mut desk = desk();
    let unmatched = CancelReason::Unmatched;
    assert_eq!(desk.immediate(Side::Buy, 5, 100), [left(2, 5, unmatched)]);
    desk.sell(3, 100);
    desk.sell(3, 102);
    let outcomes = desk.immediate(Side::Buy, 5, 101);
    assert_eq!(outcomes, [traded(3, 5, 3, 100), left(5, 2, unmatched)]);
    assert_eq!(desk.immediate(Side::Buy, 3, 102), [traded(4, 6, 3, 102)]);
    assert_eq!(desk.oracle.open_orders(), 0);
}

#[test]
fn a_cancel_tells_what_was_open_and_hits_its_target_alone() {
    let mut desk = desk();
    desk.buy(5, 100);
    desk.buy(5, 100);
    desk.buy(5, 100);
    desk.sell(2, 100);
    assert_eq!(desk.cancel(3), [left(3, 5, CancelReason::Requested)]);
    assert_eq!(desk.cancel(2), [left(2, 3, CancelReason::Requested)]);
    assert_eq!(desk.levels(Side::Buy), [(100, 5, vec![4])]);
}

#[test]
fn only_an_open_order_of_ones_own_is_known() {
    let mut desk = desk();
    let unknown = refused(RejectCode::UnknownOrder);
    desk.buy(5, 100);
    assert_eq!(desk.submit(Command::Cancel { account: BOB, order: OrderId(2) }), unknown);
    assert_eq!(desk.cancel(9), unknown);
    desk.sell(5, 100);
    assert_eq!(desk.cancel(2), unknown, "filled is gone");
    assert_eq!(desk.replace(2, 6, 100), unknown);
    desk.buy(5, 100);
    desk.cancel(desk.order().0);
    assert_eq!(desk.cancel(desk.order().0 - 1), unknown, "cancelled is gone");
    assert_eq!(desk.oracle.open_orders(), 0);
}

#[test]
fn fewer_or_as_many_lots_at_the_same_price_keep_the_place() {
    let mut desk = desk();
    desk.buy(5, 100);
    desk.buy(5, 100);
    assert_eq!(desk.replace(2, 3, 100), [replaced(2, 3, 100, 2)]);
    assert_eq!(desk.replace(2, 3, 100), [replaced(2, 3, 100, 2)]);
    assert_eq!(desk.levels(Side::Buy), [(100, 8, vec![2, 3])]);
}

#[test]
fn more_lots_or_a_new_price_lose_the_place() {
    let mut desk = desk();
    desk.buy(5, 100);
    desk.buy(5, 100);
    assert_eq!(desk.replace(2, 6, 100), [replaced(2, 6, 100, 4)]);
    assert_eq!(desk.levels(Side::Buy), [(100, 11, vec![3, 2])]);
    assert_eq!(desk.replace(3, 4, 101), [replaced(3, 4, 101, 5)]);
    assert_eq!(desk.replace(3, 4, 100), [replaced(3, 4, 100, 6)]);
    assert_eq!(desk.levels(Side::Buy), [(100, 10, vec![2, 3])]);
}

#[test]
fn a_replace_names_the_new_total_with_what_has_traded() {
    let mut desk = desk();
    desk.buy(10, 100);
    desk.sell(4, 100);
    assert_eq!(desk.replace(2, 6, 100), [replaced(2, 6, 100, 2)]);
    assert_eq!(desk.levels(Side::Buy), [(100, 2, vec![2])]);
    assert_eq!(desk.oracle.order(OrderId(2)), Some((Lots(4), Lots(6))));
    for quantity in [4, 3] {
        assert_eq!(desk.replace(2, quantity, 100), refused(RejectCode::BelowFilled));
        assert_eq!(desk.replace(2, quantity, 120), refused(RejectCode::BelowFilled));
    }
    assert_eq!(desk.levels(Side::Buy), [(100, 2, vec![2])]);
}

#[test]
fn a_replace_that_crosses_trades_at_resting_prices_and_keeps_its_name() {
    let mut desk = desk();
    desk.sell(3, 103);
    desk.sell(3, 104);
    desk.buy(10, 100);
    let outcomes = desk.replace(4, 10, 104);
    let trades = [traded(2, 4, 3, 103), traded(3, 4, 3, 104)];
    assert_eq!(outcomes, [vec![replaced(4, 10, 104, 5)], trades.to_vec()].concat());
    assert_eq!(desk.levels(Side::Buy), [(104, 4, vec![4])]);
    desk.sell(1, 104);
    assert_eq!(desk.oracle.order(OrderId(4)), Some((Lots(7), Lots(10))));
}

#[test]
fn markets_are_numbered_in_order_and_kept_apart() {
    let mut desk = bounded(Bounds { markets: 2, ..Bounds::default() });
    let zero = Scale { mantissa: 0, places: 0 };
    let fine = Scale { mantissa: 1, places: 19 };
    for bad in [MarketSpec { tick: zero, ..spec("C-D") }, MarketSpec { lot: fine, ..spec("C-D") }] {
        assert_eq!(desk.submit(Command::OpenMarket(bad)), refused(RejectCode::BadScale));
    }
    let second = MarketId(1);
    let opened = Outcome::MarketOpened { market: second, spec: spec("C-D") };
    assert_eq!(desk.submit(Command::OpenMarket(spec("C-D"))), [opened]);
    assert_eq!(desk.submit(Command::OpenMarket(spec("E-F"))), refused(RejectCode::TooManyMarkets));
    let exists = refused(RejectCode::MarketExists);
    assert_eq!(desk.submit(Command::OpenMarket(MarketSpec { tick: zero, ..spec("C-D") })), exists);

    desk.sell(5, 100);
    assert_eq!(desk.place(NewOrder { market: second, ..order(Side::Buy, 5, 100) }), []);
    assert_eq!(desk.oracle.book(second, Side::Buy).len(), 1);
    let nowhere = NewOrder { market: MarketId(2), quantity: Lots(0), ..order(Side::Buy, 5, 100) };
    assert_eq!(desk.submit(Command::NewOrder(nowhere)), refused(RejectCode::UnknownMarket));
}

#[test]
fn numbers_out_of_range_are_refused_the_price_first() {
    let mut desk = desk();
    let far = limits::MAX_PRICE;
    let many = limits::MAX_LOTS;
    assert_eq!(desk.buy(1, -far), []);
    assert_eq!(desk.buy(many, far), []);
    for (quantity, price, code) in [
        (1, far + 1, RejectCode::BadPrice),
        (1, -far - 1, RejectCode::BadPrice),
        (0, i64::MIN, RejectCode::BadPrice),
        (0, 100, RejectCode::BadQuantity),
        (many + 1, 100, RejectCode::BadQuantity),
    ] {
        assert_eq!(
            desk.submit(Command::NewOrder(order(Side::Buy, quantity, price))),
            refused(code)
        );
        assert_eq!(desk.replace(2, quantity, price), refused(code));
    }
}

#[test]
fn no_more_orders_are_open_at_once_than_the_bound_says() {
    let mut desk = bounded(Bounds { orders: 1, ..Bounds::default() });
    desk.buy(5, 100);
    let second = Command::NewOrder(order(Side::Sell, 5, 100));
    assert_eq!(desk.submit(second), refused(RejectCode::TooManyOrders));
    desk.cancel(2);
    assert!(matches!(desk.submit(second)[..], [Outcome::Entered(_)]));
}

#[test]
fn what_an_exchange_tells_reads_in_the_oracles_words() {
    let fact =
        Fact::Cancelled { order: OrderId(2), quantity: Lots(3), reason: CancelReason::Requested };
    let response = Response::Fact(protocol::Stamp::default(), fact);
    assert_eq!(Outcome::of(&response), Some(left(2, 3, CancelReason::Requested)));
    let code = RejectCode::UnknownOrder;
    assert_eq!(Outcome::of(&Response::Rejected(code)), Some(Outcome::Rejected(code)));
    let started = Response::Fact(protocol::Stamp::default(), Fact::Started { epoch: 1 });
    assert_eq!(Outcome::of(&started), None);
}

/// A second way of counting: each order's lots that have traded, and its size, from outcomes alone.
#[derive(Default)]
struct Count(BTreeMap<OrderId, (Lots, Lots)>);

impl Count {
    fn hear(&mut self, outcome: &Outcome) {
        match *outcome {
            Outcome::Entered(e) => {
                assert_eq!(self.0.insert(e.order, (Lots::ZERO, e.new.quantity)), None);
            }
            Outcome::Traded { maker, taker, quantity, .. } => {
                assert!(!quantity.is_zero(), "an empty fill");
                for order in [maker, taker] {
                    let (done, size) = self.0.get_mut(&order).expect("both sides are open");
                    *done += quantity;
                    assert!(*done <= *size, "{order} trades more than its size");
                    if done == size {
                        self.0.remove(&order);
                    }
                }
            }
            Outcome::Replaced { order, quantity, .. } => {
                self.0.get_mut(&order).expect("only open orders are replaced").1 = quantity;
            }
            Outcome::Cancelled { order, quantity, .. } => {
                let (done, size) = self.0.remove(&order).expect("only open orders leave");
                assert_eq!(done + quantity, size, "{order} leaks lots");
            }
            Outcome::MarketOpened { .. }
            | Outcome::Released { .. }
            | Outcome::MarketResumed { .. }
            | Outcome::Rejected(_)
            | Outcome::Repeated(_) => {}
        }
    }
}

/// The oracle itself is held to the invariants, on generated flow of every scenario.
#[test]
fn the_book_is_never_crossed_and_every_lot_is_accounted_for() {
    for (seed, scenario) in (31..).zip(Scenario::ALL) {
        let (mut desk, mut count, mut trades) = (desk(), Count::default(), 0);
        let options = Options {
            first: CommandId(2),
            accounts: 3,
            standing: Some(200),
            period: 8_000,
            ..Options::default()
        };
        for command in Flow::new(scenario, seed, options).take(10_000) {
            for outcome in desk.submit(command) {
                count.hear(&outcome);
                trades += u32::from(matches!(outcome, Outcome::Traded { .. }));
            }
            let best =
                |side| desk.oracle.queues.get(&(M0, side)).and_then(BTreeMap::first_key_value);
            if let (Some((bid, _)), Some((offer, _))) = (best(Side::Buy), best(Side::Sell)) {
                assert!(-bid.0 < offer.0, "{scenario} {seed}: crossed at command {}", desk.last);
            }
        }
        assert!(trades > 100, "{scenario} {seed}: {trades} trades");
        let orders: BTreeMap<_, _> =
            desk.oracle.orders.iter().map(|(id, o)| (*id, (o.filled, o.size))).collect();
        assert_eq!(count.0, orders, "{scenario} {seed}");
        let depth: Lots = [Side::Buy, Side::Sell]
            .into_iter()
            .flat_map(|side| desk.oracle.book(M0, side))
            .map(|(_, quantity, _)| quantity)
            .sum();
        let open: Lots = orders.values().map(|(done, size)| *size - *done).sum();
        assert_eq!(depth, open, "{scenario} {seed}: depth is the sum of the orders");
    }
}
