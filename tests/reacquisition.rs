//! Lock-out, outage and clocks: an estimate that is confidently wrong opens again when its sources
//! agree on another place, never because of a few wild ones; after an outage with drift the place is
//! found again; a clock that jumps and returns costs its own samples only.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use support::Fed;
use wayfix::config::Source;
use wayfix::config::vehicle::Start;
use wayfix::engine::{Condition, Engine, Fate, Outputs, ResetCause};
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_sensors::sample::PerWheel;
use wayfix_sensors::{Reading, Sample};

/// Metres of a degree of latitude.
const METRES_PER_DEG: f64 = 111_200.0;

/// A robot on a yard with wheels and satellites, five fixes a second; it drives from the fifth second.
fn yard(duration_s: f64) -> Simulation {
    simulate(
        scenario::find("gnss_yard_wheels").unwrap(),
        2,
        Some(duration_s),
    )
    .unwrap()
}

/// A robot with inertial unit, wheels, ranges and satellites; it drives from the tenth second on.
fn robot(duration_s: f64) -> Simulation {
    simulate(scenario::find("hour").unwrap(), 3, Some(duration_s)).unwrap()
}

/// A start where the robot is not, and very sure of it.
fn start_wrong(run: &mut Simulation, off_m: [f64; 2]) {
    let at = run.trajectory.at(0.0);
    run.vehicle.start = Some(Start {
        position_m: [
            at.position_m.x + off_m[0],
            at.position_m.y + off_m[1],
            at.position_m.z,
        ],
        sigma_m: 0.05,
        yaw_deg: Some(at.yaw_rad.to_degrees()),
        yaw_sigma_deg: 2.0,
    });
}

fn without(run: &mut Simulation, is_lost: impl Fn(&Sample) -> bool) {
    run.received.retain(|r| !is_lost(&r.sample));
}

fn is(sample: &Sample, source: &str) -> bool {
    sample.source.as_str() == source
}

/// Satellite positions that are off by 30 m to the north, where the time says so.
fn spike(run: &mut Simulation, is_spiked: impl Fn(f64) -> bool) -> usize {
    let mut spikes = 0;
    for received in &mut run.received {
        let t_s = received.sample.t.seconds();
        if let Reading::GnssPosition(position) = &mut received.sample.reading
            && is_spiked(t_s)
        {
            position.lat_deg += 30.0 / METRES_PER_DEG;
            spikes += 1;
        }
    }
    spikes
}

/// Error after each sample, by the time of the estimate.
fn errors(run: &Simulation) -> (Fed, Vec<(f64, f64)>) {
    let mut fed = Fed::new(run, []);
    let mut errors = Vec::new();
    for sample in run.samples() {
        fed.feed([sample]);
        if let Some(estimate) = fed.engine.estimate() {
            errors.push((estimate.t.seconds(), fed.error_m(run)));
        }
    }
    (fed, errors)
}

fn largest(errors: &[(f64, f64)], between_s: std::ops::Range<f64>) -> f64 {
    let inside = errors.iter().filter(|(t, _)| between_s.contains(t));
    inside.map(|(_, e)| *e).fold(0.0, f64::max)
}

fn assert_below(errors: &[(f64, f64)], between_s: std::ops::Range<f64>, limit_m: f64) {
    let error_m = largest(errors, between_s);
    assert!(error_m < limit_m, "{error_m} m");
}

fn relocalised(fed: &Fed) -> Vec<f64> {
    let is_so = |r: &&wayfix::engine::Reset| r.cause == ResetCause::Relocalised;
    fed.resets
        .iter()
        .filter(is_so)
        .map(|r| r.t.seconds())
        .collect()
}

#[test]
fn satellites_open_a_locked_out_estimate_within_six_seconds() {
    let mut run = yard(30.0);
    start_wrong(&mut run, [-25.0, 17.0]);
    let (fed, errors) = errors(&run);
    let jumps = relocalised(&fed);
    assert!(
        jumps.len() == 1 && (5.0..6.0).contains(&jumps[0]),
        "{jumps:?}"
    );
    assert!(largest(&errors, 1.0..4.9) > 29.0);
    assert_below(&errors, 8.0..30.0, 0.3);
    assert!(fed.error_m(&run) < 0.1);
}

#[test]
fn ranges_open_a_locked_out_estimate_within_seven_seconds() {
    let mut run = robot(30.0);
    without(&mut run, |s| is(s, "gnss"));
    start_wrong(&mut run, [15.0, -12.0]);
    let (fed, errors) = errors(&run);
    let jumps = relocalised(&fed);
    assert!(
        jumps.len() == 1 && (5.0..7.0).contains(&jumps[0]),
        "{jumps:?}"
    );
    assert!(largest(&errors, 1.0..4.9) > 15.0);
    assert_below(&errors, 10.0..30.0, 0.5);
}

