//! Levenberg-Marquardt on the normal equations (Nielsen 1999 for the damping).

use nalgebra::DVector;

use super::envelope::Factor;
use super::rows::{Residual, Rows, Sums};
use super::{Chain, Options, SolveError, Unknown};

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

/// Which unknowns are fitted now, in their order, and which of them share rows.
#[derive(Clone, Debug)]
pub(super) struct Free {
    pub of: Vec<usize>,
    pub chain: Chain,
    /// Unknowns in all.
    pub count: usize,
}

impl Free {
    /// All of the chain, and these of the others.
    pub fn new(search: &Search<impl Fn(&[f64], &mut Rows)>, others: &[usize]) -> Self {
        let chain = search.options.chain;
        Self {
            of: (0..chain.unknowns).chain(others.iter().copied()).collect(),
            chain,
            count: search.unknowns.len(),
        }
    }

    /// Place of each unknown among those that are fitted.
    pub fn places(&self) -> Vec<Option<usize>> {
        let mut places = vec![None; self.count];
        self.of
            .iter()
            .enumerate()
            .for_each(|(place, of)| places[*of] = Some(place));
        places
    }

    /// First place that shares rows with each of them.
    pub fn starts(&self) -> Vec<usize> {
        let start = |of: &usize| match *of < self.chain.unknowns {
            true => of.saturating_sub(self.chain.reach),
            false => 0,
        };
        self.of.iter().map(start).collect()
    }
}

impl<M: Fn(&[f64], &mut Rows)> Search<'_, M> {
    /// The minimum over `free`, from `x`.
    pub fn minimum(&self, free: &Free, x: &[f64]) -> Result<Vec<f64>, SolveError> {
        let mut x = x.to_vec();
        if free.of.is_empty() {
            return Ok(x);
        }
        let mut sums = self.linearised(free, &x)?.0;
        let (mut damping, mut growth) = (1e-4, 2.0);
        for _ in 0..self.options.steps {
            let scales = scales(&sums);
            let factor = match sums.information.factored(&scales, damping) {
                Ok(factor) => factor,
                Err(row) => {
                    damping *= growth;
                    growth *= 2.0;
                    if damping > MOST_DAMPING {
                        return Err(self.undetermined(free, row));
                    }
                    continue;
                }
            };
            let step = -unscaled(&factor, &sums.gradient, &scales);
            let damped = damping * step.component_mul(&scales).norm_squared();
            let promised = 0.5 * (damped - step.dot(&sums.gradient));
            let mut next = x.clone();
            free.of
                .iter()
                .zip(step.iter())
                .for_each(|(of, step)| next[*of] += step);
            // Where nothing is left to win, the step is still worth taking: the gradient is exact.
            let enough = self.options.enough.max(CLOSE * sums.cost + NOTHING);
            if promised <= enough {
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
    pub fn linearised(&self, free: &Free, x: &[f64]) -> Result<(Sums, Vec<Residual>), SolveError> {
        let mut rows = Rows::new(self.options.robust, free, true);
        rows.residuals = Some(Vec::new());
        (self.model)(x, &mut rows);
        let residuals = rows.residuals.take().unwrap_or_default();
        let mut sums = rows.sums;
        for (place, of) in free.of.iter().enumerate() {
            let (error, information) = self.prior(*of, x);
            sums.cost += 0.5 * error * error * information;
            sums.gradient[place] += error * information;
            sums.information.add(place, place, information);
        }
        let finite = sums.cost.is_finite()
            && sums.gradient.iter().all(|value| value.is_finite())
            && sums.information.is_finite();
        if finite {
            Ok((sums, residuals))
        } else {
            Err(SolveError::NotFinite)
        }
    }

    fn cost(&self, free: &Free, x: &[f64]) -> f64 {
        let mut rows = Rows::new(self.options.robust, free, false);
        (self.model)(x, &mut rows);
        let prior = |of: &usize| {
            let (error, information) = self.prior(*of, x);
            0.5 * error * error * information
        };
        rows.sums.cost + free.of.iter().map(prior).sum::<f64>()
    }

    /// Distance from the guess, and the prior's information.
    fn prior(&self, of: usize, x: &[f64]) -> (f64, f64) {
        let unknown = &self.unknowns[of];
        (x[of] - unknown.guess, unknown.prior_sigma.powi(-2))
    }

    /// The unknown of a row, of which nothing is known.
    pub fn undetermined(&self, free: &Free, row: usize) -> SolveError {
        let name = self.unknowns[free.of[row]].name.clone();
        SolveError::Undetermined { name }
    }
}

/// Square roots of the diagonal, by which parameters of any unit become alike.
pub(super) fn scales(sums: &Sums) -> DVector<f64> {
    let one = |value: f64| if value > 0.0 { value.sqrt() } else { 1.0 };
    sums.information.diagonal().map(one)
}

fn unscaled(factor: &Factor, right: &DVector<f64>, scales: &DVector<f64>) -> DVector<f64> {
    let scaled = right.component_div(scales);
    factor
        .backward(&factor.forward(&scaled))
        .component_div(scales)
}
