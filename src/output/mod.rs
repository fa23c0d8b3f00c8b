//! Where results go: one sink a file, and all of them together as [`Files`].

pub mod comparison;
pub mod drawing;
pub mod estimate;
pub mod findings;
pub mod lines;
pub mod number;
pub mod page;
pub mod parameters;
pub mod plan;
pub mod report;
pub mod reports;
#[cfg(feature = "rerun")]
pub mod rerun;
pub mod resets;
pub mod stanford;
pub mod summary;
pub mod tum;
pub mod whole;

use std::fs;
use std::path::{Path, PathBuf};

use wayfix_filter::Timestamp;

pub use lines::OutputError;
pub use summary::Document;

use crate::config::vehicle::Protection;
use crate::engine::{Estimate, Finding, Learned, Report, Reset};
use crate::evaluate::Comparison;
use crate::replay::Sink;

/// Writes `estimate.csv`, `estimate.tum`, `truth.tum`, `reports.jsonl`, `resets.jsonl`,
/// `findings.jsonl`, `parameters.csv` and at the end `summary.json` and, where there is truth,
/// `stanford_horizontal.svg` and `stanford_vertical.svg` into a folder; of a replay that smooths also
/// `smoothed.csv` and `smoothed.tum`.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    estimate: estimate::EstimateCsv,
    tum: tum::Tum,
    reports: reports::Reports,
    resets: resets::Resets,
    findings: findings::Findings,
    parameters: parameters::Parameters,
    stanford: stanford::Stanford,
    smoothed: Option<(estimate::EstimateCsv, tum::Tum)>,
}

impl Files {
    /// Creates the folder, if need be, and the files; what the estimate promises is drawn.
    ///
    /// # Errors
    /// One of them can't be created.
    pub fn create(directory: &Path, protection: &Protection) -> Result<Self, OutputError> {
        fs::create_dir_all(directory).map_err(|source| OutputError {
            path: directory.to_owned(),
            source,
        })?;
        let path = |name: &str| directory.join(name);
        Ok(Self {
            estimate: estimate::EstimateCsv::create(&path("estimate.csv"))?,
            tum: tum::Tum::create(directory)?,
            reports: reports::Reports::create(&path("reports.jsonl"))?,
            resets: resets::Resets::create(&path("resets.jsonl"))?,
            findings: findings::Findings::create(&path("findings.jsonl"))?,
            parameters: parameters::Parameters::create(&path("parameters.csv"))?,
            stanford: stanford::Stanford::new(directory, protection),
            directory: directory.to_owned(),
            smoothed: None,
        })
    }

    /// With the files of the smoothed run.
    ///
    /// # Errors
    /// One of them can't be created.
    pub fn smooth(&mut self) -> Result<(), OutputError> {
        let estimate = estimate::EstimateCsv::create(&self.directory.join("smoothed.csv"))?;
        self.smoothed = Some((estimate, tum::Tum::smoothed(&self.directory)?));
        Ok(())
    }

    /// Completes all files.
    ///
    /// # Errors
    /// The first failure; the other files are completed all the same.
    pub fn finish(self, summary: &Document) -> Result<(), OutputError> {
        let path = self.directory.join("summary.json");
        let text = summary.json() + "\n";
        let written = fs::write(&path, text).map_err(|source| OutputError { path, source });
        let smoothed = self.smoothed.map_or(Ok(()), |(estimate, tum)| {
            estimate.finish().and(tum.finish())
        });
        [
            smoothed,
            self.estimate.finish(),
            self.tum.finish(),
            self.reports.finish(),
            self.resets.finish(),
            self.findings.finish(),
            self.parameters.finish(),
            self.stanford.finish(),
            written,
        ]
        .into_iter()
        .collect()
    }
}

impl Sink for Files {
    fn estimate(&mut self, estimate: &Estimate) {
        self.estimate.estimate(estimate);
        self.tum.estimate(estimate);
    }

    fn report(&mut self, report: &Report) {
        self.reports.report(report);
    }

    fn reset(&mut self, reset: &Reset) {
        self.resets.reset(reset);
    }

    fn finding(&mut self, finding: &Finding) {
        self.findings.finding(finding);
    }

    fn comparison(&mut self, comparison: &Comparison) {
        self.tum.comparison(comparison);
        self.stanford.comparison(comparison);
    }

    fn smoothed(&mut self, estimate: &Estimate) {
        if let Some((csv, tum)) = &mut self.smoothed {
            csv.estimate(estimate);
            tum.estimate(estimate);
        }
    }

    fn smoothed_comparison(&mut self, comparison: &Comparison) {
        if let Some((_, tum)) = &mut self.smoothed {
            tum.comparison(comparison);
        }
    }

    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        self.parameters.parameters(t, parameters);
    }
}
