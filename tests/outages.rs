//! Sources that come and go: the state is carried by the inertial unit, else by the wheels, else by
//! nothing (a tag), and back; the covariance says which, and the error stays within it.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::Range;

use support::{Fed, start_known};
use wayfix::config::Source;
use wayfix::engine::Mode;
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

const SEEDS: Range<u64> = 1..11;
/// Time between two looks [s].
const LOOK_S: f64 = 0.25;

/// A robot with inertial unit, wheels, ranges and satellites, whose start is known; it drives from the
/// tenth second on.
fn robot(seed: u64) -> Simulation {
    let mut run = simulate(scenario::find("hour").unwrap(), seed, Some(40.0)).unwrap();
    start_known(&mut run);
    run
}

/// A look at the estimate.
#[derive(Clone, Copy, Debug)]
struct Look {
    t_s: f64,
    mode: Mode,
    error_m: f64,
    sigma_m: f64,
    yaw_sigma_rad: f64,
}

/// Which source is silent when [s].
type Silence<'a> = (&'a str, Range<f64>);

fn is_silent(sample: &Sample, silences: &[Silence]) -> bool {
    let of = |(source, between_s): &Silence| {
        sample.source.as_str() == *source && between_s.contains(&sample.t.seconds())
    };
    silences.iter().any(of)
}

/// The estimate every quarter of a second from the twelfth second on, with what had arrived by then.
fn looks(run: &Simulation, silences: &[Silence]) -> Vec<Look> {
    let mut fed = Fed::new(run, []);
    let mut looks = Vec::new();
    let mut samples = run.samples().filter(|s| !is_silent(s, silences)).peekable();
    let count = (28.0 / LOOK_S) as u32;
    for t_s in (0..count).map(|i| 12.0 + LOOK_S * f64::from(i)) {
        while let Some(sample) = samples.next_if(|s| s.t.seconds() < t_s) {
            fed.feed([sample]);
        }
        let t = Timestamp::from_seconds(t_s);
        let estimate = fed.engine.estimate_at(t).unwrap();
        assert_eq!(estimate.t, t);
        let p = estimate.position_covariance;
        let truth = run.trajectory.at(t_s).position_m;
        looks.push(Look {
            t_s,
            mode: estimate.mode,
            error_m: (estimate.p_n - truth).xy().norm(),
            sigma_m: (p[(0, 0)] + p[(1, 1)]).sqrt(),
            yaw_sigma_rad: estimate.yaw_sigma_rad(),
        });
    }
    looks
}

fn at(looks: &[Look], t_s: f64) -> Look {
    *looks.iter().find(|l| (l.t_s - t_s).abs() < 1e-6).unwrap()
}

fn between(looks: &[Look], between_s: Range<f64>) -> impl Iterator<Item = &Look> {
    looks.iter().filter(move |l| between_s.contains(&l.t_s))
}

fn assert_within_sigma(looks: &[Look], between_s: Range<f64>) {
    for look in between(looks, between_s) {
        assert!(look.error_m < 3.0 * look.sigma_m, "{look:?}");
    }
}

fn assert_grows(looks: &[Look], between_s: Range<f64>) {
    let inside: Vec<&Look> = between(looks, between_s).collect();
    for pair in inside.windows(2) {
        assert!(pair[1].sigma_m > pair[0].sigma_m, "{pair:?}");
    }
}

