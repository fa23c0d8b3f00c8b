//! Calibration of anchors, mounts, noise and markers on public recordings.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use support::recording;
use wayfix::calibrate::{By, Drive, Report, Verdict, anchors, markers, mounts, noise};
use wayfix::config::Source;
use wayfix::log::Record;
use wayfix_datasets::recording::Recording;
use wayfix_datasets::sets::Options;

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

/// How far surveyed anchors are from where the set says they are \[m\], at most: as they are, and turned
/// about the start by the angle that fits best.
fn worst_m(recording: &Recording, report: &Report) -> (f64, f64) {
    let [x0, y0, _] = recording.vehicle.start.unwrap().position_m;
    let pairs: Vec<[f64; 4]> = (recording.site.anchors.iter())
        .map(|anchor| {
            let found = |k: usize| {
                let key = format!("anchor[\"{}\"].position_m[{k}]", anchor.id);
                value(report, &key)
            };
            let [x, y, _] = anchor.position_m;
            [found(0) - x0, found(1) - y0, x - x0, y - y0]
        })
        .collect();
    let (sin, cos) = pairs.iter().fold((0.0, 0.0), |(s, c), [x, y, a, b]| {
        (s + x * b - y * a, c + x * a + y * b)
    });
    let worst = |turn: f64| {
        let (s, c) = turn.sin_cos();
        let off = |[x, y, a, b]: &[f64; 4]| (c * x - s * y - a).hypot(s * x + c * y - b);
        pairs.iter().map(off).fold(0.0, f64::max)
    };
    (worst(0.0), worst(f64::atan2(sin, cos)))
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
    let (as_it_is_m, turned_m) = worst_m(&surveyed, &report);
    println!("farthest beacon {as_it_is_m:.2} m, but for the start's heading {turned_m:.2} m");
    // vehicle.toml has the start's heading to 0.02 rad, which is 1.2 m at the farthest beacon.
    assert!(
        as_it_is_m < 2.0 && turned_m < 1.0,
        "{as_it_is_m} {turned_m}"
    );
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

fn mount_of(recording: &Recording, source: &str, by: By, keeps_lever: bool) -> Report {
    let log = Drive::from_records(&recording.records);
    let request = mounts::Request {
        source: Some(source.to_owned()),
        by,
        keeps_lever,
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
    let report = mount_of(&comma, "gnss", By::Best, false);
    near(&report, "source.gnss.position_delay_s", 0.08, 0.02);
    near(&report, "source.gnss.velocity_delay_s", 0.15, 0.02);
}

/// The receiver is the only absolute source: the way is odometry bent to it.
#[test]
fn victoria_park_shows_where_the_antenna_is() {
    let Some(park) = recording("victoria_park", &Options::default()) else {
        return;
    };
    let report = mount_of(&park, "gps", By::Odometry, false);
    near(&report, "source.gps.mount.position_m[0]", 3.8, 0.3);
    near(&report, "source.gps.mount.position_m[1]", 0.5, 0.3);
}

/// The truth is made of the satellite positions, and is that of the tag: the lever arm is known, and at
/// one walking speed it would be a lag.
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
        let report = mount_of(&hanyang, "uwb", By::Best, true);
        near(&report, "source.uwb.delay_s", 0.2, 0.05);
    }
}

/// Both lags against the truth, from seconds off: the radio's stamps and the truth's agree, the
/// inertial unit's are late by 0.11 s, as a plain scan of turn rates has it too.
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
    let report = mount_of(&iasl, "uwb", By::Best, true);
    near(&report, "source.uwb.delay_s", shift_s, 0.02);
    let report = mount_of(&iasl, "imu", By::Best, true);
    near(&report, "source.imu.delay_s", shift_s + 0.11, 0.02);
    let angle = |k: usize| value(&report, &format!("source.imu.mount.rpy_deg[{k}]"));
    let off_deg = |found: f64, known: f64| (found - known + 540.0).rem_euclid(360.0) - 180.0;
    for (k, known) in [180.0, 0.0, 90.0].into_iter().enumerate() {
        assert!(off_deg(angle(k), known).abs() < 3.0, "{}", angle(k));
    }
}

