//! Site frame to WGS-84, for simulated satellite receivers.

use nalgebra::{Matrix3, Vector3};

use crate::config::site::Datum;

/// Semi-major axis [m] and flattening of WGS-84.
const A_M: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_223_563;
const E2: f64 = F * (2.0 - F);

/// Latitude [deg], longitude [deg] and ellipsoidal height [m] of a point of the site frame.
#[must_use]
pub fn geodetic(datum: &Datum, p_n: &Vector3<f64>) -> (f64, f64, f64) {
    let (lat, lon) = (datum.lat_deg.to_radians(), datum.lon_deg.to_radians());
    let ecef = ecef(lat, lon, datum.height_m) + enu_to_ecef(lat, lon) * p_n;
    let (lat, lon, height) = from_ecef(&ecef);
    (lat.to_degrees(), lon.to_degrees(), height)
}

fn enu_to_ecef(lat: f64, lon: f64) -> Matrix3<f64> {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (lat.sin_cos(), lon.sin_cos());
    Matrix3::new(
        -sin_lon,
        -sin_lat * cos_lon,
        cos_lat * cos_lon,
        cos_lon,
        -sin_lat * sin_lon,
        cos_lat * sin_lon,
        0.0,
        cos_lat,
        sin_lat,
    )
}

fn ecef(lat: f64, lon: f64, height_m: f64) -> Vector3<f64> {
    let n = A_M / (1.0 - E2 * lat.sin().powi(2)).sqrt();
    Vector3::new(
        (n + height_m) * lat.cos() * lon.cos(),
        (n + height_m) * lat.cos() * lon.sin(),
        (n * (1.0 - E2) + height_m) * lat.sin(),
    )
}

/// Fixed-point iteration on the latitude; it gains three digits a round near the ground.
fn from_ecef(p: &Vector3<f64>) -> (f64, f64, f64) {
    const ROUNDS: usize = 8;
    let across = p.x.hypot(p.y);
    let mut lat = p.z.atan2(across * (1.0 - E2));
    for _ in 0..ROUNDS {
        let n = A_M / (1.0 - E2 * lat.sin().powi(2)).sqrt();
        lat = (p.z + E2 * n * lat.sin()).atan2(across);
    }
    let n = A_M / (1.0 - E2 * lat.sin().powi(2)).sqrt();
    let height = across * lat.cos() + p.z * lat.sin() - A_M * A_M / n;
    (lat, p.y.atan2(p.x), height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_to_a_tenth_of_a_millimetre() {
        let datum = Datum::at(47.4, 8.5, 450.0);
        let p = Vector3::new(120.0, -340.0, 6.0);
        let (lat, lon, height) = geodetic(&datum, &p);
        let (lat0, lon0) = (datum.lat_deg.to_radians(), datum.lon_deg.to_radians());
        let there = ecef(lat.to_radians(), lon.to_radians(), height);
        let back = enu_to_ecef(lat0, lon0).transpose() * (there - ecef(lat0, lon0, datum.height_m));
        assert!((back - p).norm() < 1e-4);
        // One degree of latitude is about 111.2 km here.
        assert!(((lat - 47.4) * 111_180.0 + 340.0).abs() < 1.0);
    }
}
