//! What the vehicle can't do: slip sideways, leave its plane, drift while it stands.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use wayfix_filter::measurement::{AngularRate, BodyVelocity, Height, Velocity};
use wayfix_filter::{Block, Judge, ParameterId, Timestamp, Weight};

use super::core::Filter;
use super::parameter::{Kind, VEHICLE, id, is_passing};
use super::resolve::constant;
use super::separation::{OF_NO_GROUP, fuse};
use super::setup::Setup;
use super::tracking::Tracking;

/// Standing is believed after so long \[s\].
const STANDSTILL_S: f64 = 0.5;
/// An asset without wheels rests when its inertial unit has been quiet for so long \[s\]; its rate is then
/// zero to this sigma [rad/s].
const REST_S: f64 = 2.0;
const REST_RADPS: f64 = 0.002;
/// The same of a vehicle whose wheels stand: its engine may run, its mast may move [rad/s].
const STANDING_RADPS: f64 = 0.005;
/// The plane is used where the height is less sure than it by this factor (variance).
const UNSURE: f64 = 1.02;
/// How long the ground departs from its plane in about the same way \[s\].
const GROUND_S: f64 = 10.0;
/// How often parameters are looked for that were not used \[s\].
const RETIRE_S: f64 = 2.0;
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
    retired: Option<Timestamp>,
    marked: Option<Timestamp>,
}

/// Whether `interval_s` has passed; notes the time where it has.
pub fn is_due(last: &mut Option<Timestamp>, t: Timestamp, interval_s: f64) -> bool {
    // A thousandth of tolerance: an interval of two periods means every second sample.
    let due = last.is_none_or(|l| t.seconds_since(l) >= 0.999 * interval_s);
    if due {
        *last = Some(t);
    }
    due
}

/// The vehicle keeps to its plane, from which the ground departs by `sigma_m`. That departure lasts as
/// long as the vehicle stays about the same place, so that using it again tells nothing: it is used
/// with the variance r that brings the height back to that of the plane and no further,
///   1/r = 1/σ² − 1/P_zz  where P_zz > σ².
///
/// What other sources say of the height ages as the vehicle moves on to other ground: as in a first-order
/// Gauss-Markov process of time constant τ, its variance grows by 2σ²/τ a second.
fn keep_to_plane<const N: usize>(filter: &mut Filter<N>, height_m: f64, sigma_m: f64) {
    let plane = sigma_m * sigma_m;
    let aged = 2.0 * plane * CONSTRAINT_S / GROUND_S;
    filter.settle();
    filter.inflate(Block::Position, Vector3::new(0.0, 0.0, aged));
    let now = filter.variance(Block::Position.start() + 2);
    if now <= UNSURE * plane {
        return;
    }
    let model = Height {
        height_m,
        p_bs: Vector3::zeros(),
        sigma_m: (1.0 / (1.0 / plane - 1.0 / now)).sqrt(),
    };
    fuse(filter, &model, &Judge::OPEN, OF_NO_GROUP);
}

/// How long an unused parameter stays in the filter \[s\]: one of many markers or beacons that come and go
/// along the way, not as long as one of a source.
fn kept_s(id: ParameterId) -> f64 {
    if is_passing(id) { 20.0 } else { 300.0 }
}

impl<const N: usize> Tracking<N> {
    /// What the vehicle can't do: slip sideways, drift while it stands.
    pub(super) fn constrain(&mut self, setup: &Setup, t: Timestamp) {
        let motion = &setup.motion;
        let constrained = motion.side_slip_sigma_mps > 0.0 || motion.vertical_sigma_mps > 0.0;
        let last = &mut self.constrained;
        if constrained && is_due(&mut last.slip, t, motion.constraint_interval_s) {
            let turn_rad = motion.travel_sigma_deg.to_radians();
            for (axis_b, sigma_mps, kind) in [
                (Vector3::y(), motion.side_slip_sigma_mps, Kind::TravelYaw),
                (Vector3::z(), motion.vertical_sigma_mps, Kind::TravelPitch),
            ] {
                if sigma_mps > 0.0 {
                    self.hypotheses.constrain(|filter| {
                        let turn = constant(filter, id(kind, VEHICLE, 0), turn_rad);
                        let axle = id(Kind::AxleAhead, VEHICLE, 0);
                        let model = BodyVelocity {
                            turn,
                            ahead: constant(filter, axle, motion.axle_sigma_m),
                            ..BodyVelocity::along(axis_b, 0.0, sigma_mps)
                        };
                        fuse(filter, &model, &ROBUST, OF_NO_GROUP)
                    });
                }
            }
        }
        let sigma = motion.zero_mean_velocity_sigma_mps;
        if sigma > 0.0 && is_due(&mut self.constrained.zero_mean, t, CONSTRAINT_S) {
            let model = Velocity::<3> {
                v_n: Vector3::zeros(),
                p_bs: Vector3::zeros(),
                sigma_mps: Vector3::repeat(sigma),
            };
            self.hypotheses
                .constrain(|filter| fuse(filter, &model, &Judge::OPEN, OF_NO_GROUP));
        }
        self.hold_still(setup, t);
    }

