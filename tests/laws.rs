//! The laws that the fuzz targets run, with proptest's bytes: nothing that is read panics, and no
//! samples spoil the estimate. Findings of the fuzzers stand below, each with what it found.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/laws/mod.rs"]
mod laws;

use laws::{files, imports, kept, logs, step};
use proptest::collection::vec;
use proptest::prelude::*;
use wayfix::engine::{Engine, Fate, Outputs};
use wayfix_sensors::{Reading, Sample, Timestamp};

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        // What is found becomes a test of its own, below.
        failure_persistence: None,
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn jsonl(bytes in bytes(200)) {
        logs::jsonl(&bytes);
    }

    #[test]
    fn mcap(bytes in bytes(60)) {
        logs::mcap(&bytes);
    }

    #[test]
    fn csv(bytes in bytes(100)) {
        imports::csv(&bytes);
    }

    #[test]
    fn nmea(bytes in bytes(100)) {
        imports::nmea(&bytes);
    }

    #[test]
    fn ros2(bytes in bytes(100)) {
        imports::ros2(&bytes);
    }

    #[test]
    fn config(site in bytes(12), vehicle in bytes(12), samples in bytes(400)) {
        files::config(&[&site, &[255_u8][..], &vehicle, &[255], &samples].concat());
    }

    #[test]
    fn snapshot(bytes in bytes(40)) {
        kept::snapshot(&bytes);
    }

    #[test]
    fn step(bytes in bytes(3000)) {
        step::step(&bytes);
    }
}

#[test]
fn the_files_as_they_are_pass() {
    files::config(&[1, 255, 1, 255]);
    files::config(&[1, 255, 1, 255, 9]);
    files::config(&[1, 255, 1, 255, 9, 9]);
    (0..3).for_each(|which| drop(step::pair(which)));
}

// Findings.

/// Feeds an engine that knows its start; returns the fates.
fn fed(
    samples: impl IntoIterator<Item = (f64, &'static str, &'static str)>,
) -> (Engine, Vec<Fate>) {
    let (site, vehicle) = step::pair(0);
    let mut engine = Engine::new(&site, &vehicle).unwrap();
    let mut outputs = Outputs::default();
    let mut fates = Vec::new();
    for (t_s, source, json) in samples {
        let sample = Sample {
            t: Timestamp::from_seconds(t_s),
            source: wayfix_sensors::Name::from(source).unwrap(),
            reading: serde_json::from_str::<Reading>(json).unwrap(),
        };
        engine.step(&sample, &mut outputs);
        fates.extend(outputs.reports.iter().map(|r| r.fate));
        if let Some(estimate) = engine.estimate() {
            step::assert_sound(&estimate, json);
        }
    }
    engine.finish(&mut outputs);
    fates.extend(outputs.reports.iter().map(|r| r.fate));
    (engine, fates)
}

const STILL: &str = r#"{"imu":{"gyro_radps":[0,0,0.1],"accel_mps2":[0,0,9.8]}}"#;

#[test]
fn a_rate_of_1e150_is_invalid_and_makes_no_nan() {
    let wild = r#"{"imu":{"gyro_radps":[0,0,1e150],"accel_mps2":[0,0,9.8]}}"#;
    let still = (0..300).map(|i| (0.01 * f64::from(i), "imu", STILL));
    let (engine, fates) = fed(still.chain([(3.0, "imu", wild), (3.01, "imu", STILL)]));
    let invalid = fates.iter().filter(|f| **f == Fate::Invalid);
    assert_eq!((invalid.count(), fates.len()), (1, 302));
    step::assert_covariance(&engine);
}

#[test]
fn a_clock_set_ahead_by_years_starts_anew_and_at_once() {
    // From 1970 to now, as when a receiver's time reaches a controller that has booted.
    let (before, after) = (0.0, 1.8e9);
    let imu = |from_s: f64| (0..600).map(move |i| (from_s + 0.01 * f64::from(i), "imu", STILL));
    let (engine, fates) = fed(imu(before).chain(imu(after)));
    let refused = fates.iter().filter(|f| **f == Fate::ClockJump).count();
    assert!(refused > 0, "the first ones wait for company");
    let (fresh, _) = fed(imu(after).skip(refused));
    assert_eq!(engine.estimate(), fresh.estimate());
}

#[test]
fn hours_without_any_sample_take_no_more_steps_than_minutes() {
    let imu = |from_s: f64| (0..600).map(move |i| (from_s + 0.01 * f64::from(i), "imu", STILL));
    let (engine, _) = fed(imu(0.0).chain(imu(80_000.0)));
    step::assert_covariance(&engine);
}
