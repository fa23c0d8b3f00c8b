//! Sources that sense without a transmitter: inertial unit, magnetometer, barometer.

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Gate, Live, Mount};

/// Inertial unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImuSource {
    /// Where it sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// White noise of the angular rate [rad/s/√Hz].
    pub gyro_density_radps_rthz: f64,
    /// Further gyro noise in proportion to the rate itself (scale error, misalignment) [1/√Hz].
    pub gyro_rate_ratio_rthz: f64,
    /// White noise of the specific force [m/s²/√Hz].
    pub accel_density_mps2_rthz: f64,
    /// Prior sigma of the gyro bias [rad/s].
    pub gyro_bias_sigma_radps: f64,
    /// Its random walk [rad/s/√s].
    pub gyro_bias_walk_radps_rts: f64,
    /// Prior sigma of the accelerometer bias [m/s²].
    pub accel_bias_sigma_mps2: f64,
    /// Its random walk [m/s²/√s].
    pub accel_bias_walk_mps2_rts: f64,
    /// Known scale of each axis of the accelerometer: true = (measured − bias) / scale.
    pub accel_scale: [f64; 3],
    /// Known constant bias of its axes [m/s²].
    pub accel_bias_mps2: [f64; 3],
    /// Readings at or beyond this rate are saturated [rad/s].
    pub gyro_limit_radps: f64,
    /// Readings at or beyond this specific force are saturated [m/s²].
    pub accel_limit_mps2: f64,
    /// Use the accelerometer (else the gyro alone supports the wheels).
    pub use_accel: bool,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for ImuSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            gyro_density_radps_rthz: 2e-4,
            gyro_rate_ratio_rthz: 0.0,
            accel_density_mps2_rthz: 2e-3,
            gyro_bias_sigma_radps: 5e-3,
            gyro_bias_walk_radps_rts: 1e-5,
            accel_bias_sigma_mps2: 0.1,
            accel_bias_walk_mps2_rts: 1e-4,
            accel_scale: [1.0; 3],
            accel_bias_mps2: [0.0; 3],
            gyro_limit_radps: 34.9,
            accel_limit_mps2: 156.0,
            use_accel: true,
            live: None,
        }
    }
}

impl ImuSource {
    /// The specific force behind a reading, as far as scale and bias are known [m/s²].
    #[must_use]
    pub fn specific_force(&self, measured_mps2: Vector3<f64>) -> Vector3<f64> {
        (measured_mps2 - Vector3::from(self.accel_bias_mps2))
            .component_div(&Vector3::from(self.accel_scale))
    }
}

/// Magnetometer: corrects heading only, and only where the field looks like the Earth's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MagnetometerSource {
    /// Where it sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// White noise of each component [µT].
    pub sigma_ut: f64,
    /// Constant field of the vehicle itself [µT], taken off.
    pub hard_iron_ut: [f64; 3],
    /// Row-major matrix applied after the hard iron is taken off.
    pub soft_iron: [[f64; 3]; 3],
    /// Prior sigma of what is left of the hard iron [µT].
    pub bias_sigma_ut: f64,
    /// Refused where the strength differs from the site's by more than this share.
    pub norm_gate_ratio: f64,
    /// Refused where the inclination differs from the site's by more than this [deg].
    pub dip_gate_deg: f64,
    /// Sigma of the slowly varying heading disturbance [deg].
    pub drift_sigma_deg: f64,
    /// Its correlation time [s].
    pub drift_time_s: f64,
    /// Time between two uses [s].
    pub interval_s: f64,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for MagnetometerSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            sigma_ut: 0.5,
            hard_iron_ut: [0.0; 3],
            soft_iron: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            bias_sigma_ut: 0.0,
            norm_gate_ratio: 0.1,
            dip_gate_deg: 5.0,
            drift_sigma_deg: 6.0,
            drift_time_s: 5.0,
            interval_s: 0.0,
            gate: Gate::default(),
            live: None,
        }
    }
}

/// Barometer or altimeter: height above an unknown, slowly moving reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeightSource {
    /// Where it sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// White noise [m].
    pub sigma_m: f64,
    /// Prior sigma of the reference [m].
    pub bias_sigma_m: f64,
    /// Random walk of the reference (weather) [m/√s].
    pub bias_walk_m_rts: f64,
    /// Time between two uses [s].
    pub interval_s: f64,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for HeightSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            sigma_m: 0.2,
            bias_sigma_m: 1000.0,
            bias_walk_m_rts: 0.01,
            interval_s: 0.0,
            gate: Gate::default(),
            live: None,
        }
    }
}
