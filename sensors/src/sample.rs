//! What sensors say: one vocabulary for every device, in SI units, in the sensor's own frame,
//! knowing nothing of the site.
//!
//! A new device adds a decoder, not a variant; a new kind of physics adds a variant here, a
//! measurement model in `wayfix-filter` and an arm in the engine's `resolve`.

use arrayvec::{ArrayString, ArrayVec};
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// A name as devices and site files spell it: source, anchor, beacon, marker, portal. At most 48
/// bytes, kept in place so that samples are `Copy` and nothing allocates.
pub type Name = ArrayString<48>;

/// One reading of one source at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was measured, as well as the source knows.
    pub t: Timestamp,
    /// The source's name, a key of `[source.NAME]` in vehicle.toml.
    pub source: Name,
    /// What it said.
    pub reading: Reading,
}

/// One variant a kind of physics.
///
/// Serialised externally tagged in `snake_case`: `{"range": {"anchor": "A1", "range_m": 3.2}}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reading {
    /// Angular rate and specific force of an inertial unit.
    Imu(Imu),
    /// Magnetic flux density.
    MagneticField(MagneticField),
    /// Static air pressure.
    Pressure(Pressure),
    /// Height above any fixed reference (a barometer that reports altitude, a laser altimeter).
    Height(Height),
    /// Raw counters of incremental wheel encoders.
    WheelTicks(WheelTicks),
    /// Speeds of single wheels.
    WheelSpeeds(WheelSpeeds),
    /// Distance and heading increments since the source's previous sample.
    OdometryStep(OdometryStep),
    /// Forward speed and yaw rate of the vehicle.
    Twist(Twist),
    /// Steering angle.
    Steering(Steering),
    /// Position by satellites.
    GnssPosition(GnssPosition),
    /// Velocity by satellites.
    GnssVelocity(GnssVelocity),
    /// Heading from a two-antenna receiver, a compass module, ...
    Yaw(Yaw),
    /// Distance to an anchor.
    Range(Range),
    /// Difference of the distances to two anchors.
    RangeDifference(RangeDifference),
    /// Direction to an anchor or landmark.
    Bearing(Bearing),
    /// Received signal strength of a beacon.
    Rssi(Rssi),
    /// Range and bearing of an identified landmark.
    Landmark(Landmark),
    /// An identified point seen by a calibrated camera.
    Pixel(Pixel),
    /// An identified square marker seen by a calibrated camera.
    Marker(Marker),
    /// The asset is passing a portal or stands over a tag.
    Passage(Passage),
    /// Position in the site frame from an external system.
    Position(Position),
    /// Pose in the site frame from an external system.
    Pose(Pose),
}

/// Inertial sample in the sensor frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imu {
    /// Angular rate [rad/s].
    pub gyro_radps: [f64; 3],
    /// Specific force [m/s²] (+9.8 upwards at rest); absent for a gyro alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accel_mps2: Option<[f64; 3]>,
}

/// Magnetic flux density in the sensor frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MagneticField {
    /// Flux density [T]; the Earth's field is about 5e-5.
    pub field_tesla: [f64; 3],
}

/// Static air pressure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Pressure [Pa].
    pub pressure_pa: f64,
}

/// Height above a fixed but possibly unknown reference, up positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Height {
    /// Height [m].
    pub height_m: f64,
}

/// One value a wheel: one to four of them, kept in place.
///
/// ```
/// use wayfix_sensors::sample::PerWheel;
/// let speeds = PerWheel::new(&[1.0, 1.2]).expect("two wheels");
/// assert_eq!(speeds.as_slice(), [1.0, 1.2]);
/// assert!(PerWheel::<f64>::new(&[]).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    try_from = "ArrayVec<T, 4>",
    into = "ArrayVec<T, 4>",
    bound(
        serialize = "T: Copy + Serialize",
        deserialize = "T: Copy + Default + Deserialize<'de>"
    )
)]
pub struct PerWheel<T> {
    values: [T; 4],
    len: u8,
}

impl<T: Copy + Default> PerWheel<T> {
    /// From one to four values; `None` for any other number.
    #[must_use]
    pub fn new(slice: &[T]) -> Option<Self> {
        let mut values = [T::default(); 4];
        values.get_mut(..slice.len())?.copy_from_slice(slice);
        (!slice.is_empty()).then_some(Self {
            values,
            len: slice.len() as u8,
        })
    }
}

impl<T> PerWheel<T> {
    /// The values, in the order that vehicle.toml states.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.values[..usize::from(self.len)]
    }
}

impl<T: Copy + Default> TryFrom<ArrayVec<T, 4>> for PerWheel<T> {
    type Error = &'static str;
    fn try_from(values: ArrayVec<T, 4>) -> Result<Self, Self::Error> {
        Self::new(&values).ok_or("expected one to four wheels")
    }
}

impl<T: Copy> From<PerWheel<T>> for ArrayVec<T, 4> {
    fn from(wheels: PerWheel<T>) -> Self {
        wheels.as_slice().iter().copied().collect()
    }
}

/// Raw counters, in the wheel order that vehicle.toml states for the source. Counters run freely;
/// their width (roll-over) is in vehicle.toml.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelTicks {
    /// Counter values, one to four wheels.
    pub ticks: PerWheel<i64>,
    /// Absolute steering encoder, when the same message carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steering_ticks: Option<i64>,
}

