//! Velocity of a point of the body in n, in two or three components: satellites, or standing still.
//!
//!   z = v + R (ω × p_bs),   ω = ω_m − b_g
//!   ∂h/∂δv = I    ∂h/∂δθ = −R [ω × p_bs]×    ∂h/∂δb_g = R [p_bs]×
//! Never degenerate. Groves 2013, eq. 14.108.

use nalgebra::{SMatrix, SVector, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel};
use crate::math;
use crate::state::{Block, View};

/// Velocity in the first M of x, y, z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Velocity<const M: usize> {
    /// Measured velocity in n [m/s].
    pub v_n: SVector<f64, M>,
    /// Lever arm in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sigma of each component [m/s].
    pub sigma_mps: SVector<f64, M>,
}

impl<const M: usize> MeasurementModel<M> for Velocity<M> {
    fn linearise(&self, x: &View) -> Result<Linearised<M>, Degenerate> {
        let r = *x.nav.rotation().matrix();
        let swing_b = x.nav.omega_b.cross(&self.p_bs);
        let v_ns = x.nav.v_n + r * swing_b;
        let mut h = Jacobian::default().with(Block::Velocity, SMatrix::identity());
        if self.p_bs != Vector3::zeros() {
            let by_attitude = -(r * math::skew(&swing_b));
            let by_bias = r * math::skew(&self.p_bs);
            h = h
                .with(Block::Attitude, by_attitude.fixed_rows::<M>(0).into_owned())
                .with(Block::GyroBias, by_bias.fixed_rows::<M>(0).into_owned());
        }
        Ok(Linearised {
            residual: self.v_n - v_ns.fixed_rows::<M>(0),
            h,
            r: SMatrix::from_diagonal(&self.sigma_mps.component_mul(&self.sigma_mps)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::jacobian_matches;

    #[test]
    fn jacobian_matches_central_difference() {
        let p_bs = Vector3::new(0.5, -0.8, 1.2);
        jacobian_matches(&Velocity::<3> {
            v_n: SVector::from([1.0, 2.0, 0.1]),
            p_bs,
            sigma_mps: SVector::repeat(0.1),
        });
        jacobian_matches(&Velocity::<2> {
            v_n: SVector::from([1.0, 2.0]),
            p_bs,
            sigma_mps: SVector::repeat(0.1),
        });
    }
}
