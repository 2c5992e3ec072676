//! Clients' own order ids: text outside, 128 bits inside, and the same text outside again.
//!
//! Facts have 128 bits for such an id, and every answer shows the text that was sent. So only
//! texts are taken that these bits can hold without loss:
//!
//! | text | variant bits of the UUID | version | rest |
//! |---|---|---|---|
//! | UUID in lower case | as they are | as it is | as it is |
//! | UUID of RFC 9562 in upper case | `10` | its own, the top bit flipped: 0 or 9 to 15 | as it is |
//! | other text, 1 to 18 printable ASCII | `11` | none: 7 bits each, the first at the top | zeros |
//!
//! RFC 9562 has no versions 0 and 9 to 15 and leaves the variant `11` to others. A text that reads as
//! a UUID in lower case but has the bits of another row is refused.

use units::ClientId;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::problem::{GatewayCode, Problem};

/// Longest text that is no UUID, in bytes: 126 bits.
const MAX: usize = 18;

/// The bits of a UUID at which its version and its variant stand.
const VERSION: u32 = 76;
const VARIANT: u32 = 62;

/// The version's top bit, which says upper case.
const UPPER: u128 = 8 << VERSION;

/// What `parse` takes, for the description.
pub(crate) const PATTERN: &str = "^([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\
     |[0-9A-F]{8}-[0-9A-F]{4}-[1-8][0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}|[ -~]{1,18})$";

/// Reads a client id that `show` writes as it was.
pub(crate) fn parse(text: &str) -> Result<ClientId, Problem> {
    let id = uuid(text).or_else(|| packed(text)).and_then(ClientId::new);
    id.filter(|id| show(*id) == text).ok_or_else(|| {
        Problem::from(GatewayCode::MalformedRequest).because(format!(
            "invalid client_oid: it must be a UUID, all in lower or all in upper case, or 1 to \
             {MAX} printable ASCII characters"
        ))
    })
}

/// The text that a client id was read from.
pub(crate) fn show(id: ClientId) -> String {
    let bits = id.bits();
    match (bits >> VARIANT & 0b11, bits >> VERSION & 0xf) {
        (0b11, _) => unpacked(bits),
        (0b10, 0 | 9..) => {
            let other = ClientId::new(bits ^ UPPER).expect("its lower half is as it was");
            let upper = other.to_string().to_uppercase();
            // Digits alone have no case.
            upper.bytes().any(|byte| byte.is_ascii_uppercase()).then_some(upper)
        }
        _ => None,
    }
    .unwrap_or_else(|| id.to_string())
}

/// The bits of a UUID with hyphens; `show` finds out whether it is all in one case.
fn uuid(text: &str) -> Option<u128> {
    // The crate also reads a UUID without hyphens, in braces or as a URN: those have other lengths.
    let bits = Uuid::try_parse(text).ok().filter(|_| text.len() == Hyphenated::LENGTH)?.as_u128();
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if upper { bits ^ UPPER } else { bits })
}

/// Short text as bits, seven for each character.
fn packed(text: &str) -> Option<u128> {
    let fits = (1..=MAX).contains(&text.len()) && text.bytes().all(printable);
    if !fits {
        return None;
    }
    let padded = text.bytes().chain(std::iter::repeat(0)).take(MAX);
    let bits = padded.fold(0, |bits, byte| bits << 7 | u128::from(byte));
    let low = bits & ((1 << VARIANT) - 1);
    Some(bits >> VARIANT << 64 | 0b11 << VARIANT | low)
}

/// The text that is packed into these bits, if one is.
fn unpacked(bits: u128) -> Option<String> {
    let bits = bits >> 64 << VARIANT | bits & ((1 << VARIANT) - 1);
    let mut text = String::new();
    let mut ended = false;
    for at in (0..MAX).rev() {
        let byte = u8::try_from(bits >> (7 * at) & 0x7f).expect("seven bits");
        match (byte, ended) {
            (0, _) => ended = true,
            (_, false) if printable(byte) => text.push(char::from(byte)),
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(text)
}

fn printable(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_id_that_is_taken_comes_back_as_it_was_sent() {
        let uuid = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        let upper = uuid.to_uppercase();
        let taken = [
            uuid,
            &upper,
            "00000000-0000-0000-0000-000000000001",
            "00000000-0000-4000-8000-000000000000",
            "FFFFFFFF-FFFF-8FFF-BFFF-FFFFFFFFFFFF",
            "x",
            " ",
            "my order 1",
            "~~~~~~~~~~~~~~~~~~",
            "123456789012345678",
        ];
        let mut ids = BTreeMap::new();
        for text in taken {
            let id = parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
            assert_eq!(show(id), text);
            assert_eq!(ids.insert(id, text), None, "{text} has another's id");
        }
        assert_eq!(parse(uuid).unwrap().to_string(), uuid, "facts show a usual UUID as it is");
    }

    #[test]
    fn what_would_not_come_back_is_refused() {
        let refused = [
            "",
            "1234567890123456789",
            "ärger",
            "a\tb",
            "3fa85f64-5717-4562-b3fc-2c963f66afA6",
            "3FA85F64-5717-9562-B3FC-2C963F66AFA6",
            "3fa85f64-5717-9562-b3fc-2c963f66afa6",
            "00000000-0000-0000-0000-000000000000",
        ];
        for text in refused {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    /// Numbers that look drawn by lot; SplitMix64.
    fn drawn(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    #[test]
    fn whatever_bits_a_journal_has_are_shown_and_what_is_shown_leads_back_or_is_refused() {
        let mut state = 1;
        let (mut back, mut refused) = (0, 0);
        for _ in 0..100_000 {
            let bits = u128::from(drawn(&mut state)) << 64 | u128::from(drawn(&mut state));
            let Some(id) = ClientId::new(bits) else { continue };
            match parse(&show(id)) {
                Ok(read) => {
                    assert_eq!(read, id, "{bits:x}");
                    back += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(back > 99_000 && refused < 1_000, "{back} back, {refused} refused");
    }
}
