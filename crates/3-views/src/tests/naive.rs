//! Views against a naive recomputation: scans of the list of all facts so far, under random flow.
#![allow(clippy::cast_possible_truncation, reason = "small random numbers")]

use super::*;

/// Splitmix64: the tests' own chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn side(&mut self) -> Side {
        if self.below(2) == 0 { Side::Buy } else { Side::Sell }
    }
}

/// An order as the plainest possible matcher and reader knows it.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    order: Order,
    suspended: bool,
}

impl Plain {
    fn rests(&self) -> bool {
        self.order.end.is_none()
            && !self.suspended
            && self.order.entered.new.time_in_force == TimeInForce::GoodTillCancel
    }
}

/// Every order that ever was, from all facts, by scanning.
fn naive_orders(facts: &[(Stamp, Fact)]) -> Vec<Plain> {
    let mut orders: Vec<Plain> = Vec::new();
    for &(stamp, fact) in facts {
        for plain in &mut orders {
            let id = plain.order.entered.order;
            let order = &mut plain.order;
            match fact {
                Fact::Traded { deal, price, quantity, .. }
                    if deal.maker == id || deal.taker == id =>
                {
                    order.filled += quantity;
                    order.value += i128::from(price.0) * i128::from(quantity.0);
                    if order.filled == order.size {
                        order.end = Some(End { stamp, reason: DoneReason::Filled });
                    }
                }
                Fact::Replaced { order: o, price, quantity, priority, .. } if o == id => {
                    (order.price, order.size, order.priority) = (price, quantity, priority);
                }
                Fact::Suspended { order: o } if o == id => {
                    order.suspended = true;
                    plain.suspended = true;
                }
                Fact::Cancelled { order: o, reason, .. } if o == id => {
                    let reason = match reason {
                        CancelReason::Requested => DoneReason::Cancelled,
                        CancelReason::Unmatched => DoneReason::Unmatched,
                    };
                    order.end = Some(End { stamp, reason });
                }
                _ => {}
            }
        }
        if let Fact::Entered(entered) = fact {
            let order = Order {
                entered,
                stamp,
                priority: CommandId(entered.order.0),
                price: entered.new.price,
                size: entered.new.quantity,
                filled: Lots::ZERO,
                value: 0,
                suspended: false,
                end: None,
            };
            orders.push(Plain { order, suspended: false });
        }
    }
    orders
}

/// The orders of one side of a market in the order in which they would trade.
fn naive_side(orders: &[Plain], market: MarketId, side: Side) -> Vec<Order> {
    let of_side = |o: &Order| (o.entered.new.market, o.entered.new.side) == (market, side);
    let mut rows: Vec<Order> =
        orders.iter().filter(|p| p.rests()).map(|p| p.order).filter(of_side).collect();
    let key = |o: &Order| (if side == Side::Buy { -o.price.0 } else { o.price.0 }, o.priority);
    rows.sort_by_key(key);
    rows
}

/// Facts of one random ask, matched the slow way.
fn random_command(h: &mut History, chance: &mut Chance) {
    let orders = naive_orders(&h.facts);
    let open: Vec<Order> =
        orders.iter().filter(|p| p.order.end.is_none()).map(|p| p.order).collect();
    let some = |chance: &mut Chance| open[chance.below(open.len() as u64) as usize];
    let price = 95 + chance.below(10) as i64;
    match chance.below(10) {
        0 | 1 if !open.is_empty() => {
            h.next_command();
            let order = some(chance);
            let (quantity, reason) = (order.open(), CancelReason::Requested);
            h.push(Fact::Cancelled { order: order.entered.order, quantity, reason });
        }
        2 if !open.is_empty() => {
            h.next_command();
            let order = some(chance);
            if !order.suspended {
                h.push(Fact::Suspended { order: order.entered.order });
            }
        }
        3 | 4 if !open.is_empty() => {
            let order = some(chance);
            let keeps = chance.below(2) == 0 && order.open() > Lots(1);
            let command = CommandId(h.next_command());
            if order.suspended {
                return;
            }
            let id = order.entered.order;
            let (price, quantity, priority) = if keeps {
                (order.price, order.size - Lots(1), order.priority)
            } else {
                (Price(price), order.size + Lots(chance.below(3)), command)
            };
            h.push(Fact::Replaced { order: id, client: None, price, quantity, priority });
            if !keeps {
                deal(h, id);
            }
        }
        _ => {
            let time_in_force = match chance.below(5) {
                0 => TimeInForce::ImmediateOrCancel,
                _ => TimeInForce::GoodTillCancel,
            };
            let client = (chance.below(2) == 0).then(|| u128::from(chance.below(20)));
            let (market, account) = (1 + chance.below(2) as u16, chance.below(4) as u32);
            let (side, quantity) = (chance.side(), 1 + chance.below(9));
            let id = h.enter_as(account, client, market, side, price, quantity, time_in_force);
            deal(h, id);
            let orders = naive_orders(&h.facts);
            let order = orders.iter().find(|p| p.order.entered.order == id).unwrap().order;
            if time_in_force == TimeInForce::ImmediateOrCancel && order.end.is_none() {
                let (quantity, reason) = (order.open(), CancelReason::Unmatched);
                h.push(Fact::Cancelled { order: id, quantity, reason });
            }
        }
    }
}

