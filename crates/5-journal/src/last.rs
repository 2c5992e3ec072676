//! The command of a journal's last facts: a command is one group, also across restarts.

use protocol::bytes::BytesError;
use units::CommandId;

use crate::Batch;

/// The groups of the last record, for the last command.
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

    /// The first fact of that record.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn command(&self) -> Result<Option<CommandId>, BytesError> {
        let batch = Batch { first: self.first, facts: self.facts, groups: &self.groups };
        batch.each_fact(&mut |_, _| ())
    }
}
