//! REST over loopback, end to end: what a client sees of markets, orders and trades.

use crate::rig::{Rig, compare, id, masked, order, sorted};
use serde_json::{Value, json};

#[test]
fn a_day_on_the_market_reads_as_it_was() {
    let rig = Rig::start();
    let mut story = Vec::new();
    let mut show = |what: &str, answer: Value| story.push(json!({ what: masked(answer) }));
    show("GET /products", rig.get("/products", 1).ok());
    show("GET ticker of an empty market", rig.get("/products/BTC-USD/ticker", 1).ok());
    let first = rig.place(1, "sell", "100.50", "2");
    show("POST sell that rests", first.clone());
    show("POST another behind it", rig.place(2, "sell", "100.50", "1.5"));
    show("POST a third above", rig.place(2, "sell", "101.00", "1"));
    show("POST a buyer who sweeps the first", rig.place(3, "buy", "100.75", "2.5"));
    let mut ioc = order("buy", "100.5", "3");
    ioc["time_in_force"] = json!("IOC");
    show("POST immediate-or-cancel", rig.post("/orders", 3, &ioc).ok());
    let bid = rig.place(4, "buy", "99", "1");
    let change = json!({ "price": "99.01", "size": "0.5" });
    show("PUT a bid", rig.put(&format!("/orders/{}", id(&bid)), 4, &change).ok());
    for level in 1..=3 {
        let path = format!("/products/BTC-USD/book?level={level}");
        show(&format!("GET level {level}"), rig.get(&path, 1).ok());
    }
    show("GET ticker", rig.get("/products/BTC-USD/ticker", 1).ok());
    let trades = rig.get("/products/BTC-USD/trades", 1).ok();
    let trade = format!("/trades/{}", trades[0]["trade_id"]);
    show("GET trades", trades);
    show("GET the last trade, as its maker", rig.get(&trade, 2).ok());
    show("GET the last trade, as another", rig.get(&trade, 9).ok());
    show("GET /currencies", rig.get("/currencies", 1).ok());
    show("GET the first order", rig.get(&format!("/orders/{}", id(&first)), 1).ok());
    show("DELETE a bid", rig.delete(&format!("/orders/{}", id(&bid)), 4).ok());
    show("GET orders of account 4", rig.get("/orders?status=all", 4).ok());
    show("GET fills of account 3", rig.get("/fills", 3).ok());
    compare(
        "tests/snapshots/day.json",
        &(serde_json::to_string_pretty(&sorted(Value::Array(story))).unwrap() + "\n"),
    );
    rig.stop();
}

#[test]
fn whoever_asks_next_sees_what_was_answered() {
    let rig = Rig::start();
    for round in 0..200 {
        let price = format!("{}.25", 50 + round % 40);
        let placed = rig.place(7, "buy", &price, "0.001");
        let path = format!("/orders/{}", id(&placed));
        assert_eq!(rig.get(&path, 7).ok(), placed);
        if round % 2 == 0 {
            assert_eq!(rig.delete(&path, 7).ok(), json!(id(&placed)));
            assert_eq!(rig.get(&path, 7).ok()["done_reason"], "canceled");
        }
    }
    rig.stop();
}

#[test]
fn the_same_ask_under_the_same_id_is_the_same_order_and_another_is_refused() {
    let rig = Rig::start();
    let uuid = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
    for text in [uuid, &uuid.to_uppercase(), "my first order"] {
        let mut body = order("buy", "10", "1");
        body["client_oid"] = json!(text);
        let first = rig.post("/orders", 1, &body).ok();
        assert_eq!(rig.post("/orders", 1, &body).ok(), first);
        let other = rig.post("/orders", 2, &body).ok();
        assert_ne!(other["id"], first["id"], "an id is the account's own");
        body["size"] = json!("2");
        assert_eq!(rig.post("/orders", 1, &body).refusal(), (400, "client-id-used".to_owned()));
        assert_eq!(first["client_oid"], text);
        let path = format!("/orders/client:{}", text.replace(' ', "%20"));
        assert_eq!(rig.get(&path, 1).ok(), first);
        assert_eq!(rig.get("/orders", 1).ok(), json!([first]), "a list shows the same text");
        assert_eq!(rig.delete(&path, 1).ok(), first["id"]);
        assert_eq!(rig.delete(&path, 1).refusal(), (400, "order-done".to_owned()));
    }
    rig.stop();
}