fn deal(h: &mut History, id: OrderId) {
    loop {
        let orders = naive_orders(&h.facts);
        let taker = orders.iter().find(|p| p.order.entered.order == id).unwrap().order;
        let Entered { new: NewOrder { market, side, .. }, .. } = taker.entered;
        let facing = naive_side(&orders, market, side.opposite());
        let Some(maker) = facing.first() else { return };
        if taker.open().is_zero() || !side.accepts(taker.price, maker.price) {
            return;
        }
        let quantity = taker.open().min(maker.open());
        h.trade(maker.entered.order, id, market.0, maker.price.0, quantity.0);
    }
}

/// What should be kept of finished orders, by the plainest list.
fn naive_kept(facts: &[(Stamp, Fact)], bounds: Bounds) -> Vec<OrderId> {
    let mut kept: Vec<(AccountId, OrderId)> = Vec::new();
    let mut known = 0;
    for at in 1..=facts.len() {
        let (stamp, fact) = facts[at - 1];
        if !matches!(fact, Fact::Traded { .. } | Fact::Cancelled { .. }) {
            continue;
        }
        let orders = naive_orders(&facts[..at]);
        let mut ended: Vec<&Plain> =
            orders.iter().filter(|p| p.order.end.is_some_and(|e| e.stamp == stamp)).collect();
        if let Fact::Traded { deal, .. } = fact {
            ended.sort_by_key(|p| p.order.entered.order != deal.maker);
        }
        for plain in ended {
            let account = plain.order.entered.new.account;
            kept.push((account, plain.order.entered.order));
            known += 1;
            let own = |k: &(AccountId, OrderId)| k.0 == account;
            if kept.iter().filter(|k| own(k)).count() > bounds.finished_per_account {
                let oldest = kept.iter().position(own).unwrap();
                kept.remove(oldest);
            }
            if kept.len() > bounds.finished {
                kept.remove(0);
            }
        }
    }
    assert!(known >= kept.len());
    kept.into_iter().map(|(_, order)| order).collect()
}

fn check(h: &History, views: &Views, bounds: Bounds) {
    let orders = naive_orders(&h.facts);
    for market in [MarketId(1), MarketId(2)] {
        let seen = views.market(market).unwrap();
        for side in [Side::Buy, Side::Sell] {
            let want = naive_side(&orders, market, side);
            let got: Vec<BookOrder> = seen.book.orders(side).collect();
            let as_row = |o: &Order| BookOrder {
                order: o.entered.order,
                priority: o.priority,
                price: o.price,
                quantity: o.open(),
            };
            assert_eq!(got, want.iter().map(as_row).collect::<Vec<_>>());
            let mut levels: Vec<BookLevel> = Vec::new();
            for row in &got {
                match levels.last_mut() {
                    Some(level) if level.price == row.price => {
                        level.quantity += row.quantity;
                        level.orders += 1;
                    }
                    _ => levels.push(BookLevel {
                        price: row.price,
                        quantity: row.quantity,
                        orders: 1,
                    }),
                }
            }
            assert_eq!(seen.book.levels(side).collect::<Vec<_>>(), levels);
            assert_eq!(seen.book.best(side), levels.first().copied());
            assert_eq!(seen.book.depth(side), levels.len());
        }
        let bid = seen.book.best(Side::Buy).map(|level| level.price);
        let ask = seen.book.best(Side::Sell).map(|level| level.price);
        assert!(bid.zip(ask).is_none_or(|(bid, ask)| bid < ask), "crossed after a whole command");
        check_tape(h, seen, &orders, bounds);
    }
    check_orders(h, views, &orders, bounds);
    check_fills(h, views, &orders, bounds);
    assert_eq!(views.strays(), 0);
    assert_eq!(views.seq(), h.facts.len() as u64);
}

fn check_tape(h: &History, market: &Market, orders: &[Plain], bounds: Bounds) {
    let trades: Vec<&(Stamp, Fact)> = h
        .facts
        .iter()
        .filter(|(_, f)| matches!(f, Fact::Traded { market: m, .. } if *m == market.id))
        .collect();
    let kept = &trades[trades.len().saturating_sub(bounds.tape)..];
    let tape: Vec<&Trade> = market.tape.newest_first().collect();
    assert_eq!(tape.len(), kept.len());
    assert_eq!(market.tape.count(), trades.len() as u64);
    for (trade, (stamp, fact)) in tape.iter().zip(kept.iter().rev()) {
        let Fact::Traded { deal, price, quantity, .. } = *fact else { unreachable!() };
        let taker = orders.iter().find(|p| p.order.entered.order == deal.taker).unwrap();
        assert_eq!((trade.seq, trade.time, trade.deal), (stamp.seq, stamp.time, deal));
        assert_eq!((trade.price, trade.quantity), (price, quantity));
        assert_eq!(trade.taker_side, taker.order.entered.new.side);
        assert_eq!(market.tape.of_fact(stamp.seq), Some(*trade));
    }
}

