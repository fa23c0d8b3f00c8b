//! `wayfix calibrate wheels`: scales, wheelbase or track, steering and mount from a drive whose way
//! is known.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::calibrate::vehicle_file::{changed, diff, digits};
use crate::calibrate::wheels::{Collected, Errors, Found, Parameter, Request, Verdict, calibrate};
use crate::cli::two_files::TwoFiles;
use crate::config::{self, Vehicle};
use crate::replay::{Feed, Read};

/// Find the geometry of wheels and steering: metres and radians a count, wheelbase or track,
/// steering zero and backlash, and with --reference where that sensor sits.
///
/// The log (.mcap, .jsonl) needs wheel_ticks or wheel_speeds, the steering where the vehicle has one,
/// and truth with heading. Each parameter comes with its sigma and whether the drive could show it;
/// what it did not show stays as it is. The result is printed as lines of vehicle.toml.
#[derive(Debug, Args)]
pub(super) struct Wheels {
    /// The recorded drive.
    log: PathBuf,
    #[command(flatten)]
    files: TwoFiles,
    /// Where it really was (.mcap, .jsonl), instead of truth in the log.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Source of the wheels, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Source whose sensor truth is of: its mount is sought too. Its own poses, where it has any in
    /// the log, serve instead of truth. Without: truth is of the vehicle's reference point.
    #[arg(long, value_name = "NAME")]
    reference: Option<String>,
    /// Also fit the first half of the drive alone, and see how it predicts the second.
    #[arg(long)]
    holdout: bool,
    /// Length of the segments that are compared.
    #[arg(long, value_name = "SECONDS", value_parser = seconds,
          default_value_t = Request::default().segment_s)]
    segment: f64,
    /// Write the result into the file of --vehicle, and print what changed.
    #[arg(long, requires = "vehicle")]
    write: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 600.0 => Ok(seconds),
        _ => Err("expected a number above 0 and at most 600 [s]".to_owned()),
    }
}

/// The result and what it makes of vehicle.toml.
#[derive(Serialize)]
struct Document<'a> {
    log: String,
    #[serde(flatten)]
    found: &'a Found,
    /// Damaged places of the log that were left out.
    log_damage: u64,
    /// Lines for vehicle.toml.
    vehicle_toml: String,
    /// Whether they are in it.
    is_written: bool,
}

impl Wheels {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (vehicle, log, read) = self.read()?;
        let request = Request {
            source: self.source.clone(),
            reference: self.reference.clone(),
            segment_s: self.segment,
            holdout: self.holdout,
        };
        let found =
            calibrate(&vehicle, &log, &request).with_context(|| self.log.display().to_string())?;
        let lines = changed("", &found.changes())?;
        let change = match &self.files.vehicle {
            Some(path) if self.write => Some(write(path, &found)?),
            _ => None,
        };
        if self.json {
            let document = Document {
                log: self.log.display().to_string(),
                found: &found,
                log_damage: read.log.count,
                vehicle_toml: lines,
                is_written: self.write,
            };
            println!("{}", serde_json::to_string_pretty(&document)?);
        } else {
            print!("{}", text(&found, &read));
            match (change, &self.files.vehicle) {
                (Some(change), Some(path)) if change.is_empty() => {
                    println!("\n{} is as found", path.display());
                }
                (Some(change), Some(path)) => println!("\n{}\n{change}", path.display()),
                _ => println!("\n# for vehicle.toml\n{lines}"),
            }
        }
        let is_shown = |p: &Parameter| p.verdict != Verdict::NotShown;
        Ok(if found.parameters.iter().any(is_shown) {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }

    fn read(&self) -> anyhow::Result<(Vehicle, Collected, Read)> {
        let mut feed = Feed::open(&self.log, self.truth.as_deref())?;
        // The site is read for its errors; the wheels need nothing of it.
        let (_, vehicle) = self.files.load(&self.log, feed.attachments())?;
        let mut log = Collected::default();
        while let Some(batch) = feed.next_batch() {
            batch.iter().for_each(|record| log.take(&vehicle, record));
        }
        let mut read = feed.finish();
        if let Some((path, error)) = read.failed.take() {
            return Err(error).with_context(|| path.display().to_string());
        }
        Ok((vehicle, log.sorted(), read))
    }
}

/// Puts the result into the file; what changed.
fn write(path: &Path, found: &Found) -> anyhow::Result<String> {
    let file = path.display().to_string();
    let before = std::fs::read_to_string(path).with_context(|| file.clone())?;
    let after = changed(&before, &found.changes()).with_context(|| file.clone())?;
    // Never a file that the program would refuse.
    config::vehicle_from_str(&file, &after).context("the result does not fit the file")?;
    // Whole or not at all.
    let aside = path.with_extension("toml.new");
    std::fs::write(&aside, &after)
        .and_then(|()| std::fs::rename(&aside, path))
        .with_context(|| format!("cannot write {file}"))?;
    Ok(diff(&before, &after))
}

/// For people.
fn text(found: &Found, read: &Read) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_all(&mut text, found, read);
    text
}