#[test]
fn wild_fixes_do_not_move_the_estimate() {
    // One, a burst of 3.5 s, and one every three seconds.
    type When = fn(f64) -> bool;
    let one: When = |t| (30.0..30.2).contains(&t);
    let burst: When = |t| (30.0..33.5).contains(&t);
    let again: When = |t| (15.0..40.0).contains(&t) && t % 3.0 < 0.2;
    for (is_spiked, count) in [(one, 1), (burst, 17), (again, 9)] {
        let mut run = yard(45.0);
        let spikes = spike(&mut run, is_spiked);
        assert!(spikes.abs_diff(count) <= 1, "{spikes}");
        let (fed, errors) = errors(&run);
        assert_eq!(fed.count(Fate::Gated), spikes);
        assert!(relocalised(&fed).is_empty());
        let error_m = largest(&errors, 10.0..45.0);
        assert!(error_m < 0.2, "{error_m}");
    }
}

#[test]
fn a_wild_fix_at_the_end_of_an_outage_does_not_move_the_estimate() {
    let mut run = yard(50.0);
    without(&mut run, |s| {
        is(s, "gnss") && (20.0..40.0).contains(&s.t.seconds())
    });
    let spikes = spike(&mut run, |t| (40.0..40.6).contains(&t));
    assert_eq!(spikes, 3);
    let (fed, errors) = errors(&run);
    assert_eq!(fed.count(Fate::Gated), spikes);
    assert!(relocalised(&fed).is_empty());
    assert_below(&errors, 10.0..50.0, 2.0);
    assert_below(&errors, 42.0..50.0, 0.2);
}

#[test]
fn two_wild_fixes_with_an_outage_between_do_not_move_the_estimate() {
    let mut run = yard(45.0);
    // The last fix before the outage is wild, and so is the first one after it.
    without(&mut run, |s| {
        is(s, "gnss") && (20.2..30.0).contains(&s.t.seconds())
    });
    let spikes = spike(&mut run, |t| (20.0..30.2).contains(&t));
    assert_eq!(spikes, 2);
    let (fed, errors) = errors(&run);
    assert!(relocalised(&fed).is_empty());
    assert_below(&errors, 10.0..45.0, 2.0);
}

#[test]
fn after_an_outage_within_sigma_the_first_fixes_are_fused() {
    let mut run = yard(90.0);
    without(&mut run, |s| {
        is(s, "gnss") && (20.0..75.0).contains(&s.t.seconds())
    });
    let (fed, errors) = errors(&run);
    let drift_m = largest(&errors, 70.0..75.0);
    assert!(drift_m > 0.3, "{drift_m}");
    assert!(relocalised(&fed).is_empty());
    assert_below(&errors, 76.0..90.0, 0.2);
}

/// A robot of which one wheel is larger than its file, which is sure of it, says; no fix is heard from
/// 8 to 70 s. Times of the jumps, and errors.
fn drifted(larger: f64) -> (Vec<f64>, Vec<(f64, f64)>) {
    let mut run = yard(90.0);
    without(&mut run, |s| {
        is(s, "gnss") && (8.0..70.0).contains(&s.t.seconds())
    });
    for received in &mut run.received {
        if let Reading::WheelSpeeds(wheels) = &mut received.sample.reading {
            let [left, right] = *wheels.speeds_mps.as_slice() else {
                panic!("two wheels")
            };
            wheels.speeds_mps = PerWheel::new(&[left, right / larger]).unwrap();
        }
    }
    if let Some(Source::Wheels(wheels)) = run.vehicle.sources.get_mut("wheels") {
        (wheels.scale_sigma, wheels.yaw_rate_scale_sigma) = (0.001, 0.001);
        wheels.yaw_sigma_rad_rtm = 0.001;
    }
    let (fed, errors) = errors(&run);
    (relocalised(&fed), errors)
}

#[test]
fn after_an_outage_with_drift_beyond_sigma_the_place_is_found_within_seven_seconds() {
    let (jumps, errors) = drifted(1.004);
    let drift_m = largest(&errors, 69.0..70.0);
    assert!(drift_m > 5.0, "{drift_m}");
    assert!(
        jumps.len() == 1 && (75.0..76.0).contains(&jumps[0]),
        "{jumps:?}"
    );
    assert_below(&errors, 77.0..90.0, 0.5);
}

/// The heading is off by a right angle or so, to either side, and a place alone does not tell it.
#[test]
fn where_the_heading_has_drifted_too_both_are_found_within_twelve_seconds() {
    for larger in [1.01, 0.99] {
        let (_, errors) = drifted(larger);
        let drift_m = largest(&errors, 69.0..70.0);
        assert!(drift_m > 25.0, "{drift_m}");
        let late_m = largest(&errors, 82.0..90.0);
        assert!(late_m < 0.5, "{larger}: {late_m}");
    }
}

