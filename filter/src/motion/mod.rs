//! Motion models: how the state moves between measurements, and how sure that is.
//!
//! The engine uses the best one that its sources allow: [`Strapdown`] with an inertial unit,
//! [`Wheels`] with odometry (and a yaw gyro, where there is one), [`Tag`] with neither.

mod strapdown;
mod tag;
mod wheels;

pub use strapdown::Strapdown;
pub use tag::Tag;
pub use wheels::{MAX_TERMS_PER_RATE, Rate, Wheels};

pub use crate::covariance::{MAX_TERMS, TooManyTerms, Transition};
use crate::state::{Nav, Slot};

/// A way to move: how the state changes, and how its error does.
///
/// ```
/// use nalgebra::{Matrix3, Vector3};
/// use wayfix_filter::motion::{MotionModel, Transition};
/// use wayfix_filter::{Block, Nav};
///
/// /// A trolley on a rail along x: its speed decays, and it never leaves the rail.
/// struct Rail { decay_s: f64, accel_density: f64 }
///
/// impl MotionModel for Rail {
///     fn propagate(&self, nav: &mut Nav, _: &[f64], dt_s: f64) -> Transition {
///         let keep = (-dt_s / self.decay_s).exp();
///         let moved_s = self.decay_s * (1.0 - keep);
///         nav.p_n += nav.v_n * moved_s;
///         nav.v_n *= keep;
///         let along = Matrix3::from_diagonal(&Vector3::x());
///         let q = along * (self.accel_density.powi(2) * dt_s);
///         Transition::identity()
///             .with(Block::Velocity, Block::Velocity, Matrix3::identity() * keep)
///             .with(Block::Position, Block::Velocity, Matrix3::identity() * moved_s)
///             .noise(Block::Velocity, Block::Velocity, q)
///             .noise(Block::Position, Block::Velocity, q * (0.5 * dt_s))
///             .noise(Block::Position, Block::Position, q * (dt_s * dt_s / 3.0))
///     }
/// }
/// ```
pub trait MotionModel {
    /// Moves the state by `dt_s` > 0 seconds and returns how its error moves; `parameters` by
    /// error-state index. A transition that is not finite is a fault that
    /// [`crate::Filter::is_healthy`] shows.
    fn propagate(&self, nav: &mut Nav, parameters: &[f64], dt_s: f64) -> Transition;

    /// Whether the motion depends on a parameter. The default, that it may depend on any, is always
    /// right; a model that says `false` saves work.
    fn depends_on(&self, _: Slot) -> bool {
        true
    }

    /// The same behind steps that were taken before: `so_far` becomes the transition of all of them. A
    /// model whose steps compose more cheaply than any two transitions says here how.
    ///
    /// # Errors
    /// The step's own transition, when both together depend on more than [`MAX_TERMS`] parameters;
    /// `so_far` is then as it was. The state has moved either way.
    #[expect(clippy::result_large_err, reason = "it is handed on, not reported")]
    fn extend(
        &self,
        nav: &mut Nav,
        parameters: &[f64],
        dt_s: f64,
        so_far: &mut Transition,
    ) -> Result<(), Transition> {
        let step = self.propagate(nav, parameters, dt_s);
        match so_far.then(&step) {
            Ok(()) => Ok(()),
            Err(TooManyTerms) => Err(step),
        }
    }
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
                let analytic = column(&step, index);
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