fn write_all(to: &mut String, found: &Found, read: &Read) -> std::fmt::Result {
    let reference = match &found.reference {
        Some(name) => format!("the sensor of source.{name}"),
        None => "the reference point".to_owned(),
    };
    writeln!(
        to,
        "{} drive, source.{}; {:.1} s with truth of {reference}\n",
        found.drive, found.source, found.shared_s
    )?;
    let width = found
        .parameters
        .iter()
        .map(|p| p.key.len())
        .max()
        .unwrap_or(0);
    writeln!(
        to,
        "{:width$} {:>12} {:>10} {:>12}",
        "parameter", "value", "sigma", "before"
    )?;
    for p in &found.parameters {
        let verdict = match p.verdict {
            Verdict::Shown => "shown".to_owned(),
            Verdict::WeaklyShown => format!("weakly shown: {}", p.advice.unwrap_or_default()),
            Verdict::NotShown => format!("not shown, kept: {}", p.advice.unwrap_or_default()),
        };
        writeln!(
            to,
            "{:width$} {:>12} {:>10} {:>12}  {verdict}",
            p.key,
            digits(p.value, p.sigma),
            digits(p.sigma, p.sigma),
            digits(p.before, p.sigma),
        )?;
    }
    writeln!(to)?;
    if let Some(bits) = &found.tick_bits {
        writeln!(
            to,
            "counter      {} bits, not {}: as stated, segments end {:.3} m off; turns of the counter \
             were lost where it stood frozen",
            bits.value, bits.before, bits.segment_position_rms_before_m
        )?;
    }
    errors(to, "in sample", &found.in_sample)?;
    if let Some(holdout) = &found.holdout {
        errors(to, "first half", &holdout.first_half)?;
        errors(to, "second half", &holdout.second_half)?;
        writeln!(
            to,
            "             (fitted on the first half; the second predicted by it)"
        )?;
        if !holdout.not_shown_by_first_half.is_empty() {
            writeln!(
                to,
                "             the first half does not show {}, which the whole drive does",
                holdout.not_shown_by_first_half.join(", ")
            )?;
        }
    }
    let (one, other, correlation) = &found.least_apart;
    writeln!(
        to,
        "least apart  {one} and {other}: correlation {correlation:.2}"
    )?;
    if read.log.count > 0 {
        writeln!(
            to,
            "log          {} damaged places were left out",
            read.log.count
        )?;
    }
    Ok(())
}

fn errors(to: &mut String, what: &str, errors: &Errors) -> std::fmt::Result {
    writeln!(
        to,
        "{what:12} {:.3} m, {:.2} deg rms over the whole path; {:.3} m, {:.2} deg at the ends of {} segments",
        errors.position_rms_m,
        errors.yaw_rms_deg,
        errors.segment_position_rms_m,
        errors.segment_yaw_rms_deg,
        errors.segments
    )
}
