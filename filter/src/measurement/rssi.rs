//! Received signal strength by the log-distance model.
//!
//!   z = P_1 − 10 n log₁₀(ρ / 1 m),   ρ = |p_nb + R p_bt − p_na|
//!   ∂h/∂δp = −(10 n / ln 10) uᵀ / ρ    ∂h/∂δθ = (10 n / ln 10) uᵀ R [p_bt]× / ρ
//! Near field and antenna patterns are not modelled: below [`NEAR_M`] the distance is taken as that
//! far in the slope as in the value. Offsets and shadowing are additive errors around this model.
//! Degenerate where ρ → 0. Seidel and Rappaport 1992.

use nalgebra::{SMatrix, Vector1, Vector3};

use super::{Degenerate, Jacobian, Linearised, MIN_DISTANCE_M, MeasurementModel, lever};
use crate::state::{Block, View};

/// Nearest distance of which signal strength tells \[m\].
pub const NEAR_M: f64 = 0.3;

/// Signal strength of a beacon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rssi {
    /// Beacon in n \[m\].
    pub p_na: Vector3<f64>,
    /// Antenna in b \[m\].
    pub p_bt: Vector3<f64>,
    /// Measured power [dBm].
    pub rssi_dbm: f64,
    /// Power at 1 m [dBm].
    pub power_dbm: f64,
    /// Path-loss exponent n.
    pub path_loss_exponent: f64,
    /// Sigma [dB].
    pub sigma_db: f64,
}

impl MeasurementModel<1> for Rssi {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let (p_nt, by_attitude) = lever(x.nav, &self.p_bt);
        let d = p_nt - self.p_na;
        let distance = d.norm();
        if distance < MIN_DISTANCE_M {
            return Err(Degenerate::ZeroDistance);
        }
        let rho = distance.max(NEAR_M);
        let slope = if distance > NEAR_M {
            -10.0 * self.path_loss_exponent / core::f64::consts::LN_10 / rho
        } else {
            0.0
        };
        let row = (d * (slope / distance)).transpose();
        let mut h = Jacobian::default().with(Block::Position, row);
        if self.p_bt != Vector3::zeros() {
            h = h.with(Block::Attitude, row * by_attitude);
        }
        let predicted = self.power_dbm - 10.0 * self.path_loss_exponent * libm::log10(rho);
        Ok(Linearised {
            residual: Vector1::new(self.rssi_dbm - predicted),
            h,
            r: SMatrix::from_element(self.sigma_db * self.sigma_db),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::jacobian_matches;
    use crate::state::Nav;

    fn rssi() -> Rssi {
        Rssi {
            p_na: Vector3::new(7.0, -3.0, 2.5),
            p_bt: Vector3::new(0.4, -0.3, 1.1),
            rssi_dbm: -70.0,
            power_dbm: -59.0,
            path_loss_exponent: 1.8,
            sigma_db: 6.0,
        }
    }

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&rssi());
    }

    #[test]
    fn ten_metres_lose_ten_n_decibel() {
        let model = Rssi {
            p_na: Vector3::x() * 10.0,
            p_bt: Vector3::zeros(),
            ..rssi()
        };
        let lin = model
            .linearise(&View {
                nav: &Nav::default(),
                parameters: &[],
            })
            .unwrap();
        assert!((lin.residual[0] - (-70.0 - (-59.0 - 18.0))).abs() < 1e-12);
    }

    #[test]
    fn antenna_on_the_beacon_is_degenerate() {
        let model = Rssi {
            p_na: Vector3::zeros(),
            p_bt: Vector3::zeros(),
            ..rssi()
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[],
        };
        assert_eq!(
            model.linearise(&view).unwrap_err(),
            Degenerate::ZeroDistance
        );
    }
}
