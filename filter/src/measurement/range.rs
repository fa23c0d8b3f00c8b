//! Two-way range from a tag t on the body to an anchor a.
//!
//!   z = (1 + s) ρ,   ρ = |d|,   d = p_nb + R p_bt − p_na,   u = d / ρ
//!   ∂h/∂δp = (1 + s) uᵀ    ∂h/∂δθ = −(1 + s) uᵀ R [p_bt]×    ∂h/∂s = ρ
//! Assumes line of sight; per-anchor bias and multipath are additive errors around this model
//! ([`super::Corrected`]). With `horizontal`, d is without its vertical part. Degenerate where ρ → 0.

use nalgebra::{Matrix3, SMatrix, Vector1, Vector3};

use super::{Degenerate, Jacobian, Linearised, MIN_DISTANCE_M, MeasurementModel, lever};
use crate::state::{Block, Slot, View};

/// Distance to an anchor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Anchor in n \[m\].
    pub p_na: Vector3<f64>,
    /// Tag in b \[m\].
    pub p_bt: Vector3<f64>,
    /// Measured range \[m\].
    pub range_m: f64,
    /// Sigma \[m\].
    pub sigma_m: f64,
    /// Parameter of the scale: measured = (1 + s) · true.
    pub scale: Option<Slot>,
    /// The range is the horizontal distance.
    pub horizontal: bool,
}

impl MeasurementModel<1> for Range {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let (p_nt, by_attitude) = lever(x.nav, &self.p_bt);
        let kept = if self.horizontal {
            Vector3::new(1.0, 1.0, 0.0)
        } else {
            Vector3::repeat(1.0)
        };
        let d = (p_nt - self.p_na).component_mul(&kept);
        let rho = d.norm();
        if rho < MIN_DISTANCE_M {
            return Err(Degenerate::ZeroDistance);
        }
        let gain = 1.0 + x.value(self.scale);
        let row = (d * (gain / rho)).transpose();
        let mut h = Jacobian::default()
            .with(Block::Position, row)
            .with_parameter(self.scale, Vector1::new(rho));
        if self.p_bt != Vector3::zeros() {
            h = h.with(
                Block::Attitude,
                row * Matrix3::from_diagonal(&kept) * by_attitude,
            );
        }
        Ok(Linearised {
            residual: Vector1::new(self.range_m - gain * rho),
            h,
            r: SMatrix::from_element(self.sigma_m * self.sigma_m),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::{jacobian_matches, slot};
    use crate::state::Nav;

    fn range() -> Range {
        Range {
            p_na: Vector3::new(7.0, -3.0, 2.5),
            p_bt: Vector3::new(0.4, -0.3, 1.1),
            range_m: 5.0,
            sigma_m: 0.1,
            scale: slot(0),
            horizontal: false,
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&range());
        jacobian_matches(&Range {
            horizontal: true,
            ..range()
        });
        jacobian_matches(&Range {
            p_bt: Vector3::zeros(),
            scale: None,
            ..range()
        });
    }

    #[test]
    fn tag_on_the_anchor_is_degenerate() {
        let on_it = Range {
            p_na: Vector3::zeros(),
            p_bt: Vector3::zeros(),
            ..range()
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[0.0; 24],
        };
        assert_eq!(
            on_it.linearise(&view).unwrap_err(),
            Degenerate::ZeroDistance
        );
    }
}
