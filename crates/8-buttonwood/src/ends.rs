//! Ends a run of `demo` or `serve` on a signal or a failed part. It must never block on either.
#![allow(clippy::disallowed_methods, reason = "an edge: threads that end a run if they fail")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::output;
use crate::server::{Server, ServerError};

/// Interval between two checks of exchange and gateway.
const LOOK: Duration = Duration::from_millis(100);

/// A reason to end a run.
#[derive(Debug)]
pub(crate) enum End {
    /// Ctrl-C, or a signal of the system.
    Asked,
    /// The exchange accepts no more commands.
    Exchange,
    /// A thread of the program has failed: its name and the reason.
    Thread(String),
}

/// Receives the reasons to end.
pub(crate) struct Ends {
    sender: Sender<End>,
    receiver: Receiver<End>,
    /// True while [`Ends::wait`] is about to run or runs.
    awaited: Arc<AtomicBool>,
}

impl Ends {
    /// Handles SIGINT, SIGTERM and SIGHUP from now on.
    ///
    /// A signal before [`Ends::are_awaited`], for example while a long journal is read, ends the program at once: no
    /// command was answered yet. So does a second signal: every answered command is durable.
    pub(crate) fn listen() -> Result<Ends, ServerError> {
        let ends = Ends::new();
        let (asked, awaited) = (ends.sender(), ends.awaited.clone());
        let handler = move || {
            if !awaited.swap(false, Ordering::AcqRel) {
                output::log(
                    "the program ended at once: it was still starting, or had received a signal before",
                );
                process::exit(130);
            }
            tell(&asked, End::Asked);
        };
        ctrlc::set_handler(handler)
            .map_err(|why| ServerError::System(format!("cannot listen for Ctrl-C: {why}")))?;
        Ok(ends)
    }

    fn new() -> Ends {
        let (sender, receiver) = mpsc::channel();
        Ends { sender, receiver, awaited: Arc::default() }
    }

    /// A sender for reasons to end.
    pub(crate) fn sender(&self) -> Sender<End> {
        self.sender.clone()
    }

    /// From now on a signal ends the run in good order.
    pub(crate) fn are_awaited(&self) {
        self.awaited.store(true, Ordering::Release);
    }

    /// Waits for a reason to end. True after a signal, false when `within` has passed; an error if
    /// the exchange, its gateway or a thread has failed.
    pub(crate) fn wait(&self, server: &Server, within: Duration) -> Result<bool, ServerError> {
        let mut left = within;
        loop {
            if server.failure().is_some() {
                return Err(server.ended());
            }
            let step = left.min(LOOK);
            match self.receiver.recv_timeout(step) {
                Ok(End::Asked) => return Ok(true),
                Ok(End::Exchange) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(server.ended());
                }
                Ok(End::Thread(why)) => return Err(ServerError::Thread(why)),
                Err(RecvTimeoutError::Timeout) => left -= step,
            }
            if left.is_zero() {
                return Ok(false);
            }
        }
    }
}

/// Reports a reason to end. Without a receiver the run is ending already.
pub(crate) fn tell(ends: &Sender<End>, end: End) {
    match ends.send(end) {
        Ok(()) | Err(_) => {}
    }
}

/// Starts a thread of this program. A panic in it ends the run with that reason.
pub(crate) fn spawn(
    name: String,
    ends: Sender<End>,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, ServerError> {
    let named = name.clone();
    let guarded = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
                (Some(text), _) => text,
                (_, Some(text)) => text.as_str(),
                _ => "no reason was given",
            };
            tell(&ends, End::Thread(format!("the thread {named} failed: {text}")));
        }
    };
    let thread = Builder::new().name(name).spawn(guarded);
    thread.map_err(|why| ServerError::System(format!("the system cannot start a thread: {why}")))
}

/// Joins a thread of [`spawn`], which has reported its own failure.
pub(crate) fn join(thread: JoinHandle<()>) {
    match thread.join() {
        Ok(()) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]
    #![allow(clippy::disallowed_types, reason = "a bound on waiting")]

    use std::time::Instant;

    use super::*;
    use crate::failure::Failure;
    use crate::server::Plan;

    /// An exchange in memory, with its gateway.
    fn server() -> Server {
        let listen = ([127, 0, 0, 1], 0).into();
        let (journal, markets, rules) = (None, Vec::new(), Vec::new());
        let (reserve_bytes, snapshot_every) = (0, 1_000);
        let clock_bound = Duration::from_secs(60);
        let plan =
            Plan { listen, journal, markets, rules, reserve_bytes, snapshot_every, clock_bound };
        Server::open(&plan).unwrap()
    }

    #[test]
    fn a_thread_of_the_exchange_that_dies_ends_the_run_within_a_second() {
        let (server, ends) = (server(), Ends::new());
        // A reply that panics does so on the journal's thread.
        server.client().submit_batch(Vec::new(), |_| panic!("a bug")).unwrap();
        let began = Instant::now();
        let why = ends.wait(&server, Duration::from_secs(20)).unwrap_err();
        let text = Failure::from(why).to_string();
        assert!(
            text.contains("the exchange ended by itself: the journal thread failed: a bug"),
            "{text}"
        );
        assert!(server.close().unwrap_err().to_string().contains("a bug"));
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[test]
    fn a_thread_of_the_program_that_dies_ends_the_run_and_the_exchange_in_good_order() {
        let (server, ends) = (server(), Ends::new());
        let thread = spawn("traders".to_owned(), ends.sender(), || panic!("a bug")).unwrap();
        let why = ends.wait(&server, Duration::from_secs(20)).unwrap_err().to_string();
        assert!(why.contains("the thread traders failed: a bug"), "{why}");
        join(thread);
        server.close().unwrap();
    }

    #[test]
    fn a_run_that_is_asked_to_end_ends_at_once_and_one_that_is_not_goes_on() {
        let (server, ends) = (server(), Ends::new());
        assert!(!ends.wait(&server, Duration::from_millis(1)).unwrap());
        tell(&ends.sender(), End::Asked);
        assert!(ends.wait(&server, Duration::from_secs(20)).unwrap());
        server.close().unwrap();
    }
}
