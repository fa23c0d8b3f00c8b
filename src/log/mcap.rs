//! The log's canonical form: MCAP with channels that describe themselves, so that it opens in
//! Foxglove as it is.
//!
//! | in the file | is |
//! |---|---|
//! | topic `/SOURCE/KIND`, encoding `json`, schema `wayfix.KIND` (`jsonschema`) | readings, without time and source |
//! | topic `/truth` | truth |
//! | topic `/SOURCE/raw`, encoding `bytes` | what a live run received, as it came; `publish_time` is when |
//! | `publish_time` | the sample's time; times before the zero of the time base wrap (two's complement) |
//! | `log_time` | the latest sample time so far, which never falls: messages keep their order of arrival |
//! | attachments | the resolved `site.toml` and `vehicle.toml` |
//!
//! Other topics may lie beside these; readers leave them out and count them.

mod bytes;
mod content;
mod read;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Seek, Write};

use ::mcap::records::MessageHeader;
use ::mcap::{Compression, McapResult, WriteOptions, Writer};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Content, Name};

use super::schema::{Payload, json_schema};
use super::{Attachment, LogError, Record, json};

pub use read::McapReader;

/// A chunk is what one damaged byte can cost, and what a crash loses [bytes, uncompressed].
const CHUNK_BYTES: u64 = 256 << 10;

/// The end of the topic of raw bytes, and their encoding.
const RAW_TOPIC: &str = "/raw";
const RAW_ENCODING: &str = "bytes";

/// The topic of a payload from a source; truth has no source.
fn topic(source: &str, payload: Payload) -> String {
    match payload {
        Payload::Truth => "/truth".to_owned(),
        Payload::Reading(kind) => format!("/{source}/{}", kind.name()),
    }
}

/// The inverse of [`topic`]; `None` for topics that are not Wayfix's.
fn parse_topic(topic: &str) -> Option<(Name, Payload)> {
    if topic == "/truth" {
        return Some((Name::new(), Payload::Truth));
    }
    // From the right: a source's name may have slashes, a kind has none.
    let (source, kind) = topic.strip_prefix('/')?.rsplit_once('/')?;
    let kind = wayfix_sensors::Kind::from_name(kind)?;
    Some((Name::from(source).ok()?, Payload::Reading(kind)))
}

/// Writes MCAP to anything that seeks.
pub struct McapWriter<W: Write + Seek> {
    writer: Writer<W>,
    channels: Vec<(Name, Payload, u16)>,
    raw_channels: Vec<(Name, u16)>,
    latest: Timestamp,
    sequence: u32,
    content: Vec<u8>,
}

impl<W: Write + Seek> McapWriter<W> {
    /// Begins with the attachments.
    ///
    /// # Errors
    /// The stream's own.
    pub fn new(output: W, attachments: &[Attachment]) -> Result<Self, LogError> {
        let options = WriteOptions::new()
            .compression(Some(Compression::Zstd))
            .compression_threads(0)
            .chunk_size(Some(CHUNK_BYTES))
            .library(concat!("wayfix ", env!("CARGO_PKG_VERSION")));
        let mut writer = options.create(output)?;
        for attachment in attachments {
            writer.attach(&::mcap::Attachment {
                log_time: 0,
                create_time: 0,
                name: attachment.name.clone(),
                media_type: "text/plain".to_owned(),
                data: Cow::Borrowed(attachment.text.as_bytes()),
            })?;
        }
        let (channels, content) = (Vec::new(), Vec::new());
        Ok(Self {
            writer,
            channels,
            raw_channels: Vec::new(),
            latest: Timestamp(0),
            sequence: 0,
            content,
        })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// [`LogError::NotFinite`], which leaves the log as it was; the stream's own.
    pub fn write(&mut self, record: &Record) -> Result<(), LogError> {
        let (source, payload, t) = match record {
            Record::Sample(sample) => {
                json::write(&mut self.content, &Content(&sample.reading), record)?;
                (
                    sample.source,
                    Payload::Reading(sample.reading.kind()),
                    sample.t,
                )
            }
            Record::Truth(truth) => {
                json::write(&mut self.content, &truth.state, record)?;
                (Name::new(), Payload::Truth, truth.t)
            }
        };
        let channel_id = self.channel(source, payload)?;
        self.latest = self.latest.max(t);
        let header = MessageHeader {
            channel_id,
            sequence: self.sequence,
            log_time: self.latest.0.cast_unsigned(),
            publish_time: t.0.cast_unsigned(),
        };
        self.sequence = self.sequence.wrapping_add(1);
        Ok(self.writer.write_to_known_channel(&header, &self.content)?)
    }

    /// Appends bytes as they were received at `t`, beside the records that they say.
    ///
    /// # Errors
    /// The stream's own.
    pub fn write_raw(&mut self, source: Name, t: Timestamp, bytes: &[u8]) -> Result<(), LogError> {
        let known = self.raw_channels.iter().find(|(s, _)| *s == source);
        let channel_id = match known {
            Some((_, id)) => *id,
            None => {
                let topic = format!("/{source}{RAW_TOPIC}");
                let id = self
                    .writer
                    .add_channel(0, &topic, RAW_ENCODING, &BTreeMap::new())?;
                self.writer.flush()?;
                self.raw_channels.push((source, id));
                id
            }
        };
        // Before the first record there is no time but that of receipt.
        let log_time = if self.latest.0 == 0 { t } else { self.latest };
        let header = MessageHeader {
            channel_id,
            sequence: self.sequence,
            log_time: log_time.0.cast_unsigned(),
            publish_time: t.0.cast_unsigned(),
        };
        self.sequence = self.sequence.wrapping_add(1);
        Ok(self.writer.write_to_known_channel(&header, bytes)?)
    }

    fn channel(&mut self, source: Name, payload: Payload) -> McapResult<u16> {
        let known = self
            .channels
            .iter()
            .find(|(s, p, _)| *s == source && *p == payload);
        if let Some((_, _, id)) = known {
            return Ok(*id);
        }
        let name = format!("wayfix.{}", payload.name());
        let schema = json_schema(payload).to_string();
        let schema_id = self
            .writer
            .add_schema(&name, "jsonschema", schema.as_bytes())?;
        let topic = topic(&source, payload);
        let id = self
            .writer
            .add_channel(schema_id, &topic, "json", &BTreeMap::new())?;
        // A chunk of its own: damage to the messages around must not take the channel with it.
        self.writer.flush()?;
        self.channels.push((source, payload, id));
        Ok(id)
    }

    /// Ends the chunk and hands everything written to the system; a crash costs nothing before it.
    ///
    /// # Errors
    /// The stream's own.
    pub fn flush(&mut self) -> McapResult<()> {
        self.writer.flush()
    }

    /// Writes the index that players seek by, and hands everything to the system.
    ///
    /// # Errors
    /// The stream's own.
    pub fn finish(mut self) -> McapResult<()> {
        self.writer.finish()?;
        Ok(self.writer.into_inner().flush()?)
    }
}
