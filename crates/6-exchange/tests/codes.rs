//! The door's rejections: each code has an input that yields it, and of several faults in one ask the code
//! that comes first in [`Code::ALL`] is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use exchange::{Exchange, LetIn, Options};
use ledger::Ledger;
use protocol::{
    Ask, Code, Deal, Distance, Entered, Fact, MarketSpec, Place, Replace, Tell, TimeInForce,
};
use units::{
    AccountId, AskId, ClientId, Lots, MarketId, OrderId, Price, Scale, Side, Time, limits,
};

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const TEA: MarketId = MarketId(0);
const STOPPED: MarketId = MarketId(1);
/// Buys 10 @ 100, of which 4 have traded.
const PARTLY: OrderId = OrderId(10);
const SUSPENDED: OrderId = OrderId(12);
const IN_STOPPED: OrderId = OrderId(13);

/// Codes of the service around the exchange, and two that need a million accounts or a process that dies
/// five times: `tests/service.rs`, the oracle's own tests and the simulator have them.
const ELSEWHERE: [Code; 4] = [Code::Busy, Code::Unavailable, Code::TooManyAccounts, Code::Failed];

fn used() -> Option<ClientId> {
    ClientId::new(7)
}

/// Prices above zero, and a collar of 10 % around 100.
fn spec(symbol: &str) -> MarketSpec {
    let points = NonZeroU32::new(1_000).unwrap();
    MarketSpec::new(symbol.parse().unwrap(), Scale::places(2), Scale::places(0))
        .with_collar(Distance::BasisPoints(points), Price(100))
}

fn entered(order: OrderId, market: MarketId, side: Side, lots: u64) -> Fact {
    let client = if order == PARTLY { used() } else { None };
    let (account, price, lots) = (ANN, Price(100), Lots(lots));
    let stands = TimeInForce::GoodTillCancel;
    Fact::Entered(Entered { order, account, client, market, side, price, lots, stands })
}

/// An exchange with three open orders, which may be the most.
fn exchange(full: bool) -> Exchange {
    let deal = Deal { maker: PARTLY, taker: OrderId(11), incarnation: 1, number: 1 };
    let facts = [
        Fact::Started { epoch: 1 },
        Fact::MarketOpened { market: TEA, spec: spec("TEA-USD") },
        Fact::MarketOpened { market: STOPPED, spec: spec("OLD-USD") },
        entered(PARTLY, TEA, Side::Buy, 10),
        entered(OrderId(11), TEA, Side::Sell, 4),
        Fact::Traded { deal, market: TEA, price: Price(100), lots: Lots(4) },
        entered(SUSPENDED, TEA, Side::Buy, 5),
        Fact::Suspended { order: SUSPENDED },
        entered(IN_STOPPED, STOPPED, Side::Buy, 5),
        Fact::MarketStopped { market: STOPPED },
    ];
    let mut ledger = Ledger::new();
    facts.iter().for_each(|fact| ledger.apply(fact).unwrap());
    let options = Options { max_orders: if full { 3 } else { 4 } };
    Exchange::recovered(ledger, AskId(20), Time(0), options)
}

/// The code with which the door rejects an ask, if it does.
fn rejected(exchange: &Exchange, ask: &Ask) -> Option<Code> {
    match exchange.clone().let_in(AskId(20), ask) {
        LetIn::Answered(Tell::Refused(code)) => Some(code),
        LetIn::Answered(other) => panic!("{ask:?} was answered by {other:?}"),
        LetIn::In => None,
    }
}

/// Codes that apply to a price of this side in a market here.
fn of_price(side: Side, price: i64) -> Vec<Code> {
    let out_of_range = !(-limits::MAX_PRICE..=limits::MAX_PRICE).contains(&price);
    let beyond = if side == Side::Buy { price > 110 } else { price < 90 };
    applying(&[
        (out_of_range, Code::BadPrice),
        (price <= 0, Code::PriceNotAboveZero),
        (beyond, Code::BeyondCollar),
    ])
}

fn applying(codes: &[(bool, Code)]) -> Vec<Code> {
    codes.iter().filter(|(applies, _)| *applies).map(|(_, code)| *code).collect()
}

const PRICES: [i64; 12] =
    [100, 90, 110, 89, 111, 1, 0, -1, limits::MAX_PRICE, limits::MAX_PRICE + 1, i64::MIN, i64::MAX];
const LOTS: [u64; 6] = [5, 0, 4, limits::MAX_LOTS, limits::MAX_LOTS + 1, u64::MAX];

fn is_bad(lots: u64) -> bool {
    lots == 0 || lots > limits::MAX_LOTS
}

/// Every ask with the codes that apply to it.
fn places(full: bool) -> Vec<(Ask, Vec<Code>)> {
    let mut asks = Vec::new();
    for market in [TEA, STOPPED, MarketId(2), MarketId(u16::MAX)] {
        for (side, client) in [(Side::Buy, None), (Side::Sell, used())] {
            for (price, lots) in PRICES.iter().flat_map(|p| LOTS.map(|lots| (*p, lots))) {
                let mut codes = of_price(side, price);
                codes.extend(applying(&[
                    (market > STOPPED, Code::UnknownMarket),
                    (client.is_some(), Code::ClientIdUsed),
                    (market == STOPPED, Code::MarketStopped),
                    (is_bad(lots), Code::BadLots),
                    (full, Code::TooManyOrders),
                ]));
                let (account, price, lots) = (ANN, Price(price), Lots(lots));
                let stands = TimeInForce::GoodTillCancel;
                let place = Place { account, client, market, side, price, lots, stands };
                asks.push((Ask::Place(place), codes));
            }
        }
    }
    asks
}

