//! The estimator that the history takes back and forth: one sample in, its fate out. Everything
//! that a later sample could depend on lives here, so that a rewind forgets nothing.

use serde::{Deserialize, Serialize};
use wayfix_filter::history::{Estimator, Key};
use wayfix_filter::measurement::{BodyVelocity, Corrected};
use wayfix_filter::smoother::Tape;
use wayfix_filter::{Judge, Parameter, Timestamp};
use wayfix_sensors::{Name, Reading, Sample};

use super::cold::Window;
use super::constraints::Constrained;
use super::doubter::Standings;
use super::fixpoint::Sight;
use super::groups::GroupId;
use super::health::{Changes, Watch};
use super::hypotheses::Hypotheses;
use super::inputs::{Carrier, ImuHealth, ImuState, Inputs, SteeringState};
use super::parameter::{Kind, id};
use super::relocation::Refusals;
use super::report::{Fate, Mode, Reset};
use super::resolve::{Slots, is_disturbed, lag, resolve};
use super::setup::Setup;
use super::smooth::Shift;
use super::standing::Sources;
use super::tie::TieWatch;
use super::wheels::{FORWARD_B, WheelState};
use crate::config::Source;

/// Error states of the engine's filter: the navigation states and 81 parameters.
pub const STATES: usize = 96;
/// The engine's filter. What it did is kept where somebody wants it smoothed.
pub type Filter = wayfix_filter::Filter<STATES, Tape>;
/// Sources count as healthy so long after their last accepted measurement \[s\].
pub(super) const HEALTHY_S: f64 = 2.0;

/// Above this speed an asset moves [m/s].
const MOVING_MPS: f64 = 0.3;

/// What became of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Its fate.
    pub fate: Fate,
    /// The filter's record, where it came that far.
    pub update: Option<wayfix_filter::Report>,
    /// A jump that it caused.
    pub reset: Option<Reset>,
    /// Conditions that began or ended with it.
    pub changes: Changes,
    /// What the motion model carried the best hypothesis; the rest of its way is a correction.
    pub carried: Shift,
}

impl From<Fate> for Outcome {
    fn from(fate: Fate) -> Self {
        Self {
            fate,
            update: None,
            reset: None,
            changes: Changes::default(),
            carried: Shift::default(),
        }
    }
}

impl From<wayfix_filter::Report> for Outcome {
    fn from(update: wayfix_filter::Report) -> Self {
        Self {
            update: Some(update),
            ..Fate::from(update.verdict).into()
        }
    }
}

/// The state of the engine.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Core {
    /// The filters that are alive; none before the start.
    pub hypotheses: Hypotheses,
    pub(super) inputs: Inputs,
    pub(super) window: Window,
    pub(super) first_t: Option<Timestamp>,
    /// When which source's target was last used, for thinning.
    used: Vec<(u16, u64, Timestamp)>,
    pub(super) last_accepted: Option<Timestamp>,
    pub(super) last_fixpoint: Option<Timestamp>,
    pub(super) refusals: Option<Refusals>,
    pub(super) constrained: Constrained,
    pub(super) watch: Watch,
    pub(super) standings: Standings,
    pub(super) sources: Sources,
    /// All the way that was gone \[m\].
    pub(super) gone_m: f64,
    /// The way that was gone when the asset was last placed \[m\].
    pub(super) accepted_at_m: f64,
    /// When nothing carried the state for the last time.
    pub(super) uncarried: Option<Timestamp>,
    /// The asset has moved since the start.
    pub(super) has_moved: bool,
    /// The estimate was given up, and the next start is not found yet.
    pub(super) is_seeking: bool,
    /// The estimate was given up once: the start of vehicle.toml is long past.
    pub(super) is_restart: bool,
    /// When its sources last took the estimate elsewhere.
    pub(super) relocalised: Option<Timestamp>,
    /// The filter that was given up, for what it had learned.
    pub(super) learned: Option<Box<Filter>>,
    pub(super) tie: TieWatch,
    /// The fixpoint that was refused last, and when.
    pub(super) refused_pass: Option<(Name, Timestamp)>,
    /// What the motion model carried the best hypothesis in this sample.
    carried: Shift,
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
        self.refusals = from.refusals;
        self.constrained = from.constrained;
        self.watch.clone_from(&from.watch);
        self.standings.clone_from(&from.standings);
        self.sources.clone_from(&from.sources);
        self.gone_m = from.gone_m;
        self.accepted_at_m = from.accepted_at_m;
        self.uncarried = from.uncarried;
        self.has_moved = from.has_moved;
        self.is_seeking = from.is_seeking;
        self.is_restart = from.is_restart;
        self.relocalised = from.relocalised;
        self.learned.clone_from(&from.learned);
        self.tie = from.tie;
        self.refused_pass = from.refused_pass;
        self.carried = from.carried;
    }
}

impl Estimator for Core {
    type Context = Setup;
    type Event = Sample;
    type Output = Outcome;

