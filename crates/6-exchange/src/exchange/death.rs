//! The end of a world: no command is taken, and the reason is kept.

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

    /// Records a fact of a validated command. If the ledger refuses it, the world has ended, or validation and ledger
    /// disagree, which is a bug: the exchange stops there.
    pub(super) fn record(&mut self, fact: Fact) -> Result<(), RejectCode> {
        self.world.record(fact).map_err(|broken| {
            self.look_for_death();
            self.die(&format!("the ledger refuses {fact:?}: {}", broken.0));
            RejectCode::Unavailable
        })
    }

    /// Takes no more commands. The first reason is kept.
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

    /// Why this exchange takes no more commands, if so: its processes have died more often than their supervisors
    /// allow, or its ledger has failed. Every command is then rejected with [`RejectCode::Unavailable`]. The facts of
    /// whole commands can be recovered; this world cannot.
    pub fn death(&self) -> Option<&str> {
        self.death.as_deref()
    }
}
