//! `wayfix simulate`: a scenario as a log with truth and its two files.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::log::Form;
use crate::sim::scenario::{SCENARIOS, find};
use crate::sim::{simulate, write};

/// Simulate a scenario: writes log and truth (.mcap or .jsonl), site.toml, vehicle.toml and, with
/// the true biases and scales, parameters.json. The log carries the two files.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Which one.
    #[arg(long, default_value = "forklift_day", value_parser = names())]
    scenario: String,
    /// Randomness: the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stop after this many seconds, instead of at the end of the route.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<f64>,
    /// Form of log and truth.
    #[arg(long, value_enum, default_value_t = Format::Mcap)]
    format: Format,
    /// Folder for the files; made if need be.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Mcap,
    Jsonl,
}

fn names() -> PossibleValuesParser {
    SCENARIOS
        .iter()
        .map(|scenario| clap::builder::PossibleValue::new(scenario.name).help(scenario.about))
        .collect::<Vec<_>>()
        .into()
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    let sensible = seconds > 0.0 && seconds <= 86_400.0;
    sensible
        .then_some(seconds)
        .ok_or_else(|| "expected seconds above 0, at most a day".to_owned())
}

impl Simulate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let scenario = find(&self.scenario)
            .ok_or_else(|| anyhow::anyhow!("no scenario is called {:?}", self.scenario))?;
        let simulation = simulate(scenario, self.seed, self.duration)?;
        let form = match self.format {
            Format::Mcap => Form::Mcap,
            Format::Jsonl => Form::Jsonl,
        };
        write(&simulation, &self.output, form)?;
        eprintln!(
            "{}: {} samples of {} sources, {} truth records -> {}",
            scenario.name,
            simulation.received.len(),
            scenario.equipment.len(),
            simulation.truth.len(),
            self.output.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}
