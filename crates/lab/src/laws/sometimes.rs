//! The twins of the laws: states that must be reached now and then, because a law that no state
//! tests always holds. Each is a mark; a long enough run of seeds must set every one.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{CancelReason, Fact, Message, RejectCode, Response};
use units::OrderId;

use super::history::History;
use super::safety::parties;
use crate::world::{Observed, Stage, Who, message};

macro_rules! marks {
    ($($name:ident = $text:literal;)*) => {
        /// A state that must be reached sometimes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Mark { $(#[doc = $text] $name,)* }

        impl Mark {
            /// Every mark.
            pub const ALL: &[Mark] = &[$(Mark::$name,)*];

            /// What the state is, in words.
            pub fn text(self) -> &'static str {
                match self { $(Mark::$name => $text,)* }
            }
        }
    };
}

marks! {
    FilledInParts = "no overfill: an order was filled by several trades";
    LedgerSaidVoid = "agreement: the ledger voided a deal";
    DoubtfulLearnedOfTrade = "agreement: a party in doubt learned that its deal is a trade";
    PartyDeadAtTrade = "awareness: a party was dead when its trade was recorded";
    DiedWithHold = "conservation: an order died with a logged hold";
    BetterThanLimit = "fair price: an incoming order traded better than its limit";
    ReplacedAfterTrade = "outside facts: an order was replaced after a trade";
    BackWithTrades = "books: an order that had traded came back from a death";
    IncomingWaited = "one introduction: an incoming order came while another was heard";
    Suspended = "drain: an order was suspended";
    SuspendedLeft = "drain: a suspended order was cancelled";
    MakerDiedProposing = "the maker died after it proposed";
    MakerDiedClosing = "the maker died after it asked the ledger";
    MakerDiedRecorded = "the maker died with its trade in the ledger";
    TakerDiedAccepted = "the incoming order died after it accepted";
    TakerDiedRecorded = "the incoming order died with its trade in the ledger";
    IntroduceLost = "an introduction found its maker dead";
    ProposeLost = "a proposal found the incoming order dead";
    AcceptLost = "an acceptance found the maker dead";
    CompleteLost = "the word of completion found the incoming order dead";
    RecordLost = "the ledger died with a deal on its way to it";
    FloorDiedHearing = "a floor died while it heard an incoming order";
    AnnounceLost = "an announcement found the floor dead";
    CancelMetDeal = "a cancel met a deal in progress";
    ReplaceMetDeal = "a replace met a deal in progress";
    Unmatched = "an immediate order left with a rest";
    BeyondCollar = "price rules: an order beyond the collar was refused";
    CollarFollowed = "price rules: a collar followed a trade";
    NotAboveZero = "price rules: a price of zero or below was refused";
}

/// How often each mark was set.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    counts: BTreeMap<Mark, u64>,
    suspended: BTreeSet<OrderId>,
}

impl Marks {
    /// How often a mark was set.
    pub fn count(&self, mark: Mark) -> u64 {
        self.counts.get(&mark).copied().unwrap_or(0)
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Marks) {
        for (mark, count) in &other.counts {
            *self.counts.entry(*mark).or_default() += count;
        }
    }

    fn set(&mut self, mark: Mark) {
        *self.counts.entry(mark).or_default() += 1;
    }

    fn set_if(&mut self, condition: bool, mark: Mark) {
        if condition {
            self.set(mark);
        }
    }

    /// The answers of validation.
    pub(crate) fn answered(&mut self, response: &Response) {
        self.set_if(*response == Response::Rejected(RejectCode::BeyondCollar), Mark::BeyondCollar);
        self.set_if(
            *response == Response::Rejected(RejectCode::PriceNotAboveZero),
            Mark::NotAboveZero,
        );
    }

    /// The state in which a process is about to be killed.
    pub(crate) fn before_kill(&mut self, stage: &Stage, history: &History, who: Who) {
        let Some(pid) = stage.find(who) else { return };
        let party = stage.world().process(pid);
        if let Some(floor) = party.and_then(|party| party.as_floor()) {
            return self.set_if(!floor.is_quiet(), Mark::FloorDiedHearing);
        }
        let (Some(order), Who::Order(id)) = (party.and_then(|party| party.as_order()), who) else {
            return;
        };
        let Some(hold) = stage.world().note(pid) else {
            return self.set_if(!order.held().is_zero(), Mark::MakerDiedProposing);
        };
        self.set(Mark::DiedWithHold);
        self.set(match (hold.deal.maker == id, history.is_trade(&hold.deal)) {
            (true, false) => Mark::MakerDiedClosing,
            (true, true) => Mark::MakerDiedRecorded,
            (false, false) => Mark::TakerDiedAccepted,
            (false, true) => Mark::TakerDiedRecorded,
        });
    }

