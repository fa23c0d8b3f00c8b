//! Heading from the magnetic field, and from nothing else of it.
//!
//!   m_n = R (m_b − b_m),   atan2(north_y, north_x) = atan2(m_y, m_x)
//! where (north_x, north_y) is the horizontal direction of magnetic north in n (declination in it)
//! and b_m what is left of the vehicle's own field. Iron nearby turns and tilts the field; so that it
//! can't tilt the attitude, the Jacobian keeps only the turn about n's vertical:
//!   ∂h/∂δθ = e_zᵀ R,   ∂h/∂b_m = (y, −x, 0) R / (x² + y²)       with h = atan2(m_y, m_x)
//! Assumes roll and pitch known from the motion. Degenerate where the field has no horizontal part.
//! Suh 2012 (masked magnetic update).

use nalgebra::{Matrix1x3, SMatrix, Vector1, Vector2, Vector3};

use super::{Degenerate, Jacobian, Linearised, MeasurementModel};
use crate::math::wrap_angle;
use crate::state::{Block, Slot, View};

/// Horizontal direction of the magnetic field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MagneticHeading {
    /// Field in body axes, hard and soft iron taken off \[T\].
    pub field_b: Vector3<f64>,
    /// Horizontal direction of magnetic north in n.
    pub north_n: Vector2<f64>,
    /// Sigma of each field component \[T\].
    pub sigma_tesla: f64,
    /// Parameters of what is left of the hard iron, body axes \[T\].
    pub bias: [Option<Slot>; 3],
}

impl MeasurementModel<1> for MagneticHeading {
    fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
        let bias = Vector3::from_fn(|i, _| x.value(self.bias[i]));
        let r = x.nav.rotation();
        let m = r * (self.field_b - bias);
        let level_sq = m.xy().norm_squared();
        if level_sq < 1e-6 * m.norm_squared() || level_sq <= 0.0 {
            return Err(Degenerate::NoDirection);
        }
        let azimuth = libm::atan2(m.y, m.x);
        let expected = libm::atan2(self.north_n.y, self.north_n.x);
        // Turning the body by ψ about the vertical turns the field as seen from n by ψ too.
        let by_attitude = r.matrix().row(2).into_owned();
        let by_bias = Matrix1x3::new(m.y, -m.x, 0.0) * r.matrix() / level_sq;
        let mut h = Jacobian::default().with(Block::Attitude, by_attitude);
        for (i, slot) in self.bias.iter().enumerate() {
            h = h.with_parameter(*slot, Vector1::new(by_bias[i]));
        }
        Ok(Linearised {
            residual: Vector1::new(wrap_angle(expected - azimuth)),
            h,
            r: SMatrix::from_element(self.sigma_tesla * self.sigma_tesla / level_sq),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{exp, from_roll_pitch_yaw};
    use crate::measurement::check::slot;
    use crate::state::{NAV, Nav};

    fn model() -> MagneticHeading {
        MagneticHeading {
            field_b: Vector3::new(1.2e-5, 0.9e-5, -4.1e-5),
            north_n: Vector2::new(0.0, 1.0),
            sigma_tesla: 5e-7,
            bias: [slot(0), slot(1), slot(2)],
        }
    }

    #[test]
    fn jacobian_is_the_turn_about_the_vertical_and_the_bias() {
        let nav = Nav {
            q_nb: from_roll_pitch_yaw(0.2, -0.1, 1.0),
            ..Nav::default()
        };
        let mut values = [0.0; NAV + 6];
        let lin = model()
            .linearise(&View {
                nav: &nav,
                parameters: &values,
            })
            .unwrap();
        let turned = Nav {
            q_nb: exp(&(Vector3::z() * 1e-6)) * nav.q_nb,
            ..nav
        };
        let after = model()
            .linearise(&View {
                nav: &turned,
                parameters: &values,
            })
            .unwrap();
        let by_turn = (lin.residual[0] - after.residual[0]) / 1e-6;
        let up_b = nav.q_nb.inverse() * Vector3::z();
        assert!((by_turn - 1.0).abs() < 1e-6);
        assert!(((lin.h.block(Block::Attitude).unwrap() * up_b)[0] - 1.0).abs() < 1e-12);

        for i in 0..3 {
            values[NAV + i] = 1e-10;
            let after = model()
                .linearise(&View {
                    nav: &nav,
                    parameters: &values,
                })
                .unwrap();
            values[NAV + i] = 0.0;
            let numeric = (lin.residual[0] - after.residual[0]) / 1e-10;
            let analytic = lin.h.parameters()[i].1[0];
            assert!((numeric - analytic).abs() < 1e-3 * analytic.abs().max(1.0));
        }
    }

    #[test]
    fn facing_north_reads_zero() {
        // Body x to the north: the field lies along body x, dipping.
        let nav = Nav {
            q_nb: from_roll_pitch_yaw(0.0, 0.0, core::f64::consts::FRAC_PI_2),
            ..Nav::default()
        };
        let ahead = MagneticHeading {
            field_b: Vector3::new(2e-5, 0.0, -4e-5),
            ..model()
        };
        let lin = ahead
            .linearise(&View {
                nav: &nav,
                parameters: &[],
            })
            .unwrap();
        assert!(lin.residual[0].abs() < 1e-12);
    }

    #[test]
    fn a_vertical_field_is_degenerate() {
        let vertical = MagneticHeading {
            field_b: Vector3::new(0.0, 0.0, -4e-5),
            ..model()
        };
        let view = View {
            nav: &Nav::default(),
            parameters: &[],
        };
        assert_eq!(
            vertical.linearise(&view).unwrap_err(),
            Degenerate::NoDirection
        );
    }
}
