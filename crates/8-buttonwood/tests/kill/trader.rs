//! A client under load: it submits commands and records answers until the server is gone.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::order::{Answer, Order, Replace, cents, quantity};
use crate::server::{Gone, Http, MARKET};

/// Draws that depend on the seed alone.
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// From 0 up to, not including, `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((self.0.next_u64() >> 32) * bound) >> 32
    }

    pub(crate) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap()
    }
}

/// Trades and fills that were shown to any client. They must never change.
#[derive(Default)]
pub(crate) struct Seen {
    /// By number of the trade.
    pub(crate) trades: BTreeMap<u64, Value>,
    /// By number of the trade and of the order.
    pub(crate) fills: BTreeMap<(u64, String), Value>,
}

impl Seen {
    /// Records a page of the tape, newest first; a trade that was shown before must be the same.
    pub(crate) fn see_trades(&mut self, page: &Value) {
        let mut above = u64::MAX;
        for trade in page.as_array().unwrap() {
            let number = trade["trade_id"].as_u64().unwrap();
            assert!(number < above, "trade {number} is twice there, or out of order");
            above = number;
            let before = self.trades.entry(number).or_insert_with(|| trade.clone());
            assert_eq!(before, trade, "a trade was changed");
        }
    }

    /// The same for the fills of an account.
    pub(crate) fn see_fills(&mut self, page: &Value) {
        let mut here = BTreeMap::new();
        for fill in page.as_array().unwrap() {
            let trade = fill["trade_id"].as_u64().unwrap();
            let key = (trade, fill["order_id"].as_str().unwrap().to_owned());
            assert_eq!(here.insert(key.clone(), ()), None, "a fill is twice there: {fill}");
            let before = self.fills.entry(key).or_insert_with(|| fill.clone());
            assert_eq!(before, fill, "a fill was changed");
        }
    }
}

/// A client with an account of its own.
pub(crate) struct Trader {
    pub(crate) account: u32,
    pub(crate) orders: Vec<Order>,
    pub(crate) seen: Seen,
    /// Commands that were answered.
    pub(crate) acknowledged: u64,
    /// Of these, commands that had been answered before.
    pub(crate) repeated: u64,
    asked: u32,
}

/// Most commands of one account: the exchange remembers 1,024 client ids of each, and shows 1,000 orders.
const MOST: u32 = 450;

impl Trader {
    pub(crate) fn new(account: u32) -> Trader {
        let (orders, seen) = (Vec::new(), Seen::default());
        Trader { account, orders, seen, acknowledged: 0, repeated: 0, asked: 0 }
    }

    /// Submits until the server is gone, or this many times, or the account is used up. Sends a tick for each answer.
    pub(crate) fn trade(
        &mut self,
        http: &Http,
        chance: &mut Chance,
        ticks: &Sender<()>,
        most: u64,
    ) {
        for _ in 0..most {
            if self.asked >= MOST {
                return;
            }
            let done = match chance.below(100) {
                0..60 => self.place(http, chance),
                60..74 => self.cancel(http, chance),
                74..83 => self.replace(http, chance),
                83..93 => self.repeat(http, chance),
                _ => self.look(http, chance),
            };
            if done.is_err() {
                return;
            }
            // The receiver may have killed the server already.
            let _told = ticks.send(());
        }
    }

    fn next_oid(&mut self) -> String {
        self.asked += 1;
        format!("00000000-0000-4000-8000-{:06}{:06}", self.account, self.asked)
    }

    /// The next order; it is in the log before it is submitted.
    pub(crate) fn intend(&mut self, chance: &mut Chance) -> usize {
        let oid = self.next_oid();
        let side = if chance.below(2) == 0 { "buy" } else { "sell" };
        let time_in_force = if chance.below(8) == 0 { "IOC" } else { "GTC" };
        let cents =
            1000 + i64::try_from(chance.below(20)).unwrap() + if side == "buy" { -13 } else { -6 };
        let (size, account) = (1 + chance.below(20), self.account);
        let (told, replaces, cancelled) = (None, Vec::new(), false);
        let order =
            Order { account, oid, side, cents, size, time_in_force, told, replaces, cancelled };
        self.orders.push(order);
        self.orders.len() - 1
    }

    fn place(&mut self, http: &Http, chance: &mut Chance) -> Result<(), Gone> {
        let at = self.intend(chance);
        self.submit_again(http, at)
    }

    /// Submits an order, perhaps again.
    pub(crate) fn submit_again(&mut self, http: &Http, at: usize) -> Result<(), Gone> {
        let order = &mut self.orders[at];
        match http.submit(self.account, "POST", "/orders", Some(&order.body()))? {
            (200, shown) => {
                self.repeated += u64::from(order.told.is_some());
                order.see(&shown);
                self.acknowledged += 1;
            }
            (503, problem) if problem["code"] == "views-behind" => {} // the order exists; the views show it later
            (status, problem) => panic!("{status} {problem} for {order:?}"),
        }
        Ok(())
    }

    /// The same, if `so`.
    pub(crate) fn submit_again_if(&mut self, so: bool, http: &Http, at: usize) -> Result<(), Gone> {
        if so { self.submit_again(http, at) } else { Ok(()) }
    }

