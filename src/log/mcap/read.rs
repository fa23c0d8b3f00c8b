//! Reads MCAP from front to back in flat memory: one chunk at a time. Around damage it looks for
//! the next chunk, so that a flipped byte costs one chunk and a crash costs the last one's tail.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use ::mcap::MAGIC;
use ::mcap::records::op;

use super::bytes::{Bytes, ChunkHeader, RECORD_LIMIT_BYTES};
use super::content::{Channels, Message, attachment};
use crate::log::import::ros2::Topics;
use crate::log::{Attachment, Damage, Record};

/// Opcode and length.
const PREFIX_BYTES: u64 = 9;

/// Reads MCAP from anything that seeks.
pub struct McapReader<R: Read + Seek> {
    input: BufReader<R>,
    /// Where `input` stands, and how long it is [bytes].
    position: u64,
    total: u64,
    body: Vec<u8>,
    /// Records of the current chunk, and how far they have been read.
    records: Vec<u8>,
    read: usize,
    channels: Channels,
    ended: bool,
    pub(in crate::log) damage: Damage,
    pub(in crate::log) attachments: Vec<Attachment>,
}

impl<R: Read + Seek> McapReader<R> {
    /// Reads the list of channels, if the file has its end, and stands before the first record.
    ///
    /// # Errors
    /// The stream's own; a file that is no MCAP is damage.
    pub fn new(input: R) -> io::Result<Self> {
        Self::with_channels(input, Channels::default())
    }

    /// The same, and reads these topics of ROS 2 besides Wayfix's own.
    ///
    /// # Errors
    /// The stream's own; a file that is no MCAP is damage.
    pub fn with_ros2(input: R, topics: Topics) -> io::Result<Self> {
        Self::with_channels(input, Channels::with_ros2(topics))
    }

    fn with_channels(mut input: R, channels: Channels) -> io::Result<Self> {
        let total = input.seek(SeekFrom::End(0))?;
        let mut reader = Self {
            input: BufReader::with_capacity(64 << 10, input),
            position: total,
            total,
            body: Vec::new(),
            records: Vec::new(),
            read: 0,
            channels,
            ended: false,
            damage: Damage::default(),
            attachments: Vec::new(),
        };
        reader.read_summary()?;
        reader.seek(0)?;
        reader.load(MAGIC.len() as u64)?;
        if reader.body != *MAGIC {
            reader
                .damage
                .add(|| "the file does not begin as MCAP".to_owned());
            reader.find_chunk(0)?;
        }
        Ok(reader)
    }

