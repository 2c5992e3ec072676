//! The simulated peers of an order: a floor, the ledger, two orders of the other side, and its owner.
//! They send only what the real ones send; `traces` checks that.

use std::collections::BTreeMap;

use checker::component::{EffectOf, Input, InputOf, Model, Stage, Transition};
use kernel::{Intensity, Node, Pid, Reason};
use ledger::Ledger;
use market::{Hold, LEDGER, Party, Role, floor_of, orders_of};
use protocol::{Deal, Entered, Fact, Message, NewOrder, Presence, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Side};

use super::{Order, Phase};
use crate::answer::Numbers;

pub(crate) const MARKET: MarketId = MarketId(0);
const ME: OrderId = OrderId(10);
const LIMIT: Price = Price(100);

/// What the peers know.
#[derive(Clone, Default, Debug)]
pub(crate) struct Peers {
    /// The two orders of the other side: addresses, and numbers.
    people: Vec<(Pid, OrderId)>,
    /// The floor's last number, its life above.
    number: u32,
    /// Deals that the other orders have proposed.
    proposed: u32,
    /// The query that the ledger has not answered.
    pub(crate) asked: Option<Message>,
    /// How deals ended.
    pub(crate) ended: BTreeMap<Deal, bool>,
    /// The order by its facts while it is open, and its filled lots.
    line: Option<(Presence, Lots)>,
    commands: u64,
}

impl Order {
    /// An order to buy 4 at 100, and its peers.
    pub(crate) fn played(time_in_force: TimeInForce) -> Order {
        let mut order = Order::new(ME, MARKET);
        order.presence.time_in_force = time_in_force;
        order
    }

    fn price_of(&self, deal: Deal) -> Price {
        if deal.maker == self.id { self.presence.price } else { LIMIT }
    }

    /// The ledger makes a deal a trade, or void, once.
    fn decide(&mut self, deal: Deal, traded: bool, stage: &mut Stage<Party>) {
        let Some(Hold { quantity, .. }) =
            self.note.filter(|_| !self.peers.ended.contains_key(&deal))
        else {
            return;
        };
        self.peers.ended.insert(deal, traded);
        if !traded {
            return stage.record(Fact::Voided { deal });
        }
        let price = self.line_price(deal);
        stage.record(Fact::Traded { deal, market: MARKET, price, quantity });
        if let Some((presence, done)) = &mut self.peers.line {
            *done += quantity;
            presence.open -= quantity;
        }
        self.peers.line = self.peers.line.filter(|(presence, _)| presence.open > Lots::ZERO);
    }

    /// A maker's price by the facts: a restarted maker does not know it yet.
    fn line_price(&self, deal: Deal) -> Price {
        match self.peers.line {
            Some((presence, _)) if deal.maker == self.id => presence.price,
            _ => self.price_of(deal),
        }
    }

    /// What the ledger may answer now.
    fn verdicts(&self) -> Vec<Message> {
        let of = |deal: Deal| match self.peers.ended.get(&deal) {
            _ if self.peers.line.is_none() && !self.peers.ended.contains_key(&deal) => vec![],
            Some(true) => vec![Message::Recorded { deal }],
            Some(false) => vec![Message::Voided { deal }],
            None => vec![Message::Recorded { deal }, Message::Voided { deal }],
        };
        match (self.peers.asked, self.peers.line) {
            (Some(Message::Record { deal, .. }), _) => of(deal),
            (Some(Message::Resolve { .. } | Message::Restore { .. }), None) => {
                vec![Message::Unknown]
            }
            (Some(Message::Resolve { deal, .. }), Some(_)) => of(deal),
            (Some(Message::Restore { .. }), Some((presence, filled))) => {
                let Presence { priority, side, price, open, time_in_force, .. } = presence;
                let (size, market) = (open + filled, MARKET);
                vec![Message::Restored {
                    priority,
                    price,
                    size,
                    filled,
                    market,
                    side,
                    time_in_force,
                }]
            }
            _ => Vec::new(),
        }
    }
}

