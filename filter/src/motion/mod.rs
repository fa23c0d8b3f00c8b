//! Motion models: how the state moves between measurements, and how sure that is.
//!
//! The engine uses the best one that its sources allow: [`Strapdown`] with an inertial unit,
//! [`Wheels`] with odometry (and a yaw gyro, where there is one), [`Tag`] with neither.

mod strapdown;
mod tag;
mod wheels;

pub use strapdown::Strapdown;
pub use tag::Tag;
pub use wheels::{Rate, Wheels};

use crate::covariance::Transition;
use crate::state::Nav;

/// Opaque error transition of one step.
#[derive(Clone, Debug)]
pub struct Step(pub(crate) Transition);

/// A way to move. The three models here are all there are; the trait is sealed by [`Step`], which
/// only they can make.
pub trait MotionModel {
    /// Moves the state by `dt_s` > 0 seconds; `parameters` by error-state index.
    fn propagate(&self, nav: &mut Nav, parameters: &[f64], dt_s: f64) -> Step;
}

#[cfg(test)]
pub(crate) mod check {
    //! Numerical check of a transition matrix.
    use nalgebra::SVector;

    use super::MotionModel;
    use crate::covariance::Entry;
    use crate::state::{NAV, Nav, Slot};

    const PARAMETERS: usize = 4;

    pub fn slot(i: usize) -> Option<Slot> {
        Some(Slot((NAV + i) as u16))
    }

    /// Asserts the transition against central differences through boxplus, to `tolerance`.
    pub fn transition_matches(model: &impl MotionModel, dt_s: f64, tolerance: f64) {
        const STEP: f64 = 1e-6;
        for nav in crate::measurement::check::states() {
            let mut values = [0.0; NAV + PARAMETERS];
            values[NAV..].copy_from_slice(&[0.02, -0.03, 0.01, 0.05]);
            let run = |nav: &Nav, values: &[f64]| {
                let mut nav = *nav;
                let step = model.propagate(&mut nav, values, dt_s);
                (nav, step)
            };
            let (_, step) = run(&nav, &values);
            for index in 0..NAV + PARAMETERS {
                let (up, down) = if index < NAV {
                    let mut delta = SVector::<f64, NAV>::zeros();
                    delta[index] = STEP;
                    (
                        run(&nav.boxplus(&delta), &values).0,
                        run(&nav.boxplus(&-delta), &values).0,
                    )
                } else {
                    let (mut plus, mut minus) = (values, values);
                    plus[index] += STEP;
                    minus[index] -= STEP;
                    (run(&nav, &plus).0, run(&nav, &minus).0)
                };
                let numeric = up.boxminus(&down).fixed_rows::<9>(0) / (2.0 * STEP);
                let analytic = column(&step.0, index);
                assert!(
                    (numeric - analytic).norm() < tolerance,
                    "column {index}: numeric {numeric:?}, analytic {analytic:?}"
                );
            }
        }
    }

    fn column(f: &crate::covariance::Transition, index: usize) -> SVector<f64, 9> {
        if index >= NAV {
            let known = f.parameters.iter().filter(|(s, _)| s.index() == index);
            return known.map(|(_, c)| *c).sum();
        }
        let mut out = SVector::<f64, 9>::zeros();
        for row in 0..3 {
            for i in 0..3 {
                out[3 * row + i] = match f.blocks[row][index / 3] {
                    Entry::Zero => 0.0,
                    Entry::Identity => f64::from(u8::from(i == index % 3)),
                    Entry::Scaled(a) => a * f64::from(u8::from(i == index % 3)),
                    Entry::Full(m) => m[(i, index % 3)],
                };
            }
        }
        let carried = out.fixed_rows::<3>(3) * f.carry_s;
        let mut position = out.fixed_rows_mut::<3>(6);
        position += carried;
        out
    }
}
