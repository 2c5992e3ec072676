//! Why a process ended: [`Reason`] for processes, [`Cause`] in the ring.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Why a process ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// It had finished.
    Normal,
    /// Its supervisor ended it in order.
    Shutdown,
    /// It was killed, which cannot be trapped.
    Killed,
    /// There was no such process.
    NoProcess,
    /// Its whole world is lost; what it did last is unknown.
    NoConnection,
    /// It panicked, or recorded a fact that the state machine rejects: the text.
    Failed(Arc<str>),
    /// A number that the process itself chose.
    Said(u32),
}

impl Reason {
    /// True for `Normal` and `Shutdown`, which are no failures.
    pub fn is_orderly(&self) -> bool {
        matches!(self, Reason::Normal | Reason::Shutdown)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Normal => f.write_str("normal"),
            Reason::Shutdown => f.write_str("shutdown"),
            Reason::Killed => f.write_str("killed"),
            Reason::NoProcess => f.write_str("no process"),
            Reason::NoConnection => f.write_str("no connection"),
            Reason::Failed(why) => write!(f, "failed: {why}"),
            Reason::Said(number) => write!(f, "said {number}"),
        }
    }
}

/// A [`Reason`] in the ring: plain bytes, which an envelope copies and drops at no cost. The world
/// keeps the texts of its last 1,024 failures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cause {
    /// See [`Reason::Normal`].
    Normal,
    /// See [`Reason::Shutdown`].
    Shutdown,
    /// See [`Reason::Killed`].
    Killed,
    /// See [`Reason::NoProcess`].
    NoProcess,
    /// See [`Reason::NoConnection`].
    NoConnection,
    /// See [`Reason::Failed`]: the number of the failure in its world.
    Failed(u32),
    /// See [`Reason::Said`].
    Said(u32),
}

/// The texts of a world's last failures, in a window of [`Causes::KEPT`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Causes {
    texts: VecDeque<Arc<str>>,
    /// Number of the oldest text kept.
    first: u32,
}

impl Causes {
    /// Texts kept. An older cause resolves to a failure without its text.
    pub(crate) const KEPT: usize = 1024;

    /// Turns a reason into a cause, keeping its text.
    #[inline(always)]
    pub(crate) fn note(&mut self, reason: &Reason) -> Cause {
        match reason {
            Reason::Normal => Cause::Normal,
            Reason::Shutdown => Cause::Shutdown,
            Reason::Killed => Cause::Killed,
            Reason::NoProcess => Cause::NoProcess,
            Reason::NoConnection => Cause::NoConnection,
            Reason::Said(number) => Cause::Said(*number),
            Reason::Failed(text) => self.keep(text),
        }
    }

    #[cold]
    fn keep(&mut self, text: &Arc<str>) -> Cause {
        if self.texts.len() == Causes::KEPT {
            self.texts.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        self.texts.push_back(text.clone());
        let after = u32::try_from(self.texts.len()).expect("at most KEPT");
        Cause::Failed(self.first.wrapping_add(after - 1))
    }

    /// Turns a cause of this world into its reason.
    #[inline(always)]
    pub(crate) fn tell(&self, cause: Cause) -> Reason {
        match cause {
            Cause::Normal => Reason::Normal, // by far the most frequent
            other => self.tell_other(other),
        }
    }

    #[inline(never)]
    fn tell_other(&self, cause: Cause) -> Reason {
        match cause {
            Cause::Normal => Reason::Normal,
            Cause::Shutdown => Reason::Shutdown,
            Cause::Killed => Reason::Killed,
            Cause::NoProcess => Reason::NoProcess,
            Cause::NoConnection => Reason::NoConnection,
            Cause::Said(number) => Reason::Said(number),
            Cause::Failed(number) => self.text(number),
        }
    }

    #[cold]
    fn text(&self, number: u32) -> Reason {
        let text = self.texts.get(number.wrapping_sub(self.first) as usize);
        Reason::Failed(text.cloned().unwrap_or_else(|| "long ago".into()))
    }
}