/// Speeds at the wheels' contact points, in the wheel order that vehicle.toml states.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelSpeeds {
    /// Speeds [m/s], forward positive, one to four wheels.
    pub speeds_mps: PerWheel<f64>,
}

/// Increments over the interval that ends at the sample's time and began at the source's previous one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OdometryStep {
    /// Distance along the path [m], backwards negative.
    pub distance_m: f64,
    /// Change of heading [rad], counter-clockwise positive; absent where the source does not turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yaw_change_rad: Option<f64>,
}

/// Planar velocity of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twist {
    /// Forward speed [m/s].
    pub forward_mps: f64,
    /// Yaw rate [rad/s], counter-clockwise positive; absent for a speed alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yaw_rate_radps: Option<f64>,
}

/// Steering angle as the sensor gives it (road wheel or steering wheel: vehicle.toml has the ratio).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steering {
    /// Angle [rad], left positive.
    pub angle_rad: f64,
}

/// How a satellite position was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GnssFix {
    /// Single point.
    #[default]
    Single,
    /// Code-differential (DGPS, SBAS).
    Differential,
    /// Carrier phase with float ambiguities.
    RtkFloat,
    /// Carrier phase with fixed ambiguities.
    RtkFixed,
}

/// Geodetic position of the antenna, WGS-84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GnssPosition {
    /// Latitude [deg].
    pub lat_deg: f64,
    /// Longitude [deg].
    pub lon_deg: f64,
    /// Height above the ellipsoid [m]; absent in a two-dimensional fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
    /// Kind of fix.
    #[serde(default)]
    pub fix: GnssFix,
    /// Standard deviations east, north, up [m], where the receiver states them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_enu_m: Option<[f64; 3]>,
    /// Horizontal dilution of precision, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hdop: Option<f64>,
    /// Satellites used, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satellites: Option<u8>,
}

/// Velocity of the antenna, local east-north-up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GnssVelocity {
    /// East [m/s].
    pub east_mps: f64,
    /// North [m/s].
    pub north_mps: f64,
    /// Up [m/s], where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_mps: Option<f64>,
    /// Standard deviation of each component [m/s], where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_mps: Option<f64>,
}

/// Heading of the vehicle's (or antenna pair's) x axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yaw {
    /// Heading [rad], counter-clockwise from east.
    pub yaw_rad: f64,
    /// Standard deviation [rad], where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_rad: Option<f64>,
}

/// Two-way distance to an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The anchor's id in site.toml.
    pub anchor: Name,
    /// Distance [m] as measured.
    pub range_m: f64,
    /// Received power over the whole channel response [dBm].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rx_power_dbm: Option<f64>,
    /// Power of the first path [dBm]; far below the total power where the line of sight is blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_path_dbm: Option<f64>,
}

/// Difference of two distances: |p − anchor_b| − |p − anchor_a|.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeDifference {
    /// The reference anchor.
    pub anchor_a: Name,
    /// The other anchor.
    pub anchor_b: Name,
    /// Difference [m].
    pub difference_m: f64,
}

/// Direction to an anchor or landmark in the sensor frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bearing {
    /// The anchor's or landmark's id in site.toml.
    pub anchor: Name,
    /// Azimuth [rad], from sensor x towards y (left positive).
    pub azimuth_rad: f64,
    /// Elevation [rad] above the sensor's xy plane, where measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevation_rad: Option<f64>,
}

/// Received signal strength.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rssi {
    /// The beacon's id in site.toml.
    pub beacon: Name,
    /// Power [dBm].
    pub rssi_dbm: f64,
    /// Power at 1 m that the beacon itself advertises [dBm].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advertised_dbm: Option<f64>,
}

/// Range and bearing of an identified landmark, in the sensor's xy plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landmark {
    /// The landmark's id in site.toml.
    pub landmark: Name,
    /// Distance [m].
    pub range_m: f64,
    /// Azimuth [rad], left positive.
    pub bearing_rad: f64,
}

/// An identified point in an image without lens distortion; camera axes x right, y down, z forward.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pixel {
    /// The landmark's id in site.toml.
    pub landmark: Name,
    /// Column and row [px].
    pub uv_px: [f64; 2],
}

/// An identified square marker in an image without lens distortion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The marker's id in site.toml.
    pub marker: Name,
    /// Corners [px], in the order of the marker's own frame: (−,−), (+,−), (+,+), (−,+).
    pub corners_px: [[f64; 2]; 4],
}

/// The asset is passing a portal, or stands over an NFC tag or in a dock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// The portal's id in site.toml.
    pub portal: Name,
}

/// Position in the site frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// x, y [m] in the site frame.
    pub xy_m: [f64; 2],
    /// z [m], where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z_m: Option<f64>,
    /// Standard deviation of each component [m], where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_m: Option<f64>,
}

/// Pose in the site frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pose {
    /// Position [m].
    pub position_m: [f64; 3],
    /// Attitude quaternion (w, x, y, z), sensor to site, Hamilton.
    pub attitude_wxyz: [f64; 4],
    /// Standard deviation of each position component [m], where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_m: Option<f64>,
    /// Standard deviation of each attitude component [rad], where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_rad: Option<f64>,
}
