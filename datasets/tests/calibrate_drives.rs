//! Calibration of anchors and mounts on public recordings.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

use wayfix::calibrate::{By, Drive, Report, Verdict, anchors, mounts};
use wayfix::config::Source;
use wayfix::log::Record;
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
        for (anchor, (id, expected_m)) in labyrinth.site.anchors.iter().zip(LABYRINTH_M) {
            // A scale beside the bias shares what a median has alone: at the mean distance.
            let [x, y, _] = anchor.position_m;
            let far_m = labyrinth.truth().map(|row| {
                let [px, py] = row.state.xy_m.unwrap();
                (px - x).hypot(py - y)
            });
            let mean_m = far_m.sum::<f64>() / labyrinth.truth().count() as f64;
            let bias_m = value(&report, &format!("anchor[\"{id}\"].bias_m"));
            let scale = report.parameter("source.uwb.scale").unwrap().value;
            let excess_m = bias_m + (scale - 1.0) * mean_m;
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
    // The set's own places are from a plan, and its heights differ between its files by 0.2 m.
    assert!(rms_m < 0.35, "{rms_m}");
}

fn mount_of(recording: &Recording, source: &str, by: By) -> Report {
    let log = Drive::from_records(&recording.records);
    let request = mounts::Request {
        source: Some(source.to_owned()),
        by,
        keeps_lever: false,
    };
    let report = mounts::calibrate(&recording.site, &recording.vehicle, &log, &request).unwrap();
    tell(&report);
    report
}

fn near(report: &Report, key: &str, expected: f64, tolerance: f64) {
    let found = value(report, key);
    assert!(
        (found - expected).abs() < tolerance,
        "{key}: {found}, not {expected}"
    );
}

/// The way is the set's truth.
#[test]
fn comma_shows_both_lags_of_its_receiver() {
    let Some(comma) = recording("comma2k19", &Options::default()) else {
        return;
    };
    let report = mount_of(&comma, "gnss", By::Best);
    near(&report, "source.gnss.position_delay_s", 0.08, 0.02);
    near(&report, "source.gnss.velocity_delay_s", 0.15, 0.02);
}

/// The receiver is the only absolute source: the way is odometry bent to it.
#[test]
fn victoria_park_shows_where_the_antenna_is() {
    let Some(park) = recording("victoria_park", &Options::default()) else {
        return;
    };
    let report = mount_of(&park, "gps", By::Odometry);
    near(&report, "source.gps.mount.position_m[0]", 3.8, 0.3);
    near(&report, "source.gps.mount.position_m[1]", 0.5, 0.3);
}

/// The truth is made of the satellite positions.
#[test]
fn hanyang_radio_is_late_against_the_satellites() {
    for run in ["los_a1", "los_b3"] {
        let options = Options {
            run: Some(run.to_owned()),
            ..Options::default()
        };
        let Some(mut hanyang) = recording("hanyang_uwb", &options) else {
            return;
        };
        let Some(Source::Uwb(uwb)) = hanyang.vehicle.sources.get_mut("uwb") else {
            unreachable!()
        };
        uwb.delay_s = 0.0;
        let report = mount_of(&hanyang, "uwb", By::Best);
        near(&report, "source.uwb.delay_s", 0.2, 0.05);
    }
}

/// Both lags against the truth, from seconds off: the radio's stamps and the truth's agree, the
/// inertial unit's are 0.08 s late.
#[test]
fn iasl_shows_its_time_offsets() {
    let Some(mut iasl) = recording("iasl_uwb", &Options::default()) else {
        return;
    };
    let shift_s = 0.73;
    for record in &mut iasl.records {
        if let Record::Truth(truth) = record {
            truth.t = truth.t.shifted(-shift_s);
        }
    }
    let Some(Source::Imu(imu)) = iasl.vehicle.sources.get_mut("imu") else {
        unreachable!()
    };
    imu.delay_s = 0.0;
    imu.mount.rpy_deg = [0.0; 3];
    let report = mount_of(&iasl, "uwb", By::Best);
    near(&report, "source.uwb.delay_s", shift_s, 0.02);
    let report = mount_of(&iasl, "imu", By::Best);
    near(&report, "source.imu.delay_s", shift_s + 0.08, 0.02);
    let angle = |k: usize| value(&report, &format!("source.imu.mount.rpy_deg[{k}]"));
    let off_deg = |found: f64, known: f64| (found - known + 540.0).rem_euclid(360.0) - 180.0;
    for (k, known) in [180.0, 0.0, 90.0].into_iter().enumerate() {
        assert!(off_deg(angle(k), known).abs() < 3.0, "{}", angle(k));
    }
}
