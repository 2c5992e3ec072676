//! A journal that keeps nothing, for durability `memory`.

use std::ops::ControlFlow;

use protocol::bytes::FactEncoder;
use units::CommandId;

use crate::{Batch, FreeSpace, Journal, JournalError, Reader, Snapshot, follow};

/// Counts positions and checks appends as any journal does, and reports everything durable
/// that was synced. No fact outlives it.
#[derive(Clone, Debug)]
pub struct MemoryJournal {
    end: u64,
    durable: u64,
    last_command: Option<CommandId>,
}

impl MemoryJournal {
    /// An empty one, which ends at position 1.
    pub fn new() -> MemoryJournal {
        MemoryJournal { end: 1, durable: 1, last_command: None }
    }
}

impl Default for MemoryJournal {
    fn default() -> MemoryJournal {
        MemoryJournal::new()
    }
}

impl Journal for MemoryJournal {
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError> {
        (self.end, self.last_command) = follow(self.end, self.last_command, batch)?;
        Ok(())
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        self.durable = self.end;
        Ok(self.durable)
    }

    fn end(&self) -> u64 {
        self.end
    }

    fn durable(&self) -> u64 {
        self.durable
    }

    fn free_space(&mut self) -> Result<FreeSpace, JournalError> {
        Ok(FreeSpace { for_orders: true, for_cancels: true, reserve: u64::MAX })
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Nothing)
    }

    /// Does nothing.
    fn save_snapshot(&mut self, position: u64, _bytes: &[u8]) -> Result<(), JournalError> {
        if position > self.durable {
            return Err(JournalError::SnapshotAhead { position, durable: self.durable });
        }
        Ok(())
    }

    fn load_snapshot(&self) -> Result<Snapshot, JournalError> {
        Ok(Snapshot::default())
    }
}

/// Its reader.
struct Nothing;

impl Reader for Nothing {
    fn read(
        &mut self,
        from: u64,
        until: u64,
        _each: &mut dyn FnMut(Batch<'_>) -> ControlFlow<()>,
    ) -> Result<u64, JournalError> {
        if from < until { Err(JournalError::NotKept { from }) } else { Ok(from) }
    }
}
