//! What fixpoints teach is worth having: on the way between markers the vehicle drifts less than one
//! that is not taught.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use support::Fed;
use wayfix::config::Source;
use wayfix::sim::scenario::find;
use wayfix::sim::{Simulation, simulate};
use wayfix_sensors::Reading;

/// Markers after which the comparison begins.
const TAUGHT: usize = 10;

/// Its wheel scale and steering zero are taken as they stand in the file: nothing is learned.
fn frozen(mut run: Simulation) -> Simulation {
    for source in run.vehicle.sources.values_mut() {
        match source {
            Source::Wheels(wheels) => wheels.scale_sigma = 0.0,
            Source::Steering(steering) => steering.offset_sigma_deg = 0.0,
            _ => {}
        }
    }
    run
}

/// Error just before each marker's first sight \[m\], in the order of the way.
fn drifts(run: &Simulation) -> Vec<f64> {
    let mut fed = Fed::new(run, []);
    let mut seen = BTreeSet::new();
    let mut drifts = Vec::new();
    for sample in run.samples() {
        if let Reading::Marker(marker) = &sample.reading
            && seen.insert(marker.marker.to_string())
            && fed.engine.estimate().is_some()
        {
            drifts.push(fed.error_m(run));
        }
        fed.feed([sample]);
    }
    drifts
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn after_ten_markers_the_drift_between_them_has_fallen_by_half() {
    let run = |seed| simulate(find("long_aisle").unwrap(), seed, None).unwrap();
    let (mut taught, mut untaught) = (Vec::new(), Vec::new());
    for seed in 1..=10 {
        taught.extend_from_slice(&drifts(&run(seed))[TAUGHT..]);
        untaught.extend_from_slice(&drifts(&frozen(run(seed)))[TAUGHT..]);
    }
    let (taught_m, untaught_m) = (rms(&taught), rms(&untaught));
    println!("drift at a marker: taught {taught_m:.3} m, frozen {untaught_m:.3} m");
    assert!(taught_m < 0.5 * untaught_m, "{taught_m} {untaught_m} m");
}
