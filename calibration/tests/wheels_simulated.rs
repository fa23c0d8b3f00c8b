//! Calibration of drives whose parameters are known: errors against the sigmas that are claimed.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

use wayfix_calibration::wheels::{
    Axle, Calibration, DifferentialDrive, DifferentialTicks, Options, ReferencePose, TricycleDrive,
    TricycleTicks, WheelsError, calibrate_differential, calibrate_tricycle,
};
use wayfix_calibration::{Observed, Pose2};
use wayfix_filter::Timestamp;

const ROW_S: f64 = 0.04;
const ROWS: usize = 3000;
/// Finer steps of the true motion in a row.
const FINE: usize = 10;
/// Noise of the reference \[m\], \[rad\].
const REFERENCE: (f64, f64) = (0.004, 0.002);

/// Seeded normal deviates: splitmix64 and Box-Muller.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn time(row: usize) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000 + row as i64 * 40_000_000)
}

fn advance(pose: &mut Pose2, distance_m: f64, turn_rad: f64) {
    let (sin, cos) = (pose.yaw_rad + 0.5 * turn_rad).sin_cos();
    pose.x_m += distance_m * cos;
    pose.y_m += distance_m * sin;
    pose.yaw_rad += turn_rad;
}

fn seen(random: &mut Random, row: usize, base: &Pose2, sensor: &Pose2) -> ReferencePose {
    let true_pose = base.compose(sensor);
    let pose = Pose2::new(
        true_pose.x_m + REFERENCE.0 * random.normal(),
        true_pose.y_m + REFERENCE.0 * random.normal(),
        true_pose.yaw_rad + REFERENCE.1 * random.normal(),
    );
    ReferencePose { t: time(row), pose }
}

fn forward_mps(t_s: f64) -> f64 {
    0.6 * (0.11 * t_s).sin() + 0.3 * (0.31 * t_s).sin()
}

const TRICYCLE: TricycleDrive = TricycleDrive {
    traction: Axle::Front,
    metres_per_tick: 2.2e-6,
    steering_rad_per_tick: 4.4e-4,
    steering_offset_rad: -0.06,
    steering_backlash_rad: 0.03,
    wheelbase_m: 1.6,
    sensor: Pose2 {
        x_m: 1.8,
        y_m: -0.05,
        yaw_rad: 0.02,
    },
    steering_lag_s: 0.06,
    traction_bits: 32,
    steering_bits: 13,
};

fn tricycle(seed: u64, curved: f64) -> (Vec<TricycleTicks>, Vec<ReferencePose>) {
    let mut random = Random(seed);
    let encoder_rad = |t_s: f64| curved * (0.9 * (0.23 * t_s).sin() + 0.2 * (0.7 * t_s).cos());
    let steering_ticks = |t_s: f64| {
        let radians = encoder_rad(t_s) - TRICYCLE.steering_offset_rad;
        (radians / TRICYCLE.steering_rad_per_tick).round() as i64
    };
    let (mut base, mut travelled_m) = (Pose2::default(), 0.0);
    let (mut ticks, mut reference) = (Vec::new(), Vec::new());
    for row in 0..ROWS {
        let t_s = row as f64 * ROW_S;
        // Near the top, so that it rolls over.
        let counts = (travelled_m / TRICYCLE.metres_per_tick).round() as i64 + 4_294_900_000;
        ticks.push(TricycleTicks {
            t: time(row),
            traction: counts.rem_euclid(1 << 32),
            steering: steering_ticks(t_s).rem_euclid(1 << 13),
        });
        reference.push(seen(&mut random, row, &base, &TRICYCLE.sensor));
        for k in 0..FINE {
            let fine_s = t_s + (k as f64 + 0.5) * ROW_S / FINE as f64;
            let ds_m = forward_mps(fine_s) * ROW_S / FINE as f64;
            let lean_rad = 0.5 * curved * TRICYCLE.steering_backlash_rad * ds_m.signum();
            let angle_rad = encoder_rad(fine_s - TRICYCLE.steering_lag_s) + lean_rad;
            let (sin, cos) = angle_rad.sin_cos();
            advance(&mut base, ds_m * cos, ds_m * sin / TRICYCLE.wheelbase_m);
            // Slip of 2 mm in a root metre.
            travelled_m += ds_m + 0.002 * ds_m.abs().sqrt() * random.normal();
        }
    }
    (ticks, reference)
}

fn guess() -> TricycleDrive {
    TricycleDrive {
        metres_per_tick: 2.0e-6,
        steering_rad_per_tick: 2.0e-4,
        steering_offset_rad: 0.0,
        steering_backlash_rad: 0.0,
        wheelbase_m: 1.4,
        sensor: Pose2::new(1.5, 0.0, 0.0),
        steering_lag_s: 0.0,
        ..TRICYCLE
    }
}

/// Errors in sigmas.
fn normalised<M>(found: &Calibration<M>, truth: &[(&str, f64)]) -> Vec<f64> {
    let one = |&(name, value): &(&str, f64)| {
        let parameter = found.parameter(name).unwrap();
        (parameter.value - value) / parameter.sigma
    };
    truth.iter().map(one).collect()
}

fn assert_honest(errors: &[f64]) {
    let worst = errors.iter().fold(0.0_f64, |worst, e| worst.max(e.abs()));
    let mean = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
    println!(
        "worst {worst:.2} sigmas, mean square {mean:.2} over {}",
        errors.len()
    );
    assert!(worst < 3.0, "an error of {worst} sigmas");
    assert!((0.1..1.5).contains(&mean), "mean square {mean}");
}

