//! Numbers and names of things.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use thiserror::Error;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

number! {
    /// The number of a command. Each is higher than the last. An order's *place* is the number of the
    /// ask that made it or last took its priority: its rank in time.
    CommandId(u64), ""
}
number! {
    /// An order's number: that of the command that made it, so it is never used again.
    OrderId(u64), "#"
}
number! {
    /// A participant.
    AccountId(u32), "a"
}
number! {
    /// A market's number in its world, in the order in which they were opened.
    MarketId(u16), "m"
}
number! {
    /// Nanoseconds since 1970 UTC, given at the edge with each command. Never goes back.
    Time(u64), "t"
}

/// A client's own id for one command, opaque to us: a UUID as it is, or whatever a gateway maps its text to.
///
/// Any 128 bits whose lower half is not zero (no UUID's is), so that `Option<ClientId>` is 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    high: u64,
    low: NonZeroU64,
}

impl ClientId {
    /// The id with these 128 bits, or `None` if their lower half is zero.
    #[allow(clippy::cast_possible_truncation, reason = "the two halves of a u128")]
    pub fn new(bits: u128) -> Option<ClientId> {
        Some(ClientId { high: (bits >> 64) as u64, low: NonZeroU64::new(bits as u64)? })
    }

    /// Its 128 bits.
    pub fn bits(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low.get())
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ClientId {
    /// Written as a UUID is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let h = format!("{:032x}", self.bits());
        write!(f, "{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }
}

/// A market's name: 1 to 15 bytes of `A-Z`, `0-9`, `-`, `.`, `_`, such as `BTC-USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol([u8; 15]);

/// Why a text is no [`Symbol`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SymbolError {
    /// Empty, or longer than 15 bytes.
    #[error("a symbol must have 1 to 15 characters")]
    Length,
    /// Has a character other than `A-Z`, `0-9`, `-`, `.`, `_`.
    #[error("a symbol may have only A-Z, 0-9, '-', '.' and '_'")]
    Character,
}

impl Symbol {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&b| b == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..end]).expect("a symbol is made of ASCII only")
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;

    fn from_str(text: &str) -> Result<Symbol, SymbolError> {
        let mut bytes = [0; 15];
        if text.is_empty() || text.len() > bytes.len() {
            return Err(SymbolError::Length);
        }
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-._".contains(&b);
        if !text.bytes().all(allowed) {
            return Err(SymbolError::Character);
        }
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Symbol(bytes))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_reads_back_as_it_was_written() {
        assert_eq!("BTC-USD".parse::<Symbol>().unwrap().to_string(), "BTC-USD");
        assert_eq!("A23456789012345".parse::<Symbol>().unwrap().as_str(), "A23456789012345");
    }

    #[test]
    fn a_bad_symbol_says_why() {
        assert_eq!("".parse::<Symbol>(), Err(SymbolError::Length));
        assert_eq!("A234567890123456".parse::<Symbol>(), Err(SymbolError::Length));
        assert_eq!("btc-usd".parse::<Symbol>(), Err(SymbolError::Character));
    }

    #[test]
    fn a_client_id_is_written_as_a_uuid() {
        let id = ClientId::new(0x1234 << 64 | 1).unwrap();
        assert_eq!(id.to_string(), "00000000-0000-1234-0000-000000000001");
        assert_eq!(id.bits(), 0x1234 << 64 | 1);
        assert_eq!(ClientId::new(1 << 64), None);
        assert_eq!(size_of::<Option<ClientId>>(), 16);
    }
}
