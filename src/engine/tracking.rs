//! What goes on with every sample: the filters that are alive, what moves them, and what they were last
//! fed. The head and the guarded line both are this; what questions the estimate stands beside it.

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};
use wayfix_filter::history::Key;
use wayfix_filter::measurement::{BodyVelocity, Corrected};
use wayfix_filter::{Block, Judge, Parameter, Timestamp};
use wayfix_sensors::{Reading, Sample};

use super::companions::Companions;
use super::constraints::Constrained;
use super::core::{Filter, HEALTHY_S};
use super::groups::GroupId;
use super::hypotheses::Hypotheses;
use super::inputs::{Carrier, ImuHealth, ImuState, Inputs, SteeringState};
use super::parameter::{Kind, id};
use super::report::Fate;
use super::resolve::{Nature, Slots, is_disturbed, lag, resolve};
use super::separation::{OF_NO_GROUP, fuse};
use super::setup::Setup;
use super::smooth::Shift;
use super::thinning::LastUses;
use super::wheels::{FORWARD_B, SpeedMean, WheelState};
use crate::config::Source;
use crate::config::source::WheelsSource;

/// Above this speed an asset moves [m/s].
const MOVING_MPS: f64 = 0.3;

/// The part of the state that every sample moves.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tracking<const N: usize> {
    /// The filters that are alive; none before the start.
    pub hypotheses: Hypotheses<N>,
    pub(super) inputs: Inputs,
    /// When which target of which source was last used.
    used: LastUses,
    /// Wheel speeds that wait to be fused.
    speeds: Option<SpeedMean>,
    pub(super) constrained: Constrained,
    /// All the way that was gone \[m\].
    pub(super) gone_m: f64,
    /// When nothing carried the state for the last time.
    pub(super) uncarried: Option<Timestamp>,
    /// The asset has moved since the start.
    pub(super) has_moved: bool,
    /// What the motion model carried the best hypothesis in this sample, and in all so far \[m\].
    pub(super) carried: Shift,
    pub(super) carried_m: Vector3<f64>,
    /// Covariance of the position before the last measurement.
    pub(super) before_update: Option<Matrix3<f64>>,
}

impl<const N: usize> Clone for Tracking<N> {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.clone_from(self);
        copy
    }

    /// Field by field, so that checkpoints reuse their memory.
    fn clone_from(&mut self, from: &Self) {
        self.copy_but_filters(from);
        self.hypotheses.clone_from(&from.hypotheses);
    }
}

impl<const N: usize> Tracking<N> {
    fn copy_but_filters(&mut self, from: &Self) {
        let Self {
            hypotheses: _,
            inputs,
            used,
            speeds,
            constrained,
            gone_m,
            uncarried,
            has_moved,
            carried,
            carried_m,
            before_update,
        } = from;
        self.inputs.clone_from(inputs);
        self.used.clone_from(used);
        self.speeds = *speeds;
        self.constrained = *constrained;
        self.gone_m = *gone_m;
        self.uncarried = *uncarried;
        self.has_moved = *has_moved;
        self.carried = *carried;
        self.carried_m = *carried_m;
        self.before_update = *before_update;
    }

    /// The same with the single filter alone, without what goes along with it; `false` before the start
    /// and in a contest, when there is no single one.
    pub fn copy_single(&mut self, from: &Self) -> bool {
        self.copy_but_filters(from);
        self.hypotheses.copy_single(&from.hypotheses)
    }
}

/// A measurement after it was judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub report: wayfix_filter::Report,
    pub nature: Nature,
}

/// What a sample did to the head.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    pub fate: Fate,
    /// It is a fixpoint that was refused: the guarded line has to decide on it.
    pub refused_fixpoint: bool,
}

impl From<Fate> for Applied {
    fn from(fate: Fate) -> Self {
        Self {
            fate,
            refused_fixpoint: false,
        }
    }
}

/// What became of a wheel reading.
pub(super) enum Rolled {
    /// It moved the state.
    Motion(Fate),
    /// It was fused beside an inertial unit, as the mean of some readings: of so many, as a root.
    Speed {
        report: wayfix_filter::Report,
        root_count: f64,
    },
}

impl<const N: usize> Tracking<N> {
    /// A sample at `t` is about to come.
    pub fn begin(&mut self, setup: &Setup, t: Timestamp) {
        self.carried = Shift::default();
        self.before_update = None;
        if self.inputs.carrier(setup, t).0 == Carrier::None {
            self.uncarried = Some(t);
        }
    }

