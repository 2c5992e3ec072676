//! How asks come in: batches into a bounded queue, answers out when durable.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use units::AskId;
use words::{Ask, Tell};

use super::Shared;
use super::world_loop::ToWorld;

/// What became of one ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The number that the ask got. An order that it placed has the same.
    pub ask: AskId,
    /// Its facts in order, or one refusal or repeat.
    pub tells: Vec<Tell>,
}

/// The queue is full: the asks come back, and nothing happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Busy(pub Vec<Ask>);

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the exchange has more asks than it can hold; ask again shortly")
    }
}

impl std::error::Error for Busy {}

/// The service ended before the asks were durable: whether they happened is not known.
/// Asked again after a restart, under the same client ids, they are not done twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the exchange ended before this was durable; ask again under the same client id",
        )
    }
}

impl std::error::Error for Unavailable {}

/// Why an ask was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AskError {
    /// The queue is full; nothing happened.
    Busy,
    /// See [`Unavailable`].
    Unavailable,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Busy => Busy(Vec::new()).fmt(f),
            AskError::Unavailable => Unavailable.fmt(f),
        }
    }
}

impl std::error::Error for AskError {}

type Answers = Result<Vec<Answer>, Unavailable>;

/// Who is called once with a batch's answers.
pub(crate) struct Reply(Option<Box<dyn FnOnce(Answers) + Send>>);

impl Reply {
    pub(crate) fn give(mut self, answers: Answers) {
        if let Some(reply) = self.0.take() {
            reply(answers);
        }
    }
}

impl Drop for Reply {
    /// Whoever waits is never left waiting, whatever became of the service.
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            reply(Err(Unavailable));
        }
    }
}

/// Asks that came in together.
pub(crate) struct Batch {
    pub(crate) asks: Vec<Ask>,
    pub(crate) reply: Reply,
}

/// A way to ask a service, for any thread.
#[derive(Clone)]
pub struct Client {
    to_world: SyncSender<ToWorld>,
    shared: Arc<Shared>,
}

impl Client {
    pub(crate) fn new(to_world: SyncSender<ToWorld>, shared: Arc<Shared>) -> Client {
        Client { to_world, shared }
    }

    /// Hands in a batch. `reply` is called once, on the journal's thread, when all of it is durable: it must not block.
    ///
    /// After the service has ended that is at once, with [`Unavailable`].
    pub fn submit(
        &self,
        asks: Vec<Ask>,
        reply: impl FnOnce(Result<Vec<Answer>, Unavailable>) + Send + 'static,
    ) -> Result<(), Busy> {
        let batch = Batch { asks, reply: Reply(Some(Box::new(reply))) };
        if self.shared.stopping.load(Ordering::Acquire) {
            return Ok(()); // the drop of the batch tells that it is unavailable
        }
        match self.to_world.try_send(ToWorld::Batch(batch)) {
            Err(TrySendError::Full(ToWorld::Batch(mut batch))) => {
                batch.reply.0 = None; // it is answered by this error
                Err(Busy(std::mem::take(&mut batch.asks)))
            }
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Asks, and waits until the answer is durable.
    pub fn ask(&self, ask: Ask) -> Result<Answer, AskError> {
        let (told, answer) = sync_channel(1);
        let reply = move |answers| match told.send(answers) {
            Ok(()) | Err(_) => {} // who asked has stopped waiting
        };
        self.submit(vec![ask], reply).map_err(|_| AskError::Busy)?;
        let answers = answer.recv().map_err(|_| AskError::Unavailable)?;
        let mut answers = answers.map_err(|_| AskError::Unavailable)?;
        answers.pop().ok_or(AskError::Unavailable)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
