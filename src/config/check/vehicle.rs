//! Suspicions about a vehicle by itself.

use serde_json::Value;

use super::{Findings, gate};
use crate::config::source::{Mount, SteeringSource, WheelPlace, WheelsSource};
use crate::config::vehicle::{Drive, Motion, Smooth};
use crate::config::{Source, Vehicle};

/// Usual values by kind and key; outside them something is probably in another unit.
const USUAL: &[(&str, &str, f64, f64)] = &[
    ("imu", "gyro_density_radps_rthz", 1e-7, 0.02),
    ("imu", "accel_density_mps2_rthz", 1e-6, 0.2),
    ("imu", "gyro_bias_sigma_radps", 0.0, 0.5),
    ("imu", "accel_bias_sigma_mps2", 0.0, 3.0),
    ("imu", "accel_scale", 0.8, 1.25),
    ("magnetometer", "sigma_ut", 0.01, 20.0),
    ("height", "sigma_m", 0.005, 20.0),
    ("wheels", "distance_sigma_m_rtm", 1e-4, 0.5),
    ("wheels", "speed_sigma_mps", 1e-3, 2.0),
    ("wheels", "scale", 0.5, 2.0),
    ("wheels", "scale_sigma", 0.0, 0.3),
    ("steering", "offset_sigma_deg", 0.0, 15.0),
    ("gnss", "sigma_single_m", 0.3, 50.0),
    ("gnss", "sigma_fixed_m", 0.002, 0.5),
    ("gnss", "velocity_sigma_mps", 0.005, 5.0),
    ("uwb", "range_sigma_m", 0.01, 2.0),
    ("uwb", "difference_sigma_m", 0.01, 3.0),
    ("uwb", "angle_sigma_deg", 0.1, 45.0),
    ("uwb", "bias_sigma_m", 0.0, 3.0),
    ("uwb", "scale", 0.5, 2.0),
    ("rssi", "sigma_db", 1.0, 20.0),
    ("rssi", "path_loss_exponent", 1.2, 6.0),
    ("landmark", "range_sigma_m", 0.002, 5.0),
    ("landmark", "bearing_sigma_deg", 0.01, 30.0),
    ("camera", "sigma_px", 0.05, 20.0),
    ("pose", "sigma_m", 1e-4, 10.0),
    ("pose", "sigma_deg", 0.01, 45.0),
];

pub(super) fn check(vehicle: &Vehicle, found: &mut Findings) {
    check_motion(&vehicle.motion, vehicle, found);
    check_absolute(vehicle, found);
    let gravity = vehicle.estimator.gravity_mps2;
    if !(9.75..=9.85).contains(&gravity) {
        found.vehicle(
            "estimator.gravity_mps2",
            format!("{gravity} m/s² is not on Earth"),
        );
    }
    check_smooth(&vehicle.smooth, found);
    for (name, source) in &vehicle.sources {
        let path = format!("source.{name}");
        let Ok(values) = serde_json::to_value(source) else {
            continue;
        };
        check_usual(&path, &values, found);
        check_delays(&path, &values, vehicle, found);
        gate::check(&path, source, found);
        match source {
            Source::Gnss(s) => check_lever(&path, s.mount, s.lever_sigma_m, vehicle, found),
            Source::Uwb(s) => check_lever(&path, s.mount, 0.0, vehicle, found),
            Source::Wheels(s) => check_wheels(&path, s, &vehicle.motion, found),
            Source::Steering(s) => check_steering(&path, s, vehicle, found),
            _ => {}
        }
    }
}

