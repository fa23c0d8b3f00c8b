//! JSON Lines: one sample a line, for scripts, bridges and devices that can print.
//!
//! ```text
//! {"t_ns": 123, "source": "uwb", "range": {"anchor": "A1", "range_m": 3.2}}
//! {"t": 1700000000.25, "source": "gnss", "gnss_position": {"lat_deg": 59.3, "lon_deg": 18.1}}
//! ```
//! Keys in any order: the time, as `t_ns` (nanoseconds, integer) or `t` (seconds); the source; and
//! one reading under its kind. Anything else is an error, so that a misspelt key can't pass for an
//! absent one. `NaN` is no JSON: a script leaves the reading out instead.

use alloc::string::ToString;
use core::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wayfix_filter::Timestamp;

use crate::decoder::{Counters, DecodeError, Decoder};
use crate::kind::{Content, Kind};
use crate::lines::LineBuffer;
use crate::sample::{Name, Sample};

/// Lines longer than this [bytes] are refused; the longest reading needs about 400.
const LINE_LIMIT_BYTES: usize = 2048;

/// The time of a line from its two possible keys.
///
/// # Errors
/// Neither or both are there, or the seconds don't fit in an `i64` of nanoseconds.
pub fn line_time(t_ns: Option<i64>, t_s: Option<f64>) -> Result<Timestamp, &'static str> {
    match (t_ns, t_s) {
        (Some(ns), None) => Ok(Timestamp(ns)),
        // i64 nanoseconds end at 9.22e9 s, in the year 2262.
        (None, Some(s)) if s.abs() < 9.2e9 => Ok(Timestamp::from_seconds(s)),
        (None, Some(_)) => Err("`t` is not a time in seconds"),
        (None, None) => Err("missing time: `t_ns` (nanoseconds) or `t` (seconds)"),
        (Some(_), Some(_)) => Err("two times: `t_ns` and `t`"),
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("t_ns", &self.t.0)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry(self.reading.kind().name(), &Content(&self.reading))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Line {
            t: None,
            source: None,
        }
        .deserialize(from)
    }
}

/// Reads a sample; time and source may be missing where a default is given.
struct Line {
    t: Option<Timestamp>,
    source: Option<Name>,
}

impl<'de> DeserializeSeed<'de> for Line {
    type Value = Sample;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Sample, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Line {
    type Value = Sample;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a sample: time, source and one reading")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sample, A::Error> {
        let (mut t_ns, mut t_s, mut source, mut reading) = (None, None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::TimeNs => once(&mut t_ns, "t_ns", map.next_value()?)?,
                Key::TimeS => once(&mut t_s, "t", map.next_value()?)?,
                Key::Source => once(&mut source, "source", map.next_value()?)?,
                Key::Reading(kind) if reading.is_some() => {
                    map.next_value::<IgnoredAny>()?;
                    return Err(A::Error::custom(format_args!(
                        "a second reading: `{}`",
                        kind.name()
                    )));
                }
                Key::Reading(kind) => reading = Some(map.next_value_seed(kind)?),
            }
        }
        let t = match self.t {
            Some(t) if t_ns.is_none() && t_s.is_none() => t,
            _ => line_time(t_ns, t_s).map_err(A::Error::custom)?,
        };
        let source = source
            .or(self.source)
            .ok_or_else(|| A::Error::missing_field("source"))?;
        let reading =
            reading.ok_or_else(|| A::Error::custom("no reading, such as `range` or `imu`"))?;
        Ok(Sample { t, source, reading })
    }
}

fn once<T, E: serde::de::Error>(
    slot: &mut Option<T>,
    key: &'static str,
    value: T,
) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}

enum Key {
    TimeNs,
    TimeS,
    Source,
    Reading(Kind),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("`t_ns`, `t`, `source` or a kind of reading")
            }
            fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Key, E> {
                match key {
                    "t_ns" => Ok(Key::TimeNs),
                    "t" => Ok(Key::TimeS),
                    "source" => Ok(Key::Source),
                    _ => Kind::from_name(key).map(Key::Reading).ok_or_else(|| {
                        E::custom(format_args!(
                            "unknown key `{key}`: neither time, source nor a kind of reading"
                        ))
                    }),
                }
            }
        }
        from.deserialize_identifier(KeyVisitor)
    }
}

/// Decoder of JSON Lines.
///
/// ```
/// use wayfix_sensors::{Decoder, JsonLines, Timestamp};
/// let mut decoder = JsonLines::new();
/// let mut samples = Vec::new();
/// let line = b"{\"t\": 0.5, \"source\": \"uwb\", \"range\": {\"anchor\": \"A1\", \"range_m\": 3.2}}\n";
/// decoder.push(line, Timestamp(0), &mut |sample| samples.push(sample));
/// assert_eq!(samples[0].t, Timestamp(500_000_000));
/// ```
#[derive(Clone, Debug, Default)]
pub struct JsonLines {
    lines: LineBuffer<LINE_LIMIT_BYTES>,
    default_source: Option<Name>,
    counters: Counters,
    error: Option<DecodeError>,
}

impl JsonLines {
    /// Each line states its time and its source.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For a device that has neither a clock nor a name: lines without a time get the receive
    /// time, lines without a source get this one.
    #[must_use]
    pub fn for_source(source: Name) -> Self {
        Self {
            default_source: Some(source),
            ..Self::default()
        }
    }
}

impl Decoder for JsonLines {
    fn push(&mut self, bytes: &[u8], t_rx: Timestamp, sink: &mut dyn FnMut(Sample)) {
        self.counters.bytes += bytes.len() as u64;
        let Self {
            lines,
            default_source,
            counters,
            error,
        } = self;
        lines.push(bytes, t_rx, |line, t| {
            decode(line, t, *default_source, counters, error, sink)
        });
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Sample)) {
        let Self {
            lines,
            default_source,
            counters,
            error,
        } = self;
        lines.finish(|line, t| decode(line, t, *default_source, counters, error, sink));
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn last_error(&self) -> Option<&DecodeError> {
        self.error.as_ref()
    }
}

fn decode(
    line: Option<&[u8]>,
    t_rx: Timestamp,
    source: Option<Name>,
    counters: &mut Counters,
    error: &mut Option<DecodeError>,
    sink: &mut dyn FnMut(Sample),
) {
    let parsed = match line {
        None => Err(DecodeError::TooLong {
            limit_bytes: LINE_LIMIT_BYTES,
        }),
        Some(line) if line.trim_ascii().is_empty() => return,
        Some(line) => {
            let mut json = serde_json::Deserializer::from_slice(line);
            Line {
                t: source.map(|_| t_rx),
                source,
            }
            .deserialize(&mut json)
            .and_then(|sample| json.end().map(|()| sample))
            .map_err(|e| DecodeError::Content(e.to_string()))
        }
    };
    match parsed {
        Ok(sample) => {
            counters.samples += 1;
            sink(sample);
        }
        Err(e) => {
            counters.malformed += 1;
            *error = Some(e);
        }
    }
}

#[cfg(test)]
mod tests;
