//! A recording of ROS 2, as `ros2 bag record -s mcap` makes one.
//!
//! | message | becomes |
//! |---|---|
//! | sensor_msgs/Imu | `imu`; its orientation is somebody's estimate and left out |
//! | sensor_msgs/NavSatFix | `gnss_position`; status 1 is differential, 2 RTK float, for it is not told from fixed |
//! | sensor_msgs/MagneticField | `magnetic_field` |
//! | sensor_msgs/FluidPressure | `pressure` |
//! | nav_msgs/Odometry | `twist`: its pose is the sum of such, and drifts |
//! | geometry_msgs/TwistStamped, TwistWithCovarianceStamped | `twist`, x forward |
//! | geometry_msgs/PoseStamped, PoseWithCovarianceStamped | `pose` in the site frame |
//!
//! A topic's source is its name with `_` for inner slashes: `/imu/data` becomes `imu_data`; [`Topics`] gives
//! other names. What a topic of truth says of the pose becomes truth. Times are those of the headers; where
//! a header has none, when the message was published. Both byte orders of CDR.

mod cdr;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use wayfix_filter::Timestamp;
use wayfix_sensors::sample::{GnssFix, GnssPosition, Imu, MagneticField, Pose, Pressure, Twist};
use wayfix_sensors::{Name, Reading, Sample};

use super::Recording;
use crate::log::mcap::McapReader;
use crate::log::{Attachment, Damage, LogError, Record, Truth, TruthState};
use cdr::Cdr;

/// Which topics are read, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Sources by topic. Where there are any, other topics are left out.
    pub sources: BTreeMap<String, Name>,
    /// The topic whose poses are truth.
    pub truth: Option<String>,
}

/// What a topic's messages become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum To {
    Source(Name),
    Truth,
}

impl Topics {
    /// What a topic's messages become; `None` where they are left out.
    pub(in crate::log) fn to(&self, topic: &str) -> Option<To> {
        if self.truth.as_deref() == Some(topic) {
            return Some(To::Truth);
        }
        if !self.sources.is_empty() {
            return self.sources.get(topic).copied().map(To::Source);
        }
        let name = topic.trim_start_matches('/').replace('/', "_");
        Name::from(&name).ok().map(To::Source)
    }
}

/// A file being read; records of Wayfix's own in it are read too.
pub struct Ros2File(McapReader<File>);

impl Ros2File {
    /// Opens a file.
    ///
    /// # Errors
    /// [`LogError::Open`], [`LogError::Read`]
    pub fn open(path: impl AsRef<Path>, topics: Topics) -> Result<Self, LogError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| LogError::Open {
            path: path.to_owned(),
            source,
        })?;
        let reader = McapReader::with_ros2(file, topics).map_err(LogError::Read)?;
        Ok(Self(reader))
    }
}

impl Iterator for Ros2File {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_record().map_err(LogError::Read).transpose()
    }
}

impl Recording for Ros2File {
    fn progress(&self) -> (u64, u64) {
        self.0.progress()
    }

    fn damage(&self) -> &Damage {
        &self.0.damage
    }

    fn attachments(&self) -> &[Attachment] {
        &self.0.attachments
    }
}

/// The messages that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Message {
    Imu,
    NavSatFix,
    MagneticField,
    FluidPressure,
    Odometry,
    /// With covariance, or without.
    Twist,
    /// With covariance, or without.
    Pose {
        has_covariance: bool,
    },
}

impl Message {
    /// By the schema's name, such as `sensor_msgs/msg/Imu`.
    pub fn of(schema: &str) -> Option<Self> {
        let (package, name) = schema.split_once('/')?;
        let name = name.strip_prefix("msg/").unwrap_or(name);
        Some(match (package, name) {
            ("sensor_msgs", "Imu") => Self::Imu,
            ("sensor_msgs", "NavSatFix") => Self::NavSatFix,
            ("sensor_msgs", "MagneticField") => Self::MagneticField,
            ("sensor_msgs", "FluidPressure") => Self::FluidPressure,
            ("nav_msgs", "Odometry") => Self::Odometry,
            ("geometry_msgs", "TwistStamped" | "TwistWithCovarianceStamped") => Self::Twist,
            ("geometry_msgs", "PoseStamped") => Self::Pose {
                has_covariance: false,
            },
            ("geometry_msgs", "PoseWithCovarianceStamped") => Self::Pose {
                has_covariance: true,
            },
            _ => return None,
        })
    }

    /// What a message says; `Ok(None)` where that is of no use, such as a fix that is none.
    ///
    /// # Errors
    /// It is not CDR, too short, or holds what is no number.
    pub fn read(
        self,
        bytes: &[u8],
        to: To,
        published: Timestamp,
    ) -> Result<Option<Record>, String> {
        let mut cdr = Cdr::new(bytes).ok_or("not in plain CDR")?;
        let short = || "too short".to_owned();
        let t = header(&mut cdr).ok_or_else(short)?.unwrap_or(published);
        let record = match to {
            To::Source(source) => self.reading(&mut cdr).ok_or_else(short)?.map(|reading| {
                let is_finite = reading.is_finite();
                (Record::Sample(Sample { t, source, reading }), is_finite)
            }),
            To::Truth => self.truth(&mut cdr).ok_or_else(short)?.map(|state| {
                let is_finite = (state.xy_m.iter().flatten())
                    .chain(state.attitude_wxyz.iter().flatten())
                    .chain(&state.z_m)
                    .all(|x| x.is_finite());
                (Record::Truth(Truth { t, state }), is_finite)
            }),
        };
        match record {
            Some((_, false)) => Err("holds what is no number".to_owned()),
            other => Ok(other.map(|(record, _)| record)),
        }
    }