#[test]
fn a_tricycle_is_found_within_its_sigmas() {
    let truth = [
        ("metres_per_tick", TRICYCLE.metres_per_tick),
        ("steering_rad_per_tick", TRICYCLE.steering_rad_per_tick),
        ("steering_offset_rad", TRICYCLE.steering_offset_rad),
        ("steering_backlash_rad", TRICYCLE.steering_backlash_rad),
        ("wheelbase_m", TRICYCLE.wheelbase_m),
        ("sensor_x_m", TRICYCLE.sensor.x_m),
        ("sensor_y_m", TRICYCLE.sensor.y_m),
        ("sensor_yaw_rad", TRICYCLE.sensor.yaw_rad),
        ("steering_lag_s", TRICYCLE.steering_lag_s),
    ];
    let mut errors = Vec::new();
    for seed in 1..=8 {
        let (ticks, reference) = tricycle(seed, 1.0);
        let found = calibrate_tricycle(&ticks, &reference, &guess(), &Options::default()).unwrap();
        assert!(
            found
                .parameters
                .iter()
                .all(|p| p.observed == Observed::Well)
        );
        errors.extend(normalised(&found, &truth));
    }
    assert_honest(&errors);
}

#[test]
fn a_straight_drive_says_what_it_does_not_show() {
    let (ticks, reference) = tricycle(1, 0.0);
    let found = calibrate_tricycle(&ticks, &reference, &guess(), &Options::default()).unwrap();
    let observed = |name| found.parameter(name).unwrap().observed;
    assert_eq!(observed("metres_per_tick"), Observed::Well);
    assert_eq!(observed("wheelbase_m"), Observed::No);
    assert_eq!(observed("sensor_x_m"), Observed::No);
}

#[test]
fn a_differential_drive_is_found_within_its_sigmas() {
    let drive = DifferentialDrive {
        left_metres_per_tick: 1.02e-4,
        right_metres_per_tick: -0.99e-4,
        track_m: 0.5,
        sensor: Pose2::new(0.2, 0.03, -0.05),
        bits: 16,
    };
    let truth = [
        ("left_metres_per_tick", drive.left_metres_per_tick),
        ("right_metres_per_tick", drive.right_metres_per_tick),
        ("track_m", drive.track_m),
        ("sensor_x_m", drive.sensor.x_m),
        ("sensor_y_m", drive.sensor.y_m),
        ("sensor_yaw_rad", drive.sensor.yaw_rad),
    ];
    let guess = DifferentialDrive {
        left_metres_per_tick: 1.1e-4,
        right_metres_per_tick: -1.1e-4,
        track_m: 0.4,
        sensor: Pose2::default(),
        ..drive
    };
    let mut errors = Vec::new();
    for seed in 1..=8 {
        let mut random = Random(seed);
        let (mut base, mut left_m, mut right_m) = (Pose2::default(), 0.0, 0.0);
        let (mut ticks, mut reference) = (Vec::new(), Vec::new());
        for row in 0..ROWS {
            let counts = |metres: f64, per_tick: f64| {
                ((metres / per_tick).round() as i64).rem_euclid(1 << 16)
            };
            ticks.push(DifferentialTicks {
                t: time(row),
                left: counts(left_m, drive.left_metres_per_tick),
                right: counts(right_m, drive.right_metres_per_tick),
            });
            reference.push(seen(&mut random, row, &base, &drive.sensor));
            let t_s = (row as f64 + 0.5) * ROW_S;
            let (ds_m, turn_rad) = (forward_mps(t_s) * ROW_S, 0.5 * (0.17 * t_s).sin() * ROW_S);
            advance(&mut base, ds_m, turn_rad);
            let mut wheel = |metres: f64| metres + 0.001 * metres.abs().sqrt() * random.normal();
            left_m += wheel(ds_m - 0.5 * drive.track_m * turn_rad);
            right_m += wheel(ds_m + 0.5 * drive.track_m * turn_rad);
        }
        let found =
            calibrate_differential(&ticks, &reference, &guess, &Options::default()).unwrap();
        errors.extend(normalised(&found, &truth));
    }
    assert_honest(&errors);
}

#[test]
fn what_cannot_be_calibrated_is_refused() {
    let (ticks, reference) = tricycle(1, 1.0);
    let calibrate = |ticks: &[TricycleTicks], reference: &[ReferencePose]| {
        calibrate_tricycle(ticks, reference, &guess(), &Options::default()).unwrap_err()
    };
    assert!(matches!(calibrate(&[], &[]), WheelsError::TooShort { .. }));
    assert!(matches!(
        calibrate(&ticks[..200], &reference),
        WheelsError::TooShort { .. }
    ));

    let still: Vec<_> = reference
        .iter()
        .map(|row| ReferencePose {
            pose: Pose2::default(),
            ..*row
        })
        .collect();
    assert!(matches!(
        calibrate(&ticks, &still),
        WheelsError::NotMoving { .. }
    ));

    let frozen: Vec<_> = ticks
        .iter()
        .map(|row| TricycleTicks {
            traction: 5,
            ..*row
        })
        .collect();
    assert!(matches!(
        calibrate(&frozen, &reference),
        WheelsError::EncodersStand { .. }
    ));

    let mut swapped = reference.clone();
    swapped.swap(100, 200);
    let error = calibrate(&ticks, &swapped);
    assert!(
        matches!(
            error,
            WheelsError::OutOfOrder {
                what: "reference",
                ..
            }
        ),
        "{error}"
    );

    let sparse: Vec<_> = reference.iter().step_by(100).copied().collect();
    assert!(matches!(
        calibrate(&ticks, &sparse),
        WheelsError::ReferenceGaps { .. }
    ));

    let negative = TricycleDrive {
        wheelbase_m: -1.0,
        ..guess()
    };
    let error = calibrate_tricycle(&ticks, &reference, &negative, &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wheelbase_m is -1, expected a number above 0"
    );
}
