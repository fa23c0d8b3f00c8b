//! Bad samples: each is refused with its fate, the rest is used, and the estimate is that of the run
//! without them, to the bit where they must have no effect. Bad files are in bad_logs.rs.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use support::Fed;
use wayfix::config::Source;
use wayfix::config::source::PoseSource;
use wayfix::engine::Fate;
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{GnssFix, GnssPosition, GnssVelocity, Imu, Name, PerWheel, Range};
use wayfix_sensors::sample::{WheelSpeeds, Yaw};
use wayfix_sensors::{Reading, Sample};

/// A robot with inertial unit, wheels, ranges and satellites; it drives from the tenth second on.
const DURATION_S: f64 = 30.0;
/// Where bad samples go.
const BAD_S: f64 = 20.0;
/// Sound input leaves the robot this close to the truth [m].
const SOUND_M: f64 = 0.1;

fn simulation() -> Simulation {
    simulate(scenario::find("hour").unwrap(), 3, Some(DURATION_S)).unwrap()
}

fn reading(json: &str) -> Reading {
    serde_json::from_str(json).unwrap()
}

fn sample(t: Timestamp, source: &str, reading: Reading) -> Sample {
    Sample {
        t,
        source: Name::from(source).unwrap(),
        reading,
    }
}

/// Samples as they arrive, with others among them at [`BAD_S`].
fn with(simulation: &Simulation, bad: &[Sample]) -> Vec<Sample> {
    let at = |s: &Sample| s.t.seconds() < BAD_S;
    let (mut all, rest): (Vec<Sample>, Vec<Sample>) = simulation.samples().partition(at);
    all.extend(bad);
    all.extend(rest);
    all
}

/// The newest sound sample of a source before [`BAD_S`].
fn last_of(simulation: &Simulation, source: &str) -> Sample {
    let is_before = |s: &Sample| s.source.as_str() == source && s.t.seconds() < BAD_S;
    simulation.samples().filter(is_before).last().unwrap()
}

/// Bad samples that must meet this fate, each of them, and leave no trace.
fn assert_without_effect(simulation: &Simulation, bad: &[Sample], fate: Fate) {
    let without = Fed::new(simulation, with(simulation, &[]));
    let fed = Fed::new(simulation, with(simulation, bad));
    assert_eq!(without.count(fate), 0);
    assert_eq!(fed.count(fate), bad.len());
    assert_eq!(fed.bits(), without.bits());
    let (used, expected) = (used(&fed), used(&without));
    assert_eq!(used, expected);
    assert!(fed.error_m(simulation) < SOUND_M);
}

fn used(fed: &Fed) -> usize {
    fed.reports.iter().filter(|r| r.fate.is_used()).count()
}

// Values.

/// Every place of a number in the readings of this robot, with `x` in it.
fn poisoned(x: f64) -> Vec<(&'static str, Reading)> {
    let imu = |gyro_radps, accel_mps2| {
        Reading::Imu(Imu {
            gyro_radps,
            accel_mps2,
        })
    };
    let speeds = |values: &[f64]| {
        let speeds_mps = PerWheel::new(values).unwrap();
        Reading::WheelSpeeds(WheelSpeeds { speeds_mps })
    };
    let range = |range_m, rx_power_dbm, first_path_dbm| {
        let anchor = Name::from("A1").unwrap();
        Reading::Range(Range {
            anchor,
            range_m,
            rx_power_dbm,
            first_path_dbm,
        })
    };
    let position = |lat_deg, lon_deg, height_m, sigma_enu_m| {
        Reading::GnssPosition(GnssPosition {
            lat_deg,
            lon_deg,
            height_m,
            fix: GnssFix::RtkFixed,
            sigma_enu_m,
            hdop: None,
            satellites: None,
        })
    };
    let velocity = |east_mps, north_mps, up_mps, sigma_mps| {
        Reading::GnssVelocity(GnssVelocity {
            east_mps,
            north_mps,
            up_mps,
            sigma_mps,
        })
    };
    vec![
        ("imu", imu([x, 0.0, 0.0], Some([0.0, 0.0, 9.8]))),
        ("imu", imu([0.0; 3], Some([0.0, x, 9.8]))),
        ("wheels", speeds(&[x, 1.0])),
        ("wheels", speeds(&[1.0, x])),
        ("uwb", range(x, None, None)),
        ("uwb", range(20.0, Some(x), Some(-80.0))),
        ("uwb", range(20.0, Some(-80.0), Some(x))),
        ("gnss", position(x, 8.5, None, None)),
        ("gnss", position(47.4, x, None, None)),
        ("gnss", position(47.4, 8.5, Some(x), None)),
        ("gnss", position(47.4, 8.5, None, Some([0.02, x, 0.02]))),
        ("gnss", velocity(x, 0.0, None, None)),
        ("gnss", velocity(0.0, x, None, None)),
        ("gnss", velocity(0.0, 0.0, Some(x), None)),
        ("gnss", velocity(0.0, 0.0, None, Some(x))),
        (
            "gnss",
            Reading::Yaw(Yaw {
                yaw_rad: x,
                sigma_rad: None,
            }),
        ),
    ]
}

