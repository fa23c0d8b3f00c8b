//! Height of a point of the body: barometer, altimeter, a floor that is known.
//!
//!   z = (p_nb + R p_bs)_z       ∂h/∂δp = e_zᵀ    ∂h/∂δθ = −e_zᵀ R [p_bs]×
//! A barometer's unknown reference and the weather are an additive error around this model.
//! Never degenerate.

use nalgebra::{Matrix1x3, SMatrix, Vector1, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel, lever};
use crate::state::{Block, View};

/// Height in n.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Height {
    /// Measured height \[m\].
    pub height_m: f64,
    /// Lever arm in b \[m\].
    pub p_bs: Vector3<f64>,
    /// Sigma \[m\].
    pub sigma_m: f64,
}

impl Height {
    /// Height above the level of standard pressure in the standard atmosphere \[m\], for a static
    /// pressure in Pa (ICAO Doc 7488, troposphere). `None` for a pressure that is not positive.
    ///
    /// ```
    /// use wayfix_filter::measurement::Height;
    /// assert!(Height::from_pressure(101_325.0).unwrap().abs() < 1e-9);
    /// assert!((Height::from_pressure(89_874.6).unwrap() - 1000.0).abs() < 0.5);
    /// ```
    #[must_use]
    pub fn from_pressure(pressure_pa: f64) -> Option<f64> {
        let positive = pressure_pa > 0.0 && pressure_pa.is_finite();
        positive.then(|| 44_330.77 * (1.0 - libm::pow(pressure_pa / 101_325.0, 0.190_263)))
    }
}

impl MeasurementModel<1> for Height {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let (p_ns, by_attitude) = lever(x.nav, &self.p_bs);
        let mut h = Jacobian::default().with(Block::Position, Matrix1x3::new(0.0, 0.0, 1.0));
        if self.p_bs != Vector3::zeros() {
            h = h.with(Block::Attitude, by_attitude.row(2).into_owned());
        }
        Ok(Linearised {
            residual: Vector1::new(self.height_m - p_ns.z),
            h,
            r: SMatrix::from_element(self.sigma_m * self.sigma_m),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::jacobian_matches;

    #[test]
    fn jacobian_matches_central_difference() {
        jacobian_matches(&Height {
            height_m: 1.0,
            p_bs: Vector3::new(0.3, 0.2, -0.7),
            sigma_m: 0.2,
        });
        jacobian_matches(&Height {
            height_m: 1.0,
            p_bs: Vector3::zeros(),
            sigma_m: 0.2,
        });
    }
}
