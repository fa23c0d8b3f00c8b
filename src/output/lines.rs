//! A text file written line by line, that remembers its first failure.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
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

    /// Takes all lines back.
    pub fn begin_anew(&mut self) {
        if self.failed.is_some() {
            return;
        }
        // What still waits to be written must not come behind what follows.
        let emptied = self.file.flush().and_then(|()| {
            let file = self.file.get_mut();
            file.set_len(0)?;
            file.rewind()
        });
        self.failed = emptied.err();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_is_gone() {
        let path = std::env::temp_dir().join(format!("wayfix-lines-{}", std::process::id()));
        let mut lines = Lines::create(&path, "").unwrap();
        // More than the buffer holds, and something in it.
        for i in 0..40_000 {
            lines.write(|line| *line = format!("{i} is taken back"));
        }
        lines.begin_anew();
        lines.write(|line| line.push_str("this stays"));
        lines.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "this stays\n");
        std::fs::remove_file(path).unwrap();
    }
}
