//! Checks folders named by flags, before any other work.

use std::io::ErrorKind;
use std::path::Path;

use crate::failure::Failure;

/// Fails unless the folder of a journal to read exists.
pub(crate) fn to_read(dir: &Path) -> Result<(), Failure> {
    let name = dir.display();
    let wrong = match std::fs::read_dir(dir) {
        Ok(_) => return Ok(()),
        Err(why) if why.kind() == ErrorKind::NotFound => format!("there is no folder {name}"),
        Err(why) if why.kind() == ErrorKind::NotADirectory => {
            format!("{name} is a file, not a folder")
        }
        Err(why) => format!("the folder {name} cannot be read: {why}"),
    };
    Err(Failure::Absent(format!(
        "{wrong}; give the folder of a journal, such as {} of buttonwood demo",
        crate::commands::DEMO_JOURNAL
    )))
}

/// Fails if the folder of a journal to write is a file.
pub(crate) fn to_write(dir: &Path) -> Result<(), Failure> {
    match std::fs::metadata(dir) {
        Ok(about) if !about.is_dir() => Err(Failure::Usage(format!(
            "--journal: {} is a file; give a folder that holds a journal, is empty or does not exist",
            dir.display()
        ))),
        Ok(_) | Err(_) => Ok(()), // the journal reports every other problem
    }
}
