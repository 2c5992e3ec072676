//! Errors of a journal: what, where, and what to do.

use std::{error, fmt, io};

use protocol::bytes::BytesError;
use units::CommandId;

use crate::Lost;

/// An error of a journal.
#[derive(Debug)]
pub enum JournalError {
    /// A system call failed.
    Io {
        /// The operation, such as `write`.
        doing: &'static str,
        /// The file or directory.
        path: String,
        /// The system's error.
        source: io::Error,
    },
    /// Another process, or another part of this one, has the journal open for writing.
    Locked {
        /// The journal's directory.
        path: String,
    },
    /// Another program removed, moved or replaced a file of the open journal. Nothing was acknowledged
    /// since.
    Displaced {
        /// Which file.
        lost: Lost,
        /// Its path.
        path: String,
        /// The file with the segment's bytes, if they could be saved.
        kept: Option<String>,
    },
    /// Snapshots or `began` prove that there were facts, but there is no segment. Nothing was changed.
    NoSegments {
        /// The journal's directory.
        path: String,
    },
    /// Snapshots prove that facts at the journal's end are gone. Nothing was changed.
    FactsGone {
        /// The last existing segment file.
        segment: String,
        /// End of its last whole record, in bytes.
        offset: u64,
        /// The last existing fact.
        after: u64,
        /// Lower bound of the number of missing facts.
        missing: u64,
        /// The files of those snapshots, newest first.
        snapshots: Vec<String>,
    },
    /// A snapshot contradicts the facts, which are intact.
    BadSnapshot {
        /// Its file.
        file: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The file `began` does not fit the segments. Nothing was changed.
    BadBegan {
        /// That file.
        file: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The directory has no journal.
    NoJournal {
        /// The directory.
        path: String,
    },
    /// The journal is damaged elsewhere than at its end. Nothing was changed.
    Damaged {
        /// The segment file.
        segment: String,
        /// Bytes from its start.
        offset: u64,
        /// The first fact that cannot be read.
        seq: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The append is not at the journal's end: its writer was replaced, or skipped facts.
    Fenced {
        /// The journal's end.
        expected: u64,
        /// Position of the append.
        found: u64,
    },
    /// The append would be a second group of the command that was appended last.
    SameCommand {
        /// That command.
        command: CommandId,
    },
    /// The append has more bytes or facts than one record can hold.
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The disk is full, and the reserve does not suffice. Nothing of the append was written.
    Full {
        /// The journal's directory.
        path: String,
    },
    /// An earlier write or sync failed, so the state of the disk is unknown.
    Poisoned {
        /// That failure, as text.
        why: String,
    },
    /// The journal does not keep facts from this position on.
    NotKept {
        /// Start of the read.
        from: u64,
    },
    /// A record is intact, but holds no facts: it was written by another program.
    NoFacts {
        /// The record's first fact.
        first: u64,
        /// What is wrong with it.
        error: BytesError,
    },
    /// A snapshot of facts that are not durable would be ahead of its journal after a crash.
    SnapshotAhead {
        /// Position of the snapshot.
        position: u64,
        /// Position up to which facts are durable.
        durable: u64,
    },
}

/// What is wrong with a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// Not a segment, or its head was changed.
    Head,
    /// Unknown format version.
    Version(u32),
    /// A record was changed or is partial, and a later one proves that it was durable.
    Record,
    /// The facts before this one are missing.
    Gap {
        /// The number of the fact that is there instead.
        found: u64,
    },
    /// A record or a segment was replaced or removed: the chain is broken.
    Chain,
    /// A record is partial, and an intact one of an earlier fact follows it.
    Stale {
        /// The number of that fact.
        found: u64,
    },
    /// The last segment announces another, which does not exist.
    NextSegment,
    /// A record is intact, but holds no facts.
    Facts(BytesError),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Head => f.write_str("the head of the segment is damaged"),
            Damage::Version(version) => write!(f, "the segment is of unknown version {version}"),
            Damage::Record => f.write_str("a record is damaged, though it was durable"),
            Damage::Gap { found } => {
                write!(f, "facts are missing or twice there: fact {found} comes next")
            }
            Damage::Chain => f.write_str(
                "the chain is broken: what is here, or what stands before it, has been replaced",
            ),
            Damage::Stale { found } => write!(
                f,
                "a record is damaged, and an older one, of fact {found}, stands behind it, which no crash leaves"
            ),
            Damage::NextSegment => f.write_str("the segment that follows this one is missing"),
            Damage::Facts(error) => write!(f, "a record holds no facts: {error}"),
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io { doing, path, source } if is_full(source) => write!(
                f,
                "the journal could not {doing} {path}: {source}. Free space on that disk: bytes (df) or \
                 files (df -i)"
            ),
            JournalError::Io { doing, path, source } => {
                write!(f, "the journal could not {doing} {path}: {source}")
            }
            JournalError::Displaced { lost, path, kept } => {
                displaced(f, *lost, path, kept.as_deref())
            }
            JournalError::Locked { path } => {
                write!(f, "the journal in {path} is in use; stop the other program first")
            }
            JournalError::NoSegments { path } => write!(
                f,
                "the journal in {path} has had facts (it has `began` or snapshots, *.fold) and has no segment \
                 (*.facts): its facts are gone. Nothing was changed. Restore the segments from a backup; or move \
                 `began` and the snapshots away, to begin an empty journal there"
            ),
            JournalError::BadBegan { file, wrong } => write!(
                f,
                "{file} is {wrong}. Nothing was changed. Look whether the segments (*.facts) beside it are the \
                 right ones: if they are, move this file away, and the next start writes it anew; else put the \
                 right ones back"
            ),
            JournalError::FactsGone { segment, offset, after, missing, snapshots } => write!(
                f,
                "at least {missing} facts are missing after fact {after}, with which {segment} ends at byte {offset}: \
                 a snapshot, which is saved only of durable facts, has them ({}). Nothing was changed. Put the \
                 missing segments (*.facts) back, or restore this one and those after it from a backup; or, if \
                 this is a backup that was restored on purpose and what came after it is to be given up, move \
                 these snapshots away",
                snapshots.join(", ")
            ),
            JournalError::BadSnapshot { file, wrong } => write!(
                f,
                "the snapshot {file} is {wrong}. Nothing was changed. Remove it: the facts are enough"
            ),
            JournalError::NoJournal { path } => {
                write!(f, "there is no journal in {path}: it has no segment (*.facts)")
            }
            JournalError::Damaged { segment, offset, seq, damage: Damage::Version(version) } => {
                write!(
                    f,
                    "{segment} at byte {offset}, fact {seq}: version {version} of the format is \
                     unknown; use the program that wrote it"
                )
            }
            JournalError::Damaged { segment, offset, seq, damage: Damage::NextSegment } => write!(
                f,
                "{segment} at byte {offset}, fact {seq}: {}. Nothing was changed. Put the missing segments \
                 (*.facts) back, or restore this one and those after it from a backup; or, to give up fact {seq} \
                 and all after it, take that word off the end: truncate -s {offset} {segment}",
                Damage::NextSegment
            ),
            JournalError::Damaged { segment, offset, seq, damage } => write!(
                f,
                "{segment} at byte {offset}, fact {seq}: {damage}. Nothing was changed. \
                 Copy the directory, restore this segment and those after it from a backup, \
                 then run `buttonwood journal verify`"
            ),
            JournalError::Fenced { expected, found } => write!(
                f,
                "the journal ends at {expected}, the append began at {found}; \
                 another writer has taken over, or facts were skipped"
            ),
            JournalError::SameCommand { command } => {
                write!(
                    f,
                    "command {command} has facts in the journal already; a command is one group"
                )
            }
            JournalError::TooLarge { bytes } => {
                write!(f, "{bytes} bytes are too many for one record; append fewer groups at once")
            }
            JournalError::Full { path } => {
                write!(
                    f,
                    "no space is left for the journal in {path}; free space on that disk: bytes (df) or \
                     files (df -i)"
                )
            }
            JournalError::Poisoned { why } => write!(
                f,
                "the journal accepts no more facts, since it could not {why}; \
                 look after the disk, then start again: what is there is read anew"
            ),
            JournalError::NotKept { from } => {
                write!(f, "facts from {from} on are not kept by this journal")
            }
            JournalError::NoFacts { first, error } => {
                write!(
                    f,
                    "the record that begins with fact {first} holds no facts: {error}; \
                     `buttonwood journal verify` says where it lies"
                )
            }
            JournalError::SnapshotAhead { position, durable } => write!(
                f,
                "a snapshot at {position} is beyond {durable}, up to which facts are durable; \
                 sync first"
            ),
        }
    }
}

