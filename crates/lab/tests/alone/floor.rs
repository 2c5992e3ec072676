//! A floor's protocol towards orders that live: it gathers everybody first, hears one newcomer at a
//! time, and introduces it to the best, one at a time. The floor itself dies anywhere. (What it does
//! about orders that die, the laws and charts look at.)

use std::collections::BTreeSet;

use kernel::alone::{Doing, Given, Input, Model, Stage, Way, way};
use kernel::{Node, Pid, Restart};
use ledger::Ledger;
use market::{LEDGER, Party, Role, floor_of, orders_of};
use units::{AskId, Lots, MarketId, OrderId, Price, Side};
use words::{Busy, Presence, Say, TimeInForce};

use crate::answer::{Answer, Numbers};

const MARKET: MarketId = MarketId(0);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Is {
    Away,
    /// On the floor; it has not told this life of the floor where.
    Present,
    /// As that, and it was asked when it came in: it will answer, and nobody waits for it.
    Asked,
    Waiting,
    Resting,
    Gone,
}

/// An introduction: of whom, to whom, and what is known of how it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Introduction {
    newcomer: usize,
    maker: usize,
    /// The newcomer has dealt all that the maker showed, and the maker has not said that it left.
    asks_maker: bool,
    /// The maker has passed, and the newcomer has not said where it is.
    asks_newcomer: bool,
    maker_left: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Floor {
    ledger: Pid,
    orders: Vec<(Pid, Presence, Is)>,
    /// Filled as maker by what a newcomer said, and yet to say so itself.
    leaving: Option<usize>,
    number: u32,
    /// The number under which everybody was asked.
    question: u32,
    /// While it gathers: whom the ledger has named, whether that was all, and who has not answered.
    gathering: Option<(BTreeSet<usize>, bool, BTreeSet<usize>)>,
    walk: Option<Introduction>,
}

impl Floor {
    pub(crate) fn new() -> Floor {
        let orders = [
            (Side::Sell, 100, 2),
            (Side::Buy, 101, 3),
            (Side::Sell, 99, 2),
            (Side::Sell, 100, 4),
            (Side::Buy, 100, 5),
        ];
        let orders = (1..).zip(orders).map(|(number, (side, price, lots))| {
            let (order, place, price) = (OrderId(number), AskId(number), Price(price));
            let (open, stands) = (Lots(lots), TimeInForce::GoodTillCancel);
            (Pid::OUTSIDE, Presence { order, place, side, price, open, stands }, Is::Away)
        });
        let (ledger, number) = (Pid::OUTSIDE, 1 << 24);
        let gathering = Some(Default::default());
        Floor {
            ledger,
            orders: orders.collect(),
            leaving: None,
            number,
            question: 0,
            gathering,
            walk: None,
        }
    }

    fn at(&self, who: Pid) -> Option<usize> {
        self.orders.iter().position(|(pid, ..)| *pid == who)
    }

    fn best_for(&self, newcomer: usize) -> Option<usize> {
        let Presence { side, price, .. } = self.orders[newcomer].1;
        let crosses = |o: &Presence| o.side != side && side.accepts(price, o.price);
        let resting = self.orders.iter().enumerate().filter(|(_, o)| o.2 == Is::Resting);
        let key = |o: &Presence| (if side == Side::Buy { o.price.0 } else { -o.price.0 }, o.place);
        resting.filter(|(_, o)| crosses(&o.1)).min_by_key(|(_, o)| key(&o.1)).map(|(at, _)| at)
    }

    /// Hears this one, or those who wait, until one is introduced or nobody waits.
    fn hear(&mut self, first: Option<usize>, out: &mut Answer) {
        self.walk = None;
        let mut next = first.filter(|at| self.orders[*at].1.open > Lots::ZERO);
        loop {
            next = next.or_else(|| self.orders.iter().position(|o| o.2 == Is::Waiting));
            let Some(newcomer) = next.take() else { return };
            self.orders[newcomer].2 = Is::Resting;
            let Some(maker) = self.best_for(newcomer) else { continue };
            self.orders[newcomer].2 = Is::Away;
            self.number += 1;
            let (pid, Presence { order, price, open: lots, .. }, _) = self.orders[newcomer];
            let introduce =
                Say::Introduce { introduction: self.number, newcomer: pid, order, price, lots };
            out.says(self.orders[maker].0, introduce);
            let (asks_maker, asks_newcomer, maker_left) = (false, false, false);
            self.walk =
                Some(Introduction { newcomer, maker, asks_maker, asks_newcomer, maker_left });
            return;
        }
    }

    fn in_walk(&self, at: usize) -> bool {
        self.walk.is_some_and(|walk| walk.newcomer == at || walk.maker == at)
    }

    fn ask(&self, at: usize, out: &mut Answer) {
        out.says(self.orders[at].0, Say::Gather { introduction: self.number });
    }

