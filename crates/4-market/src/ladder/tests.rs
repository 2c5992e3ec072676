//! Compares both sides of a floor with a plain list of the resting orders, at adjacent and at scattered addresses.

use std::collections::BTreeMap;

use protocol::TimeInForce;
use units::OrderId;

use super::*;

/// Splitmix64: the tests' own chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap_or(0)
    }
}

/// The resting orders as a plain list.
#[derive(Default)]
struct Plain {
    rest: Vec<(Pid, Presence)>,
    lives: BTreeMap<u32, u32>,
    next: u64,
}

impl Plain {
    /// The orders of a side, in the order in which they trade.
    fn side(&self, side: Side) -> Vec<(Pid, Presence)> {
        let mut rows: Vec<_> = self.rest.iter().filter(|row| row.1.side == side).copied().collect();
        rows.sort_by_key(|(_, p)| {
            (if side == Side::Buy { -p.price.0 } else { p.price.0 }, p.priority)
        });
        rows
    }

    fn incoming(&mut self, index: u32, chance: &mut Chance, spread: i64) -> (Pid, Presence) {
        let life = self.lives.entry(index).or_default();
        *life += 1;
        self.next += 1;
        let level = i64::try_from(chance.below(40)).unwrap_or(0);
        let presence = Presence {
            order: OrderId(self.next),
            priority: CommandId(self.next),
            side: if chance.below(2) == 0 { Side::Buy } else { Side::Sell },
            price: Price((level - 20) * spread),
            open: Lots(1 + chance.below(9) as u64),
            time_in_force: TimeInForce::GoodTillCancel,
        };
        (Pid::made_up(index, *life), presence)
    }
}

fn check(plain: &Plain, resting_orders: &mut RestingOrders, ladders: [&Ladder; 2]) {
    for (side, ladder) in [Side::Buy, Side::Sell].into_iter().zip(ladders) {
        let rows = plain.side(side);
        let mut levels: Vec<(Price, Lots)> = Vec::new();
        for (_, presence) in &rows {
            match levels.last_mut() {
                Some((price, quantity)) if *price == presence.price => *quantity += presence.open,
                _ => levels.push((presence.price, presence.open)),
            }
        }
        assert_eq!(ladder.levels().collect::<Vec<_>>(), levels);
        assert_eq!(ladder.best(), levels.first().copied());
        assert_eq!(ladder.resting(), rows.len());
        for &(price, quantity) in &levels {
            assert_eq!(ladder.depth_at(price), quantity);
            let at_price = rows.iter().filter(|(_, presence)| presence.price == price);
            let orders: Vec<OrderId> =
                ladder.queue(resting_orders, price).map(|resting| resting.order).collect();
            assert_eq!(orders, at_price.map(|(_, p)| p.order).collect::<Vec<_>>());
        }
        let Some((pid, best)) = rows.first() else { continue };
        let first = ladder.first_within(best.price).expect("the best is within its own price");
        assert_eq!(resting_orders.introduce(first), (*pid, best.order));
        resting_orders.is_back(first);
        let worse = Price(best.price.0 + if side == Side::Buy { 1 } else { -1 });
        assert_eq!(ladder.first_within(worse), None);
    }
}

/// Adds and removes orders at random, at addresses and prices with these distances. Returns the number of slots.
fn run(seed: u64, distance: u32, spread: i64, most: usize) -> usize {
    let mut chance = Chance(seed);
    let (mut plain, mut resting_orders) = (Plain::default(), RestingOrders::default());
    let mut ladders = [Ladder::new(Side::Buy), Ladder::new(Side::Sell)];
    for step in 0..1_500 {
        let leaves = !plain.rest.is_empty() && (plain.rest.len() == most || chance.below(5) < 2);
        if leaves {
            let (pid, presence) = plain.rest.swap_remove(chance.below(plain.rest.len()));
            let (slot, resting) = resting_orders.of(pid, presence.order).expect("it rests");
            assert_eq!((resting.generation, resting.side()), (pid.generation(), presence.side));
            ladders[presence.side as usize].remove(&mut resting_orders, slot);
            assert!(resting_orders.of(pid, presence.order).is_none());
        } else {
            let index = u32::try_from(chance.below(300)).unwrap_or(0) * distance;
            if plain.rest.iter().any(|(pid, _)| pid.index() == index as usize) {
                continue;
            }
            let (pid, presence) = plain.incoming(index, &mut chance, spread);
            assert!(resting_orders.hears_new(pid, presence.order));
            assert!(!resting_orders.is_taken_over(pid));
            assert!(!resting_orders.hears(Pid::made_up(index, pid.generation() - 1), OrderId(0)));
            assert!(resting_orders.is_taken_over(Pid::made_up(index, pid.generation() - 1)));
            ladders[presence.side as usize].add(&mut resting_orders, pid, &presence);
            plain.rest.push((pid, presence));
        }
        if step % 7 == 0 {
            check(&plain, &mut resting_orders, [&ladders[0], &ladders[1]]);
        }
    }
    resting_orders.orders.len()
}

#[test]
fn resting_orders_are_found_by_price_then_priority_at_any_addresses_and_prices() {
    for seed in 0..20 {
        for spread in [1, 7, 1_000] {
            assert!(run(seed, 1, spread, 200) <= 300);
            run(seed, 1_000, spread, 200);
        }
    }
}

#[test]
fn slots_of_scattered_addresses_are_used_again() {
    for seed in 0..20 {
        let resting_orders = run(seed, 1_000, 1, 20);
        assert!(resting_orders <= 256, "{resting_orders} slots for 20 orders at 300 addresses");
    }
}
