//! The journal's thread: waits for what the world's thread hands on, lets [`Keeping`] decide, then
//! answers clients and tells subscribers. Nobody is told anything before it is durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::Duration;

use super::Shared;
use super::keeping::{Keeping, Next, Turn};
use super::letters::{Chunk, History, Live, ToJournal};

/// While there is no room, it is looked for so often.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(100);

pub(crate) struct JournalLoop {
    keeping: Keeping,
    from_world: Receiver<ToJournal>,
    shared: Arc<Shared>,
    subscribers: Vec<SyncSender<Live>>,
    /// For a journal that keeps nothing: facts for who subscribes later, and their bound in bytes.
    memory: Option<(VecDeque<Live>, usize)>,
    remembered: usize,
}

impl JournalLoop {
    pub(crate) fn new(
        keeping: Keeping,
        from_world: Receiver<ToJournal>,
        shared: Arc<Shared>,
        memory: Option<usize>,
    ) -> JournalLoop {
        let memory = memory.map(|bound| (VecDeque::new(), bound));
        JournalLoop { keeping, from_world, shared, subscribers: Vec::new(), memory, remembered: 0 }
    }

    /// Runs until the world has ended, or the journal has failed.
    pub(crate) fn run(&mut self) {
        let mut going = true;
        let mut ends = false;
        while going && !ends {
            let first = match self.wait() {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    let next = self.keeping.look_for_room();
                    self.shared.room.store(self.keeping.room(), Ordering::Relaxed);
                    going &= self.goes_on(next);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    ToJournal::Chunk(chunk) => self.keeping.take(chunk),
                    ToJournal::Subscribe(live, history) => {
                        going &= self.commit();
                        self.subscribe(live, &history);
                    }
                    ToJournal::End => {
                        ends = true;
                        break;
                    }
                }
                let full = self.keeping.is_full();
                next = if full { None } else { self.from_world.try_recv().ok() };
            }
            going &= self.commit();
        }
        if going && let Err(why) = self.keeping.close() {
            self.shared.fail(why.to_string());
        }
    }

    fn wait(&self) -> Result<ToJournal, RecvTimeoutError> {
        if self.keeping.room() {
            self.from_world.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.from_world.recv_timeout(LOOK_FOR_ROOM)
        }
    }

    /// Makes durable what was taken, and tells; while the disk is full, waits for room. False if the
    /// journal failed: then those who wait hear that when this thread ends.
    fn commit(&mut self) -> bool {
        loop {
            let stopping = self.shared.stopping.load(Ordering::Acquire);
            let Turn { told, durable, room, next } = self.keeping.turn(stopping);
            self.shared.room.store(room, Ordering::Relaxed);
            self.shared.durable.store(durable, Ordering::Release);
            for chunk in told {
                self.tell(chunk);
            }
            match next {
                Next::NoRoom => std::thread::park_timeout(LOOK_FOR_ROOM),
                next => return self.goes_on(next),
            }
        }
    }

    fn goes_on(&self, next: Next) -> bool {
        if let Next::Stop(why) = next {
            self.shared.fail(why);
            return false;
        }
        true
    }

    fn tell(&mut self, mut chunk: Chunk) {
        let groups = std::mem::take(&mut chunk.groups);
        if !groups.is_empty() && (!self.subscribers.is_empty() || self.memory.is_some()) {
            let groups = Live::new(groups);
            // A subscriber who is too far behind is cut off; nobody waits for it.
            self.subscribers.retain(|to| match to.try_send(groups.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            });
            self.remember(groups);
        }
        self.shared.asks.fetch_add(chunk.answers as u64, Ordering::Relaxed);
        chunk.answer();
        if let Some(saved) = self.keeping.save(&mut chunk) {
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
            None => {
                let (reader, durable) = self.keeping.history();
                History::Journal(reader, durable)
            }
        };
        if history.send(before).is_ok() {
            self.subscribers.push(live);
        }
    }
}
