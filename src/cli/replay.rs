//! `wayfix replay`: a recorded log through the engine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::draw::Draw;
use super::outcome::{Run, Telling, code};
use super::resume;
use super::two_files::TwoFiles;
use crate::config::Vehicle;
use crate::config::vehicle::Start;
use crate::log::{self, Record, TruthState};
use crate::replay::{self, Feed};

/// Replay a log (.mcap, .jsonl): what each source contributed, what was refused and why, and how
/// far the estimate was from the truth.
///
/// Without --site and --vehicle, the two files that the log carries are used. Truth comes from
/// --truth or from the log itself; the engine never sees it. With -o, writes estimate.csv,
/// estimate.tum, truth.tum (for evo), reports.jsonl, resets.jsonl, findings.jsonl, parameters.csv,
/// summary.json, and with truth stanford_horizontal.svg and stanford_vertical.svg.
///
/// Exit code 0: fine; 1: the position never became known; 2: a file is missing, wrong or can't be
/// written; 130: stopped by Ctrl-C, with files and summary complete so far.
#[derive(Debug, Args)]
pub struct Replay {
    /// What was recorded.
    log: PathBuf,
    #[command(flatten)]
    files: TwoFiles,
    /// Where it really was (.mcap, .jsonl), instead of truth in the log.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Start at the first truth (0.1 m, 2 deg) instead of finding the start.
    #[arg(long)]
    init_from_truth: bool,
    /// Stop so long after the log's first sample [s].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    until: Option<f64>,
    /// Where the replay ends, keep its whole state in this file, for --resume.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Go on where the replay ended that wrote this file: same log, truth and two files. What follows
    /// is as if it had never ended, to the bit. A snapshot that is damaged or of something else is
    /// refused with a warning, and the log replayed from its beginning.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// At the end, tell the run as all measurements show it too, later ones included: smoothed.csv,
    /// smoothed.tum, and its errors beside the others. Takes memory: the summary says how much.
    #[arg(long)]
    smooth: bool,
    /// Write one page for a browser: track on the floor plans, errors, verdicts and why, parameters,
    /// configuration. It needs no network.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    draw: Draw,
    /// Folder for the results; made if need be. A continued replay writes what follows.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    telling: Telling,
}

impl Replay {
    pub(super) fn run(self) -> ExitCode {
        code(self.try_run())
    }

    fn try_run(&self) -> anyhow::Result<ExitCode> {
        let mut feed = Feed::open(&self.log, self.truth.as_deref())?;
        let (site, mut vehicle) = self.files.load(&self.log, feed.attachments())?;
        if self.init_from_truth {
            let path = self.truth.as_deref().unwrap_or(&self.log);
            vehicle.start = Some(start(&first_truth(path)?, &vehicle));
        }
        let mut run = Run::begin(&site, &vehicle, &self.telling, self.output.as_deref())?;
        let mut batch = match &self.resume {
            Some(path) => {
                let kept = resume::read(path)?;
                let rate_hz = self.telling.rate;
                let replay = replay::Replay::restore(&site, &vehicle, rate_hz, &kept);
                match replay.and_then(|r| resume::pass(&mut feed, r.taken()).map(|rest| (r, rest)))
                {
                    Ok((replay, rest)) => {
                        run.resume(replay);
                        Some(rest)
                    }
                    Err(refused) => {
                        eprintln!("warning: {}: {refused}. Starting cold", path.display());
                        feed = Feed::open(&self.log, self.truth.as_deref())?;
                        feed.next_batch()
                    }
                }
            }
            None => feed.next_batch(),
        };
        if self.smooth {
            run.smooth()?;
        }
        let site_file = self.files.site.as_deref().unwrap_or(&self.log);
        if let Some(path) = &self.report {
            run.report(path, (&site, &vehicle), site_file)?;
        }
        run.draw(self.draw.begin(&site, &vehicle, site_file, false)?);
        let bar = self.bar(&feed);
        let is_over = |run: &Run| {
            let has_come = |until| run.elapsed_s().is_some_and(|elapsed| elapsed >= until);
            run.is_stopped() || self.until.is_some_and(has_come)
        };
        while let Some(records) = batch
            && !is_over(&run)
        {
            for record in &records {
                run.feed(record);
                if is_over(&run) {
                    break;
                }
            }
            bar.set_position(feed.progress().0);
            batch = feed.next_batch();
        }
        bar.finish_and_clear();
        if let Some(path) = &self.snapshot {
            run.keep(path)?;
        }
        run.end(
            &self.log.display().to_string(),
            feed.finish(),
            &self.telling,
        )
    }

    /// On the terminal, where there is one.
    fn bar(&self, feed: &Feed) -> ProgressBar {
        if self.telling.quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(feed.progress().1);
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {eta:>4} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if s >= 0.0 => Ok(s),
        _ => Err("expected a number of at least 0 [s]".to_owned()),
    }
}

/// The first truth that has a position.
fn first_truth(path: &Path) -> anyhow::Result<TruthState> {
    for record in log::open(path)? {
        if let Record::Truth(truth) = record.with_context(|| path.display().to_string())?
            && truth.state.xy_m.is_some()
        {
            return Ok(truth.state);
        }
    }
    Err(anyhow!("{}: no truth with a position", path.display()))
}

fn start(truth: &TruthState, vehicle: &Vehicle) -> Start {
    let [x, y] = truth.xy_m.unwrap_or_default();
    let z = truth.z_m.or(vehicle.motion.planar_height_m).unwrap_or(0.0);
    Start {
        position_m: [x, y, z],
        sigma_m: 0.1,
        yaw_deg: truth.heading_rad().map(f64::to_degrees),
        yaw_sigma_deg: 2.0,
    }
}
