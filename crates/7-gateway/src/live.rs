//! The views of this gateway, kept up to date by a thread that folds durable facts as they come.
//!
//! Each batch holds whole asks and readers look between batches, so they see whole commands only. What
//! is shown is up to date or refused: while history is read, when the exchange has ended, and when
//! facts are missing. A gateway that was too slow and was cut off subscribes again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use exchange::Subscription;
use protocol::RejectCode;
use tokio::sync::watch;
use views::{Bounds, Views};

use crate::problem::{GatewayCode, Problem};

/// How far the fold has come.
#[derive(Clone, Copy)]
struct Folded {
    /// Number of the last fact behind it.
    seq: u64,
    /// Number of the fact that reads wait for: the last durable one when facts were subscribed to.
    history: u64,
    feed: Feed,
}

/// Whether facts come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    Following,
    /// The exchange ended, or cut this gateway off.
    Ended,
    /// The first fact that is kept is not the next one.
    Gap,
    /// The fold panicked: these views never change again.
    Failed,
}

/// Views that follow the exchange.
pub(crate) struct Live {
    views: RwLock<Views>,
    folded: watch::Sender<Folded>,
    /// Why the fold failed, if it did.
    failure: OnceLock<String>,
}

/// How long a quiet fold waits before it looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How long it waits before it subscribes again.
const AGAIN: Duration = Duration::from_millis(500);

/// Says that no facts come any more, before anything else is done.
struct Ending<'a>(&'a Live);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.folded.send_if_modified(|folded| {
            let following = folded.feed == Feed::Following;
            folded.feed = if following { Feed::Ended } else { folded.feed };
            following
        });
    }
}

/// Why the fold left a subscription.
enum Left {
    ToStop,
    CutOff,
    Gap,
}

impl Live {
    /// Views of nothing yet, which are shown once they have `history` facts behind them.
    pub(crate) fn new(bounds: Bounds, history: u64) -> Arc<Live> {
        let (folded, _) = watch::channel(Folded { seq: 0, history, feed: Feed::Following });
        Arc::new(Live { views: RwLock::new(Views::new(bounds)), folded, failure: OnceLock::new() })
    }

    /// Folds until `stop` has a message or loses its sender. Runs on a thread of its own. If it
    /// panics, reads are refused from then on, and [`Live::failure`] gives the reason.
    pub(crate) fn fold(
        &self,
        subscribe: impl FnMut() -> Subscription,
        durable: impl Fn() -> u64,
        stop: &Receiver<()>,
    ) {
        let folding = AssertUnwindSafe(|| self.fold_on(subscribe, durable, stop));
        let Err(panic) = catch_unwind(folding) else { return };
        let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => text,
            (_, Some(text)) => text.as_str(),
            _ => "it did not say why",
        };
        self.failure
            .get_or_init(|| format!("the thread that keeps the gateway's views failed: {text}"));
        self.folded.send_modify(|folded| folded.feed = Feed::Failed);
    }

    /// Why these views never change again, if so.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    fn fold_on(
        &self,
        mut subscribe: impl FnMut() -> Subscription,
        durable: impl Fn() -> u64,
        stop: &Receiver<()>,
    ) {
        loop {
            let history = durable();
            let ending = Ending(self);
            let left = self.follow(subscribe(), history, stop);
            drop(ending);
            match left {
                Left::ToStop => return,
                Left::Gap => return self.folded.send_modify(|folded| folded.feed = Feed::Gap),
                Left::CutOff => match stop.recv_timeout(AGAIN) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                },
            }
        }
    }

    fn follow(&self, mut facts: Subscription, history: u64, stop: &Receiver<()>) -> Left {
        loop {
            let batch = match facts.recv_timeout(LOOK) {
                Ok(batch) => batch,
                Err(RecvTimeoutError::Disconnected) => return Left::CutOff,
                Err(RecvTimeoutError::Timeout) => {
                    if stop_told(stop) {
                        return Left::ToStop;
                    }
                    continue;
                }
            };
            let Ok(mut views) = self.views.write() else { return Left::ToStop };
            for (stamp, fact) in batch.iter() {
                if stamp.seq > views.seq() + 1 {
                    return Left::Gap;
                }
                views.apply(stamp, fact);
            }
            let seq = views.seq();
            drop(views);
            let now = Folded { seq, history, feed: Feed::Following };
            self.folded.send_replace(now);
            if stop_told(stop) {
                return Left::ToStop;
            }
        }
    }

    /// Looks at the views, or says why there is nothing to be seen.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Views) -> T) -> Result<T, Problem> {
        self.ready()?;
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        Ok(look(&views))
    }

    /// Refuses while the views are not up to date.
    pub(crate) fn ready(&self) -> Result<(), Problem> {
        let Folded { seq, history, feed } = *self.folded.borrow();
        let gone = |why: &str| Err(Problem::from(RejectCode::Unavailable).because(why.to_owned()));
        match feed {
            Feed::Ended => {
                gone("the exchange has ended, or this gateway could not keep up with it")
            }
            Feed::Gap => gone("history is no longer kept from the first fact on"),
            Feed::Failed => gone(self.failure().unwrap_or("the gateway's views have failed")),
            Feed::Following if seq < history => Err(Problem::from(GatewayCode::Starting)
                .because(format!("fact {seq} of {history} of its history"))),
            Feed::Following => Ok(()),
        }
    }

    /// Waits until the views have this fact behind them; false if that took too long.
    pub(crate) async fn reach(&self, seq: u64, within: Duration) -> bool {
        let mut folded = self.folded.subscribe();
        let passed = folded.wait_for(|folded| folded.seq >= seq);
        matches!(tokio::time::timeout(within, passed).await, Ok(Ok(_)))
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("failure", &self.failure).finish_non_exhaustive()
    }
}

fn stop_told(stop: &Receiver<()>) -> bool {
    !matches!(stop.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty))
}
