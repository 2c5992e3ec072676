//! What the ledger remembers of client ids, for how long, and in how many bytes.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Command, NewOrder, Replace};
use units::limits;

use super::*;
use crate::repeats::{ACCOUNT_BYTES, ID_BYTES};
use crate::{Repeat, Wrong};

/// Bytes for this many accounts with an id each.
fn room_for(accounts: usize) -> usize {
    accounts * (ID_BYTES + ACCOUNT_BYTES)
}

fn client(id: u64) -> ClientId {
    ClientId::new(u128::from(id)).unwrap()
}

fn entered(order: u64, account: u32, id: Option<u64>) -> Entered {
    let client = id.map(client);
    Entered {
        new: NewOrder {
            account: AccountId(account),
            client,
            ..entry(order, 0, Side::Buy, 100, 3).new
        },
        ..entry(order, 0, Side::Buy, 100, 3)
    }
}

fn command_of(e: &Entered) -> Command {
    let &Entered {
        new: NewOrder { account, client, market, side, price, quantity, time_in_force },
        ..
    } = e;
    Command::NewOrder(NewOrder { account, client, market, side, price, quantity, time_in_force })
}

fn repeat(ledger: &Ledger, e: &Entered) -> Repeat {
    ledger.repeat(e.new.account, e.new.client.unwrap(), &command_of(e))
}

fn enter(ledger: &mut Ledger, order: u64, account: u32, id: u64) -> Entered {
    let entered = entered(order, account, Some(id));
    ledger.apply(&Fact::Entered(entered)).unwrap();
    entered
}

#[test]
fn the_same_ask_leads_to_its_order_and_another_one_does_not() {
    let mut ledger = markets(Ledger::new());
    let first = enter(&mut ledger, 5, 1, 7);
    assert_eq!(repeat(&ledger, &first), Repeat::Same(OrderId(5)));
    let others = [
        Entered { new: NewOrder { market: MarketId(1), ..first.new }, ..first },
        Entered { new: NewOrder { side: Side::Sell, ..first.new }, ..first },
        Entered { new: NewOrder { price: Price(101), ..first.new }, ..first },
        Entered { new: NewOrder { quantity: Lots(4), ..first.new }, ..first },
        Entered {
            new: NewOrder { time_in_force: TimeInForce::ImmediateOrCancel, ..first.new },
            ..first
        },
    ];
    others.iter().for_each(|other| assert_eq!(repeat(&ledger, other), Repeat::Other));
    for new in [
        Entered { new: NewOrder { account: AccountId(2), ..first.new }, ..first },
        entered(5, 1, Some(8)),
    ] {
        assert_eq!(repeat(&ledger, &new), Repeat::New);
    }
    ledger.apply(&replaced(5, Some(client(9)), 99, 4, 6)).unwrap();
    let (account, client, order) = (AccountId(1), client(9), OrderId(5));
    let again = |order, price, quantity| {
        let (price, quantity) = (Price(price), Lots(quantity));
        let command =
            Command::Replace(Replace { account, client: Some(client), order, price, quantity });
        ledger.repeat(account, client, &command)
    };
    assert_eq!(again(order, 99, 4), Repeat::Same(order));
    assert_eq!(again(OrderId(6), 99, 4), Repeat::Other);
    assert_eq!(again(order, 98, 4), Repeat::Other);
    assert_eq!(again(order, 99, 5), Repeat::Other);
    assert_eq!(ledger.repeat(account, client, &command_of(&first)), Repeat::Other);
}

#[test]
fn the_last_ids_of_an_account_are_remembered() {
    let mut ledger = markets(Ledger::new());
    let most = limits::REMEMBERED_CLIENT_IDS as u64;
    let all: Vec<Entered> = (1..=most + 3).map(|n| enter(&mut ledger, n, 1, n)).collect();
    for (at, entered) in (1..).zip(&all) {
        let expected = if at <= 3 { Repeat::New } else { Repeat::Same(OrderId(at)) };
        assert_eq!(repeat(&ledger, entered), expected, "{at}");
    }
    assert_eq!(ledger.remembered_bytes(), limits::REMEMBERED_CLIENT_IDS * ID_BYTES + ACCOUNT_BYTES);
}

