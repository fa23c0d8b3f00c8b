//! Where the Vicon pose is wrong, by the gyro: in s1 it turns back by 30 deg at 6.5 s and returns
//! with 400 deg/s at 7.1 s, while the rig goes on turning the other way.

use nalgebra::{UnitQuaternion, Vector3};

use super::vehicle::R_SI;
use crate::frames::nearest_rotation;

/// Turns are compared over so long \[s\].
const SPAN_S: f64 = 0.1;
/// Gyro and pose agree to 0.03 rad/s; apart by more than this over the span, the pose is wrong [rad].
const APART_RAD: f64 = 0.05;

/// Times at which the pose is wrong: from and until \[s\]. `gyro` are times and angular rates in the
/// IMU's axes, `poses` times on the same clock and attitudes of the rig.
pub(super) fn wrong(
    gyro: &[(f64, Vector3<f64>)],
    poses: &[(f64, UnitQuaternion<f64>)],
) -> Vec<(f64, f64)> {
    let r_rig = nearest_rotation(R_SI);
    let mut turned = vec![Vector3::zeros()];
    for pair in gyro.windows(2) {
        let last = turned[turned.len() - 1];
        turned.push(last + r_rig * (pair[1].1 * (pair[1].0 - pair[0].0)));
    }
    let turned_at = |t_s: f64| {
        let next = gyro.partition_point(|(t, _)| *t < t_s).min(gyro.len() - 1);
        let before = next.saturating_sub(1);
        let span_s = gyro[next].0 - gyro[before].0;
        let share = if span_s > 0.0 {
            ((t_s - gyro[before].0) / span_s).clamp(0.0, 1.0)
        } else {
            0.0
        };
        turned[before] + (turned[next] - turned[before]) * share
    };
    let mut wrong = Vec::new();
    let mut j = 0;
    for (t_s, q) in poses {
        while poses[j].0 < t_s - SPAN_S {
            j += 1;
        }
        let (from_s, before) = &poses[j];
        let by_pose = (before.inverse() * q).scaled_axis();
        let by_gyro = turned_at(*t_s) - turned_at(*from_s);
        if (by_pose - by_gyro).norm() > APART_RAD {
            wrong.push((*from_s, *t_s));
        }
    }
    wrong
}
