//! Games of a floor: the inputs that its simulated peers may send next, weighted towards those that lead on, and the
//! peers' reactions.

use checker::component::{Effect, EffectOf, Input, InputOf, Model, Stage, Transition};
use kernel::{Control, Node, Pid, Reason, Restart};
use ledger::Ledger;
use market::{LEDGER, Party, Role, floor_of, orders_of};
use protocol::Message;
use units::{Lots, MarketId, OrderId, Side};

use super::peers::{GIVEN_UP, Is, Peer, Peers};
use super::{Floor, Recovery};
use crate::answer::Numbers;

const MARKET: MarketId = MarketId(0);

/// Factor for the probability of messages that lead on.
const OFTEN: usize = 6;

impl Floor {
    pub(crate) fn played() -> Floor {
        let mut floor = Floor::new(MARKET, Peers::new());
        floor.next_life();
        floor
    }

    /// The ledger's possible messages: each open order, and the end of the list.
    fn listed(&self) -> Vec<Message> {
        let Some(Recovery { listed: false, .. }) = self.recovery else { return Vec::new() };
        let is_open = |peer: &&Peer| {
            matches!(peer.is, Is::There | Is::Back) && peer.presence.open > Lots::ZERO
        };
        let open = self.peers.orders.iter().filter(is_open).map(|peer| peer.presence.order);
        let rest: Vec<_> = open.filter(|order| !self.peers.named.contains(order)).collect();
        if rest.is_empty() {
            return vec![Message::ListedAll];
        }
        rest.into_iter().map(|order| Message::Listed { order }).collect()
    }

    /// The messages that an order may send, and its possible deaths.
    fn may_come_of(&self, at: usize, waits: bool, may: &mut Vec<InputOf<Party>>) {
        let (peers, peer) = (&self.peers, &self.peers.orders[at]);
        let (from, order) = (peer.pid, peer.presence.order);
        let is_one_of_two = self.walk.is_some_and(|walk| walk.is_about(order));
        let unlisted = waits && peer.is == Is::There && peer.owes.is_none();
        let weight = |said: &Message| match said {
            // Before its query, a floor ignores the orders that are there already.
            _ if unlisted && at > 0 => 0,
            Message::State { .. } => OFTEN,
            _ if self.asked.contains_key(&order) || peer.owes.is_some() => OFTEN,
            _ if !is_one_of_two => 1,
            // Most of what comes is about the introduction that is open.
            Message::Next { .. } => 4 * OFTEN,
            Message::Leave { introduction: 1.., .. } => 12 * OFTEN,
            _ => OFTEN,
        };
        for message in peers.words(at) {
            may.extend(vec![Input::Says { from, message }; weight(&message)]);
        }
        let matters = is_one_of_two || peer.word.is_some() || peer.is == Is::Suspended;
        for reason in peers.deaths(at) {
            if matters || reason == Reason::Killed {
                let answers = matches!(peers.last_words(at, &reason), Some(Message::State { .. }));
                let weight = if answers { OFTEN } else { 1 };
                may.extend(vec![Input::Dies { who: from, reason }; weight]);
            }
        }
    }

    /// Only the maker of an introduction dies, and all who are asked answer.
    fn is_of_the_doomed(&self, input: &InputOf<Party>) -> bool {
        match input {
            Input::Says { message: Message::Announce(presence), from } => {
                let is_one = presence.order.0 <= 2;
                let is = self.peers.at(*from).map(|at| self.peers.orders[at].is);
                is_one && matches!(is, Some(Is::Entered | Is::Back))
            }
            Input::Says { message, .. } => {
                matches!(
                    message,
                    Message::State { .. }
                        | Message::Listed { .. }
                        | Message::ListedAll
                        | Message::Suspend { .. }
                )
            }
            Input::Dies { who, reason } => {
                let at = self.peers.at(*who);
                let order = at.map(|at| self.peers.orders[at].presence.order);
                match *reason {
                    Reason::Killed => {
                        let open = self.walk.filter(|walk| !walk.is_in_doubt());
                        self.peers.condemned.is_none()
                            && open.is_some_and(|walk| walk.maker.0 == *who)
                    }
                    _ => *reason == GIVEN_UP && order.is_some() && order == self.peers.condemned,
                }
            }
            _ => true,
        }
    }
}

