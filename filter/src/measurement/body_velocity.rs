//! One component of the velocity of a body point, in body axes: wheel speed, side slip, standstill.
//!
//!   (1 + s) z = a' · u,   u = Rᵀ v + ω × p,   ω = ω_m − b_g
//! with s the scale of the wheel (true = (1 + s) · measured), a' = a − γ x̂ the direction a turned by the
//! small angle γ between the body's x axis and the way it rolls, and p = p_bs + l x̂ the point that moves
//! so, further ahead than stated by l.
//!   ∂h/∂δv = a'ᵀ Rᵀ     ∂h/∂δθ = a'ᵀ [Rᵀ v]×     ∂h/∂δb_g = a'ᵀ [p]×
//!   ∂h/∂s = −z          ∂h/∂γ = −x̂ · u           ∂h/∂l = a' · (ω × x̂)
//! A non-holonomic constraint is z = 0 along y or z; its slip lasts for about a second, so it is
//! used about once a second. Never degenerate. Dissanayake et al. 2001; γ and l as in Wu et al. 2009.

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
    /// Parameter of the angle between the body's x axis and the way it rolls, about the axis that is
    /// square to both [rad].
    pub turn: Option<Slot>,
    /// Parameter of how much further ahead the point lies \[m\].
    pub ahead: Option<Slot>,
}

impl BodyVelocity {
    /// Speed along a direction at the body's origin, nothing of it estimated.
    #[must_use]
    pub fn along(axis_b: Vector3<f64>, speed_mps: f64, sigma_mps: f64) -> Self {
        Self {
            axis_b,
            speed_mps,
            p_bs: Vector3::zeros(),
            sigma_mps,
            scale: None,
            turn: None,
            ahead: None,
        }
    }
}

impl MeasurementModel<1> for BodyVelocity {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let r_bn = x.nav.rotation().matrix().transpose();
        let v_b = r_bn * x.nav.v_n;
        let omega = &x.nav.omega_b;
        let forward = Vector3::x();
        let p = self.p_bs + forward * x.value(self.ahead);
        let u = v_b + omega.cross(&p);
        let axis = self.axis_b - forward * x.value(self.turn);
        let predicted = axis.dot(&u);
        let a = axis.transpose();
        let mut h = Jacobian::default()
            .with(Block::Velocity, a * r_bn)
            .with(Block::Attitude, a * math::skew(&v_b))
            .with_parameter(self.scale, Vector1::new(-self.speed_mps))
            .with_parameter(self.turn, Vector1::new(-u.x))
            .with_parameter(self.ahead, Vector1::new(axis.dot(&omega.cross(&forward))));
        if p != Vector3::zeros() {
            h = h.with(Block::GyroBias, a * math::skew(&p));
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
            turn: slot(1),
            ahead: slot(2),
        });
    }
}