    /// Brings the covariances up to now where a state is about to be marked for smoothing: on the guarded
    /// line, which marks it, and on the head alike, so that both go on with the same bits.
    pub(super) fn settle_for_mark(&mut self, setup: &Setup, t: Timestamp) {
        if let Some(period_s) = setup.marks_every_s
            && is_due(&mut self.constrained.marked, t, period_s)
        {
            self.hypotheses.constrain(|filter| filter.settle());
        }
    }

    /// Takes out of the filters what they have not used for a while.
    pub(super) fn retire(&mut self, t: Timestamp) {
        if is_due(&mut self.constrained.retired, t, RETIRE_S) {
            self.hypotheses
                .constrain(|filter| filter.retire_unused(kept_s));
        }
    }

    /// Keeps the vehicle on its plane, whatever carries it.
    pub(super) fn constrain_plane(&mut self, setup: &Setup, t: Timestamp) {
        let motion = &setup.motion;
        if let Some(height_m) = motion.planar_height_m
            && is_due(&mut self.constrained.plane, t, CONSTRAINT_S)
        {
            self.hypotheses
                .constrain(|filter| keep_to_plane(filter, height_m, motion.planar_sigma_m));
        }
    }

    /// Zero velocity and zero rate while the wheels stand; zero rate while an asset without wheels rests.
    pub(super) fn hold_still(&mut self, setup: &Setup, t: Timestamp) {
        let Some(imu) = &self.inputs.imu else { return };
        if !setup.is_wheeled() {
            if self.rests(setup, t) && is_due(&mut self.constrained.still, t, CONSTRAINT_S) {
                self.hold_rate(REST_RADPS);
            }
            return;
        }
        let limit_mps = setup.motion.standstill_speed_mps;
        if !self.rests(setup, t) || !is_due(&mut self.constrained.still, t, CONSTRAINT_S) {
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
                fuse(filter, &velocity, &ROBUST, OF_NO_GROUP);
            }
        });
        self.hold_rate(STANDING_RADPS);
    }

    /// Whether the asset stands: its wheels do, or without wheels its inertial unit is quiet.
    pub(super) fn rests(&self, setup: &Setup, t: Timestamp) -> bool {
        if setup.is_wheeled() {
            let timeout_s = setup.estimator.motion_timeout_s;
            let wheels = self.inputs.wheels.as_ref();
            return setup.motion.standstill_speed_mps > 0.0
                && wheels.is_some_and(|w| {
                    w.still_s >= STANDSTILL_S && t.seconds_since(w.t) < timeout_s
                });
        }
        // Even motion is as quiet as rest: only an asset that is said to stay about its place rests.
        let stays = setup.motion.zero_mean_velocity_sigma_mps > 0.0;
        let quiet_since = self.inputs.imu.as_ref().and_then(|imu| imu.quiet_since);
        stays && quiet_since.is_some_and(|since| t.seconds_since(since) >= REST_S)
    }

    fn hold_rate(&mut self, sigma_radps: f64) {
        let rate = AngularRate {
            omega_b: Vector3::zeros(),
            sigma_radps: Vector3::repeat(sigma_radps),
        };
        self.hypotheses
            .constrain(|filter| fuse(filter, &rate, &ROBUST, OF_NO_GROUP));
    }
}
