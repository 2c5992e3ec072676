//! The durable and the written part of the world's log, and recovery of a lost world: the
//! shipped recovery, from a journal without its unsynced end. No file is touched.

use std::hash::{Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::Arc;

use exchange::{Options, steps::recover_watched};
use journal::{Batch, FreeSpace, Journal, JournalError, Reader, Snapshot};
use ledger::Ledger;
use protocol::bytes::FactEncoder;
use protocol::{Fact, Stamp};
use units::{CommandId, Time};

use crate::laws::History;
use crate::world::{Observed, Stage, Witness};

/// The log of a world that may be lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    /// Durable facts.
    base: Arc<Base>,
    /// Whole commands that the journal has, and that are not durable yet.
    written: Vec<Group>,
    /// Facts of the command in progress: the journal gets them when no message is left.
    under_way: Vec<Fact>,
}

/// The durable part of the log, and what it folds to.
#[derive(Clone, Debug, Default)]
struct Base {
    groups: Vec<Group>,
    /// Facts that clients may have heard of.
    told: History,
    ledger: Ledger,
}

/// The facts between two quiet moments. The journal has all or none of them: it truncates a torn end to the end of a
/// batch, and batches are whole commands.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Group {
    command: CommandId,
    facts: Vec<Fact>,
}

impl Hash for Disk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Disk { base, written, under_way } = self;
        (&base.ledger, written, under_way).hash(state);
    }
}

impl Disk {
    /// Takes the facts of a step. Once no message is left, the journal gets them.
    pub(super) fn take(&mut self, seen: &[Observed], stage: &Stage) {
        let recorded = seen.iter().filter_map(|event| match event {
            Observed::Recorded(_, fact) => Some(*fact),
            _ => None,
        });
        self.under_way.extend(recorded);
        if stage.world().waiting() == 0 && !self.under_way.is_empty() {
            let facts = std::mem::take(&mut self.under_way);
            let command = CommandId(stage.next_command().0 - 1);
            match self.written.last_mut() {
                // No command came since, so these facts belong to the same one.
                Some(last) if last.command == command => last.facts.extend(facts),
                _ => self.written.push(Group { command, facts }),
            }
        }
    }

    /// Groups that a crash may lose.
    pub(super) fn written(&self) -> usize {
        self.written.len()
    }

    /// True if all that was recorded is durable.
    pub(super) fn is_synced(&self) -> bool {
        self.written.is_empty() && self.under_way.is_empty()
    }

    /// Facts that clients may have heard of.
    pub(super) fn told(&self) -> &History {
        &self.base.told
    }

    /// The fold of what is durable.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.base.ledger
    }

    /// Makes the oldest `groups` written ones durable.
    pub(super) fn sync(&mut self, groups: usize) {
        let base = Arc::make_mut(&mut self.base);
        for group in self.written.drain(..groups) {
            for fact in &group.facts {
                // A broken law was reported when the fact was recorded.
                let _judged = base.told.take(fact);
                let _judged = base.ledger.apply(fact);
            }
            match base.groups.last_mut() {
                Some(last) if last.command == group.command => last.facts.extend(group.facts),
                _ => base.groups.push(group),
            }
        }
        base.told.forget_but(|_| false);
    }

    /// The world is lost. It recovers from the durable facts and the oldest `kept` groups of the written ones, as an
    /// exchange starts. Returns the new world, with the events of its start.
    pub(super) fn recover(&mut self, kept: usize) -> (Stage, Vec<Observed>) {
        self.under_way.clear();
        self.sync(kept);
        self.written.clear();
        let mut journal = Survived::of(&self.base.groups);
        let recovered = recover_watched(&mut journal, Options::default(), Witness::default());
        let (mut exchange, _) = recovered.expect("facts that were recorded can be folded");
        exchange.begin(Time(0), &mut |_, _| ());
        let mut stage = Stage::of(exchange);
        let seen = stage.seen();
        self.take(&seen, &stage);
        (stage, seen)
    }
}

/// A journal after a crash, to be read once.
struct Survived {
    groups: FactEncoder,
}

impl Survived {
    fn of(log: &[Group]) -> Survived {
        let mut groups = FactEncoder::new();
        let mut seq = 0;
        for Group { command, facts } in log {
            for fact in facts {
                seq += 1;
                groups.push(Stamp { seq, command: *command, time: Time(0) }, fact);
            }
        }
        Survived { groups }
    }
}

impl Journal for Survived {
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError> {
        let found = batch.first().map_or(0, |groups| groups.first());
        Err(JournalError::Fenced { expected: self.end(), found })
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        Ok(self.end())
    }

    fn end(&self) -> u64 {
        self.groups.facts() + 1
    }

    fn durable(&self) -> u64 {
        self.end()
    }

    fn free_space(&mut self) -> Result<FreeSpace, JournalError> {
        Ok(FreeSpace { for_orders: true, for_cancels: true, reserve: u64::MAX })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(OneBatch(self.groups.clone()))
    }

    fn save_snapshot(&mut self, position: u64, _bytes: &[u8]) -> Result<(), JournalError> {
        Err(JournalError::SnapshotAhead { position, durable: self.end() })
    }

    fn load_snapshot(&self) -> Result<Snapshot, JournalError> {
        Ok(Snapshot::default())
    }
}

/// All of it as one batch.
struct OneBatch(FactEncoder);

impl Reader for OneBatch {
    fn read(
        &mut self,
        _from: u64,
        until: u64,
        each: &mut dyn FnMut(Batch<'_>) -> ControlFlow<()>,
    ) -> Result<u64, JournalError> {
        let groups = &self.0;
        if groups.facts() > 0 {
            let batch = Batch { first: 1, facts: groups.facts(), groups: groups.bytes() };
            let _stop = each(batch);
        }
        Ok(until)
    }
}
