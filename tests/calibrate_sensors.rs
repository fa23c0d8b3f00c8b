//! Calibration of beacons, inertial units and magnetometers through logs and files: known parameters
//! come back within their sigmas, and what a log lacks is said.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use nalgebra::{Matrix3, UnitQuaternion, Vector3};
use support::drives::{Errors, records, simulated};
use support::{Scratch, wayfix};
use wayfix::calibrate::two_files::changed;
use wayfix::calibrate::{File, Report, Verdict, beacons, imu, magnetometer};
use wayfix::config::{Site, Source, Vehicle, site_from_str, vehicle_from_str};
use wayfix::log::{self, Record};
use wayfix::sim::noise::{normal3, stream};
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{Imu, MagneticField};
use wayfix_sensors::{Name, Reading, Sample};

fn vehicle(text: &str) -> Vehicle {
    vehicle_from_str("vehicle.toml", text).unwrap().value
}

fn sample(t: Timestamp, source: &str, reading: Reading) -> Record {
    let source = Name::from(source).unwrap();
    Record::Sample(Sample { t, source, reading })
}

fn beacons_of(
    site: &Site,
    vehicle: &Vehicle,
    records: &[Record],
) -> Result<Report, beacons::CalibrateError> {
    let mut log = beacons::Collected::by(None);
    records
        .iter()
        .for_each(|record| log.take(site, vehicle, 0, record));
    beacons::calibrate(site, vehicle, log, &beacons::Request::default())
}

#[test]
fn beacons_come_back_from_wrong_guesses() {
    let mut errors = Errors::default();
    for seed in 1..=4 {
        let drive = simulated("ble_tag", seed);
        let mut site = drive.site.clone();
        for beacon in &mut site.beacons {
            beacon.power_dbm = Some(-70.0);
            beacon.path_loss_exponent = Some(3.0);
        }
        let report = beacons_of(&site, &drive.vehicle, &records(&drive)).unwrap();
        for beacon in &drive.site.beacons {
            let bias_db = drive.parameters[&format!("ble.{}.bias_db", beacon.id)];
            let key = format!("beacon[\"{}\"].power_dbm", beacon.id);
            errors.add(&report, &key, beacon.power_dbm.unwrap() + bias_db);
        }
        errors.add(&report, "source.ble.path_loss_exponent", 2.1);
        // White noise of 3 dB, in whole decibels, and shadowing of 3 dB that lasts for 3 s.
        errors.add(&report, "source.ble.sigma_db", 3.01);
        errors.add(&report, "source.ble.drift_sigma_db", 3.0);
        // Each beacon states an exponent of its own, which would go on being used.
        assert!(report.changes(File::Site).len() == 24 && report.changes(File::Vehicle).len() == 3);
        let halves = report.fits.last().unwrap();
        assert!(halves.rms < 5.5, "{halves:?}");
    }
    println!("mean square {:.2}", errors.mean());
    assert!((0.1..1.8).contains(&errors.mean()));
}

#[test]
fn what_beacons_lack_is_said() {
    let drive = simulated("ble_tag", 1);
    let all = records(&drive);
    let samples: Vec<Record> = drive.samples().map(Record::Sample).collect();
    let truth: Vec<Record> = drive.truth.iter().copied().map(Record::Truth).collect();
    let error = |site: &Site, records: &[Record]| {
        beacons_of(site, &drive.vehicle, records)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(&drive.site, &truth),
        "the log has no signal strengths (it has truth): record the receiver, as rssi"
    );
    assert!(error(&drive.site, &samples).starts_with("no place of the vehicle at any time"));
    assert!(
        error(&Site::default(), &all).starts_with("site.toml has none of the beacons heard (B1")
    );
    let is_early = |record: &&Record| match record {
        Record::Sample(sample) => sample.t <= Timestamp::from_seconds(9.0),
        Record::Truth(truth) => truth.t <= Timestamp::from_seconds(9.0),
    };
    let parked: Vec<Record> = all.iter().filter(is_early).copied().collect();
    assert!(error(&drive.site, &parked).contains("at least 3 m are needed: walk or drive past"));
}

const UNIT: &str = "[source.imu]\nkind = \"imu\"\n";

