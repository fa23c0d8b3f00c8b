//! What all kinds of calibration share: which logs and files, and how the result is told, written
//! and drawn.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::calibrate::two_files::{changed, diff, digits};
use crate::calibrate::{Drive, File, Report, Verdict};
use crate::cli::two_files::TwoFiles;
use crate::config::{self, Site, Vehicle};
use crate::log::Record;
use crate::output::whole::replace;
use crate::replay::Feed;

/// Logs, files, and how the result is told.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The recorded drive, or several (.mcap, .jsonl).
    #[arg(required = true, value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    #[command(flatten)]
    files: TwoFiles,
    /// Where it really was (.mcap, .jsonl), instead of truth in the log; one for each log.
    #[arg(long, value_name = "FILE")]
    truth: Vec<PathBuf>,
    /// Write the result into the file it belongs to (--site, --vehicle), and print what changed.
    #[arg(long)]
    write: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Draw the residuals and what else there is to see, as SVG, into this folder.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
}

/// The result and what it makes of the two files.
#[derive(Serialize)]
struct Document<'a> {
    log: String,
    #[serde(flatten)]
    report: &'a Report,
    /// Damaged places of the logs that were left out.
    log_damage: u64,
    /// Lines for the files.
    site_toml: String,
    vehicle_toml: String,
    /// Whether they are in them.
    is_written: bool,
}

impl Common {
    /// The two files as they stand, and every record of every log, with the log's number. `changes` are
    /// the files that the result may change.
    pub fn read<T>(
        &self,
        changes: &[File],
        begin: impl FnOnce(&Site, &Vehicle) -> T,
        mut take: impl FnMut(&mut T, (&Site, &Vehicle), usize, &Record),
    ) -> anyhow::Result<(Site, Vehicle, T, u64)> {
        for file in changes.iter().filter(|_| self.write) {
            if self.path(*file).is_none() {
                let (option, name) = (option(*file), file.name());
                bail!("--write changes {name}: state it with {option}");
            }
        }
        if !self.truth.is_empty() && self.truth.len() != self.logs.len() {
            let (truths, logs) = (self.truth.len(), self.logs.len());
            bail!("{truths} files of truth for {logs} logs: state one for each, in their order");
        }
        let mut begin = Some(begin);
        let mut state: Option<(Site, Vehicle, T)> = None;
        let mut damage = 0;
        for (index, log) in self.logs.iter().enumerate() {
            let truth = self.truth.get(index).map(PathBuf::as_path);
            let mut feed = Feed::open(log, truth)?;
            if let Some(begin) = begin.take() {
                let (site, vehicle) = self.files.load(log, feed.attachments())?;
                let collected = begin(&site, &vehicle);
                state = Some((site, vehicle, collected));
            }
            while let (Some(batch), Some((site, vehicle, collected))) =
                (feed.next_batch(), state.as_mut())
            {
                for record in &batch {
                    take(collected, (site, vehicle), index, record);
                }
            }
            let mut read = feed.finish();
            if let Some((path, error)) = read.failed.take() {
                return Err(error).with_context(|| path.display().to_string());
            }
            damage += read.log.count;
        }
        let (site, vehicle, collected) = state.context("no log")?;
        Ok((site, vehicle, collected, damage))
    }

    /// The two files, and the logs as a drive.
    pub fn drive(&self, changes: &[File]) -> anyhow::Result<(Site, Vehicle, Drive, u64)> {
        self.read(
            changes,
            |_, _| Drive::default(),
            |log, _, index, record| log.take(index, record),
        )
    }

    /// The logs' names, for messages.
    pub fn name(&self) -> String {
        let names: Vec<String> = self.logs.iter().map(|l| l.display().to_string()).collect();
        names.join(", ")
    }

