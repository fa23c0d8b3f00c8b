//! How long samples wait before they are final.
//!
//! Nothing final depends on this: a sample that is later still takes the guarded line back, which costs
//! more. So the delay follows what is seen: the greatest lateness of the last half minute or so and a
//! margin, at least what vehicle.toml declares, at most the horizon.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// Beyond the greatest lateness that was seen \[s\].
const MARGIN_S: f64 = 0.02;
/// What was seen fades with this time constant \[s\].
const FADING_S: f64 = 30.0;

/// How late samples come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reordering {
    /// The greatest lateness, fading \[s\], and when it was last brought up to date.
    lateness_s: f64,
    at: Option<Timestamp>,
}

impl Reordering {
    /// Notes the arrival of a sample of time `t` while the newest is `now`.
    pub fn note(&mut self, t: Timestamp, now: Timestamp, horizon_s: f64) {
        let last = self.at.unwrap_or(now);
        if now > last {
            let since_s = now.seconds_since(last);
            self.lateness_s *= libm::exp(-since_s / FADING_S);
            self.at = Some(now);
        }
        self.at.get_or_insert(now);
        let late_s = now.seconds_since(t);
        if late_s <= horizon_s {
            self.lateness_s = self.lateness_s.max(late_s);
        }
    }

    /// How long samples wait \[s\].
    #[must_use]
    pub fn delay_s(&self, declared_s: f64, horizon_s: f64) -> f64 {
        (self.lateness_s + MARGIN_S).max(declared_s).min(horizon_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_follows_what_is_seen_and_fades() {
        let mut reordering = Reordering::default();
        let at = Timestamp::from_seconds;
        reordering.note(at(1.0), at(1.0), 2.0);
        assert!((reordering.delay_s(0.0, 2.0) - 0.02).abs() < 1e-12);
        reordering.note(at(1.9), at(2.0), 2.0);
        assert!((reordering.delay_s(0.0, 2.0) - 0.12).abs() < 1e-9);
        assert!((reordering.delay_s(0.5, 2.0) - 0.5).abs() < 1e-12);
        // Too late to be used: no reason to wait for the like.
        reordering.note(at(2.0), at(9.0), 2.0);
        assert!(reordering.delay_s(0.0, 2.0) < 0.12);
        reordering.note(at(100.0), at(100.0), 2.0);
        assert!(reordering.delay_s(0.0, 2.0) < 0.03);
    }
}
