//! A floor's protocol: its one correct answer to each message of orders, their supervisor and the ledger, in any order
//! in which the messages of an order's lives arrive.
//!
//! - `floor/walk.rs`: the floor during an introduction, also when one of the two orders dies
//! - `floor/peers.rs`: its simulated peers
//! - `floor/play.rs`: the games that they play
//! - `floor/real.rs`: checks the floors of real runs by the same model

mod peers;
mod play;
pub(crate) mod real;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use checker::component::{Input, InputOf, Transition, transition};
use kernel::Pid;
use market::Party;
use protocol::{Message, Presence, TimeInForce};
use units::{CommandId, Lots, MarketId, OrderId, Side};

use crate::answer::Answer;
use peers::Peers;
use walk::{Suspect, Walk};

/// An order that has announced itself, and the life that did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pid: Pid,
    presence: Presence,
}

/// A resting order.
#[derive(Clone, Copy, Debug)]
struct Seat {
    pid: Pid,
    presence: Presence,
    /// True if it was introduced to an incoming order, and has not sent its state since.
    introduced: bool,
}

/// The state of a floor in recovery.
#[derive(Clone, Default, Debug)]
struct Recovery {
    question: u32,
    /// True once the ledger has listed all open orders.
    listed: bool,
    awaited: BTreeSet<OrderId>,
    heard: BTreeMap<OrderId, Told>,
    left: BTreeSet<OrderId>,
}

/// The state of a floor, by its inputs and its answers.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    market: MarketId,
    now: u64,
    ledger: Pid,
    /// The life of the ledger that it has asked, and watches.
    watched: Pid,
    supervisor: Pid,
    life: u32,
    /// The number of the last introduction or query.
    number: u32,
    /// The latest life that has spoken from each place.
    spoken: BTreeMap<usize, u32>,
    resting_orders: BTreeMap<OrderId, Seat>,
    waiting: BTreeMap<CommandId, Told>,
    asked: BTreeMap<OrderId, (Pid, u32)>,
    recovery: Option<Recovery>,
    walk: Option<Walk>,
    suspect: Option<Suspect>,
    peers: Peers,
}

impl Floor {
    fn new(market: MarketId, peers: Peers) -> Floor {
        let nobody = Pid::OUTSIDE;
        Floor {
            market,
            now: 0,
            ledger: nobody,
            watched: nobody,
            supervisor: nobody,
            life: 0,
            number: 0,
            spoken: BTreeMap::new(),
            resting_orders: BTreeMap::new(),
            waiting: BTreeMap::new(),
            asked: BTreeMap::new(),
            recovery: None,
            walk: None,
            suspect: None,
            peers,
        }
    }

    /// The next life: it has nothing of the last.
    fn next_life(&mut self) {
        self.life += 1;
        self.number = self.life << 24;
        self.spoken.clear();
        self.resting_orders.clear();
        self.waiting.clear();
        self.asked.clear();
        self.recovery = Some(Recovery::default());
        (self.walk, self.suspect) = (None, None);
    }

