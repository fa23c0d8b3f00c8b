//! CDR, as ROS 2 serialises messages (OMG DDS-RTPS 10.2 and CORBA 15.3): four bytes that say in which
//! order bytes are, then values, each aligned to its own size.

/// Takes values off the front; `None` where there are too few bytes.
pub(super) struct Cdr<'a> {
    bytes: &'a [u8],
    at: usize,
    is_big: bool,
}

impl<'a> Cdr<'a> {
    /// Of a whole message; `None` where it is not plain CDR.
    pub fn new(message: &'a [u8]) -> Option<Self> {
        let (head, bytes) = message.split_first_chunk::<4>()?;
        let is_big = match head {
            [0, 0, ..] => true,
            [0, 1, ..] => false,
            _ => return None,
        };
        Some(Self {
            bytes,
            at: 0,
            is_big,
        })
    }

    /// The next so many bytes, in the order of a little-endian value.
    fn value<const N: usize>(&mut self) -> Option<[u8; N]> {
        let start = self.at.next_multiple_of(N);
        let mut value: [u8; N] = self.bytes.get(start..start + N)?.try_into().ok()?;
        self.at = start + N;
        if self.is_big {
            value.reverse();
        }
        Some(value)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.value().map(u8::from_le_bytes)
    }

    pub fn i8(&mut self) -> Option<i8> {
        self.value().map(i8::from_le_bytes)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.value().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.value().map(u32::from_le_bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.value().map(i32::from_le_bytes)
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.value().map(f64::from_le_bytes)
    }

    pub fn f64s<const N: usize>(&mut self) -> Option<[f64; N]> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = self.f64()?;
        }
        Some(values)
    }

    /// Goes past a text: its length with a zero at the end, and its bytes.
    pub fn skip_text(&mut self) -> Option<()> {
        let length = usize::try_from(self.u32()?).ok()?;
        let end = self.at.checked_add(length)?;
        self.at = self.bytes.get(..end)?.len();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_aligned_behind_the_head_in_either_order() {
        // A byte, a text "ab", a byte, and 1.5 at a multiple of eight.
        let little = b"\0\x01\0\0\x07\0\0\0\x03\0\0\0ab\0\x09\0\0\0\0\0\0\0\0\0\0\xF8\x3F";
        let big = b"\0\0\0\0\x07\0\0\0\0\0\0\x03ab\0\x09\0\0\0\0\x3F\xF8\0\0\0\0\0\0";
        for bytes in [little, big] {
            let mut cdr = Cdr::new(bytes).unwrap();
            assert_eq!(
                (cdr.u8(), cdr.skip_text(), cdr.u8()),
                (Some(7), Some(()), Some(9))
            );
            assert_eq!((cdr.f64(), cdr.u8()), (Some(1.5), None));
        }
        assert!(Cdr::new(b"\0\x03\0\0").is_none(), "a parameter list");
        let mut endless = Cdr::new(b"\0\x01\0\0\xFF\xFF\xFF\xFF").unwrap();
        assert_eq!(endless.skip_text(), None);
    }
}
