//! What carries the state: the latest inertial, wheel and steering readings, and the motion model
//! that the best of them allows.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_filter::motion::{Strapdown, Tag};
use wayfix_sensors::sample;

use super::core::Filter;
use super::freeze::FreezeWatch;
use super::setup::{Setup, SourceSetup};
use super::wheels::{Stretch, WheelState};
use crate::config::Source;
use crate::config::source::{ImuSource, SteeringSource};

/// Longest step of one prediction \[s\].
const MAX_STEP_S: f64 = 0.1;
/// Most steps of one gap: a jump of the time by years must not hold up what follows.
const MOST_STEPS: f64 = 1e4;
/// Time constant over which gravity is averaged for levelling \[s\].
const LEVEL_S: f64 = 0.5;
/// An inertial unit rests whose output scatters about its own mean by less than this, root mean square
/// over [`LEVEL_S`] [rad/s], [m/s²]: less than a hand or an engine makes, more than a good unit's noise.
const QUIET_RADPS: f64 = 0.012;
const QUIET_MPS2: f64 = 0.15;
/// ... and whose mean rate is no more than a gyro's bias [rad/s]: an even turn is quiet, too.
const TURNING_RADPS: f64 = 0.02;
/// Share of the unknown motion's rate that a distrusted inertial unit is given as noise.
const DISTRUST: f64 = 1.0;

/// Latest readings of the motion sources.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inputs {
    /// Inertial unit.
    pub imu: Option<ImuState>,
    /// Wheels.
    pub wheels: Option<WheelState>,
    /// Steering.
    pub steering: Option<SteeringState>,
}

/// Latest inertial sample in body axes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ImuState {
    /// When.
    pub t: Timestamp,
    /// Source index.
    pub source: u16,
    /// Angular rate [rad/s].
    pub gyro_b: Vector3<f64>,
    /// Specific force [m/s²].
    pub accel_b: Option<Vector3<f64>>,
    /// Averaged specific force, for levelling.
    pub gravity_b: Option<Vector3<f64>>,
    /// Averaged angular rate [rad/s].
    rate_b: Vector3<f64>,
    /// Mean squares of their scatter about these averages.
    scatter_sq: [f64; 2],
    /// Since when they scatter little.
    pub quiet_since: Option<Timestamp>,
    /// Number of samples so far.
    pub count: u32,
    /// Neither frozen nor saturated.
    pub trusted: bool,
    /// When it last was one of them.
    pub distrusted: Option<Timestamp>,
    watch: FreezeWatch,
}

/// How an inertial sample stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImuHealth {
    /// As usual.
    Good,
    /// Repeats or interpolates.
    Frozen,
    /// At the end of its range.
    Saturated,
}

impl ImuState {
    /// The state after a sample; `before` is the state of the same source.
    pub fn next(
        before: Option<&Self>,
        t: Timestamp,
        index: u16,
        source: &SourceSetup,
        config: &ImuSource,
        reading: &sample::Imu,
    ) -> (Self, ImuHealth) {
        let raw_gyro = Vector3::from(reading.gyro_radps);
        let raw_accel = reading
            .accel_mps2
            .map(Vector3::from)
            .filter(|_| config.use_accel);
        let before = before.filter(|b| b.source == index);
        let mut watch = before.map_or_else(FreezeWatch::default, |b| b.watch);
        let a = raw_accel.unwrap_or_default();
        let frozen = watch.observe(t, [raw_gyro.x, raw_gyro.y, raw_gyro.z, a.x, a.y, a.z]);
        let saturated =
            raw_gyro.amax() >= config.gyro_limit_radps || a.amax() >= config.accel_limit_mps2;
        let gyro_b = source.q_bs * raw_gyro;
        let dt_s = before.map_or(0.0, |b| t.seconds_since(b.t).max(0.0));
        // Specific force at the reference point: f − ω̇ × p_bs − ω × (ω × p_bs) (Groves 2013, eq. 14.92).
        let turning = match before {
            Some(b) if dt_s > 0.0 && dt_s < 0.1 => (gyro_b - b.gyro_b) / dt_s,
            _ => Vector3::zeros(),
        };
        let swing = turning.cross(&source.p_bs) + gyro_b.cross(&gyro_b.cross(&source.p_bs));
        let accel_b = raw_accel.map(|a| source.q_bs * config.specific_force(a) - swing);
        let share = if dt_s > 0.0 {
            1.0 - (-dt_s / LEVEL_S).exp()
        } else {
            1.0
        };
        let averaged = |old: Option<Vector3<f64>>, new: Option<Vector3<f64>>| match (old, new) {
            (Some(old), Some(new)) => Some(old + (new - old) * share),
            (old, new) => new.or(old),
        };
        let rate_b = before.map_or(gyro_b, |b| b.rate_b + (gyro_b - b.rate_b) * share);
        let gravity_b = averaged(before.and_then(|b| b.gravity_b), accel_b);
        let shake = accel_b
            .zip(gravity_b)
            .map_or(0.0, |(a, g)| (a - g).norm_squared());
        let turn = (gyro_b - rate_b).norm_squared();
        let scatter_sq = before.map_or([turn, shake], |b| {
            let [old_turn, old_shake] = b.scatter_sq;
            [
                old_turn + (turn - old_turn) * share,
                old_shake + (shake - old_shake) * share,
            ]
        });
        let is_quiet = rate_b.norm() < TURNING_RADPS
            && scatter_sq[0] < QUIET_RADPS * QUIET_RADPS
            && scatter_sq[1] < QUIET_MPS2 * QUIET_MPS2;
        let state = Self {
            t,
            source: index,
            gyro_b,
            accel_b,
            gravity_b,
            rate_b,
            scatter_sq,
            quiet_since: is_quiet.then(|| before.and_then(|b| b.quiet_since).unwrap_or(t)),
            count: before.map_or(1, |b| b.count.saturating_add(1)),
            trusted: !frozen && !saturated,
            distrusted: if frozen || saturated {
                Some(t)
            } else {
                before.and_then(|b| b.distrusted)
            },
            watch,
        };
        let health = match (saturated, frozen) {
            (true, _) => ImuHealth::Saturated,
            (_, true) => ImuHealth::Frozen,
            _ => ImuHealth::Good,
        };
        (state, health)
    }

