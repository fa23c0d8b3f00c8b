//! Robust, weighted least squares with priors: what every calibration stands on.
//!
//! ```text
//! x̂ = argmin Σ_b ρ(z_b) + Σ_i ((x_i − guess_i) / prior_i)²,   z_b = Σ (r / σ)² over the rows of block b
//! H = Σ_b w_b Jᵀ Σ⁻¹ J + diag(prior⁻²),   w_b = ρ'(z_b)
//! ```
//! Levenberg-Marquardt on the normal equations: rows are added into `H` one by one and never kept, so
//! that a few hundred parameters and a hundred thousand rows cost memory for `H` alone, and a row that
//! names few parameters costs time for those alone. The weights are those of iterated reweighting.
//!
//! How well the result is known (Huber, "Robust Statistics", 1981, eq. 7.6.6): with `ψ = √z w`
//! ```text
//! C = κ H⁻¹,   κ = max(1, (Σ ψ² / Σ w) · M / (M − n) / c²),   c = Σ ψ' / Σ w
//! ```
//! so residuals larger than their sigmas say widen `C`, smaller ones don't shrink it. Errors that last
//! make rows repeat each other; where the model says which part of the drive a row is of
//! ([`Rows::part`]), the spread of the parts' gradients `g_p` is a second view, `H⁻¹ (Σ g_p g_pᵀ) H⁻¹`
//! (White 1980), and each sigma is the larger of the two.
//!
//! Whether the drive could show a parameter ([`Observed`]) is its sigma against the prior's. What it
//! did not show is put back to the guess and the rest is fitted again.
//!
//! Rotations are rotation vectors about a nominal attitude that the model keeps.
//!
//! Where a drive itself is unknown ([`Chain`]), its poses come first among the unknowns, each sharing
//! rows with its neighbours and with the parameters behind them all: `H` is a band with a border, and
//! an hour of poses costs no more than its entries (`envelope.rs`).
//!
//! ```
//! use wayfix_calibration::Observed;
//! use wayfix_calibration::least_squares::{Options, Robust, Unknown, solve};
//! // A line through points, one of them wild; x stays near 1, so that it shows little of the slope.
//! let points = [(1.00, 5.1), (1.01, 5.0), (1.02, 4.9), (0.99, 5.0), (1.01, 19.0)];
//! let unknowns = [Unknown::new("offset", 0.0, 100.0), Unknown::new("slope", 2.0, 0.1)];
//! let options = Options { robust: Robust::StudentT { freedom: 4.0 }, ..Options::default() };
//! let line = solve(&unknowns, &options, |x, rows| {
//!     for (at, y) in points {
//!         rows.push(x[0] + x[1] * at - y, 0.1, &[(0, 1.0), (1, at)]);
//!     }
//! })?;
//! assert!((line.parameters[0].value - 3.0).abs() < 3.0 * line.parameters[0].sigma);
//! assert_eq!(line.parameters[1].observed, Observed::No);
//! # Ok::<(), wayfix_calibration::least_squares::SolveError>(())
//! ```

mod envelope;
mod known;
mod numeric;
mod robust;
mod rows;
mod search;
mod settle;

use nalgebra::DMatrix;
use thiserror::Error;

use crate::parameter::{Observed, Parameter};
use known::Known;
pub use numeric::jacobian_error;
pub(crate) use numeric::{linearise, minimise, residuals};
pub use robust::Robust;
pub use rows::{Residual, Rows};
use search::{Free, Search};
pub(crate) use settle::Settling;

/// A parameter that is sought.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// Its name with its unit.
    pub name: String,
    /// Where the search begins, and the middle of the prior.
    pub guess: f64,
    /// Prior standard deviation, in the parameter's unit; infinite where nothing is known.
    pub prior_sigma: f64,
}

impl Unknown {
    /// From its parts.
    #[must_use]
    pub fn new(name: impl Into<String>, guess: f64, prior_sigma: f64) -> Self {
        Self {
            name: name.into(),
            guess,
            prior_sigma,
        }
    }
}

/// How the search works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// What a residual costs.
    pub robust: Robust,
    /// Steps after which the search is given up.
    pub steps: usize,
    /// Unknowns of the drive itself, before the parameters.
    pub chain: Chain,
    /// The search ends, too, where a step promises less than this, in half squares of a sigma.
    pub enough: f64,
}

/// Unknowns at the front that are not asked for, such as the poses of a drive: fitted along with the
/// rest, never judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// How many.
    pub unknowns: usize,
    /// A row may name two of them that are at most so many places apart.
    pub reach: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            robust: Robust::None,
            steps: 200,
            chain: Chain::default(),
            enough: 0.0,
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The unknowns of the chain.
    pub chain: Vec<f64>,
    /// Every parameter, in the order of the unknowns, without the chain.
    pub parameters: Vec<Parameter>,
    /// Covariance of what the drive showed; zero in the rows of what it did not.
    pub covariance: DMatrix<f64>,
    /// Largest correlation between two parameters that were shown, with their names: near one, the
    /// drive shows only a combination of them.
    pub correlation: (f64, String, String),
    /// Variance of the residuals against what their sigmas say; about 1 where they fit.
    pub variance_ratio: f64,
    /// All rows at the solution, in the model's order.
    pub residuals: Vec<Residual>,
}

