//! Binary protocols: what all of them share.
//!
//! A protocol says where a frame starts, how long it is and whether its checksum holds
//! ([`Protocol::look`]), and what a whole frame means ([`Protocol::take`]). [`Framed`] does the
//! rest: it keeps what a chunk's end has cut, skips what belongs to no frame, finds the next frame
//! and counts. A frame with a wrong checksum is looked through for the start of another, so that a
//! length byte that was hit loses no more than it must.

use alloc::vec::Vec;

use wayfix_filter::Timestamp;

use crate::decoder::{Counters, DecodeError, Decoder};
use crate::out::{Out, Tally};
use crate::sample::{Name, Sample};

/// What the bytes at hand begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Can't be told before there are this many bytes.
    Need(usize),
    /// A whole frame of this many bytes, its checksum right.
    Frame(usize),
    /// No frame starts here.
    No(DecodeError),
}

/// One binary protocol.
pub trait Protocol: Send {
    /// Longest frame [bytes]: what is longer by its own account is none.
    const LIMIT_BYTES: usize;

    /// Judges the start of `bytes`, of which there is at least one. The verdict on some bytes must
    /// not change when others follow, except from [`Look::Need`].
    fn look(&self, bytes: &[u8]) -> Look;

    /// Gives the samples of a frame that `look` measured, whose first byte came at `t_rx`.
    ///
    /// # Errors
    /// The content makes no sense.
    fn take(&mut self, frame: &[u8], t_rx: Timestamp, out: &mut Out<'_>)
    -> Result<(), DecodeError>;

    /// The stream ended: gives what was held back, and forgets what is not complete.
    fn finish(&mut self, out: &mut Out<'_>) {
        let _ = out;
    }
}

/// Decoder of a [`Protocol`].
///
/// A laser altimeter that sends `A5`, millimetres (u16, big-endian), and the sum of the two bytes:
/// ```
/// use wayfix_sensors::framed::{Framed, Look, Protocol};
/// use wayfix_sensors::sample::Height;
/// use wayfix_sensors::{DecodeError, Name, Out, Reading, Timestamp};
///
/// struct Laser;
///
/// impl Protocol for Laser {
///     const LIMIT_BYTES: usize = 4;
///     fn look(&self, bytes: &[u8]) -> Look {
///         match bytes {
///             [0xA5, a, b, sum, ..] if a.wrapping_add(*b) == *sum => Look::Frame(4),
///             [0xA5, _, _, _, ..] => Look::No(DecodeError::Checksum),
///             [0xA5, ..] => Look::Need(4),
///             _ => Look::No(DecodeError::Framing),
///         }
///     }
///     fn take(&mut self, frame: &[u8], t_rx: Timestamp, out: &mut Out) -> Result<(), DecodeError> {
///         let mm = u16::from_be_bytes([frame[1], frame[2]]);
///         out.give(t_rx, Reading::Height(Height { height_m: 1e-3 * f64::from(mm) }));
///         Ok(())
///     }
/// }
///
/// let make = || Framed::new(Name::from("laser").unwrap(), Laser);
/// let bytes = [0, 0xA5, 4, 0xB4, 0xB8, 0xA5, 0xA5, 4, 0xB5, 0xB9];
/// assert_eq!(wayfix_sensors::decoder::assert_splits(make, &bytes).len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Framed<P> {
    protocol: P,
    /// The start of a frame that is not complete: at most [`Protocol::LIMIT_BYTES`].
    kept: Vec<u8>,
    /// When `kept` began to arrive.
    t_kept: Timestamp,
    /// From where on `kept` came with the chunk at hand.
    fresh: usize,
    /// Within a run of bytes that belong to no frame, which counts once.
    lost: bool,
    tally: Tally,
}

impl<P: Protocol> Framed<P> {
    /// Samples get the name `source`.
    #[must_use]
    pub fn new(source: Name, protocol: P) -> Self {
        Self {
            protocol,
            kept: Vec::new(),
            t_kept: Timestamp::default(),
            fresh: 0,
            lost: false,
            tally: Tally::new(source),
        }
    }