/// A unit at rest for so long, at 50 Hz: density and walk of the gyro, density of the accelerometer.
fn at_rest(seed: u64, seconds: f64) -> Vec<Record> {
    let mut random = stream(seed, "sensors");
    let (density, walk) = (3e-4, 5e-5);
    let mut bias = 0.002 * normal3(&mut random, 1.0);
    (0..(seconds * 50.0) as i64)
        .map(|k| {
            bias += walk * f64::sqrt(0.02) * normal3(&mut random, 1.0);
            let gyro = bias + density * 50_f64.sqrt() * normal3(&mut random, 1.0);
            let accel =
                Vector3::new(0.1, 0.0, 9.8) + 1e-3 * 50_f64.sqrt() * normal3(&mut random, 1.0);
            let reading = Imu {
                gyro_radps: gyro.into(),
                accel_mps2: Some(accel.into()),
            };
            sample(Timestamp(k * 20_000_000), "imu", Reading::Imu(reading))
        })
        .collect()
}

fn imu_of(logs: &[Vec<Record>]) -> Result<Report, imu::CalibrateError> {
    let mut log = imu::Collected::default();
    for (index, records) in logs.iter().enumerate() {
        records.iter().for_each(|record| log.take(index, record));
    }
    imu::calibrate(&vehicle(UNIT), &log, None)
}

#[test]
fn an_hour_at_rest_shows_the_noise() {
    let mut errors = Errors::default();
    for seed in 1..=3 {
        let report = imu_of(&[at_rest(seed, 3600.0)]).unwrap();
        for (key, truth) in [
            ("source.imu.gyro_density_radps_rthz", 3e-4),
            ("source.imu.gyro_bias_walk_radps_rts", 5e-5),
            ("source.imu.accel_density_mps2_rthz", 1e-3),
        ] {
            errors.add(&report, key, truth);
            assert!((report.parameter(key).unwrap().value / truth - 1.0).abs() < 0.1);
        }
        // There is none, and none is written.
        let walk = report
            .parameter("source.imu.accel_bias_walk_mps2_rts")
            .unwrap();
        assert_eq!(walk.verdict, Verdict::NotShown);
        assert_eq!(report.changes(File::Vehicle).len(), 3);
        assert!(
            report.plots[0]
                .svg()
                .unwrap()
                .contains("Allan deviation, gyro")
        );
    }
    assert!(errors.mean() < 1.8, "{}", errors.mean());
}

#[test]
fn six_positions_in_several_logs_show_scale_and_bias() {
    let mut random = stream(5, "sensors");
    let (scale, bias) = (
        Vector3::new(1.02, 0.99, 1.005),
        Vector3::new(0.1, -0.05, 0.2),
    );
    let ups = [
        Vector3::x(),
        -Vector3::x(),
        Vector3::y(),
        -Vector3::y(),
        Vector3::z(),
        -Vector3::z(),
    ];
    let logs: Vec<Vec<Record>> = ups
        .iter()
        .map(|up| {
            let row = |k: i64| {
                let accel: Vector3<f64> =
                    scale.component_mul(&(9.80665 * up)) + bias + 0.02 * normal3(&mut random, 1.0);
                let reading = Imu {
                    gyro_radps: (1e-3 * normal3(&mut random, 1.0)).into(),
                    accel_mps2: Some(accel.into()),
                };
                sample(Timestamp(k * 10_000_000), "imu", Reading::Imu(reading))
            };
            (0..600).map(row).collect()
        })
        .collect();
    let report = imu_of(&logs).unwrap();
    let mut errors = Errors::default();
    for axis in 0..3 {
        let key = |of: &str| format!("source.imu.{of}[{axis}]");
        errors.add(&report, &key("accel_scale"), scale[axis]);
        errors.add(&report, &key("accel_bias_mps2"), bias[axis]);
    }
    let changes = report.changes(File::Vehicle);
    assert_eq!(changes.len(), 6);
    let text = changed("[source.imu]\nkind = \"imu\"\n", &changes).unwrap();
    let Some(Source::Imu(imu)) = vehicle(&text).sources.remove("imu") else {
        panic!("{text}")
    };
    assert!((Vector3::from(imu.accel_scale) - scale).amax() < 2e-3);
    let measured = scale.component_mul(&Vector3::z().scale(9.80665)) + bias;
    assert!(
        (imu.specific_force(measured).z - 9.80665).abs() < 0.02,
        "{text}"
    );
    assert!(
        report
            .warnings
            .iter()
            .any(|w| w.starts_with("no noise: the longest rest is"))
    );
}

#[test]
fn what_an_inertial_unit_lacks_is_said() {
    let error = imu_of(&[at_rest(1, 20.0)]).unwrap_err().to_string();
    assert!(
        error.contains("at least 30 s are needed: leave the vehicle parked"),
        "{error}"
    );
    let error = imu_of(&[Vec::new()]).unwrap_err().to_string();
    assert_eq!(
        error,
        "the log has no inertial samples (it has nothing): record the unit, as imu"
    );
}