    fn on_gathering(&mut self, from: Pid, said: &Say, out: &mut Answer) -> Option<&'static str> {
        let at = self.at(from);
        let (named, listed, awaited) = self.gathering.as_mut()?;
        let name = match *said {
            Say::Listed { order } => {
                named.insert(usize::try_from(order.0).ok()? - 1);
                "is told who is there"
            }
            Say::ListedAll => {
                *listed = true;
                *awaited = named.clone();
                out.unwatches(self.ledger);
                for at in 0..self.orders.len() {
                    self.ask(at, out);
                }
                "asks everybody"
            }
            Say::Announce(_) if *listed => {
                self.orders[at?].2 = Is::Asked;
                self.ask(at?, out);
                return Some("asks who comes in");
            }
            Say::Announce(_) => {
                self.orders[at?].2 = Is::Present;
                return Some("will ask who comes in");
            }
            Say::Here { .. } => {
                awaited.remove(&at?);
                self.orders[at?].2 = Is::Waiting;
                "hears one of them"
            }
            _ => return None,
        };
        if matches!(&self.gathering, Some((_, true, awaited)) if awaited.is_empty()) {
            self.gathering = None;
            self.hear(None, out);
        }
        Some(name)
    }

    fn on_message(&mut self, from: Pid, said: &Say, out: &mut Answer) -> Option<&'static str> {
        if self.gathering.is_some() {
            return self.on_gathering(from, said, out);
        }
        let at = self.at(from)?;
        Some(match *said {
            // Whoever was asked while everybody was gathered is now as one that comes in.
            Say::Announce(_) | Say::Here { .. } if !self.in_walk(at) => {
                self.orders[at].2 = Is::Waiting;
                if self.walk.is_some() {
                    return Some("hears it later");
                }
                self.hear(None, out);
                if self.walk.is_some() { "introduces" } else { "seats" }
            }
            Say::Leave { .. } => {
                self.orders[at].2 = Is::Gone;
                self.leaving = self.leaving.filter(|maker| *maker != at);
                match self.walk {
                    Some(walk) if walk.maker == at && walk.asks_maker => {
                        self.hear(Some(walk.newcomer), out);
                        "goes on after the maker's word"
                    }
                    Some(Introduction { maker, ref mut maker_left, .. }) if maker == at => {
                        *maker_left = true;
                        "waits for the newcomer"
                    }
                    _ => "forgets it",
                }
            }
            Say::Pass { .. } => {
                self.walk.as_mut()?.asks_newcomer = true;
                let newcomer = self.walk?.newcomer;
                self.ask(newcomer, out);
                "asks the newcomer"
            }
            Say::Here { .. } => {
                self.hear(Some(at), out);
                "goes on after the newcomer's word"
            }
            Say::Next { dealt, open, .. } => {
                let walk = self.walk?;
                self.orders[at].1.open = open;
                if open == Lots::ZERO {
                    self.orders[at].2 = Is::Gone;
                }
                let maker = &mut self.orders[walk.maker].1.open;
                *maker = Lots(maker.0 - dealt.0);
                if *maker == Lots::ZERO && !walk.maker_left {
                    self.leaving = Some(walk.maker);
                    self.walk.as_mut()?.asks_maker = true;
                    self.ask(walk.maker, out);
                    return Some("asks the maker");
                }
                self.hear(Some(at), out);
                "goes on"
            }
            _ => return None,
        })
    }
}