fn replaces() -> Vec<(Ask, Vec<Code>)> {
    let mut asks = Vec::new();
    for order in [PARTLY, SUSPENDED, IN_STOPPED, OrderId(0), OrderId(11), OrderId(u64::MAX)] {
        for (account, client) in [(ANN, None), (ANN, used()), (BOB, None)] {
            for (price, lots) in PRICES.iter().flat_map(|p| LOTS.map(|lots| (*p, lots))) {
                let mut codes = of_price(Side::Buy, price);
                let known = [PARTLY, SUSPENDED, IN_STOPPED].contains(&order) && account == ANN;
                codes.extend(applying(&[
                    (client.is_some(), Code::ClientIdUsed),
                    (!known, Code::UnknownOrder),
                    (order == IN_STOPPED, Code::MarketStopped),
                    (order == SUSPENDED, Code::OrderSuspended),
                    (is_bad(lots), Code::BadLots),
                    (order == PARTLY && lots <= 4, Code::BelowDone),
                ]));
                let (price, lots) = (Price(price), Lots(lots));
                asks.push((Ask::Replace(Replace { account, client, order, price, lots }), codes));
            }
        }
    }
    asks
}

fn others() -> Vec<(Ask, Vec<Code>)> {
    let cancel = |account, order| Ask::Cancel { account, order };
    let release = |order| Ask::Release { order };
    let resume = |market| Ask::ResumeMarket { market };
    let no_step = Scale { mantissa: 0, places: 0 };
    let market = |symbol: &str, lot, negative_prices| {
        Ask::OpenMarket(MarketSpec { lot, negative_prices, ..spec(symbol) })
    };
    let whole = Scale::places(0);
    vec![
        (cancel(ANN, PARTLY), vec![]),
        (cancel(ANN, SUSPENDED), vec![]),
        (cancel(ANN, IN_STOPPED), vec![]),
        (cancel(BOB, PARTLY), vec![Code::UnknownOrder]),
        (cancel(ANN, OrderId(0)), vec![Code::UnknownOrder]),
        (cancel(ANN, OrderId(u64::MAX)), vec![Code::UnknownOrder]),
        (release(SUSPENDED), vec![]),
        (release(PARTLY), vec![Code::OrderNotSuspended]),
        (release(IN_STOPPED), vec![Code::MarketStopped, Code::OrderNotSuspended]),
        (release(OrderId(u64::MAX)), vec![Code::UnknownOrder]),
        (resume(STOPPED), vec![]),
        (resume(TEA), vec![Code::MarketNotStopped]),
        (resume(MarketId(u16::MAX)), vec![Code::UnknownMarket]),
        (market("NEW-USD", whole, false), vec![]),
        (market("NEW-USD", no_step, false), vec![Code::BadScale]),
        (market("NEW-USD", whole, true), vec![Code::BadRules]),
        (market("NEW-USD", no_step, true), vec![Code::BadScale, Code::BadRules]),
        (
            market("TEA-USD", no_step, true),
            vec![Code::MarketExists, Code::BadScale, Code::BadRules],
        ),
    ]
}

#[test]
fn each_code_has_an_ask_that_yields_it_and_the_first_that_applies_is_told() {
    let mut told = BTreeSet::new();
    for full in [false, true] {
        let mut open = exchange(full);
        let mut asks = places(full);
        asks.extend(replaces());
        asks.extend(others());
        for (ask, codes) in &asks {
            let right = codes.iter().min().copied();
            assert_eq!(rejected(&open, ask), right, "{ask:?}");
            told.extend(right);
        }
        open.set_intake(exchange::Intake::Cancels);
        for (ask, codes) in &asks {
            let right = match ask {
                Ask::Cancel { .. } => codes.iter().min().copied(),
                _ => Some(Code::JournalFull),
            };
            assert_eq!(rejected(&open, ask), right, "{ask:?}");
            told.extend(right);
        }
    }
    told.extend(no_more_markets());
    told.extend(ELSEWHERE);
    let never: Vec<_> = Code::ALL.iter().filter(|code| !told.contains(code)).collect();
    assert!(never.is_empty(), "no ask yields {never:?}");
}

/// What the door says of a market more than there may be, whatever else is wrong with it.
fn no_more_markets() -> Option<Code> {
    let mut ledger = Ledger::new();
    for number in 0..limits::MAX_MARKETS {
        let market = MarketId(u16::try_from(number).unwrap());
        let opened = Fact::MarketOpened { market, spec: spec(&format!("M{number}")) };
        ledger.apply(&opened).unwrap();
    }
    let mut exchange = Exchange::recovered(ledger, AskId(1), Time(0), Options::default());
    let bad = MarketSpec { tick: Scale { mantissa: 0, places: 0 }, ..spec("NEW-USD") };
    match exchange.let_in(AskId(1), &Ask::OpenMarket(bad)) {
        LetIn::Answered(Tell::Refused(code)) => Some(code),
        _ => None,
    }
}
