//! The estimator that the history takes back and forth: one sample in, its fate out. Everything
//! that a later sample could depend on lives here, so that a rewind forgets nothing.

use nalgebra::{UnitQuaternion, Vector3};
use wayfix_filter::history::{Estimator, Key};
use wayfix_filter::measurement::{AngularRate, BodyVelocity, Corrected, Height, Velocity};
use wayfix_filter::{Block, Judge, Nav, Parameter, Prior, Timestamp, Weight, math};
use wayfix_sensors::{Reading, Sample};

use super::cold::{self, Solution, Window};
use super::hypotheses::Hypotheses;
use super::inputs::{Carrier, ImuHealth, ImuState, Inputs, SteeringState};
use super::parameter::{Kind, id};
use super::report::{Fate, Mode, Reset, ResetCause};
use super::resolve::{Model, Slots, lag, resolve};
use super::setup::Setup;
use super::wheels::{FORWARD_B, WheelState};
use crate::config::Source;

/// Error states of the engine's filter: the navigation states and 33 parameters.
pub const STATES: usize = 48;
/// Sigma of the speed at the start of an asset with an inertial unit and no wheels [m/s].
const UNKNOWN_SPEED_MPS: f64 = 5.0;
/// How much a locked-out estimate is doubted at a time (variance), and how often [s].
const DOUBT: f64 = 4.0;
const DOUBT_S: f64 = 0.5;
/// An inertial unit levels itself over so many samples before the start.
const LEVELLING_SAMPLES: u32 = 20;
/// Waiting for an inertial unit to level \[s\].
const LEVELLING_S: f64 = 1.0;
/// Sources count as healthy so long after their last accepted measurement \[s\].
const HEALTHY_S: f64 = 2.0;
/// Standing is believed after so long \[s\].
const STANDSTILL_S: f64 = 0.5;
/// Time between two standstill or plane constraints \[s\].
const CONSTRAINT_S: f64 = 0.2;

/// What became of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Its fate.
    pub fate: Fate,
    /// The filter's record, where it came that far.
    pub update: Option<wayfix_filter::Report>,
    /// A jump that it caused.
    pub reset: Option<Reset>,
}

impl From<Fate> for Outcome {
    fn from(fate: Fate) -> Self {
        Self { fate, update: None, reset: None }
    }
}

/// The state of the engine.
#[derive(Debug, Default)]
pub struct Core {
    /// The filters that are alive; none before the start.
    pub hypotheses: Hypotheses,
    inputs: Inputs,
    window: Window,
    first_t: Option<Timestamp>,
    /// When which source's target was last used, for thinning.
    used: Vec<(u16, u64, Timestamp)>,
    last_accepted: Option<Timestamp>,
    last_fixpoint: Option<Timestamp>,
    refused_since: Option<Timestamp>,
    last_constraint: Option<Timestamp>,
    last_still: Option<Timestamp>,
    last_plane: Option<Timestamp>,
    last_zero_mean: Option<Timestamp>,
}

impl Clone for Core {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.clone_from(self);
        copy
    }

    /// Field by field, so that checkpoints reuse their memory.
    fn clone_from(&mut self, from: &Self) {
        self.hypotheses.clone_from(&from.hypotheses);
        self.inputs.clone_from(&from.inputs);
        self.window.clone_from(&from.window);
        self.used.clone_from(&from.used);
        self.first_t = from.first_t;
        self.last_accepted = from.last_accepted;
        self.last_fixpoint = from.last_fixpoint;
        self.refused_since = from.refused_since;
        self.last_constraint = from.last_constraint;
        self.last_still = from.last_still;
        self.last_plane = from.last_plane;
        self.last_zero_mean = from.last_zero_mean;
    }
}

impl Estimator for Core {
    type Context = Setup;
    type Event = Sample;
    type Output = Outcome;

