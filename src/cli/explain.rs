//! `wayfix explain`: why a measurement was refused, or why the position jumped.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use super::outcome::code;
use super::two_files::TwoFiles;
use crate::explain::{Answer, Others, Question, told};
use crate::log::Record;
use crate::output::reports::fate_name;
use crate::replay::{Feed, Replay};

/// Say in words what happened at a moment of a log: the state, the jumps and conditions about then, each
/// measurement that was refused with what was expected and what would have passed, and what the other
/// sources said.
///
/// Exit code 0: answered; 2: a file is missing or wrong, or the log does not reach the moment.
#[derive(Debug, Args)]
pub struct Explain {
    /// What was recorded (.mcap, .jsonl).
    log: PathBuf,
    #[command(flatten)]
    files: TwoFiles,
    /// The moment, so long after the log's first sample [s].
    #[arg(long, value_name = "SECONDS")]
    at: f64,
    /// Explain each measurement of this source, used or not.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// So much before and after the moment belongs to it [s].
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    around: f64,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// The answer for machines.
#[derive(Debug, Serialize)]
struct Document {
    at_s: f64,
    text: String,
    sources: Vec<Row>,
    measurements: Vec<Measurement>,
}

#[derive(Debug, Serialize)]
struct Row {
    source: String,
    kind: &'static str,
    #[serde(flatten)]
    did: Others,
}

#[derive(Debug, Serialize)]
struct Measurement {
    t_ns: i64,
    source: String,
    kind: &'static str,
    target: Option<String>,
    fate: &'static str,
    nis: Option<f64>,
    gate: Option<f64>,
    residual: Vec<f64>,
    sigma: Vec<f64>,
}

impl Explain {
    pub(super) fn run(self) -> ExitCode {
        code(self.try_run())
    }

    fn try_run(&self) -> anyhow::Result<ExitCode> {
        let mut feed = Feed::open(&self.log, None)?;
        let (site, vehicle) = self.files.load(&self.log, feed.attachments())?;
        if let Some(name) = &self.source
            && !vehicle.sources.contains_key(name)
        {
            let known: Vec<&str> = vehicle.sources.keys().map(String::as_str).collect();
            bail!(
                "vehicle.toml has no source {name}; it has {}",
                known.join(", ")
            );
        }
        let mut replay = Replay::new(&site, &vehicle, 1e3).context("site and vehicle don't fit")?;
        let mut asked: Option<(Answer, wayfix_filter::Timestamp)> = None;
        'log: while let Some(batch) = feed.next_batch() {
            for record in &batch {
                let Record::Sample(sample) = record else {
                    continue;
                };
                let (answer, _) = asked.get_or_insert_with(|| {
                    let question = Question {
                        at: sample.t.shifted(self.at),
                        around_s: self.around,
                        source: self.source.clone(),
                    };
                    (Answer::to(question), sample.t)
                });
                replay.feed(record, answer);
                if answer.is_complete(sample.t) {
                    break 'log;
                }
            }
        }
        let read = feed.finish();
        if let Some((path, error)) = read.failed {
            return Err(error).with_context(|| path.display().to_string());
        }
        let Some((answer, begin)) = asked else {
            bail!("{}: no sample could be read", self.log.display());
        };
        let last_s = answer
            .span
            .map_or(0.0, |(_, last)| last.seconds_since(begin));
        if last_s + self.around < self.at || self.at < -self.around {
            bail!(
                "{}: the log goes from 0 to {last_s:.1} s",
                self.log.display()
            );
        }
        let text = told(&answer, begin);
        if self.json {
            let document = document(&answer, self.at, text);
            println!("{}", serde_json::to_string_pretty(&document)?);
        } else {
            print!("{text}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn document(answer: &Answer, at_s: f64, text: String) -> Document {
    let sources = answer.sources.iter().map(|((source, kind), did)| Row {
        source: source.to_string(),
        kind: kind.name(),
        did: did.clone(),
    });
    let measurements = answer.measurements.iter().map(|r| {
        let update = r.update.as_ref().filter(|u| u.nis.is_finite());
        let finite = |value: f64| value.is_finite().then_some(value);
        Measurement {
            t_ns: r.t.0,
            source: r.source.to_string(),
            kind: r.kind.name(),
            target: r.target.map(|t| t.to_string()),
            fate: fate_name(r.fate),
            nis: update.and_then(|u| finite(u.nis)),
            gate: update.and_then(|u| finite(u.gate)),
            residual: update.map_or_else(Vec::new, |u| u.residual[..u.dimension].to_vec()),
            sigma: update.map_or_else(Vec::new, |u| u.sigma[..u.dimension].to_vec()),
        }
    });
    Document {
        at_s,
        text,
        sources: sources.collect(),
        measurements: measurements.collect(),
    }
}
