//! What MCAP's records say: channels, messages, attachments.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Sample};

use super::bytes::Bytes;
use super::{RAW_ENCODING, RAW_TOPIC, parse_topic};
use crate::log::import::ros2::{self, To, Topics};
use crate::log::schema::Payload;
use crate::log::{Attachment, Record, Truth};

/// What the messages of a channel are.
#[derive(Clone, Copy)]
enum Channel {
    Records(Name, Payload),
    Ros2(ros2::Message, To),
    Raw,
    Foreign,
}

/// What a message is.
pub enum Message {
    /// One record.
    Record(Record),
    /// Bytes as they were received: what they say lies beside them as records.
    Raw,
    /// Not Wayfix's, or of no use.
    Foreign,
}

/// What the messages of each channel are.
#[derive(Default)]
pub struct Channels {
    /// By the channel's id. `None`: unknown.
    channels: Vec<Option<Channel>>,
    /// Topics of ROS 2, where those are read, and the schemas of such by their ids.
    ros2: Option<(Topics, BTreeMap<u16, ros2::Message>)>,
}

impl Channels {
    /// Those of ROS 2 too.
    pub fn with_ros2(topics: Topics) -> Self {
        Self {
            channels: Vec::new(),
            ros2: Some((topics, BTreeMap::new())),
        }
    }

    /// Takes the body of a schema record.
    pub fn add_schema(&mut self, body: &[u8]) {
        let mut bytes = Bytes(body);
        if let Some((_, schemas)) = &mut self.ros2
            && let Some((id, name)) = (|| Some((bytes.u16()?, bytes.text()?)))()
            && let Some(message) = ros2::Message::of(name)
        {
            schemas.insert(id, message);
        }
    }

    /// Of ROS 2, where those are read and it is one that is of use.
    fn ros2(&self, schema: u16, topic: &str) -> Option<Channel> {
        let (topics, schemas) = self.ros2.as_ref()?;
        Some(Channel::Ros2(*schemas.get(&schema)?, topics.to(topic)?))
    }

    /// Takes the body of a channel record.
    pub fn add(&mut self, body: &[u8]) {
        let mut bytes = Bytes(body);
        let parsed = (|| Some((bytes.u16()?, bytes.u16()?, bytes.text()?, bytes.text()?)))();
        if let Some((id, schema, topic, encoding)) = parsed {
            let id = usize::from(id);
            if self.channels.len() <= id {
                self.channels.resize(id + 1, None);
            }
            self.channels[id] = Some(match parse_topic(topic) {
                Some((source, payload)) if encoding == "json" => Channel::Records(source, payload),
                None if encoding == RAW_ENCODING && topic.ends_with(RAW_TOPIC) => Channel::Raw,
                _ if encoding == "cdr" => self.ros2(schema, topic).unwrap_or(Channel::Foreign),
                _ => Channel::Foreign,
            });
        }
    }

    /// What the body of a message says.
    pub fn message(&self, body: &[u8]) -> Result<Message, String> {
        let mut bytes = Bytes(body);
        let head = (|| Some((bytes.u16()?, bytes.u32()?, bytes.u64()?, bytes.u64()?)))();
        let (id, _sequence, _log_time, publish_time) = head.ok_or("too short")?;
        let channel = self.channels.get(usize::from(id)).copied().flatten();
        let (source, payload) = match channel.ok_or_else(|| format!("unknown channel {id}"))? {
            Channel::Records(source, payload) => (source, payload),
            Channel::Ros2(message, to) => {
                let published = Timestamp(publish_time.cast_signed());
                let record = message.read(bytes.0, to, published);
                let record = record.map_err(|why| format!("{message:?}: {why}"))?;
                return Ok(record.map_or(Message::Foreign, Message::Record));
            }
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