impl Model for Floor {
    type Process = Party;
    const TRANSITIONS: &'static [&'static str] = &[
        // Recovery.
        "lists the open orders",
        "awaits a listed order",
        "knows the listed order",
        "queries all orders",
        "queries an incoming order",
        "will query an incoming order",
        "gets an order's state",
        "ignores a former life's state",
        "will not wait for it",
        "gets a deal of its former life",
        "ignores an answer to another query",
        // Orders that come and go.
        "introduces",
        "rests it",
        "lets it wait",
        "shows what is left",
        "queries an introduced order",
        "knows a later life",
        "forgets it",
        "takes a suspended order off",
        "ignores it",
        // An introduction.
        "goes on",
        "has gone on",
        "queries the maker",
        "queries a busy maker",
        "queries the incoming order",
        "waits for the incoming order",
        "waits for another answer",
        "goes on without a doubt",
        "takes over what the incoming order is now",
        "takes over what the maker is now",
        "will query the maker",
        "doubts, for the incoming order is back",
        "doubts, for the maker is back",
        "doubts, for one has left",
        "gives the suspect up",
    ];

    fn set(&mut self) -> Stage<Party> {
        let mut stage = Stage::new(Ledger::new(), Some(LEDGER));
        self.ledger = stage.play_as(LEDGER);
        let root = stage.root();
        let orders = Node::many("orders", Role::Orders(MARKET)).named(orders_of(MARKET));
        let node = stage.grow(Some(root), orders.restarted(Restart::Temporary));
        self.supervisor = stage.world().whereis(orders_of(MARKET)).expect("it was just grown");
        self.peers.node = Some(node);
        for peer in &mut self.peers.orders {
            peer.pid = stage.play_child(node, peer.presence.order.0);
        }
        stage.begin(Role::Floor(MARKET), floor_of(MARKET));
        stage
    }

    fn may(&self) -> Vec<InputOf<Party>> {
        let peers = &self.peers;
        let waits = matches!(self.recovery, Some(Recovery { listed: false, .. }));
        let mut may = Vec::new();
        for at in 0..peers.orders.len() {
            self.may_come_of(at, waits, &mut may);
        }
        let late = peers.late().into_iter().map(|(from, message)| Input::Says { from, message });
        may.extend(late.flat_map(|input| vec![input; OFTEN]));
        match peers.down {
            Some(of) => may.push(Input::Hears { of }),
            None => {
                let from = self.ledger;
                let listed = self.listed().into_iter();
                let listed = listed.map(|message| Input::Says { from, message });
                may.extend(listed.flat_map(|input| vec![input; OFTEN]));
                if waits {
                    may.push(Input::Dies { who: from, reason: Reason::Killed });
                }
            }
        }
        if peers.doomed {
            may.retain(|input| self.is_of_the_doomed(input));
        }
        may
    }

    fn must(&self, input: &InputOf<Party>) -> Vec<Transition<Floor>> {
        self.answer(input).into_iter().collect()
    }

    fn prepare(&mut self, input: &InputOf<Party>, stage: &mut Stage<Party>) {
        match input {
            Input::Dies { who, .. } if *who == self.ledger => {
                self.peers.down = Some(*who);
                self.ledger = stage.play_as(LEDGER);
            }
            Input::Dies { who, reason } => {
                if let Some(at) = self.peers.at(*who) {
                    self.peers.die(at, reason, stage);
                }
            }
            Input::Hears { .. } => {
                self.peers.down = None;
                self.peers.named.clear();
            }
            Input::Says { message: Message::Listed { order }, .. } => {
                self.peers.named.insert(*order);
            }
            Input::Says { from, message } => {
                // The random choice is which order announces itself first to an empty floor.
                let nobody = self.peers.orders.iter().all(|peer| peer.is == Is::Entered);
                if let (Message::Announce(presence), None, 1) = (message, &self.recovery, self.life)
                {
                    self.peers.doomed |= nobody && presence.order == OrderId(2);
                }
                let late = self.peers.late.iter().position(|late| *late == (*from, *message));
                if let Some(late) = late {
                    self.peers.late.remove(late);
                } else if let Some(at) = self.peers.at(*from) {
                    self.peers.say(at, message);
                }
            }
            _ => {}
        }
    }

    fn learn(&mut self, done: &[EffectOf<Party>]) {
        for did in done {
            if let Effect::Bids { control: Control::GiveUp(order), .. } = did {
                self.peers.condemned = Some(OrderId(*order));
            }
        }
    }

    /// What was said to it is lost with it, and what it had said may be.
    fn reborn(&mut self, lost: &[EffectOf<Party>]) {
        self.next_life();
        let peers = &mut self.peers;
        (peers.open, peers.down) = (None, None);
        peers.late.clear();
        peers.named.clear();
        for did in lost {
            match did {
                Effect::Says { to, message: Message::QueryState { introduction } } => {
                    let asked = peers.orders.iter_mut().find(|peer| peer.pid == *to);
                    if let Some(peer) = asked.filter(|peer| peer.word == Some(*introduction)) {
                        peer.word = None;
                    }
                }
                Effect::Bids { .. } => peers.condemned = None,
                _ => {}
            }
        }
    }

    fn state_name(&self) -> &'static str {
        match (&self.recovery, &self.walk) {
            (Some(_), _) => "gathering",
            (None, Some(walk)) if walk.is_in_doubt() => "in doubt",
            (None, Some(_)) => "introducing",
            (None, None) => "quiet",
        }
    }

    fn agrees(&self, party: Option<&Party>) -> Result<(), String> {
        let Some(floor) = party.and_then(Party::as_floor) else { return Ok(()) };
        let hears_nobody = self.walk.is_none() && self.waiting.is_empty();
        let quiet = hears_nobody && self.asked.is_empty() && self.recovery.is_none();
        if quiet != floor.is_quiet() {
            return Err(format!("it is quiet: {}", floor.is_quiet()));
        }
        for side in [Side::Buy, Side::Sell] {
            let resting_orders = self
                .resting_orders
                .values()
                .map(|resting| resting.presence)
                .filter(|p| p.side == side);
            let mut mine: Vec<_> = resting_orders.map(|p| (p.order, p.price, p.open)).collect();
            let mut real = floor.resting(side);
            mine.sort();
            real.sort();
            if mine != real {
                return Err(format!("it seats {real:?}, and should {mine:?}"));
            }
        }
        Ok(())
    }

    fn itself(&self) -> &'static str {
        "floor"
    }

    fn text(&self, said: &Message) -> String {
        said.text(&Numbers)
    }

    fn name(&self, pid: Pid) -> String {
        let is = |peer: &&Peer| peer.pid.index() == pid.index();
        match self.peers.orders.iter().find(is) {
            Some(peer) => format!("{}/{}", peer.presence.order, pid.generation()),
            None if pid == self.supervisor => "orders".to_owned(),
            None => "ledger".to_owned(),
        }
    }
}
