//! The engine: samples in, estimates and the fate of every sample out.
//!
//! [`Engine::step`] is pure: no clock, file, socket, thread or log. Live and replay feed the same
//! samples, so a recorded run replays bit for bit.

mod clocks;
mod cold;
mod constraints;
mod core;
mod doubter;
mod fixpoint;
mod freeze;
mod groups;
mod headings;
mod health;
mod hypotheses;
mod inputs;
mod parameter;
mod past;
mod period;
mod protection;
mod relocation;
mod report;
mod resolve;
mod sealed;
mod separation;
mod setup;
mod smooth;
mod snapshot;
mod standing;
mod start;
mod tie;
mod timeline;
mod told;
mod watch;
mod wheels;

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
pub use core::STATES;
use core::{Core, Filter, Outcome};
use health::{Change, Subject, Watch};
use smooth::{Follower, Shift};
use timeline::Timeline;
use told::{Told, ToldFindings};

/// Events that the history holds at most.
const EVENTS: usize = 4096;
/// Checkpoints that it holds at most.
const CHECKPOINTS: usize = 64;
/// How far back an estimate is told [s].
pub const LOOK_BACK_S: f64 = 0.5;
/// A correction beyond three sigmas (variance), and of a centimetre at least, is an event.
const UNUSUAL_SQ: f64 = 9.0;
const LEAST_JUMP_M: f64 = 0.01;
/// Events between two checkpoints.
const SPACING: usize = 8;

/// What one step produced; reused from step to step.
#[derive(Debug, Default)]
pub struct Outputs {
    /// The fate of the new sample.
    pub reports: Vec<Report>,
    /// Jumps of the estimate.
    pub resets: Vec<Reset>,
    /// Conditions that began or ended.
    pub findings: Vec<Finding>,
}

impl Outputs {
    fn clear(&mut self) {
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

/// One asset's estimator.
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
pub struct Engine {
    setup: Setup,
    fingerprints: Fingerprints,
    core: Box<Core>,
    history: EngineHistory,
    timeline: Timeline,
    /// Conditions of the sources' clocks.
    clocks: Watch,
    follower: Follower,
    told_resets: Told<(Timestamp, ResetCause)>,
    told_findings: ToldFindings,
}

type EngineHistory = History<Box<[EventSlot<Sample>]>, Box<[CheckpointSlot<Core>]>>;

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

fn new_history(setup: &Setup) -> EngineHistory {
    let events = std::iter::repeat_with(|| None).take(EVENTS).collect();
    let checkpoints = std::iter::repeat_with(|| None).take(CHECKPOINTS).collect();
    History::new(events, checkpoints, setup.estimator.horizon_s, SPACING)
}

impl Engine {
    /// An engine for one vehicle on one site.
    ///
    /// # Errors
    /// Where the two files can't work together.
    pub fn new(site: &Site, vehicle: &Vehicle) -> Result<Self, SetupError> {
        let setup = Setup::new(site, vehicle)?;
        Ok(Self {
            history: new_history(&setup),
            setup,
            fingerprints: Fingerprints::of(site, vehicle),
            core: Box::default(),
            timeline: Timeline::default(),
            clocks: Watch::default(),
            follower: Follower::default(),
            told_resets: Told::new(),
            told_findings: ToldFindings::default(),
        })
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
            outputs.reports.push(report);
            return;
        };
        if !sample.reading.is_sound() {
            report.fate = Fate::Invalid;
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
            outputs.reports.push(report);
            return;
        }
        if self.timeline.is_set_ahead(key.t) {
            self.restart();
        }
        let mut carried = Shift::default();
        let mut is_late = false;
        let before = self.position_covariance();
        let result = self.history.insert(
            &mut *self.core,
            &self.setup,
            key,
            *sample,
            |new, outcome: Outcome| {
                if new {
                    report.fate = outcome.fate;
                    report.update = outcome.update;
                    carried = outcome.carried;
                } else {
                    is_late = true;
                }
                outputs.resets.extend(outcome.reset);
                let changes = outcome.changes.iter();
                outputs
                    .findings
                    .extend(changes.map(|c| finding(&self.setup, c)));
            },
        );
        match result {
            Ok(()) => {
                self.timeline.advance(key.t, index);
                // What a late sample changes of the past is a correction, all of it.
                let correction = self.follow(if is_late { Shift::default() } else { carried });
                self.told_resets
                    .sift(&mut outputs.resets, |r| (r.t, r.cause));
                if let Some(before) = before.filter(|_| outputs.resets.is_empty()) {
                    outputs.resets.extend(self.unusual(&before, &correction));
                }
            }
            Err(Refused::TooLate) => {
                report.fate = Fate::TooLate;
                if self.timeline.is_set_back() {
                    self.restart();
                }
            }
            Err(Refused::Duplicate) => report.fate = Fate::Duplicate,
        }
        self.told_findings.sift(&mut outputs.findings);
        outputs.reports.push(report);
    }

    /// Lets the smooth output follow the estimate as it is now.
    fn follow(&mut self, carried: Shift) -> Shift {
        let Some(best) = self.core.hypotheses.best() else {
            return Shift::default();
        };
        let (t, nav) = (best.filter.t(), best.filter.nav());
        self.follower.follow(&self.setup.smooth, t, nav, &carried)
    }

    /// Covariance of the position as it is told.
    fn position_covariance(&self) -> Option<Matrix3<f64>> {
        let best = self.core.hypotheses.best()?;
        let (spread, _) = self.core.hypotheses.spread();
        Some(best.filter.covariance(Block::Position, Block::Position) + spread)
    }

    /// A correction that is larger than the covariance before it allows, as an event.
    fn unusual(&self, before: &Matrix3<f64>, correction: &Shift) -> Option<Reset> {
        let d = correction.p_n.xy();
        let p: Matrix2<f64> = before.fixed_view::<2, 2>(0, 0).into_owned();
        let is_unusual = d.norm_squared().powi(2) > UNUSUAL_SQ * d.dot(&(p * d));
        let t = self.core.hypotheses.best()?.filter.t();
        (is_unusual && d.norm() > LEAST_JUMP_M).then_some(Reset {
            t,
            cause: ResetCause::Correction,
            delta_m: correction.p_n,
            delta_yaw_rad: correction.yaw_rad,
        })
    }

    /// The conditions in force.
    #[must_use]
    pub fn health(&self) -> Health {
        self.core.watch.health().and(self.clocks.health())
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

    /// Forgets everything but the two files: the clock was set.
    fn restart(&mut self) {
        *self.core = Core::default();
        self.history = new_history(&self.setup);
        self.timeline = Timeline::default();
        self.clocks = Watch::default();
        self.follower = Follower::default();
        self.told_resets = Told::new();
        self.told_findings = ToldFindings::default();
    }

    /// The filter behind the estimate, to be looked at; `None` before the start.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        Some(&self.core.hypotheses.best()?.filter)
    }

    /// The estimate at the time of the newest sample; `None` before the start.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        let filter = &self.core.hypotheses.best()?.filter;
        Some(self.describe(filter, filter.t()))
    }

