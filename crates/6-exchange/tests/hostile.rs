//! Journals with valid checksums and impossible facts: the start reports the fact, and does not panic.

#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

use exchange::{Options, RecoverError, recover};
use journal::{DiskJournal, Journal};
use ledger::{Ledger, Wrong, follows};
use protocol::bytes::FactEncoder;
use protocol::{CancelReason, Deal, Entered, Fact, MarketSpec, NewOrder, Stamp, TimeInForce};
use units::{
    AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time, limits,
};

/// Draws from a seed, which is printed with each failure.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = self.0 >> 33;
        high % bound
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Mostly small numbers, and some at a limit.
    fn number(&mut self, edges: &[u64]) -> u64 {
        if self.below(5) == 0 { self.one_of(edges) } else { self.below(12) }
    }

    fn quantity(&mut self) -> Lots {
        let edges = [0, limits::MAX_LOTS, limits::MAX_LOTS + 1, u64::MAX];
        Lots(self.number(&edges))
    }

    fn price(&mut self) -> Price {
        let edges = [i64::MIN, i64::MIN + 1, -limits::MAX_PRICE - 1, limits::MAX_PRICE, i64::MAX];
        if self.below(5) == 0 { Price(self.one_of(&edges)) } else { Price(7) }
    }

    fn order(&mut self) -> OrderId {
        OrderId(self.number(&[0, u64::MAX, limits::MAX_COMMAND]))
    }

    fn deal(&mut self) -> Deal {
        let edges = [0, 1 << 31, (1 << 31) - 1, u32::MAX];
        let number = if self.below(3) == 0 { self.one_of(&edges) } else { 1 };
        let incarnation = u32::from(self.below(6) > 0);
        Deal { maker: self.order(), taker: self.order(), incarnation, number }
    }

    fn market(&mut self) -> MarketId {
        MarketId(self.one_of(&[0, 0, 0, 0, 1, u16::MAX]))
    }

    fn client(&mut self) -> Option<ClientId> {
        ClientId::new(self.below(4).into())
    }

    fn fact(&mut self, command: CommandId) -> Fact {
        match self.below(16) {
            0 => Fact::Started { epoch: self.one_of(&[0, 1, 2, 3, u32::MAX - 1, u32::MAX]) },
            1 => {
                let symbol = self.one_of(&["TEA-USD", "SILK-USD", "OIL-USD"]).parse().unwrap();
                let (tick, lot) = (Scale::places(2), Scale::places(0));
                Fact::MarketOpened {
                    market: self.market(),
                    spec: MarketSpec::new(symbol, tick, lot),
                }
            }
            2..8 => Fact::Entered(Entered {
                order: if self.below(8) == 0 { self.order() } else { OrderId(command.0) },
                new: NewOrder {
                    account: AccountId(1),
                    client: self.client(),
                    market: self.market(),
                    // No two of them cross: a forged journal may hold that against them for ever.
                    side: Side::Buy,
                    price: self.price(),
                    quantity: self.quantity(),
                    time_in_force: TimeInForce::GoodTillCancel,
                },
            }),
            8 | 9 => Fact::Traded {
                deal: self.deal(),
                market: self.market(),
                price: self.price(),
                quantity: self.quantity(),
            },
            10 => Fact::Voided { deal: self.deal() },
            11 => Fact::Replaced {
                order: self.order(),
                client: self.client(),
                price: self.price(),
                quantity: self.quantity(),
                priority: CommandId(self.number(&[0, u64::MAX])),
            },
            12 => Fact::Suspended { order: self.order() },
            13 => Fact::Cancelled {
                order: self.order(),
                quantity: self.quantity(),
                reason: CancelReason::Requested,
            },
            14 => Fact::MarketStopped { market: self.market() },
            _ => Fact::Released { order: self.order() },
        }
    }
}