    /// The mean of this sample and the one before, for the step between them.
    #[must_use]
    pub fn midpoint(&self, before: &Self) -> Self {
        Self {
            gyro_b: (self.gyro_b + before.gyro_b) * 0.5,
            accel_b: match (self.accel_b, before.accel_b) {
                (Some(a), Some(b)) => Some((a + b) * 0.5),
                (a, _) => a,
            },
            ..*self
        }
    }
}

/// Latest steering angle, zero and ratio applied, lag of the actuator modelled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SteeringState {
    /// When.
    pub t: Timestamp,
    /// Source index.
    pub source: u16,
    /// Angle of the road wheel [rad].
    pub angle_rad: f64,
    /// So much further left driving forwards than driving backwards [rad].
    pub backlash_rad: f64,
}

impl SteeringState {
    /// The state after a reading.
    #[must_use]
    pub fn next(
        before: Option<&Self>,
        t: Timestamp,
        index: u16,
        config: &SteeringSource,
        reading: f64,
    ) -> Self {
        let target = config.ratio * reading + config.offset_deg.to_radians();
        let dt_s = before.map_or(0.0, |b| t.seconds_since(b.t));
        let last = before.map(|b| b.angle_rad);
        Self {
            t,
            source: index,
            angle_rad: followed(last, target, dt_s, config.time_constant_s),
            backlash_rad: config.backlash_deg.to_radians(),
        }
    }

    /// The mean of two states, for the time between them.
    #[must_use]
    pub fn midpoint(self, next: &Self) -> Self {
        Self {
            angle_rad: 0.5 * (self.angle_rad + next.angle_rad),
            ..self
        }
    }
}

/// Where a first-order lag has come from `last` on the way to `target`.
pub fn followed(last: Option<f64>, target: f64, dt_s: f64, time_constant_s: f64) -> f64 {
    match last {
        Some(last) if time_constant_s > 0.0 => {
            let share = 1.0 - (-dt_s.max(0.0) / time_constant_s).exp();
            last + (target - last) * share
        }
        _ => target,
    }
}

/// Which sources carry the state at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Inertial unit.
    Imu,
    /// Wheels, perhaps with a gyro.
    Wheels,
    /// Nothing.
    None,
}

impl Inputs {
    /// The best carrier at `t`, and until when it lasts.
    #[must_use]
    pub fn carrier(&self, setup: &Setup, t: Timestamp) -> (Carrier, Timestamp) {
        let alive = |seen: Timestamp| {
            let until = seen.shifted(setup.estimator.motion_timeout_s);
            (t < until).then_some(until)
        };
        let imu = self.imu.as_ref().filter(|i| i.accel_b.is_some());
        let by_imu = imu.and_then(|i| alive(i.t));
        let wheels = self.wheels.as_ref().filter(|w| w.is_moving_known());
        let by_wheels = wheels.and_then(|w| alive(w.t));
        // An inertial unit that has just lied is the last resort.
        let lied = imu
            .and_then(|i| i.distrusted)
            .is_some_and(|at| t.seconds_since(at) < setup.estimator.motion_timeout_s);
        match (by_imu, by_wheels) {
            (Some(until), None) => (Carrier::Imu, until),
            (Some(until), Some(_)) if !lied => (Carrier::Imu, until),
            (_, Some(until)) => (Carrier::Wheels, until),
            (None, None) => (Carrier::None, Timestamp(i64::MAX)),
        }
    }

    /// The steering angle, where it is not out of date.
    #[must_use]
    pub fn steered(&self, setup: &Setup, t: Timestamp) -> Option<&SteeringState> {
        let timeout_s = setup.estimator.motion_timeout_s;
        (self.steering.as_ref()).filter(|s| t.seconds_since(s.t) < timeout_s)
    }

