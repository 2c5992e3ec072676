//! Round trips, refusals, and the golden bytes.

use std::num::NonZeroU32;

use proptest::prelude::*;
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Scale, Side};

use super::*;
use crate::{CancelReason, Collar, Deal, Distance, Entered, MarketSpec, NewOrder, TimeInForce};

/// Whole numbers of every size, small ones as often as large ones.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(n, bits)| n >> bits)
}

#[allow(clippy::cast_possible_truncation, reason = "any number will do")]
fn narrow() -> impl Strategy<Value = u32> {
    number().prop_map(|n| n as u32)
}

fn price() -> impl Strategy<Value = Price> {
    (number(), any::<bool>()).prop_map(|(n, below)| {
        let n = n.cast_signed();
        Price(if below { n.wrapping_neg() } else { n })
    })
}

/// Order numbers near a command's number and far from it, below and above.
fn order(command: CommandId) -> impl Strategy<Value = OrderId> {
    number().prop_map(move |back| OrderId(command.0.wrapping_sub(back)))
}

fn client() -> impl Strategy<Value = Option<ClientId>> {
    any::<Option<u128>>().prop_map(|bits| bits.and_then(ClientId::new))
}

fn scale() -> impl Strategy<Value = Scale> {
    (1..=u32::MAX, 0..=Scale::MAX_PLACES).prop_map(|(mantissa, places)| Scale { mantissa, places })
}

fn collar() -> impl Strategy<Value = Collar> {
    let distance = (1..=u32::MAX, any::<bool>()).prop_map(|(length, ticks)| {
        let length = NonZeroU32::new(length).unwrap();
        if ticks { Distance::Ticks(length) } else { Distance::BasisPoints(length) }
    });
    (distance, price()).prop_map(|(distance, reference)| Collar { distance, reference })
}

fn deal(command: CommandId) -> impl Strategy<Value = Deal> {
    (order(command), order(command), narrow(), narrow())
        .prop_map(|(maker, taker, incarnation, number)| Deal { maker, taker, incarnation, number })
}

fn fact(command: CommandId) -> impl Strategy<Value = Fact> {
    let market = || any::<u16>().prop_map(MarketId);
    let quantity = || number().prop_map(Lots);
    let symbol = "[A-Z0-9._-]{1,15}".prop_map(|name| name.parse().unwrap());
    let spec = (symbol, scale(), scale(), any::<bool>(), prop::option::of(collar())).prop_map(
        |(symbol, tick, lot, negative_prices, collar)| MarketSpec {
            symbol,
            tick,
            lot,
            negative_prices,
            collar,
        },
    );
    let side = any::<bool>().prop_map(|buys| if buys { Side::Buy } else { Side::Sell });
    let time_in_force = any::<bool>().prop_map(|good| {
        if good { TimeInForce::GoodTillCancel } else { TimeInForce::ImmediateOrCancel }
    });
    let entered =
        (order(command), narrow(), client(), market(), side, price(), quantity(), time_in_force)
            .prop_map(|(order, account, client, market, side, price, quantity, time_in_force)| {
                Entered {
                    order,
                    new: NewOrder {
                        account: AccountId(account),
                        client,
                        market,
                        side,
                        price,
                        quantity,
                        time_in_force,
                    },
                }
            });
    prop_oneof![
        narrow().prop_map(|epoch| Fact::Started { epoch }),
        (market(), spec).prop_map(|(market, spec)| Fact::MarketOpened { market, spec }),
        entered.prop_map(Fact::Entered),
        (deal(command), market(), price(), quantity()).prop_map(
            |(deal, market, price, quantity)| Fact::Traded { deal, market, price, quantity }
        ),
        deal(command).prop_map(|deal| Fact::Voided { deal }),
        (order(command), client(), price(), quantity(), order(command)).prop_map(
            |(order, client, price, quantity, place)| Fact::Replaced {
                order,
                client,
                price,
                quantity,
                priority: CommandId(place.0),
            }
        ),
        order(command).prop_map(|order| Fact::Suspended { order }),
        order(command).prop_map(|order| Fact::Released { order }),
        (order(command), quantity(), any::<bool>()).prop_map(|(order, quantity, cancelled)| {
            Fact::Cancelled {
                order,
                quantity,
                reason: if cancelled { CancelReason::Requested } else { CancelReason::Unmatched },
            }
        }),
        market().prop_map(|market| Fact::MarketStopped { market }),
        market().prop_map(|market| Fact::MarketResumed { market }),
    ]
}