    fn apply(&mut self, setup: &Setup, key: Key, sample: &Sample) -> Outcome {
        self.carried = Shift::default();
        let mut outcome = self.apply_sample(setup, key, sample);
        outcome.carried = self.carried;
        self.note_heard(setup, key.source, key.t);
        self.watch_over(setup, key.t, &outcome);
        outcome.changes = self.watch.take_changes();
        if let Some(period_s) = setup.marks_every_s {
            self.hypotheses.mark(period_s);
        }
        outcome
    }
}

impl Core {
    fn apply_sample(&mut self, setup: &Setup, key: Key, sample: &Sample) -> Outcome {
        let t = key.t;
        self.first_t.get_or_insert(t);
        if self.inputs.carrier(setup, t).0 == Carrier::None {
            self.uncarried = Some(t);
        }
        let Some(source) = setup.sources.get(usize::from(key.source)) else {
            return Fate::UnknownSource.into();
        };
        let outcome = match (&source.config, &sample.reading) {
            (Source::Imu(config), Reading::Imu(reading)) => {
                let before = self.inputs.imu.as_ref();
                let (state, health) =
                    ImuState::next(before, t, key.source, source, config, reading);
                self.apply_imu(setup, state, health)
            }
            (Source::Wheels(config), reading) => self.apply_wheels(setup, key, config, reading),
            (Source::Steering(config), Reading::Steering(reading)) => {
                let before = self.inputs.steering;
                let next =
                    SteeringState::next(before.as_ref(), t, key.source, config, reading.angle_rad);
                // Since the reading before it has moved evenly.
                self.inputs.steering = before.map(|b| b.midpoint(&next));
                self.advance(setup, t);
                self.inputs.steering = Some(next);
                Fate::Motion.into()
            }
            _ => self.apply_absolute(setup, key, &sample.reading),
        };
        if self.hypotheses.is_empty() || self.is_seeking {
            return self.try_start(setup, t).map_or(outcome, |reset| Outcome {
                reset: Some(reset),
                ..outcome
            });
        }
        self.constrain_plane(setup, t);
        self.retire(t);
        self.give_up();
        self.try_headings(setup, t);
        match self.hypotheses.prune(t) {
            Some(reset) => Outcome {
                reset: outcome.reset.or(Some(reset)),
                ..outcome
            },
            None => outcome,
        }
    }
}

impl Core {
    /// Carries every hypothesis to `t`.
    pub fn advance(&mut self, setup: &Setup, t: Timestamp) {
        self.carry(|inputs, filter| inputs.advance(setup, filter, t));
    }

    /// Carries every hypothesis, and notes how far that took the best.
    fn carry(&mut self, step: impl Fn(&Inputs, &mut Filter)) {
        let best = |all: &Hypotheses| all.best().map(|h| *h.filter.nav());
        let before = best(&self.hypotheses);
        for filter in self.hypotheses.filters_mut() {
            step(&self.inputs, filter);
        }
        if let Some((before, after)) = before.zip(best(&self.hypotheses)) {
            let step = Shift::between(&before, &after);
            self.gone_m += step.p_n.norm();
            self.carried = self.carried.then(&step);
        }
    }

    /// On what the estimate rests.
    #[must_use]
    pub fn mode(&self, setup: &Setup, t: Timestamp) -> Mode {
        if self.hypotheses.is_empty() {
            return Mode::Cold;
        }
        if self.is_seeking {
            return Mode::Lost;
        }
        if self.hypotheses.len() > 1 {
            return Mode::Aligning;
        }
        if self
            .last_accepted
            .is_some_and(|a| t.seconds_since(a) < HEALTHY_S)
        {
            return Mode::Tracking;
        }
        match self.inputs.carrier(setup, t).0 {
            Carrier::None => Mode::Lost,
            Carrier::Imu | Carrier::Wheels => Mode::DeadReckoning,
        }
    }

    fn apply_imu(&mut self, setup: &Setup, state: ImuState, health: ImuHealth) -> Outcome {
        self.carry(|inputs, filter| {
            if state.accel_b.is_some() {
                inputs.advance_to_imu(setup, filter, &state);
            } else {
                inputs.advance(setup, filter, state.t);
            }
        });
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
        let timeout_s = setup.estimator.motion_timeout_s;
        let Some((next, stretch)) = WheelState::next(
            before, key.t, key.source, config, reading, reached, timeout_s,
        ) else {
            return Fate::WrongKind.into();
        };
        self.carry(|inputs, filter| {
            inputs.advance_to_wheels(setup, filter, &next, &stretch);
        });
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
        let drive = |filter: &mut Filter| {
            let prior = Parameter::walk(sigma, config.scale_walk_rts).bounded(0.5);
            let scale = if sigma > 0.0 {
                filter.slot(id(Kind::WheelScale, source, 0), &prior)
            } else {
                None
            };
            let model = BodyVelocity {
                scale,
                ..BodyVelocity::along(FORWARD_B, speed_mps, config.speed_sigma_mps)
            };
            let time_lag = lag(filter, id(Kind::Lag, source, 0), config.lag_sigma_s);
            Some(filter.update(&Corrected::new(model).lag(time_lag), &judge))
        };
        let report = self.hypotheses.update(key.source, key.t, true, drive);
        self.hypotheses.beside(|_| false, |_| false, drive);
        let Some(update) = report else {
            return Fate::Motion.into();
        };
        let placed = (self.last_accepted).is_some_and(|at| key.t.seconds_since(at) < HEALTHY_S);
        if self.note_wheels(key.source, key.t, &update) && sigma > 0.0 && placed {
            // What was learned of their size may no longer hold, and something else tells.
            let scale = id(Kind::WheelScale, source, 0);
            self.hypotheses
                .constrain(|filter| filter.inflate_parameter(scale, sigma * sigma));
        }
        update.into()
    }

