//! NMEA 0183: position, velocity and heading of satellite receivers and compasses.
//!
//! | sentence | becomes |
//! |---|---|
//! | GGA | `gnss_position`; height above the ellipsoid = altitude + geoid separation |
//! | GST | the sigmas of the position of the same UTC time |
//! | RMC, VTG | `gnss_velocity`, one an epoch, from course and speed over ground |
//! | HDT, THS | `yaw`, turned from compass sense to counter-clockwise from east; THS of mode A |
//! | GSA | whether a fix has two dimensions: its height is then left out |
//! | RMC, ZDA | the date, for [`TimeBase::Utc`] |
//!
//! Any talker. Other sentences, sentences without a fix, and a second talker's word on an epoch
//! that has its position already are counted as ignored. Fixes that the receiver dead-reckons
//! (quality 6) are ignored too: they are no measurement of satellites, and they are correlated
//! with the wheels that the filter has itself.
//!
//! A GGA waits for its GST where the receiver sends one after it; whether it does is learnt from
//! the epoch before, so that a receiver without GST is held up for its first epoch only.

mod epoch;

use alloc::format;
use alloc::string::ToString;

use arrayvec::ArrayVec;
use nmea::ParseResult;
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::{Counters, DecodeError, Decoder};
use crate::sample::{Name, Reading, Sample};
use epoch::{Epochs, Fault};

/// Sentences may have 82 bytes, receivers send up to about 100; proprietary ones more.
const SENTENCE_LIMIT_BYTES: usize = 256;

/// What a sample's time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeBase {
    /// When the sentence began to arrive.
    #[default]
    Receive,
    /// The receiver's UTC as unix time (which has no leap seconds). The date comes from RMC or
    /// ZDA; until one has been seen, readings are ignored. Sentences without a time of their own
    /// (VTG, HDT) take that of the epoch they arrive in.
    Utc,
}

/// Decoder of NMEA 0183.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Nmea, Reading, Timestamp, nmea::TimeBase};
/// let mut decoder = Nmea::new(Name::from("compass").unwrap(), TimeBase::Receive);
/// let mut yaw_rad = None;
/// decoder.push(b"$HEHDT,90.0,T*16\r\n", Timestamp(0), &mut |sample| {
///     if let Reading::Yaw(yaw) = sample.reading { yaw_rad = Some(yaw.yaw_rad) }
/// });
/// assert_eq!(yaw_rad, Some(0.0));
/// ```
#[derive(Clone, Debug)]
pub struct Nmea {
    source: Name,
    framer: Framer,
    epochs: Epochs,
    counters: Counters,
    error: Option<DecodeError>,
}

impl Nmea {
    /// Samples get the name `source`, and their time from `base`.
    #[must_use]
    pub fn new(source: Name, base: TimeBase) -> Self {
        Self {
            source,
            framer: Framer::default(),
            epochs: Epochs::new(base),
            counters: Counters::default(),
            error: None,
        }
    }

    /// For recordings, which may begin before their first date or have none: until the stream
    /// states a date, a time of day is taken as the one nearest to this instant [unix time].
    #[must_use]
    pub fn near(mut self, utc: Timestamp) -> Self {
        self.epochs.set_near(utc.0);
        self
    }

    fn take(
        &mut self,
        frame: Result<&[u8], DecodeError>,
        t_rx: Timestamp,
        sink: &mut dyn FnMut(Sample),
    ) {
        let Self {
            source,
            epochs,
            counters,
            error,
            ..
        } = self;
        let mut give = |t, reading| {
            counters.samples += 1;
            sink(Sample {
                t,
                source: *source,
                reading,
            });
        };
        match frame.and_then(|frame| sentence(frame, t_rx, epochs, &mut give)) {
            Ok(Outcome::Used) => {}
            Ok(Outcome::Ignored) => counters.ignored += 1,
            Err(e) => {
                counters.malformed += 1;
                *error = Some(e);
            }
        }
        counters.ignored += epochs.take_dropped();
    }
}

impl Decoder for Nmea {
    fn push(&mut self, bytes: &[u8], t_rx: Timestamp, sink: &mut dyn FnMut(Sample)) {
        self.counters.bytes += bytes.len() as u64;
        for &byte in bytes {
            // The framer is moved out for the call, because its frame is borrowed during it.
            if matches!(byte, b'$' | b'!' | b'\r' | b'\n') {
                let framer = core::mem::take(&mut self.framer);
                if let Some(frame) = framer.frame() {
                    self.take(frame, framer.t_rx, sink);
                }
            }
            self.framer.push(byte, t_rx);
        }
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Sample)) {
        let framer = core::mem::take(&mut self.framer);
        if let Some(frame) = framer.frame() {
            self.take(frame, framer.t_rx, sink);
        }
        let Self {
            source,
            epochs,
            counters,
            ..
        } = self;
        epochs.close(&mut |t, reading| {
            counters.samples += 1;
            sink(Sample {
                t,
                source: *source,
                reading,
            });
        });
        counters.ignored += epochs.take_dropped();
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn last_error(&self) -> Option<&DecodeError> {
        self.error.as_ref()
    }
}

