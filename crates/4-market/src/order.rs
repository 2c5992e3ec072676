//! An order: one intention to buy or sell, and the deals that it makes.
//!
//! It must never believe another process about its own lots, and never move lots that it has not held.

mod deal;

use kernel::{Event, Out, Pid};
use protocol::{CancelReason, Deal, Entered, Fact, Message, NewOrder, Presence, TimeInForce};
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price, Side};

use crate::{LEDGER, Party, floor_of, mutation};

/// An order, in 72 bytes. Its number is its key under its supervisor.
///
/// Resting and incoming orders are alike: they differ in the messages that the floor sends them.
///
/// - `open + held + filled == size`, always; a cancelled or replaced order gives up its open lots by a new `size`
/// - at most one deal is in progress, in either role: `held` is above zero exactly from proposal or acceptance to
///   outcome
/// - the hold of an accepted deal is in the note, and only the ledger's outcome frees it
/// - the hold of a proposal that is not accepted is in no note, and ends with this life
/// - it monitors exactly the process whose answer its phase waits for
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    priority: CommandId,
    price: Price,
    size: Lots,
    open: Lots,
    held: Lots,
    filled: Lots,
    /// What is postponed to the end of the deal in progress.
    later: Option<Box<Later>>,
    /// Proposals made in this life.
    proposals: u32,
    /// The introduction of the deal in progress; else the last one that is over for this order, or 0.
    introduction: u32,
    market: MarketId,
    side: Side,
    time_in_force: TimeInForce,
    phase: Phase,
}

/// What an order does now, and for which process it waits.
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
    /// Taker: the maker died; waits for the ledger's outcome of the deal.
    InDoubt,
    /// Restarted with a logged hold; waits for the ledger's outcome of the deal.
    Resolving,
    /// Restarted; waits for its terms from the ledger.
    Restoring,
}

/// What is postponed to the end of a deal.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct Later {
    /// The number of the floor's query, which waits for an answer.
    query: Option<u32>,
    /// The command. One is enough: the exchange repeats a command that gets no answer.
    command: Option<Pending>,
}

/// A command that is carried out when no deal is in progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pending {
    /// Cancel, by its owner.
    Cancel,
    /// Cancel, since it may not rest and no other order is left to deal with.
    NoMatch,
    /// Replace, by its owner.
    Replace { command: CommandId, client: Option<ClientId>, price: Price, quantity: Lots },
}

/// An order's note: the hold of an accepted deal, until the ledger has sent its outcome.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hold {
    /// The deal.
    pub deal: Deal,
    /// The lots held.
    pub quantity: Lots,
    /// The address of the other party.
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

    /// An order that is back from a restart, its own or its world's. It restores its terms from the ledger.
    pub(crate) fn again(market: MarketId, in_doubt: bool) -> Order {
        let phase = if in_doubt { Phase::Resolving } else { Phase::Restoring };
        Order { phase, ..Order::blank(market) }
    }

    /// As after this many proposals in this life, for tests of their bound: two thousand million take too long.
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

    /// All its lots: open, held and filled.
    pub fn size(&self) -> Lots {
        self.size
    }

    /// True once it knows its terms: entered, or restored.
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
            // No process sends these to an order.
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

    /// Lots are conserved: each lot of this order is open, held for a deal, or filled.
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
        // Built from the message, not from `self`: reading what was just written causes a store-forwarding stall.
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

    /// True if this is the floor in its present life. A former life's introductions are ignored: the present one has
    /// queried this order or will, and the answer must stay true.
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

    /// Answers a query. From here on a proposal of that introduction is declined, so the answer stays true.
    fn send_state(&mut self, introduction: u32, out: &mut Out<Party>) {
        self.introduction = introduction;
        let presence = self.presence(out);
        out.send_to(floor_of(self.market), Message::State { presence, introduction });
    }

    /// Asks the ledger how the noted deal ended, or for this order's terms, and monitors it: it may die before it
    /// answers.
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

    /// The ledger has no record: this order never entered, or the deal in question filled it.
    fn on_unknown(&mut self, out: &mut Out<Party>) {
        if let Phase::InDoubt | Phase::Closing | Phase::Resolving | Phase::Restoring = self.phase {
            out.note(None);
            self.leave(self.introduction, out);
        }
    }

    /// Tells the floor, and ends. Open lots are given up.
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

    /// Carries a command out: now, or after the deal in progress.
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
        // A cancel replaces whatever waits. Else the first command stays, and the exchange repeats the other.
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

    /// Takes a new price and size. One at or below what has traded by now is ignored, and the exchange rejects the
    /// command.
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

    /// Does what was postponed to the end of the deal.
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
