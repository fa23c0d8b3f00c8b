//! `[source.NAME]` in vehicle.toml: one struct a kind of source.
//!
//! Keys that many kinds share mean the same everywhere: `mount` is where the sensor sits, `delay_s`
//! how much later than true its samples are stamped (known, taken off), `lag_sigma_s` the prior
//! sigma of what is left of that delay (estimated), `bias_*` the prior sigma of a constant error
//! (estimated), `drift_*` a slowly varying one (first-order Gauss-Markov, estimated), `gate` how a
//! measurement is judged. A sigma of 0 means that the parameter is not estimated.

mod gate;
mod inertial;
pub mod live;
mod wheels;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use gate::{Gate, Weight};
pub use inertial::{HeightSource, ImuSource, MagnetometerSource};
pub use live::Live;
pub use wheels::{SteeringSource, WheelPlace, WheelsSource};

/// A source, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Inertial unit, or a gyro alone.
    Imu(ImuSource),
    /// Magnetometer.
    Magnetometer(MagnetometerSource),
    /// Barometer or altimeter.
    Height(HeightSource),
    /// Wheel encoders, wheel speeds, speed and yaw rate, odometry steps.
    Wheels(WheelsSource),
    /// Steering angle.
    Steering(SteeringSource),
    /// Satellite receiver.
    Gnss(GnssSource),
    /// Radio with ranges, range differences or bearings to anchors.
    Uwb(UwbSource),
    /// Receiver of signal strengths.
    Rssi(RssiSource),
    /// Scanner or camera that gives range and bearing of landmarks.
    Landmark(LandmarkSource),
    /// Camera that gives pixels of points or corners of markers.
    Camera(CameraSource),
    /// Portal reader, NFC reader, dock contact.
    Portal(PortalSource),
    /// External position, yaw or pose in the site frame.
    Pose(PoseSource),
}

/// Where a sensor sits: `p_b = position + R · p_s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mount {
    /// Position of the sensor's origin in the body frame [m].
    pub position_m: [f64; 3],
    /// Roll, pitch, yaw of the sensor's axes [deg] (Rz·Ry·Rx, sensor to body).
    pub rpy_deg: [f64; 3],
}

/// Satellite receiver. Position and velocity of one receiver may lag differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GnssSource {
    /// Where the antenna sits.
    pub mount: Mount,
    /// Horizontal sigma of a single-point fix [m], where the receiver states none.
    pub sigma_single_m: f64,
    /// ... of a differential fix [m].
    pub sigma_differential_m: f64,
    /// ... of an RTK float fix [m].
    pub sigma_float_m: f64,
    /// ... of an RTK fixed fix [m].
    pub sigma_fixed_m: f64,
    /// No position is believed better than this [m], whatever the receiver states.
    pub sigma_floor_m: f64,
    /// Vertical over horizontal sigma, where the receiver states none.
    pub vertical_ratio: f64,
    /// White noise of the velocity [m/s], where the receiver states none.
    pub velocity_sigma_mps: f64,
    /// Known delay of the position [s].
    pub position_delay_s: f64,
    /// Known delay of the velocity [s].
    pub velocity_delay_s: f64,
    /// Prior sigma of what is left of the position's delay [s].
    pub position_lag_sigma_s: f64,
    /// Prior sigma of what is left of the velocity's delay [s].
    pub velocity_lag_sigma_s: f64,
    /// Sigma of the slowly varying position error, each component [m].
    pub drift_sigma_m: f64,
    /// Its correlation time [s].
    pub drift_time_s: f64,
    /// Prior sigma of the antenna's horizontal lever arm, where it was not measured [m].
    pub lever_sigma_m: f64,
    /// Use the height.
    pub use_height: bool,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for GnssSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            sigma_single_m: 2.5,
            sigma_differential_m: 1.0,
            sigma_float_m: 0.4,
            sigma_fixed_m: 0.02,
            sigma_floor_m: 0.01,
            vertical_ratio: 1.5,
            velocity_sigma_mps: 0.1,
            position_delay_s: 0.0,
            velocity_delay_s: 0.0,
            position_lag_sigma_s: 0.0,
            velocity_lag_sigma_s: 0.0,
            drift_sigma_m: 0.0,
            drift_time_s: 30.0,
            lever_sigma_m: 0.0,
            use_height: true,
            gate: Gate::default(),
            live: None,
        }
    }
}

/// Radio with ranges, range differences or bearings to anchors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UwbSource {
    /// Where the tag's antenna sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// Prior sigma of what is left of it [s].
    pub lag_sigma_s: f64,
    /// White noise of a range [m].
    pub range_sigma_m: f64,
    /// Further noise in proportion to the range.
    pub range_sigma_ratio: f64,
    /// White noise of a range difference [m].
    pub difference_sigma_m: f64,
    /// White noise of an azimuth or elevation [deg].
    pub angle_sigma_deg: f64,
    /// Known scale: measured = scale · true.
    pub scale: f64,
    /// Prior sigma of what is left of the scale (common to all anchors).
    pub scale_sigma: f64,
    /// Prior sigma of the bias of each anchor [m].
    pub bias_sigma_m: f64,
    /// Sigma of each anchor's slowly varying error (multipath) [m].
    pub drift_sigma_m: f64,
    /// Its correlation time [s].
    pub drift_time_s: f64,
    /// Gap between total and first-path power [dB] up to which the path counts as clear.
    pub nlos_gap_db: f64,
    /// What a blocked path adds for each dB beyond it [m/dB]: taken off, and counted as sigma too.
    pub nlos_sigma_m_per_db: f64,
    /// Time between two uses of one anchor [s].
    pub interval_s: f64,
    /// Ranges are horizontal distances (the data set or device has removed the height).
    pub horizontal: bool,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for UwbSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            lag_sigma_s: 0.0,
            range_sigma_m: 0.1,
            range_sigma_ratio: 0.0,
            difference_sigma_m: 0.15,
            angle_sigma_deg: 5.0,
            scale: 1.0,
            scale_sigma: 0.0,
            bias_sigma_m: 0.05,
            drift_sigma_m: 0.0,
            drift_time_s: 10.0,
            nlos_gap_db: 6.0,
            nlos_sigma_m_per_db: 0.05,
            interval_s: 0.0,
            horizontal: false,
            gate: Gate::default(),
            live: None,
        }
    }
}

