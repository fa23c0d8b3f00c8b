//! `wayfix demo`: the fork-lift's day, simulated and replayed in one go.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use super::draw::Draw;
use super::outcome::{Run, Telling, code};
use crate::log::{Form, Record};
use crate::replay::{Read, merge};
use crate::sim::{scenario, simulate, write};

/// What is played.
const SCENARIO: &str = "forklift_day";

/// A fork-lift's day, simulated and replayed: from the yard with satellites through a door into a
/// hall with UWB, BLE and ceiling markers, and back. Needs no other file.
///
/// Exit codes as of `wayfix replay`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Randomness: the same seed gives the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the log, truth, the two files and the results; made if need be.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    draw: Draw,
    #[command(flatten)]
    telling: Telling,
}

impl Demo {
    pub(super) fn run(self) -> ExitCode {
        code(self.try_run())
    }

    fn try_run(&self) -> anyhow::Result<ExitCode> {
        let scenario = scenario::find(SCENARIO).ok_or_else(|| anyhow!("no scenario {SCENARIO}"))?;
        let simulation = simulate(scenario, self.seed, None)?;
        if let Some(directory) = &self.output {
            write(&simulation, directory, Form::Mcap)?;
        }
        let output = self.output.as_deref();
        let (site, vehicle) = (&simulation.site, &simulation.vehicle);
        let mut run = Run::begin(site, vehicle, &self.telling, output)?;
        run.draw(self.draw.begin(site, vehicle, Path::new(""), false)?);
        let samples = simulation.samples().map(Record::Sample);
        let truth = simulation.truth.iter().copied();
        for record in merge(samples, Some(truth)) {
            if run.is_stopped() {
                break;
            }
            run.feed(&record);
        }
        let name = format!("{SCENARIO}, seed {}", self.seed);
        run.end(&name, Read::default(), &self.telling)
    }
}
