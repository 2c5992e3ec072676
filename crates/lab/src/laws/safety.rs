//! The safety laws: what holds between any two steps, seen from outside. The state of processes is
//! compared with the facts, and their messages with what has happened.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Envelope, Pid, Reason};
use market::Order;
use protocol::{Deal, Fact, Message};
use units::{Lots, MarketId, OrderId, Price, Side};

use super::history::{History, check};
use super::{Broken, Law};
use crate::world::{Observed, Stage, Who, message};

/// A proposal's name: maker, its incarnation, its number in that.
type Proposal = (OrderId, u32, u32);

/// Checks a world after each step.
///
/// - a deal that was called void never trades, and a deal that was called a trade has traded
/// - an introduction is made after the last one of its floor has ended, and under a new number
/// - an order's state and the ledger's record of it agree with the facts
#[derive(Clone, Debug, Default, Hash)]
pub struct Inspector {
    history: History,
    /// Deals that a message called void.
    said_void: BTreeSet<Deal>,
    proposals: BTreeMap<Proposal, (OrderId, Price, Lots)>,
    /// The incarnation of the floor that began a deal.
    floor_of: BTreeMap<Deal, Pid>,
    /// The number of the last introduction of each incarnation of a floor.
    introductions: BTreeMap<Pid, u32>,
}

impl Inspector {
    /// The facts so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Checks every safety law; `seen` is the events of the last step. Returns the first broken law, if any.
    pub fn look(&mut self, stage: &Stage, seen: &[Observed]) -> Result<(), Broken> {
        self.judge(stage, seen).into_iter().next().map_or(Ok(()), Err)
    }

    /// Checks every safety law for the processes of the last step: O(processes) at an introduction, else
    /// O(1), while [`Inspector::look`] is O(all orders that ever entered).
    pub fn look_near(&mut self, stage: &Stage, seen: &[Observed]) -> Result<(), Broken> {
        self.hear(stage, seen).into_iter().next().map_or(Ok(()), Err)?;
        for event in seen {
            let pid = match event {
                Observed::Delivered(envelope) => envelope.to,
                Observed::Noted(pid, _)
                | Observed::Recorded(pid, _)
                | Observed::Started(pid, ..) => *pid,
                Observed::Lost(_) | Observed::Ended(..) | Observed::GaveUp(_) => continue,
            };
            let order = stage.world().process(pid).and_then(|party| party.as_order());
            if let (Some(order), Who::Order(id)) = (order, stage.who(pid)) {
                self.check_order(stage, pid, id, order)?;
            }
            if let Observed::Recorded(_, fact) = event {
                named(fact).into_iter().try_for_each(|order| self.check_line(stage, order))?;
            }
        }
        Ok(())
    }

    /// All broken safety laws; `seen` is the events of the last step.
    pub fn judge(&mut self, stage: &Stage, seen: &[Observed]) -> Vec<Broken> {
        let mut broken = self.hear(stage, seen);
        let recorded = seen.iter().any(|event| matches!(event, Observed::Recorded(..)));
        broken.extend(self.check(stage, recorded));
        broken
    }

    /// The laws about a state, not about how it was reached; with or without the ledger's records.
    pub(crate) fn check(&self, stage: &Stage, ledger_too: bool) -> Vec<Broken> {
        let mut broken = Vec::new();
        let mut note = |judged: Result<(), Broken>| broken.extend(judged.err());
        for (pid, id) in stage.processes() {
            if let Some(order) = stage.world().process(pid).and_then(|party| party.as_order()) {
                note(self.check_order(stage, pid, id, order));
            }
        }
        for (market, _) in stage.exchange().markets() {
            note(check_depth(stage, market));
        }
        if ledger_too {
            note(self.check_ledger(stage));
        }
        broken
    }

    /// Takes the events, and returns the broken laws about single events.
    pub(crate) fn hear(&mut self, stage: &Stage, seen: &[Observed]) -> Vec<Broken> {
        let mut broken = Vec::new();
        let mut note = |judged: Result<(), Broken>| broken.extend(judged.err());
        for event in seen {
            match event {
                Observed::Recorded(_, fact) => note(self.on_fact(fact)),
                Observed::Delivered(envelope) => {
                    note(self.on_said(envelope, true));
                    note(self.on_introduced(stage, envelope));
                }
                Observed::Lost(envelope) => note(self.on_said(envelope, false)),
                Observed::Ended(pid, Reason::Failed(why)) => {
                    let who = stage.who(*pid);
                    if who == Who::Supervisor {
                        continue; // its children's deaths were checked when they died
                    }
                    note(Err(Broken { law: Law::NoBug, what: format!("{who} died: {why}") }));
                }
                Observed::Noted(..)
                | Observed::Started(..)
                | Observed::Ended(..)
                | Observed::GaveUp(_) => {}
            }
        }
        broken
    }

