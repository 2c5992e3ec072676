//! Which commands the exchange takes, by the journal's free space for their facts. It decides nothing else.

use protocol::Command;

use crate::mutation;

/// What the journal's free space allows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Intake {
    /// Every command.
    #[default]
    All,
    /// Cancels, whose facts go into the reserve.
    Cancels,
    /// No command: the rest of the reserve is for facts that are on their way.
    Nothing,
}

impl Intake {
    /// True if this command is taken; else it is rejected with [`protocol::RejectCode::JournalFull`].
    #[inline(always)]
    pub fn takes(self, command: &Command) -> bool {
        match self {
            Intake::All => true,
            Intake::Cancels => matches!(command, Command::Cancel { .. }),
            Intake::Nothing => {
                mutation::CANCEL_WITHOUT_MARGIN.is_on() && Intake::Cancels.takes(command)
            }
        }
    }
}
