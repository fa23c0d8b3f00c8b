//! Calibration of anchors, mounts, noise and markers through logs and files: known parameters come
//! back within their sigmas, and what a log lacks is said.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use support::drives::{Errors, records, simulated};
use support::{Scratch, wayfix};
use wayfix::calibrate::{By, Drive, File, Report, Verdict, anchors, markers, mounts, noise};
use wayfix::config::source::CameraSource;
use wayfix::config::{Site, Source, Vehicle, site_from_str};
use wayfix::log::{self, Record};
use wayfix::sim::Simulation;
use wayfix_filter::Timestamp;

fn samples(drive: &Simulation) -> Vec<Record> {
    drive.samples().map(Record::Sample).collect()
}

fn anchors_of(
    site: &Site,
    vehicle: &Vehicle,
    records: &[Record],
    request: &anchors::Request,
) -> Result<Report, anchors::CalibrateError> {
    anchors::calibrate(site, vehicle, &Drive::from_records(records), request)
}

#[test]
fn biases_and_scale_come_back_along_truth() {
    let mut errors = Errors::default();
    for seed in 1..=3 {
        let drive = simulated("figure_eight_uwb_imu", seed);
        let request = anchors::Request::default();
        let report = anchors_of(&drive.site, &drive.vehicle, &records(&drive), &request).unwrap();
        for anchor in &drive.site.anchors {
            let bias_m = drive.parameters[&format!("uwb.{}.bias_m", anchor.id)];
            let key = format!("anchor[\"{}\"].bias_m", anchor.id);
            let found = report.parameter(&key).unwrap();
            if found.verdict != Verdict::NotShown {
                errors.add(&report, &key, bias_m);
            }
        }
        errors.add(&report, "source.uwb.scale", drive.parameters["uwb.scale"]);
    }
    println!("mean square {:.2}", errors.mean());
    assert!(errors.count > 9.0 && errors.mean() < 2.5);
}

#[test]
fn what_anchors_lack_is_said() {
    let drive = simulated("figure_eight_uwb_imu", 1);
    let error = |site: &Site, records: &[Record], by: By| {
        let request = anchors::Request {
            by,
            ..anchors::Request::default()
        };
        anchors_of(site, &drive.vehicle, records, &request)
            .unwrap_err()
            .to_string()
    };
    let all = records(&drive);
    let truth: Vec<Record> = drive.truth.iter().copied().map(Record::Truth).collect();
    assert!(error(&drive.site, &truth, By::Best).contains("record the radio, as range"));
    let told = error(&drive.site, &all, By::Odometry);
    assert!(
        told.starts_with("no way of the vehicle: record truth"),
        "{told}"
    );
    let told = error(&drive.site, &all, By::Source("laser".to_owned()));
    assert!(told.starts_with("source.laser gives no place"), "{told}");
    let short: Vec<Record> = all
        .iter()
        .filter(|record| match record {
            Record::Sample(sample) => sample.t < Timestamp::from_seconds(1.0),
            Record::Truth(_) => true,
        })
        .copied()
        .collect();
    let told = error(&drive.site, &short, By::Best);
    assert!(told.contains("at least 50 are needed: drive"), "{told}");
}

fn mounts_of(
    drive: &Simulation,
    vehicle: &Vehicle,
    records: &[Record],
    source: &str,
    by: By,
) -> Result<Report, mounts::CalibrateError> {
    let request = mounts::Request {
        source: Some(source.to_owned()),
        by,
        keeps_lever: false,
    };
    mounts::calibrate(
        &drive.site,
        vehicle,
        &Drive::from_records(records),
        &request,
    )
}

