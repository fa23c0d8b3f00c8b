//! The engine: samples in, estimates and the fate of every sample out.
//!
//! [`Engine::step`] is pure: no clock, file, socket, thread or log. Live and replay feed the same
//! samples, so a recorded run replays bit for bit.

mod clocks;
mod cold;
mod companions;
mod constraints;
mod core;
mod doubter;
mod fixpoint;
mod freeze;
mod groups;
mod head;
mod headings;
mod health;
mod hypotheses;
mod inputs;
mod parameter;
mod past;
mod period;
mod protection;
mod relocation;
mod reordering;
mod report;
mod resolve;
mod sealed;
mod separation;
mod setup;
mod smooth;
mod snapshot;
mod standing;
mod start;
mod thinning;
mod tie;
mod timeline;
mod told;
mod tracking;
mod watch;
mod wheels;

use std::sync::Arc;

use arrayvec::ArrayVec;
use nalgebra::{Matrix2, Matrix3};
use wayfix_filter::history::{CheckpointSlot, EventSlot, History, Key, Refused};
use wayfix_filter::{Block, Nav, Timestamp};
use wayfix_sensors::{Name, Reading, Sample};

pub use health::{Condition, Finding, Health};
pub use past::Past;
pub use protection::ProtectionLevel;
pub use report::{Estimate, Fate, Mode, Report, Reset, ResetCause};
#[cfg(feature = "rerun")]
pub(crate) use resolve::{gnss_place, path_loss};
use sealed::Fingerprints;
pub(crate) use sealed::{Content, open, reads_alike, seal};
pub use setup::{MAX_SOURCES, Setup, SetupError, SourceSetup};
pub use smooth::Pose;
pub use snapshot::SnapshotError;
pub(crate) use snapshot::{Kept, Saved};

use crate::config::{Site, Source, Vehicle};
use core::{Core, Filter, Outcome};
use head::{Head, Pending};
use health::{Change, Subject, Watch};
use protection::{Case, MOST_CASES, carry_forward, is_above, level};
use reordering::Reordering;
use smooth::{Follower, Shift};
use timeline::Timeline;
use told::{Told, ToldFindings};
use tracking::Tracking;

/// Samples that the history has room for at first, and at most.
const EVENTS: usize = 64;
const MOST_EVENTS: usize = 8192;
/// Checkpoints that it holds at most.
const CHECKPOINTS: usize = 12;
/// How far back an estimate is told [s].
pub const LOOK_BACK_S: f64 = 0.5;
/// A correction beyond three sigmas (variance), and of a centimetre at least, is an event.
const UNUSUAL_SQ: f64 = 9.0;
const LEAST_JUMP_M: f64 = 0.01;
/// Events between two checkpoints of the guarded line, which is seldom taken back.
const SPACING: usize = 64;

/// What one step produced; reused from step to step.
#[derive(Debug, Default)]
pub struct Outputs {
    /// What the new sample did to the estimate now; its report may say otherwise, when it is final.
    pub fate: Option<Fate>,
    /// Samples that have become final, in final order: each is reported once. What is refused for its
    /// time or for what it is, is so at once.
    pub reports: Vec<Report>,
    /// Jumps of the estimate.
    pub resets: Vec<Reset>,
    /// Conditions that began or ended.
    pub findings: Vec<Finding>,
}

impl Outputs {
    fn clear(&mut self) {
        self.fate = None;
        self.reports.clear();
        self.resets.clear();
        self.findings.clear();
    }
}

/// A learned parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// `source.parameter` or `source.parameter[anchor]`; the name ends in its unit.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Sigma.
    pub sigma: f64,
}

/// The estimator of a vehicle with many sources: the navigation states and 81 parameters.
pub type Engine = EngineOf<STATES>;

/// Error states of [`Engine`].
pub const STATES: usize = 96;

/// The estimator of a tag or of a vehicle with few sources: the navigation states and 9 parameters. What
/// has not been used for the longest time leaves the filter first, its value remembered.
pub type SmallEngine = EngineOf<FEW_STATES>;

/// Error states of [`SmallEngine`].
pub const FEW_STATES: usize = 24;

