//! A recorded log through the engine, record by record, in flat memory.

mod feed;
mod merge;
mod snapshot;
mod summary;
mod taken;

use std::collections::VecDeque;

use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

pub use feed::{Feed, Read};
pub use merge::merge;
pub use summary::{Smoothed, SourceSummary, Summary};
pub use taken::Taken;

use crate::config::{Site, Vehicle};
use crate::engine::{Engine, Estimate, Fate, Finding, Learned, Outputs, Report, Reset, SetupError};
use crate::evaluate::Comparison;
use crate::log::{Record, Truth};

/// Receives what a replay produces, in order.
pub trait Sink {
    /// What a source said, before the engine takes it, and when that arrived, where it is known.
    fn sample(&mut self, _: &Sample, _received: Option<Timestamp>) {}
    /// The estimate after a sample, at most one a time step of the replay's `rate_hz`.
    fn estimate(&mut self, _: &Estimate) {}
    /// The fate of a sample.
    fn report(&mut self, _: &Report) {}
    /// A jump.
    fn reset(&mut self, _: &Reset) {}
    /// A condition began or ended.
    fn finding(&mut self, _: &Finding) {}
    /// The estimate against truth.
    fn comparison(&mut self, _: &Comparison) {}
    /// At the end of a replay that smooths: a state as all measurements show it, in order of time.
    fn smoothed(&mut self, _: &Estimate) {}
    /// The smoothed state against truth.
    fn smoothed_comparison(&mut self, _: &Comparison) {}
    /// What is learned so far, once a second of the log.
    fn parameters(&mut self, _: Timestamp, _: &[Learned]) {}
}

/// Nothing is kept.
impl Sink for () {}

/// Two sinks, one after the other.
impl<A: Sink, B: Sink> Sink for (&mut A, &mut B) {
    fn sample(&mut self, sample: &Sample, received: Option<Timestamp>) {
        self.0.sample(sample, received);
        self.1.sample(sample, received);
    }

    fn estimate(&mut self, estimate: &Estimate) {
        self.0.estimate(estimate);
        self.1.estimate(estimate);
    }

    fn report(&mut self, report: &Report) {
        self.0.report(report);
        self.1.report(report);
    }

    fn reset(&mut self, reset: &Reset) {
        self.0.reset(reset);
        self.1.reset(reset);
    }

    fn finding(&mut self, finding: &Finding) {
        self.0.finding(finding);
        self.1.finding(finding);
    }

    fn comparison(&mut self, comparison: &Comparison) {
        self.0.comparison(comparison);
        self.1.comparison(comparison);
    }

    fn smoothed(&mut self, estimate: &Estimate) {
        self.0.smoothed(estimate);
        self.1.smoothed(estimate);
    }

    fn smoothed_comparison(&mut self, comparison: &Comparison) {
        self.0.smoothed_comparison(comparison);
        self.1.smoothed_comparison(comparison);
    }

    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        self.0.parameters(t, parameters);
        self.1.parameters(t, parameters);
    }
}

/// A sink where one is wanted.
impl<S: Sink> Sink for Option<S> {
    fn sample(&mut self, sample: &Sample, received: Option<Timestamp>) {
        self.iter_mut()
            .for_each(|sink| sink.sample(sample, received));
    }

    fn estimate(&mut self, estimate: &Estimate) {
        self.iter_mut().for_each(|sink| sink.estimate(estimate));
    }

    fn report(&mut self, report: &Report) {
        self.iter_mut().for_each(|sink| sink.report(report));
    }

    fn reset(&mut self, reset: &Reset) {
        self.iter_mut().for_each(|sink| sink.reset(reset));
    }

    fn finding(&mut self, finding: &Finding) {
        self.iter_mut().for_each(|sink| sink.finding(finding));
    }

    fn comparison(&mut self, comparison: &Comparison) {
        self.iter_mut().for_each(|sink| sink.comparison(comparison));
    }