    /// The events of a step.
    pub(crate) fn take(&mut self, stage: &Stage, history: &History, seen: &[Observed]) {
        for event in seen {
            match event {
                Observed::Recorded(_, fact) => self.on_fact(stage, history, fact),
                Observed::Delivered(envelope) => {
                    if let Some(say) = message(envelope) {
                        self.on_delivered(stage, history, stage.who(envelope.to), say);
                    }
                }
                Observed::Lost(envelope) => match message(envelope) {
                    Some(Message::Introduce { .. }) => self.set(Mark::IntroduceLost),
                    Some(Message::Propose { .. }) => self.set(Mark::ProposeLost),
                    Some(Message::Accept { .. }) => self.set(Mark::AcceptLost),
                    Some(Message::Complete { .. }) => self.set(Mark::CompleteLost),
                    Some(Message::Record { .. }) => self.set(Mark::RecordLost),
                    Some(Message::Announce(_)) => self.set(Mark::AnnounceLost),
                    _ => {}
                },
                Observed::Noted(..)
                | Observed::Started(..)
                | Observed::Ended(..)
                | Observed::GaveUp(_) => {}
            }
        }
    }

    fn on_fact(&mut self, stage: &Stage, history: &History, fact: &Fact) {
        match *fact {
            Fact::Traded { deal, market, price, .. } => {
                self.set_if(history.followed(market).is_some(), Mark::CollarFollowed);
                let dead = parties(&deal).iter().any(|who| stage.find(*who).is_none());
                self.set_if(dead, Mark::PartyDeadAtTrade);
                for order in [deal.maker, deal.taker] {
                    let line = history.line(order);
                    let filled = line.is_some_and(|line| !line.is_open() && line.trades > 1);
                    self.set_if(filled, Mark::FilledInParts);
                }
                let limit = history.line(deal.taker).map(|line| line.price);
                self.set_if(limit.is_some_and(|limit| limit != price), Mark::BetterThanLimit);
            }
            Fact::Voided { .. } => self.set(Mark::LedgerSaidVoid),
            Fact::Replaced { order, .. } => {
                let traded = history.line(order).is_some_and(|line| line.trades > 0);
                self.set_if(traded, Mark::ReplacedAfterTrade);
            }
            Fact::Suspended { order } => {
                self.suspended.insert(order);
                self.set(Mark::Suspended);
            }
            Fact::Released { order } => {
                self.suspended.remove(&order);
            }
            Fact::Cancelled { order, reason, .. } => {
                self.set_if(self.suspended.contains(&order), Mark::SuspendedLeft);
                self.set_if(reason == CancelReason::Unmatched, Mark::Unmatched);
            }
            _ => {}
        }
    }

    fn on_delivered(&mut self, stage: &Stage, history: &History, to: Who, say: &Message) {
        let holds = || {
            let pid = stage.find(to)?;
            let order = stage.world().process(pid)?.as_order()?;
            Some(!order.held().is_zero())
        };
        match say {
            Message::Resolve { deal, .. } => {
                self.set_if(history.is_trade(deal), Mark::DoubtfulLearnedOfTrade);
            }
            Message::Restored { filled, .. } => {
                self.set_if(!filled.is_zero(), Mark::BackWithTrades)
            }
            Message::Cancel { .. } => self.set_if(holds() == Some(true), Mark::CancelMetDeal),
            Message::Replace { .. } => self.set_if(holds() == Some(true), Mark::ReplaceMetDeal),
            Message::Announce(_) => {
                let Who::Floor(market) = to else { return };
                let floor = stage.exchange().floor(market);
                let waits = floor.is_some_and(|floor| floor.waiting() > 0);
                self.set_if(waits, Mark::IncomingWaited);
            }
            _ => {}
        }
    }
}
