//! The log's twin for people and scripts: JSON Lines, one record a line, in the order of arrival.
//!
//! ```text
//! {"attachment": {"name": "site.toml", "text": "..."}}
//! {"t_ns": 1000, "source": "uwb", "range": {"anchor": "A1", "range_m": 3.2}}
//! {"t_ns": 1005, "truth": {"xy_m": [1.0, 2.0], "yaw_rad": 0.1}}
//! ```
//! Ten lines of Python write one:
//! ```python
//! import json
//! with open("drive.jsonl", "w") as log:
//!     for t_s, anchor, range_m in measurements:
//!         record = {"t": t_s, "source": "uwb", "range": {"anchor": anchor, "range_m": range_m}}
//!         print(json.dumps(record), file=log)
//! ```

use std::io::{self, BufRead, Write};

use super::json::{self, AttachmentLine, Line, LineParser};
use super::{Attachment, Damage, LogError, Record};

/// Longer lines are damage [bytes]; the longest honest ones carry a site file.
const LINE_LIMIT_BYTES: usize = 16 << 20;

/// Reads lines from any stream.
pub struct JsonlReader<R> {
    input: R,
    parser: LineParser,
    /// The beginning of a line that the input's buffer cut.
    head: Vec<u8>,
    line_number: u64,
    bytes_read: u64,
    pub(super) damage: Damage,
    pub(super) attachments: Vec<Attachment>,
}

impl<R: BufRead> JsonlReader<R> {
    /// From the stream's present place.
    pub fn new(input: R) -> Self {
        Self {
            input,
            parser: LineParser::new(),
            head: Vec::new(),
            line_number: 0,
            bytes_read: 0,
            damage: Damage::default(),
            attachments: Vec::new(),
        }
    }

    /// Bytes consumed so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next record that can be read; `None` at the end.
    ///
    /// # Errors
    /// The stream's own.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        loop {
            let buffer = self.input.fill_buf()?;
            let end = memchr::memchr(b'\n', buffer);
            let (taken, piece) = match end {
                Some(end) => (end + 1, &buffer[..end]),
                None => (buffer.len(), buffer),
            };
            let at_end = taken == 0;
            if at_end && self.head.is_empty() {
                return Ok(None);
            }
            if end.is_none() && !at_end || !self.head.is_empty() {
                // One byte over the limit is kept, as the mark of an overlong line.
                let room = (LINE_LIMIT_BYTES + 1).saturating_sub(self.head.len());
                self.head.extend_from_slice(&piece[..piece.len().min(room)]);
            }
            let mut record = None;
            if end.is_some() || at_end {
                self.line_number += 1;
                let line = if self.head.is_empty() {
                    piece
                } else {
                    &self.head
                };
                match read_line(&self.parser, line) {
                    Ok(None) => {}
                    Ok(Some(Line::Record(read))) => record = Some(read),
                    Ok(Some(Line::Attachment(attachment))) => self.attachments.push(attachment),
                    Err(e) => self
                        .damage
                        .add(|| format!("line {}: {e}", self.line_number)),
                }
                self.head.clear();
            }
            self.input.consume(taken);
            self.bytes_read += taken as u64;
            if record.is_some() {
                return Ok(record);
            }
        }
    }
}

fn read_line(parser: &LineParser, line: &[u8]) -> Result<Option<Line>, String> {
    if line.len() > LINE_LIMIT_BYTES {
        return Err(format!("longer than {LINE_LIMIT_BYTES} bytes"));
    }
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    parser.parse(line).map(Some)
}

/// Writes lines to any stream.
pub struct JsonlWriter<W> {
    output: W,
    line: Vec<u8>,
}

impl<W: Write> JsonlWriter<W> {
    /// Begins with the attachments.
    ///
    /// # Errors
    /// The stream's own.
    pub fn new(mut output: W, attachments: &[Attachment]) -> io::Result<Self> {
        for attachment in attachments {
            serde_json::to_writer(&mut output, &AttachmentLine { attachment })?;
            output.write_all(b"\n")?;
        }
        Ok(Self {
            output,
            line: Vec::new(),
        })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// [`LogError::NotFinite`], which leaves the log as it was; the stream's own.
    pub fn write(&mut self, record: &Record) -> Result<(), LogError> {
        json::write(&mut self.line, record, record)?;
        self.line.push(b'\n');
        self.output.write_all(&self.line).map_err(LogError::Write)
    }

    /// Hands everything written to the system.
    ///
    /// # Errors
    /// The stream's own.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
