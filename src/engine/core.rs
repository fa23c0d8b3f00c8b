//! The guarded line: one sample in, its fate out. It runs behind the newest sample, in final order, and
//! questions the estimate with every sample once. Everything that a later sample could depend on lives
//! here, so that a rewind forgets nothing.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_filter::history::{Estimator, Key};
use wayfix_sensors::{Name, Reading, Sample};

use super::cold::Window;
use super::companions::Companions;
use super::constraints::is_due;
use super::doubter::Standings;
use super::fixpoint::Sight;
use super::groups::GroupId;
use super::health::{Changes, Watch};
use super::inputs::{Carrier, Inputs};
use super::parameter::{Kind, id};
use super::relocation::Refusals;
use super::report::{Fate, Mode, Reset};
use super::resolve::resolve_alone;
use super::separation;
use super::setup::Setup;
use super::smooth::Shift;
use super::standing::Sources;
use super::tie::TieWatch;
use super::tracking::{Judged, Rolled, Tracking};
use crate::config::Source;
use crate::config::source::WheelsSource;

/// The engine's filter, and what goes along with it.
pub type Filter<const N: usize> = wayfix_filter::Filter<N, Companions<N>>;
/// Sources count as healthy so long after their last accepted measurement \[s\].
pub(super) const HEALTHY_S: f64 = 2.0;
/// Time between two looks at whether the estimate is lost, or its heading unknown \[s\].
const LOOK_S: f64 = 0.1;

/// What became of a sample.
#[derive(Clone, Debug)]
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
pub struct Core<const N: usize> {
    pub(super) tracking: Tracking<N>,
    pub(super) window: Window,
    pub(super) first_t: Option<Timestamp>,
    pub(super) last_accepted: Option<Timestamp>,
    pub(super) last_fixpoint: Option<Timestamp>,
    pub(super) refusals: Option<Refusals>,
    pub(super) watch: Watch,
    pub(super) standings: Standings,
    pub(super) sources: Sources,
    /// The way that was gone when the asset was last placed \[m\].
    pub(super) accepted_at_m: f64,
    /// The estimate was given up, and the next start is not found yet.
    pub(super) is_seeking: bool,
    /// The estimate was given up once: the start of vehicle.toml is long past.
    pub(super) is_restart: bool,
    /// When its sources last took the estimate elsewhere.
    pub(super) relocalised: Option<Timestamp>,
    /// The filter that was given up, for what it had learned.
    pub(super) learned: Option<Box<Filter<N>>>,
    pub(super) tie: TieWatch,
    /// The fixpoint that was refused last, and when.
    pub(super) refused_pass: Option<(Name, Timestamp)>,
    /// When it was last looked whether the estimate is lost, and whether its heading is unknown.
    looked: Option<Timestamp>,
    tried: Option<Timestamp>,
}

impl<const N: usize> Clone for Core<N> {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.clone_from(self);
        copy
    }

    /// Field by field, so that checkpoints reuse their memory.
    fn clone_from(&mut self, from: &Self) {
        let Self {
            tracking,
            window,
            first_t,
            last_accepted,
            last_fixpoint,
            refusals,
            watch,
            standings,
            sources,
            accepted_at_m,
            is_seeking,
            is_restart,
            relocalised,
            learned,
            tie,
            refused_pass,
            looked,
            tried,
        } = from;
        self.tracking.clone_from(tracking);
        self.window.clone_from(window);
        self.first_t = *first_t;
        self.last_accepted = *last_accepted;
        self.last_fixpoint = *last_fixpoint;
        self.refusals = *refusals;
        self.watch.clone_from(watch);
        self.standings.clone_from(standings);
        self.sources.clone_from(sources);
        self.accepted_at_m = *accepted_at_m;
        self.is_seeking = *is_seeking;
        self.is_restart = *is_restart;
        self.relocalised = *relocalised;
        self.learned.clone_from(learned);
        self.tie = *tie;
        self.refused_pass = *refused_pass;
        self.looked = *looked;
        self.tried = *tried;
    }
}

impl<const N: usize> Estimator for Core<N> {
    type Context = Setup;
    type Event = Sample;
    type Output = Outcome;

    fn apply(&mut self, setup: &Setup, key: Key, sample: &Sample) -> Outcome {
        let mut outcome = self.apply_sample(setup, key, sample);
        outcome.carried = self.tracking.carried;
        self.note_heard(setup, key.source, key.t);
        self.watch_over(key.t, &outcome);
        outcome.changes = self.watch.take_changes();
        if let Some(period_s) = setup.marks_every_s {
            self.tracking.hypotheses.mark(period_s);
        }
        outcome
    }
}