const COMPASS: &str = "[source.imu]\nkind = \"imu\"\nmount.rpy_deg = [0.0, 0.0, 90.0]\n\n\
    [source.mag]\nkind = \"magnetometer\"\nhard_iron_ut = [0.0, 0.0, 0.0] # never calibrated\n";
const PLACE: &str = "[datum]\nlat_deg = 52.5\nlon_deg = 13.4\n";
const HARD_UT: [f64; 3] = [20.0, -35.0, 5.0];

fn soft() -> Matrix3<f64> {
    Matrix3::new(1.05, 0.03, -0.02, 0.03, 0.94, 0.04, -0.02, 0.04, 1.01)
}

/// A board in a hand, from 2026-03-31 on, with an IMU and a magnetometer whose axes are swapped and a
/// little crooked; `reach` says how far it is tumbled.
fn tumbled(seed: u64, reach: f64) -> (Vec<Record>, UnitQuaternion<f64>) {
    let mut random = stream(seed, "sensors");
    let place = site_from_str("site.toml", PLACE).unwrap().value;
    let date = magnetometer::date_from("2026-03-31").unwrap();
    let earth = magnetometer::earth_field(&place.datum.unwrap(), date).unwrap();
    let (sin, cos) = earth.inclination_deg[0].to_radians().sin_cos();
    let field_n = earth.strength_ut[0] * Vector3::new(0.0, cos, -sin);
    // Magnetometer to IMU: half a turn about x, and some degrees.
    let q_im = UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, 0.0)
        * UnitQuaternion::from_euler_angles(0.03, -0.05, 0.08);
    let attitude = |t_s: f64| {
        let [a, b, c] = [0.9, 0.7, 0.5].map(|rate| reach * 3.0 * f64::sin(0.1 * rate * t_s));
        UnitQuaternion::from_euler_angles(a, b, c + 0.4 * reach * t_s)
    };
    let inverse = soft().try_inverse().unwrap();
    let mut records = Vec::new();
    for k in 0..12_000_i64 {
        let t_s = 0.01 * k as f64;
        let t = Timestamp(1_774_915_200_000_000_000 + k * 10_000_000);
        let turn = attitude(t_s - 5e-3).inverse() * attitude(t_s + 5e-3);
        let gyro = turn.scaled_axis() / 0.01 + 1e-3 * normal3(&mut random, 1.0);
        let reading = Imu {
            gyro_radps: gyro.into(),
            accel_mps2: None,
        };
        records.push(sample(t, "imu", Reading::Imu(reading)));
        if k % 4 == 0 {
            let field_m = q_im.inverse() * (attitude(t_s).inverse() * field_n);
            let noisy = field_m + 0.3 * normal3(&mut random, 1.0);
            let raw_ut = inverse * noisy + Vector3::from(HARD_UT);
            let field_tesla = (1e-6 * raw_ut).into();
            records.push(sample(
                t,
                "mag",
                Reading::MagneticField(MagneticField { field_tesla }),
            ));
        }
    }
    // In the body the IMU is turned by 90 deg about z.
    let q_bi = UnitQuaternion::from_euler_angles(0.0, 0.0, std::f64::consts::FRAC_PI_2);
    (records, q_bi * q_im)
}

fn magnetometer_of(site: &Site, vehicle: &Vehicle, records: &[Record]) -> Report {
    let mut log = magnetometer::Collected::default();
    records
        .iter()
        .for_each(|record| log.take(vehicle, 0, record));
    magnetometer::calibrate(site, vehicle, &log, &magnetometer::Request::default()).unwrap()
}

