//! Pose of a square marker from its four corner pixels, as an upward camera sees it on a ceiling.
//!
//!   corner_i = p_nm + R_nm (± a/2, ± a/2, 0),   z = (π(corner_1), …, π(corner_4))
//! with π and its Jacobian from [`super::Pixel`]. Working on pixels instead of a solved pose keeps
//! the noise where it arises: a small marker shows its direction well and its tilt badly, and the
//! covariance says so. The survey error of the marker, the same in every image of it, is three
//! parameters: ∂h/∂p_nm = −∂h/∂p_nb. Degenerate where a corner is not in front of the camera.

use nalgebra::{Matrix3, SMatrix, SVector, Vector2, Vector3};

use super::{Camera, Degenerate, Linearised, MeasurementModel, seen, surveyed};
use crate::state::{Slot, View};

/// A square marker in one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marker {
    /// Centre in n \[m\].
    pub p_nm: Vector3<f64>,
    /// Marker axes to n.
    pub r_nm: Matrix3<f64>,
    /// Side length \[m\].
    pub size_m: f64,
    /// Parameters of its survey error along n's axes.
    pub survey: [Option<Slot>; 3],
    /// Corners [px], marker frame order (−,−), (+,−), (+,+), (−,+).
    pub corners_px: [Vector2<f64>; 4],
    /// Sigma of each pixel coordinate [px].
    pub sigma_px: f64,
    /// The camera.
    pub camera: Camera,
}

/// Signs of the corners in the marker's frame.
const CORNERS: [(f64, f64); 4] = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];

impl MeasurementModel<8> for Marker {
    fn linearise(&self, x: &View) -> Result<Linearised<8>, Degenerate> {
        let mut residual = SVector::<f64, 8>::zeros();
        let mut attitude = SMatrix::<f64, 8, 3>::zeros();
        let mut position = SMatrix::<f64, 8, 3>::zeros();
        let mut turn = SMatrix::<f64, 8, 3>::zeros();
        let p_nm = surveyed(&self.p_nm, &self.survey, x);
        for (i, (sx, sy)) in CORNERS.iter().enumerate() {
            let half = 0.5 * self.size_m;
            let corner = p_nm + self.r_nm * Vector3::new(sx * half, sy * half, 0.0);
            let seen_at = self.camera.project(x, &corner)?;
            let row = 2 * i;
            residual
                .fixed_rows_mut::<2>(row)
                .copy_from(&(self.corners_px[i] - seen_at.uv_px));
            attitude
                .fixed_rows_mut::<2>(row)
                .copy_from(&seen_at.by_attitude);
            position
                .fixed_rows_mut::<2>(row)
                .copy_from(&seen_at.by_position);
            turn.fixed_rows_mut::<2>(row).copy_from(&seen_at.by_turn);
        }
        let mut h = seen(attitude, position, &self.survey);
        self.camera.turned(&mut h, &turn);
        Ok(Linearised {
            residual,
            h,
            r: SMatrix::from_diagonal_element(self.sigma_px * self.sigma_px),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::from_roll_pitch_yaw;
    use crate::measurement::check::{jacobian_matches_at, slot, states};
    use crate::measurement::pixel::tests::upward;
    use crate::state::Nav;

    fn marker() -> Marker {
        Marker {
            p_nm: Vector3::new(0.5, 0.2, 6.0),
            r_nm: *from_roll_pitch_yaw(core::f64::consts::PI, 0.0, 0.7)
                .to_rotation_matrix()
                .matrix(),
            size_m: 0.4,
            survey: [slot(0), slot(1), slot(2)],
            corners_px: [Vector2::new(300.0, 200.0); 4],
            sigma_px: 0.5,
            camera: upward(),
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        for nav in states() {
            let p_nm = nav.p_n + nav.q_nb * Vector3::new(0.4, 0.3, 4.5);
            let r_nm = nav.rotation().matrix() * marker().r_nm;
            jacobian_matches_at(
                &Marker {
                    p_nm,
                    r_nm,
                    ..marker()
                },
                &nav,
            );
        }
    }

    #[test]
    fn a_marker_below_is_degenerate() {
        let below = Marker {
            p_nm: Vector3::new(0.0, 0.0, -1.0),
            ..marker()
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[],
        };
        assert_eq!(below.linearise(&view).unwrap_err(), Degenerate::OutOfView);
    }
}
