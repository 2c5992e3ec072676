//! The judge beside a plain reading of all facts so far.

use std::collections::BTreeMap;

use super::*;
use crate::{Verdict, Wrong};

/// An order, as the facts say.
#[derive(Clone, Copy, Debug)]
struct Plain {
    entered: Entered,
    done: u64,
    suspended: bool,
    open: bool,
}

/// All that has happened.
#[derive(Default)]
struct World {
    orders: BTreeMap<OrderId, Plain>,
    stopped: Vec<MarketId>,
    /// Deals that have ended in this epoch.
    ended: Vec<Deal>,
}

impl World {
    fn may_trade(&self, deal: &Deal, market: MarketId, price: Price, quantity: Lots) -> bool {
        let order = |id| self.orders.get(&id).filter(|order| order.open && !order.suspended);
        let (Some(maker), Some(taker)) = (order(deal.maker), order(deal.taker)) else {
            return false;
        };
        let limit = taker.entered.new.price.0;
        let of_maker = self.ended.iter().filter(|ended| ended.maker == deal.maker);
        let names = of_maker.map(|ended| (ended.incarnation, ended.number));
        let is_newest = names.max().is_none_or(|last| last < (deal.incarnation, deal.number));
        is_newest
            && maker.entered.new.market == market
            && taker.entered.new.market == market
            && !self.stopped.contains(&market)
            && match (maker.entered.new.side, taker.entered.new.side) {
                (Side::Sell, Side::Buy) => price.0 <= limit,
                (Side::Buy, Side::Sell) => price.0 >= limit,
                _ => false,
            }
            && price == maker.entered.new.price
            && [maker, taker]
                .iter()
                .all(|o| quantity.0 >= 1 && quantity.0 <= o.entered.new.quantity.0 - o.done)
    }