#[test]
fn values_that_are_not_finite_are_invalid() {
    let simulation = simulation();
    let bad: Vec<Sample> = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
        .into_iter()
        .flat_map(poisoned)
        .map(|(source, reading)| sample(Timestamp::from_seconds(BAD_S), source, reading))
        .collect();
    assert_eq!(bad.len(), 48);
    assert_without_effect(&simulation, &bad, Fate::Invalid);
}

/// A simulation whose robot has a positioning system as well, and bad samples of it, stamped like a
/// range so that nothing is predicted to a time of their own.
fn with_sigma(readings: &[&str]) -> (Simulation, Vec<Sample>) {
    let mut simulation = simulation();
    let pose = Source::Pose(PoseSource::default());
    simulation.vehicle.sources.insert("pose".to_owned(), pose);
    let t = last_of(&simulation, "uwb").t;
    let bad = readings
        .iter()
        .flat_map(|json| ["0.0", "-0.02"].map(|sigma| json.replace("SIGMA", sigma)))
        .map(|json| {
            let source = if json.contains("gnss") {
                "gnss"
            } else {
                "pose"
            };
            sample(t, source, reading(&json))
        })
        .collect();
    (simulation, bad)
}

#[test]
fn a_sigma_that_is_not_positive_is_invalid() {
    let (simulation, bad) = with_sigma(&[
        r#"{"position": {"xy_m": [50, 50], "sigma_m": SIGMA}}"#,
        r#"{"yaw": {"yaw_rad": 3, "sigma_rad": SIGMA}}"#,
        r#"{"pose": {"position_m": [50, 50, 0], "attitude_wxyz": [1, 0, 0, 0], "sigma_m": SIGMA}}"#,
        r#"{"pose": {"position_m": [50, 50, 0], "attitude_wxyz": [1, 0, 0, 0], "sigma_rad": SIGMA}}"#,
    ]);
    assert_without_effect(&simulation, &bad, Fate::Invalid);
}

#[test]
fn a_satellite_sigma_that_is_not_positive_is_invalid() {
    let (simulation, bad) = with_sigma(&[
        r#"{"gnss_position": {"lat_deg": 47.4, "lon_deg": 8.5, "fix": "single", "sigma_enu_m": [SIGMA, SIGMA, SIGMA]}}"#,
        r#"{"gnss_velocity": {"east_mps": 0.3, "north_mps": 0.1, "sigma_mps": SIGMA}}"#,
    ]);
    assert_without_effect(&simulation, &bad, Fate::Invalid);
}

// Times.

/// One sample of each source with its stamp shifted.
fn shifted(simulation: &Simulation, by_s: f64) -> Vec<Sample> {
    ["imu", "wheels", "uwb", "gnss"]
        .map(|source| last_of(simulation, source))
        .map(|s| Sample {
            t: s.t.shifted(by_s),
            ..s
        })
        .to_vec()
}

const HOUR_S: f64 = 3600.0;
const DAY_S: f64 = 86_400.0;

#[test]
fn a_stamp_an_hour_ahead_is_a_clock_jump() {
    let simulation = simulation();
    for bad in shifted(&simulation, HOUR_S) {
        assert_without_effect(&simulation, &[bad], Fate::ClockJump);
    }
}

#[test]
fn a_stamp_a_day_back_is_too_late() {
    let simulation = simulation();
    assert_without_effect(&simulation, &shifted(&simulation, -DAY_S), Fate::TooLate);
}

#[test]
fn a_stamp_a_day_back_is_too_late_from_the_first_second_on() {
    let simulation = simulation();
    let mut all: Vec<Sample> = simulation.samples().collect();
    let early = all[20];
    let t = early.t.shifted(-DAY_S);
    all.insert(21, Sample { t, ..early });
    let fed = Fed::new(&simulation, all);
    assert_eq!(fed.count(Fate::TooLate), 1);
    assert_eq!(
        fed.bits(),
        Fed::new(&simulation, simulation.samples()).bits()
    );
}

#[test]
fn a_first_stamp_an_hour_ahead_does_not_hold_up_the_rest() {
    let simulation = simulation();
    let first = simulation.samples().next().unwrap();
    let t = first.t.shifted(HOUR_S);
    let all = std::iter::once(Sample { t, ..first }).chain(simulation.samples());
    let fed = Fed::new(&simulation, all);
    assert!(fed.estimate().t.seconds() < DURATION_S + 1.0);
    assert!(fed.error_m(&simulation) < SOUND_M);
}

