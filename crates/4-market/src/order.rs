//! An order: one intention to buy or sell, and the deals that it makes.
//!
//! It has at most one deal in progress, in either role. What it holds for a deal once that was
//! answered is in its note; how a deal ended only the ledger says, and until then nobody frees the
//! hold. It never takes another's word for its own lots, and never moves lots that it has not held.

mod deal;

use kernel::{Event, MonitorRef, Out, Pid};
use units::{AccountId, AskId, ClientId, Lots, MarketId, OrderId, Price, Side};
use words::{Deal, Entered, Fact, Place, Presence, Reason, Say, TimeInForce};

use crate::{LEDGER, Party, floor_of};

/// An order. Resting ones and newcomers are alike: they differ in what the floor says to them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    id: OrderId,
    place: AskId,
    price: Price,
    size: Lots,
    open: Lots,
    done: Lots,
    state: State,
    /// What was asked while a deal was in progress. One is enough: who gets no answer asks again.
    pending: Option<Box<Pending>>,
    /// Proposals made in this life.
    proposals: u32,
    market: MarketId,
    side: Side,
    stands: TimeInForce,
    /// The floor asked where we are, and waits for the word.
    owes_word: bool,
}

/// What an order is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum State {
    /// Not entered yet.
    New { account: AccountId, client: Option<ClientId> },
    /// No deal in progress.
    Free,
    /// Maker: has proposed. The hold is its own and dies with it.
    Proposed(Talk),
    /// Maker: was accepted and has asked the ledger. The hold is logged.
    Closing(Talk),
    /// Taker: has accepted. The hold is logged.
    Accepted(Talk),
    /// Taker: the maker died, and the ledger was asked what became of it.
    InDoubt(Talk),
    /// Back from a death with a logged hold: the ledger was asked what became of it.
    Settling(Hold, MonitorRef),
    /// Back from a death: the ledger was asked for the order's line.
    Recalling(MonitorRef),
}

/// A deal in progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Talk {
    /// With whom.
    other: OrderId,
    /// Where that is.
    partner: Pid,
    /// Lots held.
    lots: Lots,
    /// The maker's life, and the number of its proposal in it.
    incarnation: u32,
    number: u32,
    /// By which introduction.
    introduction: u32,
    /// On whom it waits for: the partner or the ledger.
    monitor: MonitorRef,
}

/// What waits for the end of a deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pending {
    /// The owner wants it gone.
    Cancel,
    /// It may not rest, and there is nobody else.
    Quiet,
    /// The owner wants it changed.
    Replace { ask: AskId, client: Option<ClientId>, price: Price, lots: Lots },
}

/// An order's note: the hold that its next life must settle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hold {
    /// For which deal.
    pub deal: Deal,
    /// How much is held.
    pub lots: Lots,
}

impl Order {
    pub(crate) fn new(id: OrderId, place: &Place) -> Order {
        let &Place { account, client, market, side, price, lots, stands } = place;
        Order {
            id,
            place: AskId(id.0),
            price,
            size: lots,
            open: lots,
            done: Lots::ZERO,
            state: State::New { account, client },
            pending: None,
            proposals: 0,
            market,
            side,
            stands,
            owes_word: false,
        }
    }

    /// An order that is back from a death, its own or its world's. What it was the ledger knows.
    pub(crate) fn again(id: OrderId, market: MarketId, note: Option<&Hold>) -> Order {
        let nobody = MonitorRef::made_up(0); // the ledger is asked, and monitored, at the start
        Order {
            id,
            place: AskId(id.0),
            price: Price(0),
            size: Lots::ZERO,
            open: Lots::ZERO,
            done: Lots::ZERO,
            state: match note {
                Some(hold) => State::Settling(*hold, nobody),
                None => State::Recalling(nobody),
            },
            pending: None,
            proposals: 0,
            market,
            side: Side::Buy,
            stands: TimeInForce::GoodTillCancel,
            owes_word: false,
        }
    }

    /// Its limit.
    pub fn price(&self) -> Price {
        self.price
    }

    /// Lots that are free to be dealt.
    pub fn open(&self) -> Lots {
        self.open
    }

    /// Lots that have traded.
    pub fn done(&self) -> Lots {
        self.done
    }

    /// All its lots: open, held and done.
    pub fn size(&self) -> Lots {
        self.size
    }

    /// Lots promised to the deal in progress.
    pub fn held(&self) -> Lots {
        match self.state {
            State::Proposed(talk)
            | State::Closing(talk)
            | State::Accepted(talk)
            | State::InDoubt(talk) => talk.lots,
            State::Settling(hold, _) => hold.lots,
            State::New { .. } | State::Free | State::Recalling(_) => Lots::ZERO,
        }
    }

    #[inline(always)]
    pub(crate) fn handle(&mut self, event: Event<Say>, out: &mut Out<Party>) {
        match event {
            Event::Message { from, message } => self.on_message(from, message, out),
            Event::Start => self.on_start(out),
            Event::Down { pid, .. } => self.on_down(pid, out),
            Event::Exit { .. } | Event::Timer { .. } => {}
        }
        self.check();
    }

