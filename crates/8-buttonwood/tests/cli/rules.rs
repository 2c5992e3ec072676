//! Price rules of a market, over starts of a server.

use std::path::Path;

use serde_json::json;

use crate::command::command;
use crate::run::run;
use crate::server::{Server, request, request_once};

/// A server of one market, its URL, and its log.
fn serve_market(journal: &Path, market: &str, look: impl FnOnce(&str)) -> String {
    let args = ["serve", "--listen", "127.0.0.1:0", "--market", market, "--journal"];
    let mut server = Server::start_by(command().args(args).arg(journal));
    let line = server.line();
    look(line.trim().strip_prefix("serving ").unwrap());
    let (status, err) = server.interrupt();
    assert_eq!(status, 0, "{err}");
    err
}

#[test]
fn price_rules_are_a_markets_own_and_stay_what_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("facts");
    let collared = "TEA-USD:0.01:1:collar=10%@100";
    let order =
        |price: &str| json!({"product_id": "TEA-USD", "side": "buy", "price": price, "size": "3"});
    let report = |url: &str, price: &str| {
        let (status, body) = request_once(url, "POST", "/orders", Some(&order(price)));
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    serve_market(&journal, collared, |url| {
        assert_eq!(request(url, "GET", "/products", None)[0]["collar"]["highest_buy"], "110.00");
        assert_eq!(report(url, "0"), (400, "price-not-above-zero".to_owned()));
        assert_eq!(report(url, "110.01"), (400, "price-beyond-collar".to_owned()));
        assert_eq!(report(url, "110").0, 200);
    });
    serve_market(&journal, collared, |url| {
        assert_eq!(request(url, "GET", "/products", None)[0]["collar"]["reference"], "100.00");
    });
    for other in ["TEA-USD:0.01:1", "TEA-USD:0.01:1:negative", "TEA-USD:0.01:1:collar=5@100"] {
        let args = ["serve", "--listen", "127.0.0.1:0", "--market", other, "--journal"];
        let refused = run(args.into_iter().map(AsRef::as_ref).chain([journal.as_os_str()]));
        let has = "prices above zero and a collar of 10% from a reference of 100.00";
        refused.failed(1, &["market TEA-USD is open already", has]);
    }
}

/// Before price rules existed every market accepted every price, and its fact has no rules.
#[test]
fn a_market_from_before_there_were_price_rules_still_opens() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("facts");
    serve_market(&journal, "TEA-USD:0.01:1:negative", |_| {});
    let err = serve_market(&journal, "TEA-USD:0.01:1", |url| {
        let order = json!({"product_id": "TEA-USD", "side": "sell", "price": "-1", "size": "3"});
        assert_eq!(request(url, "POST", "/orders", Some(&order))["status"], "open");
    });
    assert!(err.contains("allows zero and negative prices, and keeps these rules"), "{err}");

    let file = dir.path().join("serve.toml");
    let text =
        "[[markets]]\nsymbol = \"TEA-USD\"\ntick = \"0.01\"\nlot = \"1\"\nnegative_prices = false";
    std::fs::write(&file, text).unwrap();
    let mut args = vec!["serve".as_ref(), "--listen".as_ref(), "127.0.0.1:0".as_ref()];
    args.extend(["--config".as_ref(), file.as_os_str(), "--journal".as_ref(), journal.as_os_str()]);
    run(args).failed(1, &["market TEA-USD is open already", "negative prices and no collar"]);
}
