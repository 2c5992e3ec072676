//! A file or standard input as lines, unpacked if it is xz. Knows no venue.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use indicatif::ProgressBar;
use lzma_rust2::XzReader;

use super::ReadError;

/// The path that stands for standard input.
pub(crate) const STDIN: &str = "-";

/// What every xz stream begins with.
const XZ_MAGIC: &[u8] = &[0xFD, b'7', b'z', b'X', b'Z', 0];

/// Longest line, in bytes. The longest of the captures known is under 8 kB; a file without line
/// ends must not fill the memory.
const MAX_LINE: u64 = 1 << 20;

/// Lines of text, with their positions for errors.
pub(crate) struct Source {
    input: Box<dyn BufRead>,
    name: String,
    packed: bool,
    number: u64,
    line: Vec<u8>,
    /// True if [`Source::first_line`] has read the line and [`Source::next`] has not returned it yet.
    held: bool,
}

impl Source {
    /// Opens `path`, or standard input for [`STDIN`].
    pub(crate) fn open(path: &Path, progress: &ProgressBar) -> Result<Source, ReadError> {
        if path.as_os_str() == STDIN {
            return Source::new("standard input", Box::new(io::stdin()), progress);
        }
        let name = path.display().to_string();
        let fault = |source| ReadError::Open { name: name.clone(), source };
        let file = File::open(path).map_err(fault)?;
        let about = file.metadata().map_err(fault)?;
        if about.is_dir() {
            return Err(fault(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        progress.set_length(about.len());
        Source::new(&name, Box::new(file), progress)
    }

    /// Lines from any bytes; `name` is what errors call them.
    pub(crate) fn new(
        name: &str,
        bytes: Box<dyn Read>,
        progress: &ProgressBar,
    ) -> Result<Source, ReadError> {
        let mut bytes = BufReader::with_capacity(1 << 16, progress.wrap_read(bytes));
        let mut head = Vec::new();
        let packed = starts_with_magic(&mut bytes, &mut head).map_err(|source| {
            ReadError::Read { name: name.to_owned(), line: 1, packed: false, source }
        })?;
        let whole = io::Cursor::new(head).chain(bytes);
        let input: Box<dyn BufRead> = if packed {
            Box::new(BufReader::with_capacity(1 << 16, XzReader::new(whole, true)))
        } else {
            Box::new(whole)
        };
        Ok(Source {
            input,
            name: name.to_owned(),
            packed,
            number: 0,
            line: Vec::new(),
            held: false,
        })
    }

    /// The first line, which the next call of [`Source::next`] gives again. Empty for an empty file.
    pub(crate) fn first_line(&mut self) -> Result<&str, ReadError> {
        if self.number == 0 {
            self.advance()?;
            self.held = true;
        }
        // A first line that is not text is shown as far as it is printable; no format begins so.
        Ok(std::str::from_utf8(&self.line).unwrap_or(""))
    }

    /// The next line without its end, or `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<&str>, ReadError> {
        let is_one = if std::mem::take(&mut self.held) { self.number > 0 } else { self.advance()? };
        if !is_one {
            return Ok(None);
        }
        match std::str::from_utf8(&self.line) {
            Ok(text) => Ok(Some(text)),
            Err(bad) => Err(self.fault_at(bad.valid_up_to(), "not UTF-8 text")),
        }
    }

    fn advance(&mut self) -> Result<bool, ReadError> {
        self.line.clear();
        let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut self.line);
        let read = read.map_err(|source| ReadError::Read {
            name: self.name.clone(),
            line: self.number + 1,
            packed: self.packed,
            source,
        })?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.line.last() != Some(&b'\n') && read as u64 == MAX_LINE {
            return Err(self.fault("the line is longer than a mebibyte"));
        }
        while matches!(self.line.last(), Some(b'\n' | b'\r')) {
            self.line.pop();
        }
        Ok(true)
    }

    /// The number of the line in hand, from 1.
    pub(crate) fn line(&self) -> u32 {
        u32::try_from(self.number).unwrap_or(u32::MAX)
    }

    /// An error about the line in hand as a whole.
    pub(crate) fn fault(&self, what: impl Into<String>) -> ReadError {
        self.fault_at(0, what)
    }

    /// An error at a byte (from 0) of the line in hand.
    pub(crate) fn fault_at(&self, offset: usize, what: impl Into<String>) -> ReadError {
        ReadError::Line {
            name: self.name.clone(),
            line: self.number,
            column: offset + 1,
            what: what.into(),
        }
    }

    /// An error for a file in no known format.
    pub(crate) fn unknown_format(&self) -> ReadError {
        let hint = match self.line.as_slice() {
            [] if self.number == 0 => "it is empty",
            [0x1F, 0x8B, ..] => "it is packed with gzip, so unpack it first",
            [0x28, 0xB5, 0x2F, 0xFD, ..] => "it is packed with zstd, so unpack it first",
            [b'B', b'Z', b'h', ..] => "it is packed with bzip2, so unpack it first",
            _ if self.name.ends_with(".xz") && !self.packed => "it is named .xz but is not xz",
            _ => "its first line is of no known kind",
        };
        ReadError::Format { name: self.name.clone(), hint }
    }
}

/// Reads as many bytes as xz's mark has into `head`; true if they are that mark.
fn starts_with_magic(bytes: &mut impl Read, head: &mut Vec<u8>) -> io::Result<bool> {
    bytes.take(XZ_MAGIC.len() as u64).read_to_end(head)?;
    Ok(head == XZ_MAGIC)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A source over bytes, for the tests of the readers.
    pub(crate) fn source_of(bytes: &[u8]) -> Source {
        let bytes = Box::new(io::Cursor::new(bytes.to_vec()));
        Source::new("test", bytes, &ProgressBar::hidden()).unwrap()
    }

    /// "one\ntwo\n" packed by `xz`.
    const PACKED: &[u8] = &[
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21,
        0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x07, 0x6f, 0x6e, 0x65,
        0x0a, 0x74, 0x77, 0x6f, 0x0a, 0x00, 0x51, 0xab, 0x9e, 0xaf, 0x57, 0x75, 0x70, 0x49, 0x00,
        0x01, 0x20, 0x08, 0xbb, 0x19, 0xd9, 0xbb, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00,
        0x00, 0x04, 0x59, 0x5a,
    ];

    #[test]
    fn lines_come_without_their_ends_and_the_first_can_be_looked_at() {
        let mut source = source_of(b"one\r\ntwo\n\nfour");
        assert_eq!(source.first_line().unwrap(), "one");
        assert_eq!(source.next().unwrap(), Some("one"));
        assert_eq!(source.next().unwrap(), Some("two"));
        assert_eq!(source.next().unwrap(), Some(""));
        assert_eq!(source.next().unwrap(), Some("four"));
        assert_eq!(source.next().unwrap(), None);
        assert_eq!(source.next().unwrap(), None);
    }

    #[test]
    fn an_empty_source_has_no_line() {
        let mut source = source_of(b"");
        assert_eq!(source.first_line().unwrap(), "");
        assert_eq!(source.next().unwrap(), None);
        assert!(source.unknown_format().to_string().contains("it is empty"));
    }

    #[test]
    fn xz_is_unpacked() {
        let mut source = source_of(PACKED);
        assert_eq!(source.next().unwrap(), Some("one"));
        assert_eq!(source.next().unwrap(), Some("two"));
        assert_eq!(source.next().unwrap(), None);
    }

    #[test]
    fn a_cut_xz_file_says_that_it_is_cut() {
        for end in XZ_MAGIC.len()..PACKED.len() {
            assert_damaged(&PACKED[..end]);
        }
    }

    #[test]
    fn a_flipped_byte_in_an_xz_file_is_noticed() {
        for at in XZ_MAGIC.len()..PACKED.len() {
            let mut bytes = PACKED.to_vec();
            bytes[at] ^= 1;
            assert_damaged(&bytes);
        }
    }

    fn assert_damaged(bytes: &[u8]) {
        let mut source = source_of(bytes);
        let fault = loop {
            match source.next() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{} bytes passed as whole", bytes.len()),
                Err(fault) => break fault.to_string(),
            }
        };
        assert!(fault.contains("the xz file is cut or damaged"), "{fault}");
    }

    #[test]
    fn a_line_that_never_ends_is_refused() {
        let mut source = source_of(&[b'x'].repeat((1 << 20) + 1));
        assert!(source.next().unwrap_err().to_string().contains("longer than a mebibyte"));
    }

    #[test]
    fn bytes_that_are_no_text_are_named_with_their_place() {
        let mut source = source_of(b"a\nbc\xff\n");
        source.next().unwrap();
        assert_eq!(
            source.next().unwrap_err().to_string(),
            "test, line 2, column 3: not UTF-8 text"
        );
    }

    #[test]
    fn another_packing_is_named() {
        let mut source = source_of(&[0x1F, 0x8B, 8, 0]);
        source.first_line().unwrap();
        assert!(source.unknown_format().to_string().contains("gzip"));
    }
}
