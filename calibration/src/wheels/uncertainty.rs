//! How well the parameters are known, and whether the drive could show them.
//!
//! Neither view's residuals are independent (segments overlap, and what went wrong once stays in the
//! path), but what goes wrong in different parts of the drive is. So each part is left out in turn,
//! and what that changes is the spread `V` (delete-block jackknife, one Gauss-Newton step each). With
//! `H` the information of data and priors together, and `P` of the priors alone,
//! ```text
//! C = V + H⁻¹ P H⁻¹
//! ```
//! Whether the drive could show a parameter follows from `H`, rows that repeat each other counted
//! once: where the sigma by it is not far below the prior's, the drive did not excite the parameter.
//! Where the sigma in `C` is above the prior's, the drive contradicts itself on it: no better.

use std::ops::Range;

use nalgebra::{Cholesky, DMatrix, DVector};

use super::WheelsError;
use super::fit::{Drive, Minimum, Search, placed};
use super::segments::OVERLAP;
use crate::least_squares::linearise;
use crate::parameter::Observed;

/// Most parts of the drive that are left out in turn, and the least length of one in segments.
const PARTS: usize = 16;
const PART_SEGMENTS: usize = 2;

/// How well the fitted parameters are known.
pub(super) struct Known {
    /// Sigmas, in units of `x`.
    pub sigmas: Vec<f64>,
    /// What the drive could show.
    pub observed: Vec<Observed>,
    /// Largest correlation in `H⁻¹`.
    pub correlation: (f64, String, String),
}

impl<D: Drive> Search<'_, D> {
    /// How well `fitted` are known at the minimum.
    pub(super) fn known(&self, fitted: &[usize], at: &Minimum) -> Result<Known, WheelsError> {
        let size = fitted.len();
        let priors = fitted.iter().map(|of| self.unknowns[*of].prior);
        let priors = DVector::from_iterator(size, priors);
        let of_priors = DMatrix::from_diagonal(&priors.map(|prior| prior.powi(-2)));

        let (information, _) = self.linear(fitted, at, &(0..0))?;
        let inverse = inverse(information.clone())?;
        let mut covariance = self.spread(fitted, at)?;
        covariance += &inverse * &of_priors * &inverse;

        // Each row is in so many segments, and in the path where that counts.
        let repeats = (OVERLAP + D::VIEWS - 1) as f64;
        let excited = (information - &of_priors) / repeats + of_priors;
        let excited = self::inverse(excited)?.diagonal();
        let sigmas = covariance.diagonal().map(f64::sqrt);
        let shares = excited.map(f64::sqrt).component_div(&priors);
        let contradicted = sigmas
            .iter()
            .zip(&priors)
            .map(|(sigma, prior)| sigma > prior);
        let verdict = |(share, contradicted)| match contradicted {
            true => Observed::No,
            false => Observed::by_share(share),
        };
        Ok(Known {
            observed: shares
                .iter()
                .copied()
                .zip(contradicted)
                .map(verdict)
                .collect(),
            sigmas: sigmas.inf(&priors).as_slice().to_vec(),
            correlation: self.correlation(fitted, &inverse),
        })
    }

    /// Information and gradient of data and priors at the minimum, without what touches the rows.
    fn linear(
        &self,
        fitted: &[usize],
        at: &Minimum,
        left_out: &Range<usize>,
    ) -> Result<(DMatrix<f64>, DVector<f64>), WheelsError> {
        let part: Vec<f64> = fitted.iter().map(|of| at.x[*of]).collect();
        let residuals = |part: &[f64]| {
            let x = placed(&at.x, fitted, part);
            self.residuals(fitted, &x, &at.sigmas[..D::VIEWS], left_out)
        };
        let (residuals, jacobian) = linearise(&part, residuals).map_err(WheelsError::Diverged)?;
        let transposed = jacobian.transpose();
        Ok((
            &transposed * jacobian,
            transposed * DVector::from_vec(residuals),
        ))
    }

    /// Delete-block jackknife.
    fn spread(&self, fitted: &[usize], at: &Minimum) -> Result<DMatrix<f64>, WheelsError> {
        let parts = self.parts();
        let count = parts.len() as f64;
        let steps = parts
            .iter()
            .map(|part| {
                let (information, gradient) = self.linear(fitted, at, part)?;
                Ok(inverse(information)? * gradient)
            })
            .collect::<Result<Vec<_>, WheelsError>>()?;
        // Segments reach beyond their part, so that more than it is left out.
        let touching = |part| self.segments.iter().filter(|s| !s.is_apart(part)).count();
        let touching: usize = parts.iter().map(touching).sum();
        let share = touching as f64 / (count * self.segments.len() as f64);
        let mean = steps.iter().sum::<DVector<f64>>() / count;
        let squares = steps
            .iter()
            .map(|step| step - &mean)
            .map(|step| &step * step.transpose());
        let flatter = match D::VIEWS {
            1 => self.flatter(at),
            _ => 1.0,
        };
        let share = (1.0 - share) / (share * count);
        Ok(squares.sum::<DMatrix<f64>>() * share * flatter.powi(2))
    }

    /// How much flatter the robust cost is than Gauss-Newton takes it, over all segments: so much farther
    /// the minimum moves. Along the error its curvature is `(1 + z)^-3/2`, across it `(1 + z)^-1/2`.
    /// (Where the path counts, whose errors last, the spread is wide enough without.)
    fn flatter(&self, at: &Minimum) -> f64 {
        let (mut taken, mut is) = (0.0, 0.0_f64);
        let sigma = at.sigmas[0];
        for [x, y, yaw] in &self.errors(&at.x, &(0..0))[0] {
            let z = (x / sigma.0).powi(2) + (y / sigma.0).powi(2) + (yaw / sigma.1).powi(2);
            let root: f64 = (1.0 + z).sqrt();
            taken += 4.0 / (1.0 + root) + (1.0 + root) / (2.0 * root * root);
            is += 2.0 / root + root.powi(-3);
        }
        taken / is
    }

    /// The drive in parts, as rows.
    fn parts(&self) -> Vec<Range<usize>> {
        let (first, last) = match self.segments {
            [first, .., last] => (first.from, last.until),
            _ => (0, 0),
        };
        let count = (self.segments.len() / (OVERLAP * PART_SEGMENTS)).clamp(2, PARTS);
        let edge = |k: usize| first + (last - first) * k / count;
        (0..count).map(|k| edge(k)..edge(k + 1)).collect()
    }

    fn correlation(&self, fitted: &[usize], covariance: &DMatrix<f64>) -> (f64, String, String) {
        let mut largest = (0.0, String::new(), String::new());
        for (i, a) in fitted.iter().enumerate() {
            for (j, b) in fitted.iter().enumerate().take(i) {
                let value = covariance[(i, j)] / (covariance[(i, i)] * covariance[(j, j)]).sqrt();
                if value.abs() > f64::abs(largest.0) {
                    let name = |of: usize| self.unknowns[of].name.to_owned();
                    largest = (value, name(*b), name(*a));
                }
            }
        }
        largest
    }
}

fn inverse(information: DMatrix<f64>) -> Result<DMatrix<f64>, WheelsError> {
    let singular = || WheelsError::Diverged("the information matrix is singular".to_owned());
    Ok(Cholesky::new(information).ok_or_else(singular)?.inverse())
}
