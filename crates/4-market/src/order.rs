//! An order: one intention to buy or sell, and the deals that it makes.
//!
//! It has at most one deal in progress, in either role. What it holds for a deal once that was
//! answered is in its note; how a deal ended only the ledger says, and until then nobody frees the
//! hold. It never takes another's word for its own lots, and never moves lots that it has not held.

mod deal;

use kernel::{Event, Out, Pid};
use protocol::{Deal, Entered, Fact, Presence, Reason, Say, TimeInForce};
use units::{AskId, ClientId, Lots, MarketId, OrderId, Price, Side};

use crate::{LEDGER, Party, floor_of, mutation};

/// An order: 72 bytes. Its number is its key under its supervisor. Resting orders and newcomers are
/// alike: they differ in what the floor says to them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    place: AskId,
    price: Price,
    size: Lots,
    open: Lots,
    held: Lots,
    done: Lots,
    /// What waits for the end of the deal in progress.
    later: Option<Box<Later>>,
    /// Proposals made in this life.
    proposals: u32,
    /// The introduction of the deal in progress; else the last one that is over for us, or 0.
    introduction: u32,
    market: MarketId,
    side: Side,
    stands: TimeInForce,
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
    Settling,
    /// Back from a death; waits for the ledger to say what it was.
    Recalling,
}

/// What waits for the end of a deal.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct Later {
    /// The floor's question where we are, to which it waits for an answer.
    word: Option<u32>,
    /// What was asked. One is enough: who gets no answer asks again.
    ask: Option<Pending>,
}

/// An ask that is carried out when no deal is in progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pending {
    /// The owner wants it gone.
    Cancel,
    /// It may not rest, and there is nobody else.
    Quiet,
    /// The owner wants it changed.
    Replace { ask: AskId, client: Option<ClientId>, price: Price, lots: Lots },
}

/// An order's note: the hold of a deal that was accepted, until the ledger has said how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hold {
    /// For which deal.
    pub deal: Deal,
    /// How much is held.
    pub lots: Lots,
    /// Where the other party is.
    pub partner: Pid,
}

impl Order {
    #[inline(always)]
    pub(crate) fn blank(market: MarketId) -> Order {
        Order {
            place: AskId(0),
            price: Price(0),
            size: Lots::ZERO,
            open: Lots::ZERO,
            held: Lots::ZERO,
            done: Lots::ZERO,
            later: None,
            proposals: 0,
            introduction: 0,
            market,
            side: Side::Buy,
            stands: TimeInForce::GoodTillCancel,
            phase: Phase::New,
        }
    }

