//! `wayfix campaign`: what happens when something goes wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use anyhow::Context;
use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};

use super::campaign_table as table;
use super::outcome::code;
use crate::campaign::{Case, CaseDocument, all, find, run};

/// Play the scenario campaign: faults of every kind in simulated runs, each beside its fault-free
/// twin of the same seed. Tells errors, honesty, time to recover, jumps, and what was reported.
///
/// Exit code 0: every criterion is met; 1: one is not; 2: a file can't be written.
#[derive(Debug, Args)]
pub struct Campaign {
    /// Only this case; can be given several times.
    #[arg(long = "case", value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    cases: Vec<String>,
    /// Runs of each case.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// List the cases and end.
    #[arg(long)]
    list: bool,
    /// Print one JSON document instead of the table.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(short, long)]
    quiet: bool,
    /// Folder for campaign.json and campaign.csv; made if need be.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

fn names() -> PossibleValuesParser {
    all()
        .map(|case| clap::builder::PossibleValue::new(case.name).help(case.about))
        .collect::<Vec<_>>()
        .into()
}

/// Exit code where a criterion is not met.
const NOT_MET: u8 = 1;

impl Campaign {
    pub(super) fn run(self) -> ExitCode {
        code(self.try_run())
    }

    fn try_run(&self) -> anyhow::Result<ExitCode> {
        let cases: Vec<&'static Case> = if self.cases.is_empty() {
            all().collect()
        } else {
            self.cases.iter().filter_map(|name| find(name)).collect()
        };
        if self.list {
            print!("{}", table::list(&cases));
            return Ok(ExitCode::SUCCESS);
        }
        let bar = self.bar(cases.len() as u64 * self.seeds);
        let threads = available_parallelism().map_or(1, usize::from);
        let outcomes = run(&cases, 1..self.seeds + 1, threads, &|| bar.inc(1))?;
        bar.finish_and_clear();
        let documents: Vec<CaseDocument> = outcomes.iter().map(|o| o.document()).collect();
        if let Some(directory) = &self.output {
            write(directory, &documents)?;
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&documents)?);
        } else if !self.quiet {
            print!("{}", table::text(&documents));
        }
        Ok(if documents.iter().all(|d| d.is_as_known) {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(NOT_MET)
        })
    }

    /// On the terminal, where there is one.
    fn bar(&self, length: u64) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} runs  {eta:>4} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar
    }
}

fn write(directory: &Path, documents: &[CaseDocument]) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let json = serde_json::to_string_pretty(documents)? + "\n";
    file("campaign.json", &json)?;
    file("campaign.csv", &table::csv(documents)?)
}
