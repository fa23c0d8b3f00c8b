//! What was told already: a late sample makes what lies behind it arise once more.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wayfix_sensors::Name;

use super::health::{Condition, Finding};

/// Resets that are remembered as told.
const TOLD: usize = 64;

/// What was told: a late sample makes the resets and findings behind it arise once more.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told<Key>(VecDeque<Key>);

impl<Key: PartialEq> Told<Key> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Leaves what is new, and notes it.
    pub fn sift<T>(&mut self, items: &mut Vec<T>, key: impl Fn(&T) -> Key) {
        items.retain(|item| {
            let key = key(item);
            let new = !self.0.contains(&key);
            if new {
                if self.0.len() == TOLD {
                    self.0.pop_front();
                }
                self.0.push_back(key);
            }
            new
        });
    }
}

/// The conditions in force as they were told: one that a late sample moves in time is no news.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ToldFindings(Vec<(Condition, Option<Name>, Option<Name>)>);

impl ToldFindings {
    /// Leaves what is new, and notes it.
    pub fn sift(&mut self, findings: &mut Vec<Finding>) {
        findings.retain(|f| {
            let subject = (f.condition, f.source, f.target);
            let known = self.0.iter().position(|told| *told == subject);
            match (known, f.began) {
                (None, true) => self.0.push(subject),
                (Some(place), false) => {
                    self.0.remove(place);
                }
                _ => return false,
            }
            true
        });
    }
}
