//! Rounds of load, SIGKILL, a torn tail, and a start that must have lost nothing.
//!
//! Threads and the system decide what is in flight at the kill, so a seed gives the same commands and the
//! same plan of kills, not the same run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::order::{cents, quantity};
use crate::server::{Gone, Http, MARKET, Server, run};
use crate::trader::{Chance, Trader};
use crate::{facts, tail};

/// Concurrent clients, each with its own connections.
const CLIENTS: u32 = 4;
/// Rounds whose accounts are checked order by order after each kill; all of them are checked at the end.
const WINDOW: u32 = 3;

/// Counts, for the test's output.
#[derive(Default)]
struct Told {
    kills: u64,
    kills_in_start: u64,
    torn_tails: u64,
    flipped: u64,
    starts: Vec<Duration>,
}

pub(crate) struct Rounds<'a> {
    dir: &'a Path,
    chance: Chance,
    traders: Vec<Trader>,
    told: Told,
}

impl Rounds<'_> {
    /// Runs the rounds, then compares all facts with all acknowledged answers, and reports.
    pub(crate) fn run(dir: &Path, rounds: u32, seed: u64) -> Value {
        let begun = Instant::now();
        let (chance, told) = (Chance::new(seed), Told::default());
        let mut all = Rounds { dir, chance, traders: Vec::new(), told };
        for round in 0..rounds {
            all.round(round);
        }
        let (mut server, found) = (all.start(false), all.traders.len());
        all.check(&server.http(), 0);
        assert!(server.is_alive() && found > 0);
        server.interrupt();
        all.flipped();
        let found = facts::judge(dir, &all.traders);
        let count = |of: fn(&Trader) -> u64| all.traders.iter().map(of).sum::<u64>();
        let seconds = begun.elapsed().as_secs_f64();
        all.told.starts.sort();
        let start = |of: usize| all.told.starts[of].as_secs_f64();
        json!({
            "seed": seed,
            "rounds": rounds,
            "kills": all.told.kills,
            "kills_in_start": all.told.kills_in_start,
            "torn_tails": all.told.torn_tails,
            "changed_bytes_refused": all.told.flipped,
            "acknowledged": count(|trader| trader.acknowledged),
            "repeated": count(|trader| trader.repeated),
            "orders": count(|trader| trader.orders.len() as u64),
            "fills_seen": count(|trader| trader.seen.fills.len() as u64),
            "facts": found.facts,
            "trades": found.trades,
            "lost": 0,
            "start_seconds_median": start(all.told.starts.len() / 2),
            "start_seconds_max": start(all.told.starts.len() - 1),
            "rounds_per_minute": (f64::from(rounds) * 60.0 / seconds).round(),
            "seconds": (seconds * 10.0).round() / 10.0,
        })
    }

    /// A round on a disk that loses the end of what was acknowledged. The checks below must fail.
    pub(crate) fn lose(dir: &Path, seed: u64) {
        let (chance, told) = (Chance::new(seed), Told::default());
        let mut all = Rounds { dir, chance, traders: Vec::new(), told };
        let server = all.start(false);
        let mut trader = Trader::new(1);
        let (ticks, _ticked) = channel();
        trader.trade(&server.http(), &mut all.chance, &ticks, 60);
        let http = server.http();
        while trader.orders.iter().filter(|order| order.told.is_some()).count() < 50 {
            trader.trade(&http, &mut all.chance, &ticks, 1);
        }
        let at = trader.intend(&mut all.chance);
        trader.submit_again(&http, at).expect("the server runs"); // the last acknowledged command is an order
        all.traders.push(trader);
        drop(server);
        tail::lose(dir, &mut all.chance);
        let server = all.start(true);
        all.check(&server.http(), 0);
    }

    /// Often enough that kills hit the saving of snapshots.
    fn snapshot_every(&mut self) -> u64 {
        [150, 1_000, 20_000_000][self.chance.index(3)]
    }

    fn start(&mut self, torn: bool) -> Server {
        let every = self.snapshot_every();
        let started = Server::start(self.dir, every);
        let server = started.unwrap_or_else(|why| panic!("it did not start after a kill: {why}"));
        self.told.starts.push(server.took);
        self.told.torn_tails += u64::from(torn);
        server
    }

    fn round(&mut self, round: u32) {
        let server = self.start(false);
        // A round has its own accounts, so that the exchange remembers enough commands of each.
        let first = round * CLIENTS + 1;
        let traders: Vec<_> = (first..first + CLIENTS).map(Trader::new).collect();
        let quiet = self.chance.below(3) == 0;
        let mark = self.load(server, traders, quiet);
        self.told.kills += 1;
        let torn = tail::tear(self.dir, mark.as_ref(), &mut self.chance);
        let in_start = self.chance.below(3);
        for _ in 0..in_start {
            let every = self.snapshot_every();
            let within = Duration::from_micros(self.chance.below(20_000));
            Server::begin(self.dir, every).kill_after(within);
            self.told.kills_in_start += 1;
        }
        if round % 10 == 9 {
            self.flipped();
        }
        let mut server = self.start(torn);
        let from = (round + 1).saturating_sub(WINDOW) * CLIENTS;
        self.check(&server.http(), usize::try_from(from).unwrap());
        let said = server.kill();
        self.told.kills += 1;
        // A start that was killed may have truncated it already.
        let silent = torn && in_start == 0 && !said.contains("were a partial record");
        assert!(!silent, "a torn tail was truncated without a log line: {said}");
    }

    /// Clients submit until the server is killed. For a kill after the last answer, with commands in flight,
    /// gives the position in the journal after which nothing was acknowledged.
    fn load(
        &mut self,
        mut server: Server,
        traders: Vec<Trader>,
        quiet: bool,
    ) -> Option<(PathBuf, u64)> {
        let (ticks, ticked) = channel();
        let mut chances: Vec<Chance> =
            traders.iter().map(|_| Chance::new(self.chance.below(1 << 32))).collect();
        let many = if self.chance.below(4) == 0 { 20 } else { 800 };
        let answers = 1 + self.chance.below(many);
        // Right after an answer, or some time later.
        let later = Duration::from_micros(self.chance.below(2) * self.chance.below(4_000));
        let (dir, chance) = (self.dir, &mut self.chance);
        let (traders, mark) = std::thread::scope(|scope| {
            let mut at_work = Vec::new();
            for (mut trader, mut chance) in traders.into_iter().zip(chances.drain(..)) {
                let (http, ticks) = (server.http(), ticks.clone());
                let most = if quiet { answers / u64::from(CLIENTS) } else { u64::MAX };
                at_work.push(scope.spawn(move || {
                    trader.trade(&http, &mut chance, &ticks, most);
                    trader
                }));
            }
            drop(ticks);
            if quiet {
                let mut traders: Vec<_> =
                    at_work.into_iter().map(|thread| thread.join().unwrap()).collect();
                let mark = tail::mark(dir);
                let url = server.http().url.clone();
                let sent = unread(&url, &mut traders, chance);
                let _waited = ticked.recv_timeout(later);
                server.kill();
                drop(sent); // no answer was read
                return (traders, Some(mark));
            }
            for _ in 0..answers {
                if ticked.recv().is_err() {
                    break; // every client has submitted all its commands
                }
            }
            if !later.is_zero() {
                let until = Instant::now() + later;
                while ticked.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {
                }
            }
            server.kill();
            (at_work.into_iter().map(|thread| thread.join().unwrap()).collect(), None)
        });
        self.traders.extend(traders);
        mark
    }

    /// All acknowledged answers to clients from `from` on are still true, nothing is there twice or unsubmitted, and
    /// repeated commands get their first answers.
    fn check(&mut self, http: &Http, from: usize) {
        let chance = &mut self.chance;
        for trader in &mut self.traders[from..] {
            check_trader(trader, http, chance).expect("the server runs");
        }
        let tape = http.get(1, &format!("/products/{MARKET}/trades?limit=1000"));
        check_tape(&tape, &traded(self.dir), &self.traders);
        for trader in &mut self.traders[from..] {
            trader.seen.see_trades(&tape);
            look(trader, http);
            check_sums(trader);
        }
        check_book(&http.get(1, &format!("/products/{MARKET}/book?level=3")), &self.traders, from);
        // Clients that are checked for the last time cancel, so that the book stays small.
        let until = from + self.leaving(from);
        for trader in &mut self.traders[from..until] {
            for at in 0..trader.orders.len() {
                if trader.orders[at].is_open() {
                    trader.cancel_at(http, at).expect("the server runs");
                }
            }
        }
    }

    /// Number of traders in the window that are checked for the last time.
    fn leaving(&self, from: usize) -> usize {
        let window = usize::try_from(WINDOW * CLIENTS).unwrap();
        if from > 0 && self.traders.len() - from == window { CLIENTS as usize } else { 0 }
    }

    /// A changed byte in acknowledged records: the start is refused, names the place, and changes nothing.
    fn flipped(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        tail::copy(self.dir, copy.path());
        let Some(segment) = tail::flip(copy.path(), &mut self.chance) else { return };
        self.told.flipped += 1;
        let before = tail::bytes(copy.path());
        let Err(said) = Server::start(copy.path(), 20_000_000) else {
            panic!("it started on a changed journal")
        };
        let name = segment.file_name().unwrap().to_str().unwrap().to_owned();
        for part in [name.as_str(), "at byte ", "Nothing was changed", "restore", "journal verify"]
        {
            assert!(said.contains(part), "should say {part:?}: {said}");
        }
        assert!(tail::bytes(copy.path()) == before, "a damaged journal was changed");
    }
}

