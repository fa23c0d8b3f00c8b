//! Foreign recordings to records: general formats only, sets with formats of their own have
//! theirs in `datasets/`.

pub mod csv;
pub mod nmea;
pub mod ros2;

use super::{Attachment, Damage, LogError, LogReader, Record};

/// Anything that is read record by record: a log of Wayfix's own, or a foreign recording.
pub trait Recording: Iterator<Item = Result<Record, LogError>> {
    /// Bytes read so far, and in all.
    fn progress(&self) -> (u64, u64);

    /// What had to be left out so far.
    fn damage(&self) -> &Damage;

    /// Texts that came with it.
    fn attachments(&self) -> &[Attachment] {
        &[]
    }
}

impl Recording for LogReader {
    fn progress(&self) -> (u64, u64) {
        self.progress()
    }

    fn damage(&self) -> &Damage {
        self.damage()
    }

    fn attachments(&self) -> &[Attachment] {
        self.attachments()
    }
}