/// Both cameras of both runs, from a tenth of a second, a decimetre and five degrees off: near what the
/// set's own refit has, and to each other as the rectified pair is, which the fit does not know.
#[test]
fn starloc_shows_how_its_cameras_sit() {
    for run in ["s1", "s2"] {
        let options = Options {
            run: Some(run.to_owned()),
            ..Options::default()
        };
        let Some(starloc) = recording("starloc", &options) else {
            return;
        };
        let found = ["camera_left", "camera_right"].map(|source| {
            let mut wrong = starloc.clone();
            let Some(Source::Camera(camera)) = wrong.vehicle.sources.get_mut(source) else {
                unreachable!()
            };
            let own = camera.mount;
            camera.delay_s = 0.1;
            camera.mount.position_m[1] += 0.1;
            camera.mount.rpy_deg = own.rpy_deg.map(|deg| deg + 5.0);
            let report = mount_of(&wrong, source, By::Best, false);
            near(&report, &format!("source.{source}.delay_s"), 0.0, 0.02);
            let of_mount = |key: &str, own: [f64; 3], tolerance: f64| {
                [0, 1, 2].map(|k| {
                    let key = format!("source.{source}.mount.{key}[{k}]");
                    near(&report, &key, own[k], tolerance);
                    value(&report, &key)
                })
            };
            let position_m = of_mount("position_m", own.position_m, 0.03);
            let rpy_deg = of_mount("rpy_deg", own.rpy_deg, 0.7);
            (own.position_m, position_m, rpy_deg)
        });
        let [(own_left, left, left_deg), (own_right, right, right_deg)] = found;
        for k in 0..3 {
            let (base_m, known_m) = (right[k] - left[k], own_right[k] - own_left[k]);
            println!("{run} base {base_m:.4} m, is {known_m:.4}");
            assert!((base_m - known_m).abs() < 0.01);
            assert!((right_deg[k] - left_deg[k]).abs() < 0.1);
        }
    }
}

fn noise_of(recording: &Recording) -> Report {
    let log = Drive::from_records(&recording.records);
    let request = noise::Request::default();
    let report = noise::calibrate(&recording.site, &recording.vehicle, &log, &request).unwrap();
    println!("{}", recording.name);
    tell(&report);
    report
}

/// Mean NIS within a tenth of its dimension, of every kind of reading whose sigma is in vehicle.toml.
#[test]
fn innovations_are_consistent_on_sets_with_truth() {
    let mut worst = 0.0_f64;
    for set in [
        "plaza1",
        "labyrinth",
        "iasl_uwb",
        "ble_tetam",
        "mrclam",
        "hanyang_uwb",
    ] {
        let Some(recording) = recording(set, &Options::default()) else {
            return;
        };
        let report = noise_of(&recording);
        for fit in &report.fits {
            println!("{set}: {} {:.3} {:?}", fit.name, fit.rms, fit.rms_before);
            if fit.name.ends_with("NIS over its dimension") {
                worst = worst.max((fit.rms - 1.0).abs());
            }
        }
        assert!(!report.fits.is_empty(), "{set}");
    }
    assert!(worst < 0.1, "{worst}");
}

#[test]
fn starloc_tags_are_surveyed_from_half_of_them() {
    let options = Options {
        run: Some("s2".to_owned()),
        ..Options::default()
    };
    let Some(starloc) = recording("starloc", &options) else {
        return;
    };
    let ids = starloc.site.landmarks.iter().map(|l| l.id.clone());
    let request = markers::Request {
        source: Some("camera_left".to_owned()),
        survey: ids.step_by(2).collect(),
        ..markers::Request::default()
    };
    let log = Drive::from_records(&starloc.records);
    let report = markers::calibrate(&starloc.site, &starloc.vehicle, &log, &request).unwrap();
    tell(&report);
    let mut errors = Vec::new();
    let mut squares = Vec::new();
    for landmark in &starloc.site.landmarks {
        let key = |k: usize| format!("landmark[\"{}\"].position_m[{k}]", landmark.id);
        let found: Option<Vec<_>> = (0..3).map(|k| report.parameter(&key(k))).collect();
        let Some(found) = found.filter(|f| f.iter().all(|p| p.verdict != Verdict::NotShown)) else {
            continue;
        };
        let off =
            |(k, p): (usize, &&wayfix::calibrate::Parameter)| p.value - landmark.position_m[k];
        let off_m: Vec<f64> = found.iter().enumerate().map(off).collect();
        squares.extend(
            found
                .iter()
                .zip(&off_m)
                .map(|(p, off)| (off / p.sigma).powi(2)),
        );
        errors.push(off_m.iter().map(|v| v * v).sum::<f64>().sqrt());
    }
    errors.sort_by(f64::total_cmp);
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    println!(
        "{} tags: {errors:.3?} m, mean square {mean:.2}",
        errors.len()
    );
    assert!(errors.len() >= 10 && errors[errors.len() / 2] < 0.15);
}