    /// Bytes consumed so far, and in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.position, self.total)
    }

    /// The next record that can be read; `None` at the end.
    ///
    /// # Errors
    /// The stream's own.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        loop {
            let mut bytes = Bytes(&self.records[self.read..]);
            let Some((opcode, body)) = bytes.record() else {
                if !self.next_chunk()? {
                    return Ok(None);
                }
                continue;
            };
            self.read = self.records.len() - bytes.0.len();
            match opcode {
                op::MESSAGE => match self.channels.message(body) {
                    Ok(Message::Record(record)) => return Ok(Some(record)),
                    Ok(Message::Raw) => {}
                    Ok(Message::Foreign) => self.damage.ignored += 1,
                    Err(e) => self
                        .damage
                        .add(|| format!("message before byte {}: {e}", self.position)),
                },
                op::SCHEMA => self.channels.add_schema(body),
                op::CHANNEL => self.channels.add(body),
                _ => {}
            }
        }
    }

    /// Goes on to the next record outside chunks that holds messages or channels and makes them
    /// `records`; false at the end.
    fn next_chunk(&mut self) -> io::Result<bool> {
        self.records.clear();
        self.read = 0;
        while !self.ended {
            let start = self.position;
            self.load(PREFIX_BYTES)?;
            let mut prefix = Bytes(&self.body);
            let Some((opcode, length)) = prefix.take(1).map(|b| b[0]).zip(prefix.u64()) else {
                self.ended = true;
                self.damage
                    .add(|| "the file ends without its index: its writer was stopped".to_owned());
                break;
            };
            let fits = length <= self.total.saturating_sub(self.position);
            match opcode {
                op::CHUNK => {
                    self.read_chunk(start, length)?;
                    if !self.records.is_empty() {
                        return Ok(true);
                    }
                }
                op::MESSAGE | op::CHANNEL | op::SCHEMA if fits && length <= RECORD_LIMIT_BYTES => {
                    self.records.extend_from_slice(&self.body);
                    self.load(length)?;
                    self.records.extend_from_slice(&self.body);
                    return Ok(true);
                }
                op::ATTACHMENT if fits && length <= RECORD_LIMIT_BYTES => {
                    self.load(length)?;
                    match attachment(&self.body) {
                        Some(Ok(attachment)) => self.attachments.push(attachment),
                        Some(Err(())) => self.damage.ignored += 1,
                        None => self
                            .damage
                            .add(|| format!("attachment at byte {start} is damaged")),
                    }
                }
                op::FOOTER
                    if length.saturating_add(MAGIC.len() as u64)
                        == self.total.saturating_sub(self.position) =>
                {
                    self.ended = true;
                    self.position = self.total;
                }
                op::HEADER | op::SCHEMA..=op::DATA_END | 0x80.. if fits => {
                    self.input.seek_relative(length.cast_signed())?;
                    self.position += length;
                }
                _ => self.lost(start, "no record")?,
            }
        }
        Ok(false)
    }

    /// Reads a chunk, whose prefix has been read, into `records`.
    fn read_chunk(&mut self, start: u64, length: u64) -> io::Result<()> {
        let body_start = self.position;
        self.load(ChunkHeader::MAX_BYTES as u64)?;
        let Some(header) = ChunkHeader::parse(&self.body) else {
            return self.lost(start, "chunk with a damaged head");
        };
        self.seek(body_start + header.data_offset)?;
        self.load(header.packed_bytes)?;
        let is_cut = (self.body.len() as u64) < header.packed_bytes;
        let is_whole = header.unpack(&self.body, &mut self.records);
        if is_cut {
            // All that there is, is sound; only its end is missing. Where the length was damaged
            // instead, there are chunks behind it.
            let records = self.records.len();
            self.damage.add(|| {
                format!("chunk at byte {start} is cut short after {records} bytes of records")
            });
            return self.find_chunk(body_start);
        }
        if !is_whole {
            // Which of its records are sound can't be known.
            self.records.clear();
            let bytes = header.unpacked_bytes;
            self.damage.add(|| {
                format!("chunk at byte {start} is damaged: {bytes} bytes of records are lost")
            });
        }
        let end = body_start.saturating_add(length);
        let data_end = self.position;
        if (data_end..=self.total).contains(&end) {
            self.seek(end)?;
        }
        Ok(())
    }

    fn lost(&mut self, start: u64, what: &str) -> io::Result<()> {
        self.damage.add(|| format!("{what} at byte {start}"));
        self.find_chunk(start + 1)
    }

    /// Goes to the next place from `start` that looks like a chunk, else to the end.
    fn find_chunk(&mut self, start: u64) -> io::Result<()> {
        const WINDOW_BYTES: u64 = 1 << 20;
        let overlap = PREFIX_BYTES as usize + ChunkHeader::MAX_BYTES;
        self.seek(start)?;
        while self.position < self.total {
            let window_start = self.position;
            self.load(WINDOW_BYTES)?;
            let is_last = self.position >= self.total;
            for at in memchr::memchr_iter(op::CHUNK, &self.body) {
                if !is_last && at + overlap > self.body.len() {
                    break;
                }
                let position = window_start + at as u64;
                if is_chunk(&self.body[at..], self.total.saturating_sub(position)) {
                    return self.seek(position);
                }
            }
            if !is_last {
                self.seek(self.position - overlap as u64)?;
            }
        }
        // Nothing more; the loss has been reported by the caller.
        self.ended = true;
        Ok(())
    }

    /// The channels as the file's end repeats them: the chunk that defines one may be damaged.
    fn read_summary(&mut self) -> io::Result<()> {
        const FOOTER_BYTES: u64 = PREFIX_BYTES + 20;
        let Some(footer) = self.total.checked_sub(FOOTER_BYTES + MAGIC.len() as u64) else {
            return Ok(());
        };
        self.seek(footer)?;
        self.load(FOOTER_BYTES)?;
        let summary = match Bytes(&self.body).record() {
            Some((op::FOOTER, body)) => Bytes(body).u64(),
            _ => None,
        };
        if let Some(summary) =
            summary.filter(|s| (1..footer).contains(s) && footer - s < RECORD_LIMIT_BYTES)
        {
            self.seek(summary)?;
            self.load(footer - summary)?;
            let mut bytes = Bytes(&self.body);
            while let Some((opcode, body)) = bytes.record() {
                match opcode {
                    op::SCHEMA => self.channels.add_schema(body),
                    op::CHANNEL => self.channels.add(body),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn seek(&mut self, position: u64) -> io::Result<()> {
        self.input
            .seek_relative(position.cast_signed() - self.position.cast_signed())?;
        self.position = position;
        Ok(())
    }

    /// Reads so many bytes into `body`, fewer at the end.
    fn load(&mut self, count: u64) -> io::Result<()> {
        self.body.clear();
        self.position += self
            .input
            .by_ref()
            .take(count)
            .read_to_end(&mut self.body)? as u64;
        Ok(())
    }
}

/// Whether a chunk record that fits into the file may begin here.
fn is_chunk(bytes: &[u8], available: u64) -> bool {
    let mut prefix = Bytes(bytes);
    let Some(length) = prefix.take(1).and_then(|_| prefix.u64()) else {
        return false;
    };
    length <= available.saturating_sub(PREFIX_BYTES)
        && ChunkHeader::parse(prefix.0)
            .is_some_and(|header| header.data_offset + header.packed_bytes <= length)
}
