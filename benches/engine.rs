//! What the engine costs: `cargo bench --bench engine`.
//!
//! CPU time of a sample is stated in predictions of the `eskf` crate, which are timed between the
//! samples of the same run: machines differ and are shared, the ratio stays. The estimate is read
//! every 10 ms of a log with its protection level, as a user does. Medians of five rounds. A missed
//! target is printed, an estimate that is wrong at the end is a failure.

#![allow(clippy::unwrap_used, reason = "a bench is a test")]

mod support;

use std::hint::black_box;

use support::asset::{Asset, Outputs, TAG, VEHICLE};
use support::cpu::cpu_s;
use support::heap::engine_bytes;
use support::peer::Peer;
use support::{dense, median, verdict};
use wayfix::sim::channel::Received;
use wayfix::sim::scenario::Scenario;
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_filter::Timestamp;

const ROUNDS: usize = 5;
const SEED: u64 = 1;
/// Samples between two batches of predictions.
const STRETCH: usize = 200;
/// Predictions in a batch.
const PREDICTIONS: u32 = 100;
/// Between two estimates that are read.
const READ_NS: i64 = 10_000_000;
/// An estimate that ends farther from truth is wrong [m].
const WRONG_M: f64 = 0.5;

/// At most so many predictions a sample.
const HOUR: f64 = 2.0;
const HOUR_ALONE: f64 = 1.0;
const FORKLIFT_DAY: f64 = 5.0;
/// At least so many times as fast as real time.
const DENSE: f64 = 100.0;
/// At most so much memory [kB].
const TAG_ALONE_KB: f64 = 48.0;
const TAG_KB: f64 = 200.0;
const VEHICLE_KB: f64 = 8000.0;

/// What it took to feed a log.
struct Cost {
    /// Length of the log [s].
    span_s: f64,
    /// CPU time for that [s], of it that of a sample.
    cpu_s: f64,
    sample_s: f64,
    /// CPU time of a prediction of the peer [s].
    prediction_s: f64,
}

/// Feeds samples and reads the estimate every 10 ms; predicts with `peer` between stretches. What
/// arrives before `from_s` is not counted: at the start many hypotheses are alive.
fn feed(simulation: &Simulation, from_s: f64, peer: &Peer) -> (Asset<VEHICLE>, Cost) {
    let received = &simulation.received;
    let mut asset = Asset::new(simulation);
    let mut outputs = Outputs::default();
    let mut read = Timestamp(i64::MIN);
    let mut play = |samples: &[Received]| {
        for Received { t, sample } in samples {
            asset.step(black_box(sample), &mut outputs);
            black_box(&outputs);
            if *t >= read {
                read = *t + READ_NS;
                black_box(asset.position());
            }
        }
    };
    let (start, counted) = received.split_at(received.partition_point(|r| r.t.seconds() < from_s));
    play(start);
    let (mut took_s, mut predictions_s) = (0.0, Vec::new());
    for stretch in counted.chunks(STRETCH) {
        let begun = cpu_s();
        play(stretch);
        took_s += cpu_s() - begun;
        predictions_s.push(peer.predictions_s(PREDICTIONS));
    }
    let cost = Cost {
        span_s: received[received.len() - 1].t.seconds() - from_s,
        cpu_s: took_s,
        sample_s: took_s / counted.len() as f64,
        prediction_s: median(predictions_s) / f64::from(PREDICTIONS),
    };
    (asset, cost)
}

/// A log that is replayed for its time.
struct Load {
    name: &'static str,
    simulation: Simulation,
    from_s: f64,
    target: Target,
    rounds: Vec<Cost>,
}

enum Target {
    /// Predictions a sample, at most.
    Predictions(f64),
    /// Times as fast as real time, at least.
    RealTime(f64),
}

impl Load {
    fn new(name: &'static str, simulation: Simulation, from_s: f64, target: Target) -> Self {
        Self {
            name,
            simulation,
            from_s,
            target,
            rounds: Vec::new(),
        }
    }

