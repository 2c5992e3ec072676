//! The simulated peers of a floor: the ledger, five orders that deal, are replaced, leave and die, and their
//! supervisor, which suspends and releases some of them. An order dies between two steps. Messages that it sent
//! before may arrive before or after those of its next life.

use std::collections::BTreeSet;

use checker::component::Stage;
use kernel::{NodeId, Pid, Reason};
use market::Party;
use protocol::{Busy, Message, Presence, TimeInForce};
use units::{CommandId, Lots, OrderId, Price, Side};

/// Dies too often: its supervisor gives it up.
pub(super) const GIVEN_UP: Reason = Reason::Said(1_000);
/// The operator releases it.
const RELEASED: Reason = Reason::Said(1_001);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Is {
    /// It has entered, and its announcement is on its way.
    Entered,
    There,
    /// Back from a death, and has not announced itself.
    Back,
    Suspended,
    Ended,
}

#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) pid: Pid,
    /// Its true state.
    pub(super) presence: Presence,
    pub(super) is: Is,
    /// The query that it has not answered.
    pub(super) word: Option<u32>,
    /// The message about its last deal, which it sends before any other.
    pub(super) owes: Option<Message>,
}

/// The introduction that the two may still deal in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    number: u32,
    incoming: (usize, Pid),
    maker: (usize, Pid),
    /// The incoming order does not accept any more.
    declined: bool,
}

/// What all of them know together.
#[derive(Clone, Default, Debug)]
pub(crate) struct Peers {
    pub(super) orders: Vec<Peer>,
    /// The orders that a question to all reaches in a real run, without simulated peers.
    pub(super) real: Vec<Pid>,
    pub(super) node: Option<NodeId>,
    pub(super) open: Option<Open>,
    /// Messages whose senders have died since, oldest first.
    pub(super) late: Vec<(Pid, Message)>,
    /// The orders that the ledger has listed since the floor's query.
    pub(super) named: BTreeSet<OrderId>,
    /// The life of the ledger that has died, before the floor is notified.
    pub(super) down: Option<Pid>,
    /// One maker dies in each introduction, and nothing else happens, until its incoming order is given up.
    pub(super) doomed: bool,
    pub(super) condemned: Option<OrderId>,
    places: u64,
}

impl Peers {
    pub(super) fn new() -> Peers {
        let immediate = TimeInForce::ImmediateOrCancel;
        let good = TimeInForce::GoodTillCancel;
        let orders = [
            (Side::Sell, 100, 3, good),
            (Side::Buy, 101, 4, good),
            (Side::Sell, 99, 3, good),
            (Side::Sell, 100, 4, good),
            (Side::Buy, 100, 5, immediate),
        ];
        let orders = (1..).zip(orders).map(|(number, (side, price, quantity, time_in_force))| {
            let (order, priority, price) = (OrderId(number), CommandId(number), Price(price));
            let presence =
                Presence { order, priority, side, price, open: Lots(quantity), time_in_force };
            Peer { pid: Pid::OUTSIDE, presence, is: Is::Entered, word: None, owes: None }
        });
        let (orders, places) = (orders.collect(), 100);
        Peers { orders, places, ..Peers::default() }
    }

    /// The orders that a query to all reaches.
    pub(super) fn children(&self) -> Vec<Pid> {
        self.orders.iter().map(|peer| peer.pid).chain(self.real.iter().copied()).collect()
    }

    pub(super) fn at(&self, pid: Pid) -> Option<usize> {
        self.orders.iter().position(|peer| peer.pid == pid)
    }

