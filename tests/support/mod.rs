//! What the tests that replay share.

#![allow(dead_code, reason = "not every test file needs everything")]

use std::path::PathBuf;
use std::process::Command;

use wayfix::engine::{Report, Reset};
use wayfix::evaluate::Comparison;
use wayfix::log::{Record, Truth};
use wayfix::replay::{Replay, Sink, Summary, merge};
use wayfix::sim::Simulation;

/// A folder of its own, gone at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("wayfix-test-{name}-{id}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the program said.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Its output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Runs the program in a folder.
pub fn wayfix(scratch: &Scratch, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_wayfix"))
        .current_dir(&scratch.0)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A replay on a simulation's two files; an estimate after every sample.
pub fn replayed(
    simulation: &Simulation,
    records: impl Iterator<Item = Record>,
    truth: Option<Vec<Truth>>,
) -> Summary {
    let mut replay = Replay::new(&simulation.site, &simulation.vehicle, 1e6).unwrap();
    for record in merge(records, truth.map(Vec::into_iter)) {
        replay.feed(&record, &mut ());
    }
    replay.finish(&mut ())
}

/// Everything that a replay produced against truth.
#[derive(Default)]
pub struct Track {
    pub comparisons: Vec<Comparison>,
    pub reports: Vec<Report>,
    pub resets: Vec<Reset>,
}

impl Sink for Track {
    fn comparison(&mut self, comparison: &Comparison) {
        self.comparisons.push(*comparison);
    }

    fn report(&mut self, report: &Report) {
        self.reports.push(*report);
    }

    fn reset(&mut self, reset: &Reset) {
        self.resets.push(*reset);
    }
}

impl Track {
    /// Replays a simulation on its own files, as they may have been changed since.
    pub fn of(simulation: &Simulation) -> Self {
        let mut replay = Replay::new(&simulation.site, &simulation.vehicle, 1e6).unwrap();
        let mut track = Self::default();
        let samples = simulation.samples().map(Record::Sample);
        for record in merge(samples, Some(simulation.truth.iter().copied())) {
            replay.feed(&record, &mut track);
        }
        replay.finish(&mut track);
        track
    }
}
