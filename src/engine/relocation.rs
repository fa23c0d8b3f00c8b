//! Taking an estimate back: by a fixpoint that contradicts it, or after a lock-out.

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};
use wayfix_filter::history::Key;
use wayfix_filter::{Block, Timestamp};
use wayfix_sensors::Reading;

use super::companions::Companions;
use super::core::{Core, Filter, Outcome};
use super::doubter::Doubter;
use super::parameter::is_of_site;
use super::report::{Fate, Reset, ResetCause};
use super::resolve::{Nature, resolve};
use super::separation::OF_NO_GROUP;
use super::setup::Setup;
use super::start::start_sigma;
use super::tracking::Tracking;

/// How much a locked-out estimate is doubted at a time (variance), and how often [s].
const DOUBT: f64 = 4.0;
const DOUBT_S: f64 = 0.5;

/// So many refusals does an accepted measurement outweigh.
const OUTWEIGHED: u32 = 2;
/// So many refusals, few accepted between, are more than wild values.
const LEAST_REFUSALS: u32 = 3;

/// Absolute measurements that were refused, few accepted between.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Refusals {
    since: Timestamp,
    count: u32,
}

impl Refusals {
    /// One was accepted, perhaps by chance: it outweighs a few of those that were refused.
    fn accepted(self) -> Option<Self> {
        let count = self.count.checked_sub(OUTWEIGHED)?;
        (count > 0).then_some(Self { count, ..self })
    }

    /// More than wild values, and for longer than `least_s`.
    pub fn last(&self, t: Timestamp, least_s: f64) -> bool {
        self.count >= LEAST_REFUSALS && t.seconds_since(self.since) >= least_s
    }
}

/// A jump whose square is so many times what the covariances of estimate and fixpoint allow can
/// still be a drift; beyond, the model of the drift has nothing to say about it.
const TEACHABLE: f64 = 100.0;
/// A jump is beyond any drift above this \[m\] and this share of the way since the last place.
const LEAST_JUMP_M: f64 = 1.0;
const WAY_SHARE: f64 = 0.75;
/// An estimate that is locked out twice within this time is given up \[s\].
const AGAIN_S: f64 = 60.0;
/// Sigma of a place about which nothing is known \[m\], and of the heading there [rad].
const ANYWHERE_M: f64 = 1e3;
const TURNED_RAD: f64 = 0.5;

/// The filter as a fixpoint alone places it: its own position is forgotten, and where the fixpoint
/// shows a direction, its heading is open.
pub(super) fn placed_by<const N: usize>(
    setup: &Setup,
    key: Key,
    reading: &Reading,
    filter: &Filter<N>,
) -> Option<(Filter<N>, wayfix_filter::Report)> {
    let mut placed = filter.with_journal(beside(filter));
    let height_m = placed.variance(Block::Position.start() + 2).sqrt();
    let sigma_m = Vector3::new(ANYWHERE_M, ANYWHERE_M, height_m);
    placed.reset_block(Block::Position, filter.nav().p_n, sigma_m);
    let mut measurement = resolve(setup, key.source, reading, &mut placed).ok()?;
    if measurement.nature().shows_heading {
        let turned = Vector3::new(0.0, 0.0, TURNED_RAD * TURNED_RAD);
        measurement.filter().inflate(Block::Attitude, turned);
    }
    let report = measurement.update_iterated();
    report.verdict.is_used().then_some((placed, report))
}

/// What goes along with a filter that is kept beside the estimate: its past, no subset filters.
pub(super) fn beside<const N: usize>(filter: &Filter<N>) -> Companions<N> {
    Companions::of(filter.journal().tape.clone())
}

