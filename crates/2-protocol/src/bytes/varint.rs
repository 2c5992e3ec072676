//! Whole numbers in as few bytes as they need: LEB128, seven bits a byte, lowest first.
//!
//! Eight bytes are handled at once without a branch on the length, since the length of a price or a
//! size is chance to the processor. Never reads beyond its slice, never accepts a second spelling.

use super::{BytesError, What};

/// Longest fact, 55 bytes (an `Entered` with every number at its largest), with the longest head of
/// a group, 21 bytes, and eight bytes that a write may touch at once.
pub(super) const FACT_SPACE: usize = 55 + 21 + 8;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// How many bytes `value` takes: 1 to 10.
#[inline]
pub(super) fn length(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// A buffer that is written field by field. A fact needs [`FACT_SPACE`] bytes.
pub(super) struct Spool<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Spool<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a mut [u8]) -> Spool<'a> {
        Spool { bytes, at: 0 }
    }

    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes[self.at] = byte;
        self.at += 1;
    }

    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.bytes[self.at..self.at + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// A number of any size.
    #[inline(always)]
    pub(super) fn varint(&mut self, value: u64) {
        if value >> 56 != 0 {
            return self.long_varint(value);
        }
        let length = length(value);
        let more = HIGH_BITS & ((1 << (8 * (length - 1))) - 1);
        self.word(spread(value) | more);
        self.at += length;
    }

    /// The same bytes, sooner if it is below 128 nearly always.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "it is below 128")]
    pub(super) fn small(&mut self, value: u64) {
        if value < 128 { self.byte(value as u8) } else { self.varint(value) }
    }

    /// Nine or ten bytes: times, and numbers that wrap.
    #[allow(clippy::cast_possible_truncation, reason = "the lowest seven bits are meant")]
    #[inline]
    fn long_varint(&mut self, value: u64) {
        self.word(spread(value & ((1 << 56) - 1)) | HIGH_BITS);
        self.at += 8;
        let high = value >> 56;
        if high < 128 {
            return self.byte(high as u8);
        }
        self.byte(high as u8 | 128);
        self.byte((high >> 7) as u8);
    }

    /// A signed number, small ones of both signs in few bytes.
    #[inline(always)]
    pub(super) fn signed(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }
}

/// Where a reader of bytes stands.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    #[cold]
    pub(super) fn error(&self, what: What) -> BytesError {
        BytesError { at: self.at, what }
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, BytesError> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.error(What::Truncated))?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub(super) fn raw(&mut self, length: usize) -> Result<&'a [u8], BytesError> {
        let end = self.at.checked_add(length).ok_or_else(|| self.error(What::Truncated))?;
        let raw = self.bytes.get(self.at..end).ok_or_else(|| self.error(What::Truncated))?;
        self.at = end;
        Ok(raw)
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Result<u64, BytesError> {
        let Some(word) = self.bytes[self.at..].first_chunk::<8>() else {
            return self.slow_varint();
        };
        let word = u64::from_le_bytes(*word);
        let stops = !word & HIGH_BITS;
        if stops == 0 {
            return self.long_varint(word);
        }
        let length = (stops.trailing_zeros() as usize + 1) / 8;
        let own = word & (stops ^ (stops - 1)); // this number's bytes only
        if length > 1 && own >> (8 * (length - 1)) == 0 {
            return Err(self.error(What::Overlong));
        }
        self.at += length;
        Ok(gather(own & !HIGH_BITS))
    }

    /// The same, sooner if it is below 128 nearly always: the processor then need not wait for the
    /// length of one number before it reads the next.
    #[inline(always)]
    pub(super) fn small(&mut self) -> Result<u64, BytesError> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 128 => {
                self.at += 1;
                Ok(byte.into())
            }
            _ => self.varint(),
        }
    }

    /// Nine bytes, as times are, of which the first eight are `word`; or ten.
    #[inline]
    fn long_varint(&mut self, word: u64) -> Result<u64, BytesError> {
        match self.bytes.get(self.at + 8) {
            Some(&byte @ 1..128) => {
                self.at += 9;
                Ok(gather(word & !HIGH_BITS) | u64::from(byte) << 56)
            }
            _ => self.slow_varint(),
        }
    }

    /// Byte by byte: near the end of the bytes, and for ten bytes.
    fn slow_varint(&mut self) -> Result<u64, BytesError> {
        let mut value = 0;
        for place in 0..10 {
            let at = self.at + place;
            let byte = *self.bytes.get(at).ok_or_else(|| self.error(What::Truncated))?;
            if place == 9 && byte > 1 {
                return Err(self.error(What::Range)); // beyond 64 bits
            }
            value |= u64::from(byte & 127) << (7 * place);
            if byte < 128 {
                if byte == 0 && place > 0 {
                    return Err(self.error(What::Overlong));
                }
                self.at = at + 1;
                return Ok(value);
            }
        }
        Err(self.error(What::Range))
    }

    #[inline(always)]
    pub(super) fn signed(&mut self) -> Result<i64, BytesError> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A number that must fit a narrower type.
    #[inline(always)]
    pub(super) fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, BytesError> {
        let value = self.varint()?;
        T::try_from(value).map_err(|_| self.error(What::Range))
    }

    /// The same, of a number that is below 128 nearly always.
    #[inline(always)]
    pub(super) fn narrow_small<T: TryFrom<u64>>(&mut self) -> Result<T, BytesError> {
        let value = self.small()?;
        T::try_from(value).map_err(|_| self.error(What::Range))
    }
}

