//! What the summary says of gates, on runs whose sigmas are right, three times too large, and three
//! times too small.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::Range;

use support::replayed;
use wayfix::config::Source;
use wayfix::evaluate::{GatePower, Misfit};
use wayfix::log::Record;
use wayfix::output::Document;
use wayfix::output::summary::GateRow;
use wayfix::sim::{Simulation, scenario, simulate};

const SEEDS: Range<u64> = 0..3;
/// Enough for the votes of eighteen stretches.
const DURATION_S: f64 = 90.0;

/// A robot with inertial unit, wheels, ranges and satellites, whose file has `factor` times the sigma
/// that the ranges really have.
fn run(seed: u64, factor: f64) -> (GatePower, GateRow) {
    let scenario = scenario::find("hour").unwrap();
    let mut run: Simulation = simulate(scenario, seed, Some(DURATION_S)).unwrap();
    let Some(Source::Uwb(uwb)) = run.vehicle.sources.get_mut("uwb") else {
        panic!("the scenario has ranges")
    };
    uwb.range_sigma_m *= factor;
    let samples: Vec<Record> = run.samples().map(Record::Sample).collect();
    let summary = replayed(&run, samples.into_iter(), None);
    let document = Document::new("", &summary, 1.0);
    let row = document.sources.iter().find(|s| s.source == "uwb").unwrap();
    let of_uwb = |((name, _), _): &(&(_, _), &_)| -> bool {
        let name: &wayfix_sensors::Name = name;
        name.as_str() == "uwb"
    };
    let (_, source) = summary.sources.iter().find(of_uwb).unwrap();
    (source.gate.clone(), row.gate.clone().unwrap())
}

#[test]
fn right_sigmas_raise_no_warning() {
    for seed in SEEDS {
        let (power, row) = run(seed, 1.0);
        let ratio = power.sigma_ratio().unwrap();
        println!("seed {seed}: ratio {ratio:.3}, {row:?}");
        assert_eq!(power.misfit(), None, "{row:?}");
        assert_eq!((row.misfit, &row.warning), (None, &None));
        // Half of all NIS below the median, within what as many ranges allow.
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }
}

#[test]
fn sigmas_three_times_too_large_are_a_loose_gate_that_says_what_it_sees() {
    for seed in SEEDS {
        let ((_, right), (power, row)) = (run(seed, 1.0), run(seed, 3.0));
        println!("seed {seed}: {row:?}");
        assert_eq!(power.misfit(), Some(Misfit::TooLoose), "{row:?}");
        let times = row.caught[0].median / right.caught[0].median;
        assert!((2.0..3.2).contains(&times), "{times}");
        let warning = row.warning.unwrap();
        let seen = format!("sudden errors below {:.2} m pass", row.caught[0].median);
        assert!(warning.contains(&seen), "{warning}");
    }
}

#[test]
fn sigmas_three_times_too_small_are_a_tight_gate() {
    for seed in SEEDS {
        let (power, row) = run(seed, 1.0 / 3.0);
        println!("seed {seed}: {row:?}");
        assert_eq!(power.misfit(), Some(Misfit::TooTight), "{row:?}");
        assert!(row.refused_share > 10.0 * row.expected_share);
    }
}
