//! Which ask has the last facts of a journal: an ask is one group, also from one start to the next.

use units::AskId;

use crate::Batch;
use crate::error::JournalError;

/// The last record's groups, from which the last ask is read.
#[derive(Default)]
pub(crate) struct LastGroups {
    first: u64,
    facts: u64,
    groups: Vec<u8>,
}

impl LastGroups {
    pub(crate) fn keep(&mut self, batch: &Batch<'_>) {
        self.first = batch.first;
        self.facts = batch.facts;
        self.groups.clear();
        self.groups.extend_from_slice(batch.groups);
    }

    pub(crate) fn ask(&self) -> Result<Option<AskId>, JournalError> {
        let batch = Batch { first: self.first, facts: self.facts, groups: &self.groups };
        let ask = batch.each_fact(&mut |_, _| ());
        ask.map_err(|error| JournalError::NoFacts { first: self.first, error })
    }
}
