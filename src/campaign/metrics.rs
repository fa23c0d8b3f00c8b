//! What is measured of one run beside its twin.

use std::collections::{BTreeMap, BTreeSet};

use wayfix_sensors::Name;

use super::case::Case;
use super::trace::{EPOCH_S, Epoch, Trace};
use crate::engine::{Condition, Fate, Mode, ResetCause};

/// Rayleigh's 99.9 % quantile: an error beyond so many sigmas was not expected.
const CONFIDENT_SIGMAS: f64 = 3.7;
/// Errors below are no matter of safety \[m\].
const HARMLESS_M: f64 = 0.5;
/// A run has recovered where its error stays below three times the twin's p95, or this \[m\].
const RECOVERED_M: f64 = 0.3;
/// Findings may come so much before a fault's nominal begin: stamps and delays \[s\].
const EARLY_S: f64 = 0.5;

/// What was reported: a condition, and the source or target that it is about.
pub(super) type Subject = (Condition, Option<Name>);

/// Measured of one run.
#[derive(Clone, Debug, Default)]
pub struct RunMetrics {
    /// Horizontal errors since the fault began \[m\].
    pub errors_m: Vec<f64>,
    /// The same of the twin \[m\].
    pub twin_errors_m: Vec<f64>,
    /// Height errors since then, where the height is free \[m\].
    pub up_errors_m: Vec<f64>,
    /// Sum of NEES a component over epochs that were judged, and their number.
    pub nees: (f64, usize),
    /// From the fault's end (its begin, where it stays) until the error stays small \[s\]; infinite
    /// where it never does.
    pub recovered_s: f64,
    /// Largest step between two looks beyond what velocity explains \[m\].
    pub jump_m: f64,
    /// The largest in sigmas of the look before.
    pub jump_sigmas: f64,
    /// Largest sigma over that of the twin at the same time, during the fault.
    pub sigma_growth: f64,
    /// Longest stretch of a wrong position that was neither in the covariance, nor in the mode, nor
    /// in the health \[s\].
    pub confident_wrong_s: f64,
    /// Epochs whose error exceeds the protection level, horizontally and vertically.
    pub exceeded: [usize; 2],
    /// Horizontal protection levels \[m\].
    pub protection_m: Vec<f64>,
    /// First estimate \[s\].
    pub started_s: f64,
    /// Conditions told since the fault began.
    pub told: BTreeSet<Subject>,
    /// Conditions that the twin told without need.
    pub twin_told: BTreeSet<Subject>,
    /// Jumps told since the fault began, by cause.
    pub resets: BTreeMap<&'static str, u64>,
    /// Fates since the fault began, by source.
    pub fates: BTreeMap<Name, BTreeMap<Fate, u64>>,
    /// Sum of NIS and degrees of freedom by source, of what was used in the whole run.
    pub nis: BTreeMap<Name, (f64, usize)>,
    /// A number that is not finite was given out.
    pub is_broken: bool,
}

impl RunMetrics {
    pub(super) fn new(case: &Case, trace: &Trace, twin: &Trace) -> Self {
        let from_s = case.counts_from_s();
        let judged: Vec<&Epoch> = judged(case, trace, from_s).collect();
        let mut metrics = Self {
            errors_m: judged.iter().map(|e| e.horizontal_m).collect(),
            twin_errors_m: sound(case, twin, from_s).map(|e| e.horizontal_m).collect(),
            nees: (judged.iter().map(|e| e.nees).sum(), judged.len()),
            protection_m: judged.iter().map(|e| e.protection_m[0]).collect(),
            started_s: trace.epochs.first().map_or(f64::INFINITY, |e| e.t_s),
            told: told(trace, case),
            twin_told: told(twin, case),
            nis: trace.nis.clone(),
            ..Self::default()
        };
        if trace.is_height_free {
            metrics.up_errors_m = judged.iter().map(|e| e.up_m.abs()).collect();
        }
        metrics.recovered_s = recovered_s(case, trace, twin);
        metrics.jumps(case, trace);
        metrics.sigma_growth = sigma_growth(case, trace, twin);
        metrics.confident_wrong_s = confident_wrong_s(&judged, trace.is_height_free);
        metrics.exceeded = [
            count(&judged, |e| e.horizontal_m > e.protection_m[0]),
            count(&judged, |e| {
                trace.is_height_free && e.up_m.abs() > e.protection_m[1]
            }),
        ];
        metrics.is_broken = judged.iter().any(|e| {
            let numbers = [e.horizontal_m, e.up_m, e.sigma_m, e.sigma_up_m, e.nees];
            numbers.iter().any(|x| !x.is_finite())
        });
        for reset in trace.resets.iter().filter(|r| r.t.seconds() >= from_s) {
            *metrics.resets.entry(cause(reset.cause)).or_default() += 1;
        }
        for (source, fates) in &trace.fates {
            let of_source = metrics.fates.entry(*source).or_default();
            for (_, fate) in fates.iter().filter(|(t_s, _)| *t_s >= from_s) {
                *of_source.entry(*fate).or_default() += 1;
            }
        }
        metrics
    }

