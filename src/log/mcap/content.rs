//! What MCAP's records say: channels, messages, attachments.

use serde::Deserialize;
use serde::de::DeserializeSeed;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Sample};

use super::bytes::Bytes;
use super::{RAW_ENCODING, RAW_TOPIC, parse_topic};
use crate::log::schema::Payload;
use crate::log::{Attachment, Record, Truth};

/// What the messages of a channel are.
#[derive(Clone, Copy)]
enum Channel {
    Records(Name, Payload),
    Raw,
    Foreign,
}

/// What a message is.
pub enum Message {
    /// One record.
    Record(Record),
    /// Bytes as they were received: what they say lies beside them as records.
    Raw,
    /// Not Wayfix's.
    Foreign,
}

/// What the messages of each channel are, by its id. `None`: unknown.
#[derive(Default)]
pub struct Channels(Vec<Option<Channel>>);

impl Channels {
    /// Takes the body of a channel record.
    pub fn add(&mut self, body: &[u8]) {
        let mut bytes = Bytes(body);
        let parsed = (|| Some((bytes.u16()?, bytes.u16()?, bytes.text()?, bytes.text()?)))();
        if let Some((id, _schema, topic, encoding)) = parsed {
            let id = usize::from(id);
            if self.0.len() <= id {
                self.0.resize(id + 1, None);
            }
            self.0[id] = Some(match parse_topic(topic) {
                Some((source, payload)) if encoding == "json" => Channel::Records(source, payload),
                None if encoding == RAW_ENCODING && topic.ends_with(RAW_TOPIC) => Channel::Raw,
                _ => Channel::Foreign,
            });
        }
    }

    /// What the body of a message says.
    pub fn message(&self, body: &[u8]) -> Result<Message, String> {
        let mut bytes = Bytes(body);
        let head = (|| Some((bytes.u16()?, bytes.u32()?, bytes.u64()?, bytes.u64()?)))();
        let (id, _sequence, _log_time, publish_time) = head.ok_or("too short")?;
        let channel = self.0.get(usize::from(id)).copied().flatten();
        let (source, payload) = match channel.ok_or_else(|| format!("unknown channel {id}"))? {
            Channel::Records(source, payload) => (source, payload),
            Channel::Raw => return Ok(Message::Raw),
            Channel::Foreign => return Ok(Message::Foreign),
        };
        let t = Timestamp(publish_time.cast_signed());
        let mut json = serde_json::Deserializer::from_slice(bytes.0);
        let record = match payload {
            Payload::Truth => {
                Deserialize::deserialize(&mut json).map(|state| Record::Truth(Truth { t, state }))
            }
            Payload::Reading(kind) => kind
                .deserialize(&mut json)
                .map(|reading| Record::Sample(Sample { t, source, reading })),
        };
        let record = record.and_then(|record| json.end().map(|()| record));
        record
            .map(Message::Record)
            .map_err(|e| format!("{} of `{source}`: {e}", payload.name()))
    }
}

/// The body of an attachment; `None` where it is damaged, `Err` for one that is not text.
pub fn attachment(body: &[u8]) -> Option<Result<Attachment, ()>> {
    let mut bytes = Bytes(body);
    let (_log_time, _create_time) = (bytes.u64()?, bytes.u64()?);
    let (name, _media_type) = (bytes.text()?, bytes.text()?);
    let length = bytes.u64()?;
    let data = bytes.take(usize::try_from(length).ok()?)?;
    let crc = bytes.u32()?;
    if crc != 0 && crc != crc32fast::hash(&body[..body.len() - bytes.0.len() - 4]) {
        return None;
    }
    Some(match std::str::from_utf8(data) {
        Ok(text) => Ok(Attachment {
            name: name.to_owned(),
            text: text.to_owned(),
        }),
        Err(_) => Err(()),
    })
}