    /// Whether a target of a source was used less than `interval_s` ago; notes its use otherwise.
    fn is_too_soon(&mut self, source: u16, target: u64, t: Timestamp, interval_s: f64) -> bool {
        if interval_s <= 0.0 {
            return false;
        }
        match self
            .used
            .iter_mut()
            .find(|(s, k, _)| *s == source && *k == target)
        {
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
        self.advance(setup, key.t);
        self.give_up();
        if self.hypotheses.is_empty() || self.is_seeking {
            return match resolve(
                setup,
                key.source,
                reading,
                &mut super::resolve::AsNoise::default(),
            ) {
                Ok(_) => {
                    self.window.push(key.t, key.source, reading);
                    Fate::Waiting.into()
                }
                Err(fate) => fate.into(),
            };
        }
        if self.is_too_soon(
            key.source,
            reading.target_fingerprint(),
            key.t,
            source.config.interval_s(),
        ) {
            return Fate::Thinned.into();
        }
        // What turns the field belongs to the place: while the asset stands there, nothing new is said.
        if matches!(reading, Reading::MagneticField(_)) && self.rests(setup, key.t) {
            return Fate::Thinned.into();
        }
        let nav = self.hypotheses.best().map(|h| h.filter.nav());
        if nav.is_some_and(|nav| is_disturbed(setup, key.source, reading, nav)) {
            return Fate::Disturbed.into();
        }
        let mut disproved = None;
        if matches!(reading, Reading::Marker(_) | Reading::Passage(_)) {
            match self.sight(setup, key, reading) {
                Sight::Believed => {}
                Sight::Disproved(reset) => disproved = Some(reset),
                Sight::Distrusted => return Fate::Distrusted.into(),
            }
        }
        let groups = self.attend(setup, key, reading);
        let aligning = self.hypotheses.len() > 1;
        let judge = if aligning {
            Judge::ungated(source.judge.weight)
        } else {
            source.judge
        };
        let mut refused = None;
        let mut model = None;
        let tells = self.tells_heading(reading);
        let report = self.hypotheses.update(key.source, key.t, tells, |filter| {
            match resolve(setup, key.source, reading, filter) {
                Ok(m) => {
                    model = Some(m);
                    Some(m.update(filter, &judge))
                }
                Err(fate) => {
                    refused = Some(fate);
                    None
                }
            }
        });
        let target = reading.target();
        self.hypotheses.beside(
            |group| groups.contains(&Some(group)),
            |doubter| doubter.ignores(target),
            |filter| {
                let model = resolve(setup, key.source, reading, filter).ok()?;
                Some(model.update(filter, &judge))
            },
        );
        let (Some(update), Some(model)) = (report, model) else {
            return refused.unwrap_or(Fate::Invalid).into();
        };
        self.watch_tie(setup, key, reading, &update);
        let outcome = self.note(setup, key, reading, &model, update);
        if model.anchor().is_some() && !model.is_fixpoint() {
            let refused = outcome.fate == Fate::Gated;
            let refusing = self.note_verdict(key.source, target, key.t, refused);
            let of_site = !matches!(reading, Reading::GnssPosition(_));
            if refusing && of_site && self.is_due_tie(key.t) {
                self.doubt_tie(setup);
            }
        }
        Outcome {
            reset: outcome.reset.or(disproved),
            ..outcome
        }
    }

    /// Whether a reading may decide between headings: a place tells a heading by motion. While the asset
    /// stands, it does so by lever arms alone, which are shorter than what places are off by for long.
    fn tells_heading(&mut self, reading: &Reading) -> bool {
        let speed_mps = (self.hypotheses.best()).map_or(0.0, |h| h.filter.nav().v_n.norm());
        self.has_moved |= speed_mps > MOVING_MPS;
        let by_place = matches!(
            reading,
            Reading::GnssPosition(_)
                | Reading::Position(_)
                | Reading::Range(_)
                | Reading::RangeDifference(_)
                | Reading::Rssi(_)
                | Reading::Passage(_)
        );
        self.has_moved || !by_place || self.hypotheses.best().is_none()
    }

    /// The groups of a reading, watched from now on.
    fn attend(&mut self, setup: &Setup, key: Key, reading: &Reading) -> [Option<GroupId>; 2] {
        let groups = setup.groups.of(setup, key.source, reading);
        if setup.protection.separation && self.hypotheses.len() == 1 {
            let places = super::cold::places(reading);
            for group in groups.iter().flatten() {
                self.hypotheses.attend(*group, key.t, places);
            }
        }
        groups
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
