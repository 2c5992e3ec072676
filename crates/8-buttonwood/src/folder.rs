//! Folders that the flags name, looked at before anything else is done with them.

use std::io::ErrorKind;
use std::path::Path;

use crate::failure::Failure;

/// A journal to be read must be a folder that is there.
pub(crate) fn to_read(dir: &Path) -> Result<(), Failure> {
    let name = dir.display();
    let wrong = match std::fs::read_dir(dir) {
        Ok(_) => return Ok(()),
        Err(why) if why.kind() == ErrorKind::NotFound => format!("there is no folder {name}"),
        Err(why) if why.kind() == ErrorKind::NotADirectory => {
            format!("{name} is a file, no folder")
        }
        Err(why) => format!("the folder {name} cannot be read: {why}"),
    };
    Err(Failure::Absent(format!(
        "{wrong}; give the folder of a journal, such as {} of buttonwood demo",
        crate::commands::DEMO_JOURNAL
    )))
}

/// A journal to be written must be a folder, or not there yet.
pub(crate) fn to_write(dir: &Path) -> Result<(), Failure> {
    match std::fs::metadata(dir) {
        Ok(about) if !about.is_dir() => Err(Failure::Usage(format!(
            "--journal: {} is a file; give a folder that holds a journal, is empty or is not there",
            dir.display()
        ))),
        Ok(_) | Err(_) => Ok(()), // what else is wrong with it, the journal says itself
    }
}