    fn smoothed(&mut self, estimate: &Estimate) {
        self.iter_mut().for_each(|sink| sink.smoothed(estimate));
    }

    fn smoothed_comparison(&mut self, comparison: &Comparison) {
        self.iter_mut()
            .for_each(|sink| sink.smoothed_comparison(comparison));
    }

    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        self.iter_mut()
            .for_each(|sink| sink.parameters(t, parameters));
    }
}

/// Where the log jumps ahead by more than this, truth inside the hole is not compared \[s\].
const HOLE_S: f64 = 10.0;
/// Time between two looks at the parameters \[s\].
const PARAMETERS_S: f64 = 1.0;
/// Longest time between two smoothed states \[s\]: what lies between them is interpolated.
const SMOOTHED_S: f64 = 0.05;

/// A replay under way.
#[derive(Debug)]
pub struct Replay {
    engine: Engine,
    outputs: Outputs,
    summary: Summary,
    /// Truth that waits until the log has reached its time.
    truth: VecDeque<Truth>,
    /// Time of the newest sample whose time was believed.
    reached: Option<Timestamp>,
    period_s: f64,
    last_output: Option<Timestamp>,
    last_parameters: Option<Timestamp>,
    /// Time of the first sample whose time was believed.
    began: Option<Timestamp>,
    taken: Taken,
    /// Truth that is compared with the smoothed states too, where the replay smooths.
    smoothing: Option<Vec<Truth>>,
    /// What waits is left to a continuation.
    is_left: bool,
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
            reached: None,
            period_s: 1.0 / rate_hz,
            last_output: None,
            last_parameters: None,
            began: None,
            taken: Taken::default(),
            smoothing: None,
            is_left: false,
        })
    }

    /// From now on keeps what smoothing needs: at the end comes the run as all measurements show it.
    pub fn smooth(&mut self) {
        self.engine.keep_past(self.period_s.min(SMOOTHED_S));
        self.smoothing = Some(Vec::new());
    }

    /// The records that were fed so far.
    #[must_use]
    pub fn taken(&self) -> Taken {
        self.taken
    }

    /// How far the log has come since its first sample \[s\]; `None` before that.
    #[must_use]
    pub fn elapsed_s(&self) -> Option<f64> {
        Some(self.reached?.seconds_since(self.began?))
    }

    /// Leaves what waits for later samples to a continuation: truth that is not compared yet, and samples
    /// that are not final yet.
    pub fn leave_rest(&mut self) {
        self.truth.clear();
        self.is_left = true;
    }

    /// From now on, records are of another log, which is counted from its beginning.
    pub fn begin_log(&mut self) {
        self.taken = Taken::default();
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Takes the next record in order of arrival. Truth is held until the log has reached its time,
    /// and never reaches the engine; it has to come before the samples that follow it in time, as
    /// [`merge`] sees to.
    ///
    /// Returns what a sample did to the estimate now.
    pub fn feed(&mut self, record: &Record, sink: &mut impl Sink) -> Option<Fate> {
        self.taken.add(record);
        match record {
            Record::Truth(truth) => {
                let place = self.truth.partition_point(|held| held.t <= truth.t);
                self.truth.insert(place, *truth);
                None
            }
            Record::Sample(sample) => {
                // A wild stamp must not spend the truth of an hour: that waits for company.
                let hole = self.reached.map(|t| t.shifted(HOLE_S));
                while let Some(held) = self.truth.front()
                    && held.t < sample.t
                    && hole.is_none_or(|hole| held.t <= hole)
                {
                    self.compare(sink);
                }
                sink.sample(sample, None);
                self.engine.step(sample, &mut self.outputs);
                self.book(sink);
                self.outputs.fate
            }
        }
    }

    /// Nothing has come for a while: what waits for late samples becomes final.
    pub fn idle(&mut self, sink: &mut impl Sink) {
        self.engine.finish(&mut self.outputs);
        self.book(sink);
    }

    /// Compares what is left of the truth and gives the summary.
    pub fn finish(mut self, sink: &mut impl Sink) -> Summary {
        if !self.is_left {
            self.idle(sink);
        }
        let end = self.reached.map(|t| t.shifted(HOLE_S));
        while let Some(held) = self.truth.front() {
            if end.is_some_and(|end| held.t > end) {
                self.summary.errors.unmatched += self.truth.len() as u64;
                break;
            }
            self.compare(sink);
        }
        self.summary.smoothed = self.give_smoothed(sink);
        self.summary.parameters = self.engine.parameters();
        if let Some(t) = self.reached {
            sink.parameters(t, &self.summary.parameters);
        }
        self.summary
    }

    fn compare(&mut self, sink: &mut impl Sink) {
        let Some(truth) = self.truth.pop_front() else {
            return;
        };
        if let Some(kept) = &mut self.smoothing {
            kept.push(truth);
        }
        match self.engine.estimate_at(truth.t) {
            None => self.summary.errors.before_start += 1,
            // The engine does not look back: this truth came late, or lies in a hole of the log.
            Some(estimate) if estimate.t > truth.t => self.summary.errors.unmatched += 1,
            Some(estimate) => {
                let comparison = Comparison::new(&truth, &estimate);
                self.summary.errors.add(&comparison);
                sink.comparison(&comparison);
            }
        }
    }

    fn give_smoothed(&mut self, sink: &mut impl Sink) -> Option<Smoothed> {
        let truth = self.smoothing.take()?;
        let past = self.engine.past();
        let mut smoothed = Smoothed {
            bytes: self.engine.past_bytes(),
            ..Smoothed::default()
        };
        for estimate in past.estimates() {
            smoothed.states += 1;
            sink.smoothed(&estimate);
        }
        let began = past.estimates().next().map(|first| first.t);
        for truth in truth {
            match past.at(truth.t) {
                Some(estimate) => {
                    let comparison = Comparison::new(&truth, &estimate);
                    smoothed.errors.add(&comparison);
                    sink.smoothed_comparison(&comparison);
                }
                None if began.is_none_or(|began| truth.t < began) => {
                    smoothed.errors.before_start += 1;
                }
                None => smoothed.errors.unmatched += 1,
            }
        }
        Some(smoothed)
    }

    fn book(&mut self, sink: &mut impl Sink) {
        for report in &self.outputs.reports {
            self.summary.add_report(report, report.fate.is_timely());
            sink.report(report);
        }
        if let Some(now) = self.engine.now() {
            if self.reached.is_some_and(|reached| now < reached) {
                // The clock was set back, and the engine has begun anew.
                self.last_output = None;
                self.last_parameters = None;
            }
            self.reached = Some(now);
            self.began = self.began.or(self.reached);
        }
        for reset in &self.outputs.resets {
            self.summary.add_reset(reset);
            sink.reset(reset);
        }
        for finding in &self.outputs.findings {
            self.summary.add_finding(finding);
            sink.finding(finding);
        }
        self.give_estimate(sink);
    }

    fn give_estimate(&mut self, sink: &mut impl Sink) {
        let Some(now) = self.reached else { return };
        // Half a millisecond of tolerance, so that a rate of the sensor's own is not halved by jitter.
        let is_due = |last: Option<Timestamp>, period_s: f64| {
            last.is_none_or(|last| now.seconds_since(last) >= period_s - 5e-4)
        };
        if !is_due(self.last_output, self.period_s) {
            return;
        }
        let Some(estimate) = self.engine.estimate() else {
            return;
        };
        self.last_output = Some(now);
        self.summary.add_estimate(&estimate);
        sink.estimate(&estimate);
        if is_due(self.last_parameters, PARAMETERS_S) {
            self.last_parameters = Some(now);
            sink.parameters(now, &self.engine.parameters());
        }
    }
}