#[test]
fn a_replace_keeps_what_has_traded_and_may_trade_at_once() {
    let rig = Rig::start();
    let bid = rig.place(1, "buy", "10.00", "3");
    let path = format!("/orders/{}", id(&bid));
    rig.place(2, "sell", "10.00", "1");
    rig.place(2, "sell", "10.50", "1");
    let refused = rig.put(&path, 1, &json!({ "price": "10", "size": "1" }));
    assert_eq!(refused.refusal(), (400, "below-filled".to_owned()));
    let crossed = rig.put(&path, 1, &json!({ "price": "10.60", "size": "2" })).ok();
    assert_eq!(crossed["filled_size"], "2.0000");
    assert_eq!(crossed["executed_value"], "20.500000");
    assert_eq!((&crossed["status"], &crossed["done_reason"]), (&json!("done"), &json!("filled")));
    assert_eq!(crossed["id"], bid["id"]);
    let gone = rig.put(&path, 1, &json!({ "price": "9", "size": "5" }));
    assert_eq!(gone.refusal(), (400, "order-done".to_owned()));
    rig.stop();
}

#[test]
fn lists_come_in_pages_newest_first() {
    let rig = Rig::start();
    let mut ids: Vec<String> = Vec::new();
    for round in 0..7 {
        let placed = rig.place(5, "buy", &format!("{}", 10 + round), "1");
        if round % 3 == 0 {
            rig.delete(&format!("/orders/{}", id(&placed)), 5).ok();
        }
        ids.insert(0, id(&placed));
    }
    let listed = |query: &str| -> Vec<String> {
        let rows = rig.get(&format!("/orders?{query}"), 5).ok();
        rows.as_array().unwrap().iter().map(id).collect()
    };
    let (mut open, mut done) = (ids.clone(), Vec::new());
    for at in [6, 3, 0] {
        done.insert(0, open.remove(at));
    }
    assert_eq!(listed(""), open);
    assert_eq!(listed("status=open&product_id=BTC-USD"), open);
    assert_eq!(listed("status=done"), done);
    assert_eq!(listed("status=all"), ids);
    assert_eq!(listed("status=open&status=done"), ids);
    assert_eq!(listed("status=pending"), Vec::<String>::new());
    assert_eq!(listed("status=all&product_id=GAS-EUR"), Vec::<String>::new());
    let first = rig.get("/orders?status=all&limit=3", 5);
    let after = first.header("CB-AFTER").unwrap();
    assert_eq!(after, ids[2]);
    assert_eq!(listed(&format!("status=all&limit=3&after={after}")), ids[3..6]);
    assert_eq!(listed(&format!("status=all&before={after}")), ids[..2]);
    assert_eq!(rig.get("/orders", 6).ok(), json!([]), "another account has none of them");
    rig.stop();
}

#[test]
fn every_fill_is_on_one_page_a_trade_with_oneself_too() {
    let rig = Rig::start();
    for account in [7, 8, 7, 7] {
        rig.place(7, "sell", "100.00", "1");
        rig.place(account, "buy", "100.00", "1");
    }
    let all = rig.get("/fills", 7).ok();
    assert_eq!(all.as_array().unwrap().len(), 7, "three trades with itself, and one half: {all}");
    for limit in 1..=8 {
        let (mut paged, mut path) = (Vec::new(), format!("/fills?limit={limit}"));
        loop {
            let reply = rig.get(&path, 7);
            let Some(after) = reply.header("CB-AFTER").map(str::to_owned) else { break };
            paged.extend(reply.ok().as_array().unwrap().clone());
            path = format!("/fills?limit={limit}&after={after}");
        }
        assert_eq!(json!(paged), all, "by {limit}");
    }
    rig.stop();
}

#[test]
fn prices_may_step_by_halves_and_be_below_zero() {
    let rig = Rig::start();
    let body = json!({ "product_id": "GAS-EUR", "side": "sell", "price": "-1.5", "size": "3" });
    let sold = rig.post("/orders", 1, &body).ok();
    assert_eq!((&sold["price"], &sold["size"]), (&json!("-1.5"), &json!("3")));
    let body = json!({ "product_id": "GAS-EUR", "side": "buy", "price": "2.0", "size": "2" });
    let bought = rig.post("/orders", 2, &body).ok();
    assert_eq!(bought["executed_value"], "-3.0");
    assert_eq!(rig.get("/products/GAS-EUR/ticker", 1).ok()["volume"], "2");
    rig.stop();
}

#[test]
fn time_health_and_readiness_are_told() {
    let rig = Rig::start();
    let time = rig.get("/time", 0).ok();
    assert!(time["epoch"].as_f64().unwrap() > 1.7e9 && time["iso"].is_string());
    assert_eq!(rig.get("/healthz", 0).ok(), json!({ "status": "ok" }));
    let ready = rig.get("/readyz", 0).ok();
    assert_eq!(ready["durable"], ready["shown"]);
    assert_eq!(ready["open_orders"], 0);
    rig.stop();
}

#[test]
fn the_description_that_is_kept_is_current() {
    compare("../../docs/openapi.json", &gateway::openapi_json());
    let rig = Rig::start();
    assert_eq!(rig.get("/openapi.json", 0).text, gateway::openapi_json());
    rig.stop();
}

