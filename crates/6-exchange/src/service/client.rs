//! How commands come in: batches into a bounded queue, answers out when durable.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use protocol::Command;
use thiserror::Error;

use super::Shared;
use super::messages::{Answer, Batch, Reply, ToWorld, Unavailable};

/// The queue is full: the commands come back, and nothing happened.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the command queue is full and nothing happened; send the command again shortly")]
pub struct Busy(pub Vec<Command>);

/// Why a command was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SubmitError {
    /// The queue is full; nothing happened.
    #[error("{}", Busy(Vec::new()))]
    Busy,
    /// See [`Unavailable`].
    #[error("{}", Unavailable)]
    Unavailable,
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
    pub fn submit_batch(
        &self,
        commands: Vec<Command>,
        reply: impl FnOnce(Result<Vec<Answer>, Unavailable>) + Send + 'static,
    ) -> Result<(), Busy> {
        let batch = Batch { commands, reply: Reply::new(reply) };
        if self.shared.stopping.load(Ordering::Acquire) {
            return Ok(()); // the drop of the batch tells that it is unavailable
        }
        match self.to_world.try_send(ToWorld::Batch(batch)) {
            Err(TrySendError::Full(ToWorld::Batch(Batch { commands, reply }))) => {
                reply.forget(); // it is answered by this error
                Err(Busy(commands))
            }
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Asks, and waits until the answer is durable.
    pub fn submit(&self, command: Command) -> Result<Answer, SubmitError> {
        let (sender, answer) = sync_channel(1);
        let reply = move |answers| match sender.send(answers) {
            Ok(()) | Err(_) => {} // the caller has stopped waiting
        };
        self.submit_batch(vec![command], reply).map_err(|_| SubmitError::Busy)?;
        let answers = answer.recv().map_err(|_| SubmitError::Unavailable)?;
        let mut answers = answers.map_err(|_| SubmitError::Unavailable)?;
        answers.pop().ok_or(SubmitError::Unavailable)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
