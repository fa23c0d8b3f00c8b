//! Which keys of vehicle.toml are the sigmas of a reading.

use wayfix_sensors::Reading;
use wayfix_sensors::sample::GnssFix;

use crate::config::Source;

/// Whether a reading corrects the estimate, and does not carry it.
pub(super) fn corrects(source: &Source, reading: &Reading) -> bool {
    !matches!(
        source,
        Source::Imu(_) | Source::Steering(_) | Source::Portal(_)
    ) && !matches!(reading, Reading::Passage(_))
}

/// The keys that give a reading its white noise; none where it states its own.
pub(super) fn of(source: &Source, reading: &Reading) -> &'static [&'static str] {
    match (source, reading) {
        (Source::Uwb(_), Reading::Range(_)) => &["range_sigma_m"],
        (Source::Uwb(_), Reading::RangeDifference(_)) => &["difference_sigma_m"],
        (Source::Uwb(_), Reading::Bearing(_)) => &["angle_sigma_deg"],
        (Source::Rssi(_), Reading::Rssi(_)) => &["sigma_db"],
        (Source::Landmark(_), Reading::Landmark(_)) => {
            &["range_sigma_m", "range_sigma_ratio", "bearing_sigma_deg"]
        }
        (Source::Landmark(_), Reading::Bearing(_)) => &["bearing_sigma_deg"],
        (Source::Camera(_), Reading::Pixel(_) | Reading::Marker(_)) => &["sigma_px"],
        (Source::Magnetometer(_), Reading::MagneticField(_)) => &["sigma_ut"],
        (Source::Height(_), Reading::Pressure(_) | Reading::Height(_)) => &["sigma_m"],
        (Source::Wheels(_), _) => &["speed_sigma_mps"],
        (Source::Gnss(_), Reading::GnssVelocity(v)) if v.sigma_mps.is_none() => {
            &["velocity_sigma_mps"]
        }
        (Source::Gnss(_), Reading::GnssPosition(p)) if p.sigma_enu_m.is_none() => match p.fix {
            GnssFix::Single => &["sigma_single_m"],
            GnssFix::Differential => &["sigma_differential_m"],
            GnssFix::RtkFloat => &["sigma_float_m"],
            GnssFix::RtkFixed => &["sigma_fixed_m"],
        },
        (Source::Pose(_), Reading::Position(p)) if p.sigma_m.is_none() => &["sigma_m"],
        (Source::Pose(_), Reading::Yaw(y)) if y.sigma_rad.is_none() => &["sigma_deg"],
        (Source::Pose(_), Reading::Pose(p)) => match (p.sigma_m, p.sigma_rad) {
            (None, None) => &["sigma_m", "sigma_deg"],
            (None, Some(_)) => &["sigma_m"],
            (Some(_), None) => &["sigma_deg"],
            (Some(_), Some(_)) => &[],
        },
        _ => &[],
    }
}

/// The number at a key.
pub(super) fn value(source: &Source, key: &str) -> Option<f64> {
    let mut source = source.clone();
    place(&mut source, key).map(|value| *value)
}

/// Multiplies the number at a key.
pub(super) fn scale(source: &mut Source, key: &str, factor: f64) {
    if let Some(value) = place(source, key) {
        *value *= factor;
    }
}

fn place<'a>(source: &'a mut Source, key: &str) -> Option<&'a mut f64> {
    Some(match (source, key) {
        (Source::Uwb(s), "range_sigma_m") => &mut s.range_sigma_m,
        (Source::Uwb(s), "difference_sigma_m") => &mut s.difference_sigma_m,
        (Source::Uwb(s), "angle_sigma_deg") => &mut s.angle_sigma_deg,
        (Source::Rssi(s), "sigma_db") => &mut s.sigma_db,
        (Source::Landmark(s), "range_sigma_m") => &mut s.range_sigma_m,
        (Source::Landmark(s), "range_sigma_ratio") => &mut s.range_sigma_ratio,
        (Source::Landmark(s), "bearing_sigma_deg") => &mut s.bearing_sigma_deg,
        (Source::Camera(s), "sigma_px") => &mut s.sigma_px,
        (Source::Magnetometer(s), "sigma_ut") => &mut s.sigma_ut,
        (Source::Height(s), "sigma_m") => &mut s.sigma_m,
        (Source::Wheels(s), "speed_sigma_mps") => &mut s.speed_sigma_mps,
        (Source::Gnss(s), "velocity_sigma_mps") => &mut s.velocity_sigma_mps,
        (Source::Gnss(s), "sigma_single_m") => &mut s.sigma_single_m,
        (Source::Gnss(s), "sigma_differential_m") => &mut s.sigma_differential_m,
        (Source::Gnss(s), "sigma_float_m") => &mut s.sigma_float_m,
        (Source::Gnss(s), "sigma_fixed_m") => &mut s.sigma_fixed_m,
        (Source::Pose(s), "sigma_m") => &mut s.sigma_m,
        (Source::Pose(s), "sigma_deg") => &mut s.sigma_deg,
        _ => return None,
    })
}

/// Unit of a key.
pub(super) fn unit(key: &str) -> &'static str {
    match key {
        key if key.ends_with("_ratio") => "",
        key if key.ends_with("_db") => "dB",
        key if key.ends_with("_deg") => "deg",
        key if key.ends_with("_px") => "px",
        key if key.ends_with("_ut") => "µT",
        key if key.ends_with("_mps") => "m/s",
        _ => "m",
    }
}