/// Facts of a few commands, stamped from `first` on.
fn history() -> impl Strategy<Value = Vec<(Stamp, Fact)>> {
    let group = (number(), number()).prop_flat_map(|(command, time)| {
        let facts = prop::collection::vec(fact(CommandId(command)), 1..5);
        facts.prop_map(move |facts| (CommandId(command), Time(time), facts))
    });
    (0..1u64 << 40, prop::collection::vec(group, 0..6)).prop_map(|(first, mut groups)| {
        groups.dedup_by_key(|group| group.0);
        let facts = groups.into_iter().flat_map(|(command, time, facts)| {
            facts.into_iter().map(move |fact| (Stamp { seq: 0, command, time }, fact))
        });
        (first..).zip(facts).map(|(seq, (stamp, fact))| (Stamp { seq, ..stamp }, fact)).collect()
    })
}

fn groups(facts: &[(Stamp, Fact)]) -> FactEncoder {
    let mut groups = FactEncoder::new();
    for (stamp, fact) in facts {
        groups.push(*stamp, fact);
    }
    groups
}

fn read(bytes: &[u8], first: u64) -> Result<Vec<(Stamp, Fact)>, BytesError> {
    Facts::new(bytes, first).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn facts_read_back_as_they_were(facts in history()) {
        let groups = groups(&facts);
        prop_assert_eq!(groups.facts(), facts.len() as u64);
        prop_assert_eq!(read(groups.bytes(), groups.first()), Ok(facts));
    }

    #[test]
    fn random_bytes_are_facts_in_one_spelling_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(facts) = read(&bytes, 1) {
            let again = groups(&facts);
            prop_assert_eq!(again.bytes(), bytes);
        }
    }

    #[test]
    fn changed_bytes_are_other_facts_in_one_spelling_or_refused(
        facts in history(), place in any::<prop::sample::Index>(), byte: u8,
    ) {
        prop_assume!(!facts.is_empty());
        let mut bytes = groups(&facts).bytes().to_vec();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        if let Ok(others) = read(&bytes, facts[0].0.seq) {
            prop_assert_ne!(&others, &facts);
            let again = groups(&others);
            prop_assert_eq!(again.bytes(), bytes);
        }
    }

    #[test]
    fn no_beginning_of_groups_passes_for_the_whole(facts in history()) {
        let groups = groups(&facts);
        for end in 0..groups.bytes().len() {
            if let Ok(fewer) = read(&groups.bytes()[..end], groups.first()) {
                prop_assert!(fewer.len() < facts.len()); // it ended between two groups
            }
        }
    }

    #[test]
    fn the_hash_does_not_see_the_batches(facts in history(), cut in any::<prop::sample::Index>()) {
        let mut one_by_one = FactsHash::new();
        facts.iter().for_each(|(stamp, fact)| one_by_one.add(*stamp, fact));
        let cut = cut.index(facts.len() + 1);
        // A batch ends where a command ends.
        let cut = (cut..facts.len())
            .find(|&i| i == 0 || facts[i].0.command != facts[i - 1].0.command)
            .unwrap_or(facts.len());
        let mut in_two = FactsHash::new();
        in_two.update(groups(&facts[..cut]).bytes());
        in_two.update(groups(&facts[cut..]).bytes());
        prop_assert_eq!(one_by_one.value(), in_two.value());
        let mut mixed = FactsHash::new();
        mixed.update(groups(&facts[..cut]).bytes());
        facts[cut..].iter().for_each(|(stamp, fact)| mixed.add(*stamp, fact));
        prop_assert_eq!(one_by_one.value(), mixed.value());
        let whole = blake3::hash(groups(&facts).bytes());
        prop_assert_eq!(one_by_one.to_string(), whole.to_hex().to_string());
    }
}

fn sweep(facts: u64) -> Vec<(Stamp, Fact)> {
    let order = |seq| Fact::Suspended { order: OrderId(9 - seq % 3) };
    (0..facts)
        .map(|seq| (Stamp { seq, command: CommandId(9), time: Time(7) }, order(seq)))
        .collect()
}

#[test]
fn a_group_may_have_any_number_of_facts() {
    for count in [1, 127, 128, 129, 16_383, 16_384, 20_000] {
        let facts = sweep(count);
        assert_eq!(read(groups(&facts).bytes(), 0).unwrap(), facts);
    }
}