    /// Outer `None`: too short.
    fn reading(self, cdr: &mut Cdr) -> Option<Option<Reading>> {
        Some(match self {
            Self::Imu => {
                let _orientation: [f64; 4 + 9] = cdr.f64s()?;
                let (gyro_radps, gyro): ([f64; 3], [f64; 9]) = (cdr.f64s()?, cdr.f64s()?);
                let (accel_mps2, accel): ([f64; 3], [f64; 9]) = (cdr.f64s()?, cdr.f64s()?);
                // A covariance that begins with −1 says that there is no such measurement.
                is_there(&gyro).then_some(Reading::Imu(Imu {
                    gyro_radps,
                    accel_mps2: is_there(&accel).then_some(accel_mps2),
                }))
            }
            Self::NavSatFix => {
                let (status, _service) = (cdr.i8()?, cdr.u16()?);
                let [lat_deg, lon_deg, altitude_m] = cdr.f64s()?;
                let covariance: [f64; 9] = cdr.f64s()?;
                let is_known = cdr.u8()? != 0;
                let fix = match status {
                    0 => Some(GnssFix::Single),
                    1 => Some(GnssFix::Differential),
                    2 => Some(GnssFix::RtkFloat),
                    _ => None,
                };
                let variances = [covariance[0], covariance[4], covariance[8]];
                let is_sound = is_known && variances.iter().all(|v| v.is_finite() && *v > 0.0);
                fix.filter(|_| lat_deg.abs() <= 90.0 && lon_deg.abs() <= 180.0)
                    .map(|fix| {
                        Reading::GnssPosition(GnssPosition {
                            lat_deg,
                            lon_deg,
                            height_m: Some(altitude_m).filter(|h| h.is_finite()),
                            fix,
                            sigma_enu_m: is_sound.then(|| variances.map(f64::sqrt)),
                            hdop: None,
                            satellites: None,
                        })
                    })
            }
            Self::MagneticField => Some(Reading::MagneticField(MagneticField {
                field_tesla: cdr.f64s()?,
            })),
            Self::FluidPressure => Some(Reading::Pressure(Pressure {
                pressure_pa: cdr.f64()?,
            })),
            Self::Odometry => {
                cdr.skip_text()?;
                let _pose: [f64; 7 + 36] = cdr.f64s()?;
                Some(twist(cdr)?)
            }
            Self::Twist => Some(twist(cdr)?),
            Self::Pose { has_covariance } => {
                let (position_m, attitude_wxyz) = pose(cdr)?;
                let sigmas = match has_covariance {
                    true => pose_sigmas(&cdr.f64s()?),
                    false => (None, None),
                };
                let is_turn = attitude_wxyz.iter().any(|q| *q != 0.0);
                is_turn.then_some(Reading::Pose(Pose {
                    position_m,
                    attitude_wxyz,
                    sigma_m: sigmas.0,
                    sigma_rad: sigmas.1,
                }))
            }
        })
    }

    /// Outer `None`: too short. Inner: it has no pose.
    fn truth(self, cdr: &mut Cdr) -> Option<Option<TruthState>> {
        match self {
            Self::Odometry => cdr.skip_text()?,
            Self::Pose { .. } => {}
            _ => return Some(None),
        }
        let ([x, y, z], attitude) = pose(cdr)?;
        Some(Some(TruthState {
            xy_m: Some([x, y]),
            z_m: Some(z),
            attitude_wxyz: Some(attitude).filter(|q| q.iter().any(|q| *q != 0.0)),
            ..TruthState::default()
        }))
    }
}

/// The stamp; inner `None` where there is none.
fn header(cdr: &mut Cdr) -> Option<Option<Timestamp>> {
    let (s, ns) = (cdr.i32()?, cdr.u32()?);
    cdr.skip_text()?;
    let t = Timestamp(i64::from(s) * 1_000_000_000 + i64::from(ns));
    Some(Some(t).filter(|t| t.0 != 0))
}

fn is_there(covariance: &[f64; 9]) -> bool {
    covariance[0] != -1.0
}

fn twist(cdr: &mut Cdr) -> Option<Reading> {
    let [forward_mps, _, _, _, _, yaw_rate_radps] = cdr.f64s()?;
    Some(Reading::Twist(Twist {
        forward_mps,
        yaw_rate_radps: Some(yaw_rate_radps),
    }))
}

/// Position, and attitude with w first.
fn pose(cdr: &mut Cdr) -> Option<([f64; 3], [f64; 4])> {
    let [px, py, pz, x, y, z, w] = cdr.f64s()?;
    Some(([px, py, pz], [w, x, y, z]))
}

/// Of each horizontal component \[m\], and of the heading \[rad\]; height, roll and pitch are often made up.
fn pose_sigmas(covariance: &[f64; 36]) -> (Option<f64>, Option<f64>) {
    let sigma = |variance: f64| (variance.is_finite() && variance > 0.0).then(|| variance.sqrt());
    (
        sigma((covariance[0] + covariance[7]) / 2.0),
        sigma(covariance[35]),
    )
}

#[cfg(test)]
mod tests;
