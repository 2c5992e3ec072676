//! Rejections by validation: each code has a command that yields it. For a command with several faults the code is
//! the first of them in [`RejectCode::ALL`].
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use exchange::{Admission, Exchange, Options};
use ledger::Ledger;
use protocol::{
    Command, Deal, Distance, Entered, Fact, MarketSpec, NewOrder, RejectCode, Replace, Response,
    TimeInForce,
};
use units::{
    AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time, limits,
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
const ELSEWHERE: [RejectCode; 4] =
    [RejectCode::Busy, RejectCode::Unavailable, RejectCode::TooManyAccounts, RejectCode::Failed];

fn used() -> Option<ClientId> {
    ClientId::new(7)
}

/// Prices above zero, and a collar of 10 % around 100.
fn spec(symbol: &str) -> MarketSpec {
    let points = NonZeroU32::new(1_000).unwrap();
    MarketSpec::new(symbol.parse().unwrap(), Scale::places(2), Scale::places(0))
        .with_collar(Distance::BasisPoints(points), Price(100))
}

fn entered(order: OrderId, market: MarketId, side: Side, quantity: u64) -> Fact {
    let client = if order == PARTLY { used() } else { None };
    let (account, price, quantity) = (ANN, Price(100), Lots(quantity));
    let time_in_force = TimeInForce::GoodTillCancel;
    Fact::Entered(Entered {
        order,
        new: NewOrder { account, client, market, side, price, quantity, time_in_force },
    })
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
        Fact::Traded { deal, market: TEA, price: Price(100), quantity: Lots(4) },
        entered(SUSPENDED, TEA, Side::Buy, 5),
        Fact::Suspended { order: SUSPENDED },
        entered(IN_STOPPED, STOPPED, Side::Buy, 5),
        Fact::MarketStopped { market: STOPPED },
    ];
    let mut ledger = Ledger::new();
    facts.iter().for_each(|fact| ledger.apply(fact).unwrap());
    let options = Options { max_orders: if full { 3 } else { 4 } };
    Exchange::recovered(ledger, CommandId(20), Time(0), options)
}

/// The code with which validation rejects a command, if it does.
fn rejected(exchange: &Exchange, command: &Command) -> Option<RejectCode> {
    match exchange.clone().admit(CommandId(20), command) {
        Admission::Answered(Response::Rejected(code)) => Some(code),
        Admission::Answered(other) => panic!("{command:?} was answered by {other:?}"),
        Admission::Admitted => None,
    }
}

/// Codes that apply to a price of this side in a market here.
fn of_price(side: Side, price: i64) -> Vec<RejectCode> {
    let out_of_range = !(-limits::MAX_PRICE..=limits::MAX_PRICE).contains(&price);
    let beyond = if side == Side::Buy { price > 110 } else { price < 90 };
    applying(&[
        (out_of_range, RejectCode::BadPrice),
        (price <= 0, RejectCode::PriceNotAboveZero),
        (beyond, RejectCode::BeyondCollar),
    ])
}

fn applying(codes: &[(bool, RejectCode)]) -> Vec<RejectCode> {
    codes.iter().filter(|(applies, _)| *applies).map(|(_, code)| *code).collect()
}

const PRICES: [i64; 12] =
    [100, 90, 110, 89, 111, 1, 0, -1, limits::MAX_PRICE, limits::MAX_PRICE + 1, i64::MIN, i64::MAX];
const LOTS: [u64; 6] = [5, 0, 4, limits::MAX_LOTS, limits::MAX_LOTS + 1, u64::MAX];

fn is_bad(quantity: u64) -> bool {
    quantity == 0 || quantity > limits::MAX_LOTS
}

/// Every command with the codes that apply to it.
fn places(full: bool) -> Vec<(Command, Vec<RejectCode>)> {
    let mut commands = Vec::new();
    for market in [TEA, STOPPED, MarketId(2), MarketId(u16::MAX)] {
        for (side, client) in [(Side::Buy, None), (Side::Sell, used())] {
            for (price, quantity) in PRICES.iter().flat_map(|p| LOTS.map(|quantity| (*p, quantity)))
            {
                let mut codes = of_price(side, price);
                codes.extend(applying(&[
                    (market > STOPPED, RejectCode::UnknownMarket),
                    (client.is_some(), RejectCode::ClientIdUsed),
                    (market == STOPPED, RejectCode::MarketStopped),
                    (is_bad(quantity), RejectCode::BadQuantity),
                    (full, RejectCode::TooManyOrders),
                ]));
                let (account, price, quantity) = (ANN, Price(price), Lots(quantity));
                let time_in_force = TimeInForce::GoodTillCancel;
                let place =
                    NewOrder { account, client, market, side, price, quantity, time_in_force };
                commands.push((Command::NewOrder(place), codes));
            }
        }
    }
    commands
}

