//! Places in a file: the line of a byte, the line of a key.

use std::collections::BTreeMap;

/// Line of every key that a file has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyLines(BTreeMap<String, usize>);

impl KeyLines {
    pub(super) fn insert(&mut self, key: String, line: usize) {
        self.0.insert(key, line);
    }

    /// The line of `key`, or of the closest table around it.
    #[must_use]
    pub fn line(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key) {
                return Some(*line);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }

    /// Whether the file has this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

/// Where the lines of a text begin; large sites have tens of thousands of keys to place.
pub(super) struct LineStarts(Vec<usize>);

impl LineStarts {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(end, _)| end + 1).collect())
    }

    /// Line of a byte offset, from 1.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|start| *start <= offset)
    }
}
