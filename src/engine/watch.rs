//! Watching over the estimate: which conditions hold after a sample, and its protection level.

use arrayvec::ArrayVec;
use wayfix_filter::{Block, Timestamp};

use super::core::{Core, Outcome};
use super::health::{Condition, Subject};
use super::protection::{Case, MOST_CASES};
use super::report::Fate;
use super::setup::{MAX_SOURCES, Setup};

/// Refusals are told after so long \[s\].
const REFUSING_S: f64 = 1.0;

impl<const N: usize> Core<N> {
    /// Notes the conditions that begin or end with a sample.
    pub(super) fn watch_over(&mut self, t: Timestamp, outcome: &Outcome) {
        if let Some(imu) = &self.tracking.inputs.imu
            && imu.t == t
        {
            let faulty = matches!(outcome.fate, Fate::Frozen | Fate::Saturated);
            let subject = Subject::source(imu.source);
            self.watch.set(t, Condition::InertialFault, subject, faulty);
        }
        let refusing = self.refusals.is_some_and(|r| r.last(t, REFUSING_S));
        self.watch
            .set(t, Condition::Refusing, Subject::default(), refusing);
        self.tracking.hypotheses.forget_old_doubts(t);
        if outcome.update.is_some() {
            self.watch_groups(t);
        }
    }

    /// Compares the estimate with those that leave one group out.
    fn watch_groups(&mut self, t: Timestamp) {
        let Some(best) = self.tracking.hypotheses.single_mut() else {
            return;
        };
        let mut sources = ArrayVec::<(u16, bool), MAX_SOURCES>::new();
        best.split().1.subsets.compare(t, |group, holds| {
            match sources.iter_mut().find(|(s, _)| *s == group.source) {
                Some((_, any)) => *any |= holds,
                None => sources.extend(Some((group.source, holds))),
            }
        });
        for (source, holds) in sources {
            let subject = Subject::source(source);
            self.watch.set(t, Condition::Contradiction, subject, holds);
        }
    }

    /// The states of the world that the protection level covers, the best estimate's first, as of the
    /// last update.
    pub(super) fn cases(&self, setup: &Setup) -> ArrayVec<Case, MOST_CASES> {
        let mut cases = ArrayVec::<Case, MOST_CASES>::new();
        let hypotheses = &self.tracking.hypotheses;
        let Some(best) = hypotheses.best() else {
            return cases;
        };
        let filter = &best.filter;
        let probability = setup.protection.fault_probability;
        let p = filter.settled_covariance(Block::Position);
        let (share, others) = hypotheses.others();
        cases.push(Case::new(share, [0.0; 2], &p));
        let groups = filter.journal().subsets.cases(probability);
        let doubted =
            (hypotheses.doubter.iter()).map(|d| Case::apart(probability, filter, &d.filter));
        cases.extend(others.chain(groups).chain(doubted).take(MOST_CASES - 1));
        cases
    }
}