/// 56 bits to eight bytes of seven bits each.
#[inline]
fn spread(x: u64) -> u64 {
    let x = (x & 0x0fff_ffff) | ((x & 0x00ff_ffff_f000_0000) << 4);
    let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x0fff_c000_0fff_c000) << 2);
    (x & 0x007f_007f_007f_007f) | ((x & 0x3f80_3f80_3f80_3f80) << 1)
}

/// The way back.
#[inline]
fn gather(x: u64) -> u64 {
    let x = (x & 0x007f_007f_007f_007f) | ((x & 0x7f00_7f00_7f00_7f00) >> 1);
    let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x3fff_0000_3fff_0000) >> 2);
    (x & 0x0fff_ffff) | ((x & 0x0fff_ffff_0000_0000) >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: u64) -> Vec<u8> {
        let mut bytes = [9; FACT_SPACE];
        let mut spool = Spool::new(&mut bytes);
        spool.varint(value);
        let length = spool.at();
        bytes[..length].to_vec()
    }

    /// As the textbook has it.
    fn plainly(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(value & 127).unwrap();
            value >>= 7;
            if value == 0 {
                bytes.push(low);
                return bytes;
            }
            bytes.push(low | 128);
        }
    }

    #[test]
    fn every_length_is_written_as_the_textbook_has_it_and_reads_back() {
        for bits in 0..64 {
            for value in [(1 << bits) - 1, 1 << bits, (1 << bits) | 1, u64::MAX >> bits] {
                let bytes = written(value);
                assert_eq!(bytes, plainly(value), "{value:#x}");
                assert_eq!(bytes.len(), length(value));
                for trailing in [0, 9] {
                    let mut long = bytes.clone();
                    long.resize(bytes.len() + trailing, 0xff);
                    let mut cursor = Cursor::new(&long);
                    assert_eq!(cursor.varint(), Ok(value));
                    assert_eq!(cursor.at(), bytes.len());
                }
            }
        }
    }

    #[test]
    fn signed_numbers_read_back() {
        for value in [0, 1, -1, 63, -64, 64, 1 << 52, -(1 << 52), i64::MAX, i64::MIN] {
            let mut bytes = [9; FACT_SPACE];
            Spool::new(&mut bytes).signed(value);
            assert_eq!(Cursor::new(&bytes).signed(), Ok(value));
        }
    }

    #[test]
    fn a_second_spelling_is_refused() {
        let padded = |head: &[u8]| [head, &[0; 9]].concat();
        for head in [&[0x80, 0][..], &[0xff, 0], &[0x80, 0x80, 0], &[0x80; 9]] {
            for bytes in [padded(head), [head, &[0]].concat()] {
                let error = Cursor::new(&bytes).varint().unwrap_err();
                assert_eq!(error.what, What::Overlong, "{head:?}");
            }
        }
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Cursor::new(&beyond).varint().unwrap_err().what, What::Range);
        assert_eq!(Cursor::new(&[0xff; 20]).varint().unwrap_err().what, What::Range);
        assert_eq!(Cursor::new(&[0x80]).varint().unwrap_err().what, What::Truncated);
    }
}