fn check_orders(h: &History, views: &Views, orders: &[Plain], bounds: Bounds) {
    let kept = naive_kept(&h.facts, bounds);
    for plain in orders {
        let id = plain.order.entered.order;
        let held = plain.order.end.is_none() || kept.contains(&id);
        assert_eq!(views.orders().get(id), held.then_some(&plain.order), "{id}");
    }
    for account in (0..4).map(AccountId) {
        let own = |p: &&Plain| p.order.entered.new.account == account;
        let mut open: Vec<OrderId> = orders
            .iter()
            .filter(own)
            .filter(|p| p.order.end.is_none())
            .map(|p| p.order.entered.order)
            .collect();
        open.reverse();
        let got: Vec<OrderId> =
            views.orders().open_of(account, OrderId(u64::MAX)).map(|o| o.entered.order).collect();
        assert_eq!(got, open);
        open.reverse();
        let (above, below) = (OrderId(orders.len() as u64 / 2), OrderId(orders.len() as u64));
        let between: Vec<OrderId> =
            open.into_iter().filter(|&id| above < id && id < below).collect();
        let got = views.orders().open_between(account, above, below);
        assert_eq!(got.map(|o| o.entered.order).collect::<Vec<_>>(), between);
        assert_eq!(views.orders().open_between(account, below, above).count(), 0);
        let find = |id: &OrderId| orders.iter().find(|p| p.order.entered.order == *id).unwrap();
        let done: Vec<OrderId> = kept.iter().rev().filter(|id| own(&find(id))).copied().collect();
        let got: Vec<OrderId> =
            views.orders().finished_of(account).map(|o| o.entered.order).collect();
        assert_eq!(got, done);
        for client in (1..20).filter_map(ClientId::new) {
            let last =
                orders.iter().filter(own).rfind(|p| p.order.entered.new.client == Some(client));
            let held =
                last.filter(|p| p.order.end.is_none() || kept.contains(&p.order.entered.order));
            let got = views.orders().by_client(account, client);
            assert_eq!(got, held.map(|p| &p.order));
        }
    }
}

fn check_fills(h: &History, views: &Views, orders: &[Plain], bounds: Bounds) {
    let account_of = |id: OrderId| {
        orders.iter().find(|p| p.order.entered.order == id).unwrap().order.entered.new.account
    };
    let mut trades: Vec<(u64, Deal)> = Vec::new();
    for (stamp, fact) in &h.facts {
        if let Fact::Traded { deal, .. } = fact {
            trades.push((stamp.seq, *deal));
        }
    }
    let recent = &trades[trades.len().saturating_sub(bounds.fills)..];
    for account in (0..4).map(AccountId) {
        let own = |deal: &Deal| [deal.maker, deal.taker].map(account_of).contains(&account);
        let last = trades.iter().rev().filter(|(_, deal)| own(deal)).take(bounds.fills_per_account);
        let mut want = Vec::new();
        for &(seq, deal) in last.filter(|trade| recent.contains(trade)) {
            let sides = [(deal.taker, false), (deal.maker, true)];
            let own_side = sides.iter().filter(|(order, _)| account_of(*order) == account);
            want.extend(own_side.map(|&(order, maker)| (seq, order, maker)));
        }
        let got: Vec<(u64, OrderId, bool)> =
            views.fills().newest_first(account).map(|f| (f.trade.seq, f.order, f.maker)).collect();
        assert_eq!(got, want);
    }
}

#[test]
fn views_are_what_a_scan_of_all_facts_says() {
    for seed in 0..60 {
        println!("seed {seed}");
        let mut chance = Chance(seed);
        let bounds = Bounds {
            tape: 1 + chance.below(8) as usize,
            finished_per_account: 1 + chance.below(6) as usize,
            finished: 1 + chance.below(15) as usize,
            fills_per_account: 1 + chance.below(6) as usize,
            fills: 1 + chance.below(15) as usize,
        };
        let mut h = History::default();
        h.market(1);
        h.market(2);
        let mut views = h.views(bounds);
        for _ in 0..120 {
            let before = h.facts.len();
            random_command(&mut h, &mut chance);
            h.facts[before..].iter().for_each(|(stamp, fact)| views.apply(stamp, fact));
            check(&h, &views, bounds);
        }
        assert!(h.facts.iter().any(|(_, f)| matches!(f, Fact::Traded { .. })), "seed {seed}");
    }
}