    /// Carries a filter to `t` by the best sources at each moment.
    pub fn advance<const N: usize>(&self, setup: &Setup, filter: &mut Filter<N>, t: Timestamp) {
        while filter.t() < t {
            let (carrier, until) = self.carrier(setup, filter.t());
            let to = t.min(until);
            match carrier {
                Carrier::Imu => {
                    let Some(model) = self.imu.as_ref().and_then(|i| strapdown(setup, i)) else {
                        return;
                    };
                    step(filter, &model, to);
                }
                Carrier::Wheels => {
                    let Some(wheels) = &self.wheels else { return };
                    let segment = wheels.running();
                    let gyro = self.gyro(setup, filter.t());
                    let steering = self.steered(setup, filter.t());
                    let model = wheels.model(setup, filter, steering, gyro, &segment);
                    step(filter, &model, to);
                }
                Carrier::None => filter.predict(&tag(setup), to),
            }
        }
    }

    /// Carries a filter over the stretch that ends with an inertial sample: with the mean of this
    /// sample and the one before, where that one still held and this one does not lie.
    pub fn advance_to_imu<const N: usize>(
        &self,
        setup: &Setup,
        filter: &mut Filter<N>,
        new: &ImuState,
    ) {
        let carried = self.carrier(setup, filter.t()).0 == Carrier::Imu;
        let before = self
            .imu
            .as_ref()
            .filter(|b| carried && new.trusted && b.source == new.source)
            .filter(|b| new.t.seconds_since(b.t) <= setup.estimator.motion_timeout_s);
        match before.and_then(|b| strapdown(setup, &new.midpoint(b))) {
            Some(model) => step(filter, &model, new.t),
            None => self.advance(setup, filter, new.t),
        }
    }

    /// Carries a filter over the stretch that ends with a wheel reading.
    pub fn advance_to_wheels<const N: usize>(
        &self,
        setup: &Setup,
        filter: &mut Filter<N>,
        new: &WheelState,
        stretch: &Stretch,
    ) {
        let by_wheels = self.carrier(setup, filter.t()).0 == Carrier::Wheels
            || (self.carrier(setup, new.t).0 != Carrier::Imu && self.wheels.is_some());
        match stretch.rest.filter(|_| by_wheels && new.t > filter.t()) {
            Some(segment) => {
                let gyro = self.gyro(setup, filter.t());
                let steering = self.steered(setup, filter.t());
                let model = new.model(setup, filter, steering, gyro, &segment);
                step(filter, &model, new.t);
            }
            None => self.advance(setup, filter, new.t),
        }
    }

    /// A gyro without accelerometer that is alive.
    #[must_use]
    pub fn gyro(&self, setup: &Setup, t: Timestamp) -> Option<&ImuState> {
        self.imu.as_ref().filter(|i| {
            i.accel_b.is_none() && t.seconds_since(i.t) < setup.estimator.motion_timeout_s
        })
    }
}

/// Predicts in steps that are short enough for the models' linearisation; over a gap of hours, in as
/// many as time allows.
pub fn step<const N: usize>(
    filter: &mut Filter<N>,
    model: &impl wayfix_filter::motion::MotionModel,
    to: Timestamp,
) {
    let step_s = MAX_STEP_S.max(to.seconds_since(filter.t()) / MOST_STEPS);
    while to.seconds_since(filter.t()) > 1.5 * step_s {
        filter.predict(model, filter.t().shifted(step_s));
    }
    filter.predict(model, to);
}

/// The inertial model of a sample; a distrusted one carries the uncertainty of an unknown motion.
#[must_use]
pub fn strapdown(setup: &Setup, imu: &ImuState) -> Option<Strapdown> {
    let Source::Imu(config) = &setup.sources.get(usize::from(imu.source))?.config else {
        return None;
    };
    let motion = &setup.motion;
    let doubt = |density: f64, unknown: f64| {
        if imu.trusted {
            density
        } else {
            density.hypot(DISTRUST * unknown)
        }
    };
    let by_rate = config.gyro_rate_ratio_rthz * imu.gyro_b.norm();
    Some(Strapdown {
        gyro_radps: imu.gyro_b,
        accel_mps2: imu.accel_b.unwrap_or_default(),
        gyro_density: doubt(
            config.gyro_density_radps_rthz.hypot(by_rate),
            0.1 * motion.yaw_density_rad_rts,
        ),
        accel_density: doubt(
            config.accel_density_mps2_rthz,
            motion.accel_density_mps2_rthz,
        ),
        gyro_walk: config.gyro_bias_walk_radps_rts,
        accel_walk: config.accel_bias_walk_mps2_rts,
        gravity_mps2: setup.estimator.gravity_mps2,
    })
}

/// The model of an asset whose motion nobody reports.
#[must_use]
pub fn tag(setup: &Setup) -> Tag {
    let motion = &setup.motion;
    let planar = motion.planar_height_m.is_some();
    Tag {
        accel_density: motion.accel_density_mps2_rthz,
        accel_up_density: if planar {
            0.0
        } else {
            motion.accel_up_density_mps2_rthz
        },
        yaw_density: motion.yaw_density_rad_rts,
        decay_s: if motion.speed_decay_s > 0.0 {
            motion.speed_decay_s
        } else {
            f64::INFINITY
        },
    }
}
