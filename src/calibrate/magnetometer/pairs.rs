//! Pairs of looks at the field with the gyro's turn between them.

use nalgebra::{UnitQuaternion, Vector3};
use wayfix_calibration::imu::{ImuSample, rests};
use wayfix_calibration::magnetometer::{FieldSample, Iron, Turned};

/// A pair spans this turn, or this time, whichever comes first \[rad\], \[s\].
const TURN_RAD: f64 = 0.3;
const SPAN_S: f64 = 2.0;
/// A pair that turned less says nothing \[rad\].
const LEAST_RAD: f64 = 0.1;
/// A gap of the gyro longer than this breaks a pair \[s\].
const GAP_S: f64 = 0.1;

/// Mean rate at rest, where the log has rests \[rad/s\].
pub(super) fn bias(gyro: &[ImuSample]) -> Vector3<f64> {
    let rows: Vec<usize> = (rests(gyro).unwrap_or_default().into_iter())
        .flat_map(|rest| rest.rows)
        .collect();
    let count = rows.len().max(1) as f64;
    rows.iter()
        .map(|row| gyro[*row].gyro_radps)
        .sum::<Vector3<f64>>()
        / count
}

/// Pairs of one log; both by time, in seconds from the same zero.
pub(super) fn pairs(
    field: &[FieldSample],
    gyro: &[ImuSample],
    bias_radps: &Vector3<f64>,
    iron: &Iron,
) -> Vec<Turned> {
    let mut pairs = Vec::new();
    let mut before: Option<(&FieldSample, UnitQuaternion<f64>)> = None;
    // The attitude since the first sample, at the time of each look.
    let mut turning = Turning::new(gyro, *bias_radps);
    for sample in field {
        let Some(now) = turning.until(sample.t_s) else {
            before = None;
            continue;
        };
        let Some((first, then)) = before else {
            before = Some((sample, now));
            continue;
        };
        let turn = then.inverse() * now;
        let (angle, span_s) = (turn.angle(), sample.t_s - first.t_s);
        if angle < TURN_RAD && span_s < SPAN_S {
            continue;
        }
        if angle >= LEAST_RAD {
            pairs.push(Turned {
                t_s: sample.t_s,
                before: iron.corrected(&first.field_ut),
                after: iron.corrected(&sample.field_ut),
                turn,
            });
        }
        before = Some((sample, now));
    }
    pairs
}

/// The gyro's attitude, integrated as far as is asked for.
struct Turning<'a> {
    gyro: &'a [ImuSample],
    bias_radps: Vector3<f64>,
    next: usize,
    attitude: UnitQuaternion<f64>,
    t_s: f64,
}

impl<'a> Turning<'a> {
    fn new(gyro: &'a [ImuSample], bias_radps: Vector3<f64>) -> Self {
        Self {
            gyro,
            bias_radps,
            next: 1,
            attitude: UnitQuaternion::identity(),
            t_s: gyro.first().map_or(0.0, |sample| sample.t_s),
        }
    }

    /// The attitude at a time; `None` outside the gyro's log, and in its gaps.
    fn until(&mut self, t_s: f64) -> Option<UnitQuaternion<f64>> {
        if t_s < self.t_s {
            return None;
        }
        loop {
            let (from, to) = (self.gyro.get(self.next - 1)?, self.gyro.get(self.next)?);
            let end_s = t_s.min(to.t_s);
            // The rate in the middle of what is left of the step.
            let middle_s = 0.5 * (self.t_s + end_s);
            let share = (middle_s - from.t_s) / (to.t_s - from.t_s).max(1e-9);
            let rate = from.gyro_radps.lerp(&to.gyro_radps, share.clamp(0.0, 1.0));
            let turn = (rate - self.bias_radps) * (end_s - self.t_s);
            self.attitude *= UnitQuaternion::from_scaled_axis(turn);
            self.t_s = end_s;
            let is_gap = to.t_s - from.t_s > GAP_S;
            if to.t_s > t_s {
                return (!is_gap).then_some(self.attitude);
            }
            self.next += 1;
        }
    }
}
