//! Views after a few runs of facts, and the history that tests write these into.

mod naive;

use protocol::{CancelReason, Deal, Entered, Fact, MarketSpec, NewOrder, Stamp, TimeInForce};
use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time};

use super::*;

/// Facts with stamps, as an exchange would number them.
#[derive(Default)]
struct History {
    facts: Vec<(Stamp, Fact)>,
    command: u64,
}

impl History {
    fn next_command(&mut self) -> u64 {
        self.command += 1;
        self.command
    }

    fn push(&mut self, fact: Fact) {
        let seq = self.facts.len() as u64 + 1;
        // Half a minute from ask to ask, so that a day passes within a test.
        let time = Time(self.command * 30_000_000_000);
        self.facts.push((Stamp { seq, command: CommandId(self.command), time }, fact));
    }

    fn market(&mut self, id: u16) {
        self.next_command();
        let spec = MarketSpec::new(
            format!("M{id}-USD").parse().unwrap(),
            Scale::places(2),
            Scale::places(3),
        )
        .with_negative_prices();
        self.push(Fact::MarketOpened { market: MarketId(id), spec });
    }

    fn enter(&mut self, account: u32, side: Side, price: i64, quantity: u64) -> OrderId {
        self.enter_as(account, None, 1, side, price, quantity, TimeInForce::GoodTillCancel)
    }

    fn enter_as(
        &mut self,
        account: u32,
        client: Option<u128>,
        market: u16,
        side: Side,
        price: i64,
        quantity: u64,
        time_in_force: TimeInForce,
    ) -> OrderId {
        let order = OrderId(self.next_command());
        self.push(Fact::Entered(Entered {
            order,
            new: NewOrder {
                account: AccountId(account),
                client: client.and_then(ClientId::new),
                market: MarketId(market),
                side,
                price: Price(price),
                quantity: Lots(quantity),
                time_in_force,
            },
        }));
        order
    }

    fn trade(&mut self, maker: OrderId, taker: OrderId, market: u16, price: i64, quantity: u64) {
        let deal = Deal { maker, taker, incarnation: 1, number: 1 };
        let (price, quantity) = (Price(price), Lots(quantity));
        self.push(Fact::Traded { deal, market: MarketId(market), price, quantity });
    }

    fn views(&self, bounds: Bounds) -> Views {
        let mut views = Views::new(bounds);
        self.facts.iter().for_each(|(stamp, fact)| views.apply(stamp, fact));
        views
    }
}

fn book(views: &Views) -> &Book {
    &views.market(MarketId(1)).unwrap().book
}

fn rows(book: &Book, side: Side) -> Vec<(u64, i64, u64)> {
    book.orders(side).map(|o| (o.order.0, o.price.0, o.quantity.0)).collect()
}

#[test]
fn a_partly_filled_order_keeps_its_place_and_a_filled_one_is_gone() {
    let mut h = History::default();
    h.market(1);
    let first = h.enter(1, Side::Sell, 100, 4);
    let second = h.enter(2, Side::Sell, 100, 3);
    let taker = h.enter(3, Side::Buy, 101, 5);
    h.trade(first, taker, 1, 100, 4);
    h.trade(second, taker, 1, 100, 1);
    let views = h.views(Bounds::default());
    assert_eq!(rows(book(&views), Side::Sell), [(second.0, 100, 2)]);
    assert!(rows(book(&views), Side::Buy).is_empty());
    assert_eq!(book(&views).depth_at(Side::Sell, Price(100)), Lots(2));
    let order = views.orders().get(taker).unwrap();
    assert_eq!((order.status(), order.filled, order.value), (Status::Done, Lots(5), 500));
    assert_eq!(views.orders().get(second).unwrap().open(), Lots(2));
    let tape: Vec<_> = views.market(MarketId(1)).unwrap().tape.newest_first().collect();
    assert_eq!(
        (tape[0].seq, tape[0].quantity, tape[0].taker_side),
        (views.seq(), Lots(1), Side::Buy)
    );
    assert_eq!(views.strays(), 0);
}

