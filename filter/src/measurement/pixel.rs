//! A known point in the image of a calibrated camera (pinhole, distortion already removed).
//!
//!   d_s = (x, y, z) as in [`super::sight`], camera axes x right, y down, z forward
//!   z = (f_u x/z + c_u,  f_v y/z + c_v)
//!   ∂/∂d_s = ( f_u/z, 0, −f_u x/z² ;  0, f_v/z, −f_v y/z² )
//! Where the mount is turned by δ against what is stated, R_bs ← R_bs Exp(δ):
//!   d_s ← Exp(−δ) d_s,  ∂d_s/∂δ = [d_s]× Jr(δ)
//! Survey errors of the point may be added to sigma by the caller. Degenerate where the point is
//! not in front of the camera. Hartley and Zisserman 2004, eq. 6.1.

use nalgebra::{Matrix2, Matrix2x3, Matrix3, SMatrix, Vector2, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel, seen, sight, surveyed};
use crate::math;
use crate::state::{Slot, View};

/// Nearest distance along the view \[m\].
const NEAR_M: f64 = 0.05;

/// A camera without distortion, by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pinhole {
    /// Focal lengths, columns and rows [px].
    pub focal_px: Vector2<f64>,
    /// Principal point, column and row [px].
    pub centre_px: Vector2<f64>,
}

impl Pinhole {
    /// Pixel of a point in the camera's axes \[m\], and its derivatives [px/m]; `None` where the point
    /// is not in front of the camera.
    #[must_use]
    pub fn project(&self, d: &Vector3<f64>) -> Option<(Vector2<f64>, Matrix2x3<f64>)> {
        if d.z < NEAR_M {
            return None;
        }
        let f = &self.focal_px;
        let uv = Vector2::new(f.x * d.x / d.z, f.y * d.y / d.z) + self.centre_px;
        let by_d = Matrix2x3::new(
            f.x / d.z,
            0.0,
            -f.x * d.x / (d.z * d.z),
            0.0,
            f.y / d.z,
            -f.y * d.y / (d.z * d.z),
        );
        Some((uv, by_d))
    }

    /// Direction of a pixel in the camera's axes, one long along the view.
    #[must_use]
    pub fn ray(&self, pixel: &Vector2<f64>) -> Vector3<f64> {
        let flat = (pixel - self.centre_px).component_div(&self.focal_px);
        Vector3::new(flat.x, flat.y, 1.0)
    }
}

/// A calibrated camera on the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Camera in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Camera axes to body axes.
    pub r_bs: Matrix3<f64>,
    /// Focal lengths, columns and rows [px].
    pub focal_px: Vector2<f64>,
    /// Principal point, column and row [px].
    pub centre_px: Vector2<f64>,
    /// Parameters of the mount's error: a rotation vector about the camera's axes [rad].
    pub turn: [Option<Slot>; 3],
}

/// A pixel, and its derivatives.
pub(super) struct Projection {
    pub uv_px: Vector2<f64>,
    pub by_attitude: Matrix2x3<f64>,
    pub by_position: Matrix2x3<f64>,
    pub by_turn: Matrix2x3<f64>,
}

impl Camera {
    /// Where a point of n appears.
    pub(super) fn project(&self, x: &View, p_n: &Vector3<f64>) -> Result<Projection, Degenerate> {
        let (mut d, mut by_attitude, mut by_position) = sight(x.nav, p_n, &self.p_bs, &self.r_bs);
        let turn = Vector3::from(self.turn.map(|s| x.value(s)));
        let mut by_turn = math::skew(&d);
        if turn != Vector3::zeros() {
            let back = *math::exp(&-turn).to_rotation_matrix().matrix();
            d = back * d;
            by_attitude = back * by_attitude;
            by_position = back * by_position;
            by_turn = math::skew(&d) * math::right_jacobian(&turn);
        }
        let pinhole = Pinhole {
            focal_px: self.focal_px,
            centre_px: self.centre_px,
        };
        let (uv_px, rows) = pinhole.project(&d).ok_or(Degenerate::OutOfView)?;
        Ok(Projection {
            uv_px,
            by_attitude: rows * by_attitude,
            by_position: rows * by_position,
            by_turn: rows * by_turn,
        })
    }

    /// Adds the derivatives by the mount's error.
    pub(super) fn turned<const M: usize>(&self, h: &mut Jacobian<M>, by_turn: &SMatrix<f64, M, 3>) {
        for (i, slot) in self.turn.iter().enumerate() {
            if let Some(slot) = slot {
                h.add_parameter(*slot, &by_turn.column(i).into_owned());
            }
        }
    }
}

/// One point in one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixel {
    /// The point in n \[m\].
    pub p_n: Vector3<f64>,
    /// Parameters of its survey error along n's axes.
    pub survey: [Option<Slot>; 3],
    /// Measured column and row [px].
    pub uv_px: Vector2<f64>,
    /// Sigma of each [px].
    pub sigma_px: f64,
    /// The camera.
    pub camera: Camera,
}

impl MeasurementModel<2> for Pixel {
    fn linearise(&self, x: &View) -> Result<Linearised<2>, Degenerate> {
        let seen_at = self
            .camera
            .project(x, &surveyed(&self.p_n, &self.survey, x))?;
        let mut h = seen(seen_at.by_attitude, seen_at.by_position, &self.survey);
        self.camera.turned(&mut h, &seen_at.by_turn);
        Ok(Linearised {
            residual: self.uv_px - seen_at.uv_px,
            h,
            r: Matrix2::from_diagonal_element(self.sigma_px * self.sigma_px),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::math::from_roll_pitch_yaw;
    use crate::measurement::check::{jacobian_matches_at, slot, states};
    use crate::state::Nav;

    /// A camera that looks up along body z.
    pub fn upward() -> Camera {
        Camera {
            p_bs: Vector3::new(0.3, -0.1, 1.8),
            r_bs: *from_roll_pitch_yaw(0.02, -0.03, 0.4)
                .to_rotation_matrix()
                .matrix(),
            focal_px: Vector2::new(600.0, 610.0),
            centre_px: Vector2::new(320.0, 240.0),
            turn: [slot(3), slot(4), slot(5)],
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        for nav in states() {
            let above = nav.p_n + nav.q_nb * Vector3::new(0.4, 0.3, 4.5);
            let pixel = Pixel {
                p_n: above,
                survey: [slot(0), slot(1), slot(2)],
                uv_px: Vector2::new(300.0, 200.0),
                sigma_px: 1.0,
                camera: upward(),
            };
            jacobian_matches_at(&pixel, &nav);
        }
    }

    #[test]
    fn behind_the_camera_is_degenerate() {
        let below = Pixel {
            p_n: Vector3::new(0.0, 0.0, -3.0),
            survey: [slot(0), slot(1), slot(2)],
            uv_px: Vector2::zeros(),
            sigma_px: 1.0,
            camera: upward(),
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[],
        };
        assert_eq!(below.linearise(&view).unwrap_err(), Degenerate::OutOfView);
    }
}
