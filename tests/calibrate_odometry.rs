//! Calibration of odometry that comes computed: known errors come back within their sigmas, dead
//! reckoning is the better for it, and what a log lacks is said.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use support::Track;
use support::drives::{Errors, records};
use wayfix::calibrate::wheels::{CalibrateError, Collected, Found, Request, calibrate};
use wayfix::calibrate::{Verdict, two_files};
use wayfix::config::{Vehicle, vehicle_from_str};
use wayfix::log::Record;
use wayfix::replay::Replay;
use wayfix::sim::channel::Channel;
use wayfix::sim::scenario::{self, Equipment, Scenario};
use wayfix::sim::sensor::{Device, Output, Slip};
use wayfix::sim::{Simulation, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;

/// A vehicle.toml with these lines on its wheels.
macro_rules! vehicle_toml {
    ($wheels:literal) => {
        concat!(
            r#"
[motion]
drive = "differential"
planar_height_m = 0.0

[start]
position_m = [0.0, 0.0, 0.0]
sigma_m = 0.02
yaw_deg = 0.0
yaw_sigma_deg = 0.5

[source.wheels]
kind = "wheels"
"#,
            $wheels
        )
    };
}

/// What the vehicle is; the simulated odometry errs besides by what the sigmas say.
const TRUE_TOML: &str = vehicle_toml!(
    "scale = 0.95
yaw_rate_scale = 0.9
yaw_rate_bias_radps = 0.01
yaw_rad_per_m = 0.03
distance_sigma_m_rtm = 0.003
yaw_sigma_rad_rtm = 0.001
yaw_sigma_rad_rtrad = 0.002
scale_sigma = 0.02
yaw_rate_scale_sigma = 0.02
yaw_rate_bias_sigma_radps = 0.003
"
);

/// What is known of it.
const GUESSED_TOML: &str = vehicle_toml!(
    "scale_sigma = 0.1
yaw_rate_scale_sigma = 0.1
yaw_rate_bias_sigma_radps = 0.01
"
);

/// Stamps are so late \[s\].
const LATE_S: f64 = 0.07;

const TWISTS: &[Equipment] = &[told_as(Output::Twist)];
const STEPS: &[Equipment] = &[told_as(Output::Steps)];

const fn told_as(output: Output) -> Equipment {
    Equipment {
        source: "wheels",
        device: Device::Wheels(output, Slip::NONE),
        channel: Channel::ideal(25.0),
    }
}

fn driven(equipment: &'static [Equipment], seed: u64) -> Simulation {
    let scenario = Scenario {
        vehicle_toml: TRUE_TOML,
        equipment,
        ..*scenario::find("calibration_drive").unwrap()
    };
    simulate(&scenario, seed, None).unwrap()
}

/// Its log, each odometry reading late.
fn late(drive: &Simulation) -> Vec<Record> {
    let mut records = records(drive);
    for record in &mut records {
        if let Record::Sample(sample) = record {
            sample.t = sample.t.shifted(LATE_S);
        }
    }
    records.sort_by_key(time);
    records
}

fn time(record: &Record) -> Timestamp {
    match record {
        Record::Sample(sample) => sample.t,
        Record::Truth(truth) => truth.t,
    }
}

fn vehicle(text: &str) -> Vehicle {
    vehicle_from_str("vehicle.toml", text).unwrap().value
}

fn found(vehicle: &Vehicle, records: &[Record]) -> Result<Found, CalibrateError> {
    let log = Collected::from_records(vehicle, records);
    calibrate(vehicle, &log, &Request::default())
}

/// Root mean square of the horizontal error of a replay, which has odometry alone \[m\].
fn dead_reckoned_m(drive: &Simulation, vehicle: &Vehicle, records: &[Record]) -> f64 {
    let (mut replay, mut track) = (
        Replay::new(&drive.site, vehicle, 10.0).unwrap(),
        Track::default(),
    );
    for record in records {
        replay.feed(record, &mut track);
    }
    replay.finish(&mut track);
    let squares: Vec<f64> = (track.comparisons.iter())
        .filter_map(|c| Some(c.horizontal?.norm_squared()))
        .collect();
    assert!(squares.len() > 100);
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

#[test]
fn twists_and_steps_come_back_and_dead_reckon() {
    let guessed = vehicle(GUESSED_TOML);
    let mut errors = Errors::default();
    for (equipment, seed) in [(TWISTS, 1), (TWISTS, 2), (STEPS, 3), (STEPS, 4)] {
        let drive = driven(equipment, seed);
        let records = late(&drive);
        let found = found(&guessed, &records).unwrap();
        let report = found.report();
        assert!(
            report
                .headline
                .starts_with("computed odometry, source.wheels")
        );
        let is = |name: &str| drive.parameters[&format!("wheels.{name}")];
        let yaw_rate_scale = is("yaw_rate_scale");
        let bias_radps = 0.01 - yaw_rate_scale * is("yaw_rate_bias_radps");
        for (key, truth) in [
            ("scale", is("scale")),
            ("yaw_rate_scale", yaw_rate_scale),
            ("yaw_rate_bias_radps", bias_radps),
            ("yaw_rad_per_m", 0.03),
            ("delay_s", LATE_S),
        ] {
            errors.add(&report, &format!("source.wheels.{key}"), truth);
        }
        // What was written is what the engine uses.
        let written = two_files::changed(GUESSED_TOML, &found.changes()).unwrap();
        let before_m = dead_reckoned_m(&drive, &guessed, &records);
        let after_m = dead_reckoned_m(&drive, &vehicle(&written), &records);
        println!("dead reckoning {before_m:.3} m, calibrated {after_m:.3} m\n{written}");
        assert!(after_m < 0.1 * before_m, "{after_m} {before_m}");
    }
    assert!(errors.mean() < 1.5, "mean square {}", errors.mean());
}

#[test]
fn what_is_missing_is_said() {
    let drive = driven(TWISTS, 1);
    let all = records(&drive);
    let guessed = vehicle(GUESSED_TOML);
    let until = |end_s: f64| -> Vec<Record> {
        let end = Timestamp::from_seconds(end_s);
        all.iter().filter(|r| time(r) <= end).copied().collect()
    };
    let error = |records: &[Record]| found(&guessed, records).unwrap_err().to_string();
    assert!(error(&until(8.0)).contains("odometry and reference share"));

    let changed = |change: &dyn Fn(&mut Reading)| -> Vec<Record> {
        let mut records = all.clone();
        for record in &mut records {
            if let Record::Sample(sample) = record {
                change(&mut sample.reading);
            }
        }
        records
    };
    let speeds = changed(&|reading| {
        if let Reading::Twist(twist) = reading {
            twist.yaw_rate_radps = None;
        }
    });
    assert!(
        error(&speeds).starts_with(
            "the odometry of source.wheels says how far it drives and not how it turns"
        )
    );
    let standing = changed(&|reading| {
        if let Reading::Twist(twist) = reading {
            (twist.forward_mps, twist.yaw_rate_radps) = (0.0, Some(0.0));
        }
    });
    assert!(
        error(&standing).starts_with("the odometry does not change though the reference moves")
    );

    // The first straight alone: nothing is said of turns.
    let straight = found(&guessed, &until(11.0)).unwrap();
    let yaw_rate_scale = straight.parameter("source.wheels.yaw_rate_scale").unwrap();
    assert_eq!(
        (yaw_rate_scale.verdict, yaw_rate_scale.value),
        (Verdict::NotShown, 1.0)
    );
    assert_eq!(
        yaw_rate_scale.advice.as_deref(),
        Some("turn far, to both sides")
    );
}
