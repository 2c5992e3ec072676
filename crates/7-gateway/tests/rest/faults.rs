//! Failures as clients see them: restarts, load, an exchange that has ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use exchange::{Durability, Service, ServiceOptions};
use gateway::Options;
use journal::Journal as _;
use protocol::{Command, Fact, MarketSpec, NewOrder, Stamp, TimeInForce};
use serde_json::{Value, json};
use units::{AccountId, CommandId, Lots, MarketId, Price, Scale, Side, Time};

use crate::rig::{Reply, Rig, id, in_memory, open_markets, order};

/// A directory that is removed at the end of the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let name = format!("buttonwood-gateway-{name}-{}", std::process::id());
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

/// Most polls for an expected event.
const TRIES: u32 = 20_000;

/// One lot in the first market.
fn place(side: Side, price: i64) -> Command {
    Command::NewOrder(NewOrder {
        account: AccountId(1),
        client: None,
        market: MarketId(0),
        side,
        price: Price(price),
        quantity: Lots(1),
        time_in_force: TimeInForce::GoodTillCancel,
    })
}

fn on_disk(path: &Path) -> Rig {
    let journal = Some(path.to_owned());
    let options = ServiceOptions { journal, durability: Durability::Disk, ..Default::default() };
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
    let service = Service::start(options).unwrap();
    open_markets(&service);
    let client = service.client();
    let subscribed = Arc::new(AtomicU32::new(0));
    let times = subscribed.clone();
    let rig = Rig::following(service, Options::default(), move |service| {
        let facts = service.subscribe();
        if times.fetch_add(1, Ordering::Relaxed) == 0 {
            // Each is durable before the next is sent, and the gateway does not read: it falls behind.
            for round in 0..10 {
                client.submit(place(Side::Buy, 100 + round)).unwrap();
            }
        }
        facts
    });
    let again = || rig.get("/healthz", 1).status == 200 && subscribed.load(Ordering::Relaxed) == 2;
    assert!((0..TRIES).any(|_| again()), "was not cut off, or did not come back");
    let shown = || rig.get("/readyz", 1);
    let all = |ready: Reply| ready.status == 200 && ready.json()["open_orders"] == 10;
    assert!((0..TRIES).any(|_| all(shown())), "never caught up: {:?}", shown());
    let book = rig.get("/products/BTC-USD/book?level=2", 1).ok();
    assert_eq!(book["bids"].as_array().unwrap().len(), 10);
    assert_eq!(book["bids"][0], json!(["1.09", "0.0001", 1]));
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
    // The first new fact that the gateway receives does not follow its last one.
    let noticed = || {
        client.submit(place(Side::Buy, 100)).unwrap();
        told("/readyz").1 == "unavailable"
    };
    assert!((0..TRIES).any(|_| noticed()), "the gap is not noticed");
    for path in ["/readyz", "/products", "/orders"] {
        assert_eq!(told(path), (503, "unavailable".to_owned()), "{path}");
    }
    assert_eq!(rig.get("/healthz", 1).status, 200);
    rig.stop();
}

#[test]
fn a_thread_of_views_that_dies_is_said_by_health_and_by_the_gate() {
    let options = ServiceOptions { subscriber_lag: 1, ..in_memory() };
    let service = Service::start(options).unwrap();
    open_markets(&service);
    let client = service.client();
    let subscribed = AtomicU32::new(0);
    let rig = Rig::following(service, Options::default(), move |service| {
        let facts = service.subscribe();
        // The gateway does not read while these come, so it is cut off, and panics when it subscribes again.
        assert_eq!(subscribed.fetch_add(1, Ordering::Relaxed), 0, "a bug of the views");
        for round in 0..10 {
            client.submit(place(Side::Buy, 100 + round)).unwrap();
        }
        facts
    });
    let why = rig.gateway_failure();
    assert!(why.contains("views failed") && why.contains("a bug of the views"), "{why}");
    for path in ["/readyz", "/healthz", "/products", "/orders"] {
        let refused = rig.get(path, 1);
        assert_eq!(refused.refusal(), (503, "unavailable".to_owned()), "{path}");
        assert!(
            refused.json()["message"].as_str().unwrap().contains("a bug of the views"),
            "{path}"
        );
    }
    assert_eq!(rig.stop_failed(), (Err(why), Ok(())));
}