    /// Takes frames from `bytes` until more are needed, or there are none left; how many bytes are
    /// done with, and how many the rest needs.
    fn walk(
        &mut self,
        bytes: &[u8],
        t_rx: Timestamp,
        ended: bool,
        sink: &mut dyn FnMut(Sample),
    ) -> (usize, usize) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let look = match self.protocol.look(rest) {
                Look::Need(n) if !ended && n > rest.len() && n <= P::LIMIT_BYTES => {
                    return (at, n);
                }
                Look::Need(_) => Look::No(DecodeError::Framing),
                look => look,
            };
            match look {
                Look::Frame(n) if (1..=rest.len()).contains(&n) => {
                    self.lost = false;
                    let t = if at < self.fresh { self.t_kept } else { t_rx };
                    let taken = self.protocol.take(&rest[..n], t, &mut self.tally.out(sink));
                    self.tally.note(taken);
                    at += n;
                }
                Look::No(error) => {
                    if !self.lost || error != DecodeError::Framing {
                        self.tally.note(Err(error));
                    }
                    self.lost = true;
                    at += 1;
                }
                Look::Frame(_) | Look::Need(_) => at += 1,
            }
        }
        (at, 0)
    }
}

impl<P: Protocol> Decoder for Framed<P> {
    fn push(&mut self, mut bytes: &[u8], t_rx: Timestamp, sink: &mut dyn FnMut(Sample)) {
        self.tally.counters.bytes += bytes.len() as u64;
        let mut kept = core::mem::take(&mut self.kept);
        self.fresh = kept.len();
        // What was kept is completed by no more bytes than it needs, so that it soon ends with a
        // frame and the rest is read where it lies.
        while !kept.is_empty() {
            let (done, need) = self.walk(&kept, t_rx, false, sink);
            kept.drain(..done);
            self.fresh = self.fresh.saturating_sub(done);
            if kept.is_empty() {
                break;
            }
            let missing = need.saturating_sub(kept.len()).min(bytes.len());
            let (head, rest) = bytes.split_at(missing);
            kept.extend_from_slice(head);
            bytes = rest;
            if kept.len() < need {
                break;
            }
        }
        if kept.is_empty() {
            let (done, _) = self.walk(bytes, t_rx, false, sink);
            kept.extend_from_slice(&bytes[done..]);
        }
        // Older bytes before it keep their time, the oldest one where they came in several chunks.
        if self.fresh == 0 {
            self.t_kept = t_rx;
        }
        self.kept = kept;
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Sample)) {
        let kept = core::mem::take(&mut self.kept);
        self.fresh = kept.len();
        self.walk(&kept, self.t_kept, true, sink);
        self.lost = false;
        self.protocol.finish(&mut self.tally.out(sink));
    }

    fn counters(&self) -> Counters {
        self.tally.counters
    }

    fn last_error(&self) -> Option<&DecodeError> {
        self.tally.error.as_ref()
    }
}

/// Fields of a frame at fixed places. What lies outside reads as zero: lengths are checked before,
/// once a message, and nothing panics where one was forgotten.
pub(crate) mod field {
    /// `N` bytes from `at`.
    pub fn bytes<const N: usize>(from: &[u8], at: usize) -> [u8; N] {
        from.get(at..)
            .and_then(|rest| rest.first_chunk::<N>())
            .copied()
            .unwrap_or([0; N])
    }

    macro_rules! numbers {
        ($($name:ident $number:ty, $from:ident;)*) => {$(
            pub fn $name(from: &[u8], at: usize) -> $number {
                <$number>::$from(bytes(from, at))
            }
        )*};
    }

    numbers! {
        u16_le u16, from_le_bytes;
        i16_le i16, from_le_bytes;
        u32_le u32, from_le_bytes;
        i32_le i32, from_le_bytes;
        f32_le f32, from_le_bytes;
        u16_be u16, from_be_bytes;
        u32_be u32, from_be_bytes;
        u64_be u64, from_be_bytes;
        f32_be f32, from_be_bytes;
        f64_be f64, from_be_bytes;
    }

    pub fn u8(from: &[u8], at: usize) -> u8 {
        bytes::<1>(from, at)[0]
    }

    /// Signed, 24 bits, little-endian.
    pub fn i24_le(from: &[u8], at: usize) -> i32 {
        let [a, b, c] = bytes(from, at);
        i32::from_le_bytes([0, a, b, c]) >> 8
    }

    /// Three numbers in a row, `width` bytes each.
    pub fn three<T>(
        from: &[u8],
        at: usize,
        width: usize,
        number: impl Fn(&[u8], usize) -> T,
    ) -> [T; 3] {
        [0, 1, 2].map(|i| number(from, at + i * width))
    }
}

