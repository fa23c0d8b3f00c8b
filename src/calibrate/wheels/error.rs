//! Why a log can't calibrate wheels, and what would.

use thiserror::Error;
use wayfix_calibration::wheels::WheelsError;

use crate::calibrate::wheels::NARROW_BITS;

/// A log or a vehicle that can't calibrate wheels; each says what is missing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// No wheels at all.
    #[error(
        "the log has no wheel counts or speeds and no computed odometry (it has {has}): record the \
         wheel encoders, as wheel_ticks or wheel_speeds, or else twist or odometry_step"
    )]
    NoWheels {
        /// What is there.
        has: String,
    },
    /// Computed odometry that does not say how it turns.
    #[error(
        "the odometry of source.{source_name} says how far it drives and not how it turns: record \
         yaw_rate_radps (twist) or yaw_change_rad (odometry_step), or the wheel encoders themselves"
    )]
    NoYaw {
        /// Its source.
        source_name: String,
    },
    /// More than one source of wheels.
    #[error("several sources have wheels ({}): choose one with --source", names.join(", "))]
    WhichSource {
        /// Their names.
        names: Vec<String>,
    },
    /// The chosen source has no wheel readings in the log.
    #[error("the log has no wheel counts, speeds or odometry of source.{name} (it has {has})")]
    NoSuchSource {
        /// Its name.
        name: String,
        /// What is there.
        has: String,
    },
    /// vehicle.toml says too little or something else.
    #[error("vehicle.toml: {key}: {problem}")]
    Vehicle {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A steered vehicle without a steering angle.
    #[error(
        "the log has no steering: drive = \"{drive}\" needs steering_ticks beside the wheels' counts, \
         or steering readings of a source of kind \"steering\""
    )]
    NoSteering {
        /// As in vehicle.toml.
        drive: &'static str,
    },
    /// Nothing says where the vehicle was.
    #[error(
        "no truth: record where the vehicle was, with its heading (laser odometry, tracker, RTK), as \
         truth in the log or with --truth{}",
        poses(with_poses)
    )]
    NoTruth {
        /// Sources that give poses.
        with_poses: Vec<String>,
    },
    /// Truth without heading.
    #[error(
        "truth has positions but no heading ({rows} rows): the fit compares motions as the vehicle sees \
         them and needs yaw_rad or attitude_wxyz"
    )]
    NoHeading {
        /// Rows of it.
        rows: usize,
    },
    /// The drive itself.
    #[error("{within}{error}: {}", advice(error))]
    Drive {
        /// Which part of it, with a colon; empty for the whole.
        within: &'static str,
        /// What the fit says.
        error: WheelsError,
    },
}

fn poses(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!(
            "; or name a source of poses with --reference ({})",
            names.join(", ")
        ),
    }
}

fn advice(error: &WheelsError) -> String {
    match error {
        WheelsError::TooShort { .. } => "drive longer; one to two minutes of curves both ways, \
            forwards and backwards, show everything"
            .to_owned(),
        WheelsError::NotMoving { .. } => {
            "drive some tens of metres, in curves both ways, forwards \
            and backwards"
                .to_owned()
        }
        WheelsError::EncodersStand { .. } => "is this the odometry of the driven wheels, and does \
            it count (check metres_per_tick where there are counters)?"
            .to_owned(),
        WheelsError::ReferenceGaps { .. } => "the reference has to see the drive without gaps of \
            more than half a second"
            .to_owned(),
        WheelsError::OutOfOrder { .. } => "the log's times are not what they should be".to_owned(),
        WheelsError::Invalid { .. } | WheelsError::Diverged(_) => format!(
            "check the guesses in vehicle.toml (signs, a factor of ten at most) and the counters' \
             width (tick_bits; {NARROW_BITS} is common)"
        ),
    }
}