    fn take(&mut self, fact: &Fact) {
        match *fact {
            Fact::Entered(entered) => {
                let new = Plain { entered, done: 0, suspended: false, open: true };
                self.orders.insert(entered.order, new);
            }
            Fact::Traded { deal, quantity, .. } => {
                self.ended.push(deal);
                for order in [deal.maker, deal.taker] {
                    let order = self.orders.get_mut(&order).unwrap();
                    order.done += quantity.0;
                    order.open = order.done < order.entered.new.quantity.0;
                }
            }
            Fact::Voided { deal } => self.ended.push(deal),
            Fact::Cancelled { order, .. } => self.orders.get_mut(&order).unwrap().open = false,
            Fact::Suspended { order } => self.orders.get_mut(&order).unwrap().suspended = true,
            Fact::Released { order } => self.orders.get_mut(&order).unwrap().suspended = false,
            Fact::MarketStopped { market } => self.stopped.push(market),
            Fact::MarketResumed { market } => self.stopped.retain(|stopped| *stopped != market),
            Fact::Started { .. } => self.ended.clear(),
            _ => {}
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "small random numbers")]
fn some_fact(world: &World, chance: &mut Chance, next: u64, epoch: u32) -> Fact {
    let open: Vec<&Plain> = world.orders.values().filter(|order| order.open).collect();
    let some = usize::try_from(chance.below(open.len().max(1) as u64)).unwrap();
    let Some(order) = open.get(some).filter(|_| chance.below(3) > 0) else {
        let side = if chance.below(2) == 0 { Side::Buy } else { Side::Sell };
        let (market, price) = (chance.below(2) as u16, 98 + chance.below(5) as i64);
        return Fact::Entered(entry(next, market, side, price, 1 + chance.below(6)));
    };
    let id = order.entered.order;
    match chance.below(12) {
        0 => left(id.0, order.entered.new.quantity.0 - order.done),
        1 | 2 if order.suspended => Fact::Released { order: id },
        1 => Fact::Suspended { order: id },
        3 if chance.below(12) == 0 => {
            let market = order.entered.new.market;
            match world.stopped.contains(&market) {
                true => Fact::MarketResumed { market },
                false => Fact::MarketStopped { market },
            }
        }
        4 if chance.below(6) == 0 => Fact::Started { epoch: epoch + 1 },
        _ => {
            let other = open[usize::try_from(chance.below(open.len() as u64)).unwrap()];
            let deal = Deal {
                maker: id,
                taker: other.entered.order,
                incarnation: 1 + chance.below(2) as u32,
                number: 1 + chance.below(6) as u32,
            };
            if chance.below(5) == 0 {
                return Fact::Voided { deal };
            }
            let price = order.entered.new.price.0 + i64::from(chance.below(8) == 0);
            trade(deal, chance.below(8) as u16 / 4, price, chance.below(4))
        }
    }
}

#[test]
fn what_the_judge_lets_trade_is_what_a_plain_reading_of_the_facts_lets_trade() {
    let (mut traded, mut refused) = (0, 0);
    for seed in 0..2_000 {
        let mut chance = Chance(seed);
        let (mut ledger, mut world) = (markets(Ledger::new()), World::default());
        for step in 0..60 {
            let fact = some_fact(&world, &mut chance, 10 + step, ledger.epoch());
            match fact {
                Fact::Traded { deal, market, price, quantity } => {
                    let may = world.may_trade(&deal, market, price, quantity);
                    let verdict = ledger.validate_deal(&deal, price, quantity);
                    assert_eq!(may, verdict == Verdict::Trade(market), "seed {seed}: {fact:?}");
                    let before = ledger.save();
                    let expected = if may { Ok(()) } else { Err(Wrong::Trade) };
                    assert_eq!(ledger.apply(&fact), expected, "seed {seed}: {fact:?}");
                    if !may {
                        refused += 1;
                        assert_eq!(ledger.save(), before);
                        continue;
                    }
                    traded += 1;
                    assert_eq!(ledger.resolve(&deal, OrderId(999)), Verdict::Gone);
                }
                Fact::Voided { .. } if ledger.apply(&fact).is_err() => continue,
                Fact::Voided { deal } => {
                    for asker in [deal.maker, deal.taker] {
                        assert_eq!(ledger.resolve(&deal, asker), Verdict::Void, "seed {seed}");
                    }
                }
                Fact::Entered(entered) if world.stopped.contains(&entered.new.market) => {
                    assert_eq!(ledger.apply(&fact), Err(Wrong::MarketStopped), "seed {seed}");
                    continue;
                }
                _ => ledger.apply(&fact).unwrap(),
            }
            world.take(&fact);
        }
    }
    assert!(traded > 500 && refused > 10_000, "{traded} traded, {refused} refused");
}

/// Maker 1 sells 5 @ 100, taker 2 buys 3 @ 101.
fn pair() -> Ledger {
    let mut ledger = markets(Ledger::new());
    ledger.apply(&Fact::Entered(entry(1, 0, Side::Sell, 100, 5))).unwrap();
    ledger.apply(&Fact::Entered(entry(2, 0, Side::Buy, 101, 3))).unwrap();
    ledger
}

fn judged(ledger: &Ledger, deal: Deal) -> Verdict {
    ledger.validate_deal(&deal, Price(100), Lots(1))
}

#[test]
fn the_first_word_on_a_deal_stands() {
    let mut ledger = pair();
    let (first, second) = (deal(1, 2, 1, 1), deal(1, 2, 1, 2));
    assert_eq!(judged(&ledger, first), Verdict::Trade(MarketId(0)));
    assert_eq!(ledger.resolve(&first, OrderId(2)), Verdict::ToVoid);
    ledger.apply(&trade(first, 0, 100, 1)).unwrap();
    assert_eq!(judged(&ledger, first), Verdict::Traded);
    assert_eq!(ledger.resolve(&first, OrderId(1)), Verdict::Traded);
    assert_eq!(ledger.resolve(&first, OrderId(2)), Verdict::Traded);
    assert_eq!(ledger.apply(&Fact::Voided { deal: first }), Err(Wrong::Void));
    ledger.apply(&Fact::Voided { deal: second }).unwrap();
    assert_eq!(judged(&ledger, second), Verdict::Void);
    assert_eq!(ledger.resolve(&second, OrderId(1)), Verdict::Void);
    // An older deal of the maker's can never become a trade.
    assert_eq!(judged(&ledger, deal(1, 2, 1, 1)), Verdict::Void);
    assert_eq!(judged(&ledger, deal(1, 2, 1, 3)), Verdict::Trade(MarketId(0)));
    assert_eq!(judged(&ledger, deal(1, 2, 2, 1)), Verdict::Trade(MarketId(0)));
}

#[test]
fn an_unsound_deal_is_to_be_voided_and_one_whose_party_is_gone_is_void() {
    let mut ledger = pair();
    let unsound = ledger.validate_deal(&deal(1, 2, 1, 1), Price(101), Lots(1));
    assert_eq!(unsound, Verdict::ToVoid);
    ledger.apply(&left(2, 3)).unwrap();
    assert_eq!(judged(&ledger, deal(1, 2, 1, 1)), Verdict::Void);
    assert_eq!(ledger.resolve(&deal(1, 2, 1, 1), OrderId(2)), Verdict::Gone);
    assert_eq!(ledger.resolve(&deal(1, 2, 1, 1), OrderId(1)), Verdict::ToVoid);
    ledger.apply(&left(1, 5)).unwrap();
    assert_eq!(judged(&ledger, deal(1, 2, 1, 1)), Verdict::Void);
}

#[test]
fn a_taker_knows_its_trade_when_its_maker_is_filled() {
    let mut ledger = markets(Ledger::new());
    ledger.apply(&Fact::Entered(entry(1, 0, Side::Sell, 100, 1))).unwrap();
    ledger.apply(&Fact::Entered(entry(2, 0, Side::Buy, 101, 3))).unwrap();
    let first = deal(1, 2, 1, 1);
    ledger.apply(&trade(first, 0, 100, 1)).unwrap();
    assert!(ledger.order(OrderId(1)).is_none());
    assert_eq!(judged(&ledger, first), Verdict::Traded);
    assert_eq!(ledger.resolve(&first, OrderId(2)), Verdict::Traded);
    // Without its maker no other deal of that name can be recorded: there is nothing to fence off.
    assert_eq!(ledger.resolve(&deal(1, 2, 1, 2), OrderId(2)), Verdict::Void);
    assert_eq!(ledger.resolve(&deal(3, 2, 1, 1), OrderId(2)), Verdict::Void);
}

#[test]
fn an_end_is_the_end_of_that_deal_with_that_maker_alone() {
    let mut ledger = pair();
    ledger.apply(&Fact::Entered(entry(3, 0, Side::Sell, 100, 5))).unwrap();
    ledger.apply(&trade(deal(1, 2, 1, 1), 0, 100, 1)).unwrap();
    assert_eq!(judged(&ledger, deal(3, 2, 1, 1)), Verdict::Trade(MarketId(0)));
    assert_eq!(judged(&ledger, deal(1, 2, 2, 1)), Verdict::Trade(MarketId(0)));
    // A void of an older deal of the maker's does not make it forget the newer one.
    ledger.apply(&Fact::Voided { deal: deal(1, 9, 1, 1) }).unwrap_err();
    ledger.apply(&trade(deal(1, 2, 2, 5), 0, 100, 1)).unwrap();
    ledger.apply(&Fact::Voided { deal: deal(1, 3, 1, 7) }).unwrap();
    assert_eq!(judged(&ledger, deal(1, 2, 2, 5)), Verdict::Traded);
    assert_eq!(judged(&ledger, deal(1, 2, 2, 4)), Verdict::Void);
}
