//! The command under test, for every test that runs it.

use std::process::Command;

/// The command, without the caller's configuration.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buttonwood"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BUTTONWOOD_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1");
    command
}
