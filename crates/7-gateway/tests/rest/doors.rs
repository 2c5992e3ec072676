//! Clients that hold connections, bodies or answers. Other clients must still be served.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exchange::Service;
use gateway::{GatewayError, Options};
use protocol::{Command, NewOrder, TimeInForce};
use serde_json::json;
use units::{AccountId, Lots, MarketId, OrderId, Price, Side};

use crate::rig::{Rig, id, open_markets, order, start_gateway, start_service};

/// Longer than any test may run: a time that a test must not depend on.
const NEVER: Duration = Duration::from_secs(3600);

/// After this a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Few places, and no time that would free them.
fn narrow() -> Options {
    Options {
        connections: 8,
        requests: 2,
        cancels: 1,
        head_within: NEVER,
        write_within: NEVER,
        answer_within: NEVER,
        ..Options::default()
    }
}

fn connect(rig: &Rig) -> TcpStream {
    let stream = TcpStream::connect(rig.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What the gateway answers to these bytes, until it closes the connection.
fn answer(mut stream: TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    rest(&mut stream)
}

fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn expect(stream: &mut TcpStream, text: &str) {
    let mut bytes = vec![0; text.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), text);
}

/// A way to hold a connection.
type Stuck = fn(&Rig) -> TcpStream;

/// Connects and sends nothing.
fn silent(rig: &Rig) -> TcpStream {
    connect(rig)
}

/// Sends part of a head.
fn half_a_head(rig: &Rig) -> TcpStream {
    let mut stream = connect(rig);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ").unwrap();
    stream
}

/// Sends a head and part of its body, which the gateway is waiting for when this returns.
fn half_a_body(rig: &Rig) -> TcpStream {
    let mut stream = connect(rig);
    let head = "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nButtonwood-Account: 1\r\n\
        Expect: 100-continue\r\nContent-Length: 50\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    expect(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{").unwrap();
    stream
}

/// Asks for far more than the system buffers on the way, and reads none of it.
fn never_reads(rig: &Rig) -> TcpStream {
    let mut stream = connect(rig);
    let request = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    stream.write_all(request.repeat(500).as_bytes()).unwrap();
    stream
}

/// Has had an answer, and holds the connection.
fn served_and_idle(rig: &Rig) -> TcpStream {
    let mut stream = connect(rig);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    expect(&mut stream, "HTTP/1.1 200 OK\r\n");
    stream
}

#[test]
fn clients_that_hold_every_place_keep_out_neither_health_nor_cancels_nor_orders() {
    let kinds: [(&str, Stuck); 5] = [
        ("silent", silent),
        ("half a head", half_a_head),
        ("half a body", half_a_body),
        ("never reads", never_reads),
        ("served and idle", served_and_idle),
    ];
    for (kind, stuck) in kinds {
        let rig = Rig::with(narrow());
        let resting = id(&rig.place(7, "buy", "10", "1"));
        let held: Vec<TcpStream> = (0..20).map(|_| stuck(&rig)).collect();
        for path in ["/healthz", "/readyz", "/products"] {
            assert_eq!(rig.get(path, 7).status, 200, "{kind}: {path}");
        }
        rig.delete(&format!("/orders/{resting}"), 7).ok();
        rig.place(7, "buy", "10", "1");
        drop(held);
        rig.stop();
    }
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let rig = Rig::with(Options { write_within: Duration::from_millis(20), ..Options::default() });
    let mut stream = never_reads(&rig);
    // The gateway stops reading long before; what ends this is that it closes the connection.
    let request = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(1000);
    let error = loop {
        if let Err(error) = stream.write_all(request.as_bytes()) {
            break error;
        }
    };
    let closed = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::ConnectionAborted];
    assert!(closed.contains(&error.kind()), "{error}");
    rig.stop();
}

/// A gateway with a cancel at work, which waits until reads show it: they do once the sender says so.
fn with_a_cancel_at_work() -> (Rig, TcpStream, Sender<()>) {
    let service = start_service();
    open_markets(&service);
    let client = service.client();
    let resting = NewOrder {
        account: AccountId(7),
        client: None,
        market: MarketId(0),
        side: Side::Buy,
        price: Price(100),
        quantity: Lots(1),
        time_in_force: TimeInForce::GoodTillCancel,
    };
    let stamp = client.submit(Command::NewOrder(resting)).unwrap();
    let order = stamp
        .responses
        .iter()
        .find_map(|response| match response {
            protocol::Response::Fact(_, protocol::Fact::Entered(entered)) => Some(entered.order),
            _ => None,
        })
        .unwrap();
    // Reads follow only when the test says so: until then a cancel waits to be seen.
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let options = Options { views_within: NEVER, ..narrow() };
    let rig = Rig::following(service, options, move |service| {
        gone.lock().unwrap().recv().ok();
        service.subscribe()
    });
    let mut cancel = connect(&rig);
    let request = format!(
        "DELETE /orders/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Buttonwood-Account: 7\r\n\r\n",
        order.0
    );
    cancel.write_all(request.as_bytes()).unwrap();
    let cancelled = |order: OrderId| {
        let again = client.submit(Command::Release { order }).unwrap();
        again.responses.contains(&protocol::Response::Rejected(protocol::RejectCode::UnknownOrder))
    };
    assert!((0..100_000).any(|_| cancelled(order)), "the cancel never came to the exchange");
    (rig, cancel, go)
}

