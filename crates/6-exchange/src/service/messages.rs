//! The messages between the threads of a service and its clients. Values only: nothing here waits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use journal::Reader;
use protocol::bytes::{FactEncoder, Facts};
use protocol::{Command, Fact, RejectCode, Response, Stamp};
use thiserror::Error;
use units::CommandId;

// ---- commands and answers

/// The answer to one command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The command's number. An order that it entered has the same.
    pub command: CommandId,
    /// Its facts in order, or one rejection or repeat.
    pub responses: Vec<Response>,
}

/// The service ended before the commands were durable, so their outcome is unknown. Commands that are sent again
/// after a restart, under the same client ids, are not carried out twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "the exchange ended before this command was durable, so its outcome is unknown; send it again under the \
     same client id"
)]
pub struct Unavailable;

/// The answers of a batch, or that its outcome is unknown.
pub type Answers = Result<Vec<Answer>, Unavailable>;

/// A callback that is called once, with a batch's answers.
pub struct Reply(Option<Box<dyn FnOnce(Answers) + Send>>);

impl Reply {
    /// Calls `reply` once: with answers, or with [`Unavailable`] when this is dropped.
    pub fn new(reply: impl FnOnce(Answers) + Send + 'static) -> Reply {
        Reply(Some(Box::new(reply)))
    }

    /// Drops it without a call: the client is answered in another way.
    pub(crate) fn forget(mut self) {
        self.0 = None;
    }

    /// Calls it now.
    pub fn give(mut self, answers: Answers) {
        if let Some(reply) = self.0.take() {
            reply(answers);
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl Drop for Reply {
    /// Answers the client even if the service has died, so that every client gets an answer.
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            reply(Err(Unavailable));
        }
    }
}

/// Commands that came in together.
#[derive(Debug)]
pub struct Batch {
    /// The commands.
    pub commands: Vec<Command>,
    /// The callback for their answers.
    pub reply: Reply,
}

/// What comes to the world's thread.
pub(crate) enum ToWorld {
    Batch(Batch),
    Stop,
    /// Does something to the exchange, such as killing a process of it.
    #[cfg(test)]
    Harm(Box<dyn FnOnce(&mut crate::Exchange) + Send>),
}

// ---- facts

/// What comes to the journal's thread.
pub(crate) enum ToJournal {
    Chunk(Chunk),
    /// A subscriber: live facts go to the first channel, and the history before them to the second.
    Subscribe(SyncSender<Live>, SyncSender<History>),
    End,
}

/// Facts of whole commands, with the replies that wait for them.
#[derive(Default, Debug)]
pub struct Chunk {
    pub(crate) encoder: FactEncoder,
    pub(crate) replies: Vec<Waiting>,
    pub(crate) answers: usize,
    /// The fold of all facts before a position.
    pub(crate) snapshot: Option<(u64, Vec<u8>)>,
}

impl Chunk {
    /// Its facts, encoded.
    pub fn encoder(&self) -> &FactEncoder {
        &self.encoder
    }

    /// True if it has no fact, and each of its commands was rejected for lack of space: then its answers reveal
    /// nothing that is not durable yet.
    pub(crate) fn is_refused_for_space(&self) -> bool {
        let mut answers = self.replies.iter().flat_map(|(answers, _)| answers);
        self.encoder.is_empty()
            && self.snapshot.is_none()
            && answers
                .all(|answer| answer.responses == [Response::Rejected(RejectCode::JournalFull)])
    }

    /// Answers its commands. Call it only once it is durable, or was rejected for lack of space.
    pub fn answer(&mut self) {
        for (answers, reply) in self.replies.drain(..) {
            reply.give(Ok(answers));
        }
    }
}

/// The answers of a batch, with their callback.
pub(crate) type Waiting = (Vec<Answer>, Reply);

/// Facts that were just made durable; shared between subscribers, read on their threads.
#[derive(Clone)]
pub(crate) struct Live(Arc<FactEncoder>);

impl Live {
    pub(crate) fn new(encoder: FactEncoder) -> Live {
        Live(Arc::new(encoder))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes().len()
    }

    pub(crate) fn facts(&self) -> Arc<[(Stamp, Fact)]> {
        let facts = Facts::new(self.0.bytes(), self.0.first());
        facts.map(|fact| fact.expect("bytes that this program has just written")).collect()
    }
}

/// The facts before the live ones.
pub(crate) enum History {
    /// In a journal, up to this position.
    Journal(Box<dyn Reader>, u64),
    /// In memory.
    Kept(VecDeque<Live>),
}
