//! How well the result is known.

use nalgebra::{DMatrix, DVector};

use super::SolveError;
use super::rows::{Residual, Rows};
use super::search::{Free, Search, scales};
use crate::parameter::Observed;

/// Least parts of a drive whose spread says something.
const LEAST_PARTS: usize = 8;

/// What is known of the fitted parameters behind the chain, in their order.
#[derive(Clone)]
pub(super) struct Known {
    pub covariance: DMatrix<f64>,
    pub sigmas: Vec<f64>,
    pub observed: Vec<Observed>,
    pub variance_ratio: f64,
    pub residuals: Vec<Residual>,
}

impl Known {
    pub fn at<M: Fn(&[f64], &mut Rows)>(
        search: &Search<M>,
        free: &Free,
        x: &[f64],
    ) -> Result<Self, SolveError> {
        let (sums, residuals) = search.linearised(free, x)?;
        let scales = scales(&sums);
        let factor = (sums.information.factored(&scales, 0.0))
            .map_err(|row| search.undetermined(free, row))?;
        // L⁻¹ of what is behind the chain, whose square is the inverse there.
        let chain = free.chain.unknowns;
        let size = free.of.len() - chain;
        let tail = factor.tail(chain);
        let mut root = (tail.solve_lower_triangular(&DMatrix::identity(size, size)))
            .ok_or_else(|| search.undetermined(free, chain))?;
        for (j, mut column) in root.column_iter_mut().enumerate() {
            column /= scales[chain + j];
        }
        let inverse = root.transpose() * &root;
        let step = |gradient: &DVector<f64>| {
            let reduced = factor.forward(&gradient.component_div(&scales));
            root.transpose() * reduced.rows(chain, size)
        };

        let freedom = (sums.rows - free.of.len() as f64).max(1.0);
        let (mut ratio, mut steepness) = (1.0, 1.0);
        if sums.weights > 0.0 {
            steepness = (sums.psi_slopes / sums.weights).max(0.1);
            let psi = sums.psi_squares / sums.weights;
            ratio = psi * sums.rows / freedom / (steepness * steepness);
        }
        let mut covariance = &inverse * ratio.max(1.0);
        let widths = by_parts(size, step, &sums.parts, steepness)
            .zip_map(&covariance.diagonal(), |by_parts, by_rows| {
                (by_parts / by_rows).max(1.0).sqrt()
            });
        for (i, j) in (0..size).flat_map(|i| (0..size).map(move |j| (i, j))) {
            covariance[(i, j)] *= widths[i] * widths[j];
        }
        let sigmas: Vec<f64> = covariance.diagonal().iter().map(|v| v.sqrt()).collect();
        let observed = free.of[chain..]
            .iter()
            .zip(&sigmas)
            .map(|(of, sigma)| Observed::by_share(sigma / search.unknowns[*of].prior_sigma));
        Ok(Self {
            observed: observed.collect(),
            covariance,
            sigmas,
            variance_ratio: ratio,
            residuals,
        })
    }
}

/// Variances by the spread of the parts' gradients; `step` is how far a gradient moves the result.
fn by_parts(
    size: usize,
    step: impl Fn(&DVector<f64>) -> DVector<f64>,
    parts: &[DVector<f64>],
    steepness: f64,
) -> DVector<f64> {
    let parts: Vec<_> = parts.iter().filter(|part| part.amax() > 0.0).collect();
    let count = parts.len();
    if count < LEAST_PARTS {
        return DVector::zeros(size);
    }
    let steps = parts.iter().map(|part| step(part));
    let squares = steps.fold(DVector::zeros(size), |sum, step| {
        sum + step.component_mul(&step)
    });
    squares * (count as f64 / (count as f64 - 1.0) / (steepness * steepness))
}
