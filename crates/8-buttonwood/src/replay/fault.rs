//! Errors of reading recorded flow: what, where, and what to do.

use std::io;

/// An error in a file of recorded flow, or in opening it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It cannot be opened.
    #[error(
        "cannot open {name}: {source}; give the path of a recording, or '-' for standard input"
    )]
    Open {
        /// Its name.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// Reading failed midway.
    #[error(
        "{name}, {}line {line}{}: {source}{}",
        if *packed { "near " } else { "" },
        if *packed { " as unpacked" } else { "" },
        if *packed { "; the xz file is cut or damaged, fetch it again" } else { "" }
    )]
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
    #[error("{name}, line {line}, column {column}: {what}")]
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
    #[error(
        "{name}: {hint}; readable are Bitstamp's orders.csv (first line \
         'id,timestamp,exchange.timestamp,price,volume,action,direction') and Independent Reserve's WebSocket \
         capture, plain or as xz"
    )]
    Format {
        /// Its name.
        name: String,
        /// What it seems to be, if that is known.
        hint: &'static str,
    },
}