    fn any_open(&self, chance: &mut Chance) -> Option<usize> {
        let open: Vec<usize> =
            (0..self.orders.len()).filter(|&at| self.orders[at].is_open()).collect();
        (!open.is_empty()).then(|| open[chance.index(open.len())])
    }

    fn cancel(&mut self, http: &Http, chance: &mut Chance) -> Result<(), Gone> {
        match self.any_open(chance) {
            Some(at) => self.cancel_at(http, at),
            None => Ok(()),
        }
    }

    pub(crate) fn cancel_at(&mut self, http: &Http, at: usize) -> Result<(), Gone> {
        let order = &mut self.orders[at];
        let path = format!("/orders/{}", order.id().expect("an acknowledged order"));
        match http.submit(self.account, "DELETE", &path, None)? {
            // Its cancel or its last fill came first: it trades no more.
            (200, _) => order.cancelled = true,
            (400, problem) if problem["code"] == "order-done" => order.cancelled = true,
            (404, problem) if problem["code"] == "unknown-order" => order.cancelled = true,
            (503, problem) if problem["code"] == "views-behind" => {}
            (status, problem) => panic!("{status} {problem} for a cancel of {order:?}"),
        }
        self.acknowledged += 1;
        Ok(())
    }

    fn replace(&mut self, http: &Http, chance: &mut Chance) -> Result<(), Gone> {
        let Some(at) = self.any_open(chance) else { return Ok(()) };
        let oid = self.next_oid();
        let order = &mut self.orders[at];
        let &(cents, size) = order.terms().last().unwrap();
        let cents = cents + i64::try_from(chance.below(3)).unwrap() - 1;
        let size = size + chance.below(6) - chance.below(6).min(size - 1);
        order.replaces.push(Replace { oid, cents, size, answer: Answer::Unknown });
        let replace = order.replaces.len() - 1;
        self.replace_again(http, at, replace)
    }

    /// Submits a replace, perhaps again.
    pub(crate) fn replace_again(
        &mut self,
        http: &Http,
        at: usize,
        replace: usize,
    ) -> Result<(), Gone> {
        let order = &mut self.orders[at];
        let path = format!("/orders/{}", order.id().expect("an acknowledged order"));
        let asked = &mut order.replaces[replace];
        let was = asked.answer;
        match http.submit(self.account, "PUT", &path, Some(&asked.body()))? {
            (200, shown) => {
                assert_ne!(was, Answer::Refused, "it was refused at first: {order:?}");
                asked.answer = Answer::Done;
                self.repeated += u64::from(was == Answer::Done);
                order.see(&shown);
            }
            (503, problem) if problem["code"] == "views-behind" => return Ok(()),
            (404 | 400, problem) => {
                let code = problem["code"].as_str().unwrap();
                let codes = ["unknown-order", "order-done", "below-filled"];
                assert!(codes.contains(&code), "{problem} {order:?}");
                assert_ne!(was, Answer::Done, "an acknowledged replace is not known: {order:?}");
                asked.answer = Answer::Refused;
            }
            (status, problem) => panic!("{status} {problem} for a replace of {order:?}"),
        }
        self.acknowledged += 1;
        Ok(())
    }

    /// A repeated command under its own id gets the same order; another command under that id is rejected.
    pub(crate) fn repeat(&mut self, http: &Http, chance: &mut Chance) -> Result<(), Gone> {
        if self.orders.is_empty() {
            return Ok(());
        }
        let at = chance.index(self.orders.len());
        if self.orders[at].id().is_none() {
            return Ok(());
        }
        if chance.below(4) == 0 {
            let mut other = self.orders[at].clone();
            other.size += 1;
            let (status, problem) =
                http.submit(self.account, "POST", "/orders", Some(&other.body()))?;
            assert_eq!((status, problem["code"].as_str()), (400, Some("client-id-used")));
            return Ok(());
        }
        let done = |replace: &Replace| replace.answer == Answer::Done;
        match self.orders[at].replaces.iter().rposition(done) {
            Some(replace) if chance.below(2) == 0 => self.replace_again(http, at, replace),
            _ => self.submit_again(http, at),
        }
    }

    /// Reads a view and checks it: a view is an answer too.
    fn look(&mut self, http: &Http, chance: &mut Chance) -> Result<(), Gone> {
        let path = match chance.below(2) {
            0 => "/fills?limit=50".to_owned(),
            _ => format!("/products/{MARKET}/trades?limit=50"),
        };
        let (status, page) = http.submit(self.account, "GET", &path, None)?;
        assert_eq!(status, 200, "{page}");
        match path.starts_with("/fills") {
            true => self.seen.see_fills(&page),
            false => self.seen.see_trades(&page),
        }
        Ok(())
    }

    /// Fills of each order: lots, and what they cost in cents.
    pub(crate) fn sums(&self) -> BTreeMap<&str, (u64, i64)> {
        let mut sums = BTreeMap::new();
        for ((_, order), fill) in &self.seen.fills {
            let (size, price) = (quantity(&fill["size"]), cents(&fill["price"]));
            let sum: &mut (u64, i64) = sums.entry(order.as_str()).or_default();
            sum.0 += size;
            sum.1 += price * i64::try_from(size).unwrap();
        }
        sums
    }
}
