//! Protocols of text lines: what all of them share.
//!
//! A protocol says what one line means ([`LineProtocol::take`]); [`Lined`] cuts, keeps and counts.

use wayfix_filter::Timestamp;

use crate::decoder::{Counters, DecodeError, Decoder};
use crate::lines::LineBuffer;
use crate::out::{Out, Tally};
use crate::sample::{Name, Sample};

/// Lines longer than this [bytes] are refused.
const LINE_LIMIT_BYTES: usize = 4096;

/// One protocol of lines.
pub trait LineProtocol: Send {
    /// Gives the samples of a line, without its end and without blanks around it; never empty.
    ///
    /// # Errors
    /// The line can't be read.
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError>;
}

/// Decoder of a [`LineProtocol`].
///
/// A laser altimeter that prints millimetres:
/// ```
/// use wayfix_sensors::lined::{LineProtocol, Lined};
/// use wayfix_sensors::sample::Height;
/// use wayfix_sensors::{DecodeError, Name, Out, Reading, Timestamp};
///
/// struct Laser;
///
/// impl LineProtocol for Laser {
///     fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out) -> Result<(), DecodeError> {
///         let mm: u32 = line.parse().map_err(|_| DecodeError::Content("no number".into()))?;
///         out.give(t_rx, Reading::Height(Height { height_m: 1e-3 * f64::from(mm) }));
///         Ok(())
///     }
/// }
///
/// let make = || Lined::new(Name::from("laser").unwrap(), Laser);
/// assert_eq!(wayfix_sensors::decoder::assert_splits(make, b"1204\r\nnoise\n1205\r\n").len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Lined<P> {
    protocol: P,
    lines: LineBuffer<LINE_LIMIT_BYTES>,
    tally: Tally,
}

impl<P: LineProtocol> Lined<P> {
    /// Samples get the name `source`.
    #[must_use]
    pub fn new(source: Name, protocol: P) -> Self {
        Self {
            protocol,
            lines: LineBuffer::new(),
            tally: Tally::new(source),
        }
    }
}

fn take<P: LineProtocol>(
    protocol: &mut P,
    tally: &mut Tally,
    line: Option<&[u8]>,
    t_rx: Timestamp,
    sink: &mut dyn FnMut(Sample),
) {
    let outcome = match line.map(core::str::from_utf8) {
        None => Err(DecodeError::TooLong {
            limit_bytes: LINE_LIMIT_BYTES,
        }),
        Some(Err(_)) => Err(DecodeError::Framing),
        Some(Ok(line)) => match line.trim_ascii() {
            "" => Ok(()),
            line => protocol.take(line, t_rx, &mut tally.out(sink)),
        },
    };
    tally.note(outcome);
}

impl<P: LineProtocol> Decoder for Lined<P> {
    fn push(&mut self, bytes: &[u8], t_rx: Timestamp, sink: &mut dyn FnMut(Sample)) {
        let Self {
            protocol,
            lines,
            tally,
        } = self;
        tally.counters.bytes += bytes.len() as u64;
        lines.push(bytes, t_rx, |line, t| take(protocol, tally, line, t, sink));
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Sample)) {
        let Self {
            protocol,
            lines,
            tally,
        } = self;
        lines.finish(|line, t| take(protocol, tally, line, t, sink));
    }

    fn counters(&self) -> Counters {
        self.tally.counters
    }

    fn last_error(&self) -> Option<&DecodeError> {
        self.tally.error.as_ref()
    }
}

/// Fields of a line.
pub(crate) mod field {
    use alloc::format;

    use super::DecodeError;
    use crate::sample::Name;

    /// A finite number; `what` names it in the error.
    pub fn number(text: &str, what: &str) -> Result<f64, DecodeError> {
        match text.trim_ascii().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(DecodeError::Content(format!("{what}: no number"))),
        }
    }

    /// A number that may be left out: empty or absent.
    pub fn maybe(text: Option<&str>, what: &str) -> Result<Option<f64>, DecodeError> {
        match text.map(str::trim_ascii) {
            None | Some("") => Ok(None),
            Some(text) => number(text, what).map(Some),
        }
    }

    /// A whole number.
    pub fn whole(text: &str, what: &str) -> Result<i64, DecodeError> {
        text.trim_ascii()
            .parse()
            .map_err(|_| DecodeError::Content(format!("{what}: no whole number")))
    }

    /// A name that is not empty and not too long.
    pub fn name(text: &str, what: &str) -> Result<Name, DecodeError> {
        let text = text.trim_ascii();
        match Name::from(text) {
            Ok(name) if !text.is_empty() => Ok(name),
            Ok(_) => Err(DecodeError::Content(format!("{what}: empty"))),
            Err(_) => Err(DecodeError::Content(format!(
                "{what}: longer than {} bytes",
                Name::new().capacity()
            ))),
        }
    }
}
