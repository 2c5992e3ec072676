//! Which commands the exchange takes, by the room that the journal has for their facts. It decides about
//! nothing else, and knows no order.

use protocol::Command;

use crate::mutation;

/// What the journal has room for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Intake {
    /// Everything.
    #[default]
    All,
    /// Cancels, from what was set aside for them.
    Cancels,
    /// Nothing: what is left is needed for what is on its way already.
    Nothing,
}

impl Intake {
    /// True if this is taken; else it is refused with [`protocol::RejectCode::JournalFull`].
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