#[test]
fn the_description_says_what_is_sent() {
    let rig = Rig::start();
    let said = rig.get("/openapi.json", 0).ok();
    let at = |path: &str, method: &str| said["paths"][path][method].clone();
    let kinds = |of: &Value| -> Vec<String> {
        of["responses"]["200"]["content"].as_object().unwrap().keys().cloned().collect()
    };
    for (_, methods) in said["paths"].as_object().unwrap() {
        for (method, of) in methods.as_object().unwrap() {
            assert_eq!(kinds(of), ["application/json"], "{method} {}", of["operationId"]);
        }
    }
    let named = |path: &str, method: &str| -> Vec<String> {
        let security = at(path, method)["security"].clone();
        let keys = security.as_array().unwrap().iter().map(|one| one.as_object().unwrap().keys());
        keys.map(|mut keys| keys.next().cloned().unwrap_or_default()).collect()
    };
    for (path, method) in
        [("/orders", "get"), ("/orders/{id}", "get"), ("/orders/{id}", "delete"), ("/fills", "get")]
    {
        assert_eq!(named(path, method), ["key", "account"], "{method} {path}");
    }
    for (path, method) in [("/orders", "post"), ("/orders/{id}", "put")] {
        assert_eq!(named(path, method), ["key", "account", ""], "or the body: {method} {path}");
    }
    let schemes = &said["components"]["securitySchemes"];
    assert_eq!(schemes["key"]["name"], "CB-ACCESS-KEY");
    assert_eq!(schemes["account"]["name"], "Buttonwood-Account");
    for path in ["/orders", "/fills", "/products/{id}/trades"] {
        let headers = &at(path, "get")["responses"]["200"]["headers"];
        assert!(headers["CB-BEFORE"].is_object() && headers["CB-AFTER"].is_object(), "{path}");
    }
    let placed = rig.place(1, "buy", "10", "1");
    let cancelled = rig.delete(&format!("/orders/{}", id(&placed)), 1);
    assert_eq!(cancelled.header("content-type"), Some("application/json"));
    rig.stop();
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let rig = Rig::start();
    let page = rig.get("/", 0);
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    for path in ["/", "/page.css", "/page.js"] {
        let asset = rig.get(path, 0);
        assert_eq!(asset.status, 200);
        assert!(!asset.text.is_empty());
        for link in asset.text.split("http").skip(1) {
            let own_namespace = link.starts_with("://www.w3.org/2000/svg");
            assert!(
                own_namespace || !link.starts_with(':') && !link.starts_with("s:"),
                "{link:.40}"
            );
        }
    }
    rig.stop();
}

