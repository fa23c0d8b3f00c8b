//! Why: what became of the measurements about a moment, and what moved the estimate then, in words.

mod words;

use std::collections::BTreeMap;

use serde::Serialize;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Kind, Name};

use crate::engine::{Estimate, Fate, Finding, Report, Reset};
use crate::replay::Sink;

pub use words::told;

/// Most measurements that are explained one by one.
const MOST: usize = 200;

/// What is asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The moment.
    pub at: Timestamp,
    /// So much before and after it belongs to it \[s\].
    pub around_s: f64,
    /// Only this source's measurements are explained one by one.
    pub source: Option<String>,
}

impl Question {
    fn covers(&self, t: Timestamp) -> bool {
        t.seconds_since(self.at).abs() <= self.around_s
    }
}

/// What a source did about that moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Others {
    /// Corrected or carried the state.
    pub used: u64,
    /// Refused, by verdict.
    pub refused: BTreeMap<String, u64>,
    /// Mean NIS a degree of freedom of what was used.
    pub nis: Option<f64>,
    #[serde(skip)]
    sum: (f64, f64),
}

/// Everything about that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// The estimate last before the moment, and the first after it.
    pub before: Option<Estimate>,
    /// See `before`.
    pub after: Option<Estimate>,
    /// The measurements of the source that was asked about, or all that were refused.
    pub measurements: Vec<Report>,
    /// So many more are not listed.
    pub more: u64,
    /// By source and kind.
    pub sources: BTreeMap<(Name, Kind), Others>,
    /// Jumps.
    pub resets: Vec<Reset>,
    /// Conditions that began or ended.
    pub findings: Vec<Finding>,
    /// First and last time that the log told of.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl Answer {
    /// To a question, before anything was replayed.
    #[must_use]
    pub fn to(question: Question) -> Self {
        Self {
            question,
            before: None,
            after: None,
            measurements: Vec::new(),
            more: 0,
            sources: BTreeMap::new(),
            resets: Vec::new(),
            findings: Vec::new(),
            span: None,
        }
    }

    /// Whether the log has gone past the moment.
    #[must_use]
    pub fn is_complete(&self, t: Timestamp) -> bool {
        t.seconds_since(self.question.at) > self.question.around_s + 1.0
    }
}

impl Sink for Answer {
    fn estimate(&mut self, estimate: &Estimate) {
        if estimate.t <= self.question.at {
            self.before = Some(*estimate);
        } else if self.after.is_none() {
            self.after = Some(*estimate);
        }
    }

    fn report(&mut self, report: &Report) {
        let span = self.span.get_or_insert((report.t, report.t));
        *span = (span.0.min(report.t), span.1.max(report.t));
        if !self.question.covers(report.t) {
            return;
        }
        let others = self
            .sources
            .entry((report.source, report.kind))
            .or_default();
        if report.fate.is_used() {
            others.used += 1;
        } else {
            let verdict = crate::output::reports::fate_name(report.fate);
            *others.refused.entry(verdict.to_owned()).or_default() += 1;
        }
        let used = report.update.as_ref().filter(|_| report.fate.is_used());
        if let Some(update) = used.filter(|u| u.nis.is_finite()) {
            others.sum.0 += update.nis;
            others.sum.1 += update.dimension as f64;
            others.nis = Some(others.sum.0 / others.sum.1);
        }
        let is_asked = match &self.question.source {
            Some(name) => report.source.as_str() == name,
            None => !report.fate.is_used() && !matches!(report.fate, Fate::Thinned),
        };
        if is_asked && self.measurements.len() < MOST {
            self.measurements.push(*report);
        } else if is_asked {
            self.more += 1;
        }
    }

    fn reset(&mut self, reset: &Reset) {
        if self.question.covers(reset.t) {
            self.resets.push(*reset);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        if self.question.covers(finding.t) {
            self.findings.push(*finding);
        }
    }
}
