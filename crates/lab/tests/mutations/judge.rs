//! Mistakes in the validation of deals, each with the law that the recorded trade breaks. Order processes never propose
//! such deals, so no run shows these mistakes: these tests call the ledger directly.

use kernel::mutation::{Mutation, with};
use lab::laws::{History, Law};
use lab::world::market_spec;
use ledger::mutation::*;
use ledger::{Ledger, Verdict, Wrong};
use protocol::{Deal, Entered, Fact, NewOrder, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Side};

const HERE: MarketId = MarketId(0);
const ELSEWHERE: MarketId = MarketId(1);
const MAKER: OrderId = OrderId(1);
const TAKER: OrderId = OrderId(2);

/// The maker sells 5 @ 100; the taker is as given, with 3 lots.
fn orders(market: MarketId, side: Side, price: i64) -> Vec<Fact> {
    let maker = entered(MAKER, HERE, Side::Sell, 100, 5);
    let mut facts: Vec<Fact> = [HERE, ELSEWHERE]
        .map(|market| Fact::MarketOpened { market, spec: market_spec(market.0) })
        .into();
    facts.extend([maker, entered(TAKER, market, side, price, 3)]);
    facts
}

fn entered(order: OrderId, market: MarketId, side: Side, price: i64, quantity: u64) -> Fact {
    let (account, client) = (AccountId(1), None);
    let (price, quantity, time_in_force) =
        (Price(price), Lots(quantity), TimeInForce::GoodTillCancel);
    Fact::Entered(Entered {
        order,
        new: NewOrder { account, client, market, side, price, quantity, time_in_force },
    })
}

fn deal() -> Deal {
    Deal { maker: MAKER, taker: TAKER, incarnation: 1, number: 1 }
}

/// The law that a trade breaks if the ledger records it after these facts; `None` if the ledger refuses it.
fn broken(facts: &[Fact], market: MarketId, quantity: u64) -> Option<Law> {
    let (mut ledger, mut history) = (Ledger::new(), History::default());
    for fact in facts {
        ledger.apply(fact).expect("possible facts");
        history.take(fact).expect("lawful facts");
    }
    let (deal, price, quantity) = (deal(), Price(100), Lots(quantity));
    let verdict = ledger.validate_deal(&deal, price, quantity);
    let trade = Fact::Traded { deal, market, price, quantity };
    let law = history.take(&trade).expect_err("each case breaks a law").law;
    match ledger.apply(&trade) {
        Ok(()) => {
            assert!(matches!(verdict, Verdict::Trade(_)), "the judge says {verdict:?}");
            Some(law)
        }
        Err(wrong) => {
            assert_eq!(wrong, Wrong::Trade);
            None
        }
    }
}

/// A mistake, what has happened, market and lots of the trade, and the law.
fn table() -> Vec<(Mutation, Vec<Fact>, MarketId, u64, Law)> {
    let sound = || orders(HERE, Side::Buy, 101);
    let after = |fact| [sound(), vec![fact]].concat();
    let stopped = Fact::MarketStopped { market: HERE };
    vec![
        (JUDGE_STOPPED_MARKET, after(stopped), HERE, 3, Law::OutsideFacts),
        (
            JUDGE_SUSPENDED_MAKER,
            after(Fact::Suspended { order: MAKER }),
            HERE,
            3,
            Law::OutsideFacts,
        ),
        (
            JUDGE_SUSPENDED_TAKER,
            after(Fact::Suspended { order: TAKER }),
            HERE,
            3,
            Law::OutsideFacts,
        ),
        (JUDGE_TWO_MARKETS, orders(ELSEWHERE, Side::Buy, 101), HERE, 3, Law::FairPrice),
        (JUDGE_ONE_SIDE, orders(HERE, Side::Sell, 100), HERE, 3, Law::FairPrice),
        (JUDGE_TAKERS_LIMIT, orders(HERE, Side::Buy, 99), HERE, 3, Law::FairPrice),
        (TRADE_ELSEWHERE, sound(), ELSEWHERE, 3, Law::FairPrice),
        (JUDGE_TRUSTS_LOTS, sound(), HERE, 4, Law::NoOverfill),
    ]
}

#[test]
fn each_check_of_the_judge_is_the_only_one_that_stops_a_trade_which_breaks_its_law() {
    for (mistake, facts, market, quantity, law) in table() {
        assert_eq!(broken(&facts, market, quantity), None, "without {}", mistake.name);
        let found = with(&[mistake], || broken(&facts, market, quantity));
        assert_eq!(found, Some(law), "{}: {}", mistake.name, mistake.text);
    }
}
