//! A golden record of each scenario: a change of behaviour shows as a difference and fails until it is
//! accepted.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

#[path = "support/golden.rs"]
mod golden;

use std::path::Path;

use golden::{Golden, record};
use wayfix::log::Record;
use wayfix::replay::{Replay, Summary, merge};
use wayfix::sim::scenario::{SCENARIOS, Scenario};
use wayfix::sim::simulate;

/// The seed of all.
const SEED: u64 = 1;
/// Longest time that is played of a scenario \[s\].
const LONGEST_S: f64 = 300.0;

fn played(scenario: &Scenario, duration_s: f64) -> Summary {
    let simulation = simulate(scenario, SEED, Some(duration_s)).unwrap();
    let mut replay = Replay::new(&simulation.site, &simulation.vehicle, 1e6).unwrap();
    let samples = simulation.samples().map(Record::Sample);
    for record in merge(samples, Some(simulation.truth.iter().copied())) {
        replay.feed(&record, &mut ());
    }
    replay.finish(&mut ())
}

#[test]
fn every_scenario_does_what_its_record_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut golden = Golden::new(folder, "cargo test --test golden");
    for scenario in &SCENARIOS {
        let duration_s = scenario.trajectory().duration_s().min(LONGEST_S);
        let summary = played(scenario, duration_s);
        let about = format!(
            "{}\n{}\nseed {SEED}, {duration_s:.0} s",
            scenario.name, scenario.about
        );
        golden.check(scenario.name, &record(&about, &summary));
    }
    golden.finish();
}
