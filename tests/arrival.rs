//! Order of arrival at the engine: within the horizon it is no part of the estimate, beyond it a
//! sample is refused and is as if it had never been.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::{Fed, start_known};
use wayfix::config::Source;
use wayfix::engine::{Fate, ResetCause};
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

/// The horizon of the robot, and its checkpoints' distance at most: eight events [s].
const HORIZON_S: f64 = 1.0;
const SPACING_S: f64 = 0.06;
/// So much earlier than its stamp a satellite fix was measured [s].
const STAMP_S: f64 = 0.1;

/// A robot with inertial unit, wheels, ranges and satellites, about 180 samples a second; it drives
/// from the tenth second on. Its anchors are used less often than they are heard, so thinning must not
/// depend on the order either.
fn robot(duration_s: f64) -> Simulation {
    let mut robot = simulate(scenario::find("hour").unwrap(), 4, Some(duration_s)).unwrap();
    robot.vehicle.estimator.horizon_s = HORIZON_S;
    if let Some(Source::Uwb(uwb)) = robot.vehicle.sources.get_mut("uwb") {
        uwb.interval_s = 0.4;
    }
    robot
}

/// The same, where it starts is known.
fn started(duration_s: f64) -> Simulation {
    let mut robot = robot(duration_s);
    start_known(&mut robot);
    robot
}

fn in_order(simulation: &Simulation) -> Vec<Sample> {
    let mut samples: Vec<Sample> = simulation.samples().collect();
    samples.sort_by_key(|sample| (sample.t, sample.source));
    samples
}

/// Each sample arrives as much later than it was measured as its delay says, and where there is a
/// second delay, once more.
fn delayed(samples: &[Sample], delays_s: &[(f64, Option<f64>)]) -> Vec<Sample> {
    let mut arrivals: Vec<(Timestamp, Sample)> = Vec::new();
    for (sample, (first_s, again_s)) in samples.iter().zip(delays_s.iter().cycle()) {
        for delay_s in [Some(*first_s), *again_s].into_iter().flatten() {
            arrivals.push((sample.t.shifted(delay_s), *sample));
        }
    }
    arrivals.sort_by_key(|(arrival, _)| *arrival);
    arrivals.into_iter().map(|(_, sample)| sample).collect()
}

/// Delays within the horizon; one sample in five or so comes twice.
fn delays() -> impl Strategy<Value = Vec<(f64, Option<f64>)>> {
    let delay = || 0.0..HORIZON_S - STAMP_S;
    // A length that has no divisor in common with the pattern of the sources.
    prop::collection::vec((delay(), prop::option::weighted(0.2, delay())), 211)
}

fn assert_same_in_any_order(simulation: &Simulation, delays_s: &[(f64, Option<f64>)]) {
    let samples = in_order(simulation);
    let straight = Fed::new(simulation, samples.iter().copied());
    let arrivals = delayed(&samples, delays_s);
    let shuffled = Fed::new(simulation, arrivals.iter().copied());
    let is_shuffled = arrivals.windows(2).filter(|w| w[0].t > w[1].t).count();
    assert!(is_shuffled > arrivals.len() / 4);
    assert_eq!(
        shuffled.count(Fate::Duplicate),
        arrivals.len() - samples.len()
    );
    assert_eq!(shuffled.count(Fate::TooLate), 0);
    assert!(!straight.engine.parameters().is_empty());
    assert_eq!(shuffled.bits(), straight.bits());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn order_and_duplicates_change_no_bit(delays_s in delays()) {
        let robot = started(14.0);
        assert_same_in_any_order(&robot, &delays_s);
        prop_assert!(Fed::new(&robot, robot.samples()).count(Fate::Thinned) > 100);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn nor_do_they_while_the_heading_is_sought(delays_s in delays()) {
        let mut robot = simulate(scenario::find("gnss_yard_wheels").unwrap(), 4, Some(7.0)).unwrap();
        robot.vehicle.estimator.horizon_s = HORIZON_S;
        assert_same_in_any_order(&robot, &delays_s);
        // It stands, or has just set off: which way it looks is open.
        prop_assert!(Fed::new(&robot, in_order(&robot)).estimate().hypotheses > 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// There is no third way between fused at its place and refused.
    #[test]
    fn a_late_sample_is_fused_at_its_place_or_never_was(
        at in 200..1000usize, late_s in 0.5 * HORIZON_S..2.0 * HORIZON_S
    ) {
        let simulation = started(8.0);
        let all = in_order(&simulation);
        let late = all[at];
        let is_before = |s: &Sample| s != &late && s.t < late.t.shifted(late_s);
        let (before, after): (Vec<Sample>, Vec<Sample>) =
            all.iter().filter(|s| **s != late).partition(|s| is_before(s));
        let mut fed = Fed::new(&simulation, before);
        let bits = fed.bits();
        let newest = fed.reports.iter().map(|r| r.t).max().unwrap();
        fed.feed([late]);
        let report = fed.reports.last().unwrap();
        let age_s = newest.seconds_since(report.t);
        let is_refused = report.fate == Fate::TooLate;
        if is_refused {
            prop_assert_eq!(fed.bits(), bits);
            prop_assert!(age_s > HORIZON_S);
        } else {
            prop_assert!(age_s < HORIZON_S + SPACING_S);
        }
        fed.feed(after);
        let never = all.iter().filter(|s| !is_refused || **s != late);
        prop_assert_eq!(fed.bits(), Fed::new(&simulation, never.copied()).bits());
    }
}

#[test]
fn beyond_the_horizon_every_sample_is_refused() {
    let simulation = started(8.0);
    let all = in_order(&simulation);
    let mut fed = Fed::new(&simulation, all.iter().copied());
    let bits = fed.bits();
    let newest = all.last().unwrap().t;
    let is_old = |s: &&Sample| newest.seconds_since(s.t) > HORIZON_S + SPACING_S;
    // As many in a row as do not yet mean that the clock was set back.
    let old: Vec<Sample> = all.iter().filter(is_old).copied().take(99).collect();
    fed.feed(old.iter().copied());
    assert_eq!((old.len(), fed.count(Fate::TooLate)), (99, 99));
    assert_eq!(fed.bits(), bits);
}

#[test]
fn the_start_is_told_in_any_order() {
    let robot = robot(4.0);
    let samples = in_order(&robot);
    let starts = |fed: Fed| {
        let is_start = |r: &&wayfix::engine::Reset| r.cause == ResetCause::Start;
        fed.resets.iter().filter(is_start).count()
    };
    assert_eq!(starts(Fed::new(&robot, samples.iter().copied())), 1);
    for seed in 0..20 {
        // A late satellite fix, as every receiver's is.
        let late = |s: &Sample| {
            if s.source.as_str() == "gnss" {
                0.1 + 0.01 * f64::from(seed)
            } else {
                0.0
            }
        };
        let mut arrivals: Vec<Sample> = samples.clone();
        arrivals.sort_by_key(|s| (s.t.shifted(late(s)), s.source));
        assert!(starts(Fed::new(&robot, arrivals)) >= 1, "{seed}");
    }
}
