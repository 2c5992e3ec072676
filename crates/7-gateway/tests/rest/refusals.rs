//! What a gateway refuses, case by case, and the limits that it keeps.

use crate::rig::{Rig, order, start_gateway, start_service};
use exchange::Service;
use gateway::{GatewayError, Options};
use serde_json::json;
use views::Bounds;

const KEY: (&str, &str) = ("CB-ACCESS-KEY", "1");

#[test]
fn every_wrong_order_gets_its_own_refusal() {
    let rig = Rig::start();
    let with = |name: &str, value: serde_json::Value| {
        let mut body = order("buy", "10.00", "1");
        body[name] = value;
        body.to_string()
    };
    let long = "x".repeat(65);
    let cases = [
        (with("price", json!("10.001")), 400, "bad-price"),
        (with("price", json!("99999999999999999")), 400, "bad-price"),
        (with("price", json!("ten")), 400, "bad-price"),
        (with("price", json!("")), 400, "bad-price"),
        (with("size", json!("0.00001")), 400, "bad-quantity"),
        (with("size", json!("0")), 400, "bad-quantity"),
        (with("size", json!("-1")), 400, "bad-quantity"),
        (with("size", json!("99999999999")), 400, "bad-quantity"),
        (with("price", json!(10)), 400, "malformed-request"),
        (with("size", json!(1.5)), 400, "malformed-request"),
        (with("side", json!("hold")), 400, "malformed-request"),
        (with("side", json!({ "buy": null })), 400, "malformed-request"),
        (with("nonsense", json!("5")), 400, "malformed-request"),
        (with("client_oid", json!("")), 400, "malformed-request"),
        (with("client_oid", json!(long)), 400, "malformed-request"),
        (with("time_in_force", json!("FOK")), 400, "not-supported"),
        (with("type", json!("market")), 400, "not-supported"),
        (with("post_only", json!(true)), 400, "not-supported"),
        (with("product_id", json!("DOGE-USD")), 404, "unknown-market"),
        (with("product_id", json!("btc-usd")), 404, "unknown-market"),
        (with("account", json!(2)), 401, "bad-account"),
        ("{".to_owned(), 400, "malformed-request"),
        ("".to_owned(), 400, "malformed-request"),
        ("[]".to_owned(), 400, "malformed-request"),
        ("{\"side\":\"buy\"}".to_owned(), 400, "malformed-request"),
        ("\u{0}".to_owned(), 400, "malformed-request"),
        (with("client_oid", json!("x".repeat(17_000))), 413, "body-too-large"),
    ];
    for (body, status, code) in &cases {
        let reply = rig.send("POST", "/orders", &[KEY], body);
        assert_eq!(reply.refusal(), (*status, (*code).to_owned()), "{body:.200}");
    }
    assert_eq!(rig.get("/orders?status=all", 1).ok(), json!([]), "nothing of it happened");
    rig.stop();
}

#[test]
fn a_body_is_an_object_and_nothing_else() {
    let rig = Rig::start();
    let placed = rig.place(1, "buy", "10.00", "1");
    let path = format!("/orders/{}", crate::rig::id(&placed));
    let place = json!(["BTC-USD", "buy", "50", "1", null, null, null, null, null]);
    let replace = json!(["11.00", "2", null, null]);
    let others = ["7", "\"x\"", "null", "[]"].map(str::to_owned);
    let spaced = |body: &serde_json::Value| format!(" \r\n\t{body}");
    let bodies = [place.to_string(), replace.to_string(), spaced(&place), spaced(&replace)];
    for body in bodies.iter().chain(&others) {
        for (method, path) in [("POST", "/orders"), ("PUT", path.as_str())] {
            let reply = rig.send(method, path, &[KEY], body);
            assert_eq!(reply.refusal(), (400, "malformed-request".to_owned()), "{method} {body}");
            assert_eq!(
                reply.json()["message"],
                "the body must be a JSON object",
                "{method} {body}"
            );
        }
    }
    assert_eq!(rig.get("/orders?status=all", 1).ok(), json!([placed]), "nothing of it happened");
    let spaced = spaced(&order("buy", "10.00", "1"));
    rig.send("POST", "/orders", &[KEY], &spaced).ok();
    rig.stop();
}