    /// Delivers the floor's messages to the living peers.
    pub(super) fn hear(&mut self, walk: Option<(OrderId, OrderId)>, said: &[(Pid, Message)]) {
        for &(to, said) in said {
            let Some(at) = self.at(to) else { continue };
            match said {
                Message::QueryState { introduction } => self.orders[at].word = Some(introduction),
                Message::Introduce { introduction: number, incoming: pid, .. } => {
                    let incoming = walk.and_then(|(incoming, _)| self.number(incoming));
                    let Some(incoming) = incoming else { continue };
                    let declined = self.orders[incoming].pid != pid;
                    let (incoming, maker) = ((incoming, pid), (at, to));
                    self.open = Some(Open { number, incoming, maker, declined });
                }
                _ => {}
            }
        }
    }

    fn number(&self, order: OrderId) -> Option<usize> {
        self.orders.iter().position(|peer| peer.presence.order == order)
    }

    /// What an order may say now.
    pub(super) fn words(&self, at: usize) -> Vec<Message> {
        let Peer { pid, presence, is, word, owes } = &self.orders[at];
        let order = presence.order;
        let leave = Message::Leave { order, introduction: 0 };
        match is {
            Is::Ended | Is::Suspended => return Vec::new(),
            Is::Entered | Is::Back if presence.open == Lots::ZERO => return vec![leave],
            Is::Entered | Is::Back => return vec![Message::Announce(*presence)],
            Is::There => {}
        }
        if let Some(owes) = owes {
            return vec![*owes];
        }
        let mut said = vec![leave];
        if presence.open > Lots(1) {
            let open = Lots(presence.open.0 - 1);
            said.push(Message::Announce(Presence { open, ..*presence }));
        }
        let (priority, price) = (CommandId(self.places + 1), Price(201 - presence.price.0));
        said.push(Message::Announce(Presence { priority, price, ..*presence }));
        let as_maker = self.open.filter(|open| open.maker.1 == *pid);
        if let Some(introduction) = word.filter(|_| as_maker.is_none()) {
            said.push(Message::State { presence: *presence, introduction });
        }
        if let Some(Open { number: introduction, incoming, declined, .. }) = as_maker {
            let (open, other) = (presence.open, &self.orders[incoming.0]);
            for command in [Busy::Incoming, Busy::Maker] {
                said.push(Message::Pass { introduction, open, busy: command });
            }
            let deals = !declined && other.owes.is_none() && self.cross(at, incoming.0);
            if deals && open <= other.presence.open {
                said.push(Message::Leave { order, introduction });
            }
        }
        let as_incoming = self.open.filter(|open| open.incoming.1 == *pid && !open.declined);
        if let Some(Open { number: introduction, maker, .. }) = as_incoming
            && self.cross(at, maker.0)
        {
            let most = presence.open.min(self.orders[maker.0].presence.open);
            for dealt in (1..=most.0).map(Lots) {
                let open = Lots(presence.open.0 - dealt.0);
                said.push(Message::Next { order, introduction, dealt, open });
            }
        }
        said
    }

