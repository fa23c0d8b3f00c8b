//! What a sensor on a vehicle on Earth can measure, with a wide margin: what lies outside is no
//! measurement but a fault of device, driver or log, and would spoil any arithmetic.

use crate::sample::Reading;

/// Fastest rotation [rad/s]; the fastest gyros end at 70.
const RATE_RADPS: f64 = 1e3;
/// Strongest specific force [m/s²]; shock sensors end at 5e3.
const FORCE_MPS2: f64 = 1e4;
/// Strongest field \[T\].
const FIELD_TESLA: f64 = 1.0;
/// Highest pressure [Pa].
const PRESSURE_PA: f64 = 1e7;
/// Longest distance, or coordinate in a site \[m\].
const LENGTH_M: f64 = 1e7;
/// Fastest speed [m/s].
const SPEED_MPS: f64 = 1e4;
/// Largest angle [rad]: a steering or heading that was never wrapped.
const ANGLE_RAD: f64 = 1e5;
/// Largest power [dBm].
const POWER_DBM: f64 = 1e3;
/// Farthest image coordinate [px].
const IMAGE_PX: f64 = 1e6;

fn within(values: &[f64], limit: f64) -> bool {
    values.iter().all(|v| v.abs() <= limit)
}

fn is_none_or_within(value: Option<f64>, limit: f64) -> bool {
    value.is_none_or(|v| v.abs() <= limit)
}

impl Reading {
    /// Whether every number is one that can be measured; a NaN is not.
    #[must_use]
    pub fn is_physical(&self) -> bool {
        match self {
            Self::Imu(r) => {
                let accel = r.accel_mps2.unwrap_or_default();
                within(&r.gyro_radps, RATE_RADPS) && within(&accel, FORCE_MPS2)
            }
            Self::MagneticField(r) => within(&r.field_tesla, FIELD_TESLA),
            Self::Pressure(r) => r.pressure_pa > 0.0 && r.pressure_pa <= PRESSURE_PA,
            Self::Height(r) => within(&[r.height_m], LENGTH_M),
            Self::WheelTicks(_) | Self::Passage(_) => true,
            Self::WheelSpeeds(r) => within(r.speeds_mps.as_slice(), SPEED_MPS),
            Self::OdometryStep(r) => {
                within(&[r.distance_m], LENGTH_M) && is_none_or_within(r.yaw_change_rad, ANGLE_RAD)
            }
            Self::Twist(r) => {
                within(&[r.forward_mps], SPEED_MPS)
                    && is_none_or_within(r.yaw_rate_radps, RATE_RADPS)
            }
            Self::Steering(r) => within(&[r.angle_rad], ANGLE_RAD),
            Self::GnssPosition(r) => {
                within(&[r.lat_deg], 90.0)
                    && within(&[r.lon_deg], 360.0)
                    && is_none_or_within(r.height_m, LENGTH_M)
                    && within(&r.sigma_enu_m.unwrap_or_default(), LENGTH_M)
            }
            Self::GnssVelocity(r) => {
                within(&[r.east_mps, r.north_mps], SPEED_MPS)
                    && is_none_or_within(r.up_mps, SPEED_MPS)
                    && is_none_or_within(r.sigma_mps, SPEED_MPS)
            }
            Self::Yaw(r) => {
                within(&[r.yaw_rad], ANGLE_RAD) && is_none_or_within(r.sigma_rad, ANGLE_RAD)
            }
            Self::Range(r) => {
                within(&[r.range_m], LENGTH_M)
                    && is_none_or_within(r.rx_power_dbm, POWER_DBM)
                    && is_none_or_within(r.first_path_dbm, POWER_DBM)
            }
            Self::RangeDifference(r) => within(&[r.difference_m], LENGTH_M),
            Self::Bearing(r) => {
                within(&[r.azimuth_rad], ANGLE_RAD) && is_none_or_within(r.elevation_rad, ANGLE_RAD)
            }
            Self::Rssi(r) => {
                within(&[r.rssi_dbm], POWER_DBM) && is_none_or_within(r.advertised_dbm, POWER_DBM)
            }
            Self::Landmark(r) => {
                within(&[r.range_m], LENGTH_M) && within(&[r.bearing_rad], ANGLE_RAD)
            }
            Self::Pixel(r) => within(&r.uv_px, IMAGE_PX),
            Self::Marker(r) => r.corners_px.iter().all(|c| within(c, IMAGE_PX)),
            Self::Position(r) => {
                within(&r.xy_m, LENGTH_M)
                    && is_none_or_within(r.z_m, LENGTH_M)
                    && is_none_or_within(r.sigma_m, LENGTH_M)
            }
            Self::Pose(r) => {
                let length_sq: f64 = r.attitude_wxyz.iter().map(|q| q * q).sum();
                within(&r.position_m, LENGTH_M)
                    && (1e-6..1e6).contains(&length_sq)
                    && is_none_or_within(r.sigma_m, LENGTH_M)
                    && is_none_or_within(r.sigma_rad, ANGLE_RAD)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Height, Imu, Pose};

    #[test]
    fn ordinary_readings_are_physical_and_those_of_a_fault_are_not() {
        let imu = |rate| {
            Reading::Imu(Imu {
                gyro_radps: [0.0, rate, 0.0],
                accel_mps2: None,
            })
        };
        assert!(imu(70.0).is_physical());
        assert!(!imu(1e150).is_physical());
        assert!(!imu(f64::NAN).is_physical());
        assert!(
            !Reading::Height(Height {
                height_m: f64::NEG_INFINITY
            })
            .is_physical()
        );
        let pose = |w| {
            Reading::Pose(Pose {
                position_m: [0.0; 3],
                attitude_wxyz: [w, 0.0, 0.0, 0.0],
                sigma_m: None,
                sigma_rad: None,
            })
        };
        assert!(pose(0.999).is_physical());
        assert!(!pose(0.0).is_physical());
    }
}
