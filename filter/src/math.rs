//! Rotations and small linear algebra that the models share.

use nalgebra::{Matrix3, UnitQuaternion, Vector3};

/// `[v]×`, so that `skew(a) * b == a × b`.
#[must_use]
pub fn skew(v: &Vector3<f64>) -> Matrix3<f64> {
    Matrix3::new(0.0, -v.z, v.y, v.z, 0.0, -v.x, -v.y, v.x, 0.0)
}

/// `a b`, written out: a general product of matrices costs several times as much for these.
#[inline(always)]
#[must_use]
pub(crate) fn mul3(a: &Matrix3<f64>, b: &Matrix3<f64>) -> Matrix3<f64> {
    let e =
        |i: usize, j: usize| a[(i, 0)] * b[(0, j)] + a[(i, 1)] * b[(1, j)] + a[(i, 2)] * b[(2, j)];
    Matrix3::new(
        e(0, 0),
        e(0, 1),
        e(0, 2),
        e(1, 0),
        e(1, 1),
        e(1, 2),
        e(2, 0),
        e(2, 1),
        e(2, 2),
    )
}

/// Below this squared angle [rad²] the series here are exact to rounding, and faster than sine and
/// cosine.
const SMALL_SQ: f64 = 0.01;

/// Exponential map: rotation vector \[rad\] to quaternion; exact at zero.
///
/// Solà 2017, eq. 101; small angles by their Taylor series.
#[must_use]
pub fn exp(phi: &Vector3<f64>) -> UnitQuaternion<f64> {
    let angle_sq = phi.norm_squared();
    let (cos, sinc) = if angle_sq < SMALL_SQ {
        let x = 0.25 * angle_sq;
        (
            1.0 - x / 2.0 * (1.0 - x / 12.0 * (1.0 - x / 30.0 * (1.0 - x / 56.0))),
            0.5 - x / 12.0 * (1.0 - x / 20.0 * (1.0 - x / 42.0 * (1.0 - x / 72.0))),
        )
    } else {
        let angle = libm::sqrt(angle_sq);
        (libm::cos(0.5 * angle), libm::sin(0.5 * angle) / angle)
    };
    let v = phi * sinc;
    UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(cos, v.x, v.y, v.z))
}

/// Logarithmic map: quaternion to the rotation vector \[rad\] of norm at most π.
///
/// Solà 2017, eq. 103 to 105; the sign of the quaternion does not matter.
#[must_use]
pub fn log(q: &UnitQuaternion<f64>) -> Vector3<f64> {
    let sign = if q.w < 0.0 { -1.0 } else { 1.0 };
    let v = q.imag() * sign;
    let sin_half = v.norm();
    if sin_half < 1e-8 {
        // 2·asin(s)/s = 2·(1 + s²/6 + …)
        return v * (2.0 + sin_half * sin_half / 3.0);
    }
    v * (2.0 * libm::atan2(sin_half, q.w * sign) / sin_half)
}

/// Right Jacobian of the exponential map: `Exp(φ + δ) ≈ Exp(φ) · Exp(Jr(φ) δ)`.
///
/// Solà 2017, eq. 183.
#[must_use]
pub fn right_jacobian(phi: &Vector3<f64>) -> Matrix3<f64> {
    let angle_sq = phi.norm_squared();
    let (a, b) = if angle_sq < SMALL_SQ {
        let x = angle_sq;
        (
            0.5 - x / 24.0 * (1.0 - x / 30.0 * (1.0 - x / 56.0 * (1.0 - x / 90.0))),
            1.0 / 6.0 - x / 120.0 * (1.0 - x / 42.0 * (1.0 - x / 72.0 * (1.0 - x / 110.0))),
        )
    } else {
        let angle = libm::sqrt(angle_sq);
        (
            (1.0 - libm::cos(angle)) / angle_sq,
            (angle - libm::sin(angle)) / (angle_sq * angle),
        )
    };
    let s = skew(phi);
    Matrix3::identity() - s * a + s * s * b
}

/// The angle brought into (−π, π].
#[must_use]
pub fn wrap_angle(angle_rad: f64) -> f64 {
    let turns = libm::ceil((angle_rad - core::f64::consts::PI) / core::f64::consts::TAU);
    angle_rad - turns * core::f64::consts::TAU
}

/// Heading \[rad\] of the body x axis, counter-clockwise from n's x axis.
#[must_use]
pub fn yaw(q_nb: &UnitQuaternion<f64>) -> f64 {
    let x_n = q_nb * Vector3::x();
    libm::atan2(x_n.y, x_n.x)
}

/// Quaternion of roll, pitch, yaw \[rad\]: `Rz(yaw) · Ry(pitch) · Rx(roll)`.
#[must_use]
pub fn from_roll_pitch_yaw(roll_rad: f64, pitch_rad: f64, yaw_rad: f64) -> UnitQuaternion<f64> {
    exp(&(Vector3::z() * yaw_rad))
        * exp(&(Vector3::y() * pitch_rad))
        * exp(&(Vector3::x() * roll_rad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::PI;

    #[test]
    fn exp_and_log_are_inverse_from_zero_to_nearly_pi() {
        let axis = Vector3::new(0.6, -0.64, 0.48);
        for angle in [0.0, 1e-12, 1e-8, 1e-4, 0.3, 2.0, PI - 1e-6] {
            let phi = axis * angle;
            assert!(
                (log(&exp(&phi)) - phi).norm() < 1e-9 * (1.0 + angle),
                "angle {angle}"
            );
        }
    }

    #[test]
    fn series_and_functions_agree_where_they_meet() {
        let axis = Vector3::new(0.6, -0.64, 0.48);
        let angle = SMALL_SQ.sqrt();
        let (below, above) = (
            axis * (angle * (1.0 - 1e-15)),
            axis * (angle * (1.0 + 1e-15)),
        );
        assert!((exp(&below).coords - exp(&above).coords).norm() < 1e-15);
        assert!((exp(&below).norm() - 1.0).abs() < 1e-15);
        assert!((right_jacobian(&below) - right_jacobian(&above)).norm() < 1e-13);
    }

    #[test]
    fn right_jacobian_matches_central_difference() {
        for angle in [0.0, 1e-8, 1e-3, 0.5, 3.0] {
            let phi = Vector3::new(0.6, -0.64, 0.48) * angle;
            for i in 0..3 {
                let mut step = Vector3::zeros();
                step[i] = 1e-6;
                let difference = (log(&(exp(&phi).inverse() * exp(&(phi + step))))
                    - log(&(exp(&phi).inverse() * exp(&(phi - step)))))
                    / 2e-6;
                assert!((right_jacobian(&phi).column(i) - difference).norm() < 1e-8);
            }
        }
    }

    #[test]
    fn wrapping_keeps_pi_and_folds_minus_pi() {
        assert_eq!(wrap_angle(PI), PI);
        assert!((wrap_angle(-PI) - PI).abs() < 1e-15);
        assert!((wrap_angle(7.0) - (7.0 - 2.0 * PI)).abs() < 1e-15);
    }
}
