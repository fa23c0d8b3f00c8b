//! What the tests on recordings share.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

use wayfix_datasets::recording::Recording;
use wayfix_datasets::sets::{self, Options};

/// A recording; without it, a line that says what is skipped.
pub fn recording(set: &str, options: &Options) -> Option<Recording> {
    let dir = sets::data_dir().join(set);
    if !dir.is_dir() {
        println!(
            "skipped: no recording in {} (set WAYFIX_DATA)",
            dir.display()
        );
        return None;
    }
    Some(sets::load(set, &dir, options).unwrap())
}