/// Commands in flight whose answers are never read.
fn unread(url: &str, traders: &mut [Trader], chance: &mut Chance) -> Vec<TcpStream> {
    let address = url.strip_prefix("http://").unwrap();
    let mut streams = Vec::new();
    for trader in traders {
        for _ in 0..1 + chance.below(4) {
            let at = trader.intend(chance);
            let body = trader.orders[at].body().to_string();
            let head = format!(
                "POST /orders HTTP/1.1\r\nHost: {address}\r\nButtonwood-Account: {}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                trader.account,
                body.len()
            );
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all((head + &body).as_bytes()).unwrap();
            streams.push(stream);
        }
    }
    streams
}

fn shown(http: &Http, account: u32) -> BTreeMap<String, Value> {
    let page = http.get(account, "/orders?status=all&limit=1000");
    let mut orders = BTreeMap::new();
    for order in page.as_array().unwrap() {
        let oid = order["client_oid"].as_str().unwrap().to_owned();
        assert!(orders.insert(oid, order.clone()).is_none(), "twice there: {order}");
    }
    assert!(orders.len() < 1000, "more than one page holds");
    orders
}

fn check_trader(trader: &mut Trader, http: &Http, chance: &mut Chance) -> Result<(), Gone> {
    let mut orders = shown(http, trader.account);
    for at in 0..trader.orders.len() {
        let order = &mut trader.orders[at];
        match orders.remove(&order.oid) {
            Some(shown) => order.see(&shown),
            None => assert!(order.told.is_none(), "an acknowledged order is lost: {order:?}"),
        }
        // The client submits its unanswered commands again: each happens once, then or now.
        let unknown = order.settle();
        let (was, never_answered) = (order.id().map(str::to_owned), order.told.is_none());
        trader.submit_again_if(never_answered || chance.below(20) == 0, http, at)?;
        let order = &trader.orders[at];
        assert!(was.is_none() || order.id() == was.as_deref(), "twice there: {order:?}");
        for replace in unknown {
            trader.replace_again(http, at, replace)?;
        }
    }
    assert!(orders.is_empty(), "no client submitted these: {orders:?}");
    for _ in 0..10 {
        trader.repeat(http, chance)?;
    }
    Ok(())
}