/// Neither ranges nor satellites.
const INSIDE: [Silence<'static>; 2] = [("gnss", 14.0..30.0), ("uwb", 14.0..30.0)];

#[test]
fn without_the_inertial_unit_the_wheels_carry_on_until_it_is_back() {
    for seed in SEEDS {
        let silences = [&INSIDE[..], &[("imu", 18.0..22.0)]].concat();
        let looks = looks(&robot(seed), &silences);
        assert!(between(&looks, 16.5..30.0).all(|l| l.mode == Mode::DeadReckoning));
        assert_within_sigma(&looks, 12.0..40.0);
        assert_grows(&looks, 14.5..30.0);
        // Heading by wheels gets worse with every metre, by gyro hardly.
        let yaw = |t_s| at(&looks, t_s).yaw_sigma_rad;
        assert!(yaw(18.0) < 1.1 * yaw(16.0) && yaw(29.0) < 1.1 * yaw(23.0));
        assert!(yaw(22.0) > 1.5 * yaw(18.0), "{} {}", yaw(18.0), yaw(22.0));
        assert!(at(&looks, 33.0).error_m < 0.1);
    }
}

#[test]
fn without_wheels_the_inertial_unit_carries_on_until_they_are_back() {
    for seed in SEEDS {
        let silences = [&INSIDE[..], &[("wheels", 18.0..22.0)]].concat();
        let looks = looks(&robot(seed), &silences);
        assert!(between(&looks, 16.5..30.0).all(|l| l.mode == Mode::DeadReckoning));
        assert_within_sigma(&looks, 12.0..40.0);
        // The speed is no longer measured, and again.
        let grown = |from_s: f64| at(&looks, from_s + 4.0).sigma_m - at(&looks, from_s).sigma_m;
        assert!(
            grown(18.0) > 0.1 && grown(25.0) > 0.08,
            "{} {}",
            grown(18.0),
            grown(25.0)
        );
        assert!(at(&looks, 33.0).error_m < 0.1);
    }
}

#[test]
fn without_both_the_estimate_only_spreads() {
    for seed in SEEDS {
        let silences = [&INSIDE[..], &[("imu", 16.0..40.0), ("wheels", 19.0..40.0)]].concat();
        let looks = looks(&robot(seed), &silences);
        // Inertial unit to the 16th second, wheels to the 19th, then nothing: half a second later each.
        assert!(between(&looks, 16.0..19.5).all(|l| l.mode == Mode::DeadReckoning));
        assert!(between(&looks, 19.75..30.0).all(|l| l.mode == Mode::Lost));
        assert_within_sigma(&looks, 12.0..40.0);
        assert_grows(&looks, 14.5..30.0);
        let sigma = |t_s| at(&looks, t_s).sigma_m;
        assert!(sigma(19.0) < 0.3, "{}", sigma(19.0));
        // White acceleration of 1 m/s²/√Hz: (t³/3)^½ along each axis.
        let spread = (2.0 * 4f64.powi(3) / 3.0).sqrt();
        assert!(
            (0.8..1.4).contains(&(sigma(23.5) / spread)),
            "{}",
            sigma(23.5)
        );
        // Ranges and satellites alone place it again.
        assert!(between(&looks, 32.0..40.0).all(|l| l.mode == Mode::Tracking && l.error_m < 0.5));
    }
}

#[test]
fn ranges_and_satellites_place_what_nothing_carries() {
    for seed in SEEDS {
        let silences = [("imu", 16.0..40.0), ("wheels", 19.0..40.0)];
        let looks = looks(&robot(seed), &silences);
        assert!(looks.iter().all(|l| l.mode == Mode::Tracking));
        assert_within_sigma(&looks, 12.0..19.0);
        // For half a second the wheels' last speed is taken as if it were still measured.
        assert_within_sigma(&looks, 19.75..40.0);
        assert!(looks.iter().all(|l| l.error_m < 0.5));
        let sigma = |t_s| at(&looks, t_s).sigma_m;
        assert!(
            // What satellites and ranges are not tied together by is in both.
            sigma(22.0) > 1.4 * sigma(18.0),
            "{} {}",
            sigma(18.0),
            sigma(22.0)
        );
        // Nothing tells the heading of a tag.
        assert!(at(&looks, 22.0).yaw_sigma_rad > 0.2);
    }
}

#[test]
fn wheels_and_inertial_unit_take_over_again_where_nothing_carried() {
    let gaps = [("imu", 16.0..28.0), ("wheels", 19.0..23.0)];
    for seed in SEEDS {
        let seen = looks(&robot(seed), &gaps);
        assert_within_sigma(&seen, 19.75..40.0);
        let yaw = |t_s| at(&seen, t_s).yaw_sigma_rad;
        assert!(yaw(22.0) > 0.2 && yaw(25.0) < 0.05);
        // The same in the dark: what was lost in the gap stays lost.
        let lost = looks(&robot(seed), &[&INSIDE[..], &gaps[..]].concat());
        assert_within_sigma(&lost, 12.0..40.0);
        assert!(at(&lost, 23.5).sigma_m > 3.0, "{:?}", at(&lost, 23.5));
        assert!(at(&lost, 34.0).error_m < 0.2, "{:?}", at(&lost, 34.0));
    }
}

/// A gyro without accelerometer; the first reading of the wheels comes a tenth of a second later.
#[test]
fn a_known_heading_is_kept_until_the_wheels_are_heard() {
    let mut run = robot(1);
    if let Some(Source::Imu(imu)) = run.vehicle.sources.get_mut("imu") {
        imu.use_accel = false;
    }
    let is_heard = |s: &Sample| s.source.as_str() != "wheels" || s.t.seconds() > 0.1;
    let early = run.samples().filter(|s| s.t.seconds() < 0.3);
    let fed = Fed::new(&run, early.filter(is_heard));
    let sigma_deg = fed.estimate().yaw_sigma_rad().to_degrees();
    assert!(sigma_deg < 2.5, "{sigma_deg}");
}
