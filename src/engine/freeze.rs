//! Sensors that lie by freezing: output that repeats, or runs on a straight line.
//!
//! A sensor's own noise makes the second difference of its output restless. Where all axes of
//! several samples in a row change almost linearly, compared with what this sensor usually does, the
//! values were repeated or interpolated somewhere on the way, and say nothing new.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// Components that are watched.
const AXES: usize = 6;
/// Second differences below this share of the usual are too smooth.
const SMOOTH_RATIO: f64 = 2e-3;
/// So many smooth samples in a row are no accident.
const RUN: u8 = 3;
/// Samples until the usual is known.
const LEARNING: u16 = 50;
/// Share of a new sample in the usual.
const FORGETTING: f64 = 0.02;

/// Watches one inertial unit.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct FreezeWatch {
    last: [[f64; AXES]; 2],
    last_t: Timestamp,
    seen: u16,
    usual: [f64; AXES],
    smooth_run: u8,
    frozen: bool,
}

impl FreezeWatch {
    /// Takes the next sample; returns whether the sensor is frozen. A gap starts the watch anew.
    pub fn observe(&mut self, t: Timestamp, values: [f64; AXES]) -> bool {
        if t.seconds_since(self.last_t).abs() > 1.0 {
            *self = Self {
                usual: self.usual,
                seen: self.seen.min(LEARNING),
                ..Self::default()
            };
            self.last = [values; 2];
            self.last_t = t;
            return false;
        }
        let mut smooth = true;
        let mut second = [0.0; AXES];
        for i in 0..AXES {
            second[i] = (values[i] - 2.0 * self.last[1][i] + self.last[0][i]).abs();
            smooth &= second[i] <= SMOOTH_RATIO * self.usual[i];
        }
        self.last = [self.last[1], values];
        self.last_t = t;
        let learned = self.seen >= LEARNING;
        if smooth && learned {
            self.smooth_run = self.smooth_run.saturating_add(1);
        } else {
            self.smooth_run = 0;
            self.seen = self.seen.saturating_add(1);
            for (usual, second) in self.usual.iter_mut().zip(second) {
                // Jerks must not hide a freeze: each sample counts at most ten times the usual.
                let counted = if learned {
                    second.min(10.0 * *usual)
                } else {
                    second
                };
                *usual += FORGETTING.max(1.0 / f64::from(self.seen)) * (counted - *usual);
            }
        }
        self.frozen = self.smooth_run >= RUN;
        self.frozen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: &mut u64) -> f64 {
        *seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (*seed >> 33) as f64 / f64::from(1u32 << 31) - 0.5
    }

    fn run(value: impl Fn(usize, &mut u64) -> [f64; AXES], n: usize) -> Vec<bool> {
        let mut watch = FreezeWatch::default();
        let mut seed = 1;
        (0..n)
            .map(|i| watch.observe(Timestamp(i as i64 * 10_000_000), value(i, &mut seed)))
            .collect()
    }

    #[test]
    fn a_living_sensor_is_not_frozen() {
        let flags = run(
            |i, s| core::array::from_fn(|_| (i as f64 * 0.01).sin() + 0.01 * noise(s)),
            20_000,
        );
        assert!(flags.iter().all(|f| !f));
    }

    #[test]
    fn repeats_and_straight_lines_are_noticed_and_end() {
        let flags = run(
            |i, s| {
                let line = 0.5 + 0.001 * i as f64;
                match i {
                    500..600 => [line; AXES],
                    800..850 => [0.25; AXES],
                    _ => core::array::from_fn(|_| (i as f64 * 0.01).sin() + 0.01 * noise(s)),
                }
            },
            1000,
        );
        assert!(flags[..500].iter().all(|f| !f));
        assert!(flags[506..600].iter().all(|f| *f));
        assert!(flags[604..800].iter().all(|f| !f));
        assert!(flags[806..850].iter().all(|f| *f));
        assert!(flags[855..].iter().all(|f| !f));
    }
}
