//! A floor's protocol: how it must answer whatever orders, their supervisor and the ledger may tell it, in whatever
//! order the words of an order's lives arrive. `floor/walk.rs` says what it does while an introduction is open, and
//! when one of the two dies in it; `floor/peers.rs` are those whom it talks to, `floor/play.rs` has them play, and
//! `floor/real.rs` has the same model judge the floors of real runs.

mod peers;
mod play;
pub(crate) mod real;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use kernel::Pid;
use kernel::alone::{Given, Input, Way, way};
use market::Party;
use protocol::{Presence, Say, TimeInForce};
use units::{AskId, Lots, MarketId, OrderId, Side};

use crate::answer::Answer;
use peers::Peers;
use walk::{Suspect, Walk};

/// Who has told where it is, and from which life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pid: Pid,
    presence: Presence,
}

/// Who rests.
#[derive(Clone, Copy, Debug)]
struct Seat {
    pid: Pid,
    presence: Presence,
    /// It was introduced to a newcomer, and has not said since where it is.
    introduced: bool,
}

/// What a floor in its first act knows.
#[derive(Clone, Default, Debug)]
struct Gathering {
    question: u32,
    /// The ledger has named all.
    listed: bool,
    awaited: BTreeSet<OrderId>,
    heard: BTreeMap<OrderId, Told>,
    left: BTreeSet<OrderId>,
}

