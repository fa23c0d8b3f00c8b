//! Range and bearing of an identified landmark in the sensor's xy plane.
//!
//!   d_s = (x, y, ·) as in [`super::sight`],   r = √(x² + y²)
//!   z_1 = (1 + s) r        ∂/∂d_s = (1 + s) (x, y, 0) / r      ∂/∂s = r
//!   z_2 = atan2(y, x)      ∂/∂d_s = (−y, x, 0) / r²
//! Biases of both components are additive errors around this model. Degenerate where r → 0.

use nalgebra::{Matrix1x3, Matrix2, Matrix2x3, Matrix3, Vector2, Vector3};

use super::{Degenerate, Jacobian, Linearised, MIN_DISTANCE_M, MeasurementModel, sight};
use crate::math::wrap_angle;
use crate::state::{Block, Slot, View};

/// A landmark seen by a scanner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmark {
    /// Landmark in n \[m\].
    pub p_na: Vector3<f64>,
    /// Sensor in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sensor axes to body axes.
    pub r_bs: Matrix3<f64>,
    /// Measured range \[m\].
    pub range_m: f64,
    /// Measured bearing [rad], left positive.
    pub bearing_rad: f64,
    /// Sigma of the range \[m\].
    pub range_sigma_m: f64,
    /// Sigma of the bearing [rad].
    pub bearing_sigma_rad: f64,
    /// Parameter of the range's scale: measured = (1 + s) · true.
    pub scale: Option<Slot>,
}

impl MeasurementModel<2> for Landmark {
    fn linearise(&self, x: &View) -> Result<Linearised<2>, Degenerate> {
        let (d, by_attitude, by_position) = sight(x.nav, &self.p_na, &self.p_bs, &self.r_bs);
        let r = d.xy().norm();
        if r < MIN_DISTANCE_M {
            return Err(Degenerate::ZeroDistance);
        }
        let gain = 1.0 + x.value(self.scale);
        let rows = Matrix2x3::from_rows(&[
            Matrix1x3::new(d.x, d.y, 0.0) * (gain / r),
            Matrix1x3::new(-d.y, d.x, 0.0) / (r * r),
        ]);
        Ok(Linearised {
            residual: Vector2::new(
                self.range_m - gain * r,
                wrap_angle(self.bearing_rad - libm::atan2(d.y, d.x)),
            ),
            h: Jacobian::default()
                .with(Block::Attitude, rows * by_attitude)
                .with(Block::Position, rows * by_position)
                .with_parameter(self.scale, Vector2::new(r, 0.0)),
            r: Matrix2::from_diagonal(&Vector2::new(
                self.range_sigma_m * self.range_sigma_m,
                self.bearing_sigma_rad * self.bearing_sigma_rad,
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::from_roll_pitch_yaw;
    use crate::measurement::check::{jacobian_matches, slot};
    use crate::state::Nav;

    fn landmark() -> Landmark {
        Landmark {
            p_na: Vector3::new(7.0, -3.0, 0.5),
            p_bs: Vector3::new(0.4, -0.3, 0.2),
            r_bs: *from_roll_pitch_yaw(0.0, 0.1, 0.8)
                .to_rotation_matrix()
                .matrix(),
            range_m: 6.0,
            bearing_rad: 0.2,
            range_sigma_m: 0.1,
            bearing_sigma_rad: 0.02,
            scale: slot(0),
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&landmark());
    }

    #[test]
    fn standing_on_the_landmark_is_degenerate() {
        let here = Landmark {
            p_na: Vector3::zeros(),
            p_bs: Vector3::zeros(),
            r_bs: Matrix3::identity(),
            ..landmark()
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[0.0; 24],
        };
        assert_eq!(here.linearise(&view).unwrap_err(), Degenerate::ZeroDistance);
    }
}
