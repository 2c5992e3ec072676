//! An exchange with a gateway, over loopback, and a plain HTTP client.

use std::sync::Arc;
use std::time::Duration;

use exchange::{Durability, Service, ServiceOptions, Subscription};
use gateway::{GatewayError, Options, RestGateway};
use protocol::{Command, MarketSpec};
use serde_json::{Value, json};
use units::Scale;

/// A running exchange with two markets, and its gateway.
pub(crate) struct Rig {
    service: Arc<Service>,
    gateway: Option<RestGateway>,
    agent: ureq::Agent,
    url: String,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {}", self.text))
    }

    /// The body, which must be that of a request that was done.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and code of a refusal, whose form is checked.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], json!(self.status));
        assert!(body["title"].is_string() && body["message"].is_string(), "{body}");
        assert_eq!(self.header("retry-after").is_some(), matches!(self.status, 429 | 503));
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

/// Options of an exchange in memory.
pub(crate) fn in_memory() -> ServiceOptions {
    ServiceOptions { durability: Durability::Memory, ..Default::default() }
}

/// An exchange in memory.
pub(crate) fn start_service() -> Service {
    Service::start(in_memory()).unwrap()
}

/// Opens the markets of the tests, unless they are open.
pub(crate) fn open_markets(service: &Service) {
    for (symbol, tick, lot) in [
        ("BTC-USD", Scale::places(2), Scale::places(4)),
        ("GAS-EUR", Scale { mantissa: 5, places: 1 }, Scale::places(0)),
    ] {
        let spec = MarketSpec::new(symbol.parse().unwrap(), tick, lot).with_negative_prices();
        service.client().submit(Command::OpenMarket(spec)).unwrap();
    }
}

/// A gateway before a service.
pub(crate) fn start_gateway(
    options: Options,
    service: &Arc<Service>,
    subscribe: impl Fn(&Service) -> Subscription + Send + 'static,
) -> Result<RestGateway, GatewayError> {
    let (facts, health) = (service.clone(), service.clone());
    RestGateway::start(
        options,
        service.client(),
        move || subscribe(&facts),
        move || health.health(),
    )
}

impl Rig {
    pub(crate) fn start() -> Rig {
        Rig::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Rig {
        Rig::before(start_service(), options)
    }

    /// A gateway before an exchange.
    pub(crate) fn before(service: Service, options: Options) -> Rig {
        open_markets(&service);
        let rig = Rig::unready(service, options);
        rig.wait_ready();
        rig
    }

    /// A gateway before an exchange, which may not be ready yet.
    pub(crate) fn unready(service: Service, options: Options) -> Rig {
        Rig::following(service, options, Service::subscribe)
    }

    /// A gateway that gets its facts in a way of its own.
    pub(crate) fn following(
        service: Service,
        options: Options,
        subscribe: impl Fn(&Service) -> Subscription + Send + 'static,
    ) -> Rig {
        let service = Arc::new(service);
        let options = Options { bind: ([127, 0, 0, 1], 0).into(), ..options };
        let gateway = start_gateway(options, &service, subscribe).unwrap();
        let url = format!("http://{}", gateway.local_addr());
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // One connection a request, so that none is counted that a test does not see.
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(20)));
        Rig { service, gateway: Some(gateway), agent: config.build().into(), url }
    }

    /// Polls until reads are up to date: the gateway may still be folding the history.
    fn wait_ready(&self) {
        for _ in 0..10_000 {
            if self.get("/readyz", 0).status == 200 {
                return;
            }
            std::thread::yield_now();
        }
        panic!("never ready: {:?}", self.get("/readyz", 0));
    }

    pub(crate) fn address(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// Ends the gateway, then the exchange.
    pub(crate) fn stop(mut self) {
        self.gateway.take().unwrap().stop().unwrap();
        let service = Arc::into_inner(self.service).expect("a stopped gateway holds nothing");
        service.stop().unwrap();
    }

    /// Waits until the gateway reports a failure, and returns the report.
    pub(crate) fn gateway_failure(&self) -> String {
        let gateway = self.gateway.as_ref().unwrap();
        for _ in 0..10_000_000 {
            if let Some(why) = gateway.failure() {
                return why;
            }
            std::thread::yield_now();
        }
        panic!("the gateway does not notice");
    }

    /// Stops a gateway or an exchange that has failed, and returns the error of each.
    pub(crate) fn stop_failed(mut self) -> (Result<(), String>, Result<(), String>) {
        let gateway = self.gateway.take().unwrap().stop().map_err(|why| why.to_string());
        let service = Arc::into_inner(self.service).expect("a stopped gateway holds nothing");
        (gateway, service.stop().map_err(|why| why.to_string()))
    }

    pub(crate) fn client(&self) -> exchange::Client {
        self.service.client()
    }

    pub(crate) fn get(&self, path: &str, account: u32) -> Reply {
        let request = self.agent.get(format!("{}{path}", self.url));
        let request = request.header("Buttonwood-Account", account.to_string());
        reply(request.call().unwrap())
    }

    pub(crate) fn delete(&self, path: &str, account: u32) -> Reply {
        let request = self.agent.delete(format!("{}{path}", self.url));
        reply(request.header("CB-ACCESS-KEY", account.to_string()).call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, account: u32, body: &Value) -> Reply {
        self.send("POST", path, &[("CB-ACCESS-KEY", &account.to_string())], &body.to_string())
    }

    pub(crate) fn put(&self, path: &str, account: u32, body: &Value) -> Reply {
        self.send("PUT", path, &[("CB-ACCESS-KEY", &account.to_string())], &body.to_string())
    }

    /// Sends a request.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(self.agent.run(request.body(body.to_owned()).unwrap()).unwrap())
    }

    /// Places an order and returns the response.
    pub(crate) fn place(&self, account: u32, side: &str, price: &str, size: &str) -> Value {
        self.post("/orders", account, &order(side, price, size)).ok()
    }
}

/// The body of a new order in `BTC-USD`.
pub(crate) fn order(side: &str, price: &str, size: &str) -> Value {
    json!({ "product_id": "BTC-USD", "side": side, "price": price, "size": size })
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let text = response.body_mut().read_to_string().unwrap();
    Reply { status: response.status().as_u16(), headers: response.headers().clone(), text }
}

/// The text of a JSON value with its times masked, since they differ from run to run.
pub(crate) fn masked(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match name.as_str() {
                        "time" | "created_at" | "done_at" if value.is_string() => {
                            assert_is_time(value.as_str().unwrap());
                            *value = json!("TIME");
                        }
                        _ => walk(value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

fn assert_is_time(text: &str) {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert_eq!(shape, "9999-99-99T99:99:99.999999Z", "{text}");
}

/// The same value with sorted keys: `serde_json` keeps their order in some builds and not in others.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: std::collections::BTreeMap<_, _> = fields.into_iter().collect();
            Value::Object(fields.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

/// Compares text with a file of this crate; `BLESS=1` writes the file instead.
pub(crate) fn compare(path: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = format!(
        "{} is not current; if the change is meant, run again with BLESS=1",
        path.display()
    );
    for (number, (new, old)) in text.lines().zip(kept.lines()).enumerate() {
        assert_eq!(new, old, "line {}: {hint}", number + 1);
    }
    assert!(text == kept, "{hint}");
}

/// The number of an order, from an answer.
pub(crate) fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}
