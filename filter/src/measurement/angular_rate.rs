//! Angular rate known from elsewhere (zero at standstill, the wheels' yaw rate): shows the gyro's
//! bias.
//!
//!   z = ω_m − b_g        ∂h/∂δb_g = −I
//! Assumes that the rate of the latest inertial sample belongs to the same instant. Never degenerate.

use nalgebra::{Matrix3, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel};
use crate::state::{Block, View};

/// Angular rate of the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AngularRate {
    /// True rate in b [rad/s].
    pub omega_b: Vector3<f64>,
    /// Sigma of each component [rad/s]; a large one for components that are not known.
    pub sigma_radps: Vector3<f64>,
}

impl MeasurementModel<3> for AngularRate {
    fn linearise(&self, x: &View) -> Result<Linearised<3>, Degenerate> {
        Ok(Linearised {
            residual: self.omega_b - x.nav.omega_b,
            h: Jacobian::default().with(Block::GyroBias, -Matrix3::identity()),
            r: Matrix3::from_diagonal(&self.sigma_radps.component_mul(&self.sigma_radps)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::jacobian_matches;

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&AngularRate {
            omega_b: Vector3::zeros(),
            sigma_radps: Vector3::repeat(0.01),
        });
    }
}
