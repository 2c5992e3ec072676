//! Why recorded flow could not be read: what, where, and what to do about it.

use std::io;

/// A fault in a file of recorded flow, or on the way to it.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It cannot be opened.
    Open {
        /// Which file.
        name: String,
        /// The system's word.
        source: io::Error,
    },
    /// It cannot be read further.
    Read {
        /// Which file.
        name: String,
        /// The line being read, from 1.
        line: u64,
        /// True if it is being unpacked from xz, so that the packing may be damaged.
        packed: bool,
        /// The system's or the unpacker's word.
        source: io::Error,
    },
    /// A line is not what its format says.
    Line {
        /// Which file.
        name: String,
        /// Which line, from 1.
        line: u64,
        /// Which byte of it, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// No reader knows this kind of file.
    Format {
        /// Which file.
        name: String,
        /// What it seems to be, if that is known.
        hint: &'static str,
    },
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::Open { name, source } => {
                write!(
                    f,
                    "cannot open {name}: {source}; give the path of a recording, or '-' for \
                     standard input"
                )
            }
            ReadError::Read { name, line, packed: true, source } => {
                write!(
                    f,
                    "{name}, near line {line} as unpacked: {source}; the xz file is cut or damaged, \
                     fetch it again"
                )
            }
            ReadError::Read { name, line, packed: false, source } => {
                write!(f, "{name}, line {line}: {source}")
            }
            ReadError::Line { name, line, column, what } => {
                write!(f, "{name}, line {line}, column {column}: {what}")
            }
            ReadError::Format { name, hint } => write!(
                f,
                "{name}: {hint}; readable are Bitstamp's orders.csv (first line \
                 'id,timestamp,exchange.timestamp,price,volume,action,direction') and Independent \
                 Reserve's WebSocket capture, plain or as xz"
            ),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Open { source, .. } | ReadError::Read { source, .. } => Some(source),
            ReadError::Line { .. } | ReadError::Format { .. } => None,
        }
    }
}
