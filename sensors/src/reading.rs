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
        self.for_each_place(&mut |number| {
            if let Some(v) = number {
                f(v);
            }
        });
    }

    /// Every place of a number, in a fixed order; what is absent is `None`.
    fn for_each_place(&self, f: &mut dyn FnMut(Option<f64>)) {
        fn each(f: &mut dyn FnMut(Option<f64>), values: &[f64]) {
            values.iter().for_each(|v| f(Some(*v)));
        }
        fn each_or_none(f: &mut dyn FnMut(Option<f64>), values: Option<&[f64; 3]>) {
            match values {
                Some(values) => each(f, values),
                None => f(None),
            }
        }
        match self {
            Self::Imu(r) => {
                each(f, &r.gyro_radps);
                each_or_none(f, r.accel_mps2.as_ref());
            }
            Self::MagneticField(r) => each(f, &r.field_tesla),
            Self::Pressure(r) => each(f, &[r.pressure_pa]),
            Self::Height(r) => each(f, &[r.height_m]),
            Self::WheelTicks(r) => {
                let ticks = r.ticks.as_slice();
                ticks.iter().for_each(|t| f(Some(*t as f64)));
                f(r.steering_ticks.map(|t| t as f64));
            }
            Self::WheelSpeeds(r) => each(f, r.speeds_mps.as_slice()),
            Self::OdometryStep(r) => {
                each(f, &[r.distance_m]);
                f(r.yaw_change_rad);
            }
            Self::Twist(r) => {
                each(f, &[r.forward_mps]);
                f(r.yaw_rate_radps);
            }
            Self::Steering(r) => each(f, &[r.angle_rad]),
            Self::GnssPosition(r) => {
                each(f, &[r.lat_deg, r.lon_deg]);
                f(r.height_m);
                each_or_none(f, r.sigma_enu_m.as_ref());
                f(r.hdop);
                f(r.satellites.map(f64::from));
            }
            Self::GnssVelocity(r) => {
                each(f, &[r.east_mps, r.north_mps]);
                f(r.up_mps);
                f(r.sigma_mps);
            }
            Self::Yaw(r) => {
                each(f, &[r.yaw_rad]);
                f(r.sigma_rad);
            }
            Self::Range(r) => {
                each(f, &[r.range_m]);
                f(r.rx_power_dbm);
                f(r.first_path_dbm);
            }
            Self::RangeDifference(r) => each(f, &[r.difference_m]),
            Self::Bearing(r) => {
                each(f, &[r.azimuth_rad]);
                f(r.elevation_rad);
            }
            Self::Rssi(r) => {
                each(f, &[r.rssi_dbm]);
                f(r.advertised_dbm);
            }
            Self::Landmark(r) => each(f, &[r.range_m, r.bearing_rad]),
            Self::Pixel(r) => each(f, &r.uv_px),
            Self::Marker(r) => r.corners_px.iter().for_each(|c| each(f, c)),
            Self::Passage(_) => {}
            Self::Position(r) => {
                each(f, &r.xy_m);
                f(r.z_m);
                f(r.sigma_m);
            }
            Self::Pose(r) => {
                each(f, &r.position_m);
                each(f, &r.attitude_wxyz);
                f(r.sigma_m);
                f(r.sigma_rad);
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

    /// Whether every number is finite and physically possible, and every sigma that it states positive.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let stated = match self {
            Self::GnssPosition(r) => r
                .sigma_enu_m
                .map(|s| s.iter().copied().fold(f64::MAX, f64::min)),
            Self::GnssVelocity(r) => r.sigma_mps,
            Self::Yaw(r) => r.sigma_rad,
            Self::Position(r) => r.sigma_m,
            Self::Pose(r) => r.sigma_m.into_iter().chain(r.sigma_rad).reduce(f64::min),
            _ => None,
        };
        self.is_finite() && self.is_physical() && stated.is_none_or(|sigma| sigma > 0.0)
    }

    /// A hash of the content (FNV-1a over kind, targets, the bits of the numbers, and which of them
    /// are absent): equal readings have equal fingerprints on every machine.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |word: u64| {
            hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
            hash ^= hash >> 29;
        };
        let mut text = |s: &str| {
            s.bytes().for_each(|b| mix(u64::from(b)));
            mix(s.len() as u64);
        };
        text(self.kind().name());
        if let Self::RangeDifference(r) = self {
            text(&r.anchor_a);
        }
        if let Some(target) = self.target() {
            text(&target);
        }
        if let Self::GnssPosition(r) = self {
            mix(r.fix as u64);
        }
        // No number that is finite has all its bits set.
        self.for_each_place(&mut |number| mix(number.map_or(u64::MAX, f64::to_bits)));
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
    fn fingerprints_tell_which_number_is_absent() {
        let json = [
            r#"{"pose":{"position_m":[1,2,3],"attitude_wxyz":[1,0,0,0],"sigma_m":0.1}}"#,
            r#"{"pose":{"position_m":[1,2,3],"attitude_wxyz":[1,0,0,0],"sigma_rad":0.1}}"#,
            r#"{"gnss_position":{"lat_deg":1,"lon_deg":2,"height_m":3}}"#,
            r#"{"gnss_position":{"lat_deg":1,"lon_deg":2,"hdop":3}}"#,
            r#"{"gnss_position":{"lat_deg":1,"lon_deg":2,"height_m":3,"fix":"rtk_fixed"}}"#,
            r#"{"wheel_ticks":{"ticks":[1,2],"steering_ticks":3}}"#,
            r#"{"wheel_ticks":{"ticks":[1,2,3]}}"#,
        ];
        let prints: alloc::vec::Vec<u64> = json
            .iter()
            .map(|text| serde_json::from_str::<Reading>(text).unwrap().fingerprint())
            .collect();
        for (i, one) in prints.iter().enumerate() {
            assert!(!prints[..i].contains(one), "{}", json[i]);
        }
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
