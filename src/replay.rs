//! A recorded log through the engine, record by record, in flat memory.

use std::collections::{BTreeMap, VecDeque};

use wayfix_filter::Timestamp;
use wayfix_sensors::{Kind, Name};

use crate::config::{Site, Vehicle};
use crate::engine::{Engine, Estimate, Fate, Outputs, Report, Reset, SetupError};
use crate::evaluate::{Comparison, Errors};
use crate::log::{Record, Truth};

/// Receives what a replay produces, in order.
pub trait Sink {
    /// The estimate after a sample, at most one a time step of the replay's `rate_hz`.
    fn estimate(&mut self, _: &Estimate) {}
    /// The fate of a sample.
    fn report(&mut self, _: &Report) {}
    /// A jump.
    fn reset(&mut self, _: &Reset) {}
    /// The estimate against truth.
    fn comparison(&mut self, _: &Comparison) {}
}

/// Nothing is kept.
impl Sink for () {}

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
}

/// What a whole replay did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// By source and kind.
    pub sources: BTreeMap<(Name, Kind), SourceSummary>,
    /// Errors against truth.
    pub errors: Errors,
    /// Jumps.
    pub resets: Vec<Reset>,
    /// First and last sample.
    pub span: Option<(Timestamp, Timestamp)>,
    /// First estimate.
    pub started: Option<Timestamp>,
    /// Last estimate.
    pub last: Option<Estimate>,
    /// Samples seen.
    pub samples: u64,
    /// Distance by the estimate's velocity \[m\].
    pub distance_m: f64,
}

/// Most jumps that a summary keeps.
const MAX_RESETS: usize = 1000;

/// A replay under way.
#[derive(Debug)]
pub struct Replay {
    engine: Engine,
    outputs: Outputs,
    summary: Summary,
    /// Truth that waits until the log has reached its time.
    truth: VecDeque<Truth>,
    newest: Option<Timestamp>,
    period_s: f64,
    last_output: Option<Timestamp>,
}

impl Replay {
    /// A replay on one site and vehicle; estimates go out at most `rate_hz` times a second.
    ///
    /// # Errors
    /// Where the two files can't work together.
    pub fn new(site: &Site, vehicle: &Vehicle, rate_hz: f64) -> Result<Self, SetupError> {
        Ok(Self {
            engine: Engine::new(site, vehicle)?,
            outputs: Outputs::default(),
            summary: Summary::default(),
            truth: VecDeque::new(),
            newest: None,
            period_s: 1.0 / rate_hz,
            last_output: None,
        })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Takes the next record in order of arrival. Truth is held until the log has reached its time,
    /// and never reaches the engine.
    pub fn feed(&mut self, record: &Record, sink: &mut impl Sink) {
        match record {
            Record::Truth(truth) => {
                let place = self.truth.partition_point(|held| held.t <= truth.t);
                self.truth.insert(place, *truth);
            }
            Record::Sample(sample) => {
                while self.truth.front().is_some_and(|held| held.t < sample.t) {
                    self.compare(sink);
                }
                self.engine.step(sample, &mut self.outputs);
                self.newest = self.newest.max(Some(sample.t));
                self.book(sink);
            }
        }
    }

    /// Compares what is left of the truth and gives the summary.
    pub fn finish(mut self, sink: &mut impl Sink) -> Summary {
        while !self.truth.is_empty() {
            self.compare(sink);
        }
        self.summary
    }

    fn compare(&mut self, sink: &mut impl Sink) {
        let Some(truth) = self.truth.pop_front() else {
            return;
        };
        match self.engine.estimate_at(truth.t) {
            Some(estimate) => {
                let comparison = Comparison::new(&truth, &estimate);
                self.summary.errors.add(&comparison);
                sink.comparison(&comparison);
            }
            None => self.summary.errors.before_start += 1,
        }
    }

    fn book(&mut self, sink: &mut impl Sink) {
        let summary = &mut self.summary;
        for report in &self.outputs.reports {
            summary.samples += 1;
            let source = summary
                .sources
                .entry((report.source, report.kind))
                .or_default();
            source.seen += 1;
            *source.fates.entry(report.fate).or_default() += 1;
            if let Some(update) = report
                .update
                .filter(|u| u.verdict.is_used() && u.nis.is_finite())
            {
                source.nis_sum += update.nis;
                source.nis_dimensions += update.dimension as u64;
            }
            let span = summary.span.get_or_insert((report.t, report.t));
            if !matches!(
                report.fate,
                Fate::TooLate | Fate::ClockJump | Fate::UnknownSource
            ) {
                *span = (span.0.min(report.t), span.1.max(report.t));
            }
            sink.report(report);
        }
        for reset in &self.outputs.resets {
            if summary.resets.len() < MAX_RESETS {
                summary.resets.push(*reset);
            }
            sink.reset(reset);
        }
        let now = self.newest.unwrap_or_default();
        // Half a millisecond of tolerance, so that a rate of the sensor's own is not halved by jitter.
        if self
            .last_output
            .is_some_and(|last| now.seconds_since(last) < self.period_s - 5e-4)
        {
            return;
        }
        if let Some(estimate) = self.engine.estimate() {
            if let Some(last) = summary.last {
                let dt_s = estimate.t.seconds_since(last.t).max(0.0);
                summary.distance_m += 0.5 * (estimate.v_n.norm() + last.v_n.norm()) * dt_s;
            }
            summary.started.get_or_insert(estimate.t);
            summary.last = Some(estimate);
            self.last_output = Some(now);
            sink.estimate(&estimate);
        }
    }
}
