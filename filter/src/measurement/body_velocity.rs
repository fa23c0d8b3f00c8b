//! One component of the velocity of a body point, in body axes: wheel speed, side slip, standstill.
//!
//!   (1 + s) z = a · (Rᵀ v + ω × p_bs),   ω = ω_m − b_g
//! with a the unit direction in b and s the scale of the wheel (true = (1 + s) · measured).
//!   ∂h/∂δv = aᵀ Rᵀ    ∂h/∂δθ = aᵀ [Rᵀ v]×    ∂h/∂δb_g = aᵀ [p_bs]×    ∂h/∂s = −z
//! A non-holonomic constraint is z = 0 along y or z; its slip lasts for about a second, so it is
//! used about once a second. Never degenerate. Dissanayake et al. 2001.

use nalgebra::{SMatrix, Vector1, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel};
use crate::math;
use crate::state::{Block, Slot, View};

/// Speed along one body direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BodyVelocity {
    /// Unit direction in b.
    pub axis_b: Vector3<f64>,
    /// Measured speed along it [m/s].
    pub speed_mps: f64,
    /// The point that moves so, in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sigma [m/s].
    pub sigma_mps: f64,
    /// Parameter of the scale: true = (1 + s) · measured.
    pub scale: Option<Slot>,
}

impl MeasurementModel<1> for BodyVelocity {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let r_bn = x.nav.rotation().matrix().transpose();
        let v_b = r_bn * x.nav.v_n;
        let predicted = self.axis_b.dot(&(v_b + x.nav.omega_b.cross(&self.p_bs)));
        let a = self.axis_b.transpose();
        let mut h = Jacobian::default()
            .with(Block::Velocity, a * r_bn)
            .with(Block::Attitude, a * math::skew(&v_b))
            .with_parameter(self.scale, Vector1::new(-self.speed_mps));
        if self.p_bs != Vector3::zeros() {
            h = h.with(Block::GyroBias, a * math::skew(&self.p_bs));
        }
        let scaled = (1.0 + x.value(self.scale)) * self.speed_mps;
        Ok(Linearised {
            residual: Vector1::new(scaled - predicted),
            h,
            r: SMatrix::from_element(self.sigma_mps * self.sigma_mps),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::{jacobian_matches, slot};

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&BodyVelocity {
            axis_b: Vector3::new(0.8, 0.0, 0.6),
            speed_mps: 1.3,
            p_bs: Vector3::new(0.4, -0.2, 0.1),
            sigma_mps: 0.05,
            scale: slot(0),
        });
    }
}