    /// True if it must note or check any of these events; then call [`Inspector::hear`].
    pub(crate) fn is_concerned(seen: &[Observed]) -> bool {
        seen.iter().any(concerns)
    }

    /// False if [`Inspector::forget`] would forget something.
    pub(crate) fn remembers_only_what_counts(&self, stage: &Stage) -> bool {
        let Inspector { history, said_void, proposals, floor_of, introductions } = self;
        introductions.keys().all(|floor| stage.world().is_alive(*floor))
            && history.facts().is_empty()
            && history.deals().all(|deal| is_named(stage, |other| other == deal))
            && said_void.iter().all(|deal| is_named(stage, |other| other == deal))
            && floor_of.keys().all(|deal| is_named(stage, |other| other == deal))
            && proposals.keys().all(|name| is_named(stage, |deal| name_of(deal) == *name))
    }

    /// Forgets what can make no difference to a law any more, so that states that differ only in their past
    /// are one state: deals that no process can mention any more, dead floors.
    ///
    /// A deal can be mentioned while a message or a note names it. (A maker that waits for an answer
    /// knows its proposal without either, but does nothing with it unless a message names it.)
    pub fn forget(&mut self, stage: &Stage) {
        let Inspector { history, said_void, proposals, floor_of, introductions } = self;
        introductions.retain(|floor, _| stage.world().is_alive(*floor));
        let counts = |deal: &Deal| is_named(stage, |other| other == deal);
        history.forget_but(counts);
        said_void.retain(counts);
        floor_of.retain(|deal, _| counts(deal));
        proposals.retain(|name, _| is_named(stage, |deal| name_of(deal) == *name));
    }

    /// An inspector of a world that recovered from these facts.
    pub fn of(history: History) -> Inspector {
        Inspector { history, ..Inspector::default() }
    }

    fn on_fact(&mut self, fact: &Fact) -> Result<(), Broken> {
        if let Fact::Traded { deal, .. } = fact {
            let said = self.said_void.contains(deal);
            check(!said, Law::Agreement, || format!("{deal:?} was said to be void, and traded"))?;
        }
        self.history.take(fact)
    }

    /// Every message about the end of a deal is true, now and later; a deal's name is used once.
    /// (A late question of a former life may be answered `voided` when the ledger has forgotten how that
    /// deal ended; no process receives the answer.)
    fn on_said(&mut self, envelope: &Envelope<Message>, heard: bool) -> Result<(), Broken> {
        match message(envelope) {
            Some(Message::Recorded { deal } | Message::Complete { deal }) => {
                let so = self.history.is_trade(deal);
                check(so, Law::Agreement, || format!("{deal:?} was said to be a trade and is not"))
            }
            Some(Message::Voided { deal } | Message::Withdraw { deal }) if heard => {
                self.said_void.insert(*deal);
                let so = !self.history.is_trade(deal);
                check(so, Law::Agreement, || format!("{deal:?} was said to be void and is a trade"))
            }
            Some(Message::Propose { deal, price, quantity, .. }) => {
                let name = name_of(deal);
                let offer = (deal.taker, *price, *quantity);
                let before = *self.proposals.entry(name).or_insert(offer);
                check(before == offer, Law::Agreement, || format!("{deal:?} names two deals"))
            }
            _ => Ok(()),
        }
    }

    /// At a floor's next introduction, no order holds anything for its earlier ones.
    fn on_introduced(&mut self, stage: &Stage, envelope: &Envelope<Message>) -> Result<(), Broken> {
        let Some(Message::Introduce { introduction, .. }) = message(envelope) else {
            return Ok(());
        };
        let floor = envelope.from;
        for (pid, _) in stage.processes() {
            let Some(hold) = stage.world().note(pid) else { continue };
            let deal = hold.deal;
            let of_floor = self.floor_of.get(&deal) == Some(&floor);
            let over = !of_floor || self.history.has_ended(&deal);
            check(over, Law::OneIntroduction, || {
                format!("introduction {introduction} while {deal:?} is in progress")
            })?;
        }
        let last = self.introductions.insert(floor, *introduction);
        let next = last.is_none_or(|last| last < *introduction);
        check(next, Law::OneIntroduction, || format!("introduction {introduction} came twice"))?;
        // The proposal that follows it, if any, is waiting for delivery.
        for signal in stage.world().signals() {
            if let Some(Message::Propose { deal, introduction: by, .. }) = message(signal)
                && signal.from == envelope.to
                && by == introduction
            {
                self.floor_of.insert(*deal, floor);
            }
        }
        Ok(())
    }

