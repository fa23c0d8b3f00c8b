//! What becomes of a fixpoint before it is used: is it one that is believed, and does it confirm or
//! disprove the one before it?

use wayfix_filter::Block;
use wayfix_filter::history::Key;
use wayfix_sensors::{Name, Reading};

use super::core::{Core, Filter};
use super::doubter::{AGREES, Doubter, Prediction, REFUSED};
use super::health::{Condition, Subject};
use super::relocation::{beside, placed_by};
use super::report::{Reset, ResetCause};
use super::setup::Setup;

/// What a fixpoint's sight leads to.
pub(super) enum Sight {
    /// It may be used.
    Believed,
    /// It may be used, on the estimate that did not believe the one before it.
    Disproved(Reset),
    /// It is known to be where site.toml does not say.
    Distrusted,
}

/// A fixpoint as a filter predicts it.
fn predicted<const N: usize>(
    setup: &Setup,
    key: Key,
    reading: &Reading,
    filter: &Filter<N>,
) -> Option<Prediction> {
    let (alone, _) = placed_by(setup, key, reading, filter)?;
    let p = |f: &Filter<N>| f.covariance(Block::Position, Block::Position);
    let s = (p(filter) + p(&alone))
        .fixed_view::<2, 2>(0, 0)
        .into_owned();
    Prediction::new(&(alone.nav().p_n - filter.nav().p_n).xy(), &s)
}

impl<const N: usize> Core<N> {
    /// A fixpoint comes into view, or still is.
    pub(super) fn sight(&mut self, setup: &Setup, key: Key, reading: &Reading) -> Sight {
        let Some(name) = reading.target() else {
            return Sight::Believed;
        };
        let begins = self.standings.see(name, key.t);
        if self.standings.is_distrusted(name) {
            if begins {
                self.look_again(setup, key, reading, name);
            }
            return Sight::Distrusted;
        }
        let Some(best) = self.tracking.hypotheses.single().filter(|_| begins) else {
            return Sight::Believed;
        };
        let before = best.with_journal(beside(best));
        let Some(doubter) = self.tracking.hypotheses.doubter.take() else {
            self.doubt_next(before, name);
            return Sight::Believed;
        };
        if doubter.ignored.contains(&name) {
            self.tracking.hypotheses.doubter = Some(doubter);
            return Sight::Believed;
        }
        let believing = predicted(setup, key, reading, &before);
        let ignoring = predicted(setup, key, reading, &doubter.filter);
        let (Some(believing), Some(ignoring)) = (believing, ignoring) else {
            self.doubt_next(before, name);
            return Sight::Believed;
        };
        self.decide(key, name, before, doubter, believing, ignoring)
    }

    fn decide(
        &mut self,
        key: Key,
        name: Name,
        before: Filter<N>,
        mut doubter: Doubter<N>,
        believing: Prediction,
        ignoring: Prediction,
    ) -> Sight {
        let t = key.t;
        if !believing.fits() && !ignoring.fits() && !doubter.believes {
            // This one may be wrong, or all those before it.
            if doubter.ignore(name) {
                self.tracking.hypotheses.doubter = Some(doubter);
            } else {
                self.doubt_next(before, name);
            }
            return Sight::Believed;
        }
        let against = if doubter.believes {
            ignoring.evidence(&believing)
        } else {
            believing.evidence(&ignoring)
        };
        for subject in &doubter.ignored {
            self.standings.weigh(*subject, t, against);
            self.tell_trust(t, *subject);
        }
        if believing.fits() || !ignoring.fits() {
            self.doubt_next(before, name);
            return Sight::Believed;
        }
        let (from, to) = (*before.nav(), *doubter.filter.nav());
        self.tracking.hypotheses.replace((*doubter.filter).clone());
        self.tracking.hypotheses.forget_subsets();
        self.doubt_next(*doubter.filter, name);
        self.refusals = None;
        self.accept(t);
        Sight::Disproved(Reset::between(t, ResetCause::Disproved, &from, &to))
    }

    /// From now on the filter as it is before `name` runs beside the estimate.
    fn doubt_next(&mut self, filter: Filter<N>, name: Name) {
        self.tracking.hypotheses.doubter = Some(Doubter::of_fixpoint(filter, name));
    }

    /// A fixpoint that is not believed is passed again: it may have been put right.
    fn look_again(&mut self, setup: &Setup, key: Key, reading: &Reading, name: Name) {
        let agrees = self
            .tracking
            .hypotheses
            .single()
            .and_then(|filter| predicted(setup, key, reading, filter))
            .is_some_and(|p| p.fits());
        if agrees {
            self.standings.weigh(name, key.t, AGREES);
            self.tell_trust(key.t, name);
        }
    }

    /// A healthy estimate has refused a fixpoint.
    pub(super) fn note_refused(&mut self, key: Key, reading: &Reading) {
        let Some(name) = reading.target() else { return };
        let is_same = (self.refused_pass).is_some_and(|(last, t)| {
            last == name && key.t.seconds_since(t) < super::doubter::PASS_S
        });
        self.refused_pass = Some((name, key.t));
        if !is_same {
            self.standings.weigh(name, key.t, REFUSED);
            self.tell_trust(key.t, name);
        }
    }

    fn tell_trust(&mut self, t: wayfix_filter::Timestamp, name: Name) {
        let distrusted = self.standings.is_distrusted(name);
        if distrusted
            != self
                .watch
                .holds(Condition::Missurveyed, Subject::target(name))
        {
            self.tracking.hypotheses.intervene();
        }
        self.watch
            .set(t, Condition::Missurveyed, Subject::target(name), distrusted);
    }
}