/// A journal in a folder with these facts, each of a command of its own.
fn journal_of(facts: &[(Stamp, Fact)]) -> (tempfile::TempDir, DiskJournal) {
    let dir = tempfile::tempdir().unwrap();
    let options = journal::Options { segment_bytes: 4_000, reserve_bytes: 0 };
    let mut journal = DiskJournal::open(dir.path(), options).unwrap();
    let mut groups = FactEncoder::new();
    facts.iter().for_each(|(stamp, fact)| groups.push(*stamp, fact));
    journal.append(&groups).unwrap();
    journal.sync().unwrap();
    (dir, journal)
}

fn start(facts: &[(Stamp, Fact)]) -> Result<u64, (u64, Wrong)> {
    let (_dir, mut journal) = journal_of(facts);
    match recover(&mut journal, Options::default()) {
        Ok((mut exchange, recovered)) => {
            // It runs: a start is recorded, and an order taken or refused.
            exchange.begin(Time(0), &mut |_, _| ());
            Ok(recovered.facts)
        }
        Err(RecoverError::Wrong { seq, wrong }) => Err((seq, wrong)),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn random_facts_are_folded_or_refused_by_number_and_never_panic() {
    let (mut folded, mut refused) = (0, 0);
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let mut facts = vec![(
            Stamp { seq: 1, command: CommandId(1), time: Time(0) },
            Fact::Started { epoch: 1 },
        )];
        let (tick, lot) = (Scale::places(2), Scale::places(0));
        let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot);
        let opened = Fact::MarketOpened { market: MarketId(0), spec };
        facts.push((Stamp { seq: 2, command: CommandId(2), time: Time(0) }, opened));
        let mut command = CommandId(2);
        // What can be is mostly kept, so that there is something to be wrong about.
        let mut ledger = Ledger::new();
        let mut last = Stamp::default();
        for (stamp, fact) in &facts {
            follows(last, *stamp, fact).and_then(|()| ledger.apply(fact)).unwrap();
            last = *stamp;
        }
        for _ in 0..chance.below(30) {
            command = CommandId(command.0 + 1);
            let stamp = Stamp { seq: facts.len() as u64 + 1, command, time: Time(0) };
            let fact = chance.fact(command);
            let can_be = follows(last, stamp, &fact).and_then(|()| ledger.apply(&fact)).is_ok();
            if can_be || chance.below(40) == 0 {
                facts.push((stamp, fact));
                last = stamp;
            }
        }
        let mut plain = Ledger::new();
        let mut last = Stamp::default();
        let wrong = facts.iter().find_map(|(stamp, fact)| {
            let folded = follows(last, *stamp, fact).and_then(|()| plain.apply(fact));
            last = *stamp;
            folded.err().map(|wrong| (stamp.seq, wrong))
        });
        let found = start(&facts);
        assert_eq!(found, wrong.map_or(Ok(facts.len() as u64), Err), "seed {seed}: {facts:?}");
        folded += u64::from(found.is_ok());
        refused += u64::from(found.is_err());
    }
    assert!(folded > 40 && refused > 40, "{folded} folded, {refused} refused");
}

/// Facts before the one that is wrong: two orders that could trade.
fn beginning() -> Vec<(Stamp, Fact)> {
    let stamp = |seq| Stamp { seq, command: CommandId(seq), time: Time(10) };
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot).with_negative_prices();
    let entered = |order, side| {
        Fact::Entered(Entered {
            order: OrderId(order),
            new: NewOrder {
                account: AccountId(1),
                client: None,
                market: MarketId(0),
                side,
                price: Price(7),
                quantity: Lots(5),
                time_in_force: TimeInForce::GoodTillCancel,
            },
        })
    };
    vec![
        (stamp(1), Fact::Started { epoch: 1 }),
        (stamp(2), Fact::MarketOpened { market: MarketId(0), spec }),
        (stamp(3), entered(3, Side::Sell)),
        (stamp(4), entered(4, Side::Buy)),
    ]
}