    /// An order's state agrees with the facts.
    fn check_order(
        &self,
        stage: &Stage,
        pid: Pid,
        id: OrderId,
        order: &Order,
    ) -> Result<(), Broken> {
        let Some(line) = self.history.line(id) else { return Ok(()) };
        if !order.knows_itself() {
            return Ok(()); // restarted, and has not received its state yet
        }
        let (open, held, done, size) = (order.open(), order.held(), order.filled(), order.size());
        check(open + held + done == size, Law::Conservation, || {
            format!("{id}: open {open}, held {held}, done {done} are not {size}")
        })?;
        let same = (order.price(), size) == (line.price, line.size);
        check(same, Law::Books, || format!("{id} believes in {size} @ {}", order.price()))?;
        let note = stage.world().note(pid);
        let logged = note.is_none_or(|hold| hold.quantity == held);
        check(logged, Law::Conservation, || format!("{id} holds {held}, its note says {note:?}"))?;
        let unheard = match note {
            Some(hold) if self.history.is_trade(&hold.deal) => hold.quantity,
            _ => Lots::ZERO,
        };
        check(done + unheard == line.filled, Law::Awareness, || {
            format!(
                "{id} knows of {done} done and holds {unheard} for a trade; it traded {}",
                line.filled
            )
        })
    }

    /// The ledger's counts agree with the facts.
    fn check_ledger(&self, stage: &Stage) -> Result<(), Broken> {
        let ledger = stage.ledger();
        let open = self.history.lines().filter(|line| line.is_open());
        check(ledger.open_orders() == open.count(), Law::Books, || {
            format!("the ledger has {} open orders", ledger.open_orders())
        })?;
        self.history.lines().try_for_each(|line| self.check_line(stage, line.entered.order))
    }

    /// The ledger's record of an order agrees with the facts.
    fn check_line(&self, stage: &Stage, id: OrderId) -> Result<(), Broken> {
        let Some(line) = self.history.line(id) else { return Ok(()) };
        let ledger = stage.ledger();
        let same = match ledger.order(id) {
            None => !line.is_open(),
            Some(l) => {
                line.is_open()
                    && (l.price, l.size, l.filled, l.priority, l.is_suspended())
                        == (line.price, line.size, line.filled, line.priority, line.suspended)
            }
        };
        check(same, Law::Books, || format!("the ledger's line of {id}: {:?}", ledger.order(id)))
    }
}

/// True if an inspector must note or check this event.
fn concerns(event: &Observed) -> bool {
    match event {
        Observed::Delivered(envelope) | Observed::Lost(envelope) => matches!(
            message(envelope),
            Some(
                Message::Recorded { .. }
                    | Message::Complete { .. }
                    | Message::Voided { .. }
                    | Message::Withdraw { .. }
                    | Message::Propose { .. }
                    | Message::Introduce { .. }
            )
        ),
        Observed::Recorded(..) | Observed::Ended(_, Reason::Failed(_)) => true,
        Observed::Noted(..) | Observed::Started(..) | Observed::Ended(..) | Observed::GaveUp(_) => {
            false
        }
    }
}

/// A deal's name but for its taker.
fn name_of(deal: &Deal) -> Proposal {
    (deal.maker, deal.incarnation, deal.number)
}

/// True if a waiting message or a note names such a deal.
fn is_named(stage: &Stage, is: impl Fn(&Deal) -> bool) -> bool {
    let mut said = stage.world().signals().filter_map(message).filter_map(Message::deal);
    said.any(|deal| is(&deal)) || stage.world().notes().any(|hold| is(&hold.deal))
}

/// The orders of a fact.
fn named(fact: &Fact) -> Vec<OrderId> {
    match *fact {
        Fact::Entered(entered) => vec![entered.order],
        Fact::Traded { deal, .. } | Fact::Voided { deal } => vec![deal.maker, deal.taker],
        Fact::Replaced { order, .. }
        | Fact::Suspended { order }
        | Fact::Released { order }
        | Fact::Cancelled { order, .. } => vec![order],
        Fact::Started { .. }
        | Fact::MarketOpened { .. }
        | Fact::MarketStopped { .. }
        | Fact::MarketResumed { .. } => Vec::new(),
    }
}

/// A floor's quantity at each price is the sum of the orders that rest there.
fn check_depth(stage: &Stage, market: MarketId) -> Result<(), Broken> {
    let Some(floor) = stage.exchange().floor(market) else { return Ok(()) };
    for side in [Side::Buy, Side::Sell] {
        if floor.side(side).best().is_none() && floor.side(side).resting() == 0 {
            continue;
        }
        let mut depth: Vec<(Price, Lots)> = Vec::new();
        for (_, price, quantity) in floor.resting(side) {
            match depth.last_mut() {
                Some((last, sum)) if *last == price => *sum += quantity,
                _ => depth.push((price, quantity)),
            }
        }
        let shown: Vec<_> = floor.side(side).levels().collect();
        check(shown == depth, Law::Books, || format!("{side} levels {shown:?}, orders {depth:?}"))?;
    }
    Ok(())
}

/// The parties of a deal: maker, then taker.
pub(super) fn parties(deal: &Deal) -> [Who; 2] {
    [Who::Order(deal.maker), Who::Order(deal.taker)]
}