fn check_motion(motion: &Motion, vehicle: &Vehicle, found: &mut Findings) {
    let steered = matches!(motion.drive, Drive::Ackermann | Drive::Tricycle);
    if motion.drive == Drive::Free && motion.side_slip_sigma_mps > 0.0 {
        found.vehicle(
            "motion.side_slip_sigma_mps",
            "forbids sideways motion although motion.drive = \"free\"; name the drive, or leave it out",
        );
    }
    if motion.drive == Drive::Free && (motion.wheelbase_m > 0.0 || motion.track_m > 0.0) {
        found.vehicle("motion.drive", "\"free\" although wheels are described");
    }
    if motion.side_slip_sigma_mps > 0.0 && motion.constraint_interval_s < 0.2 {
        found.vehicle(
            "motion.constraint_interval_s",
            "slip is correlated over about a second; using it more often makes the covariance too small",
        );
    }
    for (key, length) in [
        ("wheelbase_m", motion.wheelbase_m),
        ("track_m", motion.track_m),
    ] {
        if length > 20.0 {
            found.vehicle(
                format!("motion.{key}"),
                format!("{length} m; is it in metres?"),
            );
        }
    }
    let has_wheels = vehicle
        .sources
        .values()
        .any(|s| matches!(s, Source::Wheels(_)));
    let has_steering = vehicle.sources.values().any(|s| {
        matches!(s, Source::Steering(_)) || matches!(s, Source::Wheels(w) if turns(w, motion))
    });
    let has_gyro = vehicle
        .sources
        .values()
        .any(|s| matches!(s, Source::Imu(_)));
    if steered && has_wheels && !has_steering && !has_gyro {
        found.vehicle(
            "motion.drive",
            "steered, but neither a steering angle nor a gyro tells how it turns",
        );
    }
}

fn turns(wheels: &WheelsSource, motion: &Motion) -> bool {
    // Twists and odometry steps may carry the yaw rate; counts may carry the steering angle.
    wheels.wheels.is_empty()
        || wheels.steering_rad_per_tick != 0.0
        || (motion.track_m > 0.0 && wheels.wheels.contains(&WheelPlace::RearLeft))
}

fn check_absolute(vehicle: &Vehicle, found: &mut Findings) {
    let absolute = |source: &Source| {
        !matches!(
            source,
            Source::Imu(_)
                | Source::Magnetometer(_)
                | Source::Height(_)
                | Source::Wheels(_)
                | Source::Steering(_)
        )
    };
    if vehicle.sources.is_empty() {
        found.vehicle(
            "source",
            "no source is described, so every sample would be refused",
        );
    } else if vehicle.start.is_none() && !vehicle.sources.values().any(absolute) {
        found.vehicle("start", "missing, and no source says where the vehicle is");
    }
    if vehicle.start.is_some_and(|start| start.sigma_m < 1e-3) {
        found.vehicle(
            "start.sigma_m",
            "below a millimetre; the first measurements may be refused",
        );
    }
}

fn check_smooth(smooth: &Smooth, found: &mut Findings) {
    let usual = [
        ("time_constant_s", smooth.time_constant_s, 0.1, 30.0),
        (
            "correction_speed_mps",
            smooth.correction_speed_mps,
            0.02,
            5.0,
        ),
        (
            "correction_turn_degps",
            smooth.correction_turn_degps,
            0.5,
            90.0,
        ),
    ];
    for (key, x, low, high) in usual {
        if !(low..=high).contains(&x) {
            found.vehicle(
                format!("smooth.{key}"),
                format!("{x} is unusual; {low} to {high} is usual"),
            );
        }
    }
}

fn check_usual(path: &str, values: &Value, found: &mut Findings) {
    let kind = values
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    for (_, key, low, high) in USUAL.iter().filter(|(of, ..)| *of == kind) {
        let numbers = match values.get(*key) {
            Some(Value::Array(numbers)) => numbers.as_slice(),
            value => value.map(std::slice::from_ref).unwrap_or_default(),
        };
        let mut numbers = numbers.iter().filter_map(Value::as_f64);
        if let Some(x) = numbers.find(|x| !(*low..=*high).contains(x)) {
            found.vehicle(
                format!("{path}.{key}"),
                format!("{x} is unusual; {low} to {high} is usual"),
            );
        }
    }
    let sigma = |key: &str| values.get(key).and_then(Value::as_f64).unwrap_or_default();
    let order = [
        "sigma_fixed_m",
        "sigma_float_m",
        "sigma_differential_m",
        "sigma_single_m",
    ];
    if let Some(pair) = order
        .windows(2)
        .find(|pair| sigma(pair[0]) > sigma(pair[1]))
    {
        found.vehicle(
            format!("{path}.{}", pair[0]),
            format!("larger than {}", pair[1]),
        );
    }
}