impl<const N: usize> Core<N> {
    /// Books an update, and takes the estimate back where it was locked out.
    pub(super) fn note(
        &mut self,
        setup: &Setup,
        key: Key,
        reading: &Reading,
        nature: Nature,
        update: wayfix_filter::Report,
    ) -> Outcome {
        let t = key.t;
        let outcome = Outcome::from(update);
        let places = nature.places;
        if update.verdict.is_used() {
            if places {
                self.accept(t);
                self.refusals = self.refusals.and_then(Refusals::accepted);
                if self.refusals.is_none() {
                    self.window.clear();
                }
            }
            if nature.is_fixpoint {
                self.last_fixpoint = Some(t);
            }
            return outcome;
        }
        if outcome.fate != Fate::Gated || !places {
            return outcome;
        }
        if nature.is_fixpoint {
            let outcome = self.relocate_by_fixpoint(setup, key, reading, outcome);
            if outcome.fate == Fate::Gated {
                self.note_refused(key, reading);
            }
            return outcome;
        }
        if let Some(reset) = self.return_to_doubter(setup, key, reading) {
            return Outcome {
                reset: Some(reset),
                ..outcome
            };
        }
        self.window.push(t, key.source, reading);
        let reopen_s = setup.sources[usize::from(key.source)].gate.reopen_s;
        let refusals = self.refusals.get_or_insert(Refusals { since: t, count: 0 });
        refusals.count += 1;
        if refusals.count < LEAST_REFUSALS || t.seconds_since(refusals.since) < reopen_s {
            return outcome;
        }
        refusals.since = t.shifted(DOUBT_S - reopen_s);
        let reset = self.reopen(setup, t);
        Outcome { reset, ..outcome }
    }

    /// A fixpoint's identity was decoded, so it outranks the estimate, unless a healthy absolute
    /// source or another fixpoint has just confirmed that. A jump that a drift can explain teaches
    /// what correlates with the drift (wheel scale, steering zero, gyro bias): the whole covariance
    /// is doubted by the same factor, which keeps its correlations. A jump beyond that is no drift
    /// (the vehicle was carried, or the fixpoint misread): the place is taken, and nothing learned.
    fn relocate_by_fixpoint(
        &mut self,
        setup: &Setup,
        key: Key,
        reading: &Reading,
        outcome: Outcome,
    ) -> Outcome {
        let fresh = |at| Tracking::<N>::is_fresh(at, key.t);
        if fresh(self.last_accepted) || fresh(self.last_fixpoint) {
            return outcome;
        }
        let Some(best) = self.tracking.hypotheses.best() else {
            return outcome;
        };
        let before = *best.filter.nav();
        let Some((alone, _)) = placed_by(setup, key, reading, &best.filter) else {
            return outcome;
        };
        let jump = (alone.nav().p_n - before.p_n).xy();
        if self.is_beyond_any_drift(jump.norm()) {
            self.hear_out(reading, alone);
            return outcome;
        }
        let spread = [&best.filter, &alone]
            .map(|f| f.covariance(Block::Position, Block::Position))
            .iter()
            .sum::<Matrix3<f64>>();
        let spread = spread.fixed_view::<2, 2>(0, 0).into_owned();
        let Some(factor) = spread.cholesky().map(|l| 0.5 * jump.dot(&l.solve(&jump))) else {
            return outcome;
        };
        self.tracking.hypotheses.intervene();
        let report = self
            .tracking
            .hypotheses
            .update(key.source, key.t, true, |filter| {
                if factor <= TEACHABLE {
                    filter.doubt(factor, is_of_site);
                    let mut measurement = resolve(setup, key.source, reading, filter).ok()?;
                    return Some(measurement.update_iterated());
                }
                let (placed, report) = placed_by(setup, key, reading, filter)?;
                *filter = placed;
                Some(report)
            });
        let Some(update) = report.filter(|r| r.verdict.is_used()) else {
            return outcome;
        };
        self.tracking.hypotheses.forget_subsets();
        self.accept(key.t);
        self.last_fixpoint = Some(key.t);
        self.refusals = None;
        let after = self
            .tracking
            .hypotheses
            .best()
            .map_or(before, |h| *h.filter.nav());
        Outcome {
            fate: Fate::Relocated,
            update: Some(update),
            reset: Some(Reset::between(key.t, ResetCause::Fixpoint, &before, &after)),
            ..outcome
        }
    }

