//! Passage through a portal or over an NFC tag: the reader is known to be at a known place.
//!
//!   0 = R_gᵀ (p_nb + R p_bs − p_g) in the portal's horizontal axes (along, across)
//!   ∂h/∂δp = R_gᵀ P    ∂h/∂δθ = −R_gᵀ P R [p_bs]×     (P: the horizontal two of three)
//! Along the passage the sigma is the depth of the reading
//! field; across it the position is uniform over the clear width w, whose sigma is w/√12.
//! Never degenerate.

use nalgebra::{Matrix2, Vector2, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel, lever};
use crate::state::{Block, View};

/// At a known place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// Middle of the opening or of the tag in n \[m\], horizontal.
    pub p_n: Vector2<f64>,
    /// Direction of passage [rad], counter-clockwise from x.
    pub yaw_rad: f64,
    /// Reader (or tag) in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sigma along the passage \[m\].
    pub sigma_along_m: f64,
    /// Sigma across it \[m\].
    pub sigma_across_m: f64,
}

impl MeasurementModel<2> for Passage {
    fn linearise(&self, x: &View) -> Result<Linearised<2>, Degenerate> {
        let (sin, cos) = (libm::sin(self.yaw_rad), libm::cos(self.yaw_rad));
        let r_gn = Matrix2::new(cos, sin, -sin, cos);
        let (p_ns, by_attitude) = lever(x.nav, &self.p_bs);
        let horizontal = nalgebra::Matrix2x3::identity();
        let offset = r_gn * (self.p_n - p_ns.xy());
        let mut h = Jacobian::default().with(Block::Position, r_gn * horizontal);
        if self.p_bs != Vector3::zeros() {
            h = h.with(Block::Attitude, r_gn * by_attitude.fixed_rows::<2>(0));
        }
        Ok(Linearised {
            // The measured offset is zero and the predicted one R_gᵀ(p_ns − p_g).
            residual: offset,
            h,
            r: Matrix2::from_diagonal(&Vector2::new(
                self.sigma_along_m * self.sigma_along_m,
                self.sigma_across_m * self.sigma_across_m,
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::jacobian_matches;
    use crate::state::Nav;

    fn portal() -> Passage {
        Passage {
            p_n: Vector2::new(3.0, 4.0),
            yaw_rad: 0.6,
            p_bs: Vector3::new(0.9, 0.3, 0.5),
            sigma_along_m: 0.2,
            sigma_across_m: 1.0,
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&portal());
    }

    #[test]
    fn ahead_of_the_portal_pulls_back() {
        let nav = Nav {
            p_n: Vector3::new(5.0, 4.0, 0.0),
            ..Nav::default()
        };
        let portal = Passage {
            yaw_rad: 0.0,
            p_bs: Vector3::zeros(),
            ..portal()
        };
        let lin = portal
            .linearise(&View {
                nav: &nav,
                parameters: &[],
            })
            .unwrap();
        assert_eq!(lin.residual, Vector2::new(-2.0, 0.0));
    }
}