#[test]
fn a_long_history_is_hashed_in_pieces_as_it_is_whole() {
    let facts: Vec<_> = (1..40_000u64)
        .map(|seq| {
            (
                Stamp { seq, command: CommandId(seq / 3), time: Time(seq) },
                Fact::Started { epoch: 1 },
            )
        })
        .map(|(stamp, fact)| (Stamp { time: Time(stamp.command.0), ..stamp }, fact))
        .collect();
    let whole = groups(&facts);
    assert!(whole.bytes().len() > 1 << 16);
    let mut by_fact = FactsHash::new();
    facts.iter().for_each(|(stamp, fact)| by_fact.add(*stamp, fact));
    let mut at_once = FactsHash::new();
    at_once.update(whole.bytes());
    assert_eq!(by_fact.value(), at_once.value());
}

#[test]
fn a_release_is_kind_ten() {
    let stamp = Stamp { seq: 1, command: CommandId(5), time: Time(0) };
    let facts = [(stamp, Fact::Released { order: OrderId(3) })];
    assert_eq!(groups(&facts).bytes(), [5, 0, 1, 10, 2]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let refused = |bytes: &[u8]| read(bytes, 1).unwrap_err();
    assert_eq!(refused(&[5]), BytesError { at: 1, what: What::Truncated });
    assert_eq!(refused(&[5, 0, 0]).what, What::NoFacts);
    assert_eq!(refused(&[5, 0, 1, 0]).what, What::Kind);
    assert_eq!(refused(&[5, 0, 1, 13, 0]).what, What::Kind);
    assert_eq!(refused(&[5, 0, 1, 0x17, 0]).what, What::Kind); // a flag that `suspended` has not
    assert_eq!(refused(&[5, 0, 1, 7, 0x80, 0]).what, What::Overlong);
    assert_eq!(refused(&[5, 0, 1, 7, 0, 5, 0, 1, 7, 0]).what, What::SameCommand);
    assert_eq!(refused(&[5, 0, 1, 9, 0x80, 0x80, 4]).what, What::Range); // market 65536
    assert_eq!(refused(&[5, 0, 1, 2, 1, 1, b'a', 1, 0, 1, 0]).what, What::Symbol);
    assert_eq!(refused(&[5, 0, 1, 2, 1, 1, b'A', 0, 0, 1, 0]).what, What::Scale);
    assert_eq!(refused(&[5, 0, 1, 2, 1, 1, b'A', 1, 19, 1, 0]).what, What::Scale);
    let rules = |kind: u8, collar: &[u8]| {
        refused(&[&[5, 0, 1, kind, 1, 1, b'A', 1, 0, 1, 0], collar].concat()).what
    };
    assert_eq!(rules(0x1c, &[]), What::Kind); // written as kind 2
    assert_eq!(rules(0x6c, &[1, 2]), What::Kind); // two distances
    assert_eq!(rules(0x8c, &[]), What::Kind);
    assert_eq!(rules(0x2c, &[0, 2]), What::Range); // a collar of no distance
    assert_eq!(rules(0x4c, &[0x80, 0x80, 0x80, 0x80, 0x10, 2]), What::Range); // 2^32 ticks
    assert_eq!(rules(0x4c, &[1]), What::Truncated);
    let no_client = [&[5, 0, 1, 0x46, 0][..], &[0; 16], &[1, 1]].concat();
    assert_eq!(refused(&no_client).what, What::Client);
}

#[test]
fn common_facts_are_short() {
    let command = CommandId(3_000_000);
    let length = |fact: Fact| {
        let mut bytes = [0; varint::FACT_SPACE];
        let mut spool = Spool::new(&mut bytes);
        fact::write(command, &fact, &mut spool);
        spool.at()
    };
    let old = OrderId(command.0 - 100_000);
    let entered = |quantity| {
        Fact::Entered(Entered {
            order: OrderId(command.0),
            new: NewOrder {
                account: AccountId(9000),
                client: None,
                market: MarketId(3),
                side: Side::Sell,
                price: Price(23_647),
                quantity: Lots(quantity),
                time_in_force: TimeInForce::GoodTillCancel,
            },
        })
    };
    let deal = Deal { maker: old, taker: OrderId(command.0), incarnation: 1, number: 2 };
    let traded =
        Fact::Traded { deal, market: MarketId(3), price: Price(23_647), quantity: Lots(1 << 27) };
    assert_eq!(length(entered(100)), 9);
    assert_eq!(length(entered(100_000_000)), 12);
    assert_eq!(
        length(Fact::Cancelled { order: old, quantity: Lots(10), reason: CancelReason::Requested }),
        5
    );
    assert_eq!(length(traded), 15);
}

/// One fact of each kind and flag. If this changes, journals that people have can no longer be
/// read:
/// then the journal's version number must change too.
#[test]
fn the_format_is_as_it_was() {
    let at = |command, time, seq| Stamp { seq, command: CommandId(command), time: Time(time) };
    let (tick, lot) = (Scale { mantissa: 5, places: 1 }, Scale::places(8));
    let spec = MarketSpec::new("BTC-USD".parse().unwrap(), tick, lot).with_negative_prices();
    let entered = Entered {
        order: OrderId(300),
        new: NewOrder {
            account: AccountId(129),
            client: ClientId::new(0x0123_4567_89ab_cdef_0011_2233_4455_6677),
            market: MarketId(1),
            side: Side::Sell,
            price: Price(-65),
            quantity: Lots(1 << 38),
            time_in_force: TimeInForce::ImmediateOrCancel,
        },
    };
    let deal = Deal { maker: OrderId(2), taker: OrderId(300), incarnation: 1, number: 128 };
    let bid = Entered {
        new: NewOrder {
            client: None,
            side: Side::Buy,
            price: Price(i64::MAX),
            time_in_force: TimeInForce::GoodTillCancel,
            ..entered.new
        },
        ..entered
    };
    let noon = 1_430_438_404_518_000_000;
    let left = |reason| Fact::Cancelled { order: OrderId(2), quantity: Lots(0), reason };
    let replaced = |client, place| Fact::Replaced {
        order: OrderId(301),
        client,
        price: Price(64),
        quantity: Lots(10),
        priority: CommandId(place),
    };
    let facts = [
        (at(1, 0, 1), Fact::Started { epoch: 1 }),
        (at(2, 127, 2), Fact::MarketOpened { market: MarketId(1), spec }),
        (at(300, noon, 3), Fact::Entered(entered)),
        (
            at(300, noon, 4),
            Fact::Traded { deal, market: MarketId(1), price: Price(7), quantity: Lots(3) },
        ),
        (at(300, noon, 5), left(CancelReason::Unmatched)),
        (at(301, noon, 6), Fact::Voided { deal }),
        (at(301, noon, 7), Fact::Suspended { order: OrderId(2) }),
        (at(301, noon, 8), Fact::Entered(bid)),
        (at(302, noon, 9), replaced(entered.new.client, 2)),
        (at(303, noon, 10), replaced(None, 303)),
        (at(303, noon, 11), left(CancelReason::Requested)),
        (at(u64::MAX, u64::MAX, 12), Fact::MarketStopped { market: MarketId(u16::MAX) }),
    ];
    let groups = groups(&facts);
    let hex: String = groups.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("golden.hex").split_whitespace().collect::<String>());
    assert_eq!(read(groups.bytes(), 1).unwrap(), facts);
}

