//! Errors of reading recorded flow: what, where, and what to do.

use std::io;

/// An error in a file of recorded flow, or in opening it.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It cannot be opened.
    Open {
        /// Its name.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// Reading failed midway.
    Read {
        /// Its name.
        name: String,
        /// The line being read, from 1.
        line: u64,
        /// True if it is unpacked from xz, so that the packing may be damaged.
        packed: bool,
        /// The error of the system or the unpacker.
        source: io::Error,
    },
    /// A line violates its format.
    Line {
        /// Its name.
        name: String,
        /// Number of the line, from 1.
        line: u64,
        /// Byte in the line, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// The format is unknown.
    Format {
        /// Its name.
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
