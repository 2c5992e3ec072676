//! An order: one intention to buy or sell, and the deals that it makes.
//!
//! It has at most one deal in progress, in either role. What it holds for a deal once that was
//! answered is in its note; how a deal ended only the ledger says, and until then nobody frees the
//! hold. It never takes another's word for its own lots, and never moves lots that it has not held.

mod deal;

use kernel::{Event, Out, Pid};
use protocol::{CancelReason, Deal, Entered, Fact, Message, NewOrder, Presence, TimeInForce};
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price, Side};

use crate::{LEDGER, Party, floor_of, mutation};

/// An order: 72 bytes. Its number is its key under its supervisor. Resting orders and incoming orders are
/// alike: they differ in what the floor says to them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    priority: CommandId,
    price: Price,
    size: Lots,
    open: Lots,
    held: Lots,
    filled: Lots,
    /// What waits for the end of the deal in progress.
    later: Option<Box<Later>>,
    /// Proposals made in this life.
    proposals: u32,
    /// The introduction of the deal in progress; else the last one that is over for us, or 0.
    introduction: u32,
    market: MarketId,
    side: Side,
    time_in_force: TimeInForce,
    phase: Phase,
}

/// What an order is about. Whom it waits for it monitors, and nobody else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// Not entered yet.
    New,
    /// No deal in progress.
    Free,
    /// Maker: has proposed, and waits for the taker. The hold is its own and dies with it.
    Proposed,
    /// Maker: was accepted, and waits for the ledger. The hold is logged.
    Closing,
    /// Taker: has accepted, and waits for the maker. The hold is logged.
    Accepted,
    /// Taker: the maker died; waits for the ledger to say what became of it.
    InDoubt,
    /// Back from a death with a logged hold; waits for the ledger to say what became of it.
    Resolving,
    /// Back from a death; waits for the ledger to say what it was.
    Restoring,
}

/// What waits for the end of a deal.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct Later {
    /// The floor's question where we are, to which it waits for an answer.
    query: Option<u32>,
    /// What was asked. One is enough: who gets no answer asks again.
    command: Option<Pending>,
}

/// A command that is carried out when no deal is in progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pending {
    /// The owner wants it gone.
    Cancel,
    /// It may not rest, and there is nobody else.
    NoMatch,
    /// The owner wants it changed.
    Replace { command: CommandId, client: Option<ClientId>, price: Price, quantity: Lots },
}

/// An order's note: the hold of a deal that was accepted, until the ledger has said how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hold {
    /// For which deal.
    pub deal: Deal,
    /// How much is held.
    pub quantity: Lots,
    /// Where the other party is.
    pub partner: Pid,
}

impl Order {
    #[inline(always)]
    pub(crate) fn blank(market: MarketId) -> Order {
        Order {
            priority: CommandId(0),
            price: Price(0),
            size: Lots::ZERO,
            open: Lots::ZERO,
            held: Lots::ZERO,
            filled: Lots::ZERO,
            later: None,
            proposals: 0,
            introduction: 0,
            market,
            side: Side::Buy,
            time_in_force: TimeInForce::GoodTillCancel,
            phase: Phase::New,
        }
    }

    /// An order that is back from a death, its own or its world's. What it was the ledger knows.
    pub(crate) fn again(market: MarketId, in_doubt: bool) -> Order {
        let phase = if in_doubt { Phase::Resolving } else { Phase::Restoring };
        Order { phase, ..Order::blank(market) }
    }

    /// As after so many proposals in this life: nobody can wait for two thousand million of them.
    #[must_use]
    pub fn aged(self, proposals: u32) -> Order {
        Order { proposals, ..self }
    }

    /// Its limit.
    pub fn price(&self) -> Price {
        self.price
    }

    /// Lots that are free to be dealt.
    pub fn open(&self) -> Lots {
        self.open
    }

    /// Lots promised to the deal in progress.
    pub fn held(&self) -> Lots {
        self.held
    }

    /// Lots that have traded.
    pub fn filled(&self) -> Lots {
        self.filled
    }

    /// All its lots: open, held and done.
    pub fn size(&self) -> Lots {
        self.size
    }

    /// True once it knows what it is: entered, or back and recalled.
    pub fn knows_itself(&self) -> bool {
        !matches!(self.phase, Phase::New | Phase::Resolving | Phase::Restoring)
    }

    #[inline(always)]
    pub(crate) fn handle(&mut self, from: Pid, message: &Message, out: &mut Out<Party>) {
        self.on_message(from, message, out);
        self.check();
    }

