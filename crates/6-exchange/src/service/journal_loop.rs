//! The journal's thread: waits for what the world's thread hands on, lets [`GroupCommit`] decide, then
//! answers clients and tells subscribers. Nobody is told anything before it is durable. At rest it wakes
//! some times a second, to look after the journal's files and for room.
#![allow(clippy::disallowed_types, reason = "an edge: how long ago it looked is measured")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use super::Shared;
use super::group_commit::{CommitResult, GroupCommit, Next};
use super::messages::{Chunk, History, Live, ToJournal};
use crate::Intake;

/// The journal's files are looked after so often.
const LOOK: Duration = Duration::from_millis(250);
/// While there is no room, so often, and for room too.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(100);

pub(crate) struct JournalLoop {
    group_commit: GroupCommit,
    from_world: Receiver<ToJournal>,
    shared: Arc<Shared>,
    subscribers: Vec<SyncSender<Live>>,
    /// For a journal that keeps nothing: facts for who subscribes later, and their bound in bytes.
    memory: Option<(VecDeque<Live>, usize)>,
    remembered: usize,
    /// When it looks again.
    due: Instant,
}

impl JournalLoop {
    pub(crate) fn new(
        group_commit: GroupCommit,
        from_world: Receiver<ToJournal>,
        shared: Arc<Shared>,
        memory: Option<usize>,
    ) -> JournalLoop {
        let memory = memory.map(|bound| (VecDeque::new(), bound));
        let (subscribers, due) = (Vec::new(), Instant::now() + LOOK);
        JournalLoop { group_commit, from_world, shared, subscribers, memory, remembered: 0, due }
    }

    /// Runs until the world has ended, or the journal has failed.
    pub(crate) fn run(&mut self) {
        let mut going = true;
        let mut ends = false;
        while going && !ends {
            match self.from_world.recv_timeout(self.due.saturating_duration_since(Instant::now())) {
                Ok(first) => {
                    going = self.take(first, &mut ends);
                    if ends || !self.group_commit.is_stalled() {
                        going &= self.commit(ends);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if going && !ends && self.due <= Instant::now() {
                going = self.look();
            }
        }
        if going && let Err(why) = self.group_commit.close() {
            self.shared.fail(why.to_string());
        }
    }

    /// Takes what has come, up to a turn's worth. False if the journal failed.
    fn take(&mut self, first: ToJournal, ends: &mut bool) -> bool {
        let mut going = true;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                ToJournal::Chunk(chunk) => {
                    if let Some(refused) = self.group_commit.take(chunk) {
                        self.answer(refused);
                    }
                }
                ToJournal::Subscribe(live, history) => {
                    going &= self.commit(false);
                    self.subscribe(live, &history);
                }
                ToJournal::End => {
                    *ends = true;
                    break;
                }
            }
            let full = self.group_commit.is_full();
            next = if full { None } else { self.from_world.try_recv().ok() };
        }
        going
    }

    /// Looks after the journal's files and for room, and tries again what waits for some. False if the
    /// journal failed.
    fn look(&mut self) -> bool {
        let next = self.group_commit.check_files();
        let mut going = self.goes_on(next);
        if going && self.group_commit.is_stalled() {
            going = self.commit(false);
        } else if going && self.group_commit.intake() != Intake::All {
            let next = self.group_commit.look_for_space();
            self.shared.set_intake(self.group_commit.intake());
            going = self.goes_on(next);
        }
        let has_room = self.group_commit.intake() == Intake::All;
        self.due = Instant::now() + if has_room { LOOK } else { LOOK_FOR_ROOM };
        going
    }

    /// Makes durable what was taken, and tells. What finds no room waits for the next look, if there is
    /// one. False if the journal failed: then those who wait hear that when this thread ends.
    fn commit(&mut self, ends: bool) -> bool {
        let stopping = ends || self.shared.stopping.load(Ordering::Acquire);
        let had_room = self.group_commit.intake() == Intake::All;
        let CommitResult { acknowledged, durable, intake, next } =
            self.group_commit.commit(stopping);
        self.shared.set_intake(intake);
        self.shared.durable.store(durable, Ordering::Release);
        for chunk in acknowledged {
            self.answer(chunk);
        }
        if had_room && intake != Intake::All {
            self.due = Instant::now() + LOOK_FOR_ROOM;
        }
        self.goes_on(next)
    }

    fn goes_on(&self, next: Next) -> bool {
        if let Next::Stop(why) = next {
            self.shared.fail(why);
            return false;
        }
        true
    }

    fn answer(&mut self, mut chunk: Chunk) {
        let encoder = std::mem::take(&mut chunk.encoder);
        if !encoder.is_empty() && (!self.subscribers.is_empty() || self.memory.is_some()) {
            let facts = Live::new(encoder);
            // A subscriber who is too far behind is cut off; nobody waits for it.
            self.subscribers.retain(|to| match to.try_send(facts.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            });
            self.remember(facts);
        }
        self.shared.commands.fetch_add(chunk.answers as u64, Ordering::Relaxed);
        chunk.answer();
        if let Some(saved) = self.group_commit.save(&mut chunk) {
            self.shared.set_unsaved(saved.err().map(|why| why.to_string()));
        }
    }

    fn remember(&mut self, facts: Live) {
        let Some((history, bound)) = &mut self.memory else { return };
        self.remembered += facts.bytes();
        history.push_back(facts);
        while self.remembered > *bound {
            let Some(oldest) = history.pop_front() else { break };
            self.remembered -= oldest.bytes();
        }
    }

    fn subscribe(&mut self, live: SyncSender<Live>, history: &SyncSender<History>) {
        let before = match &self.memory {
            Some((kept, _)) => History::Kept(kept.clone()),
            None => {
                let (reader, durable) = self.group_commit.history();
                History::Journal(reader, durable)
            }
        };
        if history.send(before).is_ok() {
            self.subscribers.push(live);
        }
    }
}
