//! The order's protocol: its one correct answer to each possible input. The same model plays games
//! (`peers`) and checks the orders of real runs (`traces`).

mod deal;
pub(crate) mod peers;
pub(crate) mod real;

use checker::component::{Input, InputOf, Transition, transition};
use kernel::Pid;
use market::Hold;
use protocol::{Busy, Deal, Entered, Fact, Message, NewOrder, Presence, TimeInForce};
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price, Side};

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
    Resolving,
    Recalling,
}

/// What waits for the end of a deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    Cancel,
    Quiet,
    Replace(CommandId, Option<ClientId>, Price, Lots),
}

/// The state of an order, by its inputs and its answers.
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
    pub(crate) filled: Lots,
    pub(crate) proposals: u32,
    /// The last introduction that it dealt in, or answered a query about.
    pub(crate) introduction: u32,
    pub(crate) note: Option<Hold>,
    pub(crate) watches: Option<Pid>,
    pub(crate) word: Option<u32>,
    pub(crate) wish: Option<Wish>,
    pub(crate) peers: Peers,
}

impl Order {
    pub(crate) fn new(id: OrderId, market: MarketId) -> Order {
        let (priority, side, price, time_in_force) =
            (CommandId(0), Side::Buy, Price(0), TimeInForce::GoodTillCancel);
        Order {
            id,
            market,
            incarnation: 1,
            floor: Pid::OUTSIDE,
            ledger: Pid::OUTSIDE,
            phase: Phase::New,
            presence: Presence {
                order: id,
                priority,
                side,
                price,
                open: Lots::ZERO,
                time_in_force,
            },
            size: Lots::ZERO,
            held: Lots::ZERO,
            filled: Lots::ZERO,
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
        let phase = if note.is_some() { Phase::Resolving } else { Phase::Recalling };
        let peers = std::mem::take(&mut self.peers);
        let incarnation = incarnation + 1;
        *self = Order { incarnation, floor, ledger, note, phase, peers, ..Order::new(id, market) };
    }

    /// The one correct answer. `None` for messages that no process sends to an order.
    pub(crate) fn answer(&self, input: &InputOf<market::Party>) -> Option<Transition<Order>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match input {
            Input::Start => then.on_start(&mut out),
            Input::Hears { of } if self.watches != Some(*of) => return None,
            Input::Hears { .. } => then.on_down(&mut out),
            Input::Says { from, message } => then.on_message(*from, message, &mut out)?,
            Input::Dies { .. } => "ignores it",
            Input::Exits { .. } | Input::Fires { .. } => return None,
        };
        Some(transition(name, out.does(), then))
    }

    fn on_message(&mut self, from: Pid, said: &Message, out: &mut Answer) -> Option<&'static str> {
        Some(match *said {
            Message::Enter(new) => self.on_enter(Entered { order: self.id, new }, out),
            Message::Introduce { .. } | Message::QueryState { .. } if from != self.floor => {
                "ignores another floor"
            }
            Message::Introduce { introduction, incoming, order, price, quantity } => {
                self.on_introduce(introduction, incoming, order, price, quantity, out)
            }
            Message::QueryState { introduction } if self.phase == Phase::Free => {
                self.give_word(introduction, out);
                "answers the query"
            }
            Message::QueryState { introduction } => {
                self.word = Some(introduction);
                "will answer the query"
            }
            Message::Propose { deal, introduction, price, quantity } => {
                self.on_propose(from, deal, introduction, price, quantity, out)
            }
            Message::Accept { deal, quantity } => self.on_accept(from, deal, quantity, out)?,
            Message::Decline { deal }
                if self.proposed() == Some(deal.number) && self.made(&deal) =>
            {
                self.take_back(out);
                "is declined"
            }
            Message::Decline { .. } => "is declined too late",
            Message::Recorded { deal } => self.on_verdict(deal, true, out),
            Message::Voided { deal } => self.on_verdict(deal, false, out),
            Message::Complete { deal } => self.on_end(deal, true, out),
            Message::Withdraw { deal } => self.on_end(deal, false, out),
            Message::Cancel { .. } => self.take(Wish::Cancel, out),
            Message::NoMatch => self.take(Wish::Quiet, out),
            Message::Replace { command, client, price, quantity } => {
                self.take(Wish::Replace(command, client, price, quantity), out)
            }
            Message::Restored { priority, price, size, filled, side, time_in_force, .. } => {
                if self.phase != Phase::Recalling {
                    return Some("knew that");
                }
                self.watch(None, out);
                let (order, open) = (self.id, Lots(size.0 - filled.0));
                self.presence = Presence { order, priority, side, price, open, time_in_force };
                (self.size, self.filled, self.phase) = (size, filled, Phase::Free);
                out.says(self.floor, Message::Announce(self.presence));
                self.after_deal(out);
                "is back"
            }
            Message::Unknown if self.queries_ledger() => {
                self.write(None, out);
                self.leave(self.introduction, out);
                "has ended"
            }
            Message::Unknown => "knew that",
            _ => return None,
        })
    }

    fn queries_ledger(&self) -> bool {
        use Phase::{Closing, InDoubt, Recalling, Resolving};
        matches!(self.phase, Closing | InDoubt | Resolving | Recalling)
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
        self.query_ledger(out);
        if self.note.is_some() { "resolves" } else { "restores" }
    }

    fn on_enter(&mut self, entered: Entered, out: &mut Answer) -> &'static str {
        if self.phase != Phase::New {
            return "has entered";
        }
        let Entered { order, new: NewOrder { side, price, quantity, time_in_force, .. } } = entered;
        let priority = CommandId(order.0);
        self.presence = Presence { order, priority, side, price, open: quantity, time_in_force };
        (self.size, self.phase) = (quantity, Phase::Free);
        out.records(Fact::Entered(entered));
        out.says(self.floor, Message::Announce(self.presence));
        self.after_deal(out);
        "enters"
    }

    fn on_introduce(
        &mut self,
        introduction: u32,
        incoming: Pid,
        taker: OrderId,
        limit: Price,
        quantity: Lots,
        out: &mut Answer,
    ) -> &'static str {
        let Presence { side, price, open, .. } = self.presence;
        let pass = |command| Message::Pass { introduction, open, busy: command };
        if self.phase != Phase::Free {
            out.says(self.floor, pass(Busy::Maker));
            return "is busy";
        }
        let quantity = quantity.min(open);
        if quantity == Lots::ZERO || !side.opposite().accepts(limit, price) {
            out.says(self.floor, pass(Busy::Incoming));
            return "has nothing to propose";
        }
        self.hold(quantity, Phase::Proposed);
        self.proposals += 1;
        self.introduction = introduction;
        self.watch(Some(incoming), out);
        let deal =
            Deal { maker: self.id, taker, incarnation: self.incarnation, number: self.proposals };
        out.says(incoming, Message::Propose { deal, introduction, price, quantity });
        "proposes"
    }
}
