//! The order's protocol: how it must answer whatever it can be told. The same model plays games
//! (`peers`) and judges the orders of real runs (`traces`).

mod deal;
pub(crate) mod peers;
pub(crate) mod real;

use kernel::Pid;
use kernel::alone::{Given, Input, Way, way};
use market::Hold;
use protocol::{Busy, Deal, Entered, Fact, Presence, Say, TimeInForce};
use units::{AskId, ClientId, Lots, MarketId, OrderId, Price, Side};

use crate::answer::Answer;
use peers::Peers;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    New,
    Free,
    Proposed,
    Closing,
    Accepted,
    InDoubt,
    Settling,
    Recalling,
}

/// What waits for the end of a deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    Cancel,
    Quiet,
    Replace(AskId, Option<ClientId>, Price, Lots),
}

/// Where an order stands, by all that it was told and has answered.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) market: MarketId,
    pub(crate) incarnation: u32,
    pub(crate) floor: Pid,
    pub(crate) ledger: Pid,
    pub(crate) phase: Phase,
    pub(crate) presence: Presence,
    pub(crate) size: Lots,
    pub(crate) held: Lots,
    pub(crate) done: Lots,
    pub(crate) proposals: u32,
    /// The last introduction that it dealt in, or gave its word on.
    pub(crate) introduction: u32,
    pub(crate) note: Option<Hold>,
    pub(crate) watches: Option<Pid>,
    pub(crate) word: Option<u32>,
    pub(crate) wish: Option<Wish>,
    pub(crate) peers: Peers,
}

impl Order {
    pub(crate) fn new(id: OrderId, market: MarketId) -> Order {
        let (place, side, price, stands) =
            (AskId(0), Side::Buy, Price(0), TimeInForce::GoodTillCancel);
        Order {
            id,
            market,
            incarnation: 1,
            floor: Pid::OUTSIDE,
            ledger: Pid::OUTSIDE,
            phase: Phase::New,
            presence: Presence { order: id, place, side, price, open: Lots::ZERO, stands },
            size: Lots::ZERO,
            held: Lots::ZERO,
            done: Lots::ZERO,
            proposals: 0,
            introduction: 0,
            note: None,
            watches: None,
            word: None,
            wish: None,
            peers: Peers::default(),
        }
    }

    /// The next life: the note is all that it has of the last.
    pub(crate) fn next_life(&mut self) {
        let Order { id, market, incarnation, floor, ledger, note, .. } = *self;
        let phase = if note.is_some() { Phase::Settling } else { Phase::Recalling };
        let peers = std::mem::take(&mut self.peers);
        let incarnation = incarnation + 1;
        *self = Order { incarnation, floor, ledger, note, phase, peers, ..Order::new(id, market) };
    }

