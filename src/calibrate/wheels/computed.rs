//! Odometry that comes computed: its rows, what vehicle.toml says of it, and where.

use wayfix_calibration::Pose2;
use wayfix_calibration::wheels::{TwistDrive, TwistRow};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

use super::collect::Computed;
use super::error::CalibrateError;
use crate::config::source::WheelsSource;

/// Rows of twists or, where these are what the source gives first, of steps; the second is whether so.
pub(super) fn rows(
    source: &Name,
    readings: &[(Timestamp, Computed)],
) -> Result<(Vec<TwistRow>, bool), CalibrateError> {
    let is_mean = matches!(readings.first(), Some((_, Computed::Step(..))));
    let mut before: Option<Timestamp> = None;
    let mut rows = Vec::new();
    for (t, reading) in readings {
        let (forward, turn) = match (reading, is_mean) {
            (Computed::Twist(forward, turn), false) | (Computed::Step(forward, turn), true) => {
                (*forward, *turn)
            }
            _ => continue,
        };
        let Some(turn) = turn else { continue };
        // A step is a rate since the one before; of the first, nobody knows since when.
        let per_s = match (before.replace(*t), is_mean) {
            (Some(before), true) => t.seconds_since(before).recip(),
            (None, true) => 0.0,
            (_, false) => 1.0,
        };
        rows.push(TwistRow {
            t: *t,
            forward_mps: forward * per_s,
            yaw_rate_radps: turn * per_s,
        });
    }
    match rows.is_empty() {
        true => Err(CalibrateError::NoYaw {
            source_name: source.to_string(),
        }),
        false => Ok((rows, is_mean)),
    }
}

/// As vehicle.toml has it.
pub(super) fn guess(config: &WheelsSource, is_mean: bool, sensor: Pose2) -> TwistDrive {
    TwistDrive {
        speed_scale: config.scale,
        yaw_rate_scale: config.yaw_rate_scale,
        yaw_rate_bias_radps: config.yaw_rate_bias_radps,
        yaw_rad_per_m: config.yaw_rad_per_m,
        delay_s: config.delay_s,
        time_constant_s: config.time_constant_s,
        is_mean,
        sensor,
    }
}

/// Key of a parameter among those of the source, and its unit.
pub(super) fn key(parameter: &str) -> (&'static str, &'static str) {
    match parameter {
        "speed_scale" => ("scale", ""),
        "yaw_rate_scale" => ("yaw_rate_scale", ""),
        "yaw_rate_bias_radps" => ("yaw_rate_bias_radps", "rad/s"),
        "yaw_rad_per_m" => ("yaw_rad_per_m", "rad/m"),
        "delay_s" => ("delay_s", "s"),
        _ => ("time_constant_s", "s"),
    }
}
