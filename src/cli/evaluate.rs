//! `wayfix evaluate`: errors of a run, or two runs beside one another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use super::outcome::code;
use super::plans;
use crate::config;
use crate::evaluate::compare::{Compared, compare};
use crate::output::comparison::{ComparisonPage, Epoch, Run};

/// Compare two runs over the same truth: which is better, where, and whether that is more than chance.
///
/// A and B are folders that `wayfix replay -o` wrote (truth.tum and estimate.tum), or single files of the
/// evo tool's form that have the stamps of --truth.
///
/// Exit code 0: compared; 2: a file is missing or wrong, or the two share too little.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// One run.
    a: PathBuf,
    /// The other.
    b: PathBuf,
    /// Compare smoothed.tum instead of estimate.tum: of `a`, `b` or `both`.
    #[arg(long, value_name = "WHICH", value_parser = ["a", "b", "both"])]
    smoothed: Option<String>,
    /// The truth, where A and B are files.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Write one page for a browser: both tracks, their errors over time and as curves, where they differ,
    /// and what their sources did. It needs no network.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Show this site and its floor plans under the tracks (site.toml).
    #[arg(long, value_name = "FILE", requires = "report")]
    site: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Places by their stamps, in microseconds.
type Places = BTreeMap<i64, [f64; 2]>;

impl Evaluate {
    pub(super) fn run(self) -> ExitCode {
        code(self.try_run())
    }

    fn try_run(&self) -> anyhow::Result<ExitCode> {
        let smoothed = |which: &str| {
            let asked = self.smoothed.as_deref();
            asked == Some(which) || asked == Some("both")
        };
        let a = places(&file(&self.a, smoothed("a")))?;
        let b = places(&file(&self.b, smoothed("b")))?;
        let truth = match &self.truth {
            Some(path) => places(path)?,
            None if self.a.is_dir() => places(&self.a.join("truth.tum"))?,
            None => {
                bail!("state the truth with --truth, or give folders that `wayfix replay -o` wrote")
            }
        };
        let mut epochs = Vec::new();
        for (stamp, truth_m) in &truth {
            if let (Some(a_m), Some(b_m)) = (a.get(stamp), b.get(stamp)) {
                epochs.push(Epoch {
                    t_s: *stamp as f64 * 1e-6,
                    truth_m: *truth_m,
                    of_m: [*a_m, *b_m],
                });
            }
        }
        let pairs: Vec<_> = epochs.iter().map(Epoch::errors).collect();
        let Some(compared) = compare(&pairs) else {
            bail!(
                "both are known at {} of {} times of the truth: at least 20 s are needed",
                pairs.len(),
                truth.len()
            );
        };
        if let Some(path) = &self.report {
            self.page(path, [smoothed("a"), smoothed("b")], &epochs, &compared)?;
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&compared)?);
        } else {
            print!("{}", self.text(&compared, pairs[0].t_s));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn page(
        &self,
        path: &Path,
        smoothed: [bool; 2],
        epochs: &[Epoch],
        compared: &Compared,
    ) -> anyhow::Result<()> {
        let run = |of: &Path, smoothed| Run {
            name: file(of, smoothed).display().to_string(),
            summary: summary(of),
        };
        let runs = [run(&self.a, smoothed[0]), run(&self.b, smoothed[1])];
        let ground = match &self.site {
            Some(file) => {
                let site = config::load_site(file)?;
                let plans = plans::of_page(&site, file);
                Some((site, plans))
            }
            None => None,
        };
        Ok(ComparisonPage { runs, ground }.write(path, epochs, compared)?)
    }

    fn text(&self, c: &Compared, begin_s: f64) -> String {
        let mut text = format!(
            "{} times of the truth, {} blocks of 10 s\n\n   {:>9} {:>9} {:>9} {:>9} {:>9}\n",
            c.epochs, c.blocks, "rmse m", "p50", "p95", "p99", "max"
        );
        for (name, f) in ["A", "B"].iter().zip(&c.of) {
            text += &format!(
                "{name}  {:9.3} {:9.3} {:9.3} {:9.3} {:9.3}\n",
                f.rmse_m, f.p50_m, f.p95_m, f.p99_m, f.max_m
            );
        }
        let [low, high] = c.interval;
        let verdict = c.verdict();
        text += &format!(
            "\nB over A: {:.3}, 95 % within {low:.3} and {high:.3}: {verdict}\n\nWhere they differ most:\n",
            c.ratio
        );
        for s in &c.stretches {
            text += &format!(
                "{:8.1} to {:8.1} s: A {:.3} m, B {:.3} m\n",
                s.from_s - begin_s,
                s.until_s - begin_s,
                s.rmse_m[0],
                s.rmse_m[1]
            );
        }
        text
    }
}

fn file(of: &Path, smoothed: bool) -> PathBuf {
    match (of.is_dir(), smoothed) {
        (false, _) => of.to_owned(),
        (true, false) => of.join("estimate.tum"),
        (true, true) => of.join("smoothed.tum"),
    }
}

/// What a run said of itself, where it did.
fn summary(of: &Path) -> Option<Value> {
    let text = fs::read_to_string(of.join("summary.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// A file of lines `t x y z qx qy qz qw`.
fn places(path: &Path) -> anyhow::Result<Places> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| shown.to_string())?;
    let mut places = Places::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut numbers = line.split_whitespace().map(str::parse::<f64>);
        let (Some(Ok(t)), Some(Ok(x)), Some(Ok(y))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            bail!("{shown}: line {} is not `t x y z qx qy qz qw`", i + 1);
        };
        places.insert((t * 1e6).round() as i64, [x, y]);
    }
    if places.is_empty() {
        bail!("{shown}: no line");
    }
    Ok(places)
}
