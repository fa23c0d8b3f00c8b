//! Unit and allowed range of every number in the two files: one table, from which both the JSON
//! Schema and the loader's messages are made.

/// Range in which a number is accepted; all of them exclude NaN and the infinities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Any finite number.
    Finite,
    /// Anything but zero.
    NonZero,
    /// Zero and above.
    NonNegative,
    /// Above zero.
    Positive,
    /// Above zero and below one.
    Share,
    /// From the first to the second, ends included.
    Within(f64, f64),
}

/// Units by the end of the key, the longest ending first.
const UNITS: &[(&str, &str)] = &[
    ("_radps_rthz", "rad/s/√Hz"),
    ("_mps2_rthz", "m/s²/√Hz"),
    ("_radps_rts", "rad/s/√s"),
    ("_rad_rtrad", "rad/√rad"),
    ("_mps2_rts", "m/s²/√s"),
    ("_rad_per_m", "rad/m"),
    ("_m_per_db", "m/dB"),
    ("_rad_rtm", "rad/√m"),
    ("_rad_rts", "rad/√s"),
    ("_deg_rts", "deg/√s"),
    ("_rad_per_tick", "rad per count"),
    ("metres_per_tick", "m per count"),
    ("_m_rtm", "m/√m"),
    ("_m_rts", "m/√s"),
    ("_radps", "rad/s"),
    ("_degps", "deg/s"),
    ("_mps2", "m/s²"),
    ("_rthz", "1/√Hz"),
    ("_bits", "bits"),
    ("baud", "Bd"),
    ("_mps", "m/s"),
    ("_dbm", "dBm"),
    ("_rts", "1/√s"),
    ("_deg", "deg"),
    ("_px", "px"),
    ("_db", "dB"),
    ("_ut", "µT"),
    ("_m", "m"),
    ("_s", "s"),
];

/// Ranges that follow from what a key is, not from its name. The first column is the type's name
/// or, for a source, its kind.
const BOUNDS: &[(&str, &[&str], Bound)] = &[
    ("Datum", &["lat_deg"], Bound::Within(-90.0, 90.0)),
    ("Datum", &["lon_deg"], Bound::Within(-180.0, 180.0)),
    ("Datum", &["sigma_m", "yaw_sigma_deg"], Bound::NonNegative),
    (
        "Magnetic",
        &["declination_deg"],
        Bound::Within(-180.0, 180.0),
    ),
    ("Magnetic", &["inclination_deg"], Bound::Within(-90.0, 90.0)),
    ("Magnetic", &["strength_ut"], Bound::Positive),
    ("Beacon", &["path_loss_exponent"], Bound::Positive),
    ("Marker", &["size_m"], Bound::Positive),
    ("Portal", &["width_m", "sigma_m"], Bound::Positive),
    ("Map", &["pixel_m"], Bound::Positive),
    (
        "Motion",
        &["wheelbase_m", "track_m", "speed_decay_s"],
        Bound::NonNegative,
    ),
    ("Motion", &["standstill_speed_mps"], Bound::NonNegative),
    (
        "Motion",
        &["planar_sigma_m", "tilt_sigma_deg"],
        Bound::Positive,
    ),
    ("Start", &["sigma_m", "yaw_sigma_deg"], Bound::Positive),
    ("Estimator", &["horizon_s"], Bound::NonNegative),
    (
        "Estimator",
        &["motion_timeout_s", "gravity_mps2"],
        Bound::Positive,
    ),
    (
        "Protection",
        &["exceedance", "fault_probability"],
        Bound::Share,
    ),
    (
        "Protection",
        &["horizontal_alert_m", "vertical_alert_m"],
        Bound::Positive,
    ),
    (
        "Smooth",
        &[
            "time_constant_s",
            "correction_speed_mps",
            "correction_turn_degps",
        ],
        Bound::Positive,
    ),
    ("Gate", &["probability"], Bound::Share),
    ("Gate", &["tuning"], Bound::Positive),
    ("Gate", &["reopen_s"], Bound::NonNegative),
    (
        "imu",
        &["gyro_density_radps_rthz", "accel_density_mps2_rthz"],
        Bound::Positive,
    ),
    (
        "imu",
        &["gyro_limit_radps", "accel_limit_mps2"],
        Bound::Positive,
    ),
    (
        "magnetometer",
        &["sigma_ut", "norm_gate_ratio", "dip_gate_deg"],
        Bound::Positive,
    ),
    ("height", &["sigma_m"], Bound::Positive),
    (
        "wheels",
        &["tick_bits", "steering_tick_bits"],
        Bound::Within(1.0, 64.0),
    ),
    ("wheels", &["wheel_scales"], Bound::NonZero),
    (
        "wheels",
        &["distance_sigma_m_rtm", "speed_sigma_mps"],
        Bound::Positive,
    ),
    ("steering", &["ratio"], Bound::NonZero),
    (
        "gnss",
        &["sigma_single_m", "sigma_differential_m", "sigma_float_m"],
        Bound::Positive,
    ),
    (
        "gnss",
        &["sigma_fixed_m", "vertical_ratio", "velocity_sigma_mps"],
        Bound::Positive,
    ),
    (
        "uwb",
        &["range_sigma_m", "difference_sigma_m", "angle_sigma_deg"],
        Bound::Positive,
    ),
    ("uwb", &["nlos_gap_db"], Bound::NonNegative),
    ("rssi", &["sigma_db", "path_loss_exponent"], Bound::Positive),
    (
        "landmark",
        &["range_sigma_m", "bearing_sigma_deg"],
        Bound::Positive,
    ),
    ("camera", &["sigma_px", "focal_px"], Bound::Positive),
    ("pose", &["sigma_m", "sigma_deg"], Bound::Positive),
    ("Live", &["latency_s"], Bound::NonNegative),
    ("Ntrip", &["gga_s"], Bound::NonNegative),
    ("Live", &["baud"], Bound::Positive),
];

