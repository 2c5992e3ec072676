//! The journal's thread: writes what the world's thread hands on, syncs once for all that waits,
//! then answers clients and tells subscribers. Nobody is told anything before it is durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use journal::{Journal, JournalError};
use words::bytes::Groups;

use super::Shared;
use super::letters::{Chunk, History, Live, ToJournal, Unavailable};

/// Most bytes that are written before a sync: about ten milliseconds' worth.
const SYNC_BYTES: usize = 4 << 20;
/// While there is no room, it is looked for so often.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(100);

pub(crate) struct JournalLoop {
    journal: Box<dyn Journal>,
    from_world: Receiver<ToJournal>,
    shared: Arc<Shared>,
    subscribers: Vec<SyncSender<Live>>,
    /// For a journal that keeps nothing: facts for who subscribes later, and their bound in bytes.
    memory: Option<(VecDeque<Live>, usize)>,
    remembered: usize,
    /// True once this start has a fact in the journal.
    begun: bool,
}

impl JournalLoop {
    pub(crate) fn new(
        journal: Box<dyn Journal>,
        from_world: Receiver<ToJournal>,
        shared: Arc<Shared>,
        memory: Option<usize>,
    ) -> JournalLoop {
        let memory = memory.map(|bound| (VecDeque::new(), bound));
        let subscribers = Vec::new();
        JournalLoop {
            journal,
            from_world,
            shared,
            subscribers,
            memory,
            remembered: 0,
            begun: false,
        }
    }

    pub(crate) fn run(mut self) {
        let mut going = true;
        while going {
            let first = match self.wait() {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.look_for_room();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut chunks = Vec::new();
            let mut bytes = 0;
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    ToJournal::Chunk(chunk) => {
                        bytes += chunk.groups.bytes().len();
                        chunks.push(chunk);
                    }
                    ToJournal::Subscribe(live, history) => {
                        going &= self.commit(std::mem::take(&mut chunks));
                        self.subscribe(live, &history);
                    }
                    ToJournal::End => {
                        going = false;
                        break;
                    }
                }
                next = if bytes < SYNC_BYTES { self.from_world.try_recv().ok() } else { None };
            }
            going &= self.commit(chunks);
        }
    }

    fn wait(&self) -> Result<ToJournal, RecvTimeoutError> {
        if self.shared.room.load(Ordering::Relaxed) {
            self.from_world.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.from_world.recv_timeout(LOOK_FOR_ROOM)
        }
    }

    fn look_for_room(&mut self) {
        match self.journal.room() {
            Ok(room) => self.shared.room.store(room.for_orders, Ordering::Relaxed),
            Err(why) => self.shared.fail(why.to_string()),
        }
    }

    /// Makes chunks durable, then tells. False if the journal failed: then those who wait hear that.
    fn commit(&mut self, chunks: Vec<Chunk>) -> bool {
        if chunks.is_empty() {
            return true;
        }
        if let Err(why) = self.write(&chunks) {
            self.shared.fail(why.to_string());
            self.shared.stopping.store(true, Ordering::Release);
            for (_, reply) in chunks.into_iter().flat_map(|chunk| chunk.replies) {
                reply.give(Err(Unavailable));
            }
            return false;
        }
        self.look_for_room();
        self.shared.durable.store(self.journal.durable() - 1, Ordering::Release);
        for chunk in chunks {
            self.tell(chunk);
        }
        true
    }

    fn write(&mut self, chunks: &[Chunk]) -> Result<(), JournalError> {
        for chunk in chunks.iter().filter(|chunk| !chunk.groups.is_empty()) {
            self.append(&chunk.groups)?;
        }
        self.journal.sync()?;
        self.begun = true;
        Ok(())
    }

    /// Appends; while the disk is full, waits for room. Nobody has been told of these facts yet.
    /// A start that cannot even write that it began fails: nobody would see what it waits for.
    fn append(&mut self, groups: &Groups) -> Result<(), JournalError> {
        loop {
            match self.journal.append(groups) {
                Err(JournalError::Full { .. })
                    if self.begun && !self.shared.stopping.load(Ordering::Acquire) =>
                {
                    self.shared.room.store(false, Ordering::Relaxed);
                    std::thread::park_timeout(LOOK_FOR_ROOM);
                }
                result => return result,
            }
        }
    }

    fn tell(&mut self, chunk: Chunk) {
        let Chunk { groups, replies, answers, snapshot } = chunk;
        if !groups.is_empty() && (!self.subscribers.is_empty() || self.memory.is_some()) {
            let groups = Live::new(groups);
            // A subscriber who is too far behind is cut off; nobody waits for it.
            self.subscribers.retain(|to| match to.try_send(groups.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            });
            self.remember(groups);
        }
        self.shared.asks.fetch_add(answers as u64, Ordering::Relaxed);
        for (answers, reply) in replies {
            reply.give(Ok(answers));
        }
        if let Some((position, bytes)) = snapshot {
            // The journal has all facts; only the next start takes longer. The operator is told, and
            // trading goes on: a disk that is full for a snapshot has its reserve for cancels.
            let saved = self.journal.save_snapshot(position, &bytes);
            self.shared.set_unsaved(saved.err().map(|why| why.to_string()));
        }
    }

    fn remember(&mut self, groups: Live) {
        let Some((history, bound)) = &mut self.memory else { return };
        self.remembered += groups.bytes();
        history.push_back(groups);
        while self.remembered > *bound {
            let Some(oldest) = history.pop_front() else { break };
            self.remembered -= oldest.bytes();
        }
    }

    fn subscribe(&mut self, live: SyncSender<Live>, history: &SyncSender<History>) {
        let before = match &self.memory {
            Some((kept, _)) => History::Kept(kept.clone()),
            None => History::Journal(self.journal.reader(), self.journal.durable()),
        };
        if history.send(before).is_ok() {
            self.subscribers.push(live);
        }
    }
}