    fn play(&mut self, peer: &Peer) {
        let (asset, cost) = feed(&self.simulation, self.from_s, peer);
        let error_m = asset.error_n(&self.simulation).norm();
        assert!(
            error_m < WRONG_M,
            "{}: the estimate ends {error_m:.2} m from truth",
            self.name
        );
        self.rounds.push(cost);
    }

    fn median(&self, figure: impl Fn(&Cost) -> f64) -> f64 {
        median(self.rounds.iter().map(figure).collect())
    }

    fn print(&self) {
        let predictions = self.median(|cost| cost.sample_s / cost.prediction_s);
        let real_time = self.median(|cost| cost.span_s / cost.cpu_s);
        let target = match self.target {
            Target::Predictions(most) => {
                format!(
                    "at most {most} predictions: {}",
                    verdict(predictions <= most)
                )
            }
            Target::RealTime(least) => {
                format!(
                    "at least {least} x real time: {}",
                    verdict(real_time >= least)
                )
            }
        };
        println!(
            "{:28} {predictions:8.2} predictions a sample ({:6.2} us) {real_time:8.1} x real time   target {target}",
            self.name,
            1e6 * self.median(|cost| cost.sample_s),
        );
    }
}

fn print_memory<const N: usize>(name: &str, simulation: &Simulation, most_kb: f64) {
    let kb = 1e-3 * engine_bytes::<N>(simulation);
    let met = verdict(kb <= most_kb);
    println!("{name:28} {kb:8.0} kB   target at most {most_kb} kB: {met}");
}

fn drive(scenario: &Scenario, duration_s: Option<f64>) -> Simulation {
    simulate(scenario, SEED, duration_s).unwrap()
}

/// The same without the filters beside the estimate.
fn alone(mut simulation: Simulation) -> Simulation {
    simulation.vehicle.protection.separation = false;
    simulation
}

fn main() {
    let find = |name| scenario::find(name).unwrap();
    let hour = drive(find("hour"), Some(300.0));
    let forklift_day = drive(find("forklift_day"), None);
    let dense = drive(&dense::DENSE, Some(32.0));
    let predictions = Target::Predictions;
    let mut loads = [
        Load::new("hour", hour.clone(), 20.0, predictions(HOUR)),
        Load::new(
            "hour, separation off",
            alone(hour),
            20.0,
            predictions(HOUR_ALONE),
        ),
        Load::new(
            "forklift_day",
            forklift_day.clone(),
            20.0,
            predictions(FORKLIFT_DAY),
        ),
        Load::new(
            "dense, 2400 ranges a second",
            dense,
            2.0,
            Target::RealTime(DENSE),
        ),
    ];
    let only: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    if !only.is_empty() {
        // `cargo bench --bench engine -- hour dense`: the rows that begin so, and no memory.
        let is_asked = |load: &&mut Load| only.iter().any(|o| load.name.starts_with(o.as_str()));
        let peer = Peer::warmed();
        for load in loads.iter_mut().filter(is_asked) {
            for _ in 0..ROUNDS {
                load.play(&peer);
            }
            load.print();
        }
        return;
    }
    let peer = Peer::warmed();
    for _ in 0..ROUNDS {
        for load in &mut loads {
            load.play(&peer);
        }
    }
    let predictions = loads
        .iter()
        .flat_map(|load| &load.rounds)
        .map(|cost| cost.prediction_s);
    println!(
        "a prediction of eskf: {:.0} ns; medians of {ROUNDS} rounds, CPU time",
        1e9 * median(predictions.collect())
    );
    for load in &loads {
        load.print();
    }
    println!("memory of one engine at the end of a log:");
    let tag = drive(find("tag_only"), Some(60.0));
    print_memory::<TAG>(
        "tag_only, separation off",
        &alone(tag.clone()),
        TAG_ALONE_KB,
    );
    print_memory::<TAG>("tag_only", &tag, TAG_KB);
    print_memory::<VEHICLE>("forklift_day", &forklift_day, VEHICLE_KB);
}