    #[inline(always)]
    fn on_message(&mut self, from: Pid, message: Say, out: &mut Out<Party>) {
        match message {
            Say::Introduce { introduction, newcomer, order, price, lots } => {
                self.on_introduce(introduction, newcomer, order, price, lots, out);
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
            Say::Gather => self.on_gather(out),
            Say::Recalled { place, price, size, done, market: _, side, stands } => {
                self.on_recalled(place, price, size, done, side, stands, out);
            }
            Say::Unknown => self.on_unknown(out),
            // Nobody says these to an order.
            Say::Announce(_)
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
        if !matches!(self.state, State::Recalling(_) | State::Settling(..)) {
            let all = self.open + self.held() + self.done;
            assert_eq!(all, self.size, "order {} leaks lots", self.id);
        }
    }

    // ---- coming and going

    #[inline(always)]
    fn on_start(&mut self, out: &mut Out<Party>) {
        match self.state {
            State::New { account, client } => {
                let &mut Order { id: order, market, side, price, size: lots, stands, .. } = self;
                let entered = Entered { order, account, client, market, side, price, lots, stands };
                out.record(Fact::Entered(entered));
                self.state = State::Free;
                self.announce(out);
            }
            State::Settling(..) | State::Recalling(_) => self.ask_ledger(out),
            State::Free
            | State::Proposed(_)
            | State::Closing(_)
            | State::Accepted(_)
            | State::InDoubt(_) => {}
        }
    }

    #[inline(always)]
    fn announce(&self, out: &mut Out<Party>) {
        let &Order { id: order, place, side, price, open, stands, .. } = self;
        let presence = Presence { order, place, side, price, open, stands };
        out.send_to(floor_of(self.market), Say::Announce(presence));
    }

    fn on_gather(&mut self, out: &mut Out<Party>) {
        if self.state == State::Free {
            self.announce(out);
        } else {
            self.owes_word = true;
        }
    }

    /// Asks the ledger what the state is waiting for, and watches it: it may die before it answers.
    fn ask_ledger(&mut self, out: &mut Out<Party>) {
        let Some(ledger) = out.whereis(LEDGER) else { return };
        let watch = out.monitor(ledger);
        let order = self.id;
        let question = match &mut self.state {
            State::Closing(talk) => {
                talk.monitor = watch;
                let deal = talk.as_maker(order);
                Say::Record { deal, price: self.price, lots: talk.lots }
            }
            State::InDoubt(talk) => {
                talk.monitor = watch;
                Say::Settle { deal: talk.as_taker(order), order }
            }
            State::Settling(hold, monitor) => {
                *monitor = watch;
                Say::Settle { deal: hold.deal, order }
            }
            State::Recalling(monitor) => {
                *monitor = watch;
                Say::Recall { order }
            }
            State::New { .. } | State::Free | State::Proposed(_) | State::Accepted(_) => {
                unreachable!("nothing to ask the ledger")
            }
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
        let State::Recalling(monitor) = self.state else { return };
        out.demonitor(monitor);
        (self.place, self.price, self.side, self.stands) = (place, price, side, stands);
        (self.size, self.done, self.open) = (size, done, size - done);
        self.state = State::Free;
        self.announce(out);
        self.owes_word = false;
        self.after_deal(out);
    }

    /// The ledger has no line of ours: we never entered, or a deal that we asked about filled us.
    fn on_unknown(&mut self, out: &mut Out<Party>) {
        let introduction = match self.state {
            State::InDoubt(talk) | State::Closing(talk) => talk.introduction,
            State::Settling(..) | State::Recalling(_) => 0,
            State::New { .. } | State::Free | State::Proposed(_) | State::Accepted(_) => return,
        };
        out.note(None);
        self.leave(introduction, out);
    }

    /// Says so to the floor, and ends. Lots that are left are no more.
    fn leave(&mut self, introduction: u32, out: &mut Out<Party>) {
        let order = self.id;
        out.send_to(floor_of(self.market), Say::Leave { order, introduction });
        self.end(out);
    }

    #[inline(always)]
    fn end(&mut self, out: &mut Out<Party>) {
        self.state = State::Free;
        self.open = Lots::ZERO;
        self.size = self.done;
        out.exit(kernel::Reason::Normal);
    }

    // ---- asks

    /// Does what was asked: now, or after the deal in progress.
    #[inline(always)]
    fn take(&mut self, ask: Pending, out: &mut Out<Party>) {
        if self.state == State::Free {
            return self.carry_out(ask, out);
        }
        // A cancel outdoes whatever waits; else the first one stays, and the other asks again.
        if self.pending.is_none() || ask == Pending::Cancel {
            self.pending = Some(Box::new(ask));
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
        let (order, lots) = (self.id, self.open);
        out.record(Fact::Left { order, lots, reason });
        self.leave(0, out);
    }

    /// A new price and size. Below what has traded by now it is not taken; who asked will see it.
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
        let &mut Order { id: order, place, .. } = self;
        out.record(Fact::Replaced { order, client, price, lots, place });
        self.announce(out);
    }

    /// The deal in progress has ended: does what has waited for that.
    #[inline(always)]
    fn after_deal(&mut self, out: &mut Out<Party>) {
        if self.owes_word || self.pending.is_some() {
            self.catch_up(out);
        }
    }

    #[cold]
    fn catch_up(&mut self, out: &mut Out<Party>) {
        if std::mem::take(&mut self.owes_word) {
            self.announce(out);
        }
        if let Some(ask) = self.pending.take() {
            self.carry_out(*ask, out);
        }
    }
}