fn check_delays(path: &str, values: &Value, vehicle: &Vehicle, found: &mut Findings) {
    let horizon = vehicle.estimator.horizon_s;
    for name in ["delay_s", "position_delay_s", "velocity_delay_s"] {
        let Some(delay) = values.get(name).and_then(Value::as_f64) else {
            continue;
        };
        let key = format!("{path}.{name}");
        if delay > horizon {
            found.vehicle(
                key,
                format!(
                    "{delay} s is beyond estimator.horizon_s = {horizon}: every sample is too late"
                ),
            );
        } else if delay > 1.0 {
            found.vehicle(key, format!("{delay} s is long; is it in seconds?"));
        } else if delay < 0.0 {
            found.vehicle(key, "negative: samples stamped before they were measured");
        }
    }
}

fn check_lever(path: &str, mount: Mount, sigma_m: f64, vehicle: &Vehicle, found: &mut Findings) {
    if vehicle.motion.drive != Drive::Free && mount.position_m == [0.0; 3] && sigma_m == 0.0 {
        found.vehicle(
            format!("{path}.mount.position_m"),
            "zero puts the antenna on the floor under the rear axle; measure the lever arm",
        );
    }
}

fn check_wheels(path: &str, wheels: &WheelsSource, motion: &Motion, found: &mut Findings) {
    if motion.drive == Drive::Free {
        found.vehicle(
            "motion.drive",
            format!("\"free\" although {path} has wheels"),
        );
    }
    if wheels.tick_bits != 32 && wheels.metres_per_tick == 0.0 {
        let key = format!("{path}.metres_per_tick");
        found.vehicle(key, "0 although tick_bits says that the samples are counts");
    }
    check_angles(
        path,
        "steering_",
        wheels.steering_offset_deg,
        wheels.steering_backlash_deg,
        found,
    );
    let fronts = [
        WheelPlace::Front,
        WheelPlace::FrontLeft,
        WheelPlace::FrontRight,
    ];
    if motion.drive == Drive::Differential && wheels.wheels.iter().any(|w| fronts.contains(w)) {
        let key = format!("{path}.wheels");
        found.vehicle(key, "a differential drive has no steered front wheel");
    }
}

fn check_steering(path: &str, steering: &SteeringSource, vehicle: &Vehicle, found: &mut Findings) {
    if matches!(vehicle.motion.drive, Drive::Free | Drive::Differential) {
        found.vehicle(
            path,
            "a steering angle says nothing about this motion.drive",
        );
    } else if !vehicle
        .sources
        .values()
        .any(|s| matches!(s, Source::Wheels(_)))
    {
        found.vehicle(
            path,
            "a steering angle needs a speed beside it; no source has kind \"wheels\"",
        );
    }
    check_angles(path, "", steering.offset_deg, steering.backlash_deg, found);
}

/// Angles that no steering is built with.
fn check_angles(
    path: &str,
    prefix: &str,
    offset_deg: f64,
    backlash_deg: f64,
    found: &mut Findings,
) {
    if offset_deg.abs() > 20.0 {
        found.vehicle(
            format!("{path}.{prefix}offset_deg"),
            format!("{offset_deg} deg is a large zero offset"),
        );
    }
    if backlash_deg.abs() > 10.0 {
        found.vehicle(
            format!("{path}.{prefix}backlash_deg"),
            format!("{backlash_deg} deg is a large backlash"),
        );
    }
}