#[test]
fn a_tumbled_magnetometer_is_found_with_its_mount() {
    let mut errors = Errors::default();
    let site = site_from_str("site.toml", PLACE).unwrap().value;
    for seed in 1..=3 {
        let (records, q_bm) = tumbled(seed, 1.0);
        let report = magnetometer_of(&site, &vehicle(COMPASS), &records);
        for (axis, hard) in HARD_UT.into_iter().enumerate() {
            errors.add(&report, &format!("source.mag.hard_iron_ut[{axis}]"), hard);
        }
        for (row, column) in [(0, 0), (1, 1), (2, 2), (0, 1), (2, 0), (1, 2)] {
            let key = format!("source.mag.soft_iron[{row}][{column}]");
            errors.add(&report, &key, soft()[(row, column)]);
        }
        let angle = |axis: usize| {
            let key = format!("source.mag.mount.rpy_deg[{axis}]");
            let parameter = report.parameter(&key).unwrap();
            assert_eq!(parameter.verdict, Verdict::Shown, "{parameter:?}");
            parameter.value.to_radians()
        };
        let found = UnitQuaternion::from_euler_angles(angle(0), angle(1), angle(2));
        let off_deg = found.angle_to(&q_bm).to_degrees();
        assert!(off_deg < 1.0, "the mount is {off_deg} deg off");
        assert_eq!(report.changes(File::Site).len(), 3);
    }
    println!("mean square {:.2}", errors.mean());
    assert!((0.2..2.0).contains(&errors.mean()));
}

#[test]
fn a_robot_that_drives_rounds_shows_x_and_y() {
    let mut errors = Errors::default();
    for seed in 1..=4 {
        let drive = simulated("hall_compass", seed);
        let report = magnetometer_of(&drive.site, &drive.vehicle, &records(&drive));
        for (axis, name) in ["x", "y"].into_iter().enumerate() {
            let truth = drive.parameters[&format!("magnetometer.hard_iron_{name}_ut")];
            let key = format!("source.magnetometer.hard_iron_ut[{axis}]");
            errors.add(&report, &key, truth);
        }
        for key in [
            "hard_iron_ut[2]",
            "soft_iron[2][2]",
            "soft_iron[0][2]",
            "mount.rpy_deg[2]",
        ] {
            let kept = report
                .parameter(&format!("source.magnetometer.{key}"))
                .unwrap();
            assert_eq!(
                (kept.verdict, Some(kept.value)),
                (Verdict::NotShown, kept.before),
                "{key}"
            );
        }
    }
    assert!(errors.mean() < 2.5, "{}", errors.mean());
}

fn scratch(name: &str, records: &[Record], site: &str, vehicle: &str) -> Scratch {
    let scratch = Scratch::new(name);
    std::fs::write(scratch.0.join("site.toml"), site).unwrap();
    std::fs::write(scratch.0.join("vehicle.toml"), vehicle).unwrap();
    let mut writer = log::create(scratch.0.join("log.jsonl"), &[]).unwrap();
    records
        .iter()
        .for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
    scratch
}

const FILES: [&str; 7] = [
    "log.jsonl",
    "--site",
    "site.toml",
    "--vehicle",
    "vehicle.toml",
    "--plots",
    "plots",
];

#[test]
fn the_program_writes_both_files_and_draws() {
    let scratch = scratch("calibrate-mag", &tumbled(1, 1.0).0, PLACE, COMPASS);
    let told = wayfix(
        &scratch,
        &[&["calibrate", "magnetometer"], &FILES[..], &["--write"]].concat(),
    );
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    let read = |name: &str| std::fs::read_to_string(scratch.0.join(name)).unwrap();
    let site = site_from_str("site.toml", &read("site.toml"))
        .unwrap()
        .value;
    let magnetic = site.magnetic.unwrap();
    assert!(
        (3.0..8.0).contains(&magnetic.declination_deg),
        "{magnetic:?}"
    );
    let after = read("vehicle.toml");
    assert!(
        after.contains("] # never calibrated\n") && after.contains("soft_iron = [["),
        "{after}"
    );
    assert!(told.stdout.contains("+hard_iron_ut = ["), "{}", told.stdout);
    for plot in ["coverage", "residuals", "histogram"] {
        assert!(read(&format!("plots/magnetometer_{plot}.svg")).contains("</svg>"));
    }
}

#[test]
fn poor_coverage_is_refused_with_a_picture() {
    let scratch = scratch("calibrate-mag-poor", &tumbled(1, 0.05).0, PLACE, COMPASS);
    let told = wayfix(
        &scratch,
        &[&["calibrate", "magnetometer"], &FILES[..], &["--write"]].concat(),
    );
    assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
    for part in [
        "refused, the turning covers",
        "turn the sensor until",
        "####",
        "....",
    ] {
        assert!(
            told.stdout.contains(part),
            "no {part:?} in\n{}",
            told.stdout
        );
    }
    let picture =
        std::fs::read_to_string(scratch.0.join("plots/magnetometer_coverage.svg")).unwrap();
    assert!(picture.contains("missing"));
    let after = std::fs::read_to_string(scratch.0.join("vehicle.toml")).unwrap();
    assert_eq!(after, COMPASS);
}