    fn apply(&mut self, setup: &Setup, key: Key, sample: &Sample) -> Outcome {
        let t = key.t;
        self.first_t.get_or_insert(t);
        let Some(source) = setup.sources.get(usize::from(key.source)) else {
            return Fate::UnknownSource.into();
        };
        let outcome = match (&source.config, &sample.reading) {
            (Source::Imu(config), Reading::Imu(reading)) => {
                let before = self.inputs.imu.as_ref();
                let (state, health) = ImuState::next(before, t, key.source, source, config, reading);
                self.apply_imu(setup, state, health)
            }
            (Source::Wheels(config), reading) => self.apply_wheels(setup, key, config, reading),
            (Source::Steering(config), Reading::Steering(reading)) => {
                self.advance(setup, t);
                let before = self.inputs.steering.as_ref();
                let next = SteeringState::next(before, t, key.source, config, reading.angle_rad);
                self.inputs.steering = Some(next);
                Fate::Motion.into()
            }
            _ => self.apply_absolute(setup, key, &sample.reading),
        };
        if self.hypotheses.is_empty() {
            return self.try_start(setup, t).map_or(outcome, |reset| Outcome { reset: Some(reset), ..outcome });
        }
        match self.hypotheses.prune(t) {
            Some(reset) => Outcome { reset: outcome.reset.or(Some(reset)), ..outcome },
            None => outcome,
        }
    }
}

impl Core {
    /// Carries every hypothesis to `t`.
    pub fn advance(&mut self, setup: &Setup, t: Timestamp) {
        for h in self.hypotheses.iter_mut() {
            self.inputs.advance(setup, &mut h.filter, t);
        }
    }

    /// On what the estimate rests.
    #[must_use]
    pub fn mode(&self, setup: &Setup, t: Timestamp) -> Mode {
        if self.hypotheses.is_empty() {
            return Mode::Cold;
        }
        if self.hypotheses.len() > 1 {
            return Mode::Aligning;
        }
        if self.last_accepted.is_some_and(|a| t.seconds_since(a) < HEALTHY_S) {
            return Mode::Tracking;
        }
        match self.inputs.carrier(setup, t).0 {
            Carrier::None => Mode::Lost,
            Carrier::Imu | Carrier::Wheels => Mode::DeadReckoning,
        }
    }

    fn apply_imu(&mut self, setup: &Setup, state: ImuState, health: ImuHealth) -> Outcome {
        for h in self.hypotheses.iter_mut() {
            if state.accel_b.is_some() {
                self.inputs.advance_to_imu(setup, &mut h.filter, &state);
            } else {
                self.inputs.advance(setup, &mut h.filter, state.t);
            }
        }
        self.inputs.imu = Some(state);
        self.constrain(setup, state.t);
        match health {
            ImuHealth::Good => Fate::Motion.into(),
            ImuHealth::Frozen => Fate::Frozen.into(),
            ImuHealth::Saturated => Fate::Saturated.into(),
        }
    }

    fn apply_wheels(
        &mut self,
        setup: &Setup,
        key: Key,
        config: &crate::config::source::WheelsSource,
        reading: &Reading,
    ) -> Outcome {
        let reached = self.hypotheses.best().map_or(key.t, |h| h.filter.t());
        let before = self.inputs.wheels.as_ref();
        let Some((next, stretch)) =
            WheelState::next(before, key.t, key.source, config, reading, reached)
        else {
            return Fate::WrongKind.into();
        };
        for h in self.hypotheses.iter_mut() {
            self.inputs.advance_to_wheels(setup, &mut h.filter, &next, &stretch);
        }
        self.inputs.wheels = Some(next);
        let beside_imu = self.inputs.carrier(setup, key.t).0 == Carrier::Imu;
        self.hold_still(setup, key.t);
        if !beside_imu || self.hypotheses.is_empty() || !next.is_moving_known() {
            return Fate::Motion.into();
        }
        if self.is_too_soon(key.source, 0, key.t, config.interval_s) {
            return Fate::Thinned.into();
        }
        let speed_mps = next.forward_mps(setup, self.inputs.steering.as_ref());
        let judge = setup.sources[usize::from(key.source)].judge;
        let (source, sigma) = (key.source, config.scale_sigma);
        let report = self.hypotheses.update(key.source, key.t, |filter| {
            let prior = Parameter::walk(sigma, config.scale_walk_rts).bounded(0.5);
            let scale = if sigma > 0.0 { filter.slot(id(Kind::WheelScale, source, 0), &prior) } else { None };
            let model = BodyVelocity {
                axis_b: FORWARD_B,
                speed_mps,
                p_bs: Vector3::zeros(),
                sigma_mps: config.speed_sigma_mps,
                scale,
            };
            let time_lag = lag(filter, id(Kind::Lag, source, 0), config.lag_sigma_s);
            Some(filter.update(&Corrected::new(model).lag(time_lag), &judge))
        });
        match report {
            Some(update) => Outcome { fate: update.verdict.into(), update: Some(update), reset: None },
            None => Fate::Motion.into(),
        }
    }

