//! What a whole replay did, in numbers.

use std::collections::BTreeMap;

use wayfix_filter::Timestamp;
use wayfix_sensors::{Kind, Name};

use crate::engine::{Condition, Estimate, Fate, Finding, Learned, Report, Reset, ResetCause};
use crate::evaluate::{Errors, GatePower};

/// Most jumps, and most findings, that a summary keeps.
const MAX_RESETS: usize = 1000;

/// What a source did, by kind of reading.
#[derive(Clone, Debug, Default)]
pub struct SourceSummary {
    /// Samples seen.
    pub seen: u64,
    /// Samples a fate.
    pub fates: BTreeMap<Fate, u64>,
    /// Sum of NIS over its degrees of freedom, of what reached the innovation and was used.
    pub nis_sum: f64,
    /// Degrees of freedom of that sum.
    pub nis_dimensions: u64,
    /// What its gate would catch.
    pub gate: GatePower,
}

impl SourceSummary {
    /// Samples with one of these fates.
    #[must_use]
    pub fn count(&self, fates: &[Fate]) -> u64 {
        fates.iter().filter_map(|f| self.fates.get(f)).sum()
    }

    /// Mean NIS a degree of freedom; 1 where sigmas are right.
    #[must_use]
    pub fn mean_nis(&self) -> Option<f64> {
        (self.nis_dimensions > 0).then(|| self.nis_sum / self.nis_dimensions as f64)
    }

    fn add(&mut self, report: &Report) {
        self.seen += 1;
        *self.fates.entry(report.fate).or_default() += 1;
        if let Some(update) = &report.update {
            self.gate.add(report.t, report.kind, update);
        }
        if let Some(update) = report
            .update
            .filter(|u| u.verdict.is_used() && u.nis.is_finite())
        {
            self.nis_sum += update.nis;
            self.nis_dimensions += update.dimension as u64;
        }
    }
}

/// What a whole replay did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// By source and kind.
    pub sources: BTreeMap<(Name, Kind), SourceSummary>,
    /// Errors against truth.
    pub errors: Errors,
    /// What smoothing made of it, where that was asked for.
    pub smoothed: Option<Smoothed>,
    /// The first thousand jumps.
    pub resets: Vec<Reset>,
    /// Number of all jumps, by cause, in the order of their first.
    pub reset_counts: Vec<(ResetCause, u64)>,
    /// The first thousand conditions that began or ended.
    pub findings: Vec<Finding>,
    /// How often each condition began, in the order of their first.
    pub finding_counts: Vec<(Condition, u64)>,
    /// First and last sample whose time was believed.
    pub span: Option<(Timestamp, Timestamp)>,
    /// First estimate.
    pub started: Option<Timestamp>,
    /// Last estimate.
    pub last: Option<Estimate>,
    /// What was learned by the end.
    pub parameters: Vec<Learned>,
    /// Samples seen.
    pub samples: u64,
    /// Distance by the estimate's velocity [m].
    pub distance_m: f64,
}

/// The run as all measurements show it.
#[derive(Clone, Debug, Default)]
pub struct Smoothed {
    /// States that were told.
    pub states: u64,
    /// Memory that it took \[bytes\].
    pub bytes: usize,
    /// Errors against truth.
    pub errors: Errors,
}

impl Summary {
    pub(super) fn add_report(&mut self, report: &Report, is_timely: bool) {
        self.samples += 1;
        let key = (report.source, report.kind);
        self.sources.entry(key).or_default().add(report);
        if is_timely {
            let span = self.span.get_or_insert((report.t, report.t));
            *span = (span.0.min(report.t), span.1.max(report.t));
        }
    }

    pub(super) fn add_reset(&mut self, reset: &Reset) {
        count(&mut self.reset_counts, reset.cause);
        if self.resets.len() < MAX_RESETS {
            self.resets.push(*reset);
        }
    }

    pub(super) fn add_finding(&mut self, finding: &Finding) {
        if finding.began {
            count(&mut self.finding_counts, finding.condition);
        }
        if self.findings.len() < MAX_RESETS {
            self.findings.push(*finding);
        }
    }

    pub(super) fn add_estimate(&mut self, estimate: &Estimate) {
        if let Some(last) = self.last {
            let dt_s = estimate.t.seconds_since(last.t).max(0.0);
            self.distance_m += 0.5 * (estimate.v_n.norm() + last.v_n.norm()) * dt_s;
        }
        self.started.get_or_insert(estimate.t);
        self.last = Some(*estimate);
    }

    /// Length of the log [s].
    #[must_use]
    pub fn span_s(&self) -> f64 {
        self.span
            .map_or(0.0, |(first, last)| last.seconds_since(first))
    }
}

fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, what: T) {
    match counts.iter_mut().find(|(known, _)| *known == what) {
        Some((_, count)) => *count += 1,
        None => counts.push((what, 1)),
    }
}
