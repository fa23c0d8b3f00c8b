//! What all readings have in common: perhaps a target, and numbers.

use crate::sample::{Name, Reading};

impl Reading {
    /// The anchor, beacon, landmark, marker or portal that it is about; of a range difference the
    /// other anchor, not the reference.
    #[must_use]
    pub fn target(&self) -> Option<Name> {
        match self {
            Self::Range(r) => Some(r.anchor),
            Self::RangeDifference(r) => Some(r.anchor_b),
            Self::Bearing(r) => Some(r.anchor),
            Self::Rssi(r) => Some(r.beacon),
            Self::Landmark(r) => Some(r.landmark),
            Self::Pixel(r) => Some(r.landmark),
            Self::Marker(r) => Some(r.marker),
            Self::Passage(r) => Some(r.portal),
            _ => None,
        }
    }

    /// Every number in it, in a fixed order; absent ones are left out.
    pub fn for_each_number(&self, mut f: impl FnMut(f64)) {
        let mut all = |values: &[f64]| values.iter().for_each(|v| f(*v));
        match self {
            Self::Imu(r) => {
                all(&r.gyro_radps);
                all(r.accel_mps2.as_ref().map_or(&[], |a| a));
            }
            Self::MagneticField(r) => all(&r.field_tesla),
            Self::Pressure(r) => all(&[r.pressure_pa]),
            Self::Height(r) => all(&[r.height_m]),
            Self::WheelTicks(r) => {
                r.ticks.as_slice().iter().for_each(|t| all(&[*t as f64]));
                all(r.steering_ticks.map(|t| t as f64).as_slice());
            }
            Self::WheelSpeeds(r) => all(r.speeds_mps.as_slice()),
            Self::OdometryStep(r) => {
                all(&[r.distance_m]);
                all(r.yaw_change_rad.as_slice());
            }
            Self::Twist(r) => {
                all(&[r.forward_mps]);
                all(r.yaw_rate_radps.as_slice());
            }
            Self::Steering(r) => all(&[r.angle_rad]),
            Self::GnssPosition(r) => {
                all(&[r.lat_deg, r.lon_deg]);
                all(r.height_m.as_slice());
                all(r.sigma_enu_m.as_ref().map_or(&[], |s| s));
                all(r.hdop.as_slice());
            }
            Self::GnssVelocity(r) => {
                all(&[r.east_mps, r.north_mps]);
                all(r.up_mps.as_slice());
                all(r.sigma_mps.as_slice());
            }
            Self::Yaw(r) => {
                all(&[r.yaw_rad]);
                all(r.sigma_rad.as_slice());
            }
            Self::Range(r) => {
                all(&[r.range_m]);
                all(r.rx_power_dbm.as_slice());
                all(r.first_path_dbm.as_slice());
            }
            Self::RangeDifference(r) => all(&[r.difference_m]),
            Self::Bearing(r) => {
                all(&[r.azimuth_rad]);
                all(r.elevation_rad.as_slice());
            }
            Self::Rssi(r) => {
                all(&[r.rssi_dbm]);
                all(r.advertised_dbm.as_slice());
            }
            Self::Landmark(r) => all(&[r.range_m, r.bearing_rad]),
            Self::Pixel(r) => all(&r.uv_px),
            Self::Marker(r) => r.corners_px.iter().for_each(|c| all(c)),
            Self::Passage(_) => {}
            Self::Position(r) => {
                all(&r.xy_m);
                all(r.z_m.as_slice());
                all(r.sigma_m.as_slice());
            }
            Self::Pose(r) => {
                all(&r.position_m);
                all(&r.attitude_wxyz);
                all(r.sigma_m.as_slice());
                all(r.sigma_rad.as_slice());
            }
        }
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let mut finite = true;
        self.for_each_number(|v| finite &= v.is_finite());
        finite
    }

    /// A hash of the content (FNV-1a over kind, targets and the bits of the numbers): equal readings
    /// have equal fingerprints on every machine.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |word: u64| {
            hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
            hash ^= hash >> 29;
        };
        let mut text = |s: &str| s.bytes().for_each(|b| mix(u64::from(b)));
        text(self.kind().name());
        if let Self::RangeDifference(r) = self {
            text(&r.anchor_a);
        }
        if let Some(target) = self.target() {
            text(&target);
        }
        self.for_each_number(|v| mix(v.to_bits()));
        hash
    }

    /// A hash of the target alone (zero without one), for what is kept a target.
    #[must_use]
    pub fn target_fingerprint(&self) -> u64 {
        let mut hash = 0_u64;
        if let Self::RangeDifference(r) = self {
            r.anchor_a
                .bytes()
                .for_each(|b| hash = hash.wrapping_mul(31).wrapping_add(u64::from(b)));
        }
        if let Some(target) = self.target() {
            target
                .bytes()
                .for_each(|b| hash = hash.wrapping_mul(31).wrapping_add(u64::from(b)));
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Range, Twist};

    fn range(anchor: &str, range_m: f64) -> Reading {
        let anchor = Name::from(anchor).unwrap();
        Reading::Range(Range {
            anchor,
            range_m,
            rx_power_dbm: None,
            first_path_dbm: None,
        })
    }

    #[test]
    fn fingerprints_tell_content_apart() {
        assert_eq!(range("A", 1.0).fingerprint(), range("A", 1.0).fingerprint());
        assert_ne!(range("A", 1.0).fingerprint(), range("B", 1.0).fingerprint());
        assert_ne!(
            range("A", 1.0).fingerprint(),
            range("A", 1.0 + 1e-12).fingerprint()
        );
    }

    #[test]
    fn an_infinite_yaw_rate_is_not_finite() {
        let twist = Twist {
            forward_mps: 1.0,
            yaw_rate_radps: Some(f64::INFINITY),
        };
        assert!(!Reading::Twist(twist).is_finite());
        assert!(range("A", 2.0).is_finite());
    }
}
