//! Where a signal lies in a frame's data, and what its bits mean.

/// How a signal's bits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Unsigned,
    Signed,
    Single,
    Double,
}

/// One signal of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    /// In the DBC's counting: of the lowest bit where little-endian, of the highest otherwise, bit 7
    /// being the highest of byte 0.
    pub start: usize,
    /// Bits: 1 to 64.
    pub size: usize,
    pub big_endian: bool,
    pub format: Format,
    pub factor: f64,
    pub offset: f64,
    /// Physical values outside mean that there is none.
    pub range: Option<[f64; 2]>,
}

/// A value: bits as a whole number, and in the DBC's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Value {
    pub raw: i64,
    pub physical: f64,
}

impl Signal {
    /// Its bits; `None` where the data are too short.
    pub fn bits(&self, data: &[u8]) -> Option<u64> {
        let (first, within) = (self.start / 8, self.start % 8);
        let mut window = [0; 16];
        let have = data.get(first..)?;
        let count = have.len().min(16);
        window.get_mut(..count)?.copy_from_slice(have.get(..count)?);
        let skipped = if self.big_endian { 7 - within } else { within };
        if !(1..=64).contains(&self.size) || skipped + self.size > 8 * have.len() {
            return None;
        }
        let mask = u64::MAX >> (64 - self.size);
        Some(match self.big_endian {
            true => (u128::from_be_bytes(window) << skipped >> (128 - self.size)) as u64 & mask,
            false => (u128::from_le_bytes(window) >> skipped) as u64 & mask,
        })
    }

    /// Its value; `None` where the data are too short, or it says that there is none.
    pub fn value(&self, data: &[u8], j1939: bool) -> Option<Value> {
        let bits = self.bits(data)?;
        let spare = 64 - self.size as u32;
        if j1939 && self.format == Format::Unsigned && self.size >= 2 {
            // Of whole bytes the highest one: from 0xFB on reserved, 0xFE error, 0xFF not available.
            // Of fewer bits all ones.
            let reserved = match self.size {
                2..8 => u64::MAX >> spare,
                _ => 0xFB << (self.size - 8),
            };
            if bits >= reserved {
                return None;
            }
        }
        let (raw, number) = match self.format {
            Format::Unsigned => (bits.cast_signed(), bits as f64),
            Format::Signed => {
                let raw = (bits << spare).cast_signed() >> spare;
                (raw, raw as f64)
            }
            Format::Single => {
                let number = f64::from(f32::from_bits(bits as u32));
                (number as i64, number)
            }
            Format::Double => {
                let number = f64::from_bits(bits);
                (number as i64, number)
            }
        };
        let physical = number * self.factor + self.offset;
        let within = self.range.is_none_or(|[low, high]| {
            // The last digit that the DBC's author rounded away.
            let slack = 1e-9 * (high - low).abs() + 1e-6 * self.factor.abs();
            (low - slack..=high + slack).contains(&physical)
        });
        (physical.is_finite() && within).then_some(Value { raw, physical })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(start: usize, size: usize, big_endian: bool, format: Format) -> Signal {
        Signal {
            start,
            size,
            big_endian,
            format,
            factor: 1.0,
            offset: 0.0,
            range: None,
        }
    }

    /// Against a reading bit by bit.
    #[test]
    fn bits_of_every_place() {
        let data: [u8; 10] = [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0, 0x55, 0xAA];
        let bit = |n: usize| u64::from(data[n / 8] >> (n % 8) & 1);
        for start in 0..80 {
            for size in 1..=64 {
                let little =
                    (start + size <= 80).then(|| (0..size).fold(0, |v, i| v | bit(start + i) << i));
                assert_eq!(
                    signal(start, size, false, Format::Unsigned).bits(&data),
                    little
                );
                // Downwards within a byte, then on at bit 7 of the next.
                let linear = start / 8 * 8 + (7 - start % 8);
                let big = (linear + size <= 80).then(|| {
                    (linear..linear + size).fold(0, |v, i| v << 1 | bit(i / 8 * 8 + 7 - i % 8))
                });
                assert_eq!(signal(start, size, true, Format::Unsigned).bits(&data), big);
            }
        }
        assert_eq!(signal(0, 8, false, Format::Unsigned).bits(&[]), None);
    }

    #[test]
    fn formats_and_ranges() {
        let value = |s: Signal, data: &[u8]| s.value(data, false).map(|v| v.physical);
        assert_eq!(
            value(signal(0, 12, false, Format::Signed), &[0xFF, 0x0F]),
            Some(-1.0)
        );
        assert_eq!(
            value(signal(0, 12, false, Format::Unsigned), &[0xFF, 0xFF]),
            Some(4095.0)
        );
        assert_eq!(
            value(signal(0, 32, false, Format::Single), &1.5_f32.to_le_bytes()),
            Some(1.5)
        );
        assert_eq!(
            value(
                signal(7, 64, true, Format::Double),
                &(-2.5_f64).to_be_bytes()
            ),
            Some(-2.5)
        );
        assert_eq!(
            value(
                signal(0, 32, false, Format::Single),
                &f32::NAN.to_le_bytes()
            ),
            None
        );
        let scaled = Signal {
            factor: 0.1,
            offset: -40.0,
            range: Some([-40.0, 60.0]),
            ..signal(0, 16, false, Format::Unsigned)
        };
        assert_eq!(value(scaled, &1000_u16.to_le_bytes()), Some(60.0));
        assert_eq!(value(scaled, &1001_u16.to_le_bytes()), None);
    }

    #[test]
    fn what_j1939_reserves() {
        let byte = signal(0, 8, false, Format::Unsigned);
        let word = signal(0, 16, false, Format::Unsigned);
        assert_eq!(byte.value(&[0xFA], true).map(|v| v.raw), Some(0xFA));
        assert_eq!(byte.value(&[0xFB], true), None);
        assert_eq!(word.value(&[0xFF, 0xFA], true).map(|v| v.raw), Some(0xFAFF));
        assert_eq!(word.value(&[0x00, 0xFB], true), None);
        assert_eq!(
            word.value(&[0xFF, 0xFF], false).map(|v| v.raw),
            Some(0xFFFF)
        );
        assert_eq!(
            signal(0, 2, false, Format::Unsigned).value(&[3], true),
            None
        );
    }
}
