//! The sans-IO shape that every decoder has: bytes and a receive time in, samples out.
//!
//! A device that Wayfix doesn't know needs one type with this trait, in any crate; the engine
//! takes it boxed. The rules that keep a vehicle running on a bad cable:
//! - bytes come in chunks of any size; a message cut by a chunk's end is *incomplete*, not
//!   malformed: keep it and wait. [`assert_splits`] tests this for you;
//! - nothing panics, whatever the bytes. What can't be read is counted, and the decoder finds the
//!   next message again by itself;
//! - memory is bounded: a message that never ends is dropped at a fixed length;
//! - no clock: time comes from the caller, or from the bytes.

use alloc::string::String;
use alloc::vec::Vec;

use wayfix_filter::Timestamp;

use crate::sample::Sample;

/// What has gone through a decoder since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes pushed.
    pub bytes: u64,
    /// Samples given out.
    pub samples: u64,
    /// Messages that could not be read, and runs of bytes that belong to none.
    pub malformed: u64,
    /// Messages in good order that say nothing to the engine: other types, no fix, duplicates.
    pub ignored: u64,
    /// Messages that never came, by the numbers that the device gives them.
    pub missing: u64,
}

/// Why a message was malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than the decoder's buffer.
    #[error("message longer than {limit_bytes} bytes")]
    TooLong {
        /// The buffer's size.
        limit_bytes: usize,
    },
    /// Sum, CRC or parity is wrong.
    #[error("checksum differs")]
    Checksum,
    /// Bytes that belong to no message, or a message cut short by the next one.
    #[error("bytes that belong to no message")]
    Framing,
    /// Well framed, but its content makes no sense.
    #[error("{0}")]
    Content(String),
}

/// Bytes of one stream to samples.
///
/// A range-finder that sends one byte a decimetre, and 0xFF where it sees nothing:
/// ```
/// use wayfix_sensors::{Counters, Decoder, Name, Reading, Sample, Timestamp, sample::Height};
///
/// struct Sonar { source: Name, counters: Counters }
///
/// impl Decoder for Sonar {
///     fn push(&mut self, bytes: &[u8], t_rx: Timestamp, sink: &mut dyn FnMut(Sample)) {
///         self.counters.bytes += bytes.len() as u64;
///         for &byte in bytes {
///             if byte == 0xFF {
///                 self.counters.ignored += 1;
///                 continue;
///             }
///             let reading = Reading::Height(Height { height_m: 0.1 * f64::from(byte) });
///             self.counters.samples += 1;
///             sink(Sample { t: t_rx, source: self.source, reading });
///         }
///     }
///     fn counters(&self) -> Counters {
///         self.counters
///     }
/// }
///
/// let make = || Sonar { source: Name::from("sonar").unwrap(), counters: Counters::default() };
/// let samples = wayfix_sensors::decoder::assert_splits(make, &[12, 0xFF, 13]);
/// assert_eq!(samples.len(), 2);
/// ```
pub trait Decoder: Send {
    /// Takes the next bytes, received at `t_rx`, and gives every sample that they complete to
    /// `sink`, in the stream's order.
    fn push(&mut self, bytes: &[u8], t_rx: Timestamp, sink: &mut dyn FnMut(Sample));

    /// The stream ended or was interrupted: gives what is complete but was held back, discards
    /// what is not. Bytes pushed later start a new stream.
    fn finish(&mut self, sink: &mut dyn FnMut(Sample)) {
        let _ = sink;
    }

    /// What has gone through so far.
    fn counters(&self) -> Counters;

    /// Why the last malformed message was refused, for whoever looks at a stream that gives nothing.
    fn last_error(&self) -> Option<&DecodeError> {
        None
    }
}

/// For tests: decodes `bytes` whole, in single bytes and cut once at every position, and returns
/// the samples, `finish` included.
///
/// # Panics
/// Where the samples or the counters depend on the cut.
pub fn assert_splits<D: Decoder>(make: impl Fn() -> D, bytes: &[u8]) -> Vec<Sample> {
    let run = |chunks: &mut dyn Iterator<Item = &[u8]>| {
        let (mut decoder, mut samples) = (make(), Vec::new());
        for chunk in chunks {
            decoder.push(chunk, Timestamp(1_000_000_000), &mut |s| samples.push(s));
        }
        decoder.finish(&mut |s| samples.push(s));
        (samples, decoder.counters())
    };
    let whole = run(&mut core::iter::once(bytes));
    assert_eq!(whole, run(&mut bytes.chunks(1)), "in single bytes");
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(
            whole,
            run(&mut [head, tail].into_iter()),
            "cut at byte {at}"
        );
    }
    whole.0
}