    /// The estimate at `t`, the engine's own state as it was: carried on to a later time, or back to
    /// one just passed (a source with a negative delay takes the state ahead of the newest stamp) by
    /// constant rate and acceleration. Further back than [`LOOK_BACK_S`] it is the newest estimate.
    /// `None` before the start.
    #[must_use]
    pub fn estimate_at(&self, t: Timestamp) -> Option<Estimate> {
        let best = self.core.hypotheses.best()?;
        let now = best.filter.t();
        if t > now {
            let mut ahead = best.filter.clone();
            self.core.inputs.advance(&self.setup, &mut ahead, t);
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

    fn describe(&self, filter: &Filter, t: Timestamp) -> Estimate {
        let nav = filter.nav();
        let (spread, turn) = self.core.hypotheses.spread();
        let up_b = nav.q_nb.inverse() * nalgebra::Vector3::z();
        Estimate {
            t,
            mode: self.core.mode(&self.setup, t),
            p_n: nav.p_n,
            v_n: nav.v_n,
            q_nb: nav.q_nb,
            position_covariance: filter.covariance(Block::Position, Block::Position) + spread,
            velocity_covariance: filter.covariance(Block::Velocity, Block::Velocity),
            attitude_covariance: filter.covariance(Block::Attitude, Block::Attitude)
                + up_b * up_b.transpose() * turn,
            hypotheses: self.core.hypotheses.len(),
            protection: self.core.protection(&self.setup, filter),
            health: self.health(),
            smooth: self.smooth(nav, t),
        }
    }

    /// The smooth pose at `t`, where the exact one is `nav`.
    fn smooth(&self, nav: &Nav, t: Timestamp) -> Pose {
        let now = self.core.hypotheses.best().map_or(t, |h| h.filter.t());
        let ahead_s = t.seconds_since(now);
        self.follower.pose(&self.setup.smooth, nav, ahead_s)
    }

    /// What has been learned so far.
    #[must_use]
    pub fn parameters(&self) -> Vec<Learned> {
        let Some(best) = self.core.hypotheses.best() else {
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