    /// What a sample does by itself, without what questions the estimate: for the head.
    pub fn apply(
        &mut self,
        setup: &Setup,
        key: Key,
        sample: &Sample,
        is_distrusted: impl Fn(&Reading) -> bool,
    ) -> Applied {
        self.begin(setup, key.t);
        let Some(source) = setup.sources.get(usize::from(key.source)) else {
            return Fate::UnknownSource.into();
        };
        let reading = &sample.reading;
        let applied = match (&source.config, reading) {
            (Source::Imu(_), Reading::Imu(_)) => self.imu(setup, key, reading).into(),
            (Source::Wheels(config), _) => match self.wheels(setup, key, config, reading) {
                Rolled::Motion(fate) => fate.into(),
                Rolled::Speed { report, .. } => Fate::from(report.verdict).into(),
            },
            (Source::Steering(_), Reading::Steering(_)) => {
                self.steering(setup, key, reading).into()
            }
            _ => {
                self.advance(setup, key.t);
                match self.admits(setup, key, reading) {
                    Err(fate) => fate.into(),
                    Ok(()) if is_distrusted(reading) => Fate::Distrusted.into(),
                    Ok(()) => match self.measure(setup, key, reading, OF_NO_GROUP) {
                        Err(fate) => fate.into(),
                        Ok(judged) => {
                            let used = judged.report.verdict.is_used();
                            Applied {
                                fate: judged.report.verdict.into(),
                                refused_fixpoint: judged.nature.is_fixpoint && !used,
                            }
                        }
                    },
                }
            }
        };
        self.end(setup, key.t);
        applied
    }

    /// A sample at `t` has been applied.
    pub fn end(&mut self, setup: &Setup, t: Timestamp) {
        self.constrain_plane(setup, t);
        self.retire(t);
        self.settle_for_mark(setup, t);
    }

    /// Carries every hypothesis to `t`.
    pub fn advance(&mut self, setup: &Setup, t: Timestamp) {
        self.carry(|inputs, filter| inputs.advance(setup, filter, t));
    }

    /// Carries every hypothesis, and notes how far that took the best.
    fn carry(&mut self, step: impl Fn(&Inputs, &mut Filter<N>)) {
        let best = |all: &Hypotheses<N>| all.best().map(|h| *h.filter.nav());
        let before = best(&self.hypotheses);
        for filter in self.hypotheses.filters_mut() {
            step(&self.inputs, filter);
        }
        if let Some((before, after)) = before.zip(best(&self.hypotheses)) {
            let step = Shift::between(&before, &after);
            self.gone_m += step.p_n.norm();
            self.carried_m += step.p_n;
            self.carried = self.carried.then(&step);
        }
    }

    /// An inertial sample.
    pub fn imu(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Fate {
        let Some(source) = setup.sources.get(usize::from(key.source)) else {
            return Fate::UnknownSource;
        };
        let (Source::Imu(config), Reading::Imu(reading)) = (&source.config, reading) else {
            return Fate::WrongKind;
        };
        let before = self.inputs.imu.as_ref();
        let (state, health) = ImuState::next(before, key.t, key.source, source, config, reading);
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
            ImuHealth::Good => Fate::Motion,
            ImuHealth::Frozen => Fate::Frozen,
            ImuHealth::Saturated => Fate::Saturated,
        }
    }

