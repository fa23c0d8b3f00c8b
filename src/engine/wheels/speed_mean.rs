//! Speeds since the last one that was fused beside an inertial unit.
//!
//! Wheels speak faster than their errors change. The mean of k readings, each with a white noise σ, says
//! as much as all of them, with σ/√k, and costs one update. It is the speed at the mean of their times,
//! to which the vehicle has added its acceleration since:
//!   z = z̄ + a_x (t − t̄)

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_filter::history::Key;

/// Readings that are older than this don't count \[s\].
const OLD_S: f64 = 1.0;

/// Readings that wait to be fused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedMean {
    source: u16,
    first: Timestamp,
    sum_mps: f64,
    /// Sum of their times after the first \[s\].
    sum_s: f64,
    count: u32,
}

impl SpeedMean {
    /// With one more reading.
    #[must_use]
    pub fn with(before: Option<Self>, key: Key, forward_mps: f64) -> Self {
        let is_old = |b: &Self| b.source != key.source || key.t.seconds_since(b.first) > OLD_S;
        let mut mean = before.filter(|b| !is_old(b)).unwrap_or(Self {
            source: key.source,
            first: key.t,
            sum_mps: 0.0,
            sum_s: 0.0,
            count: 0,
        });
        mean.sum_mps += forward_mps;
        mean.sum_s += key.t.seconds_since(mean.first);
        mean.count += 1;
        mean
    }

    /// What the readings say for `now`, when the vehicle accelerates by `accel_mps2` [m/s].
    #[must_use]
    pub fn at(&self, now: Timestamp, accel_mps2: f64) -> f64 {
        let n = f64::from(self.count);
        let age_s = now.seconds_since(self.first) - self.sum_s / n;
        self.sum_mps / n + accel_mps2 * age_s
    }

    /// By how much the mean is sharper than one of them.
    #[must_use]
    pub fn root_count(&self) -> f64 {
        libm::sqrt(f64::from(self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(t_s: f64) -> Key {
        Key {
            t: Timestamp::from_seconds(t_s),
            source: 3,
            content: 0,
        }
    }

    #[test]
    fn the_mean_of_an_even_acceleration_is_the_speed_now() {
        let speed = |t_s: f64| 1.0 + 0.5 * t_s;
        let mean = (0..5).fold(None, |mean, i| {
            let t_s = 0.02 * f64::from(i);
            Some(SpeedMean::with(mean, key(t_s), speed(t_s)))
        });
        let mean = mean.unwrap();
        assert!((mean.at(key(0.08).t, 0.5) - speed(0.08)).abs() < 1e-9);
        assert!((mean.root_count() - 5.0_f64.sqrt()).abs() < 1e-12);
        // After a silence it begins anew.
        let anew = SpeedMean::with(Some(mean), key(2.0), 4.0);
        assert_eq!((anew.at(key(2.0).t, 0.5), anew.root_count()), (4.0, 1.0));
    }
}
