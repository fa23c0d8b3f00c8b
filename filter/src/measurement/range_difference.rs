//! Difference of the distances from a tag t to two anchors (time difference of arrival).
//!
//!   z = (1 + s) (|d_b| − |d_a|),   d_i = p_nb + R p_bt − p_i,   u_i = d_i / |d_i|
//!   ∂h/∂δp = (1 + s) (u_b − u_a)ᵀ    ∂h/∂δθ = −(1 + s) (u_b − u_a)ᵀ R [p_bt]×
//!   ∂h/∂s = |d_b| − |d_a|
//! Biases of the two anchors enter with opposite signs: [`RangeDifference::bias`]. Degenerate where
//! the tag is at an anchor, or both anchors lie in the same direction.

use nalgebra::{SMatrix, Vector1, Vector3};

use super::{Degenerate, Jacobian, Linearised, MIN_DISTANCE_M, MeasurementModel, lever};
use crate::state::{Block, Slot, View};

/// Difference of the distances to two anchors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeDifference {
    /// Reference anchor a and other anchor b in n \[m\].
    pub p_na: [Vector3<f64>; 2],
    /// Tag in b \[m\].
    pub p_bt: Vector3<f64>,
    /// Measured difference, b − a \[m\].
    pub difference_m: f64,
    /// Sigma \[m\].
    pub sigma_m: f64,
    /// Parameter of the scale: measured = (1 + s) · true.
    pub scale: Option<Slot>,
    /// Parameters of the two anchors' range biases, a and b \[m\].
    pub bias: [Option<Slot>; 2],
}

impl MeasurementModel<1> for RangeDifference {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let (p_nt, by_attitude) = lever(x.nav, &self.p_bt);
        let [to_a, to_b] = self.p_na.map(|p| p_nt - p);
        let (rho_a, rho_b) = (to_a.norm(), to_b.norm());
        if rho_a.min(rho_b) < MIN_DISTANCE_M {
            return Err(Degenerate::ZeroDistance);
        }
        let u = to_b / rho_b - to_a / rho_a;
        if u.norm() < 1e-6 {
            return Err(Degenerate::NoDirection);
        }
        let gain = 1.0 + x.value(self.scale);
        let row = (u * gain).transpose();
        let mut h = Jacobian::default()
            .with(Block::Position, row)
            .with_parameter(self.scale, Vector1::new(rho_b - rho_a))
            .with_parameter(self.bias[0], Vector1::new(-1.0))
            .with_parameter(self.bias[1], Vector1::new(1.0));
        if self.p_bt != Vector3::zeros() {
            h = h.with(Block::Attitude, row * by_attitude);
        }
        let bias = x.value(self.bias[1]) - x.value(self.bias[0]);
        Ok(Linearised {
            residual: Vector1::new(self.difference_m - gain * (rho_b - rho_a) - bias),
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

    fn difference() -> RangeDifference {
        RangeDifference {
            p_na: [Vector3::new(7.0, -3.0, 2.5), Vector3::new(-4.0, 6.0, 0.2)],
            p_bt: Vector3::new(0.4, -0.3, 1.1),
            difference_m: 2.0,
            sigma_m: 0.15,
            scale: slot(2),
            bias: [slot(0), slot(1)],
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&difference());
    }

    #[test]
    fn sign_follows_the_second_anchor() {
        let nav = Nav {
            p_n: Vector3::new(7.0, -3.0, 1.5),
            ..Nav::default()
        };
        let near_a = RangeDifference {
            p_bt: Vector3::zeros(),
            ..difference()
        };
        let lin = near_a
            .linearise(&View {
                nav: &nav,
                parameters: &[0.0; 24],
            })
            .unwrap();
        assert!(near_a.difference_m - lin.residual[0] > 0.0);
    }

    #[test]
    fn tag_on_an_anchor_and_one_anchor_twice_are_degenerate() {
        let view = View {
            nav: &Nav::default(),
            parameters: &[0.0; 24],
        };
        let zero = Vector3::zeros();
        let on_it = RangeDifference {
            p_na: [zero, Vector3::x()],
            p_bt: zero,
            ..difference()
        };
        assert_eq!(
            on_it.linearise(&view).unwrap_err(),
            Degenerate::ZeroDistance
        );
        let twice = RangeDifference {
            p_na: [Vector3::x(); 2],
            p_bt: zero,
            ..difference()
        };
        assert_eq!(twice.linearise(&view).unwrap_err(), Degenerate::NoDirection);
    }
}