/// Unit of the number under `key`; `None` for a number without one.
#[must_use]
pub fn unit(key: &str) -> Option<&'static str> {
    UNITS
        .iter()
        .find(|(end, _)| key.ends_with(end))
        .map(|(_, unit)| *unit)
}

/// Range of the number under `key` of the type (or kind of source) `context`.
#[must_use]
pub fn bound(context: &str, key: &str) -> Bound {
    if let Some((_, _, bound)) = BOUNDS
        .iter()
        .find(|(at, keys, _)| *at == context && keys.contains(&key))
    {
        return *bound;
    }
    if ["sigma", "density", "walk", "ratio"]
        .iter()
        .any(|word| key.contains(word))
        || key.ends_with("interval_s")
        || key.ends_with("time_constant_s")
    {
        Bound::NonNegative
    } else if key == "drift_time_s" || key == "scale" || key.ends_with("_scale") {
        Bound::Positive
    } else {
        Bound::Finite
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_ending_wins() {
        assert_eq!(unit("gyro_bias_walk_radps_rts"), Some("rad/s/√s"));
        assert_eq!(unit("bias_walk_m_rts"), Some("m/√s"));
        assert_eq!(unit("delay_s"), Some("s"));
        assert_eq!(unit("probability"), None);
        for (i, (end, _)) in UNITS.iter().enumerate() {
            for (later, _) in &UNITS[i + 1..] {
                assert!(!later.ends_with(end), "{later} is hidden by {end}");
            }
        }
    }

    #[test]
    fn sigmas_default_to_non_negative() {
        assert_eq!(bound("uwb", "bias_sigma_m"), Bound::NonNegative);
        assert_eq!(bound("uwb", "range_sigma_m"), Bound::Positive);
        assert_eq!(bound("wheels", "scale"), Bound::Positive);
        assert_eq!(bound("wheels", "metres_per_tick"), Bound::Finite);
    }
}
