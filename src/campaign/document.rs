//! A case's outcome for machines and tables.

use std::collections::BTreeMap;

use serde::Serialize;
use wayfix_sensors::Name;

use super::criterion::Criterion;
use super::metrics::{RunMetrics, Subject, percentile};
use super::outcome::CaseOutcome;
use crate::engine::Fate;

/// Percentiles of an error \[m\].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Errors {
    /// Median \[m\].
    pub p50_m: f64,
    /// 95 % \[m\].
    pub p95_m: f64,
    /// 99 % \[m\].
    pub p99_m: f64,
    /// Largest \[m\].
    pub max_m: f64,
}

impl Errors {
    fn of(sorted: &[f64]) -> Self {
        Self {
            p50_m: percentile(sorted, 0.5),
            p95_m: percentile(sorted, 0.95),
            p99_m: percentile(sorted, 0.99),
            max_m: sorted.last().copied().unwrap_or_default(),
        }
    }
}

/// A condition that was told.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Which.
    pub condition: &'static str,
    /// Source or target that it is about.
    pub of: Option<Name>,
    /// Number of runs in which it was told.
    pub runs: usize,
}

/// A criterion and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct CriterionDocument {
    /// What is asked.
    pub what: String,
    /// What was found.
    pub found: String,
    /// Whether that is enough.
    pub is_met: bool,
    /// Whether it is known not to be.
    pub is_known: bool,
}

/// Everything about a case. Numbers that are infinite (never recovered) are null in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct CaseDocument {
    /// The case.
    pub case: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// Its scenario.
    pub scenario: &'static str,
    /// Number of runs.
    pub runs: usize,
    /// Horizontal error since the fault began.
    pub horizontal: Errors,
    /// The same of the twins.
    pub twin_horizontal: Errors,
    /// Height error since then, where the height is free.
    pub vertical: Option<Errors>,
    /// RMSE over that of the twins.
    pub error_ratio: f64,
    /// Mean NEES a component.
    pub nees: f64,
    /// Mean NIS a component, by source.
    pub nis: BTreeMap<Name, f64>,
    /// Worst time to recover \[s\].
    pub recovered_s: f64,
    /// Largest jump \[m\].
    pub jump_m: f64,
    /// Largest jump in sigmas.
    pub jump_sigmas: f64,
    /// Growth of sigma during the fault, in the run where it is least.
    pub sigma_growth: f64,
    /// Longest stretch of a wrong position that nothing told \[s\].
    pub confidently_wrong_s: f64,
    /// Share of epochs above the protection level, horizontally and vertically.
    pub exceeded: [f64; 2],
    /// Median protection level over the error's p95.
    pub protection_ratio: f64,
    /// First estimate, in the slowest run \[s\].
    pub started_s: f64,
    /// Conditions told since the fault began.
    pub told: Vec<Told>,
    /// Conditions that the twins told without need.
    pub twin_told: Vec<Told>,
    /// Jumps told since the fault began, by cause.
    pub resets: BTreeMap<&'static str, u64>,
    /// Fates since the fault began, by source.
    pub fates: BTreeMap<Name, BTreeMap<Fate, u64>>,
    /// Criteria.
    pub criteria: Vec<CriterionDocument>,
    /// All of them are met.
    pub is_met: bool,
    /// Whether all are met but those that are known to be missed.
    pub is_as_known: bool,
}

/// Asked of every case.
const ALWAYS: [Criterion; 2] = [Criterion::Sound, Criterion::ConfidentlyWrong(5.0)];

impl CaseOutcome {
    /// As a document, with its criteria judged.
    #[must_use]
    pub fn document(&self) -> CaseDocument {
        let criteria: Vec<CriterionDocument> = ALWAYS
            .iter()
            .chain(self.case.criteria)
            .map(|criterion| CriterionDocument {
                is_known: self.case.missed.contains(criterion),
                ..criterion.judge(self)
            })
            .collect();
        let up = self.sorted(|r| &r.up_errors_m);
        CaseDocument {
            case: self.case.name,
            about: self.case.about,
            scenario: self.case.scenario,
            runs: self.runs.len(),
            horizontal: Errors::of(&self.sorted(|r| &r.errors_m)),
            twin_horizontal: Errors::of(&self.sorted(|r| &r.twin_errors_m)),
            vertical: (!up.is_empty()).then(|| Errors::of(&up)),
            error_ratio: self.error_ratio(),
            nees: self.nees(),
            nis: self.nis(),
            recovered_s: self.largest(|r| r.recovered_s),
            jump_m: self.largest(|r| r.jump_m),
            jump_sigmas: self.largest(|r| r.jump_sigmas),
            sigma_growth: self.smallest(|r| r.sigma_growth),
            confidently_wrong_s: self.largest(|r| r.confident_wrong_s),
            exceeded: self.exceeded(),
            protection_ratio: self.protection_ratio(),
            started_s: self.largest(|r| r.started_s),
            told: self.told_rows(|r| &r.told),
            twin_told: self.told_rows(|r| &r.twin_told),
            resets: self.resets(),
            fates: self.fates(),
            is_met: criteria.iter().all(|c| c.is_met),
            is_as_known: criteria.iter().all(|c| c.is_met || c.is_known),
            criteria,
        }
    }

    fn told_rows(
        &self,
        of: impl Fn(&RunMetrics) -> &std::collections::BTreeSet<Subject>,
    ) -> Vec<Told> {
        let row = |((condition, of), runs): (Subject, usize)| Told {
            condition: condition.name(),
            of,
            runs,
        };
        self.told(of).into_iter().map(row).collect()
    }
}
