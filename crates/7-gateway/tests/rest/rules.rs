//! Price rules of a market, as clients see them.

use std::num::NonZeroU32;

use exchange::Service;
use gateway::Options;
use protocol::{Command, Distance, MarketSpec};
use serde_json::{Value, json};
use units::{Price, Scale};

use crate::rig::{Reply, Rig, id, start_service};

/// A gateway with a market for each kind of rule, besides those of the other tests.
fn rig() -> Rig {
    let service = start_service();
    let length = |length| NonZeroU32::new(length).unwrap();
    let market =
        |symbol: &str| MarketSpec::new(symbol.parse().unwrap(), Scale::places(2), Scale::places(0));
    let percent = Distance::BasisPoints(length(1_000));
    open(&service, market("TEA-USD"));
    open(&service, market("COIN-USD").with_collar(percent, Price(10_000)));
    let power = market("POWER-EUR").with_negative_prices();
    open(&service, power.with_collar(Distance::Ticks(length(500)), Price(0)));
    Rig::before(service, Options::default())
}

fn open(service: &Service, spec: MarketSpec) {
    service.client().submit(Command::OpenMarket(spec)).unwrap();
}

fn order(market: &str, side: &str, price: &str) -> Value {
    json!({ "product_id": market, "side": side, "price": price, "size": "5" })
}

/// The code, and the message with its detail.
fn refused(reply: &Reply) -> (String, String) {
    let (status, code) = reply.refusal();
    assert_eq!(status, 400, "{}", reply.text);
    let body = reply.json();
    let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (code, format!("{} {}", said("message"), said("detail")))
}

#[test]
fn a_price_must_be_above_zero_unless_the_market_says_otherwise() {
    let rig = rig();
    for price in ["0", "-0.01", "-100.00"] {
        let (code, said) = refused(&rig.post("/orders", 1, &order("TEA-USD", "sell", price)));
        assert_eq!(code, "price-not-above-zero");
        assert!(said.contains("must be above zero"), "{said}");
        assert!(said.contains("does not allow negative prices"), "{said}");
    }
    let placed = rig.post("/orders", 1, &order("TEA-USD", "sell", "0.01")).ok();
    let change = json!({ "price": "0.00", "size": "5" });
    let path = format!("/orders/{}", id(&placed));
    assert_eq!(refused(&rig.put(&path, 1, &change)).0, "price-not-above-zero");
    rig.post("/orders", 1, &order("POWER-EUR", "sell", "-3.50")).ok();
    assert_eq!(rig.get("/products/TEA-USD", 1).ok()["negative_prices"], false);
    assert_eq!(rig.get("/products/TEA-USD", 1).ok()["collar"], Value::Null);
    assert_eq!(rig.get("/products/POWER-EUR", 1).ok()["negative_prices"], true);
    rig.stop();
}

#[test]
fn a_limit_beyond_the_collar_hears_where_the_collar_is() {
    let rig = rig();
    let beyond = |side: &str, price: &str, told: &str| {
        let (code, said) = refused(&rig.post("/orders", 1, &order("COIN-USD", side, price)));
        assert_eq!(code, "price-beyond-collar");
        assert!(said.contains(told), "{said}");
    };
    let above = "price 120.00 is above the collar 110.00 (10% above the reference 100.00)";
    let below = "price 89.99 is below the collar 90.00 (10% below the reference 100.00)";
    beyond("buy", "120", above);
    beyond("sell", "89.99", below);
    let collar = json!({
        "distance": "10%", "reference": "100.00", "highest_buy": "110.00", "lowest_sell": "90.00",
    });
    assert_eq!(rig.get("/products/COIN-USD", 1).ok()["collar"], collar);

    let placed = rig.post("/orders", 1, &order("COIN-USD", "buy", "110")).ok();
    let path = format!("/orders/{}", id(&placed));
    let (code, said) = refused(&rig.put(&path, 1, &json!({ "price": "120", "size": "5" })));
    assert_eq!(code, "price-beyond-collar");
    assert!(said.contains(above), "{said}");
    rig.post("/orders", 2, &order("COIN-USD", "sell", "90")).ok();
    beyond("buy", "121.01", "is above the collar 121.00 (10% above the reference 110.00)");
    rig.post("/orders", 1, &order("COIN-USD", "buy", "120")).ok();

    let (code, said) = refused(&rig.post("/orders", 1, &order("POWER-EUR", "sell", "-5.01")));
    assert_eq!(code, "price-beyond-collar");
    let told = "price -5.01 is below the collar -5.00 (5.00 below the reference 0.00)";
    assert!(said.contains(told), "{said}");
    rig.stop();
}