/// The receiver's lags and its lever arm, from zero, along truth and along odometry.
#[test]
fn a_receiver_in_the_yard_comes_back() {
    let mut errors = Errors::default();
    for (seed, by) in [
        (1, By::Best),
        (2, By::Best),
        (1, By::Odometry),
        (2, By::Odometry),
    ] {
        let drive = simulated("gnss_yard_wheels", seed);
        let mut vehicle = drive.vehicle.clone();
        let Some(Source::Gnss(gnss)) = vehicle.sources.get_mut("gnss") else {
            unreachable!()
        };
        (gnss.position_delay_s, gnss.velocity_delay_s) = (0.0, 0.0);
        gnss.mount.position_m = [0.0, 0.0, 1.2];
        let report = mounts_of(&drive, &vehicle, &records(&drive), "gnss", by.clone()).unwrap();
        errors.add(&report, "source.gnss.position_delay_s", 0.05);
        let velocity = report.parameter("source.gnss.velocity_delay_s").unwrap();
        if by == By::Best {
            errors.add(&report, "source.gnss.velocity_delay_s", 0.10);
        } else {
            // Along odometry it comes out 0.02 s short, which is more than its sigma says.
            println!("{velocity:?}");
            assert!((velocity.value - 0.10).abs() < 0.03, "{velocity:?}");
        }
        for (k, lever) in [0.2, 0.0].into_iter().enumerate() {
            let key = format!("source.gnss.mount.position_m[{k}]");
            if report.parameter(&key).unwrap().verdict != Verdict::NotShown {
                errors.add(&report, &key, lever);
            }
        }
        assert!(report.changes(File::Site).is_empty());
    }
    println!("mean square {:.2}", errors.mean());
    assert!(errors.mean() < 3.0);
}

#[test]
fn an_inertial_unit_that_is_late_and_turned_comes_back() {
    let drive = simulated("figure_eight_uwb_imu", 1);
    let shifted: Vec<Record> = records(&drive)
        .into_iter()
        .map(|record| match record {
            Record::Truth(mut truth) => {
                truth.t = truth.t.shifted(-0.25);
                Record::Truth(truth)
            }
            sample => sample,
        })
        .collect();
    let report = mounts_of(&drive, &drive.vehicle, &shifted, "imu", By::Best).unwrap();
    let lag = report.parameter("source.imu.delay_s").unwrap();
    assert!((lag.value - 0.25).abs() < 0.02, "{lag:?}");
    let yaw = report.parameter("source.imu.mount.rpy_deg[2]").unwrap();
    assert!(
        yaw.verdict == Verdict::NotShown || yaw.value.abs() < 2.0,
        "{yaw:?}"
    );
    let error = mounts_of(&drive, &drive.vehicle, &samples(&drive), "imu", By::Best);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("no way of the vehicle")
    );
}

/// A ceiling camera, five degrees and decimetres off in vehicle.toml, and late by what it does not say.
#[test]
fn a_camera_that_hangs_crooked_comes_back() {
    let mut errors = Errors::default();
    for seed in 1..=3 {
        let drive = simulated("aisle_markers_wheels_only", seed);
        let mut vehicle = drive.vehicle.clone();
        let wrong = camera_of(&mut vehicle);
        let own = wrong.clone();
        wrong.delay_s = 0.0;
        wrong.mount.position_m = [0.0, 0.2, 1.6];
        wrong.mount.rpy_deg = [4.0, -5.0, -82.0];
        let log = Drive::from_records(&records(&drive));
        let of = |vehicle: &Vehicle, keeps_lever: bool| {
            let request = mounts::Request {
                source: Some("camera".to_owned()),
                by: By::Best,
                keeps_lever,
            };
            mounts::calibrate(&drive.site, vehicle, &log, &request).unwrap()
        };
        let report = of(&vehicle, false);
        errors.add(&report, "source.camera.delay_s", own.delay_s);
        for k in 0..3 {
            let key = format!("source.camera.mount.position_m[{k}]");
            errors.add(&report, &key, own.mount.position_m[k]);
        }
        // A lever arm across is nearly a turn about the way, so that each is known better by the other.
        camera_of(&mut vehicle).mount.position_m = own.mount.position_m;
        for (report, most_deg) in [(&report, 1.0), (&of(&vehicle, true), 0.3)] {
            for k in 0..3 {
                let key = format!("source.camera.mount.rpy_deg[{k}]");
                errors.add(report, &key, own.mount.rpy_deg[k]);
                let angle = report.parameter(&key).unwrap();
                let off_deg = (angle.value - own.mount.rpy_deg[k]).abs();
                assert!(off_deg < f64::min(most_deg, 3.0 * angle.sigma), "{angle:?}");
                assert_eq!(angle.verdict, Verdict::Shown);
            }
        }
        let fit = &report.fits[0];
        assert!((fit.rms / own.sigma_px - 1.0).abs() < 0.1 && fit.rms_before.unwrap() > 20.0);
        assert!(report.plots[0].svg().unwrap().contains("columns"));
        assert!(report.warnings[0].contains("where the floor is level"));
        assert!(report.changes(File::Vehicle).len() == 7 && report.changes(File::Site).is_empty());
    }
    println!("mean square {:.2}", errors.mean());
    assert!((0.1..2.2).contains(&errors.mean()));
}

