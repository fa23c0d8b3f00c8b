//! Logs: what was received, in the order in which it arrived.
//!
//! Two forms with the same content: [`mcap`] is canonical, [`jsonl`] its twin for people and
//! scripts. [`open`] and [`create`] choose by the file's extension. Readers stream in flat memory
//! and read around damage, which they count and describe.
//!
//! ```
//! use wayfix::log::{self, Record};
//! # let dir = std::env::temp_dir().join(format!("wayfix-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! # let path = dir.join("drive.jsonl");
//! # std::fs::write(&path, r#"{"t": 0.5, "source": "baro", "height": {"height_m": 1.2}}"#)?;
//! let mut reader = log::open(&path)?;
//! let mut copy = log::create(path.with_extension("mcap"), reader.attachments())?;
//! while let Some(record) = reader.next() {
//!     copy.write(&record?)?;
//! }
//! copy.finish()?;
//! assert_eq!(reader.damage().count, 0);
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(test)]
mod arbitrary;
mod damage;
pub mod import;
mod json;
pub mod jsonl;
pub mod mcap;
mod record;
pub mod schema;

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use damage::Damage;
use jsonl::{JsonlReader, JsonlWriter};
use mcap::{McapReader, McapWriter};
pub use record::{Record, Truth, TruthState};

/// Why a log could not be opened, read on or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file can't be opened or created.
    #[error("cannot open {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The extension names no form of log.
    #[error("{}: a log's name ends in .mcap or .jsonl", path.display())]
    Extension {
        /// Which.
        path: PathBuf,
    },
    /// The system failed while reading.
    #[error("cannot read the log on")]
    Read(#[source] io::Error),
    /// The system failed while writing.
    #[error("cannot write the log")]
    Write(#[source] io::Error),
    /// The same, from the MCAP writer.
    #[error("cannot write the log")]
    Mcap(#[from] ::mcap::McapError),
    /// A record holds NaN or an infinity; it was not written, and the log is as it was.
    #[error("{what} at {t_ns} ns holds a number that is not finite")]
    NotFinite {
        /// Kind and source.
        what: String,
        /// The record's time [ns].
        t_ns: i64,
    },
}

/// A text that a log carries at its head: the resolved `site.toml` or `vehicle.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The file's name.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// The two forms of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `.mcap`
    Mcap,
    /// `.jsonl`
    Jsonl,
}

impl Form {
    /// By the file's extension.
    ///
    /// # Errors
    /// [`LogError::Extension`]
    pub fn of(path: &Path) -> Result<Self, LogError> {
        let extension = path.extension().unwrap_or_default();
        [("mcap", Self::Mcap), ("jsonl", Self::Jsonl)]
            .into_iter()
            .find_map(|(name, form)| extension.eq_ignore_ascii_case(name).then_some(form))
            .ok_or_else(|| LogError::Extension {
                path: path.to_owned(),
            })
    }
}

/// Opens a log for reading.
///
/// # Errors
/// [`LogError::Open`], [`LogError::Extension`], [`LogError::Read`]. Damage is no error.
pub fn open(path: impl AsRef<Path>) -> Result<LogReader, LogError> {
    let path = path.as_ref();
    let form = Form::of(path)?;
    let failed = |source| LogError::Open {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let total = file.metadata().map_err(failed)?.len();
    let inner = match form {
        Form::Mcap => Inner::Mcap(Box::new(McapReader::new(file).map_err(LogError::Read)?)),
        Form::Jsonl => {
            let input = BufReader::with_capacity(256 << 10, file);
            Inner::Jsonl(Box::new(JsonlReader::new(input)), total)
        }
    };
    let mut reader = LogReader { inner, first: None };
    // The attachments lie before the first record.
    reader.first = reader.read().transpose();
    Ok(reader)
}

/// A log being read, record by record.
pub struct LogReader {
    inner: Inner,
    first: Option<Result<Record, LogError>>,
}

enum Inner {
    Mcap(Box<McapReader<File>>),
    Jsonl(Box<JsonlReader<BufReader<File>>>, u64),
}

impl LogReader {
    fn read(&mut self) -> Result<Option<Record>, LogError> {
        match &mut self.inner {
            Inner::Mcap(reader) => reader.next_record(),
            Inner::Jsonl(reader, _) => reader.next_record(),
        }
        .map_err(LogError::Read)
    }

    /// Bytes read so far, and in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        match &self.inner {
            Inner::Mcap(reader) => reader.progress(),
            Inner::Jsonl(reader, total) => (reader.bytes_read(), *total),
        }
    }

    /// What had to be left out so far.
    #[must_use]
    pub fn damage(&self) -> &Damage {
        match &self.inner {
            Inner::Mcap(reader) => &reader.damage,
            Inner::Jsonl(reader, _) => &reader.damage,
        }
    }

    /// The texts met so far; those at the log's head from the beginning.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment] {
        match &self.inner {
            Inner::Mcap(reader) => &reader.attachments,
            Inner::Jsonl(reader, _) => &reader.attachments,
        }
    }
}

impl Iterator for LogReader {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.first.take().or_else(|| self.read().transpose())
    }
}

/// Creates a log, with texts at its head.
///
/// # Errors
/// [`LogError::Open`], [`LogError::Extension`], [`LogError::Write`], [`LogError::Mcap`].
pub fn create(path: impl AsRef<Path>, attachments: &[Attachment]) -> Result<LogWriter, LogError> {
    let path = path.as_ref();
    let form = Form::of(path)?;
    let file = File::create(path).map_err(|source| LogError::Open {
        path: path.to_owned(),
        source,
    })?;
    let output = BufWriter::with_capacity(256 << 10, file);
    Ok(match form {
        Form::Mcap => LogWriter::Mcap(Box::new(McapWriter::new(output, attachments)?)),
        Form::Jsonl => {
            LogWriter::Jsonl(JsonlWriter::new(output, attachments).map_err(LogError::Write)?)
        }
    })
}

/// A log being written.
pub enum LogWriter {
    /// The canonical form.
    Mcap(Box<McapWriter<BufWriter<File>>>),
    /// Its twin.
    Jsonl(JsonlWriter<BufWriter<File>>),
}

impl LogWriter {
    /// Appends a record.
    ///
    /// # Errors
    /// [`LogError::NotFinite`], after which the log can be written on; [`LogError::Write`] and
    /// [`LogError::Mcap`], after which it can't.
    pub fn write(&mut self, record: &Record) -> Result<(), LogError> {
        match self {
            Self::Mcap(writer) => writer.write(record),
            Self::Jsonl(writer) => writer.write(record),
        }
    }

    /// Hands everything written to the system: a crash of the program costs nothing before it.
    ///
    /// # Errors
    /// [`LogError::Write`], [`LogError::Mcap`]
    pub fn flush(&mut self) -> Result<(), LogError> {
        match self {
            Self::Mcap(writer) => Ok(writer.flush()?),
            Self::Jsonl(writer) => writer.flush().map_err(LogError::Write),
        }
    }

    /// Completes the log. Without it an MCAP has no index, and readers call that damage.
    ///
    /// # Errors
    /// [`LogError::Write`], [`LogError::Mcap`]
    pub fn finish(self) -> Result<(), LogError> {
        match self {
            Self::Mcap(writer) => Ok(writer.finish()?),
            Self::Jsonl(mut writer) => writer.flush().map_err(LogError::Write),
        }
    }
}

#[cfg(test)]
mod tests;