impl Solution {
    /// Makes the chain that was found the next guess of unknowns that have no prior but the first.
    pub(crate) fn hand_on(&self, unknowns: &mut [Unknown]) {
        for (unknown, found) in unknowns.iter_mut().zip(&self.chain) {
            if unknown.prior_sigma.is_infinite() {
                unknown.guess = *found;
            }
        }
    }

    /// Of the first `count` parameters, the two that are told apart least: their correlation and names.
    /// What was not shown has none.
    pub(crate) fn least_apart(&self, count: usize) -> (f64, String, String) {
        let covariance = &self.covariance;
        let mut largest = (0.0, String::new(), String::new());
        for (i, j) in (0..count).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let value = covariance[(i, j)] / (covariance[(i, i)] * covariance[(j, j)]).sqrt();
            if value.abs() > f64::abs(largest.0) {
                let name = |k: usize| self.parameters[k].name.clone();
                largest = (value, name(j), name(i));
            }
        }
        largest
    }

    /// The values alone, the chain's first.
    #[must_use]
    pub fn x(&self) -> Vec<f64> {
        let parameters = self.parameters.iter().map(|p| p.value);
        self.chain.iter().copied().chain(parameters).collect()
    }
}

/// Why there is no solution.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SolveError {
    /// The model gave something that is not a number.
    #[error("a residual or its derivative is not finite")]
    NotFinite,
    /// Fewer rows than what is sought, and no priors to stand in.
    #[error("neither the data nor a prior says anything of {name}")]
    Undetermined {
        /// The parameter, or a combination that it leads.
        name: String,
    },
    /// No minimum within the steps.
    #[error("no minimum within {steps} steps")]
    NotConverged {
        /// Steps taken.
        steps: usize,
    },
}

/// Fits the unknowns to the rows that `model` gives at any `x`.
///
/// # Errors
/// Rows that are not finite, parameters of which nothing is known, no minimum.
pub fn solve(
    unknowns: &[Unknown],
    options: &Options,
    model: impl Fn(&[f64], &mut Rows),
) -> Result<Solution, SolveError> {
    let search = Search {
        unknowns,
        options,
        model: &model,
    };
    let guess: Vec<f64> = unknowns.iter().map(|u| u.guess).collect();
    let chain = options.chain.unknowns;
    let all: Vec<usize> = (chain..unknowns.len()).collect();
    let free = |of: &[usize]| Free::new(&search, of);
    let mut x = search.minimum(&free(&all), &guess)?;
    let first = Known::at(&search, &free(&all), &x)?;
    let mut observed = first.observed.clone();
    let mut sigmas = first.sigmas.clone();
    let is_shown = |of: &usize| first.observed[*of - chain] != Observed::No;
    let shown: Vec<usize> = all.iter().copied().filter(is_shown).collect();
    let mut known = first.clone();
    if shown.len() < all.len() {
        for of in all.iter().filter(|of| !is_shown(of)) {
            x[*of] = guess[*of];
            sigmas[*of - chain] = first.sigmas[*of - chain].min(unknowns[*of].prior_sigma);
        }
        x = search.minimum(&free(&shown), &x)?;
        known = Known::at(&search, &free(&shown), &x)?;
        for (k, of) in shown.iter().enumerate() {
            // What is held is not known any better for it.
            sigmas[*of - chain] = sigmas[*of - chain].max(known.sigmas[k]);
            if known.observed[k] == Observed::No {
                observed[*of - chain] = Observed::Weakly;
            }
        }
    }
    let size = all.len();
    let mut covariance = DMatrix::zeros(size, size);
    for (i, a) in shown.iter().enumerate() {
        for (j, b) in shown.iter().enumerate() {
            let (a, b) = (a - chain, b - chain);
            let scale = sigmas[a] * sigmas[b] / (known.sigmas[i] * known.sigmas[j]);
            covariance[(a, b)] = scale * known.covariance[(i, j)];
        }
    }
    let parameter = |of: usize| Parameter {
        name: unknowns[of].name.clone(),
        guess: unknowns[of].guess,
        value: x[of],
        sigma: sigmas[of - chain],
        observed: observed[of - chain],
    };
    let solution = Solution {
        chain: x[..chain].to_vec(),
        parameters: all.iter().map(|of| parameter(*of)).collect(),
        covariance,
        correlation: Default::default(),
        variance_ratio: known.variance_ratio,
        residuals: known.residuals,
    };
    Ok(Solution {
        correlation: solution.least_apart(size),
        ..solution
    })
}

#[cfg(test)]
mod tests;
