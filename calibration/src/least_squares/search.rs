//! Levenberg-Marquardt on the normal equations (Nielsen 1999 for the damping).

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::rows::{Residual, Rows, Sums};
use super::{Options, SolveError, Unknown};

/// The search ends when a step promises less than this share of the cost, or this much: the cost is in
/// squares of sigmas, so that is a ten-thousandth of a sigma.
const CLOSE: f64 = 1e-10;
const NOTHING: f64 = 1e-9;
/// A search that can't step any more is at the minimum where the promise is less than this share.
const STALLED: f64 = 1e-6;
/// Damping at which it can't.
const MOST_DAMPING: f64 = 1e14;

/// A problem.
pub(super) struct Search<'a, M> {
    pub unknowns: &'a [Unknown],
    pub options: &'a Options,
    pub model: &'a M,
}

impl<M: Fn(&[f64], &mut Rows)> Search<'_, M> {
    /// The minimum over `free`, from `x`.
    pub fn minimum(&self, free: &[usize], x: &[f64]) -> Result<Vec<f64>, SolveError> {
        let mut x = x.to_vec();
        if free.is_empty() {
            return Ok(x);
        }
        let mut sums = self.linearised(free, &x)?.0;
        let (mut damping, mut growth) = (1e-4, 2.0);
        for _ in 0..self.options.steps {
            let scales = scales(&sums.information);
            let damped = DMatrix::from_diagonal(&scales.map(|s| damping * s * s));
            let Some(factor) = factored(&(&sums.information + &damped), &scales) else {
                damping *= growth;
                growth *= 2.0;
                if damping > MOST_DAMPING {
                    return Err(self.undetermined(free, &sums));
                }
                continue;
            };
            let step = -unscaled(&factor, &sums.gradient, &scales);
            let promised = 0.5 * (step.dot(&(&damped * &step)) - step.dot(&sums.gradient));
            let mut next = x.clone();
            free.iter()
                .zip(step.iter())
                .for_each(|(of, step)| next[*of] += step);
            // Where nothing is left to win, the step is still worth taking: the gradient is exact.
            if promised <= CLOSE * sums.cost + NOTHING {
                let cost = self.cost(free, &next);
                return Ok(if cost <= sums.cost { next } else { x });
            }
            let cost = self.cost(free, &next);
            if cost.is_finite() && cost < sums.cost {
                let gain = (sums.cost - cost) / promised;
                x = next;
                sums = self.linearised(free, &x)?.0;
                damping = (damping * (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 3.0)).max(1e-14);
                growth = 2.0;
            } else {
                damping *= growth;
                growth *= 2.0;
                if damping > MOST_DAMPING {
                    if promised <= STALLED * sums.cost {
                        return Ok(x);
                    }
                    break;
                }
            }
        }
        Err(SolveError::NotConverged {
            steps: self.options.steps,
        })
    }

    /// Everything at `x`: sums with the priors in them, and the rows.
    pub fn linearised(
        &self,
        free: &[usize],
        x: &[f64],
    ) -> Result<(Sums, Vec<Residual>), SolveError> {
        let mut rows = Rows::new(self.options.robust, self.unknowns.len(), free, true);
        rows.residuals = Some(Vec::new());
        (self.model)(x, &mut rows);
        let residuals = rows.residuals.take().unwrap_or_default();
        let mut sums = rows.sums;
        for (place, of) in free.iter().enumerate() {
            let (error, information) = self.prior(*of, x);
            sums.cost += 0.5 * error * error * information;
            sums.gradient[place] += error * information;
            sums.information[(place, place)] += information;
        }
        sums.information.fill_lower_triangle_with_upper_triangle();
        let finite = sums.cost.is_finite()
            && sums.gradient.iter().all(|value| value.is_finite())
            && sums.information.iter().all(|value| value.is_finite());
        if finite {
            Ok((sums, residuals))
        } else {
            Err(SolveError::NotFinite)
        }
    }

    fn cost(&self, free: &[usize], x: &[f64]) -> f64 {
        let mut rows = Rows::new(self.options.robust, self.unknowns.len(), free, false);
        (self.model)(x, &mut rows);
        let prior = |of: &usize| {
            let (error, information) = self.prior(*of, x);
            0.5 * error * error * information
        };
        rows.sums.cost + free.iter().map(prior).sum::<f64>()
    }

    /// Distance from the guess, and the prior's information.
    fn prior(&self, of: usize, x: &[f64]) -> (f64, f64) {
        let unknown = &self.unknowns[of];
        (x[of] - unknown.guess, unknown.prior_sigma.powi(-2))
    }

    /// Which of the unknowns nothing is known of.
    pub fn undetermined(&self, free: &[usize], sums: &Sums) -> SolveError {
        let scales = scales(&sums.information);
        let scaled = scaled(&sums.information, &scales);
        let eigen = scaled.symmetric_eigen();
        let least = eigen.eigenvalues.imin();
        let leads = eigen.eigenvectors.column(least).iamax();
        let nothing = (0..free.len()).find(|k| sums.information[(*k, *k)] == 0.0);
        let of = free[nothing.unwrap_or(leads)];
        let name = self.unknowns[of].name.clone();
        SolveError::Undetermined { name }
    }
}

/// Square roots of the diagonal, by which parameters of any unit become alike.
pub(super) fn scales(information: &DMatrix<f64>) -> DVector<f64> {
    let one = |value: f64| if value > 0.0 { value.sqrt() } else { 1.0 };
    information.diagonal().map(one)
}

fn scaled(matrix: &DMatrix<f64>, scales: &DVector<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| {
        matrix[(i, j)] / (scales[i] * scales[j])
    })
}

/// Cholesky factor of the scaled matrix; `None` where it is singular to working precision.
pub(super) fn factored(matrix: &DMatrix<f64>, scales: &DVector<f64>) -> Option<Cholesky<f64, Dyn>> {
    let factor = Cholesky::new(scaled(matrix, scales))?;
    let pivots = factor.l_dirty().diagonal();
    (pivots.min() > 1e-7 * pivots.max()).then_some(factor)
}

fn unscaled(
    factor: &Cholesky<f64, Dyn>,
    right: &DVector<f64>,
    scales: &DVector<f64>,
) -> DVector<f64> {
    factor
        .solve(&right.component_div(scales))
        .component_div(scales)
}