    /// A steering angle: since the reading before it has moved evenly.
    pub fn steering(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Fate {
        let source = setup.sources.get(usize::from(key.source));
        let (Some(Source::Steering(config)), Reading::Steering(reading)) =
            (source.map(|s| &s.config), reading)
        else {
            return Fate::WrongKind;
        };
        let before = self.inputs.steering;
        let angle_rad = reading.angle_rad;
        let next = SteeringState::next(before.as_ref(), key.t, key.source, config, angle_rad);
        self.inputs.steering = before.map(|b| b.midpoint(&next));
        self.advance(setup, key.t);
        self.inputs.steering = Some(next);
        Fate::Motion
    }

    /// A wheel reading.
    pub fn wheels(
        &mut self,
        setup: &Setup,
        key: Key,
        config: &WheelsSource,
        reading: &Reading,
    ) -> Rolled {
        let reached = self.hypotheses.best().map_or(key.t, |h| h.filter.t());
        let before = self.inputs.wheels.as_ref();
        let timeout_s = setup.estimator.motion_timeout_s;
        let Some((next, stretch)) = WheelState::next(
            before, key.t, key.source, config, reading, reached, timeout_s,
        ) else {
            return Rolled::Motion(Fate::WrongKind);
        };
        self.carry(|inputs, filter| {
            inputs.advance_to_wheels(setup, filter, &next, &stretch);
        });
        self.inputs.wheels = Some(next);
        let beside_imu = self.inputs.carrier(setup, key.t).0 == Carrier::Imu;
        self.hold_still(setup, key.t);
        if !beside_imu || self.hypotheses.is_empty() || !next.is_moving_known() {
            return Rolled::Motion(Fate::Motion);
        }
        let forward_mps = next.forward_mps(setup, self.inputs.steering.as_ref());
        let mean = SpeedMean::with(self.speeds.take(), key, forward_mps);
        let interval_s = config.interval_s;
        if (self.used).is_too_soon(key.source, [None; 2], key.t, interval_s) {
            self.speeds = Some(mean);
            return Rolled::Motion(Fate::Motion);
        }
        let judge = setup.sources[usize::from(key.source)].judge;
        let (source, sigma) = (key.source, config.scale_sigma);
        self.note_before();
        let drive = |filter: &mut Filter<N>| {
            let prior = Parameter::walk(sigma, config.scale_walk_rts).bounded(0.5);
            let scale = if sigma > 0.0 {
                filter.slot(id(Kind::WheelScale, source, 0), &prior)
            } else {
                None
            };
            let nav = filter.nav();
            let accel_b = nav.q_nb.inverse() * nav.accel_n;
            let speed_mps = mean.at(key.t, accel_b.x);
            let sigma_mps = config.speed_sigma_mps / mean.root_count();
            let model = BodyVelocity {
                scale,
                ..BodyVelocity::along(FORWARD_B, speed_mps, sigma_mps)
            };
            let time_lag = lag(filter, id(Kind::Lag, source, 0), config.lag_sigma_s);
            let model = Corrected::new(model).lag(time_lag);
            Some(fuse(filter, &model, &judge, OF_NO_GROUP))
        };
        let report = self.hypotheses.update(key.source, key.t, true, drive);
        self.hypotheses.beside(|_| false, drive);
        report.map_or(Rolled::Motion(Fate::Motion), |report| Rolled::Speed {
            report,
            root_count: mean.root_count(),
        })
    }

    /// Notes how sure the position is before a measurement.
    fn note_before(&mut self) {
        let before = self.position_covariance();
        self.before_update = self.before_update.or(before);
    }

    /// How far measurements alone have taken the best estimate from that of `other`, which is a moment
    /// behind \[m\].
    pub fn corrected_since(&self, other: &Self) -> Vector3<f64> {
        let place = |t: &Self| {
            t.hypotheses
                .best()
                .map(|h| h.filter.nav().p_n - t.carried_m)
        };
        let (now, then) = (place(self), place(other));
        now.zip(then)
            .map_or_else(Vector3::zeros, |(now, then)| now - then)
    }

    /// Covariance of the position as it is told.
    pub fn position_covariance(&mut self) -> Option<Matrix3<f64>> {
        let best = self.hypotheses.best_mut()?;
        best.filter.settle();
        let p = best.filter.covariance(Block::Position, Block::Position);
        Some(p + self.hypotheses.spread().0)
    }

    /// Whether an absolute reading may be used now.
    pub fn admits(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Result<(), Fate> {
        let source = &setup.sources[usize::from(key.source)];
        let targets = setup.targets(reading);
        let is_known = targets[0].is_some() || reading.target().is_none();
        let interval_s = source.config.interval_s();
        if is_known
            && self
                .used
                .is_too_soon(key.source, targets, key.t, interval_s)
        {
            return Err(Fate::Thinned);
        }
        // What turns the field belongs to the place: while the asset stands there, nothing new is said.
        if matches!(reading, Reading::MagneticField(_)) && self.rests(setup, key.t) {
            return Err(Fate::Thinned);
        }
        let nav = self.hypotheses.best().map(|h| h.filter.nav());
        if nav.is_some_and(|nav| is_disturbed(setup, key.source, reading, nav)) {
            return Err(Fate::Disturbed);
        }
        Ok(())
    }

    /// Judges and fuses an absolute reading; `groups` are those that it is of. Each filter gets a model
    /// with its own slots; the best one's report counts.
    pub fn measure(
        &mut self,
        setup: &Setup,
        key: Key,
        reading: &Reading,
        groups: [Option<GroupId>; 2],
    ) -> Result<Judged, Fate> {
        let source = &setup.sources[usize::from(key.source)];
        let judge = if self.hypotheses.len() > 1 {
            Judge::ungated(source.judge.weight)
        } else {
            source.judge
        };
        let mut refused = Fate::Invalid;
        let mut nature = None;
        let tells = self.tells_heading(reading);
        self.note_before();
        let report = self.hypotheses.update(key.source, key.t, tells, |filter| {
            match resolve(setup, key.source, reading, filter) {
                Ok(mut measurement) => {
                    nature = nature.or(Some(measurement.nature()));
                    Some(measurement.update(&judge, groups))
                }
                Err(fate) => {
                    refused = fate;
                    None
                }
            }
        });
        self.hypotheses.beside(
            |doubter| doubter.ignores(reading.target()),
            |filter| {
                let mut measurement = resolve(setup, key.source, reading, filter).ok()?;
                Some(measurement.update(&judge, OF_NO_GROUP))
            },
        );
        match (report, nature) {
            (Some(report), Some(nature)) => Ok(Judged { report, nature }),
            _ => Err(refused),
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

    /// Whether something placed the asset lately.
    pub fn is_fresh(at: Option<Timestamp>, t: Timestamp) -> bool {
        at.is_some_and(|at| t.seconds_since(at) < HEALTHY_S)
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

impl<const N: usize> AsRef<wayfix_filter::smoother::Tape> for Companions<N> {
    fn as_ref(&self) -> &wayfix_filter::smoother::Tape {
        &self.tape
    }
}

impl<const N: usize> AsMut<wayfix_filter::smoother::Tape> for Companions<N> {
    fn as_mut(&mut self) -> &mut wayfix_filter::smoother::Tape {
        &mut self.tape
    }
}
