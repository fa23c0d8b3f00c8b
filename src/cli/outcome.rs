//! What `replay` and `demo` share: the run under way, its end, and the exit code.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use super::draw::Drawing;
use super::{plans, summary};
use crate::config::{Site, Vehicle};
use crate::log::Record;
use crate::output::report::ReportPage;
use crate::output::whole::replace;
use crate::output::{Document, Files};
use crate::replay::{Read, Replay};

/// How results are told.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// Estimates a second in the output files, at most.
    #[arg(long, value_name = "HZ", default_value_t = 20.0, value_parser = rate)]
    pub rate: f64,
    /// Print the summary as one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors.
    #[arg(short, long)]
    pub quiet: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(hz) if hz > 0.0 && hz <= 1e6 => Ok(hz),
        _ => Err("expected a number above 0 and at most 1e6 [Hz]".to_owned()),
    }
}

/// A replay with its files and its watch.
pub(super) struct Run {
    replay: Replay,
    files: Option<Files>,
    page: Option<ReportPage>,
    drawing: Drawing,
    /// Rule 13's exception: how long the work takes is told to people and never to the engine.
    begun: Instant,
    stop: Arc<AtomicBool>,
    is_resumed: bool,
}

impl Run {
    /// # Errors
    /// Site and vehicle don't fit, or a file can't be created.
    pub fn begin(
        site: &Site,
        vehicle: &Vehicle,
        telling: &Telling,
        output: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let replay =
            Replay::new(site, vehicle, telling.rate).context("site and vehicle don't fit")?;
        let files = output
            .map(|directory| Files::create(directory, &vehicle.protection))
            .transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&stop);
        // The first Ctrl-C completes the files, the second one ends the program as ever.
        let handler = move || {
            if heard.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED.into());
            }
        };
        // In a process that has a handler already, that one decides.
        let _ = ctrlc::set_handler(handler);
        Ok(Self {
            replay,
            files,
            page: None,
            drawing: Drawing::default(),
            begun: Instant::now(),
            stop,
            is_resumed: false,
        })
    }

    /// Smooths the run at its end.
    ///
    /// # Errors
    /// A file can't be created.
    pub fn smooth(&mut self) -> anyhow::Result<()> {
        self.replay.smooth();
        if let Some(files) = &mut self.files {
            files.smooth()?;
        }
        Ok(())
    }

    /// Writes a page at the end; floor plans lie beside `file`.
    ///
    /// # Errors
    /// It can't be created.
    pub fn report(
        &mut self,
        path: &Path,
        (site, vehicle): (&Site, &Vehicle),
        file: &Path,
    ) -> anyhow::Result<()> {
        let mut page = ReportPage::create(path, site, vehicle)?;
        page.lay(plans::of_page(site, file));
        self.page = Some(page);
        Ok(())
    }

    /// Draws what happens.
    pub fn draw(&mut self, drawing: Drawing) {
        self.drawing = drawing;
    }

    /// Goes on with a replay that was kept.
    pub fn resume(&mut self, replay: Replay) {
        self.replay = replay;
        self.is_resumed = true;
    }

    /// How far the log has come since its first sample [s].
    pub fn elapsed_s(&self) -> Option<f64> {
        self.replay.elapsed_s()
    }

    /// Keeps the replay as it is, for another program to go on with.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn keep(&mut self, path: &Path) -> anyhow::Result<()> {
        let bytes = self.replay.snapshot()?;
        replace(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        self.replay.leave_rest();
        Ok(())
    }

    pub fn feed(&mut self, record: &Record) {
        let mut shown = (&mut self.page, &mut self.drawing.sink);
        self.replay.feed(record, &mut (&mut self.files, &mut shown));
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Completes the files and prints the summary.
    pub fn end(mut self, name: &str, read: Read, telling: &Telling) -> anyhow::Result<ExitCode> {
        let interrupted = self.is_stopped();
        let is_known = self.replay.engine().estimate().is_some();
        let mut shown = (&mut self.page, &mut self.drawing.sink);
        let summary = (self.replay).finish(&mut (&mut self.files, &mut shown));
        let document = Document {
            is_interrupted: interrupted,
            log_damage: (&read.log).into(),
            truth_damage: read.truth.as_ref().map(Into::into),
            ..Document::new(name, &summary, self.begun.elapsed().as_secs_f64())
        };
        let written = self.files.map_or(Ok(()), |files| files.finish(&document));
        let written = written.and(self.page.map_or(Ok(()), |page| page.finish(&document)));
        if telling.json {
            println!("{}", document.json());
        } else if !telling.quiet {
            print!("{}", summary::text(&document));
        }
        self.drawing.end(|| self.stop.load(Ordering::Relaxed));
        written?;
        if let Some((path, error)) = read.failed {
            return Err(error).with_context(|| path.display().to_string());
        }
        if summary.samples == 0 && !interrupted && !self.is_resumed {
            anyhow::bail!("{name}: no sample could be read");
        }
        let was_known = summary.started.is_some() || is_known;
        Ok(match interrupted {
            true => ExitCode::from(INTERRUPTED),
            false => known(was_known),
        })
    }
}

/// The exit code by whether the position ever became known.
pub(super) fn known(was_known: bool) -> ExitCode {
    match was_known {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(NO_ESTIMATE),
    }
}

/// Exit code where the position never became known.
const NO_ESTIMATE: u8 = 1;
/// Exit code where a file is missing, wrong, or can't be written.
const BAD_FILES: u8 = 2;
/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Tells an error and turns it into its exit code.
pub(super) fn code(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(BAD_FILES)
    })
}