/// One asset's estimator, with N error states.
///
/// ```
/// use wayfix::config::{Site, Vehicle};
/// use wayfix::engine::{Engine, Outputs};
/// use wayfix_filter::Timestamp;
/// use wayfix_sensors::sample::{Name, Range, Reading, Sample};
///
/// let site: Site = toml::from_str(r#"
///     anchor = [
///         { id = "A", position_m = [0.0, 0.0, 0.0] }, { id = "B", position_m = [9.0, 0.0, 0.0] },
///         { id = "C", position_m = [9.0, 9.0, 0.0] }, { id = "D", position_m = [0.0, 9.0, 0.0] },
///     ]"#)?;
/// let vehicle: Vehicle = toml::from_str(r#"
///     motion = { planar_height_m = 0.0 }
///     source.uwb = { kind = "uwb", range_sigma_m = 0.05 }"#)?;
/// let mut engine = Engine::new(&site, &vehicle)?;
/// let mut outputs = Outputs::default();
/// for (i, (id, range_m)) in [("A", 5.0), ("B", 5.831), ("C", 7.810), ("D", 7.211)].iter().enumerate() {
///     engine.step(&Sample {
///         t: Timestamp::from_seconds(0.1 * i as f64),
///         source: Name::from("uwb").unwrap(),
///         reading: Reading::Range(Range { anchor: Name::from(id).unwrap(), range_m: *range_m,
///             rx_power_dbm: None, first_path_dbm: None }),
///     }, &mut outputs);
/// }
/// let estimate = engine.estimate().expect("four ranges place it");
/// assert!((estimate.p_n.xy() - nalgebra::Vector2::new(4.0, 3.0)).norm() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EngineOf<const N: usize> {
    /// What never changes; engines of one site and vehicle share it.
    setup: Arc<Setup>,
    fingerprints: Fingerprints,
    /// The guarded line: the state after all final samples.
    core: Box<Core<N>>,
    history: EngineHistory<N>,
    timeline: Timeline,
    /// Conditions of the sources' clocks.
    clocks: Watch,
    follower: Follower,
    told_resets: Told<(Timestamp, ResetCause)>,
    told_findings: ToldFindings,
    /// What is not final yet, and the estimate that has run ahead by it.
    pending: Pending,
    head: Head<N>,
    reordering: Reordering,
    /// The latest key that became final.
    final_key: Option<Key>,
    /// The protection level is above the alert limit.
    is_above: bool,
    /// What the motion model carried the guarded line in this step.
    carried: Shift,
    /// Covariance of the position after the last step.
    last_p: Option<Matrix3<f64>>,
}

type EngineHistory<const N: usize> =
    History<Box<[EventSlot<Sample>]>, Box<[CheckpointSlot<Core<N>>]>>;

fn finding(setup: &Setup, change: &Change) -> Finding {
    let Change {
        t,
        condition,
        subject,
        began,
    } = *change;
    let name = |index: u16| Name::from(&setup.sources.get(usize::from(index))?.name).ok();
    Finding {
        t,
        condition,
        source: subject.source.and_then(name),
        target: subject.target,
        began,
    }
}

fn room(events: usize) -> Box<[EventSlot<Sample>]> {
    std::iter::repeat_with(|| None).take(events).collect()
}

fn new_history<const N: usize>(setup: &Setup) -> EngineHistory<N> {
    let events = room(EVENTS);
    let checkpoints = std::iter::repeat_with(|| None).take(CHECKPOINTS).collect();
    History::new(events, checkpoints, setup.estimator.horizon_s, SPACING)
}

impl<const N: usize> EngineOf<N> {
    /// An engine for one vehicle on one site.
    ///
    /// # Errors
    /// Where the two files can't work together.
    pub fn new(site: &Site, vehicle: &Vehicle) -> Result<Self, SetupError> {
        let setup = Arc::new(Setup::new(site, vehicle)?);
        Ok(Self::on(setup, Fingerprints::of(site, vehicle)))
    }