#[test]
fn a_request_at_work_is_not_cut_off_for_another_connection() {
    let (rig, mut cancel, go) = with_a_cancel_at_work();
    let held: Vec<TcpStream> = (0..20).map(|_| half_a_head(&rig)).collect();
    assert_eq!(rig.get("/healthz", 7).status, 200);
    go.send(()).unwrap();
    let text = rest(&mut cancel);
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    drop(held);
    rig.stop();
}

#[test]
fn a_client_that_ends_its_side_while_its_request_is_at_work_gets_its_answer() {
    let (rig, mut cancel, go) = with_a_cancel_at_work();
    cancel.shutdown(Shutdown::Write).unwrap();
    // By the time that others are answered the gateway has long seen that end.
    (0..10).for_each(|_| assert_eq!(rig.get("/healthz", 7).status, 200));
    go.send(()).unwrap();
    let text = rest(&mut cancel);
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    rig.stop();
}

#[test]
fn places_of_cancels_are_taken_by_nothing_else() {
    let rig = Rig::with(Options { requests: 0, ..narrow() });
    assert_eq!(rig.get("/products", 1).refusal(), (429, "busy".to_owned()));
    let placed = rig.post("/orders", 1, &order("buy", "10", "1"));
    assert_eq!(placed.refusal(), (429, "busy".to_owned()));
    assert_eq!(rig.delete("/orders/5", 1).refusal(), (404, "unknown-order".to_owned()));
    assert_eq!(rig.get("/healthz", 1).status, 200);
    assert_eq!(rig.get("/readyz", 1).status, 200);
    rig.stop();
}

#[test]
fn a_gate_whose_connections_could_all_be_at_work_does_not_start() {
    let service = Arc::new(start_service());
    let options = Options { connections: 3, bind: ([127, 0, 0, 1], 0).into(), ..narrow() };
    let refused = start_gateway(options, &service, Service::subscribe).unwrap_err();
    assert!(matches!(refused, GatewayError::TooFewConnections { connections: 3, at_work: 3 }));
}

#[test]
fn a_head_that_does_not_come_is_cut_off() {
    let head_within = Duration::from_millis(50);
    let rig = Rig::with(Options { head_within, ..Options::default() });
    for stuck in [silent, half_a_head, served_and_idle] {
        let mut stream = stuck(&rig);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    rig.stop();
}

#[test]
fn a_body_that_does_not_come_has_done_nothing() {
    let answer_within = Duration::from_millis(500);
    let rig = Rig::with(Options { answer_within, ..Options::default() });
    let mut stream = half_a_body(&rig);
    let mut text = String::new();
    // The rest of the body was not read, so the end may come as a reset.
    let mut bytes = [0; 4096];
    while !text.contains("body-timeout") {
        let read = stream.read(&mut bytes).unwrap();
        assert!(read > 0, "closed after {text}");
        text += &String::from_utf8_lossy(&bytes[..read]);
    }
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert_eq!(rig.get("/orders?status=all", 1).ok(), json!([]));
    rig.stop();
}

#[test]
fn a_client_that_ends_its_side_gets_its_answer() {
    let rig = Rig::start();
    let body = order("buy", "10", "1").to_string();
    let requests = [
        "GET /products HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.0\r\n\r\n".to_owned(),
        format!(
            "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nButtonwood-Account: 1\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    ];
    for request in requests {
        let mut stream = connect(&rig);
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let text = rest(&mut stream);
        assert!(text.starts_with("HTTP/1.1 200 ") || text.starts_with("HTTP/1.0 200 "), "{text}");
    }
    rig.stop();
}

#[test]
fn http_1_0_needs_no_host_and_http_1_1_does() {
    let rig = Rig::start();
    let told = |head: &str| {
        let text = answer(connect(&rig), &format!("{head}Connection: close\r\n\r\n"));
        let status = text.split(' ').nth(1).unwrap().to_owned();
        let code = text.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next());
        (status, code.unwrap_or("").to_owned())
    };
    let cases = [
        ("GET /products HTTP/1.0\r\n", "200", ""),
        ("GET /products HTTP/1.0\r\nHost: localhost\r\n", "200", ""),
        ("GET http://127.0.0.1/products HTTP/1.1\r\nHost: 127.0.0.1\r\n", "200", ""),
        ("GET /products HTTP/1.0\r\nHost: example.org\r\n", "403", "foreign-origin"),
        ("GET /products HTTP/1.0\r\nOrigin: http://example.org\r\n", "403", "foreign-origin"),
        ("GET http://example.org/products HTTP/1.0\r\n", "403", "foreign-origin"),
        (
            "GET http://example.org/products HTTP/1.1\r\nHost: 127.0.0.1\r\n",
            "403",
            "foreign-origin",
        ),
        ("GET /products HTTP/1.1\r\n", "400", "malformed-request"),
    ];
    for (head, status, code) in cases {
        assert_eq!(told(head), (status.to_owned(), code.to_owned()), "{head}");
    }
    rig.stop();
}