#[test]
fn every_wrong_path_gets_its_own_refusal() {
    let rig = Rig::start();
    let cases = [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/orders/1/2", 404, "not-found"),
        ("GET", "/orders/%ff", 404, "not-found"),
        ("DELETE", "/products", 405, "method-not-allowed"),
        ("PATCH", "/orders/1", 405, "method-not-allowed"),
        ("POST", "/orders/1", 405, "method-not-allowed"),
        ("GET", "/products/NO-NE", 404, "unknown-market"),
        ("GET", "/products/NO-NE/book", 404, "unknown-market"),
        ("GET", "/products/NO-NE/ticker", 404, "unknown-market"),
        ("GET", "/products/NO-NE/trades", 404, "unknown-market"),
        ("GET", "/products/%F0%9F%90%A2/book", 404, "unknown-market"),
        ("GET", "/products/BTC-USD/book?level=4", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/book?level=two", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/book?level=1&level=2", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/book?depth=5", 400, "not-supported"),
        ("GET", "/products/BTC-USD/trades?limit=0", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/trades?limit=1001", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/trades?after=x", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/trades?after=9223372036854775808", 400, "malformed-request"),
        ("GET", "/trades/1", 404, "unknown-trade"),
        ("GET", "/trades/x", 404, "unknown-trade"),
        ("GET", "/orders?status=happy", 400, "malformed-request"),
        ("GET", "/orders?product_id=NO-NE", 404, "unknown-market"),
        ("GET", "/orders/999999", 404, "unknown-order"),
        ("GET", "/orders/-1", 404, "unknown-order"),
        ("GET", "/orders/+1", 404, "unknown-order"),
        ("GET", "/orders?sorting=up", 400, "malformed-request"),
        ("GET", "/orders?sortedBy=age", 400, "malformed-request"),
        ("GET", "/orders?start_date=yesterday", 400, "malformed-request"),
        ("GET", "/orders?end_date=2026-02-30", 400, "malformed-request"),
        ("GET", "/fills?start_date=1", 400, "malformed-request"),
        ("GET", "/fills?sorting=asc", 400, "not-supported"),
        ("GET", "/products/BTC-USD/trades?end_date=x", 400, "malformed-request"),
        ("GET", "/products/BTC-USD/trades?limit=%2B5", 400, "malformed-request"),
        ("GET", "/orders/client:absent", 404, "unknown-order"),
        ("GET", "/fills?order_id=x", 400, "malformed-request"),
        ("DELETE", "/orders/999999", 404, "unknown-order"),
        ("DELETE", "/orders/client:absent", 404, "unknown-order"),
    ];
    for (method, path, status, code) in cases {
        let reply = rig.send(method, path, &[KEY], "");
        assert_eq!(reply.refusal(), (status, code.to_owned()), "{method} {path}");
    }
    rig.stop();
}

#[test]
fn an_account_must_be_named_once_and_as_a_number() {
    let rig = Rig::start();
    let bad: [&[(&str, &str)]; 6] = [
        &[],
        &[("CB-ACCESS-KEY", "")],
        &[("CB-ACCESS-KEY", "ann")],
        &[("CB-ACCESS-KEY", "+1")],
        &[("Buttonwood-Account", "4294967296")],
        &[("CB-ACCESS-KEY", "1"), ("Buttonwood-Account", "2")],
    ];
    let body = order("buy", "10", "1").to_string();
    for headers in bad {
        for (method, path) in [("GET", "/orders"), ("POST", "/orders"), ("GET", "/fills")] {
            let reply = rig.send(method, path, headers, &body);
            assert_eq!(reply.refusal(), (401, "bad-account".to_owned()), "{headers:?} {path}");
        }
    }
    let mut in_body = order("buy", "10", "1");
    in_body["account"] = json!(3);
    let placed = rig.send("POST", "/orders", &[], &in_body.to_string()).ok();
    assert_eq!(placed["profile_id"], "3");
    let path = format!("/orders/{}", crate::rig::id(&placed));
    let change = json!({ "price": "11", "size": "1" });
    assert_eq!(rig.get(&path, 4).refusal().1, "unknown-order", "another's order is unknown");
    assert_eq!(rig.put(&path, 4, &change).refusal().1, "unknown-order");
    assert_eq!(rig.delete(&path, 4).refusal().1, "unknown-order");
    assert_eq!(rig.get(&path, 3).ok(), placed);
    rig.stop();
}

#[test]
fn a_page_of_another_site_is_kept_out() {
    let rig = Rig::start();
    let (own, port) = (rig.address(), rig.address().split_once(':').unwrap().1.to_owned());
    let foreign: [&[(&str, &str)]; 4] = [
        &[("Host", "example.org")],
        &[("Host", "127.0.0.1.example.org:80")],
        &[("Origin", "http://example.org")],
        &[("Origin", "null")],
    ];
    for headers in foreign {
        let reply = rig.send("GET", "/products", headers, "");
        assert_eq!(reply.refusal(), (403, "foreign-origin".to_owned()), "{headers:?}");
    }
    let host = format!("localhost:{port}");
    let near: [&[(&str, &str)]; 3] = [
        &[("Host", &host)],
        &[("Origin", &format!("http://{own}"))],
        &[("Host", &host), ("Origin", &format!("http://{host}"))],
    ];
    for headers in near {
        assert_eq!(rig.send("GET", "/products", headers, "").status, 200, "{headers:?}");
    }
    rig.stop();
}

#[test]
fn a_gate_listens_on_loopback_only_and_says_why_it_does_not_start() {
    let start = |bind: std::net::SocketAddr| {
        let service = std::sync::Arc::new(start_service());
        start_gateway(Options { bind, ..Options::default() }, &service, Service::subscribe)
    };
    let refused = start(([0, 0, 0, 0], 0).into()).unwrap_err();
    assert!(matches!(refused, GatewayError::NotLoopback(_)), "{refused}");
    assert!(refused.to_string().contains("0.0.0.0:0"));
    let rig = Rig::start();
    let taken = start(rig.address().parse().unwrap()).unwrap_err();
    assert!(matches!(taken, GatewayError::Bind { .. }), "{taken}");
    rig.stop();
}

#[test]
fn a_repeat_of_what_is_no_longer_at_hand_says_so() {
    let views = Bounds { finished_per_account: 1, ..Bounds::default() };
    let rig = Rig::with(Options { views, ..Options::default() });
    let mut body = order("buy", "10", "1");
    body["client_oid"] = json!("first");
    let first = rig.post("/orders", 1, &body).ok();
    rig.delete("/orders/client:first", 1).ok();
    assert_eq!(rig.post("/orders", 1, &body).ok()["done_reason"], "canceled");
    let second = rig.place(1, "buy", "10", "1");
    rig.delete(&format!("/orders/{}", crate::rig::id(&second)), 1).ok();
    let reply = rig.post("/orders", 1, &body);
    assert_eq!(reply.refusal(), (410, "order-forgotten".to_owned()));
    assert_eq!(reply.json()["detail"], format!("order {}", crate::rig::id(&first)));
    for name in [crate::rig::id(&first), "client:first".to_owned(), "999999".to_owned()] {
        let reply = rig.get(&format!("/orders/{name}"), 1);
        assert_eq!(reply.refusal(), (404, "unknown-order".to_owned()), "{name}");
        assert_eq!(reply.json()["message"], "NotFound", "{name}");
        let why = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(why.contains("the last 1 of an account are kept"), "{name}: {why}");
    }
    rig.stop();
}

#[test]
fn a_message_says_the_particular_in_the_words_of_the_dialect() {
    let rig = Rig::start();
    let with = |name: &str, value: serde_json::Value| {
        let mut body = order("buy", "10.00", "1");
        body[name] = value;
        rig.post("/orders", 1, &body)
    };
    let without = |name: &str| {
        let mut body = order("buy", "10.00", "1");
        body.as_object_mut().unwrap().remove(name);
        rig.post("/orders", 1, &body)
    };
    let placed = crate::rig::id(&rig.place(1, "buy", "10", "1"));
    let path = format!("/orders/{placed}");
    rig.delete(&path, 1).ok();
    let market_order = json!({ "product_id": "BTC-USD", "side": "buy", "type": "market",
        "funds": "5" });
    let change = json!({ "price": "11", "size": "1" });
    let cases = [
        (
            with("price", json!("10.001")),
            "price too precise (10.001): it must be a multiple of the tick size 0.01",
        ),
        (
            with("price", json!("99999999999999999")),
            "price is too large (99999999999999999). Maximum price is 45035996273704.96",
        ),
        (
            with("price", json!("-99999999999999999")),
            "price too small (-99999999999999999). Minimum price is -45035996273704.96",
        ),
        (with("price", json!("ten")), "price must be a decimal number such as 12.34, not `ten`"),
        (with("size", json!("1.00001")), "size is too accurate. Smallest unit is 0.0001"),
        (with("size", json!("0.00001")), "size is too small. Minimum size is 0.0001"),
        (with("size", json!("0")), "size is too small. Minimum size is 0.0001"),
        (with("size", json!("-1")), "size is too small. Minimum size is 0.0001"),
        (
            with("size", json!("99999999999")),
            "size is too large (99999999999). Maximum size is 27487790.6944",
        ),
        (without("price"), "price is required"),
        (without("size"), "size is required"),
        (with("product_id", json!("DOGE-USD")), "Product not found"),
        (rig.get("/orders?product_id=DOGE-USD", 1), "Product not found"),
        (rig.get("/products/DOGE-USD", 1), "NotFound"),
        (rig.get("/nothing", 1), "NotFound"),
        (rig.get("/orders/999999", 1), "NotFound"),
        (rig.delete("/orders/999999", 1), "NotFound"),
        (rig.get("/trades/999999", 1), "NotFound"),
        (rig.delete(&path, 1), "Order already done"),
        (rig.put(&path, 1, &change), "Order already done"),
        (rig.delete(&path, 2), "NotFound"),
        (
            rig.post("/orders", 1, &market_order),
            "type `market` is not supported; there is only `limit`",
        ),
        (with("funds", json!("5")), "funds is not supported"),
        (with("stp", json!("dc")), "stp is not supported"),
        (with("stop", json!("loss")), "stop is not supported"),
        (with("stop_price", json!("5")), "stop_price is not supported"),
        (with("cancel_after", json!("min")), "cancel_after is not supported"),
        (with("max_floor", json!("1")), "max_floor is not supported"),
        (with("profile_id", json!("1")), "profile_id is not supported"),
        (with("post_only", json!(true)), "post_only is not supported"),
        (
            with("time_in_force", json!("GTT")),
            "time_in_force `GTT` is not supported; there are `GTC` and `IOC`",
        ),
        (
            rig.get("/products/BTC-USD/book?depth=5", 1),
            "parameter `depth` is not supported; supported are: level",
        ),
        (rig.get("/products?x=1", 1), "parameter `x` is not supported; this path takes none"),
    ];
    for (reply, message) in cases {
        reply.refusal();
        assert_eq!(reply.json()["message"], message);
    }
    let typed = with("price", json!(10)).json()["message"].as_str().unwrap().to_owned();
    assert!(typed.starts_with("price: invalid type: integer `10`, expected a string"), "{typed}");
    let named = with("nonsense", json!(1)).json()["message"].as_str().unwrap().to_owned();
    assert!(named.contains("unknown field `nonsense`"), "{named}");
    for null in ["funds", "stp", "client_oid"] {
        with(null, json!(null)).ok();
    }
    with("post_only", json!(false)).ok();
    rig.stop();
}

#[test]
fn what_has_ended_is_told_from_what_never_was() {
    let rig = Rig::start();
    let mut body = order("buy", "10", "1");
    body["client_oid"] = json!("once");
    let bought = rig.post("/orders", 1, &body).ok();
    rig.place(2, "sell", "10", "1");
    for name in [crate::rig::id(&bought), "client:once".to_owned()] {
        let reply = rig.delete(&format!("/orders/{name}"), 1);
        assert_eq!(reply.refusal(), (400, "order-done".to_owned()), "{name}");
    }
    rig.stop();
}