    /// A fresh engine for another asset of the same site and vehicle: what never changes is shared, so a
    /// thousand tags hold the site once.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self::on(Arc::clone(&self.setup), self.fingerprints)
    }

    fn on(setup: Arc<Setup>, fingerprints: Fingerprints) -> Self {
        Self {
            history: new_history(&setup),
            setup,
            fingerprints,
            core: Box::default(),
            timeline: Timeline::default(),
            clocks: Watch::default(),
            follower: Follower::default(),
            told_resets: Told::new(),
            told_findings: ToldFindings::default(),
            pending: Pending::new(),
            head: Head::default(),
            reordering: Reordering::default(),
            final_key: None,
            is_above: false,
            carried: Shift::default(),
            last_p: None,
        }
    }

    /// The two files as the engine sees them.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Takes one sample, in the order of arrival. What became of it is in `outputs`.
    pub fn step(&mut self, sample: &Sample, outputs: &mut Outputs) {
        outputs.clear();
        let mut report = Report {
            t: sample.t,
            source: sample.source,
            kind: sample.reading.kind(),
            target: sample.reading.target(),
            fate: Fate::UnknownSource,
            update: None,
        };
        let Some(index) = self.setup.source_index(&sample.source) else {
            outputs.fate = Some(report.fate);
            outputs.reports.push(report);
            return;
        };
        if !sample.reading.is_sound() {
            report.fate = Fate::Invalid;
            outputs.fate = Some(report.fate);
            outputs.reports.push(report);
            return;
        }
        let delay_s = self.setup.sources[usize::from(index)]
            .config
            .delay_s(&sample.reading);
        let key = Key {
            t: sample.t.shifted(-delay_s),
            source: index,
            content: sample.reading.fingerprint(),
        };
        report.t = key.t;
        let horizon_s = self.setup.estimator.horizon_s;
        let admitted = self.timeline.admits(key.t, index, horizon_s);
        self.watch_clocks(key.t, outputs);
        if !admitted {
            report.fate = Fate::ClockJump;
            self.told_findings.sift(&mut outputs.findings);
            outputs.fate = Some(report.fate);
            outputs.reports.push(report);
            return;
        }
        if self.timeline.is_set_ahead(key.t) {
            self.restart(outputs);
        }
        let now = self.timeline.now().map_or(key.t, |now| now.max(key.t));
        let is_too_late = key.t < now.shifted(-horizon_s);
        let place = self.pending.binary_search_by(|(k, _)| k.cmp(&key));
        let accepted = if is_too_late {
            Err(Refused::TooLate)
        } else if self.final_key.is_some_and(|last| key <= last) {
            self.reordering.note(key.t, now, horizon_s);
            self.take_back(key, sample, outputs)
        } else if let Err(place) = place {
            self.reordering.note(key.t, now, horizon_s);
            self.pending.insert(place, (key, *sample));
            self.head.inserted(place, &self.core);
            Ok(())
        } else {
            Err(Refused::Duplicate)
        };
        match accepted {
            Ok(()) => {
                self.timeline.advance(key.t, index);
                self.settle(key, outputs);
            }
            Err(refused) => {
                report.fate = match refused {
                    Refused::TooLate => Fate::TooLate,
                    Refused::Duplicate => Fate::Duplicate,
                };
                if refused == Refused::TooLate && self.timeline.is_set_back() {
                    self.restart(outputs);
                }
                self.told_findings.sift(&mut outputs.findings);
                outputs.fate = Some(report.fate);
                outputs.reports.push(report);
                return;
            }
        }
        self.told_resets
            .sift(&mut outputs.resets, |r| (r.t, r.cause));
        self.told_findings.sift(&mut outputs.findings);
    }

    /// Lets time pass without a sample: what was measured before `t` will not come any more, but for
    /// the usual lateness.
    pub fn advance_to(&mut self, t: Timestamp, outputs: &mut Outputs) {
        outputs.clear();
        if self.core.is_settled() {
            let horizon_s = self.setup.estimator.horizon_s;
            let delay_s = self
                .reordering
                .delay_s(self.setup.declared_delay_s, horizon_s);
            self.finalise_until(t.shifted(-delay_s), outputs);
        }
        self.conclude(outputs);
    }

    /// Nothing more will come: all samples that wait become final.
    pub fn finish(&mut self, outputs: &mut Outputs) {
        outputs.clear();
        self.finalise_until(Timestamp(i64::MAX), outputs);
        self.conclude(outputs);
    }

    fn conclude(&mut self, outputs: &mut Outputs) {
        self.run_head(None, outputs);
        self.told_resets
            .sift(&mut outputs.resets, |r| (r.t, r.cause));
        self.told_findings.sift(&mut outputs.findings);
    }

    /// Makes final what is old enough, and brings the head up to the newest sample.
    fn settle(&mut self, key: Key, outputs: &mut Outputs) {
        let horizon_s = self.setup.estimator.horizon_s;
        let delay_s = self
            .reordering
            .delay_s(self.setup.declared_delay_s, horizon_s);
        let newest = self.timeline.now().unwrap_or_default();
        self.finalise_until(newest.shifted(-delay_s), outputs);
        if self.run_head(Some(key), outputs) {
            // A fixpoint that the head refuses decides over the estimate: at once.
            self.finalise_until(Timestamp(i64::MAX), outputs);
            self.run_head(None, outputs);
        }
        let is_new =
            |r: &&Report| r.t == key.t && Some(key.source) == self.setup.source_index(&r.source);
        let fate = outputs.reports.iter().rev().find(is_new).map(|r| r.fate);
        outputs.fate = fate.or(outputs.fate);
    }

    /// Makes final what was measured before `limit`, and all that waits where there is no single
    /// estimate: a start, or a contest, has no head.
    fn finalise_until(&mut self, limit: Timestamp, outputs: &mut Outputs) {
        while let Some((key, _)) = self.pending.front()
            && (key.t <= limit || !self.core.is_settled())
        {
            let Some((key, sample)) = self.pending.pop_front() else {
                return;
            };
            self.head.advanced();
            // Nothing waits that is earlier, and nothing final is later: it can't be refused.
            let _ = self.take_back(key, &sample, outputs);
        }
    }

    /// Puts a sample into the guarded line at its own time, whatever was final there.
    fn take_back(
        &mut self,
        key: Key,
        sample: &Sample,
        outputs: &mut Outputs,
    ) -> Result<(), Refused> {
        let is_new = self.final_key.is_none_or(|last| key > last);
        if self.history.is_short::<Core<N>>(key.t) && self.history.room() < MOST_EVENTS {
            self.history.enlarge(room(2 * self.history.room()));
        }
        let setup: &Setup = &self.setup;
        let carried = &mut self.carried;
        let Outputs {
            fate: _,
            reports,
            resets,
            findings,
        } = outputs;
        self.history.insert(
            &mut *self.core,
            setup,
            key,
            *sample,
            |of_sample, outcome: Outcome| {
                if of_sample && is_new {
                    // What a late sample changes of the past is a correction, all of it.
                    *carried = carried.then(&outcome.carried);
                }
                if of_sample {
                    reports.push(Report {
                        t: key.t,
                        source: sample.source,
                        kind: sample.reading.kind(),
                        target: sample.reading.target(),
                        fate: outcome.fate,
                        update: outcome.update,
                    });
                }
                resets.extend(outcome.reset);
                findings.extend(outcome.changes.iter().map(|c| finding(setup, c)));
            },
        )?;
        if is_new {
            self.final_key = Some(key);
        } else {
            // The count of interventions went back with the rest: it can't tell that it did.
            self.head.begin_anew();
        }
        Ok(())
    }

    /// Brings the head up to the newest sample; what it does not do by itself is a correction. True when
    /// it refused a fixpoint.
    fn run_head(&mut self, asked: Option<Key>, outputs: &mut Outputs) -> bool {
        let run = self.head.run(&self.setup, &self.core, &self.pending, asked);
        outputs.fate = run.fate.or(outputs.fate);
        let (carried, before) = if self.head.tracking().is_some() {
            (run.carried, run.before)
        } else {
            (self.carried, self.core.tracking.before_update)
        };
        self.carried = Shift::default();
        let correction = self.follow(carried);
        // As it was before this step, or before what the step measured anew: whichever is less sure.
        let last = self
            .last_p
            .filter(|last| before.is_none_or(|b| b.trace() < last.trace()));
        let before = last.or(before);
        let p = |f: &Filter<N>| f.covariance(Block::Position, Block::Position);
        self.last_p = self.filter().map(p);
        if outputs.resets.is_empty() && correction.p_n.xy().norm() > LEAST_JUMP_M {
            outputs.resets.extend(self.unusual(before, &correction));
        }
        self.watch_alert(outputs);
        run.refused_fixpoint
    }

    /// The state of the estimate now: the head's, or the guarded line's where there is no head.
    fn tracking(&self) -> &Tracking<N> {
        self.head.tracking().unwrap_or(&self.core.tracking)
    }

    /// The guarded line's filter, to be looked at; `None` before the start.
    pub(crate) fn guarded(&self) -> Option<&Filter<N>> {
        Some(&self.core.tracking.hypotheses.best()?.filter)
    }

    /// Whether the protection level is above the alert limit now; a change is an event.
    fn watch_alert(&mut self, outputs: &mut Outputs) {
        let protection = &self.setup.protection;
        let (horizontal, vertical) = (protection.horizontal_alert_m, protection.vertical_alert_m);
        let Some(best) = self.tracking().hypotheses.best() else {
            return;
        };
        if horizontal.is_none() && vertical.is_none() {
            return;
        }
        let t = best.filter.t();
        let p = best.filter.covariance(Block::Position, Block::Position);
        let cases = self.cases(&p);
        let above = is_above(&cases, protection.exceedance, horizontal, vertical);
        if above != self.is_above {
            self.is_above = above;
            outputs.findings.push(Finding {
                t,
                condition: Condition::AlertLimit,
                source: None,
                target: None,
                began: above,
            });
        }
    }

    /// The states of the world that the protection level covers of an estimate whose position has the
    /// covariance `p`: those of the guarded line, carried forward by what the estimate has become less
    /// sure since.
    fn cases(&self, p: &Matrix3<f64>) -> ArrayVec<Case, MOST_CASES> {
        let mut cases = self.core.cases(&self.setup);
        if let Some(guarded) = self.guarded() {
            let then = guarded.settled_covariance(Block::Position);
            let corrected = self.tracking().corrected_since(&self.core.tracking);
            carry_forward(&mut cases, &then, p, &corrected);
        }
        cases
    }

    /// Lets the smooth output follow the estimate as it is now.
    fn follow(&mut self, carried: Shift) -> Shift {
        let Some(best) = self.tracking().hypotheses.best() else {
            return Shift::default();
        };
        let (t, nav) = (best.filter.t(), *best.filter.nav());
        self.follower.follow(&self.setup.smooth, t, &nav, &carried)
    }

    /// A correction that is larger than the covariance before it allows, as an event.
    fn unusual(&self, before: Option<Matrix3<f64>>, correction: &Shift) -> Option<Reset> {
        let d = correction.p_n.xy();
        let filter = &self.tracking().hypotheses.best()?.filter;
        let before = before.unwrap_or_else(|| filter.covariance(Block::Position, Block::Position));
        let p: Matrix2<f64> = before.fixed_view::<2, 2>(0, 0).into_owned();
        let is_unusual = d.norm_squared().powi(2) > UNUSUAL_SQ * d.dot(&(p * d));
        is_unusual.then_some(Reset {
            t: filter.t(),
            cause: ResetCause::Correction,
            delta_m: correction.p_n,
            delta_yaw_rad: correction.yaw_rad,
        })
    }

    /// The conditions in force.
    #[must_use]
    pub fn health(&self) -> Health {
        let alert = self.is_above.then_some(Condition::AlertLimit);
        let alert: Health = alert.into_iter().collect();
        self.core
            .watch
            .health()
            .and(self.clocks.health())
            .and(alert)
    }

    /// Tells of clocks that have become wrong, or right again. They are judged by the order of arrival,
    /// which the core must not know.
    fn watch_clocks(&mut self, t: Timestamp, outputs: &mut Outputs) {
        // The stamp itself may be what is wrong.
        let t = self.timeline.now().unwrap_or(t);
        for (source, holds) in self.timeline.clock_faults() {
            let subject = Subject::source(source);
            self.clocks.set(t, Condition::ClockFault, subject, holds);
        }
        let changes = self.clocks.take_changes();
        outputs
            .findings
            .extend(changes.iter().map(|c| finding(&self.setup, c)));
    }

    /// Forgets everything but the two files: the clock was set. What waits becomes final first.
    fn restart(&mut self, outputs: &mut Outputs) {
        self.finalise_until(Timestamp(i64::MAX), outputs);
        *self = self.sibling();
    }

    /// The newest time that was believed; `None` before the first sample.
    #[must_use]
    pub fn now(&self) -> Option<Timestamp> {
        self.timeline.now()
    }

    /// The filter behind the estimate, to be looked at; `None` before the start.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter<N>> {
        Some(&self.tracking().hypotheses.best()?.filter)
    }

    /// The estimate at the time of the newest sample; `None` before the start.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        let filter = &self.tracking().hypotheses.best()?.filter;
        Some(self.describe(filter, filter.t()))
    }

    /// The estimate at `t`, the engine's own state as it was: carried on to a later time, or back to
    /// one just passed (a source with a negative delay takes the state ahead of the newest stamp) by
    /// constant rate and acceleration. Further back than [`LOOK_BACK_S`] it is the newest estimate.
    /// `None` before the start.
    #[must_use]
    pub fn estimate_at(&self, t: Timestamp) -> Option<Estimate> {
        let best = self.tracking().hypotheses.best()?;
        let now = best.filter.t();
        if t > now {
            let mut ahead = best.filter.with_journal(companions::Companions::default());
            self.tracking().inputs.advance(&self.setup, &mut ahead, t);
            return Some(self.describe(&ahead, t));
        }
        let mut estimate = self.describe(&best.filter, now);
        let back_s = now.seconds_since(t);
        if back_s <= LOOK_BACK_S {
            let nav = best.filter.nav().delayed(back_s);
            estimate = Estimate {
                t,
                smooth: self.follower.pose(&self.setup.smooth, &nav, 0.0),
                p_n: nav.p_n,
                v_n: nav.v_n,
                q_nb: nav.q_nb,
                ..estimate
            };
        }
        Some(estimate)
    }

    fn describe(&self, filter: &Filter<N>, t: Timestamp) -> Estimate {
        let nav = filter.nav();
        let hypotheses = &self.tracking().hypotheses;
        let (spread, turn) = hypotheses.spread();
        let moved = filter.moved_covariance();
        let block = |block: Block| {
            let i = block.start();
            moved.fixed_view::<3, 3>(i, i).into_owned()
        };
        let up_b = nav.q_nb.inverse() * nalgebra::Vector3::z();
        Estimate {
            t,
            mode: self.core.mode(&self.setup, &self.tracking().inputs, t),
            p_n: nav.p_n,
            v_n: nav.v_n,
            q_nb: nav.q_nb,
            position_covariance: block(Block::Position) + spread,
            velocity_covariance: block(Block::Velocity),
            attitude_covariance: block(Block::Attitude) + up_b * up_b.transpose() * turn,
            hypotheses: hypotheses.len(),
            protection: level(
                &self.cases(&block(Block::Position)),
                self.setup.protection.exceedance,
            ),
            health: self.health(),
            smooth: self.smooth(nav, t),
        }
    }

    /// The smooth pose at `t`, where the exact one is `nav`.
    fn smooth(&self, nav: &Nav, t: Timestamp) -> Pose {
        let now = self
            .tracking()
            .hypotheses
            .best()
            .map_or(t, |h| h.filter.t());
        let ahead_s = t.seconds_since(now);
        self.follower.pose(&self.setup.smooth, nav, ahead_s)
    }

    /// What has been learned so far.
    #[must_use]
    pub fn parameters(&self) -> Vec<Learned> {
        let Some(best) = self.tracking().hypotheses.best() else {
            return Vec::new();
        };
        let all = best.filter.parameters();
        all.map(|(id, value, sigma)| Learned {
            name: parameter::name(&self.setup, id),
            value,
            sigma,
        })
        .collect()
    }
}