#[test]
fn what_is_given_up_leaves_the_book_and_is_still_its_owners() {
    let mut h = History::default();
    h.market(1);
    let order = h.enter(1, Side::Buy, 99, 4);
    h.push(Fact::Suspended { order });
    let views = h.views(Bounds::default());
    assert!(book(&views).is_empty());
    assert_eq!(views.orders().get(order).unwrap().status(), Status::Suspended);
    h.push(Fact::Cancelled { order, quantity: Lots(4), reason: CancelReason::Requested });
    let views = h.views(Bounds::default());
    assert_eq!(views.orders().get(order).unwrap().status(), Status::Cancelled);
    assert_eq!(views.orders().open_count(), 0);
}

#[test]
fn an_immediate_or_cancel_order_is_never_in_the_book() {
    let mut h = History::default();
    h.market(1);
    let time_in_force = TimeInForce::ImmediateOrCancel;
    let order = h.enter_as(1, Some(7), 1, Side::Buy, 99, 4, time_in_force);
    assert!(book(&h.views(Bounds::default())).is_empty());
    h.push(Fact::Cancelled { order, quantity: Lots(4), reason: CancelReason::Unmatched });
    let views = h.views(Bounds::default());
    let order = views.orders().by_client(AccountId(1), ClientId::new(7).unwrap()).unwrap();
    assert_eq!(order.end.unwrap().reason, DoneReason::Unmatched);
}

#[test]
fn a_fact_about_a_stranger_is_counted_and_changes_nothing_else() {
    let mut h = History::default();
    h.market(1);
    h.push(Fact::Cancelled {
        order: OrderId(77),
        quantity: Lots(4),
        reason: CancelReason::Requested,
    });
    h.trade(OrderId(77), OrderId(78), 1, 100, 1);
    h.enter_as(1, None, 9, Side::Buy, 99, 4, TimeInForce::GoodTillCancel);
    let views = h.views(Bounds::default());
    assert_eq!(views.strays(), 3);
    assert!(book(&views).is_empty());
}

#[test]
fn a_fact_that_comes_twice_counts_once() {
    let mut h = History::default();
    h.market(1);
    h.enter(1, Side::Buy, 99, 4);
    let mut views = h.views(Bounds::default());
    h.facts.iter().for_each(|(stamp, fact)| views.apply(stamp, fact));
    assert_eq!(rows(book(&views), Side::Buy), [(2, 99, 4)]);
}

#[test]
fn volume_is_of_the_last_day_only() {
    let mut h = History::default();
    h.market(1);
    let (a, b) = (h.enter(1, Side::Buy, 9, 100), h.enter(1, Side::Sell, 9, 100));
    h.trade(a, b, 1, 9, 30);
    h.command += 2 * 60 * 24 - 2;
    h.trade(a, b, 1, 9, 5);
    let tape = &h.views(Bounds::default()).market(MarketId(1)).unwrap().tape.clone();
    let time = |index: usize| h.facts[h.facts.len() - index].0.time;
    assert_eq!(tape.day_volume(time(2)), 30 + 5);
    assert_eq!(tape.day_volume(time(1)), 35);
    assert_eq!(tape.day_volume(Time(time(1).0 + 60_000_000_000)), 5);
}

/// Accounts take turns to do much and then little: their lists shrink again.
#[test]
fn lists_of_accounts_give_back_the_room_that_they_do_not_need_any_more() {
    let mut h = History::default();
    h.market(1);
    let bounds = Bounds { finished: 400, fills: 200, ..Bounds::default() };
    for account in 0..40 {
        for trades in [150, 1] {
            for other in if trades == 1 { 0..account } else { account..account + 1 } {
                for _ in 0..trades {
                    let (maker, taker) =
                        (h.enter(other, Side::Sell, 9, 1), h.enter(other, Side::Buy, 9, 1));
                    h.trade(maker, taker, 1, 9, 1);
                }
            }
        }
    }
    let views = h.views(bounds);
    assert_eq!(views.orders().finished_of(AccountId(0)).count(), 2);
    assert!(views.orders().room() <= 6_000, "{} places for 400 orders", views.orders().room());
    assert!(views.fills().room() <= 4_000, "{} places for 200 trades", views.fills().room());
}