impl Model for Floor {
    type Process = Party;
    const WAYS: &'static [&'static str] = &[
        "begins to gather",
        "is told who is there",
        "asks everybody",
        "asks who comes in",
        "will ask who comes in",
        "hears one of them",
        "hears it later",
        "introduces",
        "seats",
        "goes on after the maker's word",
        "waits for the newcomer",
        "forgets it",
        "asks the newcomer",
        "goes on after the newcomer's word",
        "asks the maker",
        "goes on",
    ];

    fn set(&mut self) -> Stage<Party> {
        let mut stage = Stage::new(Ledger::new(), Some(LEDGER));
        self.ledger = stage.play_as(LEDGER);
        let root = stage.root();
        let orders = Node::many("orders", Role::Orders(MARKET)).named(orders_of(MARKET));
        let node = stage.grow(Some(root), orders.restarted(Restart::Temporary));
        for order in &mut self.orders {
            order.0 = stage.play_child(node, order.1.order.0);
        }
        stage.begin(Role::Floor(MARKET), floor_of(MARKET));
        stage
    }

    fn may(&self) -> Vec<Given<Party>> {
        let mut said = Vec::new();
        for (at, &(pid, presence, is)) in self.orders.iter().enumerate() {
            let order = presence.order;
            let was_asked = match &self.gathering {
                Some((_, true, awaited)) if awaited.contains(&at) => true,
                Some((named, false, _)) if is == Is::Present && !named.contains(&at) => {
                    said.push((self.ledger, Say::Listed { order }));
                    false
                }
                Some(_) => is == Is::Asked,
                None => {
                    let asked = |walk: Introduction| walk.asks_newcomer && walk.newcomer == at;
                    is == Is::Asked || self.walk.is_some_and(asked)
                }
            };
            if was_asked {
                let asked_now = self.in_walk(at) || self.gathering.is_some();
                let introduction = if asked_now { self.number } else { self.question };
                said.push((pid, Say::Here { presence, introduction }));
            }
            if is == Is::Away && !self.in_walk(at) {
                said.push((pid, Say::Announce(presence)));
            }
            if is == Is::Resting && !self.in_walk(at) && self.gathering.is_none() {
                said.push((pid, Say::Leave { order, introduction: 0 }));
            }
        }
        if let Some((named, false, _)) = &self.gathering
            && (0..self.orders.len())
                .all(|at| named.contains(&at) || self.orders[at].2 != Is::Present)
        {
            said.push((self.ledger, Say::ListedAll));
        }
        if let Some(walk) = self.walk.filter(|walk| !walk.asks_newcomer) {
            let (newcomer, maker) = (self.orders[walk.newcomer], self.orders[walk.maker]);
            let introduction = self.number;
            let left = Say::Leave { order: maker.1.order, introduction };
            if walk.asks_maker {
                said.push((maker.0, left));
            } else {
                let most = newcomer.1.open.min(maker.1.open);
                let least = if walk.maker_left { most.0 } else { 1 };
                for dealt in least..=most.0 {
                    let (order, open) = (newcomer.1.order, Lots(newcomer.1.open.0 - dealt));
                    let dealt = Lots(dealt);
                    said.push((newcomer.0, Say::Next { order, introduction, dealt, open }));
                }
                if !walk.maker_left {
                    let open = maker.1.open;
                    said.push((maker.0, Say::Pass { introduction, open, ask: Busy::Newcomer }));
                    if maker.1.open <= newcomer.1.open {
                        said.push((maker.0, left));
                    }
                }
            }
        }
        said.into_iter().map(|(from, message)| Input::Says { from, message }).collect()
    }

    fn must(&self, input: &Given<Party>) -> Vec<Way<Floor>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match input {
            Input::Start => {
                then.number += 1;
                then.question = then.number;
                out.watches(self.ledger);
                out.says(self.ledger, Say::Roll { market: MARKET });
                Some("begins to gather")
            }
            Input::Says { from, message } => then.on_message(*from, message, &mut out),
            _ => None,
        };
        name.map(|name| way(name, out.does(), then)).into_iter().collect()
    }

    /// A deal that was under way comes to nothing, but for one that the newcomer has told of.
    fn reborn(&mut self, _lost: &[Doing<Party>]) {
        self.number = ((self.number >> 24) + 1) << 24;
        if let Some(walk) = self.walk.take()
            && self.orders[walk.newcomer].2 == Is::Away
        {
            self.orders[walk.newcomer].2 = Is::Resting;
            if walk.maker_left {
                let maker = self.orders[walk.maker].1.open.0;
                let open = &mut self.orders[walk.newcomer].1.open;
                *open = Lots(open.0 - maker);
                if *open == Lots::ZERO {
                    self.orders[walk.newcomer].2 = Is::Gone;
                }
            }
        }
        if let Some(maker) = self.leaving.take() {
            self.orders[maker].2 = Is::Gone; // it told the life before
        }
        for order in &mut self.orders {
            if matches!(order.2, Is::Asked | Is::Waiting | Is::Resting) {
                order.2 = Is::Present;
            }
        }
        self.gathering = Some(Default::default());
    }

    fn stands(&self) -> &'static str {
        match (&self.gathering, self.walk) {
            (Some(_), _) => "gathering",
            (None, Some(_)) => "introducing",
            (None, None) => "quiet",
        }
    }

    fn agrees(&self, party: Option<&Party>) -> Result<(), String> {
        let Some(floor) = party.and_then(Party::as_floor) else { return Ok(()) };
        let quiet = self.walk.is_none() && self.gathering.is_none();
        if quiet != floor.is_quiet() {
            return Err(format!("it is quiet: {}", floor.is_quiet()));
        }
        for side in [Side::Buy, Side::Sell].into_iter().filter(|_| quiet) {
            let sits = |o: &&(Pid, Presence, Is)| o.2 == Is::Resting && o.1.side == side;
            let mut mine: Vec<_> =
                self.orders.iter().filter(sits).map(|o| (o.1.order, o.1.price, o.1.open)).collect();
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

    fn text(&self, said: &Say) -> String {
        said.text(&Numbers)
    }

    fn name(&self, pid: Pid) -> String {
        self.at(pid).map_or("ledger".to_owned(), |at| self.orders[at].1.order.to_string())
    }
}
