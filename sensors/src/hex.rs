//! Hexadecimal digits.

use crate::sample::Name;

/// The value of a digit.
pub(crate) const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Writes two digits behind a name, from `digits`; `None` where it is full.
pub(crate) fn push(name: &mut Name, byte: u8, digits: &[u8; 16]) -> Option<()> {
    for half in [byte >> 4, byte & 15] {
        name.try_push(char::from(*digits.get(usize::from(half))?))
            .ok()?;
    }
    Some(())
}

pub(crate) const LOWER: &[u8; 16] = b"0123456789abcdef";
pub(crate) const UPPER: &[u8; 16] = b"0123456789ABCDEF";