impl Source {
    /// The longest known delay of any of its readings \[s\].
    #[must_use]
    pub fn longest_delay_s(&self) -> f64 {
        match self {
            Self::Gnss(s) => s.velocity_delay_s.max(s.position_delay_s),
            Self::Imu(s) => s.delay_s,
            Self::Magnetometer(s) => s.delay_s,
            Self::Height(s) => s.delay_s,
            Self::Wheels(s) => s.delay_s,
            Self::Steering(s) => s.delay_s,
            Self::Uwb(s) => s.delay_s,
            Self::Rssi(s) => s.delay_s,
            Self::Landmark(s) => s.delay_s,
            Self::Camera(s) => s.delay_s,
            Self::Portal(s) => s.delay_s,
            Self::Pose(s) => s.delay_s,
        }
    }

    /// Known delay of a reading of this source \[s\].
    #[must_use]
    pub fn delay_s(&self, reading: &Reading) -> f64 {
        match self {
            Self::Imu(s) => s.delay_s,
            Self::Magnetometer(s) => s.delay_s,
            Self::Height(s) => s.delay_s,
            Self::Wheels(s) => s.delay_s,
            Self::Steering(s) => s.delay_s,
            Self::Gnss(s) if matches!(reading, Reading::GnssVelocity(_)) => s.velocity_delay_s,
            Self::Gnss(s) => s.position_delay_s,
            Self::Uwb(s) => s.delay_s,
            Self::Rssi(s) => s.delay_s,
            Self::Landmark(s) => s.delay_s,
            Self::Camera(s) => s.delay_s,
            Self::Portal(s) => s.delay_s,
            Self::Pose(s) => s.delay_s,
        }
    }
}