#[test]
fn what_a_camera_lacks_is_said() {
    let drive = simulated("aisle_markers_wheels_only", 1);
    let error = |drive: &Simulation, records: &[Record], by: By| {
        let told = mounts_of(drive, &drive.vehicle, records, "camera", by);
        told.unwrap_err().to_string()
    };
    let told = error(&drive, &records(&drive), By::Odometry);
    assert!(told.contains("record truth with attitude"), "{told}");
    let is_marker =
        |record: &&Record| matches!(record, Record::Sample(s) if s.source.as_str() == "camera");
    let all = records(&drive);
    let blind: Vec<Record> = all.iter().filter(|r| !is_marker(r)).copied().collect();
    let told = error(&drive, &blind, By::Best);
    assert!(
        told.contains("no positions, headings, ranges, turns or sightings of source.camera"),
        "{told}"
    );
    let mut seen = 0;
    let few = all.iter().filter(|record| {
        seen += usize::from(is_marker(record));
        !is_marker(record) || seen <= 20
    });
    let few: Vec<Record> = few.copied().collect();
    let told = error(&drive, &few, By::Best);
    assert!(
        told.contains("at least 30 are needed of surveyed markers"),
        "{told}"
    );
    let mut bare = drive;
    bare.site.markers.clear();
    let told = error(&bare, &all, By::Best);
    assert!(
        told.starts_with(
            "site.toml has none of the markers and landmarks that source.camera saw (M"
        ),
        "{told}"
    );
}

/// Sigmas that are three times too large and three times too small come back, without truth.
#[test]
fn sigmas_come_back_from_innovations() {
    for (scenario, source, key) in [
        ("figure_eight_uwb_imu", "uwb", "range_sigma_m"),
        ("aisle_markers_wheels_only", "camera", "sigma_px"),
    ] {
        let drive = simulated(scenario, 1);
        let mut vehicle = drive.vehicle.clone();
        let mut times = |factor: f64| {
            let own = match vehicle.sources.get_mut(source) {
                Some(Source::Uwb(uwb)) => {
                    uwb.range_sigma_m *= factor;
                    uwb_sigma(&drive.vehicle)
                }
                Some(Source::Camera(camera)) => {
                    camera.sigma_px *= factor;
                    camera_sigma(&drive.vehicle)
                }
                _ => unreachable!(),
            };
            (vehicle.clone(), own)
        };
        for factor in [3.0, 1.0 / 9.0] {
            let (wrong, own) = times(factor);
            let log = Drive::from_records(&samples(&drive));
            let request = noise::Request::default();
            let report = noise::calibrate(&drive.site, &wrong, &log, &request).unwrap();
            let found = report.parameter(&format!("source.{source}.{key}")).unwrap();
            println!(
                "{scenario} {factor:.2}: {} ± {}, is {own}",
                found.value, found.sigma
            );
            assert!((found.value / own - 1.0).abs() < 0.15, "{found:?}");
            for fit in report.fits.iter().filter(|fit| fit.count.is_some()) {
                assert!((fit.rms - 1.0).abs() < 0.1, "{fit:?}");
            }
        }
    }
}

fn uwb_sigma(vehicle: &Vehicle) -> f64 {
    match &vehicle.sources["uwb"] {
        Source::Uwb(uwb) => uwb.range_sigma_m,
        _ => unreachable!(),
    }
}

