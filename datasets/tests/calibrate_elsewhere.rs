//! What is calibrated on one recording, on another of the same kind.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use support::recording;
use wayfix::calibrate::two_files::changed;
use wayfix::calibrate::wheels::{self, Collected};
use wayfix::calibrate::{By, Drive, File, Report, anchors, mounts, noise};
use wayfix::config::{Source, Vehicle, site_from_str, vehicle_from_str};
use wayfix::evaluate::Comparison;
use wayfix::log::Record;
use wayfix::replay::{Replay, Sink};
use wayfix_datasets::recording::Recording;
use wayfix_datasets::score::score;
use wayfix_datasets::sets::Options;

fn run_of(set: &str, run: &str) -> Option<Recording> {
    let options = Options {
        run: Some(run.to_owned()),
        ..Options::default()
    };
    recording(set, &options)
}

/// Writes into the two files what a calibration found, on whatever recording.
fn apply(report: &Report, to: &mut Recording) {
    for parameter in &report.parameters {
        let (key, verdict) = (&parameter.key, parameter.verdict);
        println!(
            "  {key} {:.4} ± {:.4} {verdict:?}",
            parameter.value, parameter.sigma
        );
    }
    to.site_toml = changed(&to.site_toml, &report.changes(File::Site)).unwrap();
    let mut changes = report.changes(File::Vehicle);
    changes.retain(|change| {
        let key = change.path.to_string();
        let source = key
            .strip_prefix("source.")
            .and_then(|of| of.split('.').next());
        source.is_none_or(|source| to.vehicle.sources.contains_key(source))
    });
    to.vehicle_toml = changed(&to.vehicle_toml, &changes).unwrap();
    to.site = site_from_str("site.toml", &to.site_toml).unwrap().value;
    to.vehicle = vehicle_from_str("vehicle.toml", &to.vehicle_toml)
        .unwrap()
        .value;
}

/// The case's first two figures, online and smoothed.
fn told(what: &str, recording: &Recording) -> f64 {
    let score = score(recording, &recording.vehicle).unwrap();
    let nees = score.nees.map(|(nees, n)| nees / n as f64);
    println!(
        "{}, {what}: {:.3?}, smoothed {:.3?}, NEES {nees:.2?}",
        recording.name, score.figures, score.smoothed
    );
    score.figures[0].1
}

#[derive(Default)]
struct Errors {
    squares_m2: Vec<f64>,
    yaw_squares: Vec<f64>,
}

impl Sink for Errors {
    fn comparison(&mut self, comparison: &Comparison) {
        self.squares_m2
            .extend(comparison.horizontal.map(|e| e.norm_squared()));
        self.yaw_squares.extend(comparison.yaw_rad.map(|e| e * e));
    }
}

/// Odometry alone from the known start: error of position \[m\] and heading [deg], root mean squares.
fn dead_reckoned(recording: &Recording) -> (f64, f64) {
    let mut errors = Errors::default();
    let mut replay = Replay::new(&recording.site, &recording.vehicle, 10.0).unwrap();
    let is_fix =
        |record: &Record| matches!(record, Record::Sample(s) if s.source.as_str() == "fix");
    for record in recording.records.iter().filter(|r| !is_fix(r)) {
        replay.feed(record, &mut errors);
    }
    replay.finish(&mut errors);
    let rms = |v: &[f64]| (v.iter().sum::<f64>() / v.len() as f64).sqrt();
    (
        rms(&errors.squares_m2),
        rms(&errors.yaw_squares).to_degrees(),
    )
}

/// Error of dead reckoning on another run, as its file states and by what this run calibrates \[m\].
fn wheels_elsewhere(from: &str, to: &str) -> Option<(f64, f64)> {
    let one = run_of("wifibot", from)?;
    let log = Collected::from_records(&one.vehicle, &one.records);
    let found = wheels::calibrate(&one.vehicle, &log, &wheels::Request::default()).unwrap();
    let mut other = run_of("wifibot", to)?;
    let (before_m, before_deg) = dead_reckoned(&other);
    told("as stated", &other);
    apply(&found.report(), &mut other);
    let (after_m, after_deg) = dead_reckoned(&other);
    told(&format!("calibrated on run {from}"), &other);
    println!(
        "dead reckoning {before_m:.3} m, {before_deg:.2} deg; calibrated {after_m:.3} m, {after_deg:.2} deg"
    );
    Some((before_m, after_m))
}

#[test]
fn wheels_of_wifibot_from_one_run_on_another() {
    for (from, to) in [("1", "2"), ("1", "3"), ("2", "3"), ("3", "2")] {
        let Some((before_m, after_m)) = wheels_elsewhere(from, to) else {
            return;
        };
        assert!(after_m < before_m, "{from}, {to}: {after_m} {before_m}");
    }
}

fn uwb(vehicle: &mut Vehicle) -> &mut wayfix::config::source::UwbSource {
    match vehicle.sources.get_mut("uwb") {
        Some(Source::Uwb(uwb)) => uwb,
        _ => unreachable!(),
    }
}

/// Both files as if nobody knew that the radio is late.
fn unknown_delay(recording: &mut Recording) {
    recording.vehicle_toml = recording
        .vehicle_toml
        .replace("delay_s = 0.2\n", "delay_s = 0.0\n");
    uwb(&mut recording.vehicle).delay_s = 0.0;
}

#[test]
fn radio_of_hanyang_from_case_1_on_case_3() {
    let Some(mut one) = run_of("hanyang_uwb", "los_a1") else {
        return;
    };
    let mut other = run_of("hanyang_uwb", "los_b3").unwrap();
    unknown_delay(&mut one);
    unknown_delay(&mut other);
    let log = Drive::from_records(&one.records);
    let before_m = told("not calibrated", &other);
    told("itself, not calibrated", &one);

    let request = mounts::Request {
        source: Some("uwb".to_owned()),
        by: By::Best,
        keeps_lever: true,
    };
    let delay = mounts::calibrate(&one.site, &one.vehicle, &log, &request).unwrap();
    apply(&delay, &mut one);
    apply(&delay, &mut other);
    let with_delay_m = told("with the delay", &other);
    let biases = anchors::calibrate(&one.site, &one.vehicle, &log, &anchors::Request::default());
    let biases = biases.unwrap();
    apply(&biases, &mut one);
    apply(&biases, &mut other);
    let with_biases_m = told("with delay and anchors", &other);
    let sigmas = noise::calibrate(&one.site, &one.vehicle, &log, &noise::Request::default());
    let sigmas = sigmas.unwrap();
    apply(&sigmas, &mut one);
    apply(&sigmas, &mut other);
    let with_all_m = told("with delay, anchors and noise", &other);
    told("itself, with all", &one);
    assert!(with_delay_m < before_m, "{with_delay_m} {before_m}");
    // The biases of one place are not those of another: they help nobody there, and do little harm.
    for with_m in [with_biases_m, with_all_m] {
        assert!(with_m < before_m, "{with_m} {before_m}");
    }
}
