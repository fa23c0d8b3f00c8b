//! What a log has, for messages that say what is missing.

use std::collections::BTreeSet;
use std::fmt;

use crate::log::Record;

/// What a log has, as `source/kind`.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    kinds: BTreeSet<String>,
    has_truth: bool,
}

impl Heard {
    /// Takes a record of the log.
    pub fn take(&mut self, record: &Record) {
        match record {
            Record::Sample(sample) => {
                let kind = sample.reading.kind().name();
                self.kinds.insert(format!("{}/{kind}", sample.source));
            }
            Record::Truth(truth) => {
                let state = &truth.state;
                self.has_truth |= state.xy_m.is_some() || state.heading_rad().is_some();
            }
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut has: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
        if self.has_truth {
            has.push("truth");
        }
        if has.is_empty() {
            has.push("nothing");
        }
        to.write_str(&has.join(", "))
    }
}
