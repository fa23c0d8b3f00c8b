use super::*;
use crate::errors::Errors;
use crate::least_squares::linearise;
use crate::random::Random;

const ROW_S: f64 = 0.02;
const ROWS: usize = 3000;
/// Finer steps of the true motion in a row.
const FINE: usize = 8;
/// Noise of the reference \[m\], \[rad\].
const REFERENCE: (f64, f64) = (0.003, 0.002);

fn time(row: f64) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000).shifted(row * ROW_S)
}

/// Speeds up and brakes, turns to both sides.
fn lively(t_s: f64) -> [f64; 2] {
    let speed = 0.5 + 0.4 * (0.5 * t_s).sin() + 0.2 * (1.7 * t_s).cos();
    [speed, 0.6 * (0.31 * t_s).sin() + 0.5 * (1.3 * t_s).cos()]
}

/// New commands every half second, at once.
fn commanded(t_s: f64) -> [f64; 2] {
    lively((2.0 * t_s).floor() * 0.37)
}

/// What such a drive says, and what a noisy reference sees of it.
fn drive(
    seed: u64,
    truth: &TwistDrive,
    told: impl Fn(f64) -> [f64; 2],
) -> (Vec<TwistRow>, Vec<ReferencePose>) {
    let mut random = Random(seed);
    let mut pose = Pose2::default();
    let (mut rows, mut reference) = (Vec::new(), Vec::new());
    let fine_s = ROW_S / FINE as f64;
    let mut going = told(truth.delay_s);
    for row in 0..ROWS {
        let t_s = row as f64 * ROW_S;
        let [forward_mps, yaw_rate_radps] = match truth.is_mean {
            true => told(t_s - 0.5 * ROW_S),
            false => told(t_s),
        };
        rows.push(TwistRow {
            t: time(row as f64),
            forward_mps: forward_mps + 0.01 * random.normal(),
            yaw_rate_radps: yaw_rate_radps + 0.01 * random.normal(),
        });
        let seen = Pose2::new(
            pose.x_m + REFERENCE.0 * random.normal(),
            pose.y_m + REFERENCE.0 * random.normal(),
            pose.yaw_rad + REFERENCE.1 * random.normal(),
        );
        reference.push(ReferencePose {
            t: time(row as f64),
            pose: seen,
        });
        for k in 0..FINE {
            let at_s = t_s + (k as f64 + 0.5) * fine_s + truth.delay_s;
            let wanted = told(at_s);
            let share = match truth.time_constant_s {
                0.0 => 1.0,
                lag_s => 1.0 - (-fine_s / lag_s).exp(),
            };
            going = [0, 1].map(|k| going[k] + share * (wanted[k] - going[k]));
            let way_m = truth.speed_scale * going[0] * fine_s;
            let turn_rad = truth.yaw_rate_scale * going[1] * fine_s
                + truth.yaw_rate_bias_radps * fine_s
                + truth.yaw_rad_per_m * way_m;
            let (sin, cos) = (pose.yaw_rad + 0.5 * turn_rad).sin_cos();
            pose.x_m += way_m * cos;
            pose.y_m += way_m * sin;
            pose.yaw_rad += turn_rad;
        }
    }
    (rows, reference)
}

fn known() -> Options {
    Options {
        is_sensor_known: true,
        ..Options::default()
    }
}

fn measured() -> TwistDrive {
    TwistDrive {
        speed_scale: 0.94,
        yaw_rate_scale: 1.07,
        yaw_rate_bias_radps: 0.012,
        yaw_rad_per_m: -0.03,
        delay_s: 0.08,
        ..TwistDrive::default()
    }
}

/// Takes each of the first six that is shown, against the truth; how many these are.
fn take(errors: &mut Errors, found: &Calibration<TwistDrive>, truth: &TwistDrive) -> usize {
    let values = NAMES.into_iter().zip(truth.values()).take(6);
    let shown = values.filter_map(|(name, value)| Some((shown(found, name)?, value)));
    shown
        .map(|(parameter, value)| errors.add(parameter, value))
        .count()
}

fn shown<'a>(found: &'a Calibration<TwistDrive>, name: &str) -> Option<&'a Parameter> {
    found.parameter(name).filter(|p| p.observed != Observed::No)
}