#[test]
fn the_account_that_is_idle_for_longest_makes_room_for_another() {
    let mut ledger = markets(Ledger::remembering(room_for(3)));
    let first = [1, 2, 3].map(|account| {
        assert!(ledger.can_remember(AccountId(account)), "three fit");
        enter(&mut ledger, u64::from(account), account, 7)
    });
    assert!(!ledger.can_remember(AccountId(4)), "all are active");
    assert!(ledger.can_remember(AccountId(1)));
    for order in [2, 1] {
        ledger.apply(&left(order, 3)).unwrap();
    }
    assert!(ledger.can_remember(AccountId(4)));
    enter(&mut ledger, 4, 4, 7);
    let known = |ledger: &Ledger| first.map(|e| repeat(ledger, &e) != Repeat::New);
    assert_eq!(known(&ledger), [true, false, true], "account 2 was idle before account 1");
    enter(&mut ledger, 5, 5, 7);
    assert_eq!(known(&ledger), [false, false, true]);
    assert!(!ledger.can_remember(AccountId(6)));
}

#[test]
fn whoever_comes_back_before_it_is_forgotten_is_idle_anew() {
    let mut ledger = markets(Ledger::remembering(room_for(3) + ID_BYTES));
    for account in [1, 2, 3] {
        enter(&mut ledger, u64::from(account), account, 7);
        ledger.apply(&left(u64::from(account), 3)).unwrap();
    }
    enter(&mut ledger, 4, 1, 8);
    ledger.apply(&left(4, 3)).unwrap();
    enter(&mut ledger, 5, 4, 7);
    assert_eq!(repeat(&ledger, &entered(1, 1, Some(7))), Repeat::Same(OrderId(1)));
    assert_eq!(repeat(&ledger, &entered(2, 2, Some(7))), Repeat::New);
}

#[test]
fn where_all_others_are_active_an_account_forgets_its_own_oldest() {
    let mut ledger = markets(Ledger::remembering(room_for(2)));
    let others = enter(&mut ledger, 1, 2, 7);
    let own = [2, 3, 4].map(|order| enter(&mut ledger, order, 1, order));
    assert!(ledger.remembered_bytes() <= room_for(2));
    assert_eq!(repeat(&ledger, &others), Repeat::Same(OrderId(1)));
    assert_eq!(own.map(|e| repeat(&ledger, &e) == Repeat::New), [true, true, false]);
}

#[test]
fn an_account_without_an_id_that_is_remembered_is_not_kept_when_its_orders_are_gone() {
    let mut ledger = markets(Ledger::remembering(0));
    enter(&mut ledger, 1, 1, 7);
    assert_eq!(ledger.remembered_bytes(), ACCOUNT_BYTES, "it is active");
    ledger.apply(&left(1, 3)).unwrap();
    assert_eq!(ledger.remembered_bytes(), 0);
}

#[test]
fn an_order_without_an_id_that_is_replaced_under_one_keeps_its_account() {
    for ids in [&[7][..], &[7, 8]] {
        let mut ledger = markets(Ledger::remembering(room_for(1)));
        ledger.apply(&Fact::Entered(entered(1, 1, None))).unwrap();
        assert_eq!(ledger.remembered_bytes(), 0);
        for id in ids {
            ledger.apply(&replaced(1, Some(client(*id)), 99, 4, 2)).unwrap();
            assert!(!ledger.can_remember(AccountId(2)), "it is active");
        }
        ledger.apply(&left(1, 4)).unwrap();
        assert!(ledger.can_remember(AccountId(2)));
    }
}

/// Everything of an account that is found.
fn known(ledger: &Ledger, all: &BTreeMap<u32, Vec<Entered>>, account: u32) -> Vec<u64> {
    let own = all.get(&account).into_iter().flatten();
    own.filter(|e| repeat(ledger, e) != Repeat::New).map(|e| e.order.0).collect()
}