impl Model for Order {
    type Process = Party;
    const TRANSITIONS: &'static [&'static str] = &[
        "waits to be entered",
        "enters",
        "proposes",
        "is busy",
        "has nothing to propose",
        "answers the query",
        "will answer the query",
        "accepts",
        "accepts again",
        "declines",
        "has it recorded",
        "withdraws",
        "is accepted too late",
        "is declined",
        "is declined too late",
        "trades as maker",
        "is filled as maker",
        "trades as taker",
        "is filled as taker",
        "is voided as maker",
        "is voided as taker",
        "takes its proposal back",
        "is in doubt",
        "asks again",
        "resolves",
        "restores",
        "restores once resolved",
        "is back",
        "has ended",
        "knew that",
        "leaves",
        "is replaced",
        "has traded more than that",
        "postpones the command",
        "ignores it",
    ];

    fn set(&mut self) -> Stage<Party> {
        let mut stage = Stage::new(Ledger::new(), Some(LEDGER));
        stage.record(Fact::Started { epoch: 1 });
        stage.record(Fact::MarketOpened { market: MARKET, spec: lab::world::market_spec(0) });
        for order in [OrderId(1), OrderId(2)] {
            let (account, side, quantity) = (AccountId(1), Side::Sell, Lots(1_000));
            let (market, time_in_force) = (MARKET, TimeInForce::GoodTillCancel);
            let client = None;
            let price = LIMIT;
            stage.record(Fact::Entered(Entered {
                order,
                new: NewOrder { account, client, market, side, price, quantity, time_in_force },
            }));
            self.peers.people.push((stage.play(), order));
        }
        (self.floor, self.ledger) = (stage.play_as(floor_of(MARKET)), stage.play_as(LEDGER));
        self.peers.number = 1 << 24;
        let root = stage.root();
        let many = Intensity::times(1_000_000);
        let orders = Node::many("orders", Role::Orders(MARKET)).named(orders_of(MARKET));
        let orders = stage.grow(Some(root), orders.intensity_per_child(many));
        stage.begin_child(orders, ME.0, Party::order(MARKET));
        stage
    }

    fn may(&self) -> Vec<InputOf<Party>> {
        let Peers { number, proposed, .. } = self.peers;
        let time_in_force = self.presence.time_in_force;
        let introduction = number + 1;
        let mut said: Vec<(Pid, Message)> = Vec::new();
        if self.phase == Phase::New {
            let (account, client, market, side) = (AccountId(7), None, MARKET, Side::Buy);
            let (price, quantity) = (LIMIT, Lots(4));
            let new = NewOrder { account, client, market, side, price, quantity, time_in_force };
            let enter = Message::Enter(new);
            return vec![Input::Says { from: Pid::OUTSIDE, message: enter }];
        }
        let command = CommandId(100 + self.peers.commands);
        said.push((Pid::OUTSIDE, Message::Cancel { command }));
        for (price, quantity) in [(LIMIT, Lots(3)), (Price(101), Lots(5)), (Price(99), Lots(1))] {
            said.push((Pid::OUTSIDE, Message::Replace { command, client: None, price, quantity }));
        }
        said.push((self.floor, Message::QueryState { introduction }));
        if time_in_force == TimeInForce::ImmediateOrCancel && self.phase == Phase::Free {
            said.push((self.floor, Message::NoMatch));
        }
        let rests = matches!(self.phase, Phase::Free | Phase::Proposed | Phase::Closing);
        for &(peer, order) in &self.peers.people {
            let limits = [(LIMIT, Lots(2)), (LIMIT, Lots(9)), (Price(102), Lots(2))];
            for (price, quantity) in limits.into_iter().filter(|_| rests) {
                let incoming = peer;
                let introduce =
                    Message::Introduce { introduction, incoming, order, price, quantity };
                said.push((self.floor, introduce));
            }
            let deal = Deal { maker: order, taker: self.id, incarnation: 1, number: proposed + 1 };
            let last = self.introduction;
            let offers = [(introduction, Lots(1)), (introduction, Lots(6)), (last, Lots(1))];
            let free = self.phase == Phase::Free;
            for (introduction, quantity) in offers.into_iter().filter(|offer| free && offer.0 > 0) {
                said.push((peer, Message::Propose { deal, introduction, price: LIMIT, quantity }));
            }
            if self.watches == Some(peer) && self.phase == Phase::Proposed {
                let (maker, taker) = (self.id, order);
                let (incarnation, number) = (self.incarnation, self.proposals);
                let deal = Deal { maker, taker, incarnation, number };
                said.push((peer, Message::Decline { deal }));
                for quantity in 1..=self.held.0 {
                    said.push((peer, Message::Accept { deal, quantity: Lots(quantity) }));
                }
            }
            if let (Phase::Accepted, Some(Hold { deal, partner, .. })) = (self.phase, self.note)
                && partner == peer
                && self.peers.ended.get(&deal) != Some(&false)
            {
                said.push((peer, Message::Complete { deal }));
            }
        }
        said.extend(self.verdicts().into_iter().map(|verdict| (self.ledger, verdict)));
        let said = said.into_iter().map(|(from, message)| Input::Says { from, message });
        let people = self.peers.people.iter().map(|(pid, _)| *pid);
        let dies = people.chain([self.floor, self.ledger]);
        let dies = dies.map(|who| Input::Dies { who, reason: Reason::Killed });
        let gone =
            |who: &Pid| *who != self.ledger && !self.peers.people.iter().any(|p| p.0 == *who);
        let hears = self.watches.filter(gone).map(|of| Input::Hears { of });
        said.chain(dies).chain(hears).collect()
    }

    /// True if a duplicate of it may come. A replace or the ledger's answer about the order may not: an order that
    /// queries again would take an old one as true.
    fn comes_again(&self, said: &InputOf<Party>) -> bool {
        let Input::Says { from, message } = said else { return false };
        let stale = matches!(
            message,
            Message::Restored { .. } | Message::Unknown | Message::Replace { .. }
        );
        !stale && (*from == Pid::OUTSIDE || self.is_there(*from))
    }

    fn must(&self, input: &InputOf<Party>) -> Vec<Transition<Order>> {
        self.answer(input).into_iter().collect()
    }

    fn prepare(&mut self, input: &InputOf<Party>, stage: &mut Stage<Party>) {
        match *input {
            Input::Says {
                message: Message::Recorded { deal } | Message::Complete { deal },
                ..
            } => {
                self.decide(deal, true, stage);
            }
            Input::Says {
                message: Message::Voided { deal } | Message::Withdraw { deal }, ..
            } => {
                self.decide(deal, false, stage);
            }
            Input::Says { message: Message::Replace { .. }, .. } => self.peers.commands += 1,
            Input::Says {
                message:
                    Message::Introduce { introduction, .. } | Message::QueryState { introduction },
                ..
            } => self.peers.number = self.peers.number.max(introduction),
            Input::Says { message: Message::Propose { introduction, deal, .. }, .. } => {
                self.peers.number = self.peers.number.max(introduction);
                self.peers.proposed = self.peers.proposed.max(deal.number);
            }
            // Each has another life at once, at another address.
            Input::Dies { who, .. } if who == self.floor => {
                self.floor = stage.play_as(floor_of(MARKET));
                self.peers.number = ((self.peers.number >> 24) + 1) << 24;
            }
            Input::Dies { who, .. } if who == self.ledger => {
                self.ledger = stage.play_as(LEDGER);
                self.peers.asked = None;
            }
            Input::Dies { who, .. } => {
                if let Some(peer) = self.peers.people.iter_mut().find(|(pid, _)| *pid == who) {
                    peer.0 = stage.play();
                }
            }
            _ => {}
        }
        if let Input::Says { from, .. } = input
            && *from == self.ledger
        {
            self.peers.asked = None;
        }
    }

    fn learn(&mut self, done: &[EffectOf<Party>]) {
        for did in done {
            match did {
                EffectOf::<Party>::Records(Fact::Entered(_)) => {
                    self.peers.line = Some((self.presence, Lots::ZERO));
                }
                EffectOf::<Party>::Records(Fact::Replaced { .. }) => {
                    self.peers.line = Some((self.presence, self.filled));
                }
                EffectOf::<Party>::Records(Fact::Cancelled { .. }) => self.peers.line = None,
                _ => {}
            }
        }
    }

    fn reborn(&mut self, _lost: &[EffectOf<Party>]) {
        self.next_life();
        self.peers.asked = None;
    }

    fn state_name(&self) -> &'static str {
        match self.phase {
            Phase::New => "new",
            Phase::Free => "free",
            Phase::Proposed => "proposed",
            Phase::Closing => "closing",
            Phase::Accepted => "accepted",
            Phase::InDoubt => "in doubt",
            Phase::Resolving => "settling",
            Phase::Recalling => "recalling",
        }
    }

    fn agrees(&self, party: Option<&Party>) -> Result<(), String> {
        let Some(order) = party.and_then(Party::as_order).filter(|o| o.knows_itself()) else {
            return Ok(());
        };
        let real = (order.price(), order.size(), order.open(), order.held(), order.filled());
        let books = (self.presence.price, self.size, self.presence.open, self.held, self.filled);
        if real == books { Ok(()) } else { Err(format!("it has {real:?}, and should {books:?}")) }
    }

    fn itself(&self) -> &'static str {
        "order"
    }

    fn text(&self, said: &Message) -> String {
        said.text(&Numbers)
    }

    fn name(&self, pid: Pid) -> String {
        let peer = self.peers.people.iter().position(|(other, _)| *other == pid);
        match peer {
            Some(0) => "ann".to_owned(),
            Some(_) => "bea".to_owned(),
            None if pid == self.floor => "floor".to_owned(),
            None if pid == self.ledger => "ledger".to_owned(),
            None if pid == Pid::OUTSIDE => "client".to_owned(),
            None => format!("{pid:?}"),
        }
    }
}

impl Order {
    /// True of a peer in its present life.
    fn is_there(&self, who: Pid) -> bool {
        who == self.floor || who == self.ledger || self.peers.people.iter().any(|p| p.0 == who)
    }
}
