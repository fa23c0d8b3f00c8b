//! Speed along a path: fast on straights, slow in turns, from standstill to standstill, with
//! continuous acceleration.

use super::path::{Path, Segment};
use super::smooth::{STEEPEST, Step};

/// What a driver does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// On straights [m/s].
    pub straight_mps: f64,
    /// In turns [m/s].
    pub turn_mps: f64,
    /// Largest acceleration and braking [m/s²].
    pub accel_mps2: f64,
}

/// Motion along the arc at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Arc length [m].
    pub s_m: f64,
    /// Speed [m/s], never negative.
    pub speed_mps: f64,
    /// Its derivative [m/s²].
    pub accel_mps2: f64,
}

/// From `v0` to `v1` by the smooth step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Phase {
    t: f64,
    duration: f64,
    s: f64,
    v0: f64,
    v1: f64,
}

/// Speed over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    phases: Vec<Phase>,
    duration_s: f64,
    length_m: f64,
}

impl Profile {
    /// Along `path` at a `pace`.
    #[must_use]
    pub fn new(path: &Path, pace: Pace) -> Self {
        let segments: Vec<Segment> = path.segments().collect();
        let ends = end_speeds(&segments, pace);
        let mut profile = Self {
            phases: Vec::new(),
            duration_s: 0.0,
            length_m: 0.0,
        };
        for (i, segment) in segments.iter().enumerate() {
            let (v0, v1, length) = (ends[i], ends[i + 1], segment.length_m());
            if matches!(segment, Segment::Turn { .. }) {
                profile.cruise(v0, length);
                continue;
            }
            // Distance of a change of speed: (v₀ + v₁)/2 · T with T = 2·|v₁ − v₀|/a.
            let room = length * pace.accel_mps2 * 2.0 / STEEPEST;
            let peak = ((room + v0 * v0 + v1 * v1) / 2.0)
                .sqrt()
                .min(pace.straight_mps);
            let peak = peak.max(v0).max(v1);
            let change =
                |a: f64, b: f64| STEEPEST * (b * b - a * a).abs() / (2.0 * pace.accel_mps2);
            profile.change(v0, peak, pace);
            profile.cruise(
                peak,
                (length - change(v0, peak) - change(peak, v1)).max(0.0),
            );
            profile.change(peak, v1, pace);
        }
        profile
    }

    fn push(&mut self, duration: f64, v0: f64, v1: f64) {
        if duration > 0.0 {
            let (t, s) = (self.duration_s, self.length_m);
            self.phases.push(Phase {
                t,
                duration,
                s,
                v0,
                v1,
            });
            self.duration_s += duration;
            self.length_m += (v0 + v1) / 2.0 * duration;
        }
    }

    fn cruise(&mut self, speed: f64, length: f64) {
        if speed > 0.0 {
            self.push(length / speed, speed, speed);
        }
    }

    fn change(&mut self, v0: f64, v1: f64, pace: Pace) {
        self.push(STEEPEST * (v1 - v0).abs() / pace.accel_mps2, v0, v1);
    }

    /// Time from start to end [s].
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// At time `t` [s] since the start; at rest before it and after the end.
    #[must_use]
    pub fn at(&self, t: f64) -> Progress {
        let index = self.phases.partition_point(|phase| phase.t <= t);
        let Some(phase) = index.checked_sub(1).and_then(|i| self.phases.get(i)) else {
            return Progress {
                s_m: 0.0,
                speed_mps: 0.0,
                accel_mps2: 0.0,
            };
        };
        if t >= self.duration_s {
            return Progress {
                s_m: self.length_m,
                speed_mps: 0.0,
                accel_mps2: 0.0,
            };
        }
        let f = Step::at((t - phase.t) / phase.duration);
        let rise = phase.v1 - phase.v0;
        Progress {
            s_m: phase.s + phase.v0 * (t - phase.t) + rise * phase.duration * f.integral,
            speed_mps: phase.v0 + rise * f.value,
            accel_mps2: rise * f.first / phase.duration,
        }
    }
}

/// Speeds at the ends of the segments: standstill at both ends of the path, one speed through each
/// turn, and nothing that braking or accelerating between them could not reach.
fn end_speeds(segments: &[Segment], pace: Pace) -> Vec<f64> {
    let n = segments.len();
    let mut speeds = vec![pace.straight_mps; n + 1];
    speeds[0] = 0.0;
    speeds[n] = 0.0;
    for (i, segment) in segments.iter().enumerate() {
        if matches!(segment, Segment::Turn { .. }) {
            speeds[i] = speeds[i].min(pace.turn_mps);
            speeds[i + 1] = speeds[i + 1].min(pace.turn_mps);
        }
    }
    // Each sweep carries a limit over at least one more segment.
    for _ in 0..n {
        for (i, segment) in segments.iter().enumerate() {
            let gain = match segment {
                Segment::Turn { .. } => 0.0,
                Segment::Straight(length) => 2.0 * pace.accel_mps2 * length / STEEPEST,
            };
            let reach = |v: f64| (v * v + gain).sqrt();
            speeds[i + 1] = speeds[i + 1].min(reach(speeds[i]));
            speeds[i] = speeds[i].min(reach(speeds[i + 1]));
        }
    }
    speeds
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        straight_mps: 2.0,
        turn_mps: 0.8,
        accel_mps2: 0.6,
    };

    #[test]
    fn covers_the_path_within_its_limits() {
        let path = Path::through(&[[0.0, 0.0], [20.0, 0.0], [20.0, 7.0], [5.0, 7.0]], 1.5);
        let profile = Profile::new(&path, PACE);
        assert!((profile.length_m - path.length_m()).abs() < 1e-9);
        let h = 1e-4;
        for i in 0..2000 {
            let t = profile.duration_s() * f64::from(i) / 2000.0;
            let (low, mid, high) = (profile.at(t - h), profile.at(t), profile.at(t + h));
            assert!(mid.speed_mps <= 2.0 + 1e-12 && mid.accel_mps2.abs() <= 0.6 + 1e-12);
            assert!(((high.s_m - low.s_m) / (2.0 * h) - mid.speed_mps).abs() < 1e-6);
            assert!(((high.speed_mps - low.speed_mps) / (2.0 * h) - mid.accel_mps2).abs() < 1e-4);
        }
    }

    #[test]
    fn short_straights_slow_the_turns_down() {
        let path = Path::new(
            [0.0; 2],
            0.0,
            &[
                Segment::Straight(0.1),
                Segment::Turn {
                    angle_rad: 1.0,
                    radius_m: 2.0,
                },
                Segment::Straight(10.0),
            ],
        );
        let profile = Profile::new(&path, PACE);
        assert!((profile.length_m - path.length_m()).abs() < 1e-9);
    }
}