#[test]
fn in_random_runs_the_bound_holds_and_no_active_account_loses_an_id_to_another() {
    let mut forgotten = 0;
    for seed in 0..150 {
        let mut chance = Chance(seed);
        let bound = room_for(4) + usize::try_from(chance.below(2_000)).unwrap();
        let mut ledger = markets(Ledger::remembering(bound));
        let mut all: BTreeMap<u32, Vec<Entered>> = BTreeMap::new();
        let mut open: BTreeSet<(u32, u64)> = BTreeSet::new();
        for order in 1..200 {
            let account = u32::try_from(chance.below(12)).unwrap();
            let before: Vec<_> = (0..12).map(|a| known(&ledger, &all, a)).collect();
            let active: BTreeSet<u32> = open.iter().map(|(account, _)| *account).collect();
            if chance.below(2) == 0 && !open.is_empty() {
                let some = usize::try_from(chance.below(open.len() as u64)).unwrap();
                let ended = *open.iter().nth(some).unwrap();
                open.remove(&ended);
                ledger.apply(&left(ended.1, 3)).unwrap();
            } else if ledger.can_remember(AccountId(account)) {
                let new = enter(&mut ledger, order, account, order);
                assert_eq!(repeat(&ledger, &new), Repeat::Same(OrderId(order)), "seed {seed}");
                all.entry(account).or_default().push(new);
                open.insert((account, order));
            } else {
                assert!(!active.is_empty() && !active.contains(&account), "seed {seed}");
            }
            assert!(ledger.remembered_bytes() <= bound, "seed {seed}");
            for (other, before) in (0..).zip(&before) {
                let now = known(&ledger, &all, other);
                let kept = before.iter().all(|order| now.contains(order));
                assert!(kept || other == account || !active.contains(&other), "seed {seed}");
                forgotten += u32::from(!kept && other != account);
            }
        }
        let saved = ledger.save();
        let again = Ledger::load(&saved).unwrap();
        assert_eq!(again.save(), saved, "seed {seed}");
        assert_eq!(again.remembered_bytes(), ledger.remembered_bytes());
        assert_eq!(again.repeats.idle(), ledger.repeats.idle());
    }
    assert!(forgotten > 500, "{forgotten}");
}

#[test]
fn a_snapshot_carries_who_is_to_be_forgotten_next() {
    let mut ledger = markets(Ledger::new());
    let facts = (1..=6)
        .zip([1, 2, 3, 0, 1, 2])
        .map(|(order, account)| Fact::Entered(entered(order, account, Some(order))));
    facts.for_each(|fact| ledger.apply(&fact).unwrap());
    [3, 1, 5, 2].iter().for_each(|order| ledger.apply(&left(*order, 3)).unwrap());
    let mut again = Ledger::load(&ledger.save()).unwrap();
    for order in [4, 6] {
        ledger.apply(&left(order, 3)).unwrap();
        again.apply(&left(order, 3)).unwrap();
    }
    assert_eq!(ledger.repeats.idle(), [3, 1, 0, 2].map(AccountId));
    assert_eq!(again.repeats.idle(), ledger.repeats.idle());
    assert_eq!(again.save(), ledger.save());
}

#[test]
fn a_snapshot_of_the_version_before_is_known_and_not_read() {
    let mut ledger = markets(Ledger::new());
    enter(&mut ledger, 1, 1, 7);
    enter(&mut ledger, 2, 2, 7);
    ledger.apply(&left(2, 3)).unwrap();
    let mut former = ledger.save();
    former[..8].copy_from_slice(b"BWledg01");
    assert!(Ledger::is_of_former_version(&former) && !Ledger::is_of_former_version(&ledger.save()));
    assert!(Ledger::load(&former).is_err());
    assert!(ledger.is_saved_as(&ledger.save()));
    assert!(!ledger.is_saved_as(&former), "it had less in it");
}

#[test]
fn damaged_snapshots_are_refused_and_none_panics() {
    let mut ledger = markets(Ledger::new());
    enter(&mut ledger, 1, 1, 7);
    ledger.apply(&replaced(1, Some(client(8)), 99, 4, 2)).unwrap();
    ledger.apply(&Fact::Suspended { order: OrderId(1) }).unwrap();
    let saved = ledger.save();
    for at in 0..saved.len() {
        assert!(Ledger::load(&saved[..at]).is_err(), "{at} of {} bytes", saved.len());
        for bit in 0..8 {
            let mut bytes = saved.clone();
            bytes[at] ^= 1 << bit;
            let _whatever = Ledger::load(&bytes).map(|ledger| ledger.save());
        }
    }
    // An active account that is not listed, and one that is listed and is neither active nor has an id.
    let accounts = saved.len() - (8 + 3 * 8 + 2 * 16 + (1 + 35) + (1 + 24));
    for account in [&1_u64, &0_u64] {
        let mut none = saved[..accounts].to_vec();
        none.extend((*account).to_le_bytes());
        if *account == 1 {
            [9_u64, 0, 0].iter().for_each(|number| none.extend(number.to_le_bytes()));
        }
        assert!(Ledger::load(&none).is_err());
    }
    let mut longer = saved;
    longer.push(0);
    assert!(Ledger::load(&longer).is_err());
    assert_eq!(ledger.apply(&Fact::Suspended { order: OrderId(2) }), Err(Wrong::NoOrder));
}
