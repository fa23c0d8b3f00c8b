//! Computed odometry on public recordings: what is found, against plain fits and what is known.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use support::recording;
use wayfix::calibrate::Verdict;
use wayfix::calibrate::wheels::{Collected, Found, Request, calibrate};
use wayfix::config::Source;
use wayfix::config::source::WheelsSource;
use wayfix_datasets::recording::Recording;
use wayfix_datasets::sets::Options;
use wayfix_sensors::Reading;

/// The set without what its vehicle.toml knows of the odometry.
fn ignorant(mut recording: Recording) -> Recording {
    let Some(Source::Wheels(wheels)) = recording.vehicle.sources.get_mut("wheels") else {
        unreachable!()
    };
    let defaults = WheelsSource::default();
    (wheels.delay_s, wheels.time_constant_s) = (defaults.delay_s, defaults.time_constant_s);
    recording
}

fn found(recording: &Recording) -> Found {
    let log = Collected::from_records(&recording.vehicle, &recording.records);
    let request = Request {
        holdout: true,
        ..Request::default()
    };
    let found = calibrate(&recording.vehicle, &log, &request).unwrap();
    println!("{}, {:.1} s", recording.name, found.shared_s);
    for p in &found.parameters {
        println!(
            "  {} {:.4} ± {:.4} {:?}",
            p.key, p.value, p.sigma, p.verdict
        );
    }
    println!("  stated {:?}", found.as_stated);
    println!("  in sample {:?}", found.in_sample);
    println!(
        "  second half {:?}",
        found.holdout.as_ref().unwrap().second_half
    );
    found
}

fn value(found: &Found, key: &str) -> f64 {
    found
        .parameter(&format!("source.wheels.{key}"))
        .unwrap()
        .value
}

#[test]
fn mrclam_follows_its_commands_late() {
    let Some(mrclam) = recording("mrclam", &Options::default()) else {
        return;
    };
    let found = found(&ignorant(mrclam));
    // Stamps of a command are early: dead time, and a lag besides.
    let (dead_s, lag_s) = (-value(&found, "delay_s"), value(&found, "time_constant_s"));
    assert!((dead_s - 0.1).abs() < 0.03, "{dead_s}");
    assert!((lag_s - 0.1).abs() < 0.04, "{lag_s}");
    // A plain fit of what it turns in 2 s, by what it is told 0.2 s before, gives 0.951 without an
    // offset, 0.956 with one of -0.039 rad/m.
    let yaw_rate_scale = value(&found, "yaw_rate_scale");
    assert!((yaw_rate_scale - 0.951).abs() < 0.02, "{yaw_rate_scale}");
    let offset = found.parameter("source.wheels.yaw_rad_per_m").unwrap();
    assert_ne!(offset.verdict, Verdict::NotShown);
    assert!((offset.value + 0.039).abs() < 3.0 * offset.sigma);
    let (before, after) = (found.as_stated.unwrap(), found.in_sample);
    assert!(after.segment_yaw_rms_deg < 0.8 * before.segment_yaw_rms_deg);
}

/// True over told distance, by a plain fit of chords of a second, told 0.1 s late. Speeds run straight from
/// row to row, as in the engine; the set's rows are uneven, each its distance over the time before, and
/// held until the next row they would give 0.935, 0.953 and 0.949, held since the last 0.99, 1.00, 0.99.
fn plain_scale(recording: &Recording) -> f64 {
    let mut told = Vec::new();
    let (mut x_m, mut y_m, mut yaw_rad) = (0.0, 0.0, 0.0_f64);
    let mut last: Option<(f64, f64, f64)> = None;
    let truth: Vec<_> = recording.truth().collect();
    let begin = truth[0].t;
    for sample in recording.samples() {
        let Reading::Twist(twist) = sample.reading else {
            continue;
        };
        let t_s = sample.t.seconds_since(begin);
        let (v, w) = (twist.forward_mps, twist.yaw_rate_radps.unwrap());
        if let Some((before_s, v0, w0)) = last.replace((t_s, v, w)) {
            let dt_s = t_s - before_s;
            let turn = 0.5 * (w + w0) * dt_s;
            let way = 0.5 * (v + v0) * dt_s;
            x_m += way * (yaw_rad + 0.5 * turn).cos();
            y_m += way * (yaw_rad + 0.5 * turn).sin();
            yaw_rad += turn;
        }
        told.push((x_m, y_m));
    }
    // Samples and truth are rows of one file; late odometry looks five rows ahead.
    let (mut both, mut square) = (0.0, 0.0);
    for k in (0..truth.len() - 55).step_by(10) {
        let chord = |from: [f64; 2], to: [f64; 2]| (to[0] - from[0]).hypot(to[1] - from[1]);
        let place = |k: usize| truth[k].state.xy_m.unwrap();
        let seen_m = chord(place(k), place(k + 50));
        let told_m = chord(told[k + 5].into(), told[k + 55].into());
        both += seen_m * told_m;
        square += told_m * told_m;
    }
    both / square
}

#[test]
fn wifibot_shows_its_wheel_scale_on_each_run() {
    for run in ["1", "2", "3"] {
        let options = Options {
            run: Some(run.to_owned()),
            ..Options::default()
        };
        let Some(wifibot) = recording("wifibot", &options) else {
            return;
        };
        let plain = plain_scale(&wifibot);
        let found = found(&ignorant(wifibot));
        let scale = value(&found, "scale");
        println!("  scale {scale:.4}, plain fit {plain:.4}");
        assert!((scale - plain).abs() < 0.01, "run {run}: {scale} {plain}");
    }
}