fn refusal(command: u64, time: u64, fact: Fact) -> Option<Wrong> {
    let mut facts = beginning();
    facts.push((Stamp { seq: 5, command: CommandId(command), time: Time(time) }, fact));
    start(&facts).err().map(|(seq, wrong)| {
        assert_eq!(seq, 5);
        wrong
    })
}

#[test]
fn what_lies_beyond_every_limit_is_refused() {
    let order = OrderId(3);
    let deal = |number| Deal { maker: order, taker: OrderId(4), incarnation: 1, number };
    let traded = |number| Fact::Traded {
        deal: deal(number),
        market: MarketId(0),
        price: Price(7),
        quantity: Lots(5),
    };
    assert_eq!(refusal(5, 10, traded(limits::MAX_PROPOSALS)), None);
    assert_eq!(refusal(5, 10, traded(limits::MAX_PROPOSALS + 1)), Some(Wrong::Range));
    let voided = Fact::Voided { deal: deal(u32::MAX) };
    assert_eq!(refusal(5, 10, voided), Some(Wrong::Range));
    let replaced = |price, quantity| Fact::Replaced {
        order,
        client: None,
        price: Price(price),
        quantity: Lots(quantity),
        priority: CommandId(5),
    };
    assert_eq!(refusal(5, 10, replaced(-limits::MAX_PRICE, limits::MAX_LOTS)), None);
    for (price, quantity) in [
        (i64::MIN, 1),
        (limits::MAX_PRICE + 1, 1),
        (-limits::MAX_PRICE - 1, 1),
        (7, limits::MAX_LOTS + 1),
        (7, 0),
    ] {
        assert_eq!(
            refusal(5, 10, replaced(price, quantity)),
            Some(Wrong::Range),
            "{price} {quantity}"
        );
    }
    let Fact::Entered(entered) = beginning()[2].1 else { panic!("an order") };
    let entered = |order, price| {
        Fact::Entered(Entered {
            order: OrderId(order),
            new: NewOrder { price: Price(price), ..entered.new },
        })
    };
    assert_eq!(refusal(5, 10, entered(5, limits::MAX_PRICE)), None);
    assert_eq!(refusal(5, 10, entered(5, i64::MIN)), Some(Wrong::Range));
    assert_eq!(refusal(5, 10, entered(6, 7)), Some(Wrong::Stamp), "another's number");
    assert_eq!(refusal(5, 10, Fact::Started { epoch: 2 }), None);
    assert_eq!(refusal(5, 10, Fact::Started { epoch: 3 }), Some(Wrong::Epoch));
    let left = Fact::Cancelled { order, quantity: Lots(5), reason: CancelReason::Requested };
    assert_eq!(refusal(limits::MAX_COMMAND, 10, left), None);
    assert_eq!(refusal(u64::MAX, 10, left), Some(Wrong::Stamp));
    assert_eq!(refusal(3, 10, left), Some(Wrong::Stamp), "an earlier command");
    assert_eq!(refusal(5, 9, left), Some(Wrong::Stamp), "an earlier time");
    assert_eq!(refusal(5, 10, left), None);
}

#[test]
fn a_snapshot_with_a_number_beyond_every_limit_is_refused() {
    for (number, fits) in [(4, true), (limits::MAX_COMMAND + 1, false), (u64::MAX, false)] {
        let (_dir, mut journal) = journal_of(&beginning());
        let mut ledger = Ledger::new();
        beginning().iter().for_each(|(_, fact)| ledger.apply(fact).unwrap());
        let mut bytes = Vec::new();
        bytes.extend(number.to_le_bytes());
        bytes.extend(10_u64.to_le_bytes());
        bytes.extend(ledger.save());
        journal.save_snapshot(5, &bytes).unwrap();
        match recover(&mut journal, Options::default()) {
            Ok((exchange, _)) => {
                assert!(fits && exchange.next_command() == CommandId(5), "{number}")
            }
            Err(RecoverError::Snapshot(_)) => assert!(!fits, "{number}"),
            Err(other) => panic!("{other}"),
        }
    }
}