// Clocks.

/// The stamps of some samples, an hour ahead between two times.
fn hour_ahead(
    run: &Simulation,
    between_s: std::ops::Range<f64>,
    is_ahead: impl Fn(&Sample) -> bool,
) -> Vec<Sample> {
    let shifted = |s: Sample| {
        let t = if is_ahead(&s) && between_s.contains(&s.t.seconds()) {
            s.t.shifted(3600.0)
        } else {
            s.t
        };
        Sample { t, ..s }
    };
    run.samples().map(shifted).collect()
}

#[test]
fn a_source_whose_clock_jumps_an_hour_and_returns_is_as_if_silent() {
    let run = robot(30.0);
    for source in ["imu", "wheels", "uwb", "gnss"] {
        let ahead = hour_ahead(&run, 18.0..22.0, |s| is(s, source));
        let fed = Fed::new(&run, ahead.iter().copied());
        let lost = ahead.iter().filter(|s| s.t.seconds() > 3600.0).count();
        assert!(lost >= 40);
        assert_eq!(fed.count(Fate::ClockJump), lost, "{source}");
        let silent = ahead.iter().filter(|s| s.t.seconds() < 3600.0);
        assert_eq!(
            fed.bits(),
            Fed::new(&run, silent.copied()).bits(),
            "{source}"
        );
        assert!(fed.error_m(&run) < 0.2, "{source}");
    }
}

#[test]
fn a_fast_source_beside_a_slow_one_whose_clock_jumps_is_as_if_silent() {
    let mut run = robot(30.0);
    without(&mut run, |s| is(s, "wheels") || is(s, "uwb"));
    let ahead = hour_ahead(&run, 18.0..22.0, |s| is(s, "imu"));
    let fed = Fed::new(&run, ahead.iter().copied());
    assert_eq!(fed.count(Fate::ClockJump), 400);
    assert_eq!(fed.count(Fate::TooLate), 0);
}

#[test]
fn when_all_clocks_jump_an_hour_and_return_the_place_is_found_again() {
    let run = robot(40.0);
    let ahead = hour_ahead(&run, 18.0..22.0, |_| true);
    let mut fed = Fed::new(&run, []);
    let mut found_s = None;
    for sample in ahead {
        fed.feed([sample]);
        let is_back = fed
            .engine
            .estimate()
            .is_some_and(|e| e.t.seconds() < 3600.0);
        let t_s = sample.t.seconds();
        if (22.0..3600.0).contains(&t_s) && is_back && fed.error_m(&run) < 0.3 {
            found_s.get_or_insert(t_s);
        }
    }
    // A hundred too late in a row mean that the clock was set back.
    let late = fed.count(Fate::TooLate);
    assert!((100..130).contains(&late), "{late}");
    let found_s = found_s.unwrap();
    assert!(found_s < 24.0, "{found_s} s");
    assert!(fed.error_m(&run) < 0.2);
}

#[test]
fn when_the_only_clock_jumps_an_hour_and_returns_the_place_is_found_again() {
    let run = simulate(scenario::find("tag_only").unwrap(), 3, Some(40.0)).unwrap();
    let ahead = hour_ahead(&run, 18.0..22.0, |_| true);
    let fed = Fed::new(&run, ahead);
    // A single source insists for two seconds.
    let insisting = run
        .samples()
        .filter(|s| (18.0..20.0).contains(&s.t.seconds()));
    let jumped = fed.count(Fate::ClockJump);
    assert!(jumped.abs_diff(insisting.count()) <= 1, "{jumped}");
    assert_eq!(fed.count(Fate::TooLate), 100);
    let started_s = fed.resets.last().unwrap().t.seconds();
    assert!(started_s < 28.5, "{started_s} s");
    assert!(fed.error_m(&run) < 0.5);
}

#[test]
fn a_clock_that_is_refused_is_told_and_so_is_its_return() {
    let run = robot(30.0);
    let mut engine = Engine::new(&run.site, &run.vehicle).unwrap();
    let mut outputs = Outputs::default();
    let mut told = Vec::new();
    for sample in hour_ahead(&run, 18.0..22.0, |s| is(s, "imu")) {
        engine.step(&sample, &mut outputs);
        let clocks = (outputs.findings.iter()).filter(|f| f.condition == Condition::ClockFault);
        told.extend(clocks.map(|f| (f.source.unwrap().to_string(), f.began)));
    }
    let imu = "imu".to_owned();
    assert_eq!(told, [(imu.clone(), true), (imu, false)]);
}
