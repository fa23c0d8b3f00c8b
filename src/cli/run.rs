//! `wayfix run`: live, from devices.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::draw::Draw;
use super::outcome::{Telling, code, known};
use super::summary;
use crate::config;
use crate::live::clock::Clock;
use crate::live::view::{Form, Screen, View};
use crate::live::{self, Begin};
use crate::log::Attachment;

/// Run live: every source of vehicle.toml that has a table `live` is opened, recorded and fused.
///
/// Shows one line a source, refreshed in place, and the estimate; where there is no terminal, a line
/// every ten seconds, with --json a JSON document a second. The recording (.mcap) holds the raw bytes,
/// the samples and the two files; `wayfix replay` of it gives the same estimates to the bit. Beside it
/// lies a snapshot, for --resume. A device that is unplugged is taken up again when it is back.
///
/// Exit code 0: stopped (Ctrl-C, SIGTERM, --minutes, the end of all files), everything is written;
/// 1: the position never became known; 2: it can't begin, or a file can't be written.
#[derive(Debug, Args)]
pub struct Run {
    /// What does not move (site.toml).
    #[arg(long, value_name = "FILE")]
    site: PathBuf,
    /// What moves (vehicle.toml), and where its sources are heard.
    #[arg(long, value_name = "FILE")]
    vehicle: PathBuf,
    /// Folder for results, as of `replay -o`, and for the recording (log.mcap); made if need be.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// The recording, else log.mcap in the results' folder, else a name by the time.
    #[arg(long, value_name = "FILE.mcap", conflicts_with = "no_record")]
    record: Option<PathBuf>,
    /// Record nothing; then there is no snapshot either.
    #[arg(long)]
    no_record: bool,
    /// Go on where the run ended that wrote this snapshot. One that is of other files, or damaged, is
    /// refused with a warning, and the run begins cold.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Time between two snapshots [s].
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = positive)]
    snapshot_every: f64,
    /// Where the control server listens (HTTP, JSON: /health, /estimate, /sources, /fixpoint, /reset).
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:7420")]
    control: Option<String>,
    /// Stop after so many minutes.
    #[arg(long, value_name = "MINUTES", value_parser = positive)]
    minutes: Option<f64>,
    #[command(flatten)]
    draw: Draw,
    #[command(flatten)]
    telling: Telling,
}

impl Run {
    pub(super) fn run(self) -> ExitCode {
        code(self.try_run())
    }

    fn try_run(self) -> anyhow::Result<ExitCode> {
        let clock = Clock::start();
        let site = config::load_site(&self.site)?;
        let vehicle = config::load_vehicle(&self.vehicle)?;
        let directory = (self.vehicle.parent()).map_or_else(PathBuf::new, Path::to_owned);
        let mut attachments = vec![
            attachment("site.toml", &self.site)?,
            attachment("vehicle.toml", &self.vehicle)?,
        ];
        let dbc_files = vehicle
            .sources
            .values()
            .filter_map(|s| s.live()?.dbc_file.as_ref());
        for file in dbc_files {
            attachments.push(attachment(file, &directory.join(file))?);
        }
        let snapshot = match &self.resume {
            Some(path) => {
                Some(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?)
            }
            None => None,
        };
        // Whether it is of these files is found out before anything is opened.
        let snapshot = snapshot.filter(|bytes| {
            let restored =
                crate::replay::Replay::restore(&site, &vehicle, self.telling.rate, bytes);
            if let Err(refused) = &restored {
                let path = self.resume.as_deref().unwrap_or(Path::new(""));
                eprintln!("warning: {}: {refused}. Starting cold", path.display());
            }
            restored.is_ok()
        });
        let (view, screen) = self.view();
        log_to(screen, self.telling.quiet);
        let record = self.recording(clock);
        let mut drawing = self.draw.begin(&site, &vehicle, &self.site, true)?;
        let run = live::Run {
            begin: Begin {
                site,
                vehicle,
                attachments,
                output: self.output,
                record,
                rate_hz: self.telling.rate,
            },
            directory,
            streams: Vec::new(),
            snapshot,
            keep_every_s: self.snapshot_every,
            control: self.control,
            limit: self.minutes.map(|m| Duration::from_secs_f64(60.0 * m)),
            heeds_signals: true,
            stop: Arc::default(),
            view,
            tap: drawing.sink.take().map(|sink| Box::new(sink) as _),
            clock,
        };
        let document = live::run(run)?;
        drawing.end(|| true);
        if self.telling.json {
            let document = serde_json::to_string(&document)?;
            println!("{document}");
        } else if !self.telling.quiet {
            print!("{}", summary::text(&document));
        }
        Ok(known(document.end.is_some()))
    }

    fn view(&self) -> (View, Screen) {
        let screen = Screen::default();
        let form = match (self.telling.json, self.telling.quiet) {
            (true, _) => Form::Json,
            (_, true) => Form::Quiet,
            _ if std::io::stdout().is_terminal() => Form::Terminal,
            _ => Form::Lines,
        };
        (View::new(form, screen.clone()), screen)
    }

    fn recording(&self, clock: Clock) -> Option<PathBuf> {
        if self.no_record {
            return None;
        }
        let named = self.record.clone();
        let beside = || self.output.as_ref().map(|folder| folder.join("log.mcap"));
        // Names by unix time sort by age.
        let by_time = || PathBuf::from(format!("wayfix-{}.mcap", clock.began().0 / 1_000_000_000));
        Some(named.or_else(beside).unwrap_or_else(by_time))
    }
}

fn attachment(name: &str, path: &Path) -> anyhow::Result<Attachment> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Attachment {
        name: name.to_owned(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// The log goes above what stands on the screen, else to the standard error.
fn log_to(screen: Screen, is_quiet: bool) {
    let level = if is_quiet {
        tracing::Level::ERROR
    } else {
        tracing::Level::INFO
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(Mutex::new(screen))
        .finish();
    // In a process that has one already, that one decides.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("expected a number above 0".to_owned()),
    }
}