/// Where a floor stands, by all that it was told and has answered.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    market: MarketId,
    now: u64,
    ledger: Pid,
    /// The life of the ledger that it has asked, and watches.
    watched: Pid,
    supervisor: Pid,
    life: u32,
    /// The last introduction or question.
    number: u32,
    /// The latest life that has spoken from each place.
    spoken: BTreeMap<usize, u32>,
    seats: BTreeMap<OrderId, Seat>,
    waiting: BTreeMap<AskId, Told>,
    asked: BTreeMap<OrderId, (Pid, u32)>,
    gathering: Option<Gathering>,
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
            seats: BTreeMap::new(),
            waiting: BTreeMap::new(),
            asked: BTreeMap::new(),
            gathering: None,
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
        self.seats.clear();
        self.waiting.clear();
        self.asked.clear();
        self.gathering = Some(Gathering::default());
        (self.walk, self.suspect) = (None, None);
    }

    /// How it must answer: in one way. `None` of what nobody says to a floor.
    fn answer(&self, input: &Given<Party>) -> Option<Way<Floor>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match input {
            Input::Start => then.begin_to_gather(&mut out),
            Input::Hears { .. } => then.begin_to_gather(&mut out),
            Input::Says { from, message } => then.on_message(*from, message, &mut out)?,
            Input::Dies { .. } => "does not mind",
            _ => return None,
        };
        then.peers.hear(then.walk.as_ref().map(Walk::of), &out.all_said());
        Some(way(name, out.does(), then))
    }

    fn on_message(&mut self, from: Pid, said: &Say, out: &mut Answer) -> Option<&'static str> {
        if self.gathering.is_some() {
            return Some(self.on_gathering(from, said, out));
        }
        Some(match *said {
            Say::Announce(presence) if self.hears(from, presence.order) => {
                self.on_unasked(Told { pid: from, presence }, out)
            }
            Say::Here { presence, introduction } if self.hears(from, presence.order) => {
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
            Say::Announce(_) | Say::Here { .. } => "knows a later life",
            Say::Leave { order, introduction } => self.on_leave(from, order, introduction, out),
            Say::Suspend { order } => {
                self.on_leave(from, order, 0, out);
                "takes who is suspended off"
            }
            Say::Next { order, introduction, dealt, open } => {
                self.on_next(from, order, introduction, dealt, open, out)
            }
            Say::Pass { introduction, open, ask } => {
                self.on_pass(from, introduction, open, ask, out)
            }
            Say::Listed { .. } | Say::ListedAll => "knows that",
            _ => return None,
        })
    }

    // ---- its first act

    fn begin_to_gather(&mut self, out: &mut Answer) -> &'static str {
        self.number += 1;
        let gathering = self.gathering.get_or_insert_default();
        gathering.question = self.number;
        gathering.awaited.clear();
        self.watched = self.ledger;
        out.watches(self.ledger);
        out.says(self.ledger, Say::Roll { market: self.market });
        "begins to gather"
    }

    fn on_gathering(&mut self, from: Pid, said: &Say, out: &mut Answer) -> &'static str {
        let Some(mut gathering) = self.gathering.take() else { return "knows that" };
        let introduction = gathering.question;
        let name = match *said {
            Say::Listed { order } => {
                let known = gathering.heard.contains_key(&order) || gathering.left.contains(&order);
                if !known {
                    gathering.awaited.insert(order);
                }
                if known { "knows where it is" } else { "is told who is there" }
            }
            Say::ListedAll if !gathering.listed => {
                gathering.listed = true;
                out.unwatches(self.watched);
                out.says_to_all(self.peers.children(), Say::Gather { introduction });
                "asks everybody"
            }
            Say::Announce(_) if gathering.listed => {
                out.says(from, Say::Gather { introduction });
                "asks who comes in"
            }
            Say::Announce(_) => "will ask who comes in",
            Say::Here { presence, introduction: of } if of == introduction => {
                if self.hears(from, presence.order) {
                    gathering.awaited.remove(&presence.order);
                    gathering.heard.insert(presence.order, Told { pid: from, presence });
                    "hears one of them"
                } else {
                    "hears a former life of one of them"
                }
            }
            Say::Leave { order, .. } | Say::Suspend { order } => {
                self.hears(from, order);
                gathering.forget(order);
                "will not wait for it"
            }
            Say::Next { open, .. } if open > Lots::ZERO && self.is_taken_over(from) => {
                "knows a later life"
            }
            Say::Next { order, open: Lots::ZERO, .. } => {
                gathering.forget(order);
                "will not wait for it"
            }
            Say::Next { order, open, .. } => {
                if let Some(heard) = gathering.heard.get_mut(&order) {
                    heard.presence.open = open;
                }
                "hears of a deal of its former life"
            }
            _ => "was not its own question",
        };
        if !gathering.listed || !gathering.awaited.is_empty() {
            self.gathering = Some(gathering);
            return name;
        }
        let heard = gathering.heard.into_values();
        self.waiting = heard.map(|told| (told.presence.place, told)).collect();
        self.hear_waiting(out);
        name
    }

    // ---- what orders say of themselves

    /// False if a later life has spoken at this place, of this order or of the next there.
    fn hears(&mut self, pid: Pid, order: OrderId) -> bool {
        if self.is_taken_over(pid) {
            return false;
        }
        self.spoken.insert(pid.index(), pid.generation());
        // Whoever had the place before has ended.
        self.seats.retain(|of, seat| *of == order || seat.pid.index() != pid.index());
        if let Some(seat) = self.seats.get_mut(&order).filter(|s| s.pid.index() == pid.index()) {
            seat.pid = pid;
        }
        true
    }

    fn is_taken_over(&self, pid: Pid) -> bool {
        self.spoken.get(&pid.index()).is_some_and(|life| *life > pid.generation())
    }

    fn on_unasked(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let order = told.presence.order;
        match self.walk {
            Some(walk) if walk.newcomer.presence.order == order => {
                return self.on_newcomer_again(told, out);
            }
            Some(walk) if walk.maker.1 == order => return self.on_maker_again(told, out),
            _ => {}
        }
        match self.seats.get(&order) {
            Some(seat) if seat.introduced => self.ask(told.pid, order, out),
            Some(_) => self.place(told, out),
            None => self.hear_or_wait(told, out),
        }
    }

    /// It may have spoken before it heard of its introduction.
    fn ask(&mut self, pid: Pid, order: OrderId, out: &mut Answer) -> &'static str {
        if self.asked.get(&order).is_some_and(|(asked, _)| *asked == pid) {
            return "asks who was introduced"; // once
        }
        self.number += 1;
        let introduction = self.number;
        self.asked.insert(order, (pid, introduction));
        out.says(pid, Say::Gather { introduction });
        "asks who was introduced"
    }

    fn place(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let Told { presence, .. } = told;
        if let Some(seat) = self.seats.get_mut(&presence.order) {
            let now = seat.presence;
            if (now.place, now.price) == (presence.place, presence.price) {
                seat.introduced = false;
                self.show(presence.order, presence.open);
                return "shows what is left";
            }
            self.seats.remove(&presence.order);
        }
        self.hear_or_wait(told, out)
    }

    fn show(&mut self, order: OrderId, lots: Lots) {
        match self.seats.get_mut(&order) {
            Some(seat) if lots > Lots::ZERO => seat.presence.open = lots,
            _ => drop(self.seats.remove(&order)),
        }
    }

    fn on_leave(
        &mut self,
        pid: Pid,
        order: OrderId,
        introduction: u32,
        out: &mut Answer,
    ) -> &'static str {
        self.seats.remove(&order);
        self.hears(pid, order);
        self.asked.remove(&order);
        self.waiting.retain(|_, told| told.presence.order != order);
        match self.walk {
            Some(walk) if walk.is_about(order) => self.on_gone(order, introduction, out),
            _ => "forgets it",
        }
    }

    // ---- newcomers

    fn hear_or_wait(&mut self, told: Told, out: &mut Answer) -> &'static str {
        if self.walk.is_none() {
            return self.hear(told, out);
        }
        self.waiting.retain(|_, other| other.presence.order != told.presence.order);
        self.waiting.insert(told.presence.place, told);
        "hears it later"
    }

    fn hear(&mut self, told: Told, out: &mut Answer) -> &'static str {
        self.walk = None;
        if self.introduces(told, out) {
            return "introduces";
        }
        self.hear_waiting(out);
        "seats"
    }

    fn hear_waiting(&mut self, out: &mut Answer) {
        while let Some((_, told)) = self.waiting.pop_first() {
            if self.introduces(told, out) {
                return;
            }
        }
    }

    fn best_for(&self, newcomer: &Presence) -> Option<OrderId> {
        let could = |seat: &&Seat| {
            seat.presence.side != newcomer.side
                && newcomer.side.accepts(newcomer.price, seat.presence.price)
        };
        let rank = |seat: &&Seat| match seat.presence.side {
            Side::Buy => (-seat.presence.price.0, seat.presence.place),
            Side::Sell => (seat.presence.price.0, seat.presence.place),
        };
        self.seats.values().filter(could).min_by_key(rank).map(|seat| seat.presence.order)
    }

    /// Introduces it to the best. If there is nobody it rests, or hears that it may not: false.
    fn introduces(&mut self, newcomer: Told, out: &mut Answer) -> bool {
        let Told { pid, presence } = newcomer;
        let Presence { order, price, open: lots, stands, .. } = presence;
        if lots == Lots::ZERO {
            return false;
        }
        let Some(best) = self.best_for(&presence) else {
            match stands {
                TimeInForce::GoodTillCancel if self.is_taken_over(pid) => {}
                TimeInForce::GoodTillCancel => {
                    self.seats.insert(order, Seat { pid, presence, introduced: false });
                }
                TimeInForce::ImmediateOrCancel => out.says(pid, Say::Quiet),
            }
            return false;
        };
        self.number += 1;
        let introduction = self.number;
        let seat = self.seats.get_mut(&best).expect("the best of those who sit");
        seat.introduced = true;
        self.asked.remove(&best);
        self.walk = Some(Walk::new(newcomer, (seat.pid, best), introduction));
        out.says(seat.pid, Say::Introduce { introduction, newcomer: pid, order, price, lots });
        true
    }
}

impl Gathering {
    fn forget(&mut self, order: OrderId) {
        self.awaited.remove(&order);
        self.heard.remove(&order);
        self.left.insert(order);
    }
}
