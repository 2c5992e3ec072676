//! Clients' own order ids: text outside, 128 bits inside.
//!
//! A UUID is taken as it is. Any other text of 1 to 64 bytes is mapped to a UUID of version 8
//! (the version for one's own schemes) made of its BLAKE3 hash, so that it cannot meet a UUID that
//! a client made by chance or time. Later answers show that UUID, since only it is in the facts.

use units::ClientId;

use crate::problem::{GateCode, Problem};

/// Longest text of a client id, in bytes.
const MAX: usize = 64;

/// Reads a client id.
pub(crate) fn parse(text: &str) -> Result<ClientId, Problem> {
    if text.is_empty() || text.len() > MAX {
        let why = format!("client_oid has {} bytes; it may have 1 to {MAX}", text.len());
        return Err(Problem::from(GateCode::MalformedRequest).because(why));
    }
    Ok(uuid(text).and_then(ClientId::new).unwrap_or_else(|| hashed(text)))
}

/// The bits of a UUID in its usual form, in either case.
fn uuid(text: &str) -> Option<u128> {
    let hyphens = [8, 13, 18, 23];
    let shaped = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match hyphens.contains(&at) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        });
    if !shaped {
        return None;
    }
    u128::from_str_radix(&text.replace('-', ""), 16).ok()
}

fn hashed(text: &str) -> ClientId {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let hash = blake3::hash(text.as_bytes());
    let (bytes, _) = hash.as_bytes().split_at(16);
    let bits = bytes.iter().fold(0, |bits, &byte| bits << 8 | u128::from(byte));
    let bits = bits & !VERSION & !VARIANT | 8 << 76 | 0b10 << 62;
    ClientId::new(bits).expect("the variant's bit is set in the lower half")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_taken_as_it_is() {
        let text = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        assert_eq!(parse(text).unwrap().to_string(), text);
        assert_eq!(parse(&text.to_uppercase()).unwrap().to_string(), text);
    }

    #[test]
    fn other_text_becomes_a_uuid_of_version_8_and_always_the_same() {
        let nil = "00000000-0000-0000-0000-000000000000"; // its lower half is zero
        for text in ["x", "my order 1", "3fa85f64-5717-4562-b3fc-2c963f66afag", nil] {
            let id = parse(text).unwrap().to_string();
            assert_eq!(id.as_bytes()[14], b'8', "{id}");
            assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
            assert_eq!(parse(text).unwrap(), parse(&id).unwrap(), "what is shown leads back");
        }
        assert_ne!(parse("x").unwrap(), parse("y").unwrap());
    }

    #[test]
    fn an_empty_or_overlong_text_is_refused() {
        assert!(parse("").is_err());
        assert!(parse(&"x".repeat(65)).is_err());
        assert!(parse(&"x".repeat(64)).is_ok());
    }
}