    /// How it must answer: in one way. `None` of what nobody says to an order.
    pub(crate) fn answer(&self, input: &Given<market::Party>) -> Option<Way<Order>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match input {
            Input::Start => then.on_start(&mut out),
            Input::Hears { of } if self.watches != Some(*of) => return None,
            Input::Hears { .. } => then.on_down(&mut out),
            Input::Says { from, message } => then.on_message(*from, message, &mut out)?,
            Input::Dies { .. } => "does not mind",
            Input::Exits { .. } | Input::Fires { .. } => return None,
        };
        Some(way(name, out.does(), then))
    }

    fn on_message(&mut self, from: Pid, said: &Say, out: &mut Answer) -> Option<&'static str> {
        Some(match *said {
            Say::Enter { account, client, side, price, lots, stands } => {
                let (order, market) = (self.id, self.market);
                self.on_enter(
                    Entered { order, account, client, market, side, price, lots, stands },
                    out,
                )
            }
            Say::Introduce { .. } | Say::Gather { .. } if from != self.floor => "hears one floor",
            Say::Introduce { introduction, newcomer, order, price, lots } => {
                self.on_introduce(introduction, newcomer, order, price, lots, out)
            }
            Say::Gather { introduction } if self.phase == Phase::Free => {
                self.give_word(introduction, out);
                "gives its word"
            }
            Say::Gather { introduction } => {
                self.word = Some(introduction);
                "will give its word"
            }
            Say::Propose { deal, introduction, price, lots } => {
                self.on_propose(from, deal, introduction, price, lots, out)
            }
            Say::Accept { deal, lots } => self.on_accept(from, deal, lots, out)?,
            Say::Decline { deal } if self.proposed() == Some(deal.number) && self.made(&deal) => {
                self.take_back(out);
                "is declined"
            }
            Say::Decline { .. } => "is declined too late",
            Say::Recorded { deal } => self.on_verdict(deal, true, out),
            Say::Voided { deal } => self.on_verdict(deal, false, out),
            Say::Complete { deal } => self.on_end(deal, true, out),
            Say::Withdraw { deal } => self.on_end(deal, false, out),
            Say::Cancel { .. } => self.take(Wish::Cancel, out),
            Say::Quiet => self.take(Wish::Quiet, out),
            Say::Replace { ask, client, price, lots } => {
                self.take(Wish::Replace(ask, client, price, lots), out)
            }
            Say::Recalled { place, price, size, done, side, stands, .. } => {
                if self.phase != Phase::Recalling {
                    return Some("knew that");
                }
                self.watch(None, out);
                let (order, open) = (self.id, Lots(size.0 - done.0));
                self.presence = Presence { order, place, side, price, open, stands };
                (self.size, self.done, self.phase) = (size, done, Phase::Free);
                out.says(self.floor, Say::Announce(self.presence));
                self.after_deal(out);
                "is back"
            }
            Say::Unknown if self.asks_ledger() => {
                self.write(None, out);
                self.leave(self.introduction, out);
                "is no more"
            }
            Say::Unknown => "knew that",
            _ => return None,
        })
    }

    fn asks_ledger(&self) -> bool {
        use Phase::{Closing, InDoubt, Recalling, Settling};
        matches!(self.phase, Closing | InDoubt | Settling | Recalling)
    }

    /// The number of the proposal that waits for an answer.
    fn proposed(&self) -> Option<u32> {
        (self.phase == Phase::Proposed).then_some(self.proposals)
    }

    fn made(&self, deal: &Deal) -> bool {
        (deal.maker, deal.incarnation) == (self.id, self.incarnation)
    }

    /// True if an introduction comes after the last one that is over, in the same life of the floor.
    fn is_fresh(&self, introduction: u32) -> bool {
        let last = self.introduction;
        let ahead = (introduction & 0xFF_FFFF).wrapping_sub(last & 0xFF_FFFF) & 0xFF_FFFF;
        last == 0 || (introduction >> 24 == last >> 24 && ahead > 0 && ahead < 0x80_0000)
    }

    // ---- coming, and being introduced

    fn on_start(&mut self, out: &mut Answer) -> &'static str {
        if self.phase == Phase::New {
            return "waits to be entered";
        }
        self.ask_ledger(out);
        if self.note.is_some() { "settles" } else { "recalls" }
    }

    fn on_enter(&mut self, entered: Entered, out: &mut Answer) -> &'static str {
        if self.phase != Phase::New {
            return "has entered";
        }
        let Entered { order, side, price, lots, stands, .. } = entered;
        let place = AskId(order.0);
        self.presence = Presence { order, place, side, price, open: lots, stands };
        (self.size, self.phase) = (lots, Phase::Free);
        out.records(Fact::Entered(entered));
        out.says(self.floor, Say::Announce(self.presence));
        self.after_deal(out);
        "enters"
    }

    fn on_introduce(
        &mut self,
        introduction: u32,
        newcomer: Pid,
        taker: OrderId,
        limit: Price,
        lots: Lots,
        out: &mut Answer,
    ) -> &'static str {
        let Presence { side, price, open, .. } = self.presence;
        let pass = |ask| Say::Pass { introduction, open, ask };
        if self.phase != Phase::Free {
            out.says(self.floor, pass(Busy::Maker));
            return "is busy";
        }
        let lots = lots.min(open);
        if lots == Lots::ZERO || !side.opposite().accepts(limit, price) {
            out.says(self.floor, pass(Busy::Newcomer));
            return "has nothing to propose";
        }
        self.hold(lots, Phase::Proposed);
        self.proposals += 1;
        self.introduction = introduction;
        self.watch(Some(newcomer), out);
        let deal =
            Deal { maker: self.id, taker, incarnation: self.incarnation, number: self.proposals };
        out.says(newcomer, Say::Propose { deal, introduction, price, lots });
        "proposes"
    }
}
