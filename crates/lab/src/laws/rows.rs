//! "What could go wrong here?", as a table: where in a deal, what happens there, how it is noticed, what comes of
//! it, and the chart that shows it. A row is recognised in any run by its events alone: a chart or a
//! seed cannot claim one.

use std::collections::BTreeMap;

use kernel::{Pid, Reason};
use market::Hold;
use protocol::{Fact, Message};
use units::OrderId;

use super::history::History;
use crate::world::{Observed, Stage, Who, message};

macro_rules! rows {
    ($($row:ident = $name:literal, $place:literal, $what:literal,
        $noticed:literal, $comes:literal, $chart:literal;)*) => {
        /// Something that can go wrong in a deal. 1 is the proposal, 2 the acceptance; *I* is the maker, *R* the
        /// incoming order, *L* the ledger.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Row { $(#[doc = $what] $row,)* }

        impl Row {
            /// Every row, in the table's order.
            pub const ALL: &[Row] = &[$(Row::$row,)*];

            /// What it is called, in kebab-case.
            pub fn name(self) -> &'static str {
                match self { $(Row::$row => $name,)* }
            }

            /// The test that goes through its chart: `cargo test -p buttonwood-lab --test rows NAME`.
            pub fn test(self) -> String {
                let name = self.name().replace('1', "the-proposal").replace('2', "the-acceptance");
                name.replace('-', "_")
            }

            /// Where in a deal.
            pub fn place(self) -> &'static str {
                match self { $(Row::$row => $place,)* }
            }

            /// What happens there.
            pub fn what(self) -> &'static str {
                match self { $(Row::$row => $what,)* }
            }

            /// How the others find out.
            pub fn noticed(self) -> &'static str {
                match self { $(Row::$row => $noticed,)* }
            }

            /// What comes of it.
            pub fn comes(self) -> &'static str {
                match self { $(Row::$row => $comes,)* }
            }

            /// The file in `charts/` that shows it, without its extension.
            pub fn chart(self) -> &'static str {
                match self { $(Row::$row => $chart,)* }
            }
        }
    };
}

rows! {
    BeforeProposalTakerDies = "before-1-the-incoming-order-dies", "before 1", "the incoming order dies",
        "the announcement of its next life; I's monitor, if it proposes meanwhile",
        "the introduction is void: I passes, and R returns with its priority and is introduced again",
        "the-incoming-order-dies-before-its-introduction";
    AtIntroduceMakerDies = "at-introduce-the-resting-order-dies", "at introduce", "the resting order dies",
        "the announcement of its next life",
        "I keeps its priority; the floor queries both, and introduces I again under a new number",
        "the-maker-dies-before-its-introduction";
    AfterProposalMakerDies = "after-1-the-maker-dies", "after 1", "I dies",
        "R's monitor, if it has accepted; the announcement of I's next life",
        "R asks L, which voids d; I's hold was not in its note, so it ends with the process",
        "the-maker-dies-after-proposing";
    AfterProposalTakerDies = "after-1-the-incoming-order-dies", "after 1", "R dies",
        "I's monitor, and the announcement of R's next life",
        "I releases its hold and passes; R returns and is introduced again",
        "the-incoming-order-dies-before-the-proposal";
    AfterAcceptMakerDies = "after-2-the-maker-dies", "after 2", "I dies before record",
        "R's monitor",
        "R asks L, which voids d for good; I returns and is introduced again",
        "the-acceptance-is-lost";
    AfterAcceptTakerDies = "after-2-the-incoming-order-dies", "after 2", "R dies",
        "it need not be: I waits for L, not for R",
        "I goes on, because R's hold is in its note; R returns, asks L, and learns how d ended",
        "the-incoming-order-dies-after-accepting";
    AtRecordLedgerDies = "at-record-the-ledger-dies", "at record", "L dies",
        "the monitor of each order that waits for it",
        "its next life reads the same fold; an order in doubt asks again",
        "the-ledger-dies-before-it-records";
    AfterRecordedMakerDies = "after-recorded-the-maker-dies", "after recorded", "I dies before complete",
        "R's monitor",
        "R asks L, which answers `recorded`; I's next life learns the same",
        "the-maker-dies-after-its-trade-is-recorded";
    FloorDies = "the-floor-dies", "anywhere", "the floor dies",
        "its supervisor; orders send to its name, not to its address",
        "deals in progress go on; its next life queries every order before it hears an incoming one",
        "the-floor-dies-in-a-deal";
    ChangeArrives = "a-cancel-or-replace-arrives", "anywhere", "a cancel or replace arrives",
        "it is a message",
        "the deal ends first; then the change applies to what is left, which may be nothing",
        "a-cancel-meets-a-deal";
    KillsEachTime = "a-message-kills-each-time", "anywhere", "a message kills its receiver each time",
        "the supervisor counts the deaths of each child",
        "the order is suspended with a fact and leaves the floor, and the market goes on",
        "a-resting-order-is-given-up";
    WorldDies = "the-machine-dies", "anywhere", "the program or machine dies",
        "the clients' connections",
        "startup folds the journal up to its last whole command; clients submit again",
        "the-machine-dies-in-a-deal";
}

