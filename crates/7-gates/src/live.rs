//! The views of this gate, kept up to date by a thread that folds durable facts as they come.
//!
//! Readers look between batches of facts, so they see whole asks only. When the facts end (the
//! exchange went down, or this gate was too slow for it) nothing is shown any more: what is shown
//! is either up to date or refused.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use exchange::Subscription;
use ledger::views::{Bounds, Views};
use tokio::sync::watch;
use words::Code;

use crate::problem::{GateCode, Problem};

/// How far the fold has come.
#[derive(Clone, Copy)]
struct Folded {
    seq: u64,
    going: bool,
}

/// Views that follow the exchange.
pub(crate) struct Live {
    views: RwLock<Views>,
    folded: watch::Sender<Folded>,
    /// Number of the last fact that was durable when the gate started.
    history: u64,
}

/// Says that the facts have ended, also when the fold died of a bug.
struct Going<'a>(&'a Live);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.folded.send_modify(|folded| folded.going = false);
    }
}

impl Live {
    /// Views of nothing yet, which are shown once they have `history` facts behind them.
    pub(crate) fn new(bounds: Bounds, history: u64) -> Arc<Live> {
        let (folded, _) = watch::channel(Folded { seq: 0, going: true });
        Arc::new(Live { views: RwLock::new(Views::new(bounds)), folded, history })
    }

    /// Folds until the facts end. Runs on a thread of its own.
    pub(crate) fn fold(&self, mut facts: Subscription) {
        let going = Going(self);
        while let Some(batch) = facts.recv() {
            let Ok(mut views) = self.views.write() else { break };
            for (stamp, fact) in batch.iter() {
                views.apply(stamp, fact);
            }
            let seq = views.seq();
            drop(views);
            self.folded.send_modify(|folded| folded.seq = seq);
        }
        drop(going);
    }

    /// Looks at the views, or says why there is nothing to be seen.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Views) -> T) -> Result<T, Problem> {
        self.ready()?;
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        Ok(look(&views))
    }

    /// Refuses while the views are not up to date.
    pub(crate) fn ready(&self) -> Result<(), Problem> {
        let folded = *self.folded.borrow();
        if !folded.going {
            return Err(Problem::from(Code::Unavailable).because("the exchange's facts have ended"));
        }
        if folded.seq < self.history {
            let why = format!("fact {} of {} of its history", folded.seq, self.history);
            return Err(Problem::from(GateCode::Starting).because(why));
        }
        Ok(())
    }

    /// Waits until the views have this fact behind them; false if that took too long.
    pub(crate) async fn reach(&self, seq: u64, within: Duration) -> bool {
        let mut folded = self.folded.subscribe();
        let passed = folded.wait_for(|folded| folded.seq >= seq || !folded.going);
        match tokio::time::timeout(within, passed).await {
            Ok(Ok(folded)) => folded.seq >= seq,
            Ok(Err(_)) | Err(_) => false,
        }
    }
}
