//! The final check: folds all facts, as `buttonwood journal export` prints them, in the simplest way, and
//! compares them with all acknowledged answers of all rounds.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::order::{cents, quantity};
use crate::server::run;
use crate::trader::Trader;

/// An order, folded from facts.
struct OrderRecord {
    entered: Value,
    cents: i64,
    size: u64,
    filled: u64,
    cost: i64,
    cancelled: bool,
}

/// Results.
pub(crate) struct Found {
    pub(crate) facts: u64,
    pub(crate) trades: u64,
}

fn number(fact: &Value, key: &str) -> u64 {
    fact[key].as_u64().unwrap_or_else(|| panic!("{key} of {fact}"))
}

fn price(fact: &Value) -> i64 {
    fact["price"].as_i64().unwrap_or_else(|| panic!("price of {fact}"))
}

/// Folds the journal's facts; fails at each broken law. Then compares them with the
/// acknowledged answers.
pub(crate) fn judge(dir: &Path, traders: &[Trader]) -> Found {
    let (well, out, err) = run(&["journal", "export"], dir);
    assert!(well, "{err}");
    let mut lines: BTreeMap<u64, OrderRecord> = BTreeMap::new();
    let mut by_client: BTreeMap<(u64, String), u64> = BTreeMap::new();
    let mut trades: BTreeMap<u64, Value> = BTreeMap::new();
    let mut seq = 0;
    for line in out.lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        seq += 1;
        assert_eq!(number(&fact, "seq"), seq, "a fact is missing or twice there");
        match fact["fact"].as_str().unwrap() {
            "entered" => {
                let (order, account) = (number(&fact, "order"), number(&fact, "account"));
                let client = (account, fact["client"].as_str().unwrap().to_owned());
                assert_eq!(by_client.insert(client, order), None, "entered twice: {fact}");
                let (cents, size) = (price(&fact), number(&fact, "quantity"));
                let line = OrderRecord {
                    entered: fact,
                    cents,
                    size,
                    filled: 0,
                    cost: 0,
                    cancelled: false,
                };
                assert!(lines.insert(order, line).is_none(), "an order's number is used again");
            }
            "traded" => {
                let (at, size) = (price(&fact), number(&fact, "quantity"));
                for party in ["maker", "taker"] {
                    let line = lines.get_mut(&number(&fact, party)).expect("a known order");
                    let within = match line.entered["side"].as_str().unwrap() {
                        "buy" => at <= line.cents,
                        _ => at >= line.cents,
                    };
                    assert!(
                        within && !line.cancelled,
                        "{fact} is against the will of {}",
                        line.entered
                    );
                    line.filled += size;
                    line.cost += at * i64::try_from(size).unwrap();
                    assert!(line.filled <= line.size, "{fact} is more than {}", line.entered);
                }
                trades.insert(seq, fact);
            }
            "replaced" => {
                let line = lines.get_mut(&number(&fact, "order")).expect("a known order");
                assert!(!line.cancelled, "{fact}");
                (line.cents, line.size) = (price(&fact), number(&fact, "quantity"));
            }
            "cancelled" => {
                let line = lines.get_mut(&number(&fact, "order")).expect("a known order");
                assert!(!line.cancelled, "{fact}");
                line.cancelled = true;
            }
            _ => {}
        }
    }
    for trader in traders {
        hold(trader, &lines, &by_client, &trades);
    }
    let (well, out, err) = run(&["journal", "verify", "--json"], dir);
    let verified: Value = serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {err}"));
    assert!(well && verified["intact"] == true && verified["cut_bytes"] == 0, "{verified}");
    assert_eq!(verified["facts"], seq);
    assert_eq!(verified["trades"], trades.len());
    Found { facts: seq, trades: trades.len() as u64 }
}

/// Checks that every answer to one client agrees with the facts.
fn hold(
    trader: &Trader,
    lines: &BTreeMap<u64, OrderRecord>,
    by_client: &BTreeMap<(u64, String), u64>,
    trades: &BTreeMap<u64, Value>,
) {
    for order in &trader.orders {
        let Some(told) = &order.told else { continue };
        let id: u64 = order.id().unwrap().parse().unwrap();
        let client = (u64::from(order.account), order.oid.clone());
        assert_eq!(by_client.get(&client), Some(&id), "an acknowledged order is lost: {order:?}");
        let line = &lines[&id];
        assert_eq!(line.entered["side"], order.side);
        assert!(order.terms().contains(&(line.cents, line.size)), "{order:?}");
        let (filled, cost) = (quantity(&told["filled_size"]), cents(&told["executed_value"]));
        assert!(line.filled >= filled && line.cost >= cost, "fills are lost: {order:?}");
        if told["status"] == "done" {
            assert_eq!((line.filled, line.cost), (filled, cost), "it had ended: {order:?}");
        }
        let ended = line.cancelled || line.filled == line.size;
        assert!(ended || !order.cancelled, "a cancel is lost: {order:?}");
    }
    for (number, shown) in &trader.seen.trades {
        let trade = trades.get(number).unwrap_or_else(|| panic!("a trade is lost: {shown}"));
        assert_eq!((price(trade), trade["quantity"].as_u64().unwrap()), told(shown), "{shown}");
    }
    for ((number, order), shown) in &trader.seen.fills {
        let trade = trades.get(number).unwrap_or_else(|| panic!("a fill is lost: {shown}"));
        assert_eq!((price(trade), trade["quantity"].as_u64().unwrap()), told(shown), "{shown}");
        let party = if shown["liquidity"] == "M" { "maker" } else { "taker" };
        assert_eq!(trade[party].to_string(), *order, "{shown}");
    }
}

fn told(shown: &Value) -> (i64, u64) {
    (cents(&shown["price"]), quantity(&shown["size"]))
}
