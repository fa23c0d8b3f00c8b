//! Pose of a sensor in n: an external localisation, a lidar against a map.
//!
//!   z = (p_nb + R p_bs,  q_nb q_bs),   r = (z_p − ĥ_p,  Log(ĥ_q⁻¹ z_q))
//!   ∂h_p as in [`super::Position`];   ∂h_q/∂δθ = Jl⁻¹(r_q) R_bsᵀ
//! (Solà 2017, eq. 184; Jl⁻¹(φ) = Jr⁻¹(−φ)). Never degenerate.

use nalgebra::{Matrix3, SMatrix, SVector, UnitQuaternion, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel, lever};
use crate::math;
use crate::state::{Block, View};

/// Position and attitude of a sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Measured position in n \[m\].
    pub p_n: Vector3<f64>,
    /// Measured attitude, s to n.
    pub q_ns: UnitQuaternion<f64>,
    /// Lever arm in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Mounting rotation, s to b.
    pub q_bs: UnitQuaternion<f64>,
    /// Sigma of each position component \[m\].
    pub sigma_m: Vector3<f64>,
    /// Sigma of each attitude component [rad].
    pub sigma_rad: Vector3<f64>,
}

impl MeasurementModel<6> for Pose {
    fn linearise(&self, x: &View) -> Result<Linearised<6>, Degenerate> {
        let (p_ns, by_attitude) = lever(x.nav, &self.p_bs);
        let turn = math::log(&((x.nav.q_nb * self.q_bs).inverse() * self.q_ns));
        let mut residual = SVector::<f64, 6>::zeros();
        residual
            .fixed_rows_mut::<3>(0)
            .copy_from(&(self.p_n - p_ns));
        residual.fixed_rows_mut::<3>(3).copy_from(&turn);
        let r_sb = self.q_bs.inverse().to_rotation_matrix();
        let mut attitude = SMatrix::<f64, 6, 3>::zeros();
        attitude.fixed_rows_mut::<3>(0).copy_from(&by_attitude);
        attitude
            .fixed_rows_mut::<3>(3)
            .copy_from(&(left_jacobian_inverse(&turn) * r_sb.matrix()));
        let mut position = SMatrix::<f64, 6, 3>::zeros();
        position
            .fixed_rows_mut::<3>(0)
            .copy_from(&Matrix3::identity());
        let variances = SVector::<f64, 6>::from_fn(|i, _| {
            let sigma = if i < 3 {
                self.sigma_m[i]
            } else {
                self.sigma_rad[i - 3]
            };
            sigma * sigma
        });
        Ok(Linearised {
            residual,
            h: Jacobian::default()
                .with(Block::Attitude, attitude)
                .with(Block::Position, position),
            r: SMatrix::from_diagonal(&variances),
        })
    }
}

/// `Jl⁻¹(φ) = I − ½[φ]× + (1/θ² − (1 + cos θ)/(2 θ sin θ)) [φ]×²`.
fn left_jacobian_inverse(phi: &Vector3<f64>) -> Matrix3<f64> {
    let angle = phi.norm();
    let k = if angle < 1e-4 {
        1.0 / 12.0
    } else {
        1.0 / (angle * angle) - (1.0 + libm::cos(angle)) / (2.0 * angle * libm::sin(angle))
    };
    let s = math::skew(phi);
    Matrix3::identity() - s * 0.5 + s * s * k
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::{jacobian_matches_at, states};

    #[test]
    fn jacobian_matches_central_difference() {
        for nav in states() {
            let near = nav.q_nb * math::exp(&Vector3::new(0.4, -0.3, 0.5));
            let q_bs = math::from_roll_pitch_yaw(0.2, 0.1, -0.5);
            jacobian_matches_at(
                &Pose {
                    p_n: nav.p_n + Vector3::new(0.3, 0.1, -0.2),
                    q_ns: near * q_bs,
                    p_bs: Vector3::new(0.3, 0.2, -0.7),
                    q_bs,
                    sigma_m: Vector3::repeat(0.05),
                    sigma_rad: Vector3::repeat(0.01),
                },
                &nav,
            );
        }
    }
}
