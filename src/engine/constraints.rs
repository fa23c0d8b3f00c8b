//! What the vehicle can't do: slip sideways, leave its plane, drift while it stands.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use wayfix_filter::measurement::{AngularRate, BodyVelocity, Height, Velocity};
use wayfix_filter::{Judge, Timestamp, Weight};

use super::core::Core;
use super::setup::Setup;

/// Standing is believed after so long \[s\].
const STANDSTILL_S: f64 = 0.5;
/// The plane is used again and again, so each use counts for less.
const PLANE_SIGMAS: f64 = 2.5;
/// Time between two standstill or plane constraints \[s\].
const CONSTRAINT_S: f64 = 0.2;
/// Constraints are judged mildly: slip happens.
const ROBUST: Judge = Judge::ungated(Weight::StudentT { nu: 4.0 });

/// When which constraint was last applied.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Constrained {
    slip: Option<Timestamp>,
    plane: Option<Timestamp>,
    zero_mean: Option<Timestamp>,
    still: Option<Timestamp>,
}

/// Whether `interval_s` has passed; notes the time where it has.
fn is_due(last: &mut Option<Timestamp>, t: Timestamp, interval_s: f64) -> bool {
    // A thousandth of tolerance: an interval of two periods means every second sample.
    let due = last.is_none_or(|l| t.seconds_since(l) >= 0.999 * interval_s);
    if due {
        *last = Some(t);
    }
    due
}

impl Core {
    /// What the vehicle can't do: slip sideways, leave its plane, drift while it stands.
    pub(super) fn constrain(&mut self, setup: &Setup, t: Timestamp) {
        let motion = &setup.motion;
        let constrained = motion.side_slip_sigma_mps > 0.0 || motion.vertical_sigma_mps > 0.0;
        let last = &mut self.constrained;
        if constrained && is_due(&mut last.slip, t, motion.constraint_interval_s) {
            for (axis_b, sigma_mps) in [
                (Vector3::y(), motion.side_slip_sigma_mps),
                (Vector3::z(), motion.vertical_sigma_mps),
            ] {
                if sigma_mps > 0.0 {
                    let model = BodyVelocity {
                        axis_b,
                        speed_mps: 0.0,
                        p_bs: Vector3::zeros(),
                        sigma_mps,
                        scale: None,
                    };
                    self.hypotheses
                        .constrain(|filter| filter.update(&model, &ROBUST));
                }
            }
        }
        if let Some(height_m) = motion.planar_height_m
            && is_due(&mut self.constrained.plane, t, CONSTRAINT_S)
        {
            let model = Height {
                height_m,
                p_bs: Vector3::zeros(),
                sigma_m: PLANE_SIGMAS * motion.planar_sigma_m,
            };
            self.hypotheses
                .constrain(|filter| filter.update(&model, &Judge::OPEN));
        }
        let sigma = motion.zero_mean_velocity_sigma_mps;
        if sigma > 0.0 && is_due(&mut self.constrained.zero_mean, t, CONSTRAINT_S) {
            let model = Velocity::<3> {
                v_n: Vector3::zeros(),
                p_bs: Vector3::zeros(),
                sigma_mps: Vector3::repeat(sigma),
            };
            self.hypotheses
                .constrain(|filter| filter.update(&model, &Judge::OPEN));
        }
        self.hold_still(setup, t);
    }

    /// Zero velocity and zero rate while the wheels stand and the gyro is quiet.
    pub(super) fn hold_still(&mut self, setup: &Setup, t: Timestamp) {
        let Some(imu) = &self.inputs.imu else { return };
        let limit_mps = setup.motion.standstill_speed_mps;
        let wheels_stand = self.inputs.wheels.as_ref().is_some_and(|w| {
            w.still_s >= STANDSTILL_S && t.seconds_since(w.t) < setup.estimator.motion_timeout_s
        });
        let stands = limit_mps > 0.0 && wheels_stand;
        if !stands || !is_due(&mut self.constrained.still, t, CONSTRAINT_S) {
            return;
        }
        let moving = imu.accel_b.is_some();
        self.hypotheses.constrain(|filter| {
            if moving {
                let velocity = Velocity::<3> {
                    v_n: Vector3::zeros(),
                    p_bs: Vector3::zeros(),
                    sigma_mps: Vector3::repeat(limit_mps),
                };
                filter.update(&velocity, &ROBUST);
            }
            let rate = AngularRate {
                omega_b: Vector3::zeros(),
                sigma_radps: Vector3::repeat(0.005),
            };
            filter.update(&rate, &ROBUST)
        });
    }
}