    /// An order that is back from a death, its own or its world's. What it was the ledger knows.
    pub(crate) fn again(market: MarketId, in_doubt: bool) -> Order {
        let phase = if in_doubt { Phase::Settling } else { Phase::Recalling };
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
    pub fn done(&self) -> Lots {
        self.done
    }

    /// All its lots: open, held and done.
    pub fn size(&self) -> Lots {
        self.size
    }

    /// True once it knows what it is: entered, or back and recalled.
    pub fn knows_itself(&self) -> bool {
        !matches!(self.phase, Phase::New | Phase::Settling | Phase::Recalling)
    }

    #[inline(always)]
    pub(crate) fn handle(&mut self, from: Pid, message: &Say, out: &mut Out<Party>) {
        self.on_message(from, message, out);
        self.check();
    }

    pub(crate) fn on_signal(&mut self, event: &Event<'_, Say>, out: &mut Out<Party>) {
        match event {
            Event::Start => self.on_start(out),
            Event::Down { .. } => self.on_down(out),
            Event::Message { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
        }
        self.check();
    }

    #[inline(always)]
    fn on_message(&mut self, from: Pid, message: &Say, out: &mut Out<Party>) {
        match *message {
            Say::Enter { account, client, side, price, lots, stands } => {
                let (order, market) = (id(out), self.market);
                self.on_enter(
                    Entered { order, account, client, market, side, price, lots, stands },
                    out,
                );
            }
            Say::Introduce { introduction, newcomer, order, price, lots } => {
                if self.is_from_floor(from, out) {
                    self.on_introduce(introduction, newcomer, order, price, lots, out);
                }
            }
            Say::Propose { deal, introduction, price, lots } => {
                self.on_propose(from, deal, introduction, price, lots, out);
            }
            Say::Accept { deal, lots } => self.on_accept(from, deal, lots, out),
            Say::Decline { deal } => self.on_decline(deal, out),
            Say::Recorded { deal } => self.on_verdict(deal, true, out),
            Say::Voided { deal } => self.on_verdict(deal, false, out),
            Say::Complete { deal } => self.on_end_from_maker(deal, true, out),
            Say::Withdraw { deal } => self.on_end_from_maker(deal, false, out),
            Say::Cancel { .. } => self.take(Pending::Cancel, out),
            Say::Quiet => self.take(Pending::Quiet, out),
            Say::Replace { ask, client, price, lots } => {
                self.take(Pending::Replace { ask, client, price, lots }, out);
            }
            Say::Gather { introduction } => self.on_gather(from, introduction, out),
            Say::Recalled { place, price, size, done, market: _, side, stands } => {
                self.on_recalled(place, price, size, done, side, stands, out);
            }
            Say::Unknown => self.on_unknown(out),
            // Nobody says these to an order.
            Say::Announce(_)
            | Say::Here { .. }
            | Say::Leave { .. }
            | Say::Pass { .. }
            | Say::Next { .. }
            | Say::Suspend { .. }
            | Say::Record { .. }
            | Say::Settle { .. }
            | Say::Recall { .. }
            | Say::Roll { .. }
            | Say::Listed { .. }
            | Say::ListedAll => {}
        }
    }

    /// Lots are conserved: each lot of this order is open, held for a deal, or done.
    #[inline(always)]
    fn check(&self) {
        let all = self.open + self.held + self.done;
        assert!(all == self.size, "an order leaks lots");
    }

    // ---- coming and going

    #[inline(always)]
    fn on_enter(&mut self, entered: Entered, out: &mut Out<Party>) {
        if self.phase != Phase::New {
            return; // asked twice
        }
        let Entered { order, side, price, lots, stands, .. } = entered;
        (self.side, self.stands, self.price) = (side, stands, price);
        (self.size, self.open) = (lots, lots);
        let place = AskId(order.0);
        self.place = place;
        self.phase = Phase::Free;
        out.record(Fact::Entered(entered));
        // From what came, not from what was just written: that would wait for the writing.
        let presence = Presence { order, place, side, price, open: lots, stands };
        out.send_to(floor_of(self.market), Say::Announce(presence));
        self.after_deal(out);
    }

    /// The first event of a later life.
    fn on_start(&mut self, out: &mut Out<Party>) {
        if let Phase::Settling | Phase::Recalling = self.phase {
            self.ask_ledger(out);
        }
    }

    #[inline(always)]
    fn presence(&self, out: &Out<Party>) -> Presence {
        let &Order { place, side, price, open, stands, .. } = self;
        Presence { order: id(out), place, side, price, open, stands }
    }

    #[inline(always)]
    fn announce(&self, out: &mut Out<Party>) {
        let presence = self.presence(out);
        out.send_to(floor_of(self.market), Say::Announce(presence));
    }

    /// True if this is our floor in its present life. A former life's introductions are void: the
    /// next one asks everybody, and our answer must stay true.
    #[inline(always)]
    fn is_from_floor(&self, from: Pid, out: &Out<Party>) -> bool {
        out.whereis(floor_of(self.market)) == Some(from)
    }

    fn on_gather(&mut self, from: Pid, introduction: u32, out: &mut Out<Party>) {
        if !self.is_from_floor(from, out) {
            return;
        }
        if self.phase == Phase::Free {
            return self.give_word(introduction, out);
        }
        self.later.get_or_insert_default().word = Some(introduction);
    }

    /// Says where we are. From here on a proposal of that introduction comes too late.
    fn give_word(&mut self, introduction: u32, out: &mut Out<Party>) {
        self.introduction = introduction;
        let presence = self.presence(out);
        out.send_to(floor_of(self.market), Say::Here { presence, introduction });
    }

    /// Asks the ledger how the deal of our note ended, or who we are, and watches it: it may die
    /// before it answers.
    fn ask_ledger(&mut self, out: &mut Out<Party>) {
        let Some(ledger) = out.whereis(LEDGER) else { return };
        out.monitor(ledger);
        let order = id(out);
        let question = match (self.phase, out.noted()) {
            (Phase::Closing, Some(&Hold { deal, lots, .. })) => {
                Say::Record { deal, price: self.price, lots }
            }
            (Phase::InDoubt | Phase::Settling, Some(&Hold { deal, .. })) => {
                Say::Settle { deal, order }
            }
            _ => Say::Recall { order },
        };
        out.send(ledger, question);
    }

    fn on_recalled(
        &mut self,
        place: AskId,
        price: Price,
        size: Lots,
        done: Lots,
        side: Side,
        stands: TimeInForce,
        out: &mut Out<Party>,
    ) {
        if self.phase != Phase::Recalling {
            return;
        }
        out.demonitor_all();
        (self.place, self.price, self.side, self.stands) = (place, price, side, stands);
        (self.size, self.done, self.open) = (size, done, size - done);
        self.phase = Phase::Free;
        self.announce(out);
        self.after_deal(out);
    }

    /// The ledger has no line of ours: we never entered, or a deal that we asked about filled us.
    fn on_unknown(&mut self, out: &mut Out<Party>) {
        if let Phase::InDoubt | Phase::Closing | Phase::Settling | Phase::Recalling = self.phase {
            out.note(None);
            self.leave(self.introduction, out);
        }
    }

    /// Says so to the floor, and ends. Lots that are left are no more.
    #[inline(always)]
    fn leave(&mut self, introduction: u32, out: &mut Out<Party>) {
        let order = id(out);
        out.send_to(floor_of(self.market), Say::Leave { order, introduction });
        self.end(out);
    }

    #[inline(always)]
    fn end(&mut self, out: &mut Out<Party>) {
        self.phase = Phase::Free;
        (self.open, self.held, self.size) = (Lots::ZERO, Lots::ZERO, self.done);
        out.exit(kernel::Reason::Normal);
    }

    // ---- asks

    /// Does what was asked: now, or after the deal in progress.
    #[inline(always)]
    fn take(&mut self, ask: Pending, out: &mut Out<Party>) {
        if mutation::CANCEL_FREES_HOLD.is_on() && !self.held.is_zero() && ask == Pending::Cancel {
            self.free_hold(false);
        }
        if self.phase == Phase::Free {
            return self.carry_out(ask, out);
        }
        self.put_off(ask);
    }

    #[cold]
    fn put_off(&mut self, ask: Pending) {
        // A cancel outdoes whatever waits; else the first one stays, and the other asks again.
        let later = self.later.get_or_insert_default();
        if later.ask.is_none() || ask == Pending::Cancel {
            later.ask = Some(ask);
        }
    }

    #[inline(always)]
    fn carry_out(&mut self, ask: Pending, out: &mut Out<Party>) {
        match ask {
            Pending::Cancel => self.cancel(Reason::Cancelled, out),
            Pending::Quiet => {
                if self.stands == TimeInForce::ImmediateOrCancel {
                    self.cancel(Reason::Unmatched, out);
                }
            }
            Pending::Replace { ask, client, price, lots } => {
                self.replace(ask, client, price, lots, out);
            }
        }
    }

    #[inline(always)]
    fn cancel(&mut self, reason: Reason, out: &mut Out<Party>) {
        out.record(Fact::Left { order: id(out), lots: self.open, reason });
        self.leave(0, out);
    }

    /// A new price and size. Below what has traded by now it is not taken; who asked will see it.
    #[inline(always)]
    fn replace(
        &mut self,
        ask: AskId,
        client: Option<ClientId>,
        price: Price,
        lots: Lots,
        out: &mut Out<Party>,
    ) {
        let Some(open) = lots.checked_sub(self.done).filter(|open| !open.is_zero()) else { return };
        let keeps_place = price == self.price && lots <= self.size;
        if !keeps_place {
            self.place = ask;
        }
        (self.price, self.size, self.open) = (price, lots, open);
        let (order, place) = (id(out), self.place);
        out.record(Fact::Replaced { order, client, price, lots, place });
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
        if let Some(introduction) = later.word {
            self.give_word(introduction, out);
        }
        if let Some(ask) = later.ask {
            self.carry_out(ask, out);
        }
    }
}

/// The number of the order whose step this is.
#[inline(always)]
fn id(out: &Out<Party>) -> OrderId {
    OrderId(out.key())
}