#[test]
fn a_trade_shows_a_party_its_own_side_and_others_none() {
    let rig = Rig::start();
    rig.place(1, "sell", "100", "1");
    rig.place(2, "buy", "105.25", "1");
    let trades = rig.get("/products/BTC-USD/trades", 9).ok();
    let path = format!("/trades/{}", trades[0]["trade_id"]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let nobody = rig.send("GET", &path, &[], "").ok();
    assert_eq!(keys(&sorted(nobody.clone())), ["product_id", "trade"]);
    assert_eq!(nobody["trade"], trades[0]);
    assert_eq!(rig.get(&path, 9).ok(), nobody);
    for (account, price) in [(1, "100.00"), (2, "105.25")] {
        let own = rig.get(&path, account).ok();
        let facts = own["facts"].as_array().unwrap();
        assert_eq!(facts.len(), 2, "its own first line and the trade");
        assert_eq!(
            (&facts[0]["account"], &facts[0]["price"]),
            (&json!(account.to_string()), &json!(price))
        );
        assert_eq!(facts[1]["fact"], "traded");
        assert!(!own.to_string().contains(&format!("\"account\":\"{}\"", 3 - account)), "{own}");
    }
    rig.stop();
}

#[test]
fn orders_run_as_asked() {
    let rig = Rig::start();
    let rows = [
        ("buy", "12", "3"),
        ("buy", "11", "1"),
        ("sell", "20", "2"),
        ("buy", "13", "5"),
        ("sell", "19", "4"),
    ];
    let ids: Vec<String> =
        rows.iter().map(|(side, price, size)| id(&rig.place(5, side, price, size))).collect();
    let coarse = json!({ "product_id": "GAS-EUR", "side": "buy", "price": "12.5", "size": "2" });
    let coarse = id(&rig.post("/orders", 5, &coarse).ok());
    rig.delete(&format!("/orders/{}", ids[1]), 5).ok();
    let listed = |query: &str| -> Vec<usize> {
        let rows = rig.get(&format!("/orders?status=all&{query}"), 5).ok();
        let at = |row: &Value| ids.iter().position(|one| *one == id(row)).unwrap_or(5);
        rows.as_array().unwrap().iter().map(at).collect()
    };
    assert_eq!(listed("sorting=desc"), [5, 4, 3, 2, 1, 0]);
    assert_eq!(listed("sorting=asc"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(listed("sortedBy=created_at&sorting=asc&limit=2"), [0, 1]);
    let page = |query: &str| {
        let reply = rig.get(&format!("/orders?status=all&sorting=asc&limit=2&{query}"), 5);
        (
            reply.header("CB-BEFORE").unwrap().to_owned(),
            reply.header("CB-AFTER").unwrap().to_owned(),
        )
    };
    assert_eq!(page(""), (ids[1].clone(), ids[0].clone()));
    assert_eq!(listed(&format!("sorting=asc&limit=2&before={}", ids[1])), [2, 3]);
    assert_eq!(listed(&format!("sorting=asc&after={}", ids[2])), [0, 1]);
    assert_eq!(listed("sortedBy=order_id"), [5, 4, 3, 2, 1, 0]);
    assert_eq!(listed("sortedBy=price"), [2, 4, 3, 5, 0, 1], "12.50 lies between 12 and 13");
    assert_eq!(listed("sortedBy=price&sorting=asc&limit=3"), [1, 0, 5]);
    assert_eq!(listed(&format!("sortedBy=price&before={}&after={}", ids[0], ids[4])), [2, 3, 1]);
    assert_eq!(listed("sortedBy=size&sorting=asc"), [1, 2, 5, 0, 4, 3], "equal ones go by age");
    assert_eq!(listed("sortedBy=side&sorting=asc&product_id=BTC-USD"), [0, 1, 3, 2, 4]);
    assert_eq!(id(&rig.get("/orders?product_id=GAS-EUR&sortedBy=type", 5).ok()[0]), coarse);
    rig.stop();
}

#[test]
fn lists_keep_to_the_dates_asked_for() {
    let rig = Rig::start();
    let mut orders = Vec::new();
    for _ in 0..3 {
        rig.place(6, "sell", "10", "1");
        orders.push(rig.place(7, "buy", "10", "1"));
    }
    let time = |at: usize| orders[at]["created_at"].as_str().unwrap();
    assert!(time(0) < time(1) && time(1) < time(2), "asks in turn are microseconds apart");
    // What is shown ends in microseconds; the last nanoseconds of them are still that time.
    let (from, to) = (time(1), time(1).replace('Z', "999Z"));
    for (list, stamp) in [
        ("/orders?status=all&", "created_at"),
        ("/fills?", "created_at"),
        ("/products/BTC-USD/trades?", "time"),
    ] {
        let times = |query: &str| -> Vec<String> {
            let rows = rig.get(&format!("{list}{query}"), 7).ok();
            let rows = rows.as_array().unwrap().iter();
            rows.map(|row| row[stamp].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(times(""), [time(2), time(1), time(0)], "{list}");
        assert_eq!(times(&format!("start_date={from}")), [time(2), time(1)], "{list}");
        assert_eq!(times(&format!("end_date={to}")), [time(1), time(0)], "{list}");
        assert_eq!(times(&format!("start_date={from}&end_date={to}")), [time(1)], "{list}");
        assert_eq!(times("start_date=2001-01-01").len(), 3, "{list}");
        assert_eq!(times("end_date=2001-01-01").len(), 0, "{list}");
        assert_eq!(times("start_date=2999-01-01").len(), 0, "{list}");
    }
    rig.stop();
}

#[test]
fn one_book_is_read_by_all_who_ask_for_the_same_state() {
    let rig = Rig::start();
    rig.place(1, "buy", "10", "1");
    for level in [2, 3] {
        let path = format!("/products/BTC-USD/book?level={level}");
        let first = rig.get(&path, 1).text;
        assert_eq!(rig.get(&path, 2).text, first, "byte for byte, with its time");
        rig.place(1, "buy", "11", "1");
        let next = rig.get(&path, 1);
        assert_eq!(next.header("content-type"), Some("application/json"));
        let next = next.ok();
        assert_eq!(next["bids"][0][0], "11.00");
        assert_eq!(next["sequence"], rig.get("/products/BTC-USD/book", 1).ok()["sequence"]);
    }
    rig.stop();
}

/// Every reference of a description leads to one of its schemas.
#[test]
fn the_description_refers_to_nothing_that_is_not_there() {
    fn walk(value: &Value, seen: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                seen.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| walk(value, seen));
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, seen)),
            _ => {}
        }
    }
    let said: Value = serde_json::from_str(&gateway::openapi_json()).unwrap();
    let mut references = Vec::new();
    walk(&said, &mut references);
    assert!(references.len() > 50, "{references:?}");
    for reference in references {
        assert!(said.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}
