//! A case over all its seeds.

use std::collections::{BTreeMap, BTreeSet};

use wayfix_sensors::Name;

use super::case::Case;
use super::metrics::{RunMetrics, Subject, percentile};
use super::trace::EPOCH_S;
use crate::engine::Fate;

/// Everything that was measured of a case, by seed.
#[derive(Clone, Debug)]
pub struct CaseOutcome {
    /// The case.
    pub case: &'static Case,
    /// Its runs, in the order of their seeds.
    pub runs: Vec<RunMetrics>,
}

impl CaseOutcome {
    /// Largest of a quantity over the runs.
    pub(super) fn largest(&self, of: impl Fn(&RunMetrics) -> f64) -> f64 {
        self.runs.iter().map(of).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Smallest of a quantity over the runs.
    pub(super) fn smallest(&self, of: impl Fn(&RunMetrics) -> f64) -> f64 {
        self.runs.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    /// Share of the runs of which something is true.
    pub(super) fn share(&self, is_so: impl Fn(&RunMetrics) -> bool) -> f64 {
        let count = self.runs.iter().filter(|run| is_so(run)).count();
        count as f64 / self.runs.len().max(1) as f64
    }

    /// Values of all runs together, sorted.
    pub(super) fn sorted(&self, of: impl Fn(&RunMetrics) -> &[f64]) -> Vec<f64> {
        let mut all: Vec<f64> = self.runs.iter().flat_map(of).copied().collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// Root mean square of the error since the fault began, and of the twins' \[m\].
    pub(super) fn rmse_m(&self) -> [f64; 2] {
        let rmse = |of: fn(&RunMetrics) -> &[f64]| {
            let all = self.sorted(of);
            (all.iter().map(|e| e * e).sum::<f64>() / all.len().max(1) as f64).sqrt()
        };
        [rmse(|r| &r.errors_m), rmse(|r| &r.twin_errors_m)]
    }

    /// The one over the other.
    #[must_use]
    pub fn error_ratio(&self) -> f64 {
        let [rmse_m, twin_m] = self.rmse_m();
        rmse_m / twin_m
    }

    /// Mean NEES a component.
    #[must_use]
    pub fn nees(&self) -> f64 {
        let sum: f64 = self.runs.iter().map(|r| r.nees.0).sum();
        let count: usize = self.runs.iter().map(|r| r.nees.1).sum();
        sum / count.max(1) as f64
    }

    /// Mean NIS a component, by source.
    #[must_use]
    pub fn nis(&self) -> BTreeMap<Name, f64> {
        let mut all: BTreeMap<Name, (f64, usize)> = BTreeMap::new();
        for (source, (sum, dimensions)) in self.runs.iter().flat_map(|r| &r.nis) {
            let of_source = all.entry(*source).or_default();
            of_source.0 += sum;
            of_source.1 += dimensions;
        }
        let mean =
            |(name, (sum, dimensions)): (Name, (f64, usize))| (name, sum / dimensions as f64);
        all.into_iter().map(mean).collect()
    }

    /// Time that was judged in all runs together \[s\].
    pub(super) fn judged_s(&self) -> f64 {
        let epochs: usize = self.runs.iter().map(|r| r.errors_m.len()).sum();
        epochs as f64 * EPOCH_S
    }

    /// Share of the epochs whose error exceeds the protection level, horizontally and vertically.
    #[must_use]
    pub fn exceeded(&self) -> [f64; 2] {
        let count: usize = self.runs.iter().map(|r| r.errors_m.len()).sum();
        [0, 1].map(|axis| {
            let above: usize = self.runs.iter().map(|r| r.exceeded[axis]).sum();
            above as f64 / count.max(1) as f64
        })
    }

    /// Median protection level over the error's p95.
    #[must_use]
    pub fn protection_ratio(&self) -> f64 {
        let level_m = percentile(&self.sorted(|r| &r.protection_m), 0.5);
        level_m / percentile(&self.sorted(|r| &r.errors_m), 0.95)
    }

    /// Number of runs in which each condition was told.
    pub(super) fn told(
        &self,
        of: impl Fn(&RunMetrics) -> &BTreeSet<Subject>,
    ) -> BTreeMap<Subject, usize> {
        let mut all = BTreeMap::new();
        for subject in self.runs.iter().flat_map(of) {
            *all.entry(*subject).or_default() += 1;
        }
        all
    }

    /// Jumps told since the fault began, by cause.
    pub(super) fn resets(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (cause, count) in self.runs.iter().flat_map(|r| &r.resets) {
            *all.entry(*cause).or_default() += count;
        }
        all
    }

    /// Fates since the fault began, by source.
    pub(super) fn fates(&self) -> BTreeMap<Name, BTreeMap<Fate, u64>> {
        let mut all: BTreeMap<Name, BTreeMap<Fate, u64>> = BTreeMap::new();
        for (source, fates) in self.runs.iter().flat_map(|r| &r.fates) {
            let of_source = all.entry(*source).or_default();
            for (fate, count) in fates {
                *of_source.entry(*fate).or_default() += count;
            }
        }
        all
    }
}