#[test]
fn a_sample_that_comes_twice_counts_once() {
    let simulation = simulation();
    let twice = ["imu", "wheels", "uwb", "gnss"].map(|source| last_of(&simulation, source));
    assert_without_effect(&simulation, &twice, Fate::Duplicate);
    let all: Vec<Sample> = simulation.samples().flat_map(|s| [s, s]).collect();
    let fed = Fed::new(&simulation, all.iter().copied());
    assert_eq!(fed.count(Fate::Duplicate), all.len() / 2);
    assert_eq!(
        fed.bits(),
        Fed::new(&simulation, simulation.samples()).bits()
    );
}

// Names and kinds.

#[test]
fn an_anchor_that_the_site_does_not_know_is_told_by_name() {
    let simulation = simulation();
    let known = last_of(&simulation, "uwb");
    let ranges = r#"{"range": {"anchor": "A99", "range_m": 3.0}}"#;
    let differences = [
        r#"{"range_difference": {"anchor_a": "A1", "anchor_b": "A99", "difference_m": 1.0}}"#,
        r#"{"range_difference": {"anchor_a": "A99", "anchor_b": "A1", "difference_m": 1.0}}"#,
    ];
    // Stamped like a sound range, so that nothing is predicted to a time of their own.
    let bad = [ranges, differences[0], differences[1]].map(|r| sample(known.t, "uwb", reading(r)));
    assert_without_effect(&simulation, &bad, Fate::UnknownTarget);
    let fed = Fed::new(&simulation, with(&simulation, &bad[..1]));
    let told = fed
        .reports
        .iter()
        .find(|r| r.fate == Fate::UnknownTarget)
        .unwrap();
    assert_eq!(told.target.unwrap().as_str(), "A99");
}

#[test]
fn refused_readings_at_times_of_their_own_move_nothing() {
    let simulation = simulation();
    let range = r#"{"range": {"anchor": "A99", "range_m": 3.0}}"#;
    let field = r#"{"magnetic_field": {"field_tesla": [2e-5, 0, -4e-5]}}"#;
    let stray = |k: u32| {
        let t = Timestamp::from_seconds(BAD_S - 1.0 + 0.0037 * f64::from(k));
        [
            sample(t, "uwb", reading(range)),
            sample(t, "imu", reading(field)),
        ]
    };
    let bad: Vec<Sample> = (0..200).flat_map(stray).collect();
    let (fed, without) = (
        Fed::new(&simulation, with(&simulation, &bad)),
        Fed::new(&simulation, with(&simulation, &[])),
    );
    assert_eq!(fed.count(Fate::UnknownTarget), 200);
    assert_eq!(fed.count(Fate::WrongKind), 200);
    // The state is carried to their times, which divides its steps otherwise.
    let moved = (fed.estimate().p_n - without.estimate().p_n).norm();
    assert!(moved < 1e-3, "{moved} m");
}

#[test]
fn a_source_that_the_vehicle_does_not_have_is_unknown() {
    let simulation = simulation();
    let lidar = reading(r#"{"position": {"xy_m": [50, 50], "sigma_m": 0.01}}"#);
    let range = last_of(&simulation, "uwb");
    let bad = [
        sample(range.t, "lidar", lidar),
        sample(range.t, "UWB", range.reading),
        sample(range.t, "", range.reading),
    ];
    assert_without_effect(&simulation, &bad, Fate::UnknownSource);
}

#[test]
fn a_reading_that_its_source_does_not_give_is_of_the_wrong_kind() {
    let simulation = simulation();
    // Each takes its stamp from a sound sample of the source whose name it bears.
    let bad: Vec<Sample> = [
        ("uwb", r#"{"rssi": {"beacon": "A1", "rssi_dbm": -60}}"#),
        (
            "uwb",
            r#"{"gnss_position": {"lat_deg": 47.4, "lon_deg": 8.5}}"#,
        ),
        ("gnss", r#"{"range": {"anchor": "A1", "range_m": 3.0}}"#),
        ("wheels", r#"{"steering": {"angle_rad": 0.3}}"#),
        ("wheels", r#"{"wheel_speeds": {"speeds_mps": [1.0]}}"#),
        ("wheels", r#"{"wheel_ticks": {"ticks": [1, 2, 3, 4]}}"#),
    ]
    .map(|(source, json)| sample(last_of(&simulation, source).t, source, reading(json)))
    .to_vec();
    assert_without_effect(&simulation, &bad, Fate::WrongKind);
}
