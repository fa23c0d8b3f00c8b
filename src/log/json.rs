//! Records as JSON text: the lines of the twin, the messages of the canonical form.

use std::io;

use memchr::memmem;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use wayfix_sensors::json_lines::line_time;

use super::{Attachment, LogError, Record, Truth, TruthState};

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sample(sample) => sample.serialize(to),
            Self::Truth(truth) => {
                let mut map = to.serialize_map(Some(2))?;
                map.serialize_entry("t_ns", &truth.t.0)?;
                map.serialize_entry("truth", &truth.state)?;
                map.end()
            }
        }
    }
}

/// JSON without `null`: serde_json writes it for NaN and infinities, and no reader would take it.
struct Finite;

impl serde_json::ser::Formatter for Finite {
    fn write_null<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::InvalidData, "not finite"))
    }
}

/// Replaces `to` by `value` as JSON; `record` is whose it is, for the error.
pub(super) fn write(
    to: &mut Vec<u8>,
    value: &impl Serialize,
    record: &Record,
) -> Result<(), LogError> {
    to.clear();
    value
        .serialize(&mut serde_json::Serializer::with_formatter(to, Finite))
        .map_err(|_| {
            let (what, t) = match record {
                Record::Sample(sample) => (
                    format!("{} of `{}`", sample.reading.kind().name(), sample.source),
                    sample.t,
                ),
                Record::Truth(truth) => ("truth".to_owned(), truth.t),
            };
            LogError::NotFinite { what, t_ns: t.0 }
        })
}

/// What a line says.
pub(super) enum Line {
    Record(Record),
    Attachment(Attachment),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TruthLine {
    t_ns: Option<i64>,
    t: Option<f64>,
    truth: TruthState,
}

/// Also how an attachment is written: `{"attachment": {"name": "site.toml", "text": "..."}}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachmentLine<T> {
    pub attachment: T,
}

/// Reads lines; made once, because the searcher is.
pub(super) struct LineParser {
    truth: memmem::Finder<'static>,
}

impl LineParser {
    pub fn new() -> Self {
        Self {
            truth: memmem::Finder::new(b"\"truth\""),
        }
    }

    pub fn parse(&self, line: &[u8]) -> Result<Line, String> {
        let sample = || match serde_json::from_slice(line) {
            Ok(sample) => Ok(Line::Record(Record::Sample(sample))),
            Err(e) => Err(e.to_string()),
        };
        if self.truth.find(line).is_some() {
            // A source may be called `truth` as well.
            let truth: Result<TruthLine, _> = serde_json::from_slice(line);
            return match truth {
                Ok(line) => {
                    let t = line_time(line.t_ns, line.t)?;
                    Ok(Line::Record(Record::Truth(Truth {
                        t,
                        state: line.truth,
                    })))
                }
                Err(e) => sample().map_err(|_| e.to_string()),
            };
        }
        if line.starts_with(b"{\"attachment\"") {
            let line: AttachmentLine<Attachment> =
                serde_json::from_slice(line).map_err(|e| e.to_string())?;
            return Ok(Line::Attachment(line.attachment));
        }
        sample()
    }
}
