//! From a cold start, or a snapshot, to the end or the next reset: the engine, its files and its
//! recording. What one session records, a replay of its recording reproduces.

use std::path::{Path, PathBuf};

use anyhow::Context;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Sample};

use super::board::Board;
use super::recorder::Recorder;
use crate::config::{Site, Vehicle};
use crate::engine::{Estimate, Fate, Finding, Learned, Report, Reset};
use crate::evaluate::Comparison;
use crate::log::{Attachment, Record};
use crate::output::whole::replace;
use crate::output::{Document, Files};
use crate::replay::{Replay, Sink};

/// What every session of a run begins with.
pub struct Begin {
    /// What does not move.
    pub site: Site,
    /// What moves.
    pub vehicle: Vehicle,
    /// The two files' text, and others that belong to the run.
    pub attachments: Vec<Attachment>,
    /// Folder for the results.
    pub output: Option<PathBuf>,
    /// The recording.
    pub record: Option<PathBuf>,
    /// Estimates a second, at most.
    pub rate_hz: f64,
}

impl Begin {
    /// The paths of the session after so many resets.
    fn paths(&self, resets: u32) -> (Option<PathBuf>, Option<PathBuf>) {
        if resets == 0 {
            return (self.output.clone(), self.record.clone());
        }
        let output = self
            .output
            .as_ref()
            .map(|folder| folder.join(format!("reset-{resets}")));
        let record = self.record.as_ref().map(|path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!("{stem}-reset-{resets}.mcap"))
        });
        (output, record)
    }
}

/// See the module.
pub struct Session {
    replay: Replay,
    files: Option<Files>,
    recorder: Option<Recorder>,
    began: Timestamp,
    /// Newest sample time that was believed, and when it came.
    newest: Option<(Timestamp, Timestamp)>,
    name: String,
}

/// Everything that listens.
struct Sinks<'a> {
    files: &'a mut Option<Files>,
    board: &'a Board,
    tap: &'a mut Option<Box<dyn Sink + Send>>,
    /// When what is fed now arrived.
    received: Timestamp,
}

impl Sink for Sinks<'_> {
    fn sample(&mut self, sample: &Sample, _: Option<Timestamp>) {
        if let Some(tap) = self.tap {
            tap.sample(sample, Some(self.received));
        }
    }

    fn estimate(&mut self, estimate: &Estimate) {
        self.board.estimate(estimate);
        self.files.estimate(estimate);
        if let Some(tap) = self.tap {
            tap.estimate(estimate);
        }
    }

    fn report(&mut self, report: &Report) {
        self.board.report(report);
        self.files.report(report);
        if let Some(tap) = self.tap {
            tap.report(report);
        }
    }

    fn reset(&mut self, reset: &Reset) {
        self.files.reset(reset);
        if let Some(tap) = self.tap {
            tap.reset(reset);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let word = if finding.began { "began" } else { "ended" };
        let about = finding.source.as_ref().map_or("", |source| source.as_str());
        tracing::info!("{} {word} {about}", finding.condition.name());
        self.files.finding(finding);
        if let Some(tap) = self.tap {
            tap.finding(finding);
        }
    }

    fn comparison(&mut self, comparison: &Comparison) {
        self.files.comparison(comparison);
    }

    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        self.files.parameters(t, parameters);
        if let Some(tap) = self.tap {
            tap.parameters(t, parameters);
        }
    }
}

impl Session {
    /// Begins one: cold, or where the run ended that wrote the snapshot.
    ///
    /// # Errors
    /// Site and vehicle don't fit, the snapshot is not of them, a file can't be created.
    pub fn begin(
        begin: &Begin,
        resets: u32,
        snapshot: Option<&[u8]>,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let (site, vehicle, rate_hz) = (&begin.site, &begin.vehicle, begin.rate_hz);
        let (output, record) = begin.paths(resets);
        let mut replay = match snapshot {
            Some(bytes) => Replay::restore(site, vehicle, rate_hz, bytes)?,
            None => Replay::new(site, vehicle, rate_hz).context("site and vehicle don't fit")?,
        };
        replay.begin_log();
        for folder in [output.as_deref(), record.as_deref().and_then(Path::parent)] {
            if let Some(folder) = folder.filter(|f| !f.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create {}", folder.display()))?;
            }
        }
        let files = (output.as_deref())
            .map(|folder| Files::create(folder, &vehicle.protection))
            .transpose()?;
        let recorder = (record.as_deref())
            .map(|path| Recorder::create(path, &begin.attachments))
            .transpose()?;
        if let Some(path) = record.as_deref().filter(|_| snapshot.is_some()) {
            // From here a replay of this recording begins.
            let path = path.with_extension("start");
            replace(&path, &replay.snapshot()?)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let name = record.map_or_else(|| "live".to_owned(), |path| path.display().to_string());
        Ok(Self {
            replay,
            files,
            recorder,
            began: now,
            newest: None,
            name,
        })
    }

    /// Bytes as they came.
    pub fn raw(&self, source: Name, t_rx: Timestamp, bytes: Vec<u8>) {
        if let Some(recorder) = &self.recorder
            && !bytes.is_empty()
        {
            recorder.raw(source, t_rx, bytes);
        }
    }

    /// A sample goes into the recording and the engine.
    pub fn feed(
        &mut self,
        sample: &Sample,
        now: Timestamp,
        board: &Board,
        tap: &mut Option<Box<dyn Sink + Send>>,
    ) -> Option<Fate> {
        // What can't be recorded is not fed either: both runs see the same samples.
        if !sample.reading.is_finite() {
            return Some(Fate::Invalid);
        }
        if let Some(recorder) = &self.recorder {
            recorder.sample(sample);
        }
        let mut sinks = Sinks {
            files: &mut self.files,
            board,
            tap,
            received: now,
        };
        board.sample(&sample.source);
        let fate = self.replay.feed(&Record::Sample(*sample), &mut sinks);
        let is_believed = fate.is_none_or(Fate::is_timely);
        if is_believed && self.newest.is_none_or(|(t, _)| sample.t > t) {
            self.newest = Some((sample.t, now));
        }
        fate
    }

    /// This moment on the samples' time base, which may be another than the clock's.
    #[must_use]
    pub fn sample_time(&self, now: Timestamp) -> Timestamp {
        self.newest
            .map_or(now, |(t, at)| t.shifted(now.seconds_since(at)))
    }

    /// Keeps the whole state beside the recording.
    pub fn keep(&self) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        match self.replay.snapshot() {
            Ok(bytes) => recorder.snapshot(&recorder.path().with_extension("snapshot"), bytes),
            Err(error) => tracing::warn!("no snapshot: {error}"),
        }
    }

    /// Entries that the recording lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.recorder.as_ref().map_or(0, Recorder::lost)
    }

    /// Whether the recording has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.recorder.as_ref().is_some_and(Recorder::has_failed)
    }

    /// Completes all files.
    ///
    /// # Errors
    /// The first that can't be written.
    pub fn end(
        mut self,
        now: Timestamp,
        board: &Board,
        tap: &mut Option<Box<dyn Sink + Send>>,
    ) -> anyhow::Result<Document> {
        self.keep();
        let recorded = self.recorder.map_or(Ok(()), Recorder::finish);
        let mut sinks = Sinks {
            files: &mut self.files,
            board,
            tap,
            received: now,
        };
        let summary = self.replay.finish(&mut sinks);
        let document = Document::new(&self.name, &summary, now.seconds_since(self.began));
        let written = self.files.map_or(Ok(()), |files| files.finish(&document));
        recorded?;
        written?;
        Ok(document)
    }
}