/// What was done with a sentence in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Used,
    Ignored,
}

/// Bytes since the last sentence boundary.
#[derive(Clone, Debug, Default)]
struct Framer {
    bytes: ArrayVec<u8, SENTENCE_LIMIT_BYTES>,
    t_rx: Timestamp,
    overflown: bool,
}

impl Framer {
    fn push(&mut self, byte: u8, t_rx: Timestamp) {
        if matches!(byte, b'\r' | b'\n') {
            return;
        }
        if self.bytes.is_empty() {
            self.t_rx = t_rx;
        }
        self.overflown |= self.bytes.try_push(byte).is_err();
    }

    /// What lies before a boundary; `None` where two boundaries meet.
    fn frame(&self) -> Option<Result<&[u8], DecodeError>> {
        let is_sentence = matches!(self.bytes.first()?, b'$' | b'!');
        Some(match (is_sentence, self.overflown) {
            (false, _) => Err(DecodeError::Framing),
            (true, true) => Err(DecodeError::TooLong {
                limit_bytes: SENTENCE_LIMIT_BYTES,
            }),
            (true, false) => Ok(&self.bytes),
        })
    }
}

/// Of what stands between `$` and `*`: all bytes, exclusive or.
#[must_use]
pub fn checksum(body: &[u8]) -> u8 {
    body.iter().fold(0, |sum, b| sum ^ b)
}

fn sentence(
    frame: &[u8],
    t_rx: Timestamp,
    epochs: &mut Epochs,
    give: &mut dyn FnMut(Timestamp, Reading),
) -> Result<Outcome, DecodeError> {
    let star = frame
        .iter()
        .rposition(|&b| b == b'*')
        .ok_or(DecodeError::Framing)?;
    let stated = frame
        .get(star + 1..star + 3)
        .and_then(|hex| core::str::from_utf8(hex).ok())
        .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        .ok_or(DecodeError::Framing)?;
    if checksum(&frame[1..star]) != stated {
        return Err(DecodeError::Checksum);
    }
    // `$` talker (2), type (3); proprietary and query sentences have other lengths or types.
    let address = frame[1..star]
        .split(|&b| b == b',')
        .next()
        .unwrap_or_default();
    let known = matches!(
        address.get(2..),
        Some(b"GGA" | b"GSA" | b"GST" | b"HDT" | b"RMC" | b"THS" | b"VTG" | b"ZDA")
    );
    if !known || frame[0] != b'$' {
        return Ok(Outcome::Ignored);
    }
    let fault = |what: &dyn core::fmt::Display| {
        let address = core::str::from_utf8(address).unwrap_or("?");
        DecodeError::Content(format!("{address}: {what}"))
    };
    // The two that the crate lacks, or has more of than is needed here.
    let mut fields = frame[1..star].split(|&b| b == b',').skip(1);
    let own = match address.get(2..) {
        Some(b"THS") => Some(match (fields.next(), fields.next()) {
            (Some(heading), Some(b"A")) => core::str::from_utf8(heading)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(Fault("heading is no number"))
                .and_then(|heading_deg| epochs.yaw(heading_deg, t_rx, give)),
            // Estimated, manual, simulated, invalid.
            _ => Ok(Outcome::Ignored),
        }),
        Some(b"GSA") => Some(Ok(epochs.dimensions(fields.nth(1).unwrap_or_default()))),
        _ => None,
    };
    if let Some(taken) = own {
        return taken.map_err(|Fault(what)| fault(&what));
    }
    let parsed = nmea::parse_bytes(&frame[..star + 3]).map_err(|e| fault(&e.to_string()))?;
    match parsed {
        ParseResult::GGA(gga) => epochs.position(&gga, t_rx, give),
        ParseResult::GST(gst) => epochs.sigmas(&gst, t_rx, give),
        ParseResult::RMC(rmc) => epochs.minimum(&rmc, t_rx, give),
        ParseResult::VTG(vtg) => epochs.track(&vtg, t_rx, give),
        ParseResult::HDT(hdt) => epochs.heading(&hdt, t_rx, give),
        ParseResult::ZDA(zda) => epochs.date(&zda, t_rx, give),
        _ => Ok(Outcome::Ignored),
    }
    .map_err(|Fault(what)| fault(&what))
}

#[cfg(test)]
mod tests;
