//! What the tests that replay share.

#![allow(dead_code, reason = "not every test file needs everything")]

pub mod drives;
pub mod quantity;

use std::path::PathBuf;
use std::process::Command;

use wayfix::config::vehicle::Start;
use wayfix::engine::{Engine, Estimate, Fate, Health, Outputs, Pose, Report, Reset};
use wayfix::evaluate::Comparison;
use wayfix::log::{Record, Truth};
use wayfix::replay::{Replay, Sink, Summary, merge};
use wayfix::sim::Simulation;
use wayfix_sensors::Sample;

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

/// An estimate without what depends on the order of arrival: its smooth pose, which follows what was
/// told, and its health, of which clocks are part.
pub fn exact(estimate: Estimate) -> Estimate {
    Estimate {
        smooth: Pose {
            p_n: estimate.p_n,
            q_nb: estimate.q_nb,
        },
        health: Health::default(),
        ..estimate
    }
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

/// An engine that was fed, and what it answered.
pub struct Fed {
    pub engine: Engine,
    pub reports: Vec<Report>,
    pub resets: Vec<Reset>,
}

impl Fed {
    /// Feeds samples in this order of arrival on a simulation's two files.
    pub fn new(simulation: &Simulation, samples: impl IntoIterator<Item = Sample>) -> Self {
        let mut fed = Self {
            engine: Engine::new(&simulation.site, &simulation.vehicle).unwrap(),
            reports: Vec::new(),
            resets: Vec::new(),
        };
        fed.feed(samples);
        fed
    }

    /// Feeds more, after which all is final.
    pub fn feed(&mut self, samples: impl IntoIterator<Item = Sample>) {
        let mut outputs = Outputs::default();
        for sample in samples {
            self.engine.step(&sample, &mut outputs);
            self.reports.append(&mut outputs.reports);
            self.resets.append(&mut outputs.resets);
        }
        self.engine.finish(&mut outputs);
        self.reports.append(&mut outputs.reports);
        self.resets.append(&mut outputs.resets);
    }

    /// The estimate now.
    pub fn estimate(&self) -> Estimate {
        self.engine.estimate().unwrap()
    }

    /// Estimate and parameters, every bit of them.
    pub fn bits(&self) -> String {
        let parameters = self.engine.parameters();
        let exact = self.engine.estimate().map(exact);
        format!("{exact:?} {parameters:?}")
    }

    /// How many samples met this fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.reports.iter().filter(|r| r.fate == fate).count()
    }

    /// Horizontal error of the estimate now [m].
    pub fn error_m(&self, simulation: &Simulation) -> f64 {
        let estimate = self.estimate();
        let truth = simulation.trajectory.at(estimate.t.seconds());
        (estimate.p_n - truth.position_m).xy().norm()
    }
}

/// Tells the vehicle file where the run starts, to 0.1 m and 2 deg.
pub fn start_known(run: &mut Simulation) {
    let at = run.trajectory.at(0.0);
    run.vehicle.start = Some(Start {
        position_m: at.position_m.into(),
        sigma_m: 0.1,
        yaw_deg: Some(at.yaw_rad.to_degrees()),
        yaw_sigma_deg: 2.0,
    });
}
