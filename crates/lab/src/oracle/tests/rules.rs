//! The price rules of markets, as the oracle keeps them.

use std::num::NonZeroU32;

use super::*;

/// A desk in a market with these rules.
fn ruled(rules: MarketSpec) -> Desk {
    let mut desk = Desk { oracle: Oracle::new(), last: 0 };
    let opened = Outcome::MarketOpened { market: M0, spec: rules };
    assert_eq!(desk.submit(Command::OpenMarket(rules)), [opened]);
    desk
}

fn length(length: u32) -> NonZeroU32 {
    NonZeroU32::new(length).unwrap()
}

#[test]
fn a_price_is_above_zero_where_the_market_says_so() {
    let mut desk = ruled(MarketSpec { negative_prices: false, ..spec("A-B") });
    assert_eq!(desk.buy(1, 1), []);
    for (quantity, price, code) in [
        (1, 0, RejectCode::PriceNotAboveZero),
        (0, -1, RejectCode::PriceNotAboveZero),
        (1, -limits::MAX_PRICE - 1, RejectCode::BadPrice),
        (0, 1, RejectCode::BadQuantity),
    ] {
        assert_eq!(
            desk.submit(Command::NewOrder(order(Side::Sell, quantity, price))),
            refused(code)
        );
        assert_eq!(desk.replace(2, quantity, price), refused(code));
    }
}

#[test]
fn a_collar_is_around_the_last_trade_and_bounds_only_who_would_pay_too_much() {
    let rules = MarketSpec { negative_prices: false, ..spec("A-B") };
    let mut desk = ruled(rules.with_collar(Distance::BasisPoints(length(1_000)), Price(100)));
    let beyond = refused(RejectCode::BeyondCollar);
    assert_eq!(desk.buy(1, 110), []);
    assert_eq!(desk.submit(Command::NewOrder(order(Side::Buy, 1, 111))), beyond);
    assert_eq!(desk.replace(2, 1, 111), beyond);
    assert_eq!(desk.submit(Command::NewOrder(order(Side::Sell, 0, 89))), beyond, "before the size");
    assert_eq!(desk.sell(1, 1_000), [], "a sell may ask for more");
    assert_eq!(desk.buy(1, 1), [], "and a buy for less");
    assert_eq!(desk.sell(1, 90).len(), 1, "it trades at 110");
    assert_eq!(desk.buy(1, 121), []);
    assert_eq!(desk.submit(Command::NewOrder(order(Side::Buy, 1, 122))), beyond);
    assert_eq!(desk.submit(Command::NewOrder(order(Side::Sell, 1, 98))), beyond);
}

#[test]
fn below_zero_a_collar_is_in_ticks_and_rules_do_not_contradict_each_other() {
    let any = spec("A-B");
    let ticks = Distance::Ticks(length(5));
    let mut desk = ruled(any.with_collar(ticks, Price(-1)));
    assert_eq!(desk.buy(1, 4), []);
    assert_eq!(
        desk.submit(Command::NewOrder(order(Side::Buy, 1, 5))),
        refused(RejectCode::BeyondCollar)
    );
    assert_eq!(
        desk.submit(Command::NewOrder(order(Side::Sell, 1, -7))),
        refused(RejectCode::BeyondCollar)
    );

    let other = MarketSpec { symbol: "C-D".parse().unwrap(), ..any };
    let above = MarketSpec { negative_prices: false, ..other };
    for bad in [
        other.with_collar(Distance::BasisPoints(length(5)), Price(1)),
        other.with_collar(ticks, Price(limits::MAX_PRICE + 1)),
        above.with_collar(ticks, Price(0)),
    ] {
        assert_eq!(desk.submit(Command::OpenMarket(bad)), refused(RejectCode::BadRules));
    }
}
