//! Heading of the body x axis: a two-antenna receiver, a compass module.
//!
//!   z = atan2(y, x),   (x, y, ·) = R e_x
//!   ∂h/∂δθ = (x ∂y − y ∂x) / (x² + y²),   ∂(R e_x)/∂θ = −R [e_x]×
//! A mounting angle is taken off before. Degenerate where the body x axis stands upright.

use nalgebra::{Matrix1x3, SMatrix, Vector1, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel};
use crate::math::{skew, wrap_angle};
use crate::state::{Block, View};

/// Heading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yaw {
    /// Measured heading [rad], counter-clockwise from n's x axis.
    pub yaw_rad: f64,
    /// Sigma [rad].
    pub sigma_rad: f64,
}

impl MeasurementModel<1> for Yaw {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let r = x.nav.rotation();
        let ahead = r * Vector3::x();
        let level_sq = ahead.xy().norm_squared();
        if level_sq < 1e-6 {
            return Err(Degenerate::NoDirection);
        }
        let row = Matrix1x3::new(-ahead.y, ahead.x, 0.0) / level_sq;
        Ok(Linearised {
            residual: Vector1::new(wrap_angle(self.yaw_rad - libm::atan2(ahead.y, ahead.x))),
            h: Jacobian::default().with(Block::Attitude, -(row * r.matrix() * skew(&Vector3::x()))),
            r: SMatrix::from_element(self.sigma_rad * self.sigma_rad),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::from_roll_pitch_yaw;
    use crate::measurement::check::jacobian_matches;
    use crate::state::Nav;

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&Yaw {
            yaw_rad: 0.4,
            sigma_rad: 0.02,
        });
    }

    #[test]
    fn nose_up_is_degenerate() {
        let nav = Nav {
            q_nb: from_roll_pitch_yaw(0.0, -core::f64::consts::FRAC_PI_2, 0.0),
            ..Nav::default()
        };
        let yaw = Yaw {
            yaw_rad: 0.0,
            sigma_rad: 0.1,
        };
        let view = View {
            nav: &nav,
            parameters: &[],
        };
        assert_eq!(yaw.linearise(&view).unwrap_err(), Degenerate::NoDirection);
    }
}
