//! Direction to a known point, in sensor axes: angle of arrival, a bearing sensor.
//!
//!   d_s = R_sb (R_bn (p_na − p_nb) − p_bs) = (x, y, z),   r² = x² + y²,   ρ² = r² + z²
//!   azimuth = atan2(y, x)        ∂/∂d_s = (−y, x, 0) / r²
//!   elevation = atan2(z, r)      ∂/∂d_s = (−x z, −y z, r²) / (r ρ²)
//! with d_s's derivatives from [`super::sight`]. Degenerate where r → 0: the point stands on the
//! sensor's z axis.

use nalgebra::{Matrix1x3, Matrix2x3, Matrix3, SMatrix, Vector1, Vector2, Vector3};

use super::{Degenerate, Jacobian, Linearised, MIN_DISTANCE_M, MeasurementModel, sight};
use crate::math::wrap_angle;
use crate::state::{Block, View};

/// Azimuth alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Azimuth {
    /// The point in n \[m\].
    pub p_na: Vector3<f64>,
    /// Sensor in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sensor axes to body axes.
    pub r_bs: Matrix3<f64>,
    /// Measured azimuth [rad], from sensor x towards y.
    pub azimuth_rad: f64,
    /// Sigma [rad].
    pub sigma_rad: f64,
}

impl MeasurementModel<1> for Azimuth {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let (d, by_attitude, by_position) = sight(x.nav, &self.p_na, &self.p_bs, &self.r_bs);
        let row = azimuth_row(&d)?;
        Ok(Linearised {
            residual: Vector1::new(wrap_angle(self.azimuth_rad - libm::atan2(d.y, d.x))),
            h: Jacobian::default()
                .with(Block::Attitude, row * by_attitude)
                .with(Block::Position, row * by_position),
            r: SMatrix::from_element(self.sigma_rad * self.sigma_rad),
        })
    }
}

/// Azimuth and elevation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Direction {
    /// Azimuth and all that it shares.
    pub azimuth: Azimuth,
    /// Measured elevation [rad] above the sensor's xy plane.
    pub elevation_rad: f64,
}

impl MeasurementModel<2> for Direction {
    fn linearise(&self, x: &View) -> Result<Linearised<2>, Degenerate> {
        let a = &self.azimuth;
        let (d, by_attitude, by_position) = sight(x.nav, &a.p_na, &a.p_bs, &a.r_bs);
        let r = d.xy().norm();
        let rows = Matrix2x3::from_rows(&[
            azimuth_row(&d)?,
            Matrix1x3::new(-d.x * d.z, -d.y * d.z, r * r) / (r * d.norm_squared()),
        ]);
        Ok(Linearised {
            residual: Vector2::new(
                wrap_angle(a.azimuth_rad - libm::atan2(d.y, d.x)),
                self.elevation_rad - libm::atan2(d.z, r),
            ),
            h: Jacobian::default()
                .with(Block::Attitude, rows * by_attitude)
                .with(Block::Position, rows * by_position),
            r: SMatrix::from_diagonal_element(a.sigma_rad * a.sigma_rad),
        })
    }
}

fn azimuth_row(d: &Vector3<f64>) -> Result<Matrix1x3<f64>, Degenerate> {
    let r_sq = d.xy().norm_squared();
    if r_sq < MIN_DISTANCE_M * MIN_DISTANCE_M {
        return Err(Degenerate::NoDirection);
    }
    Ok(Matrix1x3::new(-d.y, d.x, 0.0) / r_sq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::from_roll_pitch_yaw;
    use crate::measurement::check::jacobian_matches;
    use crate::state::Nav;

    fn azimuth() -> Azimuth {
        Azimuth {
            p_na: Vector3::new(7.0, -3.0, 2.5),
            p_bs: Vector3::new(0.4, -0.3, 1.1),
            r_bs: *from_roll_pitch_yaw(0.2, -0.1, 0.8)
                .to_rotation_matrix()
                .matrix(),
            azimuth_rad: 0.3,
            sigma_rad: 0.02,
        }
    }

    #[test]
    fn jacobians_match_central_difference() {
        jacobian_matches(&azimuth());
        jacobian_matches(&Direction {
            azimuth: azimuth(),
            elevation_rad: 0.1,
        });
    }

    #[test]
    fn left_is_positive() {
        let nav = Nav::default();
        let left = Azimuth {
            p_na: Vector3::new(1.0, 1.0, 0.0),
            p_bs: Vector3::zeros(),
            r_bs: Matrix3::identity(),
            azimuth_rad: 0.0,
            sigma_rad: 0.1,
        };
        let lin = left
            .linearise(&View {
                nav: &nav,
                parameters: &[],
            })
            .unwrap();
        assert!((lin.residual[0] + core::f64::consts::FRAC_PI_4).abs() < 1e-12);
    }

    #[test]
    fn straight_above_is_degenerate() {
        let above = Azimuth {
            p_na: Vector3::new(0.0, 0.0, 3.0),
            p_bs: Vector3::zeros(),
            r_bs: Matrix3::identity(),
            ..azimuth()
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[],
        };
        assert_eq!(above.linearise(&view).unwrap_err(), Degenerate::NoDirection);
    }
}