/// Receiver of signal strengths, log-distance model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RssiSource {
    /// Where the antenna sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// Received power at 1 m [dBm], where the beacon states none.
    pub power_dbm: f64,
    /// Path-loss exponent, where the beacon states none.
    pub path_loss_exponent: f64,
    /// White noise [dB].
    pub sigma_db: f64,
    /// Prior sigma of the offset of each beacon [dB].
    pub bias_sigma_db: f64,
    /// Sigma of each beacon's slowly varying shadowing [dB].
    pub drift_sigma_db: f64,
    /// Its correlation time [s].
    pub drift_time_s: f64,
    /// Time between two uses of one beacon [s].
    pub interval_s: f64,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for RssiSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            power_dbm: -60.0,
            path_loss_exponent: 2.0,
            sigma_db: 6.0,
            bias_sigma_db: 0.0,
            drift_sigma_db: 0.0,
            drift_time_s: 3.0,
            interval_s: 0.0,
            gate: Gate::default(),
            live: None,
        }
    }
}

/// Range and bearing of identified landmarks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LandmarkSource {
    /// Where the sensor sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// Prior sigma of what is left of it [s].
    pub lag_sigma_s: f64,
    /// White noise of the range [m].
    pub range_sigma_m: f64,
    /// Further noise in proportion to the range.
    pub range_sigma_ratio: f64,
    /// White noise of the bearing [deg].
    pub bearing_sigma_deg: f64,
    /// Prior sigma of the range scale.
    pub scale_sigma: f64,
    /// Prior sigma of the range bias [m].
    pub bias_sigma_m: f64,
    /// Prior sigma of the bearing bias [deg].
    pub bearing_bias_sigma_deg: f64,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for LandmarkSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            lag_sigma_s: 0.0,
            range_sigma_m: 0.05,
            range_sigma_ratio: 0.02,
            bearing_sigma_deg: 1.0,
            scale_sigma: 0.0,
            bias_sigma_m: 0.0,
            bearing_bias_sigma_deg: 0.0,
            gate: Gate::default(),
            live: None,
        }
    }
}

/// Camera; its own axes are x right, y down, z forward (along the view), images without distortion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraSource {
    /// Where it sits; the rotation takes camera axes to body axes.
    #[serde(default)]
    pub mount: Mount,
    /// Focal lengths, columns and rows [px].
    pub focal_px: [f64; 2],
    /// Principal point, column and row [px].
    pub centre_px: [f64; 2],
    /// Known delay [s].
    #[serde(default)]
    pub delay_s: f64,
    /// Prior sigma of what is left of it [s].
    #[serde(default)]
    pub lag_sigma_s: f64,
    /// White noise of a pixel coordinate [px].
    #[serde(default = "default_sigma_px")]
    pub sigma_px: f64,
    /// Prior sigma of what is left of the mount's rotation, about each axis [deg].
    #[serde(default)]
    pub rotation_sigma_deg: f64,
    /// How a measurement is judged.
    #[serde(default)]
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

fn default_sigma_px() -> f64 {
    1.0
}

/// Reader of portals, NFC tags, docks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PortalSource {
    /// Where the reader (or the tag on the vehicle) sits.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

/// External position, yaw or pose in the site frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoseSource {
    /// Where the point sits that is reported.
    pub mount: Mount,
    /// Known delay [s].
    pub delay_s: f64,
    /// Prior sigma of what is left of it [s].
    pub lag_sigma_s: f64,
    /// White noise of a position component [m], where the sample states none.
    pub sigma_m: f64,
    /// White noise of an angle [deg], where the sample states none.
    pub sigma_deg: f64,
    /// Sigma of the slowly varying position error, each component [m].
    pub drift_sigma_m: f64,
    /// Its correlation time [s].
    pub drift_time_s: f64,
    /// Prior sigma of the point's horizontal lever arm, where it was not measured [m].
    pub lever_sigma_m: f64,
    /// How a measurement is judged.
    pub gate: Gate,
    /// How it is heard live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

impl Default for PoseSource {
    fn default() -> Self {
        Self {
            mount: Mount::default(),
            delay_s: 0.0,
            lag_sigma_s: 0.0,
            sigma_m: 0.05,
            sigma_deg: 1.0,
            drift_sigma_m: 0.0,
            drift_time_s: 30.0,
            lever_sigma_m: 0.0,
            gate: Gate::default(),
            live: None,
        }
    }
}