fn replaces() -> Vec<(Command, Vec<RejectCode>)> {
    let mut commands = Vec::new();
    for order in [PARTLY, SUSPENDED, IN_STOPPED, OrderId(0), OrderId(11), OrderId(u64::MAX)] {
        for (account, client) in [(ANN, None), (ANN, used()), (BOB, None)] {
            for (price, quantity) in PRICES.iter().flat_map(|p| LOTS.map(|quantity| (*p, quantity)))
            {
                let mut codes = of_price(Side::Buy, price);
                let known = [PARTLY, SUSPENDED, IN_STOPPED].contains(&order) && account == ANN;
                codes.extend(applying(&[
                    (client.is_some(), RejectCode::ClientIdUsed),
                    (!known, RejectCode::UnknownOrder),
                    (order == IN_STOPPED, RejectCode::MarketStopped),
                    (order == SUSPENDED, RejectCode::OrderSuspended),
                    (is_bad(quantity), RejectCode::BadQuantity),
                    (order == PARTLY && quantity <= 4, RejectCode::BelowFilled),
                ]));
                let (price, quantity) = (Price(price), Lots(quantity));
                commands.push((
                    Command::Replace(Replace { account, client, order, price, quantity }),
                    codes,
                ));
            }
        }
    }
    commands
}

fn others() -> Vec<(Command, Vec<RejectCode>)> {
    let cancel = |account, order| Command::Cancel { account, order };
    let release = |order| Command::Release { order };
    let resume = |market| Command::ResumeMarket { market };
    let no_step = Scale { mantissa: 0, places: 0 };
    let market = |symbol: &str, lot, negative_prices| {
        Command::OpenMarket(MarketSpec { lot, negative_prices, ..spec(symbol) })
    };
    let whole = Scale::places(0);
    vec![
        (cancel(ANN, PARTLY), vec![]),
        (cancel(ANN, SUSPENDED), vec![]),
        (cancel(ANN, IN_STOPPED), vec![]),
        (cancel(BOB, PARTLY), vec![RejectCode::UnknownOrder]),
        (cancel(ANN, OrderId(0)), vec![RejectCode::UnknownOrder]),
        (cancel(ANN, OrderId(u64::MAX)), vec![RejectCode::UnknownOrder]),
        (release(SUSPENDED), vec![]),
        (release(PARTLY), vec![RejectCode::OrderNotSuspended]),
        (release(IN_STOPPED), vec![RejectCode::MarketStopped, RejectCode::OrderNotSuspended]),
        (release(OrderId(u64::MAX)), vec![RejectCode::UnknownOrder]),
        (resume(STOPPED), vec![]),
        (resume(TEA), vec![RejectCode::MarketNotStopped]),
        (resume(MarketId(u16::MAX)), vec![RejectCode::UnknownMarket]),
        (market("NEW-USD", whole, false), vec![]),
        (market("NEW-USD", no_step, false), vec![RejectCode::BadScale]),
        (market("NEW-USD", whole, true), vec![RejectCode::BadRules]),
        (market("NEW-USD", no_step, true), vec![RejectCode::BadScale, RejectCode::BadRules]),
        (
            market("TEA-USD", no_step, true),
            vec![RejectCode::MarketExists, RejectCode::BadScale, RejectCode::BadRules],
        ),
    ]
}

#[test]
fn each_code_has_an_ask_that_yields_it_and_the_first_that_applies_is_told() {
    let mut told = BTreeSet::new();
    for full in [false, true] {
        let mut open = exchange(full);
        let mut commands = places(full);
        commands.extend(replaces());
        commands.extend(others());
        for (command, codes) in &commands {
            let right = codes.iter().min().copied();
            assert_eq!(rejected(&open, command), right, "{command:?}");
            told.extend(right);
        }
        open.set_intake(exchange::Intake::Cancels);
        for (command, codes) in &commands {
            let right = match command {
                Command::Cancel { .. } => codes.iter().min().copied(),
                _ => Some(RejectCode::JournalFull),
            };
            assert_eq!(rejected(&open, command), right, "{command:?}");
            told.extend(right);
        }
    }
    told.extend(no_more_markets());
    told.extend(ELSEWHERE);
    let never: Vec<_> = RejectCode::ALL.iter().filter(|code| !told.contains(code)).collect();
    assert!(never.is_empty(), "no command yields {never:?}");
}

/// Validation's code for one market too many, which may have other faults too.
fn no_more_markets() -> Option<RejectCode> {
    let mut ledger = Ledger::new();
    for number in 0..limits::MAX_MARKETS {
        let market = MarketId(u16::try_from(number).unwrap());
        let opened = Fact::MarketOpened { market, spec: spec(&format!("M{number}")) };
        ledger.apply(&opened).unwrap();
    }
    let mut exchange = Exchange::recovered(ledger, CommandId(1), Time(0), Options::default());
    let bad = MarketSpec { tick: Scale { mantissa: 0, places: 0 }, ..spec("NEW-USD") };
    match exchange.admit(CommandId(1), &Command::OpenMarket(bad)) {
        Admission::Answered(Response::Rejected(code)) => Some(code),
        _ => None,
    }
}