/// Which rows a run has come through, and how often.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    counts: BTreeMap<Row, u64>,
    /// Logged holds of living processes.
    notes: BTreeMap<Pid, Hold>,
}

impl Rows {
    /// How often a run came through a row.
    pub fn count(&self, row: Row) -> u64 {
        self.counts.get(&row).copied().unwrap_or(0)
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Rows) {
        for (row, count) in &other.counts {
            *self.counts.entry(*row).or_default() += count;
        }
    }

    fn set(&mut self, row: Row) {
        *self.counts.entry(row).or_default() += 1;
    }

    /// All notes are lost with their world.
    pub fn world_is_lost(&mut self) {
        self.notes.clear();
    }

    /// Takes the events of a step, or of a death between two steps. Call it for each, in order.
    pub fn take(&mut self, stage: &Stage, history: &History, seen: &[Observed]) {
        for event in seen {
            match event {
                Observed::Noted(by, Some(hold)) => {
                    self.notes.insert(*by, *hold);
                }
                Observed::Noted(by, None) => {
                    self.notes.remove(by);
                }
                Observed::Ended(pid, reason) => {
                    let hold = self.notes.remove(pid);
                    if !matches!(reason, Reason::Normal) {
                        self.on_death(stage, history, *pid, hold);
                    }
                }
                Observed::Delivered(envelope) => {
                    if let Some(Message::Cancel { .. } | Message::Replace { .. }) =
                        message(envelope)
                    {
                        self.on_change(stage, envelope.to);
                    }
                }
                // The first start comes before any monitor is set.
                Observed::Recorded(_, Fact::Started { .. }) => self.set(Row::WorldDies),
                Observed::GaveUp(_) => self.set(Row::KillsEachTime),
                Observed::Recorded(..) | Observed::Lost(_) | Observed::Started(..) => {}
            }
        }
    }

    fn on_change(&mut self, stage: &Stage, to: Pid) {
        let order = stage.world().process(to).and_then(|party| party.as_order());
        if order.is_some_and(|order| !order.held().is_zero()) {
            self.set(Row::ChangeArrives);
        }
    }

    /// A process has died: its signals in flight and its note show the step of the deal.
    fn on_death(&mut self, stage: &Stage, history: &History, pid: Pid, hold: Option<Hold>) {
        match stage.who(pid) {
            Who::Floor(_) => return self.set(Row::FloorDies),
            Who::Order(id) => self.on_hold(history, id, hold),
            Who::Ledger => {}
            Who::Client | Who::Orders(_) | Who::Supervisor => return,
        }
        let mut rows = Vec::new();
        for signal in stage.world().signals() {
            let Some(say) = message(signal) else { continue };
            rows.extend(match say {
                Message::Introduce { incoming, .. } if *incoming == pid => {
                    Some(Row::BeforeProposalTakerDies)
                }
                Message::Introduce { .. } if signal.to == pid => Some(Row::AtIntroduceMakerDies),
                Message::Propose { .. } if signal.from == pid => Some(Row::AfterProposalMakerDies),
                Message::Propose { .. } if signal.to == pid => Some(Row::AfterProposalTakerDies),
                Message::Accept { .. } if signal.to == pid => Some(Row::AfterAcceptMakerDies),
                Message::Record { .. } if signal.from == pid => Some(Row::AfterAcceptMakerDies),
                Message::Record { .. } if signal.to == pid => Some(Row::AtRecordLedgerDies),
                _ => None,
            });
        }
        rows.into_iter().for_each(|row| self.set(row));
    }

    /// An order has died with a logged hold.
    fn on_hold(&mut self, history: &History, id: OrderId, hold: Option<Hold>) {
        let Some(Hold { deal, .. }) = hold else { return };
        if deal.maker == id && history.is_trade(&deal) {
            self.set(Row::AfterRecordedMakerDies);
        }
        if deal.taker == id && !history.has_ended(&deal) {
            self.set(Row::AfterAcceptTakerDies);
        }
    }
}