    /// Whether a target of a source was used less than `interval_s` ago; notes its use otherwise.
    fn is_too_soon(&mut self, source: u16, target: u64, t: Timestamp, interval_s: f64) -> bool {
        if interval_s <= 0.0 {
            return false;
        }
        match self.used.iter_mut().find(|(s, k, _)| *s == source && *k == target) {
            // A hundredth of tolerance: an interval of two periods means every second sample.
            Some((.., last)) if t.seconds_since(*last) < 0.99 * interval_s => true,
            Some((.., last)) => {
                *last = t;
                false
            }
            None => {
                self.used.push((source, target, t));
                false
            }
        }
    }

    fn apply_absolute(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Outcome {
        let source = &setup.sources[usize::from(key.source)];
        if self.hypotheses.is_empty() {
            return match resolve(setup, key.source, reading, &mut super::resolve::AsNoise::default()) {
                Ok(_) => {
                    self.window.push(key.t, key.source, reading);
                    Fate::Waiting.into()
                }
                Err(fate) => fate.into(),
            };
        }
        self.advance(setup, key.t);
        if self.is_too_soon(key.source, reading.target_fingerprint(), key.t, source.config.interval_s()) {
            return Fate::Thinned.into();
        }
        if self.is_disturbed(setup, key.source, reading) {
            return Fate::Disturbed.into();
        }
        let aligning = self.hypotheses.len() > 1;
        let judge = if aligning { Judge::ungated(source.judge.weight) } else { source.judge };
        let mut refused = None;
        let mut model = None;
        let report = self.hypotheses.update(key.source, key.t, |filter| match resolve(setup, key.source, reading, filter) {
            Ok(m) => {
                model = Some(m);
                Some(m.update(filter, &judge))
            }
            Err(fate) => {
                refused = Some(fate);
                None
            }
        });
        let (Some(update), Some(model)) = (report, model) else {
            return refused.unwrap_or(Fate::Invalid).into();
        };
        self.note(setup, key, reading, &model, update)
    }

    /// Books an update, and takes the estimate back where it was locked out.
    fn note(
        &mut self,
        setup: &Setup,
        key: Key,
        reading: &Reading,
        model: &Model,
        update: wayfix_filter::Report,
    ) -> Outcome {
        let t = key.t;
        let outcome = Outcome { fate: update.verdict.into(), update: Some(update), reset: None };
        let places = model.anchor().is_some();
        if update.verdict.is_used() {
            if places {
                self.last_accepted = Some(t);
                self.refused_since = None;
                self.window.clear();
            }
            if model.is_fixpoint() {
                self.last_fixpoint = Some(t);
            }
            return outcome;
        }
        if outcome.fate != Fate::Gated || !places {
            return outcome;
        }
        if model.is_fixpoint() {
            return self.relocate_by_fixpoint(setup, key, reading, outcome);
        }
        self.window.push(t, key.source, reading);
        let since = *self.refused_since.get_or_insert(t);
        let reopen_s = setup.sources[usize::from(key.source)].gate.reopen_s;
        if t.seconds_since(since) < reopen_s {
            return outcome;
        }
        self.refused_since = Some(t.shifted(DOUBT_S - reopen_s));
        let reset = self.reopen(setup, t);
        Outcome { reset, ..outcome }
    }

    /// A fixpoint's identity was decoded, so it outranks the estimate, unless a healthy absolute
    /// source or another fixpoint has just confirmed that. What correlates with the drift (wheel
    /// scale, steering zero, gyro bias) learns from the jump: the whole covariance is doubted by the
    /// same factor, which keeps its correlations.
    fn relocate_by_fixpoint(
        &mut self,
        setup: &Setup,
        key: Key,
        reading: &Reading,
        outcome: Outcome,
    ) -> Outcome {
        let fresh = |at: Option<Timestamp>| at.is_some_and(|a| key.t.seconds_since(a) < HEALTHY_S);
        let Some(update) = outcome.update else { return outcome };
        if fresh(self.last_accepted) || fresh(self.last_fixpoint) {
            return outcome;
        }
        let Some(before) = self.hypotheses.best().map(|h| *h.filter.nav()) else { return outcome };
        let factor = update.nis / update.dimension as f64;
        let report = self.hypotheses.update(key.source, key.t, |filter| {
            filter.doubt(factor);
            let model = resolve(setup, key.source, reading, filter).ok()?;
            // The linearisation is poor after a long way: a second pass from the corrected state.
            let first = model.update(filter, &Judge::OPEN);
            Some(first)
        });
        let Some(update) = report else { return outcome };
        self.last_accepted = Some(key.t);
        self.last_fixpoint = Some(key.t);
        self.refused_since = None;
        let after = self.hypotheses.best().map_or(before, |h| *h.filter.nav());
        Outcome {
            fate: Fate::Relocated,
            update: Some(update),
            reset: Some(Reset::between(key.t, ResetCause::Fixpoint, &before, &after)),
        }
    }

    /// All absolute measurements were refused for too long. Where they agree with one another on a
    /// place, the estimate goes there; where they don't, it is doubted.
    fn reopen(&mut self, setup: &Setup, t: Timestamp) -> Option<Reset> {
        let nav = *self.hypotheses.best()?.filter.nav();
        let solutions = self.window.solve(setup, &nav.q_nb, false, Some(nav.v_n.norm()));
        let [place] = solutions.as_slice() else {
            for h in self.hypotheses.iter_mut() {
                h.filter.doubt(DOUBT);
            }
            return None;
        };
        let place = *place;
        for h in self.hypotheses.iter_mut() {
            let sigma = start_sigma(&place);
            h.filter.reset_block(Block::Position, place.p_n, sigma);
            h.filter.inflate(Block::Velocity, Vector3::repeat(0.25));
            h.filter.inflate(Block::Attitude, Vector3::new(0.0, 0.0, 0.3));
        }
        self.window.clear();
        self.last_accepted = Some(t);
        let after = *self.hypotheses.best()?.filter.nav();
        Some(Reset::between(t, ResetCause::Relocalised, &nav, &after))
    }

    /// Whether the field's inclination is not the Earth's, seen with the present attitude.
    fn is_disturbed(&self, setup: &Setup, index: u16, reading: &Reading) -> bool {
        let (Some(Source::Magnetometer(config)), Reading::MagneticField(field), Some(earth), Some(best)) = (
            setup.sources.get(usize::from(index)).map(|s| &s.config),
            reading,
            setup.magnetic,
            self.hypotheses.best(),
        ) else {
            return false;
        };
        let source = &setup.sources[usize::from(index)];
        let soft = nalgebra::Matrix3::from_fn(|r, c| config.soft_iron[r][c]);
        let hard = Vector3::from(config.hard_iron_ut) * 1e-6;
        let m_n = best.filter.nav().q_nb
            * (source.q_bs * (soft * (Vector3::from(field.field_tesla) - hard)));
        let dip = (-m_n.z).atan2(m_n.xy().norm());
        (dip - earth.inclination_rad).abs() > config.dip_gate_deg.to_radians()
    }

    /// What the vehicle can't do: slip sideways, leave its plane, drift while it stands.
    fn constrain(&mut self, setup: &Setup, t: Timestamp) {
        let motion = &setup.motion;
        let due = |last: Option<Timestamp>, interval_s: f64| {
            last.is_none_or(|l| t.seconds_since(l) >= 0.999 * interval_s)
        };
        let constrained = motion.side_slip_sigma_mps > 0.0 || motion.vertical_sigma_mps > 0.0;
        if constrained && due(self.last_constraint, motion.constraint_interval_s) {
            self.last_constraint = Some(t);
            for (axis_b, sigma_mps) in
                [(Vector3::y(), motion.side_slip_sigma_mps), (Vector3::z(), motion.vertical_sigma_mps)]
            {
                if sigma_mps > 0.0 {
                    let model = BodyVelocity {
                        axis_b,
                        speed_mps: 0.0,
                        p_bs: Vector3::zeros(),
                        sigma_mps,
                        scale: None,
                    };
                    self.hypotheses.constrain(|filter| filter.update(&model, &ROBUST));
                }
            }
        }
        if let Some(height_m) = motion.planar_height_m
            && due(self.last_plane, CONSTRAINT_S)
        {
            self.last_plane = Some(t);
            let model = Height { height_m, p_bs: Vector3::zeros(), sigma_m: 0.05 };
            self.hypotheses.constrain(|filter| filter.update(&model, &Judge::OPEN));
        }
        let sigma = motion.zero_mean_velocity_sigma_mps;
        if sigma > 0.0 && due(self.last_zero_mean, CONSTRAINT_S) {
            self.last_zero_mean = Some(t);
            let model = Velocity::<3> {
                v_n: Vector3::zeros(),
                p_bs: Vector3::zeros(),
                sigma_mps: Vector3::repeat(sigma),
            };
            self.hypotheses.constrain(|filter| filter.update(&model, &Judge::OPEN));
        }
        self.hold_still(setup, t);
    }

    /// Zero velocity and zero rate while the wheels stand and the gyro is quiet.
    fn hold_still(&mut self, setup: &Setup, t: Timestamp) {
        let Some(imu) = &self.inputs.imu else { return };
        let limit_mps = setup.motion.standstill_speed_mps;
        let wheels_stand = self.inputs.wheels.as_ref().is_some_and(|w| {
            w.still_s >= STANDSTILL_S && t.seconds_since(w.t) < setup.estimator.motion_timeout_s
        });
        let due = self.last_still.is_none_or(|l| t.seconds_since(l) >= CONSTRAINT_S);
        if limit_mps <= 0.0 || !wheels_stand || !due {
            return;
        }
        self.last_still = Some(t);
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
            let rate =
                AngularRate { omega_b: Vector3::zeros(), sigma_radps: Vector3::repeat(0.005) };
            filter.update(&rate, &ROBUST)
        });
    }

    /// The start: as configured, or where what was heard agrees.
    fn try_start(&mut self, setup: &Setup, t: Timestamp) -> Option<Reset> {
        let level = self.level(setup, t)?;
        let has_imu = self.inputs.imu.as_ref().is_some_and(|i| i.accel_b.is_some());
        let turns = setup.is_wheeled() || has_imu;
        let steering = self.inputs.steering.as_ref();
        let wheels = self.inputs.wheels.as_ref().filter(|w| w.is_moving_known());
        let forward_mps = wheels.map(|w| w.forward_mps(setup, steering));
        let mut begin = |place: Place| self.hypotheses.add(prior(setup, t, &place, &level, has_imu));
        if let Some(start) = setup.start {
            let sigma = Vector3::repeat(start.sigma_m);
            let p_n = Vector3::from(start.position_m);
            match start.yaw_deg {
                Some(yaw) => {
                    let yaw = (yaw.to_radians(), start.yaw_sigma_deg.to_radians());
                    begin(Place { p_n, sigma, yaw, forward_mps });
                }
                None if turns => cold::headings().for_each(|yaw| begin(Place { p_n, sigma, yaw, forward_mps })),
                None => begin(Place { p_n, sigma, yaw: (0.0, core::f64::consts::PI), forward_mps }),
            }
        } else {
            if !self.window.is_due(t) {
                return None;
            }
            for s in self.window.solve(setup, &level, turns, forward_mps) {
                let yaw = (s.yaw_rad, s.covariance[(3, 3)].sqrt().max(0.05));
                begin(Place { p_n: s.p_n, sigma: start_sigma(&s), yaw, forward_mps });
            }
        }
        let best = self.hypotheses.best()?;
        self.window.clear();
        self.last_accepted = Some(t);
        Some(Reset::between(t, ResetCause::Start, &Nav::default(), best.filter.nav()))
    }

    /// Roll and pitch by the averaged specific force, once there is enough of it.
    fn level(&self, setup: &Setup, t: Timestamp) -> Option<UnitQuaternion<f64>> {
        let expects = setup.sources.iter().any(|s| matches!(&s.config, Source::Imu(c) if c.use_accel));
        let force = self.inputs.imu.as_ref().filter(|i| i.count >= LEVELLING_SAMPLES).and_then(|i| i.gravity_b);
        match force {
            Some(f) => {
                let roll = f.y.atan2(f.z);
                let pitch = (-f.x).atan2(f.y.hypot(f.z));
                Some(math::from_roll_pitch_yaw(roll, pitch, 0.0))
            }
            None if !expects || t.seconds_since(self.first_t?) > LEVELLING_S => {
                Some(UnitQuaternion::identity())
            }
            None => None,
        }
    }
}

