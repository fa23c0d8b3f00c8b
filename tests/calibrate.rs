//! Calibration of wheels: known parameters come back within their sigmas, what a drive does not show
//! is left alone, and what a log lacks is said.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use support::drives::{records, simulated};
use wayfix::calibrate::Verdict;
use wayfix::calibrate::wheels::{CalibrateError, Collected, Found, Request, calibrate};
use wayfix::config::{Vehicle, vehicle_from_str};
use wayfix::log::{Record, Truth, TruthState};
use wayfix::sim::{scenario, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{OdometryStep, Pose};
use wayfix_sensors::{Name, Reading, Sample};

/// vehicle.toml with other values for some keys.
fn spoilt(text: &str, keys: &[(&str, &str)]) -> Vehicle {
    let mut text = text.to_owned();
    for (from, to) in keys {
        assert!(text.contains(from), "no {from}");
        text = text.replace(from, to);
    }
    vehicle_from_str("vehicle.toml", &text).unwrap().value
}

fn found(
    vehicle: &Vehicle,
    records: &[Record],
    request: &Request,
) -> Result<Found, CalibrateError> {
    calibrate(vehicle, &Collected::from_records(vehicle, records), request)
}

/// Each of `truth` is shown, and within three sigmas; together they are as far off as the sigmas say.
fn assert_found(found: &Found, truth: &[(&str, f64)]) {
    let mut squares = 0.0;
    for (key, value) in truth {
        let parameter = found
            .parameter(key)
            .unwrap_or_else(|| panic!("{key} is not sought"));
        let error = (parameter.value - value) / parameter.sigma;
        println!(
            "{key}: {} ± {}, is {value}: {error:.2}",
            parameter.value, parameter.sigma
        );
        assert_ne!(parameter.verdict, Verdict::NotShown, "{key}");
        assert!(error.abs() < 3.0, "{key}: {error} sigmas off");
        squares += error * error;
    }
    let mean = squares / truth.len() as f64;
    assert!(mean < 1.5, "mean square of {mean} sigmas");
}

#[test]
fn a_tricycle_comes_back_from_wrong_guesses() {
    for seed in 1..=3 {
        let drive = simulated("calibration_drive", seed);
        let vehicle = spoilt(
            drive.vehicle_toml,
            &[
                ("wheelbase_m = 1.5", "wheelbase_m = 1.2"),
                (
                    "steering_rad_per_tick = 7.67e-4",
                    "steering_rad_per_tick = 2e-4",
                ),
                ("metres_per_tick = 2e-5", "metres_per_tick = 3e-5"),
                ("steering_backlash_deg = 1.5", "steering_backlash_deg = 0.0"),
            ],
        );
        let request = Request {
            holdout: true,
            ..Request::default()
        };
        let found = found(&vehicle, &records(&drive), &request).unwrap();
        let truth = [
            (
                "source.wheels.metres_per_tick",
                2e-5 * drive.parameters["wheels.scale"],
            ),
            ("source.wheels.steering_rad_per_tick", 7.67e-4),
            (
                "source.wheels.steering_offset_deg",
                drive.parameters["wheels.steering_offset_deg"],
            ),
            ("source.wheels.steering_backlash_deg", 1.5),
            ("motion.wheelbase_m", 1.5),
        ];
        assert_found(&found, &truth);
        let second = found.holdout.unwrap().second_half;
        assert!(
            found.in_sample.position_rms_m < 0.05,
            "{:?}",
            found.in_sample
        );
        assert!(
            second.position_rms_m < 0.3 && second.yaw_rms_deg < 1.5,
            "{second:?}"
        );
    }
}

#[test]
fn a_differential_drive_comes_back_by_its_speeds() {
    let drive = simulated("gnss_yard_wheels", 4);
    let vehicle = spoilt(drive.vehicle_toml, &[("track_m = 0.8", "track_m = 0.7")]);
    let found = found(&vehicle, &records(&drive), &Request::default()).unwrap();
    let scale = drive.parameters["wheels.scale"];
    let truth = [
        ("source.wheels.wheel_scales[0]", scale),
        ("source.wheels.wheel_scales[1]", scale),
        ("motion.track_m", 0.8),
    ];
    assert_found(&found, &truth);
}

#[test]
fn counts_at_the_rear_axle_go_with_a_steering_source() {
    let drive = simulated("aisle_markers_wheels_only", 2);
    let vehicle = spoilt(
        drive.vehicle_toml,
        &[("wheelbase_m = 1.5", "wheelbase_m = 1.8")],
    );
    let found = found(&vehicle, &records(&drive), &Request::default()).unwrap();
    let truth = [
        (
            "source.wheels.metres_per_tick",
            2e-4 * drive.parameters["wheels.scale"],
        ),
        ("source.steering.ratio", 1.0),
        (
            "source.steering.offset_deg",
            drive.parameters["steering.offset_deg"],
        ),
        ("motion.wheelbase_m", 1.5),
    ];
    assert_found(&found, &truth);
    // It never reverses, so there is nothing to be said of backlash.
    let backlash = found.parameter("source.steering.backlash_deg").unwrap();
    assert_eq!((backlash.verdict, backlash.value), (Verdict::NotShown, 0.0));
    assert_eq!(
        backlash.advice.as_deref(),
        Some("drive forwards and backwards")
    );
    let written: Vec<String> = found
        .changes()
        .into_iter()
        .map(|change| change.path.to_string())
        .collect();
    assert!(
        written
            .iter()
            .any(|path| path == "source.steering.offset_sigma_deg")
    );
    assert!(
        !written.iter().any(|path| path.contains("backlash")),
        "{written:?}"
    );
}

/// Truth as a sensor at (1.2, -0.3) m, turned by 10 deg, would give it.
fn seen_by_sensor(truth: &Truth) -> ([f64; 2], f64) {
    let ([x, y], yaw) = (truth.state.xy_m.unwrap(), truth.state.yaw_rad.unwrap());
    let (sin, cos) = yaw.sin_cos();
    let at = [x + 1.2 * cos + 0.3 * sin, y + 1.2 * sin - 0.3 * cos];
    (at, yaw + 10_f64.to_radians())
}

#[test]
fn the_reference_s_mount_is_found_by_its_poses_and_by_truth() {
    let drive = simulated("calibration_drive", 5);
    let text = format!(
        "{}\n[source.laser]\nkind = \"pose\"\nmount.position_m = [1.0, 0.0, 0.7]\n",
        drive.vehicle_toml
    );
    let vehicle = spoilt(&text, &[]);
    let samples: Vec<Record> = drive.samples().map(Record::Sample).collect();
    let by_truth = |truth: &Truth| {
        let (xy_m, yaw_rad) = seen_by_sensor(truth);
        let (xy_m, yaw_rad) = (Some(xy_m), Some(yaw_rad));
        let state = TruthState {
            xy_m,
            yaw_rad,
            ..TruthState::default()
        };
        Record::Truth(Truth { t: truth.t, state })
    };
    let by_pose = |truth: &Truth| {
        let ([x, y], yaw_rad) = seen_by_sensor(truth);
        let (sin, cos) = (0.5 * yaw_rad).sin_cos();
        let pose = Pose {
            position_m: [x, y, 0.7],
            attitude_wxyz: [cos, 0.0, 0.0, sin],
            sigma_m: None,
            sigma_rad: None,
        };
        let source = Name::from("laser").unwrap();
        Record::Sample(Sample {
            t: truth.t,
            source,
            reading: Reading::Pose(pose),
        })
    };
    let request = Request {
        reference: Some("laser".to_owned()),
        ..Request::default()
    };
    let forms: [&dyn Fn(&Truth) -> Record; 2] = [&by_truth, &by_pose];
    for form in forms {
        let mut records = samples.clone();
        records.extend(drive.truth.iter().map(form));
        let found = found(&vehicle, &records, &request).unwrap();
        let truth = [
            ("source.laser.mount.position_m[0]", 1.2),
            ("source.laser.mount.position_m[1]", -0.3),
            ("source.laser.mount.rpy_deg[2]", 10.0),
        ];
        assert_found(&found, &truth);
    }
}

/// Counters of 32 bits that a gateway feeds with increments of 16 bits lose whole turns of those
/// while the line is frozen.
#[test]
fn turns_lost_in_freezes_are_found_again() {
    let drive = simulated("calibration_drive", 6);
    let vehicle = spoilt(
        drive.vehicle_toml,
        &[("metres_per_tick = 2e-5", "metres_per_tick = 2e-6")],
    );
    let (mut last, mut counter) = (None, 0);
    let mut frozen = Vec::new();
    for (k, record) in records(&drive).into_iter().enumerate() {
        let Record::Sample(mut sample) = record else {
            frozen.push(record);
            continue;
        };
        if let Reading::WheelTicks(ticks) = &mut sample.reading {
            // The encoder counts ten times as finely; a tenth of a second every 20 s is not heard.
            let now = ticks.ticks.as_slice()[0] * 10;
            let heard = k % 500 > 4;
            if heard || last.is_none() {
                let step =
                    (now - last.replace(now).unwrap_or(now) + 32_768).rem_euclid(65_536) - 32_768;
                counter += step;
            }
            ticks.ticks = wayfix_sensors::sample::PerWheel::new(&[counter]).unwrap();
        }
        frozen.push(Record::Sample(sample));
    }
    let found = found(&vehicle, &frozen, &Request::default()).unwrap();
    let bits = found.tick_bits.expect("turns are missing");
    assert_eq!((bits.before, bits.value), (32, 16));
    assert!(
        found
            .changes()
            .iter()
            .any(|change| change.path == "source.wheels.tick_bits")
    );
    let truth = [
        (
            "source.wheels.metres_per_tick",
            2e-6 * drive.parameters["wheels.scale"],
        ),
        ("motion.wheelbase_m", 1.5),
    ];
    assert_found(&found, &truth);
}

#[test]
fn a_straight_drive_shows_the_scale_and_says_what_it_does_not_show() {
    // The first leg's first straight alone.
    let drive = simulate(scenario::find("calibration_drive").unwrap(), 1, None).unwrap();
    let is_straight = |t: Timestamp| t <= Timestamp::from_seconds(11.0);
    let records: Vec<Record> = records(&drive)
        .into_iter()
        .filter(|record| match record {
            Record::Sample(sample) => is_straight(sample.t),
            Record::Truth(truth) => is_straight(truth.t),
        })
        .collect();
    let found = found(&drive.vehicle, &records, &Request::default()).unwrap();
    let verdict = |key: &str| found.parameter(key).unwrap().verdict;
    assert_ne!(verdict("source.wheels.metres_per_tick"), Verdict::NotShown);
    for key in ["motion.wheelbase_m", "source.wheels.steering_backlash_deg"] {
        let parameter = found.parameter(key).unwrap();
        assert_eq!(
            (parameter.verdict, Some(parameter.value)),
            (Verdict::NotShown, parameter.before)
        );
    }
}

fn error(vehicle: &Vehicle, records: &[Record]) -> String {
    found(vehicle, records, &Request::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_missing_is_said() {
    let drive = simulated("calibration_drive", 1);
    let all = records(&drive);
    let vehicle = &drive.vehicle;
    let truth: Vec<Record> = all
        .iter()
        .filter(|record| matches!(record, Record::Truth(_)))
        .copied()
        .collect();
    let samples: Vec<Record> = all
        .iter()
        .filter(|record| matches!(record, Record::Sample(_)))
        .copied()
        .collect();

    assert_eq!(
        error(vehicle, &truth),
        "the log has no wheel counts or speeds and no computed odometry (it has truth): record the \
         wheel encoders, as wheel_ticks or wheel_speeds, or else twist or odometry_step"
    );
    assert!(error(vehicle, &samples).starts_with("no truth: record where the vehicle was"));

    let steps = |record: &Record| match record {
        Record::Sample(sample) => Record::Sample(Sample {
            reading: Reading::OdometryStep(OdometryStep {
                distance_m: 0.1,
                yaw_change_rad: None,
            }),
            ..*sample
        }),
        truth => *truth,
    };
    let computed: Vec<Record> = all.iter().map(steps).collect();
    assert!(error(vehicle, &computed).contains("source.wheels says how far it drives and not how"));

    let positions = |record: &Record| match record {
        Record::Truth(truth) => Record::Truth(Truth {
            state: TruthState {
                xy_m: truth.state.xy_m,
                ..TruthState::default()
            },
            ..*truth
        }),
        sample => *sample,
    };
    let no_heading: Vec<Record> = all.iter().map(positions).collect();
    assert!(
        error(vehicle, &no_heading).starts_with("truth has positions but no heading (11145 rows)")
    );

    let until = |end_s: f64| -> Vec<Record> {
        let is_early = |record: &&Record| match record {
            Record::Sample(sample) => sample.t <= Timestamp::from_seconds(end_s),
            Record::Truth(truth) => truth.t <= Timestamp::from_seconds(end_s),
        };
        all.iter().filter(is_early).copied().collect()
    };
    assert!(error(vehicle, &until(8.0)).contains("at least 10.0 s are needed: drive longer"));

    let standing: Vec<Record> = all
        .iter()
        .map(|record| match record {
            Record::Truth(row) => Record::Truth(Truth {
                t: row.t,
                ..drive.truth[0]
            }),
            sample => *sample,
        })
        .collect();
    assert!(
        error(vehicle, &standing).contains("at least 1.00 m are needed: drive some tens of metres")
    );

    let unscaled = spoilt(
        drive.vehicle_toml,
        &[(
            "steering_rad_per_tick = 7.67e-4",
            "steering_rad_per_tick = 0.0",
        )],
    );
    assert!(
        error(&unscaled, &all)
            .starts_with("vehicle.toml: source.wheels.steering_rad_per_tick: is 0")
    );
    let free = spoilt(drive.vehicle_toml, &[("\"tricycle\"", "\"free\"")]);
    assert!(error(&free, &all).contains("motion.drive: is \"free\""));
    let named = spoilt(
        drive.vehicle_toml,
        &[("[\"front\"]", "[\"rear_left\", \"rear_right\"]")],
    );
    assert!(error(&named, &all).contains("names 2 of them, and the readings in the log have 1"));

    let unsteered = |record: &Record| match record {
        Record::Sample(sample) => {
            let mut sample = *sample;
            if let Reading::WheelTicks(ticks) = &mut sample.reading {
                ticks.steering_ticks = None;
            }
            Record::Sample(sample)
        }
        truth => *truth,
    };
    let unsteered: Vec<Record> = all.iter().map(unsteered).collect();
    assert!(
        error(vehicle, &unsteered).starts_with("the log has no steering: drive = \"tricycle\"")
    );

    let request = Request {
        source: Some("wheel".to_owned()),
        ..Request::default()
    };
    let error = found(vehicle, &all, &request).unwrap_err().to_string();
    assert_eq!(
        error,
        "the log has no wheel counts, speeds or odometry of source.wheel (it has wheels/wheel_ticks, \
         truth)"
    );
}