    /// The one correct answer. `None` for messages that no process sends to a floor.
    fn answer(&self, input: &InputOf<Party>) -> Option<Transition<Floor>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match input {
            Input::Start => then.begin_recovery(&mut out),
            Input::Hears { .. } => then.begin_recovery(&mut out),
            Input::Says { from, message } => then.on_message(*from, message, &mut out)?,
            Input::Dies { .. } => "ignores it",
            _ => return None,
        };
        then.peers.hear(then.walk.as_ref().map(Walk::of), &out.all_said());
        Some(transition(name, out.does(), then))
    }

    fn on_message(&mut self, from: Pid, said: &Message, out: &mut Answer) -> Option<&'static str> {
        if self.recovery.is_some() {
            return Some(self.on_message_in_recovery(from, said, out));
        }
        Some(match *said {
            Message::Announce(presence) if self.hears(from, presence.order) => {
                self.on_unasked(Told { pid: from, presence }, out)
            }
            Message::State { presence, introduction } if self.hears(from, presence.order) => {
                let told = Told { pid: from, presence };
                if self.is_word(from, presence.order, introduction) {
                    self.on_word(told, out)
                } else if self.asked.get(&presence.order) == Some(&(from, introduction)) {
                    self.asked.remove(&presence.order);
                    self.place(told, out)
                } else {
                    self.on_unasked(told, out)
                }
            }
            Message::Announce(_) | Message::State { .. } => "knows a later life",
            Message::Leave { order, introduction } => self.on_leave(from, order, introduction, out),
            Message::Suspend { order } => {
                self.on_leave(from, order, 0, out);
                "takes a suspended order off"
            }
            Message::Next { order, introduction, dealt, open } => {
                self.on_next(from, order, introduction, dealt, open, out)
            }
            Message::Pass { introduction, open, busy: command } => {
                self.on_pass(from, introduction, open, command, out)
            }
            Message::Listed { .. } | Message::ListedAll => "knows that",
            _ => return None,
        })
    }

    // ---- recovery

    fn begin_recovery(&mut self, out: &mut Answer) -> &'static str {
        self.number += 1;
        let recovery = self.recovery.get_or_insert_default();
        recovery.question = self.number;
        recovery.awaited.clear();
        self.watched = self.ledger;
        out.watches(self.ledger);
        out.says(self.ledger, Message::ListOpen { market: self.market });
        "lists the open orders"
    }

    fn on_message_in_recovery(
        &mut self,
        from: Pid,
        said: &Message,
        out: &mut Answer,
    ) -> &'static str {
        let Some(mut recovery) = self.recovery.take() else { return "knows that" };
        let introduction = recovery.question;
        let name = match *said {
            Message::Listed { order } => {
                let known = recovery.heard.contains_key(&order) || recovery.left.contains(&order);
                if !known {
                    recovery.awaited.insert(order);
                }
                if known { "knows the listed order" } else { "awaits a listed order" }
            }
            Message::ListedAll if !recovery.listed => {
                recovery.listed = true;
                out.unwatches(self.watched);
                out.says_to_all(self.peers.children(), Message::QueryState { introduction });
                "queries all orders"
            }
            Message::Announce(_) if recovery.listed => {
                out.says(from, Message::QueryState { introduction });
                "queries an incoming order"
            }
            Message::Announce(_) => "will query an incoming order",
            Message::State { presence, introduction: of } if of == introduction => {
                if self.hears(from, presence.order) {
                    recovery.awaited.remove(&presence.order);
                    recovery.heard.insert(presence.order, Told { pid: from, presence });
                    "gets an order's state"
                } else {
                    "ignores a former life's state"
                }
            }
            Message::Leave { order, .. } | Message::Suspend { order } => {
                self.hears(from, order);
                recovery.forget(order);
                "will not wait for it"
            }
            Message::Next { open, .. } if open > Lots::ZERO && self.is_taken_over(from) => {
                "knows a later life"
            }
            Message::Next { order, open: Lots::ZERO, .. } => {
                recovery.forget(order);
                "will not wait for it"
            }
            Message::Next { order, open, .. } => {
                if let Some(heard) = recovery.heard.get_mut(&order) {
                    heard.presence.open = open;
                }
                "gets a deal of its former life"
            }
            _ => "ignores an answer to another query",
        };
        if !recovery.listed || !recovery.awaited.is_empty() {
            self.recovery = Some(recovery);
            return name;
        }
        let heard = recovery.heard.into_values();
        self.waiting = heard.map(|told| (told.presence.priority, told)).collect();
        self.hear_waiting(out);
        name
    }

    // ---- messages of orders about themselves

    /// False if a later life has spoken at this place, of this order or of the next there.
    fn hears(&mut self, pid: Pid, order: OrderId) -> bool {
        if self.is_taken_over(pid) {
            return false;
        }
        self.spoken.insert(pid.index(), pid.generation());
        // The order that had the place before has ended.
        self.resting_orders
            .retain(|of, resting| *of == order || resting.pid.index() != pid.index());
        if let Some(resting) =
            self.resting_orders.get_mut(&order).filter(|s| s.pid.index() == pid.index())
        {
            resting.pid = pid;
        }
        true
    }

    fn is_taken_over(&self, pid: Pid) -> bool {
        self.spoken.get(&pid.index()).is_some_and(|life| *life > pid.generation())
    }

    fn on_unasked(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let order = told.presence.order;
        match self.walk {
            Some(walk) if walk.incoming.presence.order == order => {
                return self.on_incoming_again(told, out);
            }
            Some(walk) if walk.maker.1 == order => return self.on_maker_again(told, out),
            _ => {}
        }
        match self.resting_orders.get(&order) {
            Some(resting) if resting.introduced => self.query_state(told.pid, order, out),
            Some(_) => self.place(told, out),
            None => self.hear_or_wait(told, out),
        }
    }

    /// It may have sent this before its introduction arrived.
    fn query_state(&mut self, pid: Pid, order: OrderId, out: &mut Answer) -> &'static str {
        if self.asked.get(&order).is_some_and(|(asked, _)| *asked == pid) {
            return "queries an introduced order"; // once
        }
        self.number += 1;
        let introduction = self.number;
        self.asked.insert(order, (pid, introduction));
        out.says(pid, Message::QueryState { introduction });
        "queries an introduced order"
    }

    fn place(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let Told { presence, .. } = told;
        if let Some(resting) = self.resting_orders.get_mut(&presence.order) {
            let now = resting.presence;
            if (now.priority, now.price) == (presence.priority, presence.price) {
                resting.introduced = false;
                self.show(presence.order, presence.open);
                return "shows what is left";
            }
            self.resting_orders.remove(&presence.order);
        }
        self.hear_or_wait(told, out)
    }

    fn show(&mut self, order: OrderId, quantity: Lots) {
        match self.resting_orders.get_mut(&order) {
            Some(resting) if quantity > Lots::ZERO => resting.presence.open = quantity,
            _ => drop(self.resting_orders.remove(&order)),
        }
    }

    fn on_leave(
        &mut self,
        pid: Pid,
        order: OrderId,
        introduction: u32,
        out: &mut Answer,
    ) -> &'static str {
        self.resting_orders.remove(&order);
        self.hears(pid, order);
        self.asked.remove(&order);
        self.waiting.retain(|_, told| told.presence.order != order);
        match self.walk {
            Some(walk) if walk.is_about(order) => self.on_gone(order, introduction, out),
            _ => "forgets it",
        }
    }

    // ---- incoming orders

    fn hear_or_wait(&mut self, told: Told, out: &mut Answer) -> &'static str {
        if self.walk.is_none() {
            return self.hear(told, out);
        }
        self.waiting.retain(|_, other| other.presence.order != told.presence.order);
        self.waiting.insert(told.presence.priority, told);
        "lets it wait"
    }

    fn hear(&mut self, told: Told, out: &mut Answer) -> &'static str {
        self.walk = None;
        if self.introduces(told, out) {
            return "introduces";
        }
        self.hear_waiting(out);
        "rests it"
    }

    fn hear_waiting(&mut self, out: &mut Answer) {
        while let Some((_, told)) = self.waiting.pop_first() {
            if self.introduces(told, out) {
                return;
            }
        }
    }

    fn best_for(&self, incoming: &Presence) -> Option<OrderId> {
        let could = |resting: &&Seat| {
            resting.presence.side != incoming.side
                && incoming.side.accepts(incoming.price, resting.presence.price)
        };
        let rank = |resting: &&Seat| match resting.presence.side {
            Side::Buy => (-resting.presence.price.0, resting.presence.priority),
            Side::Sell => (resting.presence.price.0, resting.presence.priority),
        };
        self.resting_orders
            .values()
            .filter(could)
            .min_by_key(rank)
            .map(|resting| resting.presence.order)
    }

    /// Introduces it to the best order. False without one: it rests, or gets `NoMatch`.
    fn introduces(&mut self, incoming: Told, out: &mut Answer) -> bool {
        let Told { pid, presence } = incoming;
        let Presence { order, price, open: quantity, time_in_force, .. } = presence;
        if quantity == Lots::ZERO {
            return false;
        }
        let Some(best) = self.best_for(&presence) else {
            match time_in_force {
                TimeInForce::GoodTillCancel if self.is_taken_over(pid) => {}
                TimeInForce::GoodTillCancel => {
                    self.resting_orders.insert(order, Seat { pid, presence, introduced: false });
                }
                TimeInForce::ImmediateOrCancel => out.says(pid, Message::NoMatch),
            }
            return false;
        };
        self.number += 1;
        let introduction = self.number;
        let resting = self.resting_orders.get_mut(&best).expect("the best of those who sit");
        resting.introduced = true;
        self.asked.remove(&best);
        self.walk = Some(Walk::new(incoming, (resting.pid, best), introduction));
        out.says(
            resting.pid,
            Message::Introduce { introduction, incoming: pid, order, price, quantity },
        );
        true
    }
}

impl Recovery {
    fn forget(&mut self, order: OrderId) {
        self.awaited.remove(&order);
        self.heard.remove(&order);
        self.left.insert(order);
    }
}
