//! Calibration on public recordings: beacons by the tetam tracks, magnetometers by the trials of broad.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector, Matrix3, UnitQuaternion, Vector3};
use support::recording;
use wayfix::calibrate::{Report, Verdict, beacons, imu, magnetometer};
use wayfix::config::{Site, Vehicle};
use wayfix::log::Record;
use wayfix_datasets::recording::Recording;
use wayfix_datasets::sets::Options;
use wayfix_sensors::Reading;

fn track(run: &str) -> Option<Recording> {
    let options = Options {
        run: Some(run.to_owned()),
        ..Options::default()
    };
    recording("ble_tetam", &options)
}

fn beacons_of(site: &Site, vehicle: &Vehicle, logs: &[&Recording]) -> Report {
    let mut log = beacons::Collected::by(None);
    for (index, recording) in logs.iter().enumerate() {
        for record in &recording.records {
            log.take(site, vehicle, index, record);
        }
    }
    beacons::calibrate(site, vehicle, log, &beacons::Request::default()).unwrap()
}

/// A plain linear fit of the same readings against the same truth.
fn direct(logs: &[&Recording]) -> (BTreeMap<String, f64>, f64, f64) {
    let site = &logs[0].site;
    let size = site.beacons.len() + 1;
    let mut rows = Vec::new();
    for recording in logs {
        let truth: BTreeMap<i64, [f64; 2]> = recording
            .truth()
            .map(|row| (row.t.0, row.state.xy_m.unwrap()))
            .collect();
        for sample in recording.samples() {
            let Reading::Rssi(rssi) = sample.reading else {
                continue;
            };
            let of = |b: &wayfix::config::site::Beacon| b.id == rssi.beacon.as_str();
            let k = site.beacons.iter().position(of).unwrap();
            let [x, y] = truth[&sample.t.0];
            let at = Vector3::new(x, y, 1.8);
            let distance_m = (at - Vector3::from(site.beacons[k].position_m)).norm();
            rows.push((k, -10.0 * distance_m.log10(), rssi.rssi_dbm));
        }
    }
    let (mut normal, mut right) = (DMatrix::zeros(size, size), DVector::zeros(size));
    for (k, slope, rssi_dbm) in &rows {
        let mut row = DVector::zeros(size);
        row[*k] = 1.0;
        row[size - 1] = *slope;
        normal.ger(1.0, &row, &row, 1.0);
        right.axpy(*rssi_dbm, &row, 1.0);
    }
    let x = normal.cholesky().unwrap().solve(&right);
    let squares = rows
        .iter()
        .map(|(k, slope, rssi)| (x[*k] + x[size - 1] * slope - rssi).powi(2));
    let sigma_db = (squares.sum::<f64>() / rows.len() as f64).sqrt();
    let powers = site
        .beacons
        .iter()
        .zip(x.iter())
        .map(|(b, power)| (b.id.clone(), *power));
    (powers.collect(), x[size - 1], sigma_db)
}

#[test]
fn tetam_agrees_with_a_direct_fit_within_its_sigmas() {
    let Some((one, two)) = track("straight_01").zip(track("straight_02")) else {
        return;
    };
    let logs = [&one, &two];
    let mut site = one.site.clone();
    for beacon in &mut site.beacons {
        beacon.power_dbm = None;
        beacon.path_loss_exponent = None;
    }
    let report = beacons_of(&site, &one.vehicle, &logs);
    let (powers, exponent, sigma_db) = direct(&logs);
    let mut worst = 0.0_f64;
    let mut near = |key: &str, expected: f64| {
        let found = report.parameter(key).unwrap();
        let error = (found.value - expected) / found.sigma;
        println!(
            "{key}: {:.2} ± {:.2}, direct {expected:.2}: {error:.2}",
            found.value, found.sigma
        );
        worst = worst.max(error.abs());
        assert_ne!(found.verdict, Verdict::NotShown, "{key}");
    };
    for (id, power) in &powers {
        near(&format!("beacon[\"{id}\"].power_dbm"), *power);
    }
    near("source.rssi.path_loss_exponent", exponent);
    near("source.rssi.sigma_db", sigma_db);
    println!("worst {worst:.2} sigmas");
    assert!(worst < 1.0, "{worst}");

    // What was found on two tracks holds on a third, and is better than what nobody calibrated.
    let other = track("rectangular_without_rotation").unwrap();
    let own = direct(&[&other]);
    let rms = |power: &dyn Fn(&str) -> f64, exponent: f64| {
        let mut guessed = site.clone();
        for beacon in &mut guessed.beacons {
            beacon.power_dbm = Some(power(&beacon.id));
            beacon.path_loss_exponent = Some(exponent);
        }
        let report = beacons_of(&guessed, &other.vehicle, &[&other]);
        let beacons = report.fits.iter().filter(|fit| fit.count.is_some());
        let (squares, count) = beacons.fold((0.0, 0.0), |(s, n), fit| {
            let count = fit.count.unwrap() as f64;
            (s + fit.rms_before.unwrap().powi(2) * count, n + count)
        });
        f64::sqrt(squares / count)
    };
    let value = |key: &str| report.parameter(key).unwrap().value;
    let calibrated_db = rms(
        &|id| value(&format!("beacon[\"{id}\"].power_dbm")),
        value("source.rssi.path_loss_exponent"),
    );
    let as_delivered_db = rms(&|_| -60.0, 2.0);
    println!(
        "rectangle: {as_delivered_db:.2} dB as delivered, {calibrated_db:.2} dB calibrated, {:.2} dB its own",
        own.2
    );
    assert!(calibrated_db < 0.85 * as_delivered_db);
}

