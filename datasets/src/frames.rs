//! Rotations and geodetic frames, for importers only: what leaves an importer is ENU and FLU.

use nalgebra::{Matrix3, Quaternion, Rotation3, UnitQuaternion, Vector3};

/// Semi-major axis of the WGS-84 ellipsoid \[m\].
const WGS84_A_M: f64 = 6_378_137.0;
/// First eccentricity squared of the WGS-84 ellipsoid.
const WGS84_E2: f64 = 6.694_379_990_141_317e-3;

/// Wraps an angle into (−π, π].
#[must_use]
pub fn wrap(angle_rad: f64) -> f64 {
    let turn = std::f64::consts::TAU;
    let wrapped = angle_rad.rem_euclid(turn);
    if wrapped > turn / 2.0 {
        wrapped - turn
    } else {
        wrapped
    }
}

/// The rotation nearest to a measured matrix, row by row.
#[must_use]
pub fn nearest_rotation(rows: [[f64; 3]; 3]) -> Rotation3<f64> {
    let m = Matrix3::from_fn(|i, j| rows[i][j]);
    Rotation3::from_matrix_eps(&m, 1e-12, 200, Rotation3::identity())
}

/// Roll, pitch, yaw \[deg\] (Rz·Ry·Rx) of a mount.
#[must_use]
pub fn rpy_deg(rotation: &Rotation3<f64>) -> [f64; 3] {
    let (roll, pitch, yaw) = rotation.euler_angles();
    [roll.to_degrees(), pitch.to_degrees(), yaw.to_degrees()]
}

/// From a quaternion in the order (w, x, y, z), normalised.
#[must_use]
pub fn from_wxyz([w, x, y, z]: [f64; 4]) -> UnitQuaternion<f64> {
    UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z))
}

/// To a quaternion in the order (w, x, y, z), w not negative.
#[must_use]
pub fn to_wxyz(q: &UnitQuaternion<f64>) -> [f64; 4] {
    let sign = if q.w < 0.0 { -1.0 } else { 1.0 };
    [q.w, q.i, q.j, q.k].map(|component| sign * component)
}

/// The attitude of a level body that heads so \[rad\].
#[must_use]
pub fn level_wxyz(yaw_rad: f64) -> [f64; 4] {
    to_wxyz(&UnitQuaternion::from_axis_angle(
        &Vector3::z_axis(),
        yaw_rad,
    ))
}

/// Geodetic position to ECEF \[m\].
#[must_use]
pub fn ecef(lat_deg: f64, lon_deg: f64, height_m: f64) -> Vector3<f64> {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (
        lat_deg.to_radians().sin_cos(),
        lon_deg.to_radians().sin_cos(),
    );
    let normal_m = WGS84_A_M / (1.0 - WGS84_E2 * sin_lat * sin_lat).sqrt();
    Vector3::new(
        (normal_m + height_m) * cos_lat * cos_lon,
        (normal_m + height_m) * cos_lat * sin_lon,
        (normal_m * (1.0 - WGS84_E2) + height_m) * sin_lat,
    )
}

/// The local tangent plane at a datum.
#[derive(Clone, Copy, Debug)]
pub struct TangentPlane {
    /// Its origin in ECEF \[m\].
    pub origin_e: Vector3<f64>,
    /// Takes ECEF vectors to east, north, up.
    pub r_ne: Rotation3<f64>,
}

impl TangentPlane {
    /// At a geodetic position.
    #[must_use]
    pub fn new(lat_deg: f64, lon_deg: f64, height_m: f64) -> Self {
        let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (
            lat_deg.to_radians().sin_cos(),
            lon_deg.to_radians().sin_cos(),
        );
        let r_ne = Matrix3::new(
            -sin_lon,
            cos_lon,
            0.0,
            -sin_lat * cos_lon,
            -sin_lat * sin_lon,
            cos_lat,
            cos_lat * cos_lon,
            cos_lat * sin_lon,
            sin_lat,
        );
        Self {
            origin_e: ecef(lat_deg, lon_deg, height_m),
            r_ne: Rotation3::from_matrix_unchecked(r_ne),
        }
    }

    /// A point of ECEF in east, north, up \[m\].
    #[must_use]
    pub fn enu(&self, p_e: &Vector3<f64>) -> Vector3<f64> {
        self.r_ne * (p_e - self.origin_e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_wrap_at_half_a_turn() {
        let pi = std::f64::consts::PI;
        assert!((wrap(3.0 * pi / 2.0) + pi / 2.0).abs() < 1e-12);
        assert!((wrap(-3.5 * pi) - 0.5 * pi).abs() < 1e-12);
    }

    #[test]
    fn a_step_north_is_north_in_the_plane() {
        let plane = TangentPlane::new(37.0, -122.0, 10.0);
        let p_n = plane.enu(&ecef(37.0 + 1e-5, -122.0, 10.0));
        assert!(p_n.x.abs() < 1e-6 && (p_n.y - 1.1099).abs() < 1e-3 && p_n.z.abs() < 1e-6);
    }

    #[test]
    fn mounts_read_back() {
        let rotation = Rotation3::from_euler_angles(0.1, -0.2, 2.0);
        let rows = std::array::from_fn(|i| std::array::from_fn(|j| rotation[(i, j)]));
        let [roll, pitch, yaw] = rpy_deg(&nearest_rotation(rows)).map(f64::to_radians);
        assert!(
            (roll - 0.1).abs() < 1e-6 && (pitch + 0.2).abs() < 1e-6 && (yaw - 2.0).abs() < 1e-6
        );
    }
}