    /// What the estimate refuses may agree with the place that it was taken from: a receiver that had
    /// led it away is sound again. Then it goes back.
    fn return_to_doubter(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Option<Reset> {
        let judge = setup.sources[usize::from(key.source)].judge;
        let doubter = self.tracking.hypotheses.doubter.as_mut()?;
        doubter.displaced?;
        let mut trial = (*doubter.filter).clone();
        let mut measurement = resolve(setup, key.source, reading, &mut trial).ok()?;
        if !measurement.update(&judge, OF_NO_GROUP).verdict.is_used() {
            doubter.agreed = 0;
            return None;
        }
        doubter.agreed += 1;
        if doubter.agreed < LEAST_REFUSALS {
            return None;
        }
        let before = *self.tracking.hypotheses.single()?.nav();
        let after = *trial.nav();
        self.tracking.hypotheses.replace(trial);
        self.tracking.hypotheses.forget_beside();
        self.refusals = None;
        self.accept(key.t);
        Some(Reset::between(
            key.t,
            ResetCause::Disproved,
            &before,
            &after,
        ))
    }

    /// Notes that an absolute measurement placed the asset.
    pub(super) fn accept(&mut self, t: Timestamp) {
        self.last_accepted = Some(t);
        self.accepted_at_m = self.tracking.gone_m;
    }

    /// Whether a jump is further than the whole way since the asset was last placed, all of which motion
    /// sources told: neither slip nor a wrong scale explains it, but a misread or misplaced fixpoint does.
    fn is_beyond_any_drift(&self, jump_m: f64) -> bool {
        let told = self
            .last_accepted
            .is_some_and(|at| self.tracking.uncarried.is_none_or(|u| u < at));
        let way_m = self.tracking.gone_m - self.accepted_at_m;
        told && jump_m > LEAST_JUMP_M.max(WAY_SHARE * way_m)
    }

    /// A fixpoint that leads beyond any drift is not believed, but kept in mind: the next one decides.
    fn hear_out(&mut self, reading: &Reading, placed: Filter<N>) {
        let Some(name) = reading.target() else { return };
        let is_heard = (self.tracking.hypotheses.doubter.as_ref())
            .is_some_and(|d| d.believes && d.ignored.contains(&name));
        if !is_heard {
            self.tracking.hypotheses.doubter = Some(Doubter::believer(placed, name));
        }
    }

    /// All absolute measurements were refused for too long. Where they agree with one another on a
    /// place, the estimate goes there; where they don't, it is doubted.
    fn reopen(&mut self, setup: &Setup, t: Timestamp) -> Option<Reset> {
        let again = (self.relocalised).is_some_and(|at| t.seconds_since(at) < AGAIN_S);
        if again {
            // Its place was put right and it is refused once more: then its heading is wrong, or what it
            // learned. Nothing of it is kept.
            self.learned = None;
            self.seek_anew();
            return None;
        }
        let nav = *self.tracking.hypotheses.best()?.filter.nav();
        let solutions = self
            .window
            .solve(setup, &nav.q_nb, false, Some(nav.v_n.norm()));
        let [place] = solutions.as_slice() else {
            self.tracking
                .hypotheses
                .change(|filter| filter.doubt(DOUBT, is_of_site));
            return None;
        };
        let place = *place;
        let left = self.tracking.hypotheses.single();
        let left = left.map(|filter| filter.with_journal(beside(filter)));
        self.tracking.hypotheses.forget_beside();
        self.tracking.hypotheses.change(|filter| {
            let sigma = start_sigma(&place);
            filter.reset_block(Block::Position, place.p_n, sigma);
            filter.inflate(Block::Velocity, Vector3::repeat(0.25));
            filter.inflate(Block::Attitude, Vector3::new(0.0, 0.0, 0.3));
        });
        self.relocalised = Some(t);
        self.tracking.hypotheses.doubter = left.map(|filter| Doubter::of_place(filter, t));
        self.window.clear();
        self.accept(t);
        let after = *self.tracking.hypotheses.best()?.filter.nav();
        Some(Reset::between(t, ResetCause::Relocalised, &nav, &after))
    }
}