    fn jumps(&mut self, case: &Case, trace: &Trace) {
        let from_s = case.counts_from_s();
        for pair in trace.epochs.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let is_pair = case.is_judged(before.t_s)
                && before.t_s >= from_s
                && case.is_judged(after.t_s)
                && after.t_s - before.t_s < 1.5 * EPOCH_S;
            if is_pair {
                let expected = (before.v_n + after.v_n) * (0.5 * EPOCH_S);
                let jump_m = (after.p_n - before.p_n - expected).xy().norm();
                self.jump_m = self.jump_m.max(jump_m);
                self.jump_sigmas = self.jump_sigmas.max(jump_m / before.sigma_m);
            }
        }
    }
}

fn judged<'a>(case: &'a Case, trace: &'a Trace, from_s: f64) -> impl Iterator<Item = &'a Epoch> {
    trace
        .epochs
        .iter()
        .filter(move |e| e.t_s >= from_s && case.is_judged(e.t_s))
}

/// Epochs of the twin that are to be compared with. A vehicle that is carried off has no twin that is
/// not; it is compared with itself before.
fn sound<'a>(case: &'a Case, twin: &'a Trace, from_s: f64) -> impl Iterator<Item = &'a Epoch> {
    let until_s = match (case.unjudged, case.fault) {
        (Some(_), Some(fault)) => fault.from_s,
        _ => f64::INFINITY,
    };
    let from_s = if until_s.is_finite() {
        case.from_s
    } else {
        from_s
    };
    judged(case, twin, from_s).filter(move |e| e.t_s < until_s)
}

fn count(epochs: &[&Epoch], is_so: impl Fn(&Epoch) -> bool) -> usize {
    epochs.iter().filter(|e| is_so(e)).count()
}

fn told(trace: &Trace, case: &Case) -> BTreeSet<Subject> {
    let from_s = case.fault.map_or(case.from_s, |fault| fault.from_s) - EARLY_S;
    let began = trace.findings.iter().filter(|f| f.began);
    began
        .filter(|f| f.t.seconds() >= from_s)
        .map(|f| (f.condition, f.target.or(f.source)))
        .collect()
}

pub(super) fn cause(cause: ResetCause) -> &'static str {
    match cause {
        ResetCause::Start => "start",
        ResetCause::Collapse => "collapse",
        ResetCause::Fixpoint => "fixpoint",
        ResetCause::Correction => "correction",
        ResetCause::Disproved => "disproved",
        ResetCause::Relocalised => "relocalised",
    }
}

/// See [`RunMetrics::recovered_s`].
fn recovered_s(case: &Case, trace: &Trace, twin: &Trace) -> f64 {
    let Some(fault) = case.fault else { return 0.0 };
    let begin_s = if fault.to_s.is_finite() {
        fault.to_s
    } else {
        fault.from_s
    };
    let mut errors: Vec<f64> = sound(case, twin, case.from_s)
        .map(|e| e.horizontal_m)
        .collect();
    errors.sort_by(f64::total_cmp);
    let limit_m = RECOVERED_M.max(3.0 * percentile(&errors, 0.95));
    let after = judged(case, trace, begin_s);
    let last_bad = after.filter(|e| is_beyond(e.horizontal_m, limit_m)).last();
    let last = trace.epochs.last();
    match (last_bad, last) {
        (None, _) => 0.0,
        (Some(bad), Some(last)) if bad.t_s + EPOCH_S < last.t_s => bad.t_s + EPOCH_S - begin_s,
        _ => f64::INFINITY,
    }
}

/// See [`RunMetrics::sigma_growth`].
fn sigma_growth(case: &Case, trace: &Trace, twin: &Trace) -> f64 {
    let Some(fault) = case.fault else { return 1.0 };
    let mut of_twin = twin.epochs.iter().peekable();
    let mut growth: f64 = 0.0;
    for epoch in judged(case, trace, fault.from_s).filter(|e| e.t_s < fault.to_s) {
        while of_twin
            .next_if(|e| e.t_s < epoch.t_s - 0.5 * EPOCH_S)
            .is_some()
        {}
        if let Some(same) = of_twin.peek() {
            growth = growth.max(epoch.sigma_m / same.sigma_m);
        }
    }
    growth
}

/// See [`RunMetrics::confident_wrong_s`].
fn confident_wrong_s(epochs: &[&Epoch], is_height_free: bool) -> f64 {
    let is_wrong = |e: &Epoch| {
        let beyond = |error_m: f64, sigma_m: f64| {
            is_beyond(error_m, HARMLESS_M.max(CONFIDENT_SIGMAS * sigma_m))
        };
        let is_off = beyond(e.horizontal_m, e.sigma_m)
            || is_height_free && beyond(e.up_m.abs(), e.sigma_up_m);
        is_off && e.mode == Mode::Tracking && e.is_healthy
    };
    let (mut longest, mut now) = (0_u32, 0_u32);
    for epoch in epochs {
        now = if is_wrong(epoch) { now + 1 } else { 0 };
        longest = longest.max(now);
    }
    f64::from(longest) * EPOCH_S
}

/// What is not a number is as wrong as can be.
fn is_beyond(error_m: f64, limit_m: f64) -> bool {
    error_m.is_nan() || limit_m.is_nan() || error_m > limit_m
}

/// Of sorted values; zero without any.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}
