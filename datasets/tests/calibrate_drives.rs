//! Calibration of anchors on public recordings.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

use wayfix::calibrate::{By, Drive, Report, Verdict, anchors};
use wayfix_datasets::recording::Recording;
use wayfix_datasets::sets::{self, Options};

fn recording(set: &str, options: &Options) -> Option<Recording> {
    let dir = sets::data_dir().join(set);
    if !dir.is_dir() {
        println!(
            "skipped: no recording in {} (set WAYFIX_DATA)",
            dir.display()
        );
        return None;
    }
    Some(sets::load(set, &dir, options).unwrap())
}

fn tell(report: &Report) {
    println!("{}", report.headline);
    for p in &report.parameters {
        println!(
            "  {} {:.4} ± {:.4} {:?} (before {:?})",
            p.key, p.value, p.sigma, p.verdict, p.before
        );
    }
    for fit in &report.fits {
        println!("  {} {:.3} {:?}", fit.name, fit.rms, fit.rms_before);
    }
    for warning in &report.warnings {
        println!("  {warning}");
    }
}

fn value(report: &Report, key: &str) -> f64 {
    let parameter = report.parameter(key).unwrap_or_else(|| panic!("{key}"));
    assert_ne!(parameter.verdict, Verdict::NotShown, "{key}");
    parameter.value
}

fn anchors_of(recording: &Recording, by: By, survey_all: bool) -> Report {
    let log = Drive::from_records(&recording.records);
    let request = anchors::Request {
        by,
        survey_all,
        ..anchors::Request::default()
    };
    let report = anchors::calibrate(&recording.site, &recording.vehicle, &log, &request).unwrap();
    tell(&report);
    report
}

/// How far surveyed anchors are from where the set says they are \[m\].
fn worst_m(recording: &Recording, report: &Report, axes: usize) -> f64 {
    let mut worst_m = 0.0_f64;
    for anchor in &recording.site.anchors {
        let squares = (0..axes).map(|k| {
            let key = format!("anchor[\"{}\"].position_m[{k}]", anchor.id);
            (value(report, &key) - anchor.position_m[k]).powi(2)
        });
        worst_m = worst_m.max(squares.sum::<f64>().sqrt());
    }
    worst_m
}

#[test]
fn plaza_shows_the_scale_of_its_ranges() {
    let Some(plaza) = recording("plaza1", &Options::default()) else {
        return;
    };
    // Along the truth, and along what odometry and ranges make of it.
    for by in [By::Best, By::Odometry] {
        let report = anchors_of(&plaza, by, false);
        let scale = value(&report, "source.radio.scale");
        assert!((scale - 1.069).abs() < 0.003, "{scale}");
    }
}

#[test]
fn plaza_surveys_its_beacons_from_odometry_and_ranges() {
    let Some(mut plaza) = recording("plaza1", &Options::default()) else {
        return;
    };
    // Nothing is known of the beacons, nor of the scale.
    let surveyed = plaza.clone();
    plaza.site.anchors.clear();
    let report = anchors_of(&plaza, By::Odometry, false);
    let worst_m = worst_m(&surveyed, &report, 2);
    println!("farthest beacon {worst_m:.2} m");
    assert!(worst_m < 1.0, "{worst_m}");
}

/// Median errors of the ranges against the truth, as the set's description has them.
const LABYRINTH_M: [(&str, f64); 4] = [("105", 0.11), ("107", 0.07), ("108", 0.17), ("109", 0.08)];

#[test]
fn labyrinth_shows_its_biases() {
    let Some(labyrinth) = recording("labyrinth", &Options::default()) else {
        return;
    };
    for by in [By::Best, By::Odometry] {
        let report = anchors_of(&labyrinth, by.clone(), false);
        for (id, expected_m) in LABYRINTH_M {
            // A scale beside the bias shares what a median has alone: at the mean distance.
            let bias_m = value(&report, &format!("anchor[\"{id}\"].bias_m"));
            let scale = report.parameter("source.uwb.scale").unwrap().value;
            let excess_m = bias_m + (scale - 1.0) * 1.5;
            println!("{id}: {excess_m:.3}, median {expected_m}");
            assert!(
                (excess_m - expected_m).abs() < 0.03,
                "{id} {by:?}: {excess_m}"
            );
        }
    }
}

#[test]
fn iasl_shows_the_geometry_of_its_anchors() {
    let Some(box_) = recording("iasl_uwb", &Options::default()) else {
        return;
    };
    let report = anchors_of(&box_, By::Best, true);
    let mut squares = Vec::new();
    for (a, one) in box_.site.anchors.iter().enumerate() {
        for other in &box_.site.anchors[..a] {
            let place = |id: &str| -> Vec<f64> {
                (0..3)
                    .map(|k| value(&report, &format!("anchor[\"{id}\"].position_m[{k}]")))
                    .collect()
            };
            let length = |p: &[f64], q: &[f64]| {
                p.iter()
                    .zip(q)
                    .map(|(p, q)| (p - q).powi(2))
                    .sum::<f64>()
                    .sqrt()
            };
            let found_m = length(&place(&one.id), &place(&other.id));
            let known_m = length(&one.position_m, &other.position_m);
            println!(
                "{} to {}: {found_m:.3}, known {known_m:.3}",
                one.id, other.id
            );
            squares.push((found_m - known_m).powi(2));
        }
    }
    let rms_m = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
    println!("distances between anchors {rms_m:.3} m RMS");
    assert!(rms_m < 0.3, "{rms_m}");
}
