//! Non-linear least squares: the border to `levenberg-marquardt`, which speaks an older nalgebra than
//! the rest of the workspace.
//!
//! Residuals are functions of parameters that are scaled to about one. The Jacobian is taken by
//! central differences: the models here are a few hundred lines of arithmetic on thousands of rows,
//! and at a relative error of 1e-9 the derivative costs nothing that matters.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::DMatrix;
use nalgebra_lm::storage::Owned;
use nalgebra_lm::{DMatrix as LmMatrix, DVector as LmVector, Dyn};

/// Step of the central differences; parameters are of the order of one.
const STEP: f64 = 1e-5;
/// The search ends when cost or parameters change by less than this share.
const CLOSE: f64 = 1e-10;

/// Minimises the sum of the squares of `residuals` from a start.
///
/// `Err` with the reason where the search did not end in a minimum.
pub(crate) fn minimise(
    start: &[f64],
    residuals: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<Vec<f64>, String> {
    let problem = Problem {
        x: LmVector::from_row_slice(start),
        residuals,
    };
    let (problem, report) = LevenbergMarquardt::new()
        .with_patience(200)
        .with_ftol(CLOSE)
        .with_xtol(CLOSE)
        .minimize(problem);
    if !report.termination.was_successful() {
        return Err(format!("{:?}", report.termination));
    }
    Ok(problem.x.iter().copied().collect())
}

/// Residuals at `x` and their derivatives, one row a residual.
///
/// `Err` where one of them is not finite.
pub(crate) fn linearise(
    x: &[f64],
    residuals: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<(Vec<f64>, DMatrix<f64>), String> {
    let columns = differences(x, &residuals);
    let residuals = residuals(x);
    let jacobian = DMatrix::from_fn(residuals.len(), x.len(), |row, column| columns[column][row]);
    if !jacobian
        .iter()
        .chain(&residuals)
        .all(|value| value.is_finite())
    {
        return Err("the derivatives are not finite".to_owned());
    }
    Ok((residuals, jacobian))
}

/// Central differences, one column a parameter.
fn differences(x: &[f64], residuals: &impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let column = |index: usize| {
        let at = |step: f64| {
            let mut moved = x.to_vec();
            moved[index] += step;
            residuals(&moved)
        };
        at(STEP)
            .iter()
            .zip(at(-STEP))
            .map(|(up, down)| (up - down) / (2.0 * STEP))
            .collect()
    };
    (0..x.len()).map(column).collect()
}

struct Problem<F> {
    x: LmVector<f64>,
    residuals: F,
}

impl<F: Fn(&[f64]) -> Vec<f64>> LeastSquaresProblem<f64, Dyn, Dyn> for Problem<F> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, x: &LmVector<f64>) {
        self.x.copy_from(x);
    }

    fn params(&self) -> LmVector<f64> {
        self.x.clone()
    }

    fn residuals(&self) -> Option<LmVector<f64>> {
        let residuals = (self.residuals)(self.x.as_slice());
        residuals
            .iter()
            .all(|r| r.is_finite())
            .then(|| LmVector::from_vec(residuals))
    }

    fn jacobian(&self) -> Option<LmMatrix<f64>> {
        let columns = differences(self.x.as_slice(), &self.residuals);
        let rows = columns.first()?.len();
        Some(LmMatrix::from_fn(rows, columns.len(), |row, column| {
            columns[column][row]
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_rosenbrock() {
        let rosenbrock = |x: &[f64]| vec![1.0 - x[0], 10.0 * (x[1] - x[0] * x[0])];
        let x = minimise(&[-1.2, 1.0], rosenbrock).unwrap();
        assert!(x.iter().all(|value| (value - 1.0).abs() < 1e-6));
        let (residuals, jacobian) = linearise(&x, rosenbrock).unwrap();
        assert!(residuals.iter().all(|residual| residual.abs() < 1e-5));
        assert!((jacobian[(1, 0)] + 20.0).abs() < 1e-4);
    }

    #[test]
    fn says_why_it_failed() {
        assert!(minimise(&[1.0], |_: &[f64]| vec![f64::NAN; 3]).is_err());
    }
}
