//! What clients meet when the world misbehaves: restarts, load, an exchange that is gone.

use std::path::{Path, PathBuf};

use exchange::{Policy, Service, ServiceOptions};
use gates::Options;
use serde_json::{Value, json};
use units::{AccountId, Lots, MarketId, Price, Side};
use words::{Ask, Place, TimeInForce};

use crate::rig::{Rig, id, in_memory, open_markets, order};

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let name = format!("buttonwood-gates-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// How often something that is bound to happen is looked for.
const TRIES: u32 = 20_000;

/// One lot in the first market.
fn place(side: Side, price: i64) -> Ask {
    Ask::Place(Place {
        account: AccountId(1),
        client: None,
        market: MarketId(0),
        side,
        price: Price(price),
        lots: Lots(1),
        stands: TimeInForce::GoodTillCancel,
    })
}

fn on_disk(path: &Path) -> Rig {
    let journal = Some(path.to_owned());
    let options = ServiceOptions { journal, policy: Policy::Disk, ..Default::default() };
    Rig::before(Service::start(options).unwrap(), Options::default())
}

#[test]
fn what_was_answered_is_still_so_after_a_restart() {
    let directory = Directory::new("restart");
    let rig = on_disk(&directory.0);
    let mut body = order("sell", "100.00", "3");
    body["client_oid"] = json!("once");
    rig.post("/orders", 1, &body).ok();
    let bought = rig.place(2, "buy", "100.00", "1");
    let before = |rig: &Rig| -> Vec<Value> {
        let all = ["/orders?status=all", "/fills", "/products/BTC-USD/trades"];
        let mut seen: Vec<Value> = all.iter().map(|path| rig.get(path, 2).ok()).collect();
        seen.push(rig.get("/orders/client:once", 1).ok());
        seen.push(rig.get("/products/BTC-USD/book?level=3", 1).ok()["asks"].clone());
        seen
    };
    let seen = before(&rig);
    rig.stop();
    let rig = on_disk(&directory.0);
    assert_eq!(before(&rig), seen);
    let again = rig.post("/orders", 1, &body).ok();
    assert_eq!((&again["filled_size"], &again["status"]), (&json!("1.0000"), &json!("open")));
    assert_eq!(rig.get("/readyz", 1).ok()["epoch"], 2);
    let next = rig.place(2, "buy", "1", "1");
    assert!(id(&next).parse::<u64>().unwrap() > id(&bought).parse::<u64>().unwrap());
    rig.stop();
}

#[test]
fn a_gate_that_cannot_keep_up_comes_back_and_is_right() {
    let options = ServiceOptions { subscriber_lag: 1, ..in_memory() };
    let rig = Rig::before(Service::start(options).unwrap(), Options::default());
    let ask =
        |round: i64| vec![place(Side::Buy, 100 + round % 50), place(Side::Sell, 200 + round % 50)];
    for round in 0..3000 {
        // A full queue is no fault here: one that is not taken in leaves no trace.
        rig.service().client().submit(ask(round), |_| ()).ok();
    }
    let client = rig.service().client();
    let last = (0..TRIES).find_map(|_| client.ask(ask(0)[0]).ok()).expect("the queue drains");
    let durable = rig.service().health().durable;
    let caught_up = || {
        let ready = rig.get("/readyz", 1);
        ready.status == 200 && ready.json()["shown"].as_u64() >= Some(durable)
    };
    assert!((0..TRIES).any(|_| caught_up()), "never caught up");
    let path = format!("/orders/{}", last.ask);
    assert_eq!(rig.get(&path, 1).ok()["price"], "1.00");
    let book = rig.get("/products/BTC-USD/book?level=2", 1).ok();
    let orders: u64 = ["bids", "asks"]
        .iter()
        .flat_map(|side| book[side].as_array().unwrap())
        .map(|row| row[2].as_u64().unwrap())
        .sum();
    assert_eq!(json!(orders), rig.get("/readyz", 1).ok()["open_orders"]);
    rig.stop();
}

#[test]
fn an_exchange_without_room_for_history_is_not_shown_wrongly() {
    let options = ServiceOptions { memory_history: 0, ..in_memory() };
    let service = Service::start(options).unwrap();
    open_markets(&service); // facts that no later subscriber can get
    let client = service.client();
    let rig = Rig::unready(service, Options::default());
    let told = |path: &str| rig.get(path, 1).refusal();
    assert_eq!(told("/products"), (503, "starting".to_owned()));
    client.ask(place(Side::Buy, 100)).unwrap(); // a fact that does not follow on
    assert!((0..TRIES).any(|_| told("/readyz").1 == "unavailable"), "the gap is not noticed");
    for path in ["/readyz", "/products", "/orders"] {
        assert_eq!(told(path), (503, "unavailable".to_owned()), "{path}");
    }
    assert_eq!(rig.get("/healthz", 1).status, 200);
    rig.stop();
}