    pub(crate) fn on_signal(&mut self, event: &Event<'_, Message>, out: &mut Out<Party>) {
        match event {
            Event::Start => self.on_start(out),
            Event::Down { .. } => self.on_down(out),
            Event::Message { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
        }
        self.check();
    }

    #[inline(always)]
    fn on_message(&mut self, from: Pid, message: &Message, out: &mut Out<Party>) {
        match *message {
            Message::Enter(new) => self.on_enter(new, out),
            Message::Introduce { introduction, incoming, order, price, quantity } => {
                if self.is_from_floor(from, out) {
                    self.on_introduce(introduction, incoming, order, price, quantity, out);
                }
            }
            Message::Propose { deal, introduction, price, quantity } => {
                self.on_propose(from, deal, introduction, price, quantity, out);
            }
            Message::Accept { deal, quantity } => self.on_accept(from, deal, quantity, out),
            Message::Decline { deal } => self.on_decline(deal, out),
            Message::Recorded { deal } => self.on_verdict(deal, true, out),
            Message::Voided { deal } => self.on_verdict(deal, false, out),
            Message::Complete { deal } => self.on_end_from_maker(deal, true, out),
            Message::Withdraw { deal } => self.on_end_from_maker(deal, false, out),
            Message::Cancel { .. } => self.take(Pending::Cancel, out),
            Message::NoMatch => self.take(Pending::NoMatch, out),
            Message::Replace { command, client, price, quantity } => {
                self.take(Pending::Replace { command, client, price, quantity }, out);
            }
            Message::QueryState { introduction } => self.on_query_state(from, introduction, out),
            Message::Restored { priority, price, size, filled, market: _, side, time_in_force } => {
                self.on_restored(priority, price, size, filled, side, time_in_force, out);
            }
            Message::Unknown => self.on_unknown(out),
            // Nobody says these to an order.
            Message::Announce(_)
            | Message::State { .. }
            | Message::Leave { .. }
            | Message::Pass { .. }
            | Message::Next { .. }
            | Message::Suspend { .. }
            | Message::Record { .. }
            | Message::Resolve { .. }
            | Message::Restore { .. }
            | Message::ListOpen { .. }
            | Message::Listed { .. }
            | Message::ListedAll => {}
        }
    }

    /// Lots are conserved: each lot of this order is open, held for a deal, or done.
    #[inline(always)]
    fn check(&self) {
        let all = self.open + self.held + self.filled;
        assert!(all == self.size, "an order leaks lots");
    }

    // ---- coming and going

    #[inline(always)]
    fn on_enter(&mut self, new: NewOrder, out: &mut Out<Party>) {
        if self.phase != Phase::New {
            return; // a second time
        }
        let order = id(out);
        let NewOrder { side, price, quantity, time_in_force, .. } = new;
        (self.side, self.time_in_force, self.price) = (side, time_in_force, price);
        (self.size, self.open) = (quantity, quantity);
        let priority = CommandId(order.0);
        self.priority = priority;
        self.phase = Phase::Free;
        out.record(Fact::Entered(Entered { order, new }));
        // From what came, not from what was just written: that would wait for the writing.
        let presence = Presence { order, priority, side, price, open: quantity, time_in_force };
        out.send_to(floor_of(self.market), Message::Announce(presence));
        self.after_deal(out);
    }

    /// The first event of a later life.
    fn on_start(&mut self, out: &mut Out<Party>) {
        if let Phase::Resolving | Phase::Restoring = self.phase {
            self.query_ledger(out);
        }
    }

    #[inline(always)]
    fn presence(&self, out: &Out<Party>) -> Presence {
        let &Order { priority, side, price, open, time_in_force, .. } = self;
        Presence { order: id(out), priority, side, price, open, time_in_force }
    }

    #[inline(always)]
    fn announce(&self, out: &mut Out<Party>) {
        let presence = self.presence(out);
        out.send_to(floor_of(self.market), Message::Announce(presence));
    }

    /// True if this is our floor in its present life. A former life's introductions are void: the
    /// next one asks everybody, and our answer must stay true.
    #[inline(always)]
    fn is_from_floor(&self, from: Pid, out: &Out<Party>) -> bool {
        out.whereis(floor_of(self.market)) == Some(from)
    }

    fn on_query_state(&mut self, from: Pid, introduction: u32, out: &mut Out<Party>) {
        if !self.is_from_floor(from, out) {
            return;
        }
        if self.phase == Phase::Free {
            return self.send_state(introduction, out);
        }
        self.later.get_or_insert_default().query = Some(introduction);
    }

    /// Says where we are. From here on a proposal of that introduction comes too late.
    fn send_state(&mut self, introduction: u32, out: &mut Out<Party>) {
        self.introduction = introduction;
        let presence = self.presence(out);
        out.send_to(floor_of(self.market), Message::State { presence, introduction });
    }

    /// Asks the ledger how the deal of our note ended, or who we are, and watches it: it may die
    /// before it answers.
    fn query_ledger(&mut self, out: &mut Out<Party>) {
        let Some(ledger) = out.whereis(LEDGER) else { return };
        out.monitor(ledger);
        let order = id(out);
        let question = match (self.phase, out.noted()) {
            (Phase::Closing, Some(&Hold { deal, quantity, .. })) => {
                Message::Record { deal, price: self.price, quantity }
            }
            (Phase::InDoubt | Phase::Resolving, Some(&Hold { deal, .. })) => {
                Message::Resolve { deal, order }
            }
            _ => Message::Restore { order },
        };
        out.send(ledger, question);
    }

    fn on_restored(
        &mut self,
        priority: CommandId,
        price: Price,
        size: Lots,
        filled: Lots,
        side: Side,
        time_in_force: TimeInForce,
        out: &mut Out<Party>,
    ) {
        if self.phase != Phase::Restoring {
            return;
        }
        out.demonitor_all();
        (self.priority, self.price, self.side, self.time_in_force) =
            (priority, price, side, time_in_force);
        (self.size, self.filled, self.open) = (size, filled, size - filled);
        self.phase = Phase::Free;
        self.announce(out);
        self.after_deal(out);
    }

    /// The ledger has no line of ours: we never entered, or a deal that we asked about filled us.
    fn on_unknown(&mut self, out: &mut Out<Party>) {
        if let Phase::InDoubt | Phase::Closing | Phase::Resolving | Phase::Restoring = self.phase {
            out.note(None);
            self.leave(self.introduction, out);
        }
    }

    /// Says so to the floor, and ends. Lots that are left are no more.
    #[inline(always)]
    fn leave(&mut self, introduction: u32, out: &mut Out<Party>) {
        let order = id(out);
        out.send_to(floor_of(self.market), Message::Leave { order, introduction });
        self.end(out);
    }

    #[inline(always)]
    fn end(&mut self, out: &mut Out<Party>) {
        self.phase = Phase::Free;
        (self.open, self.held, self.size) = (Lots::ZERO, Lots::ZERO, self.filled);
        out.exit(kernel::Reason::Normal);
    }

    // ---- commands

    /// Does what was asked: now, or after the deal in progress.
    #[inline(always)]
    fn take(&mut self, command: Pending, out: &mut Out<Party>) {
        if mutation::CANCEL_FREES_HOLD.is_on() && !self.held.is_zero() && command == Pending::Cancel
        {
            self.free_hold(false);
        }
        if self.phase == Phase::Free {
            return self.carry_out(command, out);
        }
        self.put_off(command);
    }

    #[cold]
    fn put_off(&mut self, command: Pending) {
        // A cancel outdoes whatever waits; else the first one stays, and the other asks again.
        let later = self.later.get_or_insert_default();
        if later.command.is_none() || command == Pending::Cancel {
            later.command = Some(command);
        }
    }

    #[inline(always)]
    fn carry_out(&mut self, command: Pending, out: &mut Out<Party>) {
        match command {
            Pending::Cancel => self.cancel(CancelReason::Requested, out),
            Pending::NoMatch => {
                if self.time_in_force == TimeInForce::ImmediateOrCancel {
                    self.cancel(CancelReason::Unmatched, out);
                }
            }
            Pending::Replace { command, client, price, quantity } => {
                self.replace(command, client, price, quantity, out);
            }
        }
    }

    #[inline(always)]
    fn cancel(&mut self, reason: CancelReason, out: &mut Out<Party>) {
        out.record(Fact::Cancelled { order: id(out), quantity: self.open, reason });
        self.leave(0, out);
    }

    /// A new price and size. Below what has traded by now it is not taken; who asked will see it.
    #[inline(always)]
    fn replace(
        &mut self,
        command: CommandId,
        client: Option<ClientId>,
        price: Price,
        quantity: Lots,
        out: &mut Out<Party>,
    ) {
        let Some(open) = quantity.checked_sub(self.filled).filter(|open| !open.is_zero()) else {
            return;
        };
        let keeps_priority = price == self.price && quantity <= self.size;
        if !keeps_priority {
            self.priority = command;
        }
        (self.price, self.size, self.open) = (price, quantity, open);
        let (order, priority) = (id(out), self.priority);
        out.record(Fact::Replaced { order, client, price, quantity, priority });
        self.announce(out);
    }

    /// The deal in progress has ended: does what has waited for that.
    #[inline(always)]
    fn after_deal(&mut self, out: &mut Out<Party>) {
        if self.later.is_some() {
            self.catch_up(out);
        }
    }

    #[cold]
    fn catch_up(&mut self, out: &mut Out<Party>) {
        let Some(later) = self.later.take() else { return };
        if let Some(introduction) = later.query {
            self.send_state(introduction, out);
        }
        if let Some(command) = later.command {
            self.carry_out(command, out);
        }
    }
}

/// The number of the order whose step this is.
#[inline(always)]
fn id(out: &Out<Party>) -> OrderId {
    OrderId(out.key())
}