fn camera_sigma(vehicle: &Vehicle) -> f64 {
    match &vehicle.sources["camera"] {
        Source::Camera(camera) => camera.sigma_px,
        _ => unreachable!(),
    }
}

fn camera_of(vehicle: &mut Vehicle) -> &mut CameraSource {
    match vehicle.sources.get_mut("camera") {
        Some(Source::Camera(camera)) => camera,
        _ => unreachable!(),
    }
}

#[test]
fn what_noise_lacks_is_said() {
    let drive = simulated("figure_eight_uwb_imu", 1);
    let truth: Vec<Record> = drive.truth.iter().copied().map(Record::Truth).collect();
    let log = Drive::from_records(&truth);
    let request = noise::Request::default();
    let error = noise::calibrate(&drive.site, &drive.vehicle, &log, &request).unwrap_err();
    assert!(
        error.to_string().contains("record a minute or more"),
        "{error}"
    );
}

/// A vehicle on wheels under ceiling markers, every second of which is not in site.toml.
#[test]
fn ceiling_markers_are_surveyed_from_half_of_them() {
    let mut errors = Errors::default();
    let mut surveyed = 0;
    for seed in 1..=2 {
        let drive = simulated("aisle_markers_wheels_only", seed);
        let mut site = drive.site.clone();
        let mut count = 0;
        site.markers.retain(|_| {
            count += 1;
            count % 2 == 1
        });
        let log = Drive::from_records(&samples(&drive));
        let request = markers::Request::default();
        let report = markers::calibrate(&site, &drive.vehicle, &log, &request).unwrap();
        for marker in drive.site.markers.iter().skip(1).step_by(2) {
            for (k, truth) in marker.position_m.into_iter().enumerate() {
                let key = format!("marker[\"{}\"].position_m[{k}]", marker.id);
                let Some(found) = report.parameter(&key) else {
                    continue;
                };
                surveyed += 1;
                assert!((found.value - truth).abs() < 0.3, "{found:?}, is {truth}");
                errors.add(&report, &key, truth);
            }
            let key = format!("marker[\"{}\"].rpy_deg[2]", marker.id);
            if let Some(yaw) = report.parameter(&key) {
                let off = (yaw.value - marker.rpy_deg[2] + 540.0).rem_euclid(360.0) - 180.0;
                assert!(off.abs() < 3.0, "{yaw:?}, is {}", marker.rpy_deg[2]);
            }
        }
    }
    println!("{surveyed} numbers, mean square {:.2}", errors.mean());
    assert!(surveyed >= 12 && errors.mean() < 2.5);
}

#[test]
fn the_program_writes_a_survey_that_it_reads_back() {
    let drive = simulated("aisle_markers_wheels_only", 1);
    let scratch = Scratch::new("calibrate-markers");
    let mut site = drive.site.clone();
    let taken = site.markers.remove(1);
    let texts = [
        ("site.toml", toml::to_string(&site).unwrap()),
        ("vehicle.toml", drive.vehicle_toml.to_owned()),
    ];
    for (name, text) in &texts {
        std::fs::write(scratch.0.join(name), text).unwrap();
    }
    let mut writer = log::create(scratch.0.join("log.jsonl"), &[]).unwrap();
    for record in samples(&drive) {
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap();
    let files = [
        "log.jsonl",
        "--site",
        "site.toml",
        "--vehicle",
        "vehicle.toml",
        "--write",
    ];
    let told = wayfix(&scratch, &[&["calibrate", "markers"], &files[..]].concat());
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    let text = std::fs::read_to_string(scratch.0.join("site.toml")).unwrap();
    let after = site_from_str("site.toml", &text).unwrap().value;
    let found = after.markers.iter().find(|m| m.id == taken.id).unwrap();
    assert_eq!(found.size_m, taken.size_m);
    for (a, b) in found.position_m.iter().zip(taken.position_m) {
        assert!((a - b).abs() < 0.3, "{found:?}");
    }
}