impl error::Error for JournalError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            JournalError::Io { source, .. } => Some(source),
            JournalError::NoFacts { error, .. } => Some(error),
            _ => None,
        }
    }
}

fn displaced(
    f: &mut fmt::Formatter<'_>,
    lost: Lost,
    path: &str,
    kept: Option<&str>,
) -> fmt::Result {
    let (what, then) = match lost {
        Lost::Folder => (
            "the journal's folder",
            "Put the folder back where it was, or restore it from a backup, then start again",
        ),
        Lost::Lock => (
            "the journal's lock file",
            "Its facts are all there: make sure that no other program writes to the journal, then start \
             again",
        ),
        Lost::Segment => (
            "the journal's newest segment",
            "Put the file back as it was, or restore it from a backup, then start again",
        ),
    };
    write!(
        f,
        "{what} {path} was removed, moved, replaced or cut by another program while this one was using \
         it. The journal takes nothing more, and nothing was acknowledged since. "
    )?;
    match kept {
        Some(kept) if kept == path => {
            write!(f, "All facts were written to {path} again: start again")
        }
        Some(kept) => write!(
            f,
            "All its facts were written to {kept}: remove what is in its place, give it the name {path}, \
             then start again"
        ),
        None => f.write_str(then),
    }
}

/// Adds the operation and the file to an error of the system.
pub(crate) fn io(doing: &'static str, path: String) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { doing, path, source }
}

/// True if the error means that the disk, the quota or the inodes are used up: this may pass, and nothing was
/// written.
pub(crate) fn is_full(error: &io::Error) -> bool {
    let too_many_open = cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE));
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || too_many_open
}

/// The system or this program has too many open files.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
