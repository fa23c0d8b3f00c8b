//! Position of a point of the body, in two or three components: satellites, an external system.
//!
//!   z = p_nb + R (p_bs + δl)
//! with δl an estimated horizontal correction of the lever arm.
//!   ∂h/∂δp = I    ∂h/∂δθ = −R [p_bs + δl]×    ∂h/∂δl = R e_x, R e_y
//! Assumes that the antenna's phase centre is the point, and any geoid or datum already applied.
//! Never degenerate. Groves 2013, eq. 14.103.

use nalgebra::{SMatrix, SVector, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel, lever};
use crate::state::{Block, Slot, View};

/// Position in the first M of x, y, z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position<const M: usize> {
    /// Measured position in n \[m\].
    pub p_n: SVector<f64, M>,
    /// Lever arm in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sigma of each component \[m\].
    pub sigma_m: SVector<f64, M>,
    /// Parameters of the lever arm's error along body x and y \[m\].
    pub lever: [Option<Slot>; 2],
}

impl<const M: usize> MeasurementModel<M> for Position<M> {
    fn linearise(&self, x: &View) -> Result<Linearised<M>, Degenerate> {
        let arm = self.p_bs + Vector3::new(x.value(self.lever[0]), x.value(self.lever[1]), 0.0);
        let (p_ns, by_attitude) = lever(x.nav, &arm);
        let r = x.nav.rotation();
        let mut h = Jacobian::default().with(Block::Position, SMatrix::identity());
        if arm != Vector3::zeros() {
            h = h.with(Block::Attitude, by_attitude.fixed_rows::<M>(0).into_owned());
        }
        for (i, slot) in self.lever.iter().enumerate() {
            h = h.with_parameter(*slot, r.matrix().fixed_view::<M, 1>(0, i).into_owned());
        }
        Ok(Linearised {
            residual: self.p_n - p_ns.fixed_rows::<M>(0),
            h,
            r: SMatrix::from_diagonal(&self.sigma_m.component_mul(&self.sigma_m)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::{jacobian_matches, slot};

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&Position::<3> {
            p_n: SVector::from([1.0, 2.0, 3.0]),
            p_bs: Vector3::new(0.5, -0.8, 1.2),
            sigma_m: SVector::repeat(0.1),
            lever: [slot(0), slot(1)],
        });
        jacobian_matches(&Position::<2> {
            p_n: SVector::from([1.0, 2.0]),
            p_bs: Vector3::new(0.5, -0.8, 1.2),
            sigma_m: SVector::repeat(0.1),
            lever: [None; 2],
        });
    }
}
