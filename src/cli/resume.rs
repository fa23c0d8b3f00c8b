//! Going on where another replay ended.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::engine::SnapshotError;
use crate::log::Record;
use crate::replay::{Feed, Taken};

/// The bytes of a snapshot.
///
/// # Errors
/// The file can't be read.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Passes over the records that were taken before; returns what was read beyond them.
///
/// # Errors
/// [`SnapshotError::OtherLog`]: the log does not begin with these records.
pub(super) fn pass(feed: &mut Feed, taken: Taken) -> Result<Vec<Record>, SnapshotError> {
    let mut passed = Taken::default();
    let mut rest = Vec::new();
    while passed.records() < taken.records() {
        let mut batch = feed.next_batch().ok_or(SnapshotError::OtherLog)?;
        let missing = taken.records() - passed.records();
        let split = usize::try_from(missing).map_or(batch.len(), |n| n.min(batch.len()));
        rest = batch.split_off(split);
        batch.iter().for_each(|record| passed.add(record));
    }
    if passed == taken {
        Ok(rest)
    } else {
        Err(SnapshotError::OtherLog)
    }
}
