//! What can go wrong with a journal: what, where, and what to do.

use std::{error, fmt, io};

use protocol::bytes::BytesError;
use units::CommandId;

use crate::Lost;

/// Why a journal could not do as asked.
#[derive(Debug)]
pub enum JournalError {
    /// The system said no.
    Io {
        /// What was being done, such as `write`.
        doing: &'static str,
        /// To which file or directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another process, or another part of this one, has the journal open for writing.
    Locked {
        /// The journal's directory.
        path: String,
    },
    /// Another program removed, moved or replaced what this one holds of the journal, while it was
    /// open. Nothing was acknowledged since.
    Displaced {
        /// What it was.
        lost: Lost,
        /// Where it was.
        path: String,
        /// Where the bytes of a segment were put instead, if that could be done.
        kept: Option<String>,
    },
    /// There are snapshots or `began`, so there were facts, but no segment. Nothing was changed.
    NoSegments {
        /// The journal's directory.
        path: String,
    },
    /// Snapshots were saved of facts that are not there: the end of the journal is gone. Nothing was changed.
    FactsGone {
        /// The last segment file that is there.
        segment: String,
        /// Where its last whole record ends.
        offset: u64,
        /// The last fact that is there.
        after: u64,
        /// How many facts after it there were at least.
        missing: u64,
        /// The files of those snapshots, newest first.
        snapshots: Vec<String>,
    },
    /// A snapshot does not fit the facts, which are whole.
    BadSnapshot {
        /// Its file.
        file: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The file that says that the journal has begun does not fit its segments. Nothing was changed.
    BadBegan {
        /// That file.
        file: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// What is to be read is no journal: nothing of one is there.
    NoJournal {
        /// The directory.
        path: String,
    },
    /// The journal is damaged elsewhere than at its end. Nothing was changed.
    Damaged {
        /// The segment file.
        segment: String,
        /// Bytes from its beginning.
        offset: u64,
        /// Number of the first fact that cannot be read there.
        seq: u64,
        /// What is wrong.
        damage: Damage,
    },
    /// The append is not at the journal's end: its writer was replaced, or skipped facts.
    Fenced {
        /// The journal's end.
        expected: u64,
        /// Where the append wanted to be.
        found: u64,
    },
    /// The append would be a second group of the command that was appended last.
    SameCommand {
        /// That command.
        command: CommandId,
    },
    /// The append has more bytes or facts than one record can hold.
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
    /// The disk is full, and what was set aside does not suffice. Nothing of the append was
    /// written.
    Full {
        /// The journal's directory.
        path: String,
    },
    /// An earlier write or sync failed, so nobody knows what the disk has.
    Poisoned {
        /// That failure, in words.
        why: String,
    },
    /// Facts from here on are not kept.
    NotKept {
        /// Where reading was to begin.
        from: u64,
    },
    /// A record is whole, but holds no facts: it was written by something else.
    NoFacts {
        /// The record's first fact.
        first: u64,
        /// What is wrong with it.
        error: BytesError,
    },
    /// A snapshot of facts that are not durable would be ahead of its journal after a crash.
    SnapshotAhead {
        /// The snapshot's position.
        position: u64,
        /// What is durable.
        durable: u64,
    },
}

/// What is wrong with a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// No segment, or its head was changed.
    Head,
    /// Of a version that this program does not know.
    Version(u32),
    /// A record was changed or is not whole, and a later one says that it was durable.
    Record,
    /// The facts before this one are missing.
    Gap {
        /// The number of the fact that is there instead.
        found: u64,
    },
    /// A record or a segment was replaced or taken out: it does not follow the one before it.
    Chain,
    /// A record is not whole, and a whole one of an earlier fact stands behind it.
    Stale {
        /// The number of that fact.
        found: u64,
    },
    /// The last segment says that another follows, and it is not there.
    NextSegment,
    /// A record is whole, but holds no facts.
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
            Damage::NextSegment => {
                f.write_str("another segment follows this one, and it is not there")
            }
            Damage::Facts(error) => write!(f, "a record holds no facts: {error}"),
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io { doing, path, source } if is_full(source) => write!(
                f,
                "the journal could not {doing} {path}: {source}. Make room on that disk: bytes (df) or \
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
                "the snapshot {file} is {wrong}. Nothing was changed. Take it away: the facts are enough"
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
                    "no space is left for the journal in {path}; make room on that disk: bytes (df) or \
                     files (df -i)"
                )
            }
            JournalError::Poisoned { why } => write!(
                f,
                "the journal takes nothing more, since it could not {why}; \
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

/// Says of an error of the system what was being done, and to what.
pub(crate) fn io(doing: &'static str, path: String) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { doing, path, source }
}

/// True if the error says that there is no space left for bytes or names, or no more for this user or
/// program: it may pass, and until then nothing was done.
pub(crate) fn is_full(error: &io::Error) -> bool {
    let too_many_open = cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE));
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || too_many_open
}

/// The system, or this program, has as many files open as it may have.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
