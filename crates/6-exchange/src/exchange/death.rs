//! A world that is over: nothing is let in, and the reason is told.

use kernel::Watch;
use market::Party;
use protocol::{Command, Fact, RejectCode};

use super::Exchange;
use crate::Intake;

impl<W: Watch<Party>> Exchange<W> {
    #[cold]
    pub(super) fn check_intake(&self, command: &Command) -> Result<(), RejectCode> {
        match self.intake.takes(command) {
            _ if self.death.is_some() => Err(RejectCode::Unavailable),
            true => Ok(()),
            false => Err(RejectCode::JournalFull),
        }
    }

    /// Records a fact that the door has checked. One that is not admitted all the same means that the world
    /// is over, or that the door and the ledger disagree, which is a bug: nothing goes on from there.
    pub(super) fn record(&mut self, fact: Fact) -> Result<(), RejectCode> {
        self.world.record(fact).map_err(|broken| {
            self.look_for_death();
            self.die(&format!("the ledger does not admit {fact:?}: {}", broken.0));
            RejectCode::Unavailable
        })
    }

    /// From now on nothing is let in. The first reason stands.
    #[cold]
    pub(super) fn die(&mut self, why: &str) {
        self.death.get_or_insert_with(|| why.to_owned());
        self.intake = Intake::Nothing;
    }

    pub(super) fn look_for_death(&mut self) {
        if self.death.is_none()
            && let Some(reason) = self.world.death()
        {
            let why = format!("all processes of the exchange have ended: {reason}");
            self.die(&why);
        }
    }

    /// Why this exchange takes no asks any more, if so: its processes have died more often than their
    /// supervisors bear, or its ledger has failed. Every command is refused with [`RejectCode::Unavailable`] then. What
    /// its facts were up to the last whole command can be recovered; this world cannot.
    pub fn death(&self) -> Option<&str> {
        self.death.as_deref()
    }
}
