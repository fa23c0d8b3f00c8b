//! Watching over the estimate: which conditions hold after a sample.

use arrayvec::ArrayVec;
use wayfix_filter::{Block, Timestamp};

use super::core::{Core, Filter, Outcome};
use super::health::{Condition, Subject};
use super::protection::{Case, ProtectionLevel, level};
use super::report::Fate;
use super::setup::{MAX_SOURCES, Setup};

/// Most states of the world that a protection level covers.
const MOST_CASES: usize = 48;
/// Refusals are told after so long \[s\].
const REFUSING_S: f64 = 1.0;

impl Core {
    /// Notes the conditions that begin or end with a sample.
    pub(super) fn watch_over(&mut self, setup: &Setup, t: Timestamp, outcome: &Outcome) {
        if let Some(imu) = &self.inputs.imu
            && imu.t == t
        {
            let faulty = matches!(outcome.fate, Fate::Frozen | Fate::Saturated);
            let subject = Subject::source(imu.source);
            self.watch.set(t, Condition::InertialFault, subject, faulty);
        }
        let refusing = self.refusals.is_some_and(|r| r.last(t, REFUSING_S));
        self.watch
            .set(t, Condition::Refusing, Subject::default(), refusing);
        self.hypotheses.forget_old_doubts(t);
        if outcome.update.is_some() {
            self.watch_groups(t);
        }
        self.watch_alert(setup, t);
    }

    /// Compares the estimate with those that leave one group out.
    fn watch_groups(&mut self, t: Timestamp) {
        let mut sources = ArrayVec::<(u16, bool), MAX_SOURCES>::new();
        self.hypotheses.compare(t, |group, holds| {
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

    fn watch_alert(&mut self, setup: &Setup, t: Timestamp) {
        let protection = &setup.protection;
        if protection.horizontal_alert_m.is_none() && protection.vertical_alert_m.is_none() {
            return;
        }
        let Some(best) = self.hypotheses.best() else {
            return;
        };
        let level = self.protection(setup, &best.filter);
        let above = |level_m: f64, alert_m: Option<f64>| alert_m.is_some_and(|a| level_m > a);
        let holds = above(level.horizontal_m, protection.horizontal_alert_m)
            || above(level.vertical_m, protection.vertical_alert_m);
        self.watch
            .set(t, Condition::AlertLimit, Subject::default(), holds);
    }

    /// The protection level of the estimate that `filter` gives.
    pub(super) fn protection(&self, setup: &Setup, filter: &Filter) -> ProtectionLevel {
        let p = filter.covariance(Block::Position, Block::Position);
        let probability = setup.protection.fault_probability;
        let mut cases = ArrayVec::<Case, MOST_CASES>::new();
        let beside = &self.hypotheses;
        let (best, others) = beside.others();
        cases.push(Case::new(best, [0.0; 2], &p));
        let groups = beside.watchers.cases(filter, probability);
        let doubted = (beside.doubter.iter()).map(|d| Case::apart(probability, filter, &d.filter));
        cases.extend(others.chain(groups).chain(doubted).take(MOST_CASES - 1));
        level(&cases, setup.protection.exceedance)
    }
}