impl<const N: usize> Core<N> {
    fn apply_sample(&mut self, setup: &Setup, key: Key, sample: &Sample) -> Outcome {
        let t = key.t;
        self.first_t.get_or_insert(t);
        self.tracking.begin(setup, t);
        let Some(source) = setup.sources.get(usize::from(key.source)) else {
            return Fate::UnknownSource.into();
        };
        let outcome = match (&source.config, &sample.reading) {
            (Source::Imu(_), Reading::Imu(_)) => {
                self.tracking.imu(setup, key, &sample.reading).into()
            }
            (Source::Wheels(config), reading) => self.apply_wheels(setup, key, config, reading),
            (Source::Steering(_), Reading::Steering(_)) => {
                self.tracking.steering(setup, key, &sample.reading).into()
            }
            _ => self.apply_absolute(setup, key, &sample.reading),
        };
        if self.tracking.hypotheses.is_empty() || self.is_seeking {
            let reset = self.try_start(setup, t).or(outcome.reset);
            return Outcome { reset, ..outcome };
        }
        self.tracking.end(setup, t);
        if is_due(&mut self.looked, t, LOOK_S) {
            self.give_up();
        }
        if is_due(&mut self.tried, t, LOOK_S) {
            self.try_headings(setup, t);
        }
        // Only a measurement tells hypotheses apart.
        let told = outcome.update.is_some();
        let collapsed = told.then(|| self.tracking.hypotheses.prune(t)).flatten();
        Outcome {
            reset: outcome.reset.or(collapsed),
            ..outcome
        }
    }

    /// On what the estimate rests, when it is moved by `inputs` now.
    #[must_use]
    pub fn mode(&self, setup: &Setup, inputs: &Inputs, t: Timestamp) -> Mode {
        if self.tracking.hypotheses.is_empty() {
            return Mode::Cold;
        }
        if self.is_seeking {
            return Mode::Lost;
        }
        if self.tracking.hypotheses.len() > 1 {
            return Mode::Aligning;
        }
        if Tracking::<N>::is_fresh(self.last_accepted, t) {
            return Mode::Tracking;
        }
        match inputs.carrier(setup, t).0 {
            Carrier::None => Mode::Lost,
            Carrier::Imu | Carrier::Wheels => Mode::DeadReckoning,
        }
    }

    /// Whether there is one estimate, and not none or several: what the head runs ahead of.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.tracking.hypotheses.len() == 1 && !self.is_seeking
    }

    /// Whether a reading is of a fixpoint that is no longer believed.
    #[must_use]
    pub fn distrusts(&self, reading: &Reading) -> bool {
        matches!(reading, Reading::Marker(_) | Reading::Passage(_))
            && (reading.target()).is_some_and(|name| self.standings.is_distrusted(name))
    }

    fn apply_wheels(
        &mut self,
        setup: &Setup,
        key: Key,
        config: &WheelsSource,
        reading: &Reading,
    ) -> Outcome {
        let (update, root_count) = match self.tracking.wheels(setup, key, config, reading) {
            Rolled::Motion(fate) => return fate.into(),
            Rolled::Speed { report, root_count } => (report, root_count),
        };
        let (source, sigma) = (key.source, config.scale_sigma);
        let placed = Tracking::<N>::is_fresh(self.last_accepted, key.t);
        if self.note_wheels(source, key.t, &update, root_count) && sigma > 0.0 && placed {
            // What was learned of their size may no longer hold, and something else tells.
            let scale = id(Kind::WheelScale, source, 0);
            let hypotheses = &mut self.tracking.hypotheses;
            hypotheses.change(|filter| filter.inflate_parameter(scale, sigma * sigma));
        }
        update.into()
    }

    fn apply_absolute(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Outcome {
        self.tracking.advance(setup, key.t);
        // What is measured next can't be linearised at an estimate that is lost.
        if is_due(&mut self.looked, key.t, LOOK_S) {
            self.give_up();
        }
        if self.tracking.hypotheses.is_empty() || self.is_seeking {
            return match resolve_alone(setup, key.source, reading) {
                Ok(_) => {
                    self.window.push(key.t, key.source, reading);
                    Fate::Waiting.into()
                }
                Err(fate) => fate.into(),
            };
        }
        if let Err(fate) = self.tracking.admits(setup, key, reading) {
            return fate.into();
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
        let Judged { report, nature } = match self.tracking.measure(setup, key, reading, groups) {
            Ok(judged) => judged,
            Err(fate) => return fate.into(),
        };
        self.watch_tie(setup, key, reading, &report);
        let outcome = self.note(setup, key, reading, nature, report);
        if nature.places && !nature.is_fixpoint {
            let refused = outcome.fate == Fate::Gated;
            let refusing = self.note_verdict(key.source, reading.target(), key.t, refused);
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

    /// The groups of a reading, watched from now on.
    fn attend(&mut self, setup: &Setup, key: Key, reading: &Reading) -> [Option<GroupId>; 2] {
        let groups = setup.groups.of(setup, key.source, reading);
        let hypotheses = &mut self.tracking.hypotheses;
        if setup.protection.separation
            && hypotheses.len() == 1
            && let Some(best) = hypotheses.best_mut()
        {
            let places = super::cold::places(reading);
            for group in groups.iter().flatten() {
                separation::attend(&mut best.filter, *group, key.t, places);
            }
        }
        groups
    }
}
