//! `vehicle.toml`: what moves. Positions are metres in the body frame (x forward, y left, z up,
//! origin at the reference point, the middle of the rear axle for wheeled vehicles).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::Source;

/// A vehicle as written in its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// How it moves.
    #[serde(default)]
    pub motion: Motion,
    /// Where it starts, where that is known; else the first absolute sources tell.
    pub start: Option<Start>,
    /// How the estimator works.
    #[serde(default)]
    pub estimator: Estimator,
    /// What the estimate promises.
    #[serde(default)]
    pub protection: Protection,
    /// How the smooth output follows the exact one.
    #[serde(default)]
    pub smooth: Smooth,
    /// Its sources by name.
    #[serde(default, rename = "source")]
    pub sources: BTreeMap<String, Source>,
}

/// Geometry and dynamics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Motion {
    /// Kind of drive.
    pub drive: Drive,
    /// Distance from the rear axle to the steered axle [m]; for `ackermann` and `tricycle`.
    pub wheelbase_m: f64,
    /// Distance between left and right wheels [m]; for `differential`.
    pub track_m: f64,
    /// The vehicle keeps to one horizontal plane, and the reference point has this height [m].
    pub planar_height_m: Option<f64>,
    /// How far the ground departs from that plane [m].
    pub planar_sigma_m: f64,
    /// Sigma of roll and pitch on that plane [deg].
    pub tilt_sigma_deg: f64,
    /// Without motion sensors: horizontal white acceleration [m/s²/√Hz].
    pub accel_density_mps2_rthz: f64,
    /// Without motion sensors: vertical white acceleration [m/s²/√Hz].
    pub accel_up_density_mps2_rthz: f64,
    /// Without motion sensors: the speed decays to zero with this time constant [s]; 0: never.
    pub speed_decay_s: f64,
    /// Without motion sensors: white yaw rate [rad/√s].
    pub yaw_density_rad_rts: f64,
    /// Sigma of the side slip velocity at the reference point [m/s]; 0: may move sideways freely.
    pub side_slip_sigma_mps: f64,
    /// Sigma of the vertical velocity at the reference point, in the body frame [m/s]; 0: free.
    pub vertical_sigma_mps: f64,
    /// Prior sigma of the angle between the body's x axis and the way it rolls [deg]: an inertial unit
    /// that is mounted by eye; 0: none.
    pub travel_sigma_deg: f64,
    /// Prior sigma of how far the axle that does not slip is from the reference point, along x [m].
    pub axle_sigma_m: f64,
    /// Time between two uses of these constraints [s]; slip is correlated over about a second.
    pub constraint_interval_s: f64,
    /// Below this speed [m/s], and with quiet gyros, the vehicle stands; 0: never assume it.
    pub standstill_speed_mps: f64,
    /// Sigma of the pseudo-measurement of zero mean velocity [m/s] for hand-held or board-mounted
    /// sensors that stay about where they are; 0: none.
    pub zero_mean_velocity_sigma_mps: f64,
}

impl Default for Motion {
    fn default() -> Self {
        Self {
            drive: Drive::Free,
            wheelbase_m: 0.0,
            track_m: 0.0,
            planar_height_m: None,
            planar_sigma_m: 0.02,
            tilt_sigma_deg: 1.0,
            accel_density_mps2_rthz: 1.0,
            accel_up_density_mps2_rthz: 0.5,
            speed_decay_s: 0.0,
            yaw_density_rad_rts: 0.5,
            side_slip_sigma_mps: 0.0,
            vertical_sigma_mps: 0.0,
            travel_sigma_deg: 0.0,
            axle_sigma_m: 0.0,
            constraint_interval_s: 1.0,
            standstill_speed_mps: 0.0,
            zero_mean_velocity_sigma_mps: 0.0,
        }
    }
}

/// Kind of drive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drive {
    /// No wheels: carried, flown, towed.
    #[default]
    Free,
    /// Two driven wheels on one axle (or skid steering).
    Differential,
    /// Steered front axle, speed known at the rear axle.
    Ackermann,
    /// One front wheel, steered and driven.
    Tricycle,
}

/// Known start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Reference point in the site frame [m].
    pub position_m: [f64; 3],
    /// Its sigma, each component [m].
    pub sigma_m: f64,
    /// Heading [deg], counter-clockwise from the site's x axis; absent: unknown.
    pub yaw_deg: Option<f64>,
    /// Its sigma [deg].
    #[serde(default = "default_yaw_sigma_deg")]
    pub yaw_sigma_deg: f64,
}

fn default_yaw_sigma_deg() -> f64 {
    5.0
}

/// How the estimator works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Estimator {
    /// How far back a late sample is still fused at its own time [s].
    pub horizon_s: f64,
    /// A motion source silent for this long [s] is taken as lost, and the next one takes over.
    pub motion_timeout_s: f64,
    /// Gravity [m/s²].
    pub gravity_mps2: f64,
}

impl Default for Estimator {
    fn default() -> Self {
        Self {
            horizon_s: 2.0,
            motion_timeout_s: 0.5,
            gravity_mps2: 9.80665,
        }
    }
}

/// What the estimate promises: a bound that its position error exceeds rarely.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Protection {
    /// Probability that the error exceeds the protection level, an epoch.
    pub exceedance: f64,
    /// How likely it is, at any time, that a group of measurements is wrong.
    pub fault_probability: f64,
    /// Compare the estimate with those that never saw one group of measurements.
    pub separation: bool,
    /// A horizontal protection level above this [m] raises the alarm; absent: never.
    pub horizontal_alert_m: Option<f64>,
    /// A vertical protection level above this [m] raises the alarm; absent: never.
    pub vertical_alert_m: Option<f64>,
}

impl Default for Protection {
    fn default() -> Self {
        Self {
            exceedance: 1e-3,
            fault_probability: 1e-2,
            separation: true,
            horizontal_alert_m: None,
            vertical_alert_m: None,
        }
    }
}

/// How the smooth output follows the exact one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Smooth {
    /// A correction fades out with this time constant [s].
    pub time_constant_s: f64,
    /// The smooth position makes up for corrections at this speed at most [m/s].
    pub correction_speed_mps: f64,
    /// The smooth heading makes up for corrections at this rate at most [deg/s].
    pub correction_turn_degps: f64,
}

impl Default for Smooth {
    fn default() -> Self {
        Self {
            time_constant_s: 1.0,
            correction_speed_mps: 0.5,
            correction_turn_degps: 10.0,
        }
    }
}
