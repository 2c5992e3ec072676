//! One order as its client knows it: the command, and every answer about it. An acknowledged answer stays
//! true after every kill of the server; a view that contradicts it fails the test.

use serde_json::{Value, json};

use crate::server::MARKET;

/// A client's command.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) account: u32,
    /// The client's id of the command, a UUID.
    pub(crate) oid: String,
    pub(crate) side: &'static str,
    pub(crate) cents: i64,
    pub(crate) size: u64,
    pub(crate) time_in_force: &'static str,
    /// The last answer about it; `None` before the first.
    pub(crate) told: Option<Value>,
    pub(crate) replaces: Vec<Replace>,
    /// A cancel was acknowledged.
    pub(crate) cancelled: bool,
}

/// A replace of it.
#[derive(Clone, Debug)]
pub(crate) struct Replace {
    pub(crate) oid: String,
    pub(crate) cents: i64,
    pub(crate) size: u64,
    pub(crate) answer: Answer,
}

/// Its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Unknown,
    Done,
    Refused,
}

/// Cents of a price or an amount with at most two places.
pub(crate) fn cents(text: &Value) -> i64 {
    let text = text.as_str().unwrap_or_else(|| panic!("no decimal text: {text}"));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<2}").parse().unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// A size in lots.
pub(crate) fn quantity(text: &Value) -> u64 {
    text.as_str().unwrap().parse().unwrap_or_else(|why| panic!("{why}: {text}"))
}

fn price(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl Replace {
    pub(crate) fn body(&self) -> Value {
        let size = self.size.to_string();
        json!({ "price": price(self.cents), "size": size, "client_oid": self.oid })
    }
}

impl Order {
    pub(crate) fn body(&self) -> Value {
        json!({
            "product_id": MARKET, "side": self.side, "price": price(self.cents),
            "size": self.size.to_string(), "time_in_force": self.time_in_force, "client_oid": self.oid,
        })
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.told.as_ref().and_then(|told| told["id"].as_str())
    }

    /// True if it can still trade, as far as its client knows.
    pub(crate) fn is_open(&self) -> bool {
        !self.cancelled && self.told.as_ref().is_some_and(|told| told["status"] == "open")
    }

    /// Price in cents and size that it may have now.
    pub(crate) fn terms(&self) -> Vec<(i64, u64)> {
        let mut terms = vec![(self.cents, self.size)];
        for replace in &self.replaces {
            match replace.answer {
                Answer::Done => terms = vec![(replace.cents, replace.size)],
                Answer::Unknown => terms.push((replace.cents, replace.size)),
                Answer::Refused => {}
            }
        }
        terms
    }

    /// Records a view, which must agree with all earlier answers.
    pub(crate) fn see(&mut self, shown: &Value) {
        let told = self.told.as_ref();
        let context = || format!("asked {self:?}, shown {shown}");
        for (key, is) in [
            ("client_oid", json!(self.oid)),
            ("profile_id", json!(self.account.to_string())),
            ("product_id", json!(MARKET)),
            ("side", json!(self.side)),
            ("time_in_force", json!(self.time_in_force)),
        ] {
            assert_eq!(shown[key], is, "{key}: {}", context());
        }
        let filled = quantity(&shown["filled_size"]);
        let terms = (cents(&shown["price"]), quantity(&shown["size"]));
        assert!(self.terms().contains(&terms), "price and size: {}", context());
        assert!(filled <= terms.1, "more than its size: {}", context());
        let done = shown["status"] == "done";
        assert_eq!(filled == terms.1, shown["done_reason"] == "filled", "{}", context());
        assert!(
            done || (shown["status"] == "open" && self.time_in_force == "GTC"),
            "{}",
            context()
        );
        assert!(done || !self.cancelled, "a cancel was lost: {}", context());
        if let Some(told) = told {
            assert_eq!(told["id"], shown["id"], "another order: {}", context());
            assert_eq!(told["created_at"], shown["created_at"], "{}", context());
            assert!(filled >= quantity(&told["filled_size"]), "a fill was lost: {}", context());
            assert!(told["status"] != "done" || told == shown, "it had ended: {}", context());
        }
        self.told = Some(shown.clone());
    }

    /// After a restart no command is in flight: terms that only an unanswered replace can have made
    /// show that it happened. Gives the replaces whose result is still unknown.
    pub(crate) fn settle(&mut self) -> Vec<usize> {
        let Some(told) = &self.told else { return Vec::new() };
        let terms = (cents(&told["price"]), quantity(&told["size"]));
        let unknown = |replace: &Replace| replace.answer == Answer::Unknown;
        let open: Vec<usize> =
            (0..self.replaces.len()).filter(|&at| unknown(&self.replaces[at])).collect();
        if let [at] = open[..]
            && self.terms()[0] != terms
        {
            self.replaces[at].answer = Answer::Done;
        }
        open
    }
}
