//! Wheels and steering.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Gate, Live};

/// Which wheel a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WheelPlace {
    /// Left wheel of the rear (or only) axle.
    RearLeft,
    /// Right wheel of the rear (or only) axle.
    RearRight,
    /// Left wheel of the steered axle.
    FrontLeft,
    /// Right wheel of the steered axle.
    FrontRight,
    /// The single front wheel, steered and driven.
    Front,
    /// The middle of the rear axle (differential gear, cardan shaft).
    Rear,
}

/// Wheel odometry in any form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WheelsSource {
    /// Which wheels the values belong to, in their order; empty for twists and odometry steps.
    pub wheels: Vec<WheelPlace>,
    /// Known delay [s].
    pub delay_s: f64,
    /// Prior sigma of what is left of it [s].
    pub lag_sigma_s: f64,
    /// The readings are commands that the vehicle follows with this time constant [s].
    pub time_constant_s: f64,
    /// Distance a count [m].
    pub metres_per_tick: f64,
    /// Bits of the counters (roll-over).
    pub tick_bits: u32,
    /// Known scale: true distance = scale · measured.
    pub scale: f64,
    /// The same of each wheel besides, in their order; negative where a counter runs backwards. Empty:
    /// 1 each.
    pub wheel_scales: Vec<f64>,
    /// Known scale of the yaw rate (or of the track): true = scale · measured.
    pub yaw_rate_scale: f64,
    /// Known bias of the yaw rate, of twists and steps while they move [rad/s]: it is added.
    pub yaw_rate_bias_radps: f64,
    /// So much further left the vehicle turns with each metre than twists or steps say [rad/m] (a
    /// steering zero, wheels of different size); backwards, to the right.
    pub yaw_rad_per_m: f64,
    /// Distance noise [m/√m].
    pub distance_sigma_m_rtm: f64,
    /// Sideways noise [m/√m].
    pub lateral_sigma_m_rtm: f64,
    /// Heading noise with distance [rad/√m].
    pub yaw_sigma_rad_rtm: f64,
    /// Heading noise with heading change [rad/√rad].
    pub yaw_sigma_rad_rtrad: f64,
    /// White noise of a speed [m/s], where it is fused beside an IMU.
    pub speed_sigma_mps: f64,
    /// Time between two uses of the speed beside an IMU [s]: of the mean of the readings since.
    pub interval_s: f64,
    /// Prior sigma of the scale.
    pub scale_sigma: f64,
    /// Random walk of the scale [1/√s].
    pub scale_walk_rts: f64,
    /// Prior sigma of the yaw rate's scale.
    pub yaw_rate_scale_sigma: f64,
    /// Prior sigma of what is left of the yaw rate's bias [rad/s].
    pub yaw_rate_bias_sigma_radps: f64,
    /// Its random walk [rad/s/√s].
    pub yaw_rate_bias_walk_radps_rts: f64,
    /// How a speed is judged beside an IMU.
    pub gate: Gate,
    /// Steering angle a steering count [rad], for samples that carry both, left positive. The other
    /// `steering_` keys are of this steering too; one that has its own samples is a source of its own.
    pub steering_rad_per_tick: f64,
    /// Bits of the steering counter: its upper half is negative.
    pub steering_tick_bits: u32,
    /// Known zero [deg]: the wheel's angle at count zero.
    pub steering_offset_deg: f64,
    /// Prior sigma of what is left of it [deg].
    pub steering_offset_sigma_deg: f64,
    /// So much further left the wheel points driving forwards than driving backwards [deg].
    pub steering_backlash_deg: f64,
    /// First-order lag from the count to the wheel [s].
    pub steering_time_constant_s: f64,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for WheelsSource {
    fn default() -> Self {
        Self {
            wheels: Vec::new(),
            delay_s: 0.0,
            lag_sigma_s: 0.0,
            time_constant_s: 0.0,
            metres_per_tick: 0.0,
            tick_bits: 32,
            scale: 1.0,
            wheel_scales: Vec::new(),
            yaw_rate_scale: 1.0,
            yaw_rate_bias_radps: 0.0,
            yaw_rad_per_m: 0.0,
            distance_sigma_m_rtm: 0.02,
            lateral_sigma_m_rtm: 0.01,
            yaw_sigma_rad_rtm: 0.01,
            yaw_sigma_rad_rtrad: 0.02,
            speed_sigma_mps: 0.1,
            interval_s: 0.0,
            scale_sigma: 0.02,
            scale_walk_rts: 0.0,
            yaw_rate_scale_sigma: 0.02,
            yaw_rate_bias_sigma_radps: 0.0,
            yaw_rate_bias_walk_radps_rts: 0.0,
            gate: Gate::default(),
            steering_rad_per_tick: 0.0,
            steering_tick_bits: 32,
            steering_offset_deg: 0.0,
            steering_offset_sigma_deg: 1.0,
            steering_backlash_deg: 0.0,
            steering_time_constant_s: 0.0,
            live: None,
        }
    }
}

/// Steering angle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SteeringSource {
    /// Known delay [s].
    pub delay_s: f64,
    /// First-order lag from the reading to the wheel [s].
    pub time_constant_s: f64,
    /// Road-wheel angle a unit of the reading (1 for a road-wheel sensor, about 1/15 for a
    /// steering wheel).
    pub ratio: f64,
    /// Known zero [deg]: road wheel = ratio · reading + offset.
    pub offset_deg: f64,
    /// Prior sigma of what is left of it [deg].
    pub offset_sigma_deg: f64,
    /// Its random walk [deg/√s].
    pub offset_walk_deg_rts: f64,
    /// So much further left the wheel points driving forwards than driving backwards [deg].
    pub backlash_deg: f64,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for SteeringSource {
    fn default() -> Self {
        Self {
            delay_s: 0.0,
            time_constant_s: 0.0,
            ratio: 1.0,
            offset_deg: 0.0,
            offset_sigma_deg: 1.0,
            offset_walk_deg_rts: 0.0,
            backlash_deg: 0.0,
            live: None,
        }
    }
}
