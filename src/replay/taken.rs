//! Which records of a log were taken: how many, and a hash by which the log is known again.

use serde::{Deserialize, Serialize};

use crate::log::Record;

/// The records that a replay was fed, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    records: u64,
    hash: u64,
}

impl Taken {
    /// How many.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// One more. Of truth, its time counts.
    pub fn add(&mut self, record: &Record) {
        let content = match record {
            Record::Sample(sample) => sample.reading.fingerprint(),
            Record::Truth(_) => u64::MAX,
        };
        self.records += 1;
        for word in [record.t().0 as u64, content] {
            // A step of the linear congruential generator of Knuth's MMIX, which mixes well upwards.
            self.hash = (self.hash ^ word)
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
                .rotate_left(29);
        }
    }
}