#[test]
fn an_exchange_whose_thread_dies_is_said_by_health_and_nobody_waits() {
    let rig = Rig::start();
    // A reply that panics does so on the journal's thread.
    rig.client().submit_batch(Vec::new(), |_| panic!("a bug of the journal's thread")).unwrap();
    let noticed = || rig.get("/readyz", 1).status == 503;
    assert!((0..TRIES).any(|_| noticed()), "readyz stays green");
    for path in ["/readyz", "/healthz"] {
        let refused = rig.get(path, 1);
        assert_eq!(refused.refusal(), (503, "unavailable".to_owned()), "{path}");
        let detail = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(detail.contains("a bug of the journal's thread"), "{path}: {detail}");
    }
    let refused = rig.post("/orders", 1, &order("buy", "1", "1")).refusal();
    assert_eq!(refused, (503, "unavailable".to_owned()));
    assert!((0..TRIES).any(|_| rig.get("/products", 1).status == 503), "stale reads");
    let (gateway, service) = rig.stop_failed();
    assert_eq!(gateway, Ok(()));
    assert!(service.unwrap_err().contains("a bug of the journal's thread"));
}

/// A journal in which the market of the tests has stopped.
fn journal_of_a_stopped_market(dir: &Path) {
    let market = MarketId(0);
    let (tick, lot) = (Scale::places(2), Scale::places(4));
    let spec = MarketSpec::new("BTC-USD".parse().unwrap(), tick, lot);
    let facts = [
        Fact::Started { epoch: 1 },
        Fact::MarketOpened { market, spec },
        Fact::MarketStopped { market },
    ];
    let mut groups = protocol::bytes::FactEncoder::default();
    for (seq, fact) in (1..).zip(facts) {
        groups.push(Stamp { seq, command: CommandId(seq), time: Time(1) }, &fact);
    }
    let mut journal = journal::DiskJournal::open(dir, journal::Options::default()).unwrap();
    journal.append(&groups).unwrap();
    journal.close().unwrap();
}

#[test]
fn a_stopped_market_says_so_and_the_operator_resumes_it() {
    let dir = Directory::new("stopped");
    journal_of_a_stopped_market(&dir.0);
    let options = ServiceOptions { journal: Some(dir.0.clone()), ..ServiceOptions::default() };
    let rig = Rig::before(Service::start(options).unwrap(), Options::default());
    let product = || rig.get("/products/BTC-USD", 1).ok();
    let shown = |product: Value| (product["status"].clone(), product["cancel_only"].clone());
    assert_eq!(shown(product()), (json!("offline"), json!(true)));
    assert_eq!(shown(rig.get("/products/GAS-EUR", 1).ok()), (json!("online"), json!(false)));
    let resume = |market: &str| rig.post(&format!("/admin/markets/{market}/resume"), 1, &json!({}));
    let bought = rig.post("/orders", 1, &order("buy", "1", "1"));
    assert_eq!(bought.refusal(), (409, "market-stopped".to_owned()));
    assert_eq!(resume("TEA-USD").refusal(), (404, "unknown-market".to_owned()));
    assert_eq!(resume("GAS-EUR").refusal(), (409, "market-not-stopped".to_owned()));
    assert_eq!(resume("BTC-USD").ok(), json!("BTC-USD"));
    assert_eq!(resume("BTC-USD").refusal(), (409, "market-not-stopped".to_owned()));
    assert_eq!(shown(product()), (json!("online"), json!(false)));
    rig.place(1, "buy", "1", "1");
    rig.stop();
}