    /// Prints, writes and draws the result.
    pub fn tell(&self, report: &Report, log_damage: u64) -> anyhow::Result<ExitCode> {
        self.draw(report)?;
        let lines = |file| changed("", &report.changes(file));
        let (site_toml, vehicle_toml) = (lines(File::Site)?, lines(File::Vehicle)?);
        let mut written = Vec::new();
        if self.write {
            for file in [File::Site, File::Vehicle] {
                let path = self.path(file);
                let is_changed = !report.changes(file).is_empty();
                if is_changed && path.is_none() {
                    let (option, name) = (option(file), file.name());
                    bail!("--write changes {name}: state it with {option}");
                }
                if let Some(path) = path.filter(|_| is_changed) {
                    written.push((path, write(file, path, report)?));
                }
            }
        }
        if self.json {
            let document = Document {
                log: self.name(),
                report,
                log_damage,
                site_toml,
                vehicle_toml,
                is_written: self.write,
            };
            println!("{}", serde_json::to_string_pretty(&document)?);
        } else {
            print!("{}", text(report, log_damage));
            for (path, change) in &written {
                if change.is_empty() {
                    println!("\n{} is as found", path.display());
                } else {
                    println!("\n{}\n{change}", path.display());
                }
            }
            if !self.write {
                for (file, lines) in [(File::Site, site_toml), (File::Vehicle, vehicle_toml)] {
                    if !lines.is_empty() {
                        println!("\n# for {}\n{lines}", file.name());
                    }
                }
            }
        }
        Ok(if report.is_any_shown() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }

    fn path(&self, file: File) -> Option<&Path> {
        match file {
            File::Site => self.files.site.as_deref(),
            File::Vehicle => self.files.vehicle.as_deref(),
        }
    }

    /// Draws the pictures of a result, where they are asked for.
    pub fn draw(&self, report: &Report) -> anyhow::Result<()> {
        let Some(folder) = &self.plots else {
            return Ok(());
        };
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        for plot in &report.plots {
            let path = folder.join(format!("{}_{}.svg", report.what, plot.name));
            fs::write(&path, plot.svg()?).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

fn option(file: File) -> &'static str {
    match file {
        File::Site => "--site",
        File::Vehicle => "--vehicle",
    }
}

/// Puts the result into the file; what changed.
fn write(of: File, path: &Path, report: &Report) -> anyhow::Result<String> {
    let file = path.display().to_string();
    let before = fs::read_to_string(path).with_context(|| file.clone())?;
    let after = changed(&before, &report.changes(of)).with_context(|| file.clone())?;
    // Never a file that the program would refuse.
    match of {
        File::Site => config::site_from_str(&file, &after).map(|_| ()),
        File::Vehicle => config::vehicle_from_str(&file, &after).map(|_| ()),
    }
    .context("the result does not fit the file")?;
    replace(path, after.as_bytes()).with_context(|| format!("cannot write {file}"))?;
    Ok(diff(&before, &after))
}

/// For people.
fn text(report: &Report, log_damage: u64) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_all(&mut text, report, log_damage);
    text
}

fn write_all(to: &mut String, report: &Report, log_damage: u64) -> std::fmt::Result {
    writeln!(to, "{}\n", report.headline)?;
    let keys = report.parameters.iter().map(|p| match p.unit {
        "" => p.key.to_string(),
        unit => format!("{} [{unit}]", p.key),
    });
    let keys: Vec<String> = keys.collect();
    let longest = |names: &[String]| names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
    let width = longest(&keys).max(10);
    writeln!(
        to,
        "{:width$} {:>12} {:>10} {:>12}",
        "parameter", "value", "sigma", "before"
    )?;
    for (p, key) in report.parameters.iter().zip(&keys) {
        let advice = p.advice.as_deref().unwrap_or_default();
        let verdict = match p.verdict {
            Verdict::Shown => "shown".to_owned(),
            Verdict::WeaklyShown => format!("weakly shown: {advice}"),
            Verdict::NotShown => format!("not shown, kept: {advice}"),
        };
        writeln!(
            to,
            "{key:width$} {:>12} {:>10} {:>12}  {verdict}",
            digits(p.value, p.sigma),
            digits(p.sigma, p.sigma),
            p.before.map_or("-".to_owned(), |b| digits(b, p.sigma)),
        )?;
    }
    let fits = report
        .fits
        .iter()
        .map(|f| format!("{} [{}]", f.name, f.unit));
    let fits: Vec<String> = fits.collect();
    if !fits.is_empty() {
        let width = longest(&fits).max(10);
        writeln!(
            to,
            "\n{:width$} {:>10} {:>10} {:>8}",
            "error, rms", "found", "before", "number"
        )?;
        for (fit, name) in report.fits.iter().zip(&fits) {
            writeln!(
                to,
                "{name:width$} {:>10.4} {:>10} {:>8}",
                fit.rms,
                fit.rms_before
                    .map_or("-".to_owned(), |rms| format!("{rms:.4}")),
                fit.count.map_or("-".to_owned(), |count| count.to_string()),
            )?;
        }
    }
    writeln!(to)?;
    if let Some((one, other, correlation)) = &report.least_apart {
        writeln!(
            to,
            "least apart: {one} and {other}, correlation {correlation:.2}"
        )?;
    }
    for warning in &report.warnings {
        writeln!(to, "note: {warning}")?;
    }
    if log_damage > 0 {
        writeln!(to, "log: {log_damage} damaged places were left out")?;
    }
    Ok(())
}
