//! One entry of a log: a sample that the engine may see, or truth that it never does.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

/// An entry of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Record {
    /// What a source said.
    Sample(Sample),
    /// Where the asset really was; for evaluation only, never shown to the filter.
    Truth(Truth),
}

/// Truth at one time, site frame, reference point of the vehicle; absent components are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// When.
    pub t: Timestamp,
    /// Its content.
    pub state: TruthState,
}

/// Content of a truth record. JSON: `{"t_ns": 5, "truth": {"xy_m": [1.0, 2.0], "yaw_rad": 0.1}}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthState {
    /// x, y [m]; absent where only the attitude is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xy_m: Option<[f64; 2]>,
    /// z [m].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z_m: Option<f64>,
    /// Heading [rad], counter-clockwise from x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yaw_rad: Option<f64>,
    /// Attitude quaternion (w, x, y, z), body to site; states the heading too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attitude_wxyz: Option<[f64; 4]>,
    /// Velocity [m/s], site frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity_mps: Option<[f64; 3]>,
}