/// All of its orders and fills are still there.
fn look(trader: &mut Trader, http: &Http) {
    let mut orders = shown(http, trader.account);
    for order in &mut trader.orders {
        order.see(&orders.remove(&order.oid).unwrap_or_else(|| panic!("lost: {order:?}")));
    }
    let before = trader.seen.fills.len();
    let page = http.get(trader.account, "/fills?limit=1000");
    let there = page.as_array().unwrap().len();
    trader.seen.see_fills(&page);
    assert!(there < 1000 && there >= before, "fills are lost: {there} of {before}");
    assert_eq!(trader.seen.fills.len(), there, "a fill that was shown is not there");
}

/// An order's fills add up to its own figures.
fn check_sums(trader: &Trader) {
    let sums = trader.sums();
    for order in &trader.orders {
        let told = order.told.as_ref().unwrap();
        let says = (quantity(&told["filled_size"]), cents(&told["executed_value"]));
        assert_eq!(sums.get(order.id().unwrap()).copied().unwrap_or_default(), says, "{order:?}");
    }
}

/// The numbers of the market's trades in the journal, oldest first.
fn traded(dir: &Path) -> Vec<u64> {
    let (well, out, err) = run(&["journal", "export", "--kind", "traded", "--market", MARKET], dir);
    assert!(well, "{err}");
    let number = |line| serde_json::from_str::<Value>(line).unwrap()["trade_id"].as_u64().unwrap();
    out.lines().map(number).collect()
}