/// The same of markets with rules, which came later.
#[test]
fn the_format_of_rules_is_as_it_was() {
    let spec = MarketSpec::new("A".parse().unwrap(), Scale::places(2), Scale::places(0));
    let length = |length| NonZeroU32::new(length).unwrap();
    let ticks = spec.with_collar(Distance::Ticks(length(300)), Price(-2));
    let markets = [
        spec,
        spec.with_collar(Distance::BasisPoints(length(1000)), Price(100)),
        ticks,
        ticks.with_negative_prices(),
    ];
    let facts: Vec<_> = (0..)
        .zip(markets)
        .map(|(n, spec)| {
            let stamp = Stamp { seq: u64::from(n) + 1, command: CommandId(1), time: Time(0) };
            (stamp, Fact::MarketOpened { market: MarketId(n), spec })
        })
        .collect();
    let groups = groups(&facts);
    let (head, name_and_scales) = (&[1, 0, 4][..], [1, b'A', 1, 2, 1, 0]);
    let fact = |kind: u8, market: u8, collar: &[u8]| {
        [&[kind, market][..], &name_and_scales, collar].concat()
    };
    let right = [
        head,
        &fact(0x0c, 0, &[]),
        &fact(0x2c, 1, &[0xe8, 7, 0xc8, 1]),
        &fact(0x4c, 2, &[0xac, 2, 3]),
        &fact(0x5c, 3, &[0xac, 2, 3]),
    ];
    assert_eq!(groups.bytes(), right.concat());
    assert_eq!(read(groups.bytes(), 1).unwrap(), facts);
}

/// Commands and facts are copied for each order: rules that make them larger would be paid by all.
#[test]
fn a_market_is_no_larger_than_an_order() {
    assert_eq!((size_of::<crate::Command>(), size_of::<Fact>()), (56, 56));
}