#[test]
fn a_measured_twist_comes_back_within_its_sigmas() {
    let mut errors = Errors::default();
    for is_mean in [false, true] {
        let truth = TwistDrive {
            is_mean,
            ..measured()
        };
        let guess = TwistDrive {
            is_mean,
            ..TwistDrive::default()
        };
        for seed in 1..=4 {
            let (rows, reference) = drive(seed, &truth, lively);
            let found = calibrate_twist(&rows, &reference, &guess, &known()).unwrap();
            // It follows at once: no time constant is given.
            assert_eq!(take(&mut errors, &found, &truth), 5);
            assert_eq!(found.model.time_constant_s, 0.0);
        }
    }
    errors.check("measured");
}

#[test]
fn dead_time_and_lag_of_a_command_are_parted() {
    let truth = TwistDrive {
        yaw_rate_scale: 0.86,
        delay_s: -0.1,
        time_constant_s: 0.15,
        ..measured()
    };
    let mut errors = Errors::default();
    for seed in 1..=4 {
        let (rows, reference) = drive(seed, &truth, commanded);
        let found = calibrate_twist(&rows, &reference, &TwistDrive::default(), &known()).unwrap();
        assert_eq!(take(&mut errors, &found, &truth), 6);
        // Wrongly stated, it is found again.
        let stated = TwistDrive {
            time_constant_s: 0.4,
            ..TwistDrive::default()
        };
        let again = calibrate_twist(&rows, &reference, &stated, &known()).unwrap();
        let lag = again.parameter(LAG).unwrap();
        assert_eq!(lag.guess, 0.4);
        assert!((lag.value - found.model.time_constant_s).abs() < 0.005);
    }
    errors.check("commanded");
}

#[test]
fn what_a_drive_does_not_show_stays() {
    let all_shown = |told: fn(f64) -> [f64; 2]| {
        let (rows, reference) = drive(9, &measured(), told);
        let found = calibrate_twist(&rows, &reference, &TwistDrive::default(), &known()).unwrap();
        let names = NAMES
            .into_iter()
            .filter(|name| shown(&found, name).is_some());
        (names.collect::<Vec<_>>(), found)
    };
    // At one speed, always straight on: bias and curvature are one, which counts as the latter.
    let (names, found) = all_shown(|_| [0.5, 0.0]);
    assert_eq!(names, ["speed_scale", CURVATURE]);
    let both = measured().yaw_rad_per_m + measured().yaw_rate_bias_radps / (0.94 * 0.5);
    assert!((found.model.yaw_rad_per_m - both).abs() < 0.003);
    assert_eq!(found.model.delay_s, 0.0);
    // Bends at one speed show the yaw rate's scale, and the delay.
    let (names, _) = all_shown(|t_s| [0.5, 0.5 * (0.7 * t_s).sin()]);
    assert_eq!(names, ["speed_scale", "yaw_rate_scale", CURVATURE, DELAY]);
}

#[test]
fn the_path_is_smooth_in_all_parameters() {
    let command = TwistDrive {
        delay_s: -0.1,
        time_constant_s: 0.1,
        ..measured()
    };
    for truth in [measured(), command] {
        let (rows, _) = drive(3, &truth, commanded);
        let rows = Rows::new(&truth, &rows);
        let values = truth.values();
        let ends = |values: &[f64]| {
            let whole = rows.steps(values).into_iter().skip(200).take(100);
            let (way, turn) = whole.fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
            vec![way, turn]
        };
        let (_, slopes) = linearise(&values[..6], ends).unwrap();
        // By the delay: the input at its two ends.
        let integral = |delay_s: f64| rows.shifted(delay_s, truth.time_constant_s);
        let rate = |row: usize| {
            let (before, after) = (
                integral(truth.delay_s - 1e-4),
                integral(truth.delay_s + 1e-4),
            );
            (after[row][0] - before[row][0]) / 2e-4
        };
        let expected = truth.speed_scale * (rate(300) - rate(200));
        assert!((slopes[(0, 4)] - expected).abs() < 1e-3 * expected.abs().max(0.1));
        // The scale turns the vehicle a little besides, which shortens the chords of the arcs.
        assert!((slopes[(0, 0)] - ends(&values)[0] / truth.speed_scale).abs() < 1e-4);
    }
}

#[test]
fn an_odometry_that_stands_is_refused() {
    let (mut rows, reference) = drive(1, &measured(), lively);
    for row in &mut rows {
        (row.forward_mps, row.yaw_rate_radps) = (0.0, 0.0);
    }
    let error = calibrate_twist(&rows, &reference, &TwistDrive::default(), &known()).unwrap_err();
    assert!(
        matches!(error, WheelsError::EncodersStand { .. }),
        "{error}"
    );
    let few = calibrate_twist(&rows[..100], &reference, &TwistDrive::default(), &known());
    assert!(matches!(few, Err(WheelsError::TooShort { .. })), "{few:?}");
}