/// The tape is the journal's last trades, newest first, and has every trade that was shown and is
/// recent enough.
fn check_tape(tape: &Value, traded: &[u64], traders: &[Trader]) {
    let tape = tape.as_array().unwrap();
    let of = |trade: &Value, key: &str| trade[key].as_u64().unwrap();
    let numbers: Vec<u64> = tape.iter().rev().map(|trade| of(trade, "trade_id")).collect();
    assert_eq!(
        numbers,
        traded[traded.len().saturating_sub(1000)..],
        "the tape is not the last trades"
    );
    let here: BTreeMap<u64, &Value> =
        tape.iter().map(|trade| (of(trade, "trade_id"), trade)).collect();
    let oldest = here.keys().next().copied().unwrap_or(0);
    for trader in traders {
        for (number, trade) in trader.seen.trades.range(oldest..) {
            assert_eq!(here.get(number), Some(&trade), "a trade is lost");
        }
        for ((number, _), fill) in trader.seen.fills.range((oldest, String::new())..) {
            let trade = here.get(number).unwrap_or_else(|| panic!("no trade for {fill}"));
            assert_eq!((&trade["price"], &trade["size"]), (&fill["price"], &fill["size"]));
        }
    }
}

/// The book is the open orders, each with its open quantity, and does not cross.
fn check_book(book: &Value, traders: &[Trader], from: usize) {
    let mut rows = BTreeMap::new();
    let mut best = Vec::new();
    for side in ["bids", "asks"] {
        let side = book[side].as_array().unwrap();
        best.extend(side.first().map(|row| cents(&row[0])));
        for row in side {
            let id = row[2].as_str().unwrap().to_owned();
            let rest = (cents(&row[0]), quantity(&row[1]));
            assert!(rows.insert(id, rest).is_none(), "twice in the book: {row}");
        }
    }
    assert!(best.len() < 2 || best[0] < best[1], "the book crosses: {best:?}");
    let mut known = BTreeSet::new();
    for (at, trader) in traders.iter().enumerate() {
        for order in trader.orders.iter().filter(|order| order.told.is_some()) {
            let (id, told) = (order.id().unwrap(), order.told.as_ref().unwrap());
            known.insert(id);
            let rest = quantity(&told["size"]) - quantity(&told["filled_size"]);
            let time_in_force = order.is_open().then(|| (cents(&told["price"]), rest));
            assert!(
                at < from || rows.get(id).copied() == time_in_force,
                "{order:?}: {:?}",
                rows.get(id)
            );
        }
    }
    assert!(rows.keys().all(|id| known.contains(id.as_str())), "orders that no client submitted");
}