fn magnetometer_of(trial: &Recording) -> Result<Report, magnetometer::CalibrateError> {
    let mut log = magnetometer::Collected::default();
    for record in &trial.records {
        log.take(&trial.vehicle, 0, record);
    }
    let request = magnetometer::Request::default();
    magnetometer::calibrate(&trial.site, &trial.vehicle, &log, &request)
}

fn broad(trial: u32) -> Option<Recording> {
    let options = Options {
        trial: Some(trial),
        ..Options::default()
    };
    recording("broad", &options)
}

/// Slow translation without rotation: nothing to be told of iron.
#[test]
fn a_board_that_was_not_turned_is_refused() {
    let Some(trial) = broad(10) else {
        return;
    };
    let error = magnetometer_of(&trial).unwrap_err().to_string();
    println!("{error}");
    assert!(error.contains("the sensor was not turned"));
}

/// Turned in all ways, past a magnet: its axes lie along the gyro's, and its iron is little.
#[test]
fn a_turned_board_shows_its_iron_and_that_axes_agree() {
    let Some(trial) = broad(30) else {
        return;
    };
    let report = magnetometer_of(&trial).unwrap();
    println!("{}\n{:#?}", report.headline, report.warnings);
    for p in &report.parameters {
        println!("{} {:.4} ± {:.4} {:?}", p.key, p.value, p.sigma, p.verdict);
    }
    for fit in &report.fits {
        println!("{fit:?}");
    }
    assert!(report.is_any_shown());
    // By the optical attitude, where the magnet is far: the Earth's field stands still.
    let value = |key: &str| {
        report
            .parameter(&format!("source.mag.{key}"))
            .unwrap()
            .value
    };
    let hard = Vector3::from_fn(|k, _| value(&format!("hard_iron_ut[{k}]")));
    let soft = Matrix3::from_fn(|i, j| value(&format!("soft_iron[{i}][{j}]")));
    let [roll, pitch, yaw] = [0, 1, 2].map(|k| value(&format!("mount.rpy_deg[{k}]")).to_radians());
    let mount = UnitQuaternion::from_euler_angles(roll, pitch, yaw);
    let none = UnitQuaternion::identity();
    let as_measured = scatter_deg(&trial, &|m| *m);
    let without_mount = scatter_deg(&trial, &|m| none * (soft * (m - hard)));
    let corrected = scatter_deg(&trial, &|m| mount * (soft * (m - hard)));
    println!(
        "as measured {as_measured:.2} deg, iron off {without_mount:.2}, mount too {corrected:.2}"
    );
}

/// How far the field's direction in the earth frame wanders, median [deg].
fn scatter_deg(trial: &Recording, corrected: &dyn Fn(&Vector3<f64>) -> Vector3<f64>) -> f64 {
    let truth: BTreeMap<i64, UnitQuaternion<f64>> = trial
        .truth()
        .filter_map(|row| Some((row.t.0, row.state.q_nb()?)))
        .collect();
    let strength_ut = trial.site.magnetic.unwrap().strength_ut;
    let seen: Vec<Vector3<f64>> = trial
        .samples()
        .filter_map(|sample| {
            let Reading::MagneticField(field) = sample.reading else {
                return None;
            };
            let field_ut = Vector3::from(field.field_tesla) * 1e6;
            let is_earth = (field_ut.norm() - strength_ut).abs() < 1.0;
            let q_nb = truth.get(&sample.t.0).filter(|_| is_earth)?;
            Some((q_nb * corrected(&field_ut)).normalize())
        })
        .collect();
    let mean = seen.iter().sum::<Vector3<f64>>().normalize();
    let mut angles: Vec<f64> = seen.iter().map(|u| u.angle(&mean).to_degrees()).collect();
    angles.sort_by(f64::total_cmp);
    angles[angles.len() / 2]
}

/// The board rests for half a minute before and after the trial: enough for its white noise (0.0015 to
/// 0.0020 rad/s at 286 Hz), not for its bias.
#[test]
fn a_resting_board_shows_its_white_noise() {
    let Some(trial) = broad(10) else {
        return;
    };
    let mut log = imu::Collected::default();
    trial
        .records
        .iter()
        .for_each(|record: &Record| log.take(0, record));
    let report = imu::calibrate(&trial.vehicle, &log, None).unwrap();
    println!("{}", report.headline);
    for p in &report.parameters {
        println!(
            "{} {:.3e} ± {:.1e} {:?}",
            p.key, p.value, p.sigma, p.verdict
        );
    }
    let parameter = |key: &str| report.parameter(key).unwrap();
    let density = parameter("source.imu.gyro_density_radps_rthz");
    assert_eq!(density.verdict, Verdict::Shown);
    let rate_sigma_radps = density.value * 285.714_f64.sqrt();
    assert!(
        (0.0014..0.0021).contains(&rate_sigma_radps),
        "{rate_sigma_radps}"
    );
    assert_eq!(
        parameter("gyro bias instability").verdict,
        Verdict::NotShown
    );
}
