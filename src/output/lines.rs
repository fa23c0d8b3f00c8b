//! A text file written line by line, that remembers its first failure.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file of the output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct OutputError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Lines of text on their way to a file. After a failure nothing more is written: the file is
/// complete up to some line, and the failure is told once, by [`Lines::finish`].
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    line: String,
    failed: Option<io::Error>,
}

impl Lines {
    /// Creates the file, with a first line unless that is empty.
    ///
    /// # Errors
    /// The file can't be created.
    pub fn create(path: &Path, header: &str) -> Result<Self, OutputError> {
        let file = File::create(path).map_err(|source| OutputError {
            path: path.to_owned(),
            source,
        })?;
        let mut lines = Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(256 << 10, file),
            line: String::new(),
            failed: None,
        };
        if !header.is_empty() {
            lines.write(|line| line.push_str(header));
        }
        Ok(lines)
    }

    /// Writes one line; `content` appends it to an empty text, without the line's end.
    pub fn write(&mut self, content: impl FnOnce(&mut String)) {
        if self.failed.is_some() {
            return;
        }
        self.line.clear();
        content(&mut self.line);
        self.line.push('\n');
        self.failed = self.file.write_all(self.line.as_bytes()).err();
    }

    /// Whether something could not be written.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Hands the last lines to the system.
    ///
    /// # Errors
    /// The first failure since the beginning.
    pub fn finish(mut self) -> Result<(), OutputError> {
        let failed = self.failed.take();
        failed
            .map_or_else(|| self.file.flush(), Err)
            .map_err(|source| OutputError {
                path: self.path.clone(),
                source,
            })
    }
}