/// A place to start from: position and its sigma [m], heading and its sigma [rad].
struct Place {
    p_n: Vector3<f64>,
    sigma: Vector3<f64>,
    yaw: (f64, f64),
    /// Speed that the wheels tell [m/s].
    forward_mps: Option<f64>,
}

/// Constraints are judged mildly: slip happens.
const ROBUST: Judge = Judge::ungated(Weight::StudentT { nu: 4.0 });

/// Sigma of a place as a start: twice what the fit says, and never below five centimetres.
fn start_sigma(place: &Solution) -> Vector3<f64> {
    Vector3::from_fn(|i, _| (2.0 * place.covariance[(i, i)].sqrt()).max(0.05))
}

fn prior(
    setup: &Setup,
    t: Timestamp,
    place: &Place,
    level: &UnitQuaternion<f64>,
    has_imu: bool,
) -> Prior {
    let imu = setup.sources.iter().find_map(|s| match &s.config {
        Source::Imu(c) => Some(c),
        _ => None,
    });
    let planar = setup.motion.planar_height_m.is_some();
    let tilt = match (has_imu, planar && setup.is_wheeled()) {
        (true, _) => 0.05,
        (false, true) => 1e-4,
        (false, false) => setup.motion.tilt_sigma_deg.to_radians(),
    };
    let (yaw_rad, yaw_sigma_rad) = place.yaw;
    let sigma = place.sigma;
    let q_nb = math::exp(&(Vector3::z() * (yaw_rad - math::yaw(level)))) * level;
    let (v_n, slow) = match (place.forward_mps, has_imu) {
        (Some(forward), _) => (q_nb * FORWARD_B * forward, 0.5),
        (None, true) => (Vector3::zeros(), UNKNOWN_SPEED_MPS),
        (None, false) => (Vector3::zeros(), 1.0),
    };
    Prior {
        t,
        nav: Nav { q_nb, v_n, p_n: place.p_n, ..Nav::default() },
        attitude_sigma_rad: Vector3::new(tilt, tilt, yaw_sigma_rad),
        velocity_sigma_mps: Vector3::new(slow, slow, if planar { 1e-3 } else { slow }),
        position_sigma_m: if planar { Vector3::new(sigma.x, sigma.y, sigma.z.min(0.02)) } else { sigma },
        gyro_bias_sigma_radps: imu.map_or(0.0, |c| c.gyro_bias_sigma_radps),
        accel_bias_sigma_mps2: imu.map_or(0.0, |c| c.accel_bias_sigma_mps2),
    }
}

impl Reset {
    fn between(t: Timestamp, cause: ResetCause, before: &Nav, after: &Nav) -> Self {
        Self {
            t,
            cause,
            delta_m: after.p_n - before.p_n,
            delta_yaw_rad: math::wrap_angle(after.yaw_rad() - before.yaw_rad()),
        }
    }
}

impl Source {
    /// Least time between two uses of one target \[s\].
    #[must_use]
    pub fn interval_s(&self) -> f64 {
        match self {
            Self::Magnetometer(s) => s.interval_s,
            Self::Height(s) => s.interval_s,
            Self::Uwb(s) => s.interval_s,
            Self::Rssi(s) => s.interval_s,
            _ => 0.0,
        }
    }
}
