//! How often a source is heard.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// Share of a new period in what is usual.
const FORGETTING: f64 = 0.1;

/// When a source was last heard, and the time that usually lies between two of its samples.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Period {
    /// Its index.
    pub source: u16,
    /// Its newest sample.
    pub newest: Timestamp,
    /// Running mean \[s\]; unknown after the first sample.
    pub usual_s: Option<f64>,
}

impl Period {
    /// Of a source that is heard for the first time.
    #[must_use]
    pub fn first(source: u16, t: Timestamp) -> Self {
        Self {
            source,
            newest: t,
            usual_s: None,
        }
    }

    /// Notes one more sample.
    pub fn note(&mut self, t: Timestamp) {
        let period_s = t.seconds_since(self.newest).max(0.0);
        let usual_s = self.usual_s.unwrap_or(period_s);
        self.usual_s = Some(usual_s + FORGETTING * (period_s - usual_s));
        self.newest = self.newest.max(t);
    }
}