/// The sum of bytes modulo 256, by which many devices end a frame.
///
/// ```
/// assert_eq!(wayfix_sensors::framed::sum8(&[0xF0, 0x0F, 0x02]), 1);
/// ```
#[must_use]
pub fn sum8(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::assert_splits;
    use crate::sample::{Height, Reading};

    /// 0xAA, length of the content, content, sum of the content.
    struct Toy;

    impl Protocol for Toy {
        const LIMIT_BYTES: usize = 16;
        fn look(&self, bytes: &[u8]) -> Look {
            match bytes {
                [0xAA] => Look::Need(2),
                [0xAA, n, ..] if bytes.len() < usize::from(*n) + 3 => {
                    Look::Need(usize::from(*n) + 3)
                }
                [0xAA, n, rest @ ..] => {
                    let (content, sum) = rest.split_at(usize::from(*n));
                    match sum8(content) == sum[0] {
                        true => Look::Frame(usize::from(*n) + 3),
                        false => Look::No(DecodeError::Checksum),
                    }
                }
                _ => Look::No(DecodeError::Framing),
            }
        }
        fn take(
            &mut self,
            frame: &[u8],
            t_rx: Timestamp,
            out: &mut Out<'_>,
        ) -> Result<(), DecodeError> {
            let height_m = f64::from(frame[2]);
            out.give(t_rx, Reading::Height(Height { height_m }));
            Ok(())
        }
    }

    fn run(bytes: &[u8]) -> (usize, Counters) {
        let make = || Framed::new(Name::from("toy").unwrap(), Toy);
        let count = assert_splits(make, bytes).len();
        let mut decoder = make();
        decoder.push(bytes, Timestamp(0), &mut |_| ());
        decoder.finish(&mut |_| ());
        (count, decoder.counters())
    }

    #[test]
    fn what_is_no_frame_is_skipped_and_counted_once_a_run() {
        let good = [0xAA, 1, 7, 7];
        let cases: [(&[&[u8]], usize, u64); 8] = [
            (&[&good, &good], 2, 0),
            (&[b"noise", &good, b"noise", &good, b"noise"], 2, 3),
            // Checksum wrong; the frame inside it is found, and two bytes are left.
            (&[&[0xAA, 5], &good, &[0, 0], &good], 2, 2),
            // A length that was hit swallows nothing for good.
            (&[&[0xAA, 13], &good], 1, 1),
            (&[&[0xAA, 200], &good], 1, 1),
            // Cut short by the stream's end.
            (&[&good, &[0xAA, 5, 1]], 1, 1),
            (&[&[0xAA; 40], &good], 1, 1),
            (&[], 0, 0),
        ];
        for (parts, count, malformed) in cases {
            let (got, counters) = run(&parts.concat());
            assert_eq!(
                (got, counters.malformed),
                (count, malformed),
                "{parts:02X?}"
            );
        }
    }

    #[test]
    fn the_time_is_that_of_the_first_byte() {
        let mut decoder = Framed::new(Name::from("toy").unwrap(), Toy);
        let mut times = Vec::new();
        for (t, bytes) in [(1, &[0xAA, 1][..]), (2, &[7]), (3, &[7, 0xAA, 1, 8, 8])] {
            decoder.push(bytes, Timestamp(t), &mut |s| times.push(s.t.0));
        }
        assert_eq!(times, [1, 3]);

        // A length that was hit: what lay behind it in a later chunk has that chunk's time.
        let mut times = Vec::new();
        for (t, bytes) in [(4, &[0xAA, 3][..]), (5, &[0xAA, 1, 9, 9]), (6, &[0xAA, 1])] {
            decoder.push(bytes, Timestamp(t), &mut |s| times.push(s.t.0));
        }
        decoder.push(&[5, 5], Timestamp(7), &mut |s| times.push(s.t.0));
        assert_eq!(times, [5, 6]);
    }

    #[test]
    fn signed_24_bit_fields() {
        assert_eq!(field::i24_le(&[0xFF, 0xFF, 0xFF], 0), -1);
        assert_eq!(field::i24_le(&[0, 0x10, 0x27, 0], 1), 10_000);
        assert_eq!(field::i24_le(&[1], 0), 0);
    }
}