    fn cross(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.orders[one].presence, self.orders[other].presence);
        one.side != other.side && one.side.accepts(one.price, other.price)
    }

    /// It says this: what is true from then on.
    pub(super) fn say(&mut self, at: usize, said: &Message) {
        if self.orders[at].owes.take().is_some() {
            if self.orders[at].presence.open == Lots::ZERO {
                self.orders[at].is = Is::Ended;
            }
            return;
        }
        let pid = self.orders[at].pid;
        let open = self.open;
        match *said {
            Message::Announce(presence) => {
                self.places = self.places.max(presence.priority.0);
                (self.orders[at].presence, self.orders[at].is) = (presence, Is::There);
            }
            Message::State { .. } => {
                self.orders[at].word = None;
                self.decline(pid);
            }
            Message::Pass { .. } => self.open = None,
            Message::Leave { introduction, .. } => {
                self.orders[at].is = Is::Ended;
                self.decline(pid);
                if let Some(open) = open.filter(|open| open.maker.1 == pid) {
                    self.open = None;
                    if introduction == open.number {
                        self.deal(open, self.orders[at].presence.open);
                        let Presence { order, open: left, .. } =
                            self.orders[open.incoming.0].presence;
                        let dealt = Lots(self.orders[at].presence.open.0);
                        self.orders[at].presence.open = Lots::ZERO;
                        let next = Message::Next { order, introduction, dealt, open: left };
                        self.orders[open.incoming.0].owes = Some(next);
                    }
                }
            }
            Message::Next { introduction, dealt, open: left, .. } => {
                let Some(open) = open.filter(|open| open.number == introduction) else { return };
                self.open = None;
                self.deal(open, dealt);
                let maker = &mut self.orders[open.maker.0];
                maker.presence.open = Lots(maker.presence.open.0 - dealt.0);
                if maker.presence.open == Lots::ZERO {
                    let order = maker.presence.order;
                    maker.owes = Some(Message::Leave { order, introduction });
                }
                if left == Lots::ZERO {
                    self.orders[at].is = Is::Ended;
                }
            }
            _ => {}
        }
    }

    /// The incoming order's side of a deal.
    fn deal(&mut self, open: Open, dealt: Lots) {
        let incoming = &mut self.orders[open.incoming.0].presence;
        incoming.open = Lots(incoming.open.0 - dealt.0);
    }

    fn decline(&mut self, pid: Pid) {
        if let Some(open) = self.open.as_mut().filter(|open| open.incoming.1 == pid) {
            open.declined = true;
        }
    }

    /// It has died, or is given up, or is released; it had said some of what it could before.
    pub(super) fn die(&mut self, at: usize, reason: &Reason, stage: &mut Stage<Party>) {
        let old = self.orders[at].pid;
        if let Some(said) = self.last_words(at, reason) {
            self.say(at, &said);
            self.late.push((old, said));
        }
        let order = self.orders[at].presence.order;
        let Some(node) = self.node else { return };
        let pid = stage.next_life_of(old, node, order.0);
        self.decline(old);
        self.open = self.open.filter(|open| open.maker.1 != old);
        let peer = &mut self.orders[at];
        (peer.pid, peer.word, peer.owes, peer.is) = (pid, None, None, Is::Back);
        if *reason == GIVEN_UP {
            let filled = peer.presence.open == Lots::ZERO;
            peer.is = if filled { Is::Ended } else { Is::Suspended };
            self.late.push((pid, Message::Suspend { order }));
            if self.condemned == Some(order) {
                (self.condemned, self.doomed) = (None, false);
            }
        }
    }

    /// What it has said just before.
    pub(super) fn last_words(&self, at: usize, reason: &Reason) -> Option<Message> {
        let Reason::Said(number) = *reason else { return None };
        self.words(at).get(usize::try_from(number).ok()?).copied()
    }

    /// How it may die.
    pub(super) fn deaths(&self, at: usize) -> Vec<Reason> {
        let Peer { is, presence, .. } = &self.orders[at];
        match is {
            Is::Ended | Is::Entered => return Vec::new(),
            Is::Suspended => return vec![RELEASED],
            Is::There | Is::Back => {}
        }
        let is_never_last = |said: &Message| match said {
            Message::Leave { .. } => true,
            Message::Next { open, .. } => *open == Lots::ZERO,
            // That a pass is overtaken by its sender's next life no real run has shown, so it is not played.
            Message::Pass { .. } => true,
            _ => false,
        };
        let mut reasons = vec![Reason::Killed, GIVEN_UP];
        for (number, said) in (0..).zip(self.words(at)) {
            if !is_never_last(&said) && presence.open > Lots::ZERO {
                reasons.push(Reason::Said(number));
            }
        }
        reasons
    }

    /// The late messages of dead senders, oldest first for each sender.
    pub(super) fn late(&self) -> Vec<(Pid, Message)> {
        let mut first: Vec<(Pid, Message)> = Vec::new();
        for (pid, said) in &self.late {
            if !first.iter().any(|(other, _)| other == pid) {
                first.push((*pid, *said));
            }
        }
        first
    }
}
