//! Protection level: a bound that the position error exceeds with at most a stated probability.
//!
//! The error is bounded for each state of the world, "nothing is wrong" and "group i of measurements
//! is wrong", weighed by how likely each is (solution separation: Brown & McBurney 1988, for filters
//! Young & McGraw 2003; the sum over hypotheses as in Blanch et al. 2015, eq. 5):
//!   P₀ P(|e| > L | Σ₀) + Σ_i P_i P(|e_i| > L − |x₀ − x_i| | Σ_i) ≤ p
//! where x_i, Σ_i is the estimate that never saw group i. With λ the largest eigenvalue of the
//! horizontal covariance, P(|e| > L) ≤ exp(−L²/2λ); for the vertical, P(|e| > L) = erfc(L/√(2σ²)).
//! L is the smallest that meets the sum, found by bisection.

use nalgebra::{Matrix3, Vector3};
use wayfix_filter::Block;

use super::core::Filter;

/// A bound of the position error that is exceeded with at most the stated probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProtectionLevel {
    /// Of the horizontal error \[m\].
    pub horizontal_m: f64,
    /// Of the vertical error \[m\].
    pub vertical_m: f64,
}

/// A state of the world: how likely, how far its estimate is from the one that is given out, and its
/// variances.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Probability of it.
    pub probability: f64,
    /// Horizontal and vertical separation \[m\].
    pub apart_m: [f64; 2],
    /// Largest horizontal eigenvalue, vertical variance [m²].
    pub variance: [f64; 2],
}

impl Case {
    /// Of an estimate's position covariance.
    pub fn new(probability: f64, apart_m: [f64; 2], p: &Matrix3<f64>) -> Self {
        Self {
            probability,
            apart_m,
            variance: [largest_eigenvalue(p), p[(2, 2)].max(0.0)],
        }
    }

    /// Of another filter than the one whose estimate is given out.
    pub fn apart<const N: usize>(probability: f64, given: &Filter<N>, other: &Filter<N>) -> Self {
        let d = given.nav().p_n - other.nav().p_n;
        let p = other.settled_covariance(Block::Position);
        Self::new(probability, [d.xy().norm(), d.z.abs()], &p)
    }
}

/// Most states of the world that a protection level covers.
pub const MOST_CASES: usize = 48;

/// The cases of a moment ago as they are now: `then` is the covariance of the estimate that they were
/// of, `now` that of the estimate that has run ahead, which measurements have corrected by `corrected`
/// since. Each is less sure by as much as the estimate has become, and as far apart as if it had not
/// been corrected with it.
pub(super) fn carry_forward(
    cases: &mut [Case],
    then: &Matrix3<f64>,
    now: &Matrix3<f64>,
    corrected: &Vector3<f64>,
) {
    let grown = |now: f64, then: f64| (now - then).max(0.0);
    let horizontal = grown(largest_eigenvalue(now), largest_eigenvalue(then));
    let vertical = grown(now[(2, 2)], then[(2, 2)]);
    for (i, case) in cases.iter_mut().enumerate() {
        if i == 0 {
            case.variance = [largest_eigenvalue(now), now[(2, 2)].max(0.0)];
        } else {
            case.variance[0] += horizontal;
            case.variance[1] += vertical;
            case.apart_m[0] += corrected.xy().norm();
            case.apart_m[1] += corrected.z.abs();
        }
    }
}

/// Whether the level is above a limit, in one of the two: without the level itself.
pub(super) fn is_above(
    cases: &[Case],
    exceedance: f64,
    horizontal_m: Option<f64>,
    vertical_m: Option<f64>,
) -> bool {
    let above = |limit_m: Option<f64>, axis: usize, tail: fn(f64, f64) -> f64| {
        limit_m.is_some_and(|limit_m| risk(cases, axis, tail, limit_m) > exceedance)
    };
    above(horizontal_m, 0, rayleigh) || above(vertical_m, 1, normal)
}

/// Probability that the length of a horizontal error is larger, at most.
fn rayleigh(l: f64, variance: f64) -> f64 {
    libm::exp(-0.5 * l * l / variance)
}

/// Probability that the size of a vertical error is larger.
fn normal(l: f64, variance: f64) -> f64 {
    libm::erfc(l / libm::sqrt(2.0 * variance))
}

/// Probability that the error is larger than `l`.
fn risk(cases: &[Case], axis: usize, tail: fn(f64, f64) -> f64, l: f64) -> f64 {
    let of = |c: &Case| {
        let left = l - c.apart_m[axis];
        let share = if left <= 0.0 {
            1.0
        } else {
            tail(left, c.variance[axis].max(f64::MIN_POSITIVE))
        };
        c.probability * share
    };
    cases.iter().map(of).sum()
}

/// Larger eigenvalue of the horizontal part.
pub(super) fn largest_eigenvalue(p: &Matrix3<f64>) -> f64 {
    let mean = 0.5 * (p[(0, 0)] + p[(1, 1)]);
    let half = 0.5 * (p[(0, 0)] - p[(1, 1)]);
    (mean + half.hypot(p[(0, 1)])).max(0.0)
}

/// The level that all cases together exceed with at most `exceedance`.
pub(super) fn level(cases: &[Case], exceedance: f64) -> ProtectionLevel {
    ProtectionLevel {
        horizontal_m: smallest(cases, exceedance, 0, rayleigh),
        vertical_m: smallest(cases, exceedance, 1, normal),
    }
}

/// The smallest level that meets the sum, to a thousandth and never below it.
///
/// One case alone gives L_i = d_i + σ_i √(2 ln(P_i / p)), where P(|e| > L) = exp(−L²/2σ²); with n cases
/// the sum is met where each takes a share p/n. Between the two the logarithm of the risk is nearly a
/// straight line in L², along which the root is sought (regula falsi; Dowell & Jarratt 1971).
fn smallest(cases: &[Case], exceedance: f64, axis: usize, tail: fn(f64, f64) -> f64) -> f64 {
    /// The root is sought in so many steps at most, to this share of the level.
    const STEPS: usize = 12;
    const NEAR: f64 = 1e-3;
    let alone = |c: &Case, p: f64| {
        let ratio = c.probability / p;
        let sigmas = if ratio > 1.0 {
            libm::sqrt(2.0 * libm::log(ratio))
        } else {
            0.0
        };
        c.apart_m[axis] * f64::from(u8::from(ratio > 1.0)) + sigmas * libm::sqrt(c.variance[axis])
    };
    let most = |p: f64| cases.iter().map(|c| alone(c, p)).fold(0.0, f64::max);
    let excess = |l: f64| libm::log(risk(cases, axis, tail, l).max(f64::MIN_POSITIVE) / exceedance);
    let mut high = most(exceedance / cases.len().max(1) as f64);
    let mut above = excess(high);
    if above > 0.0 || high <= 0.0 {
        return high;
    }
    let mut low = 0.9 * most(exceedance);
    let mut below = excess(low);
    if below <= 0.0 {
        (high, above) = (low, below);
        low = 0.0;
        below = excess(low);
    }
    for _ in 0..STEPS {
        if high - low <= NEAR * high || below <= 0.0 {
            break;
        }
        let share = below / (below - above);
        let square = low * low + share * (high * high - low * low);
        // A little beyond the root: the next one is then on the other side.
        let l = libm::sqrt(square) + 0.25 * NEAR * high;
        let risk = excess(l);
        if risk > 0.0 {
            (low, below) = (l, risk);
            above *= 0.5;
        } else {
            (high, above) = (l, risk);
            below *= 0.5;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_case_gives_the_quantiles_of_rayleigh_and_normal() {
        let p = Matrix3::from_diagonal(&nalgebra::Vector3::new(4.0, 4.0, 9.0));
        let level = level(&[Case::new(1.0, [0.0; 2], &p)], 1e-3);
        assert!((level.horizontal_m - 2.0 * 3.717).abs() < 0.01, "{level:?}");
        assert!((level.vertical_m - 3.0 * 3.291).abs() < 0.02, "{level:?}");
    }

    #[test]
    fn a_likely_fault_whose_estimate_is_far_lifts_the_level_to_it() {
        let p = Matrix3::identity() * 0.01;
        let fault = |probability| {
            let cases = [
                Case::new(1.0, [0.0; 2], &p),
                Case::new(probability, [3.0, 0.0], &p),
            ];
            level(&cases, 1e-3).horizontal_m
        };
        assert!(fault(1e-2) > 3.0 && fault(1e-2) < 3.3);
        // One that is less likely than what is asked for needs no bound.
        assert!(fault(5e-4) < 0.5);
    }

    #[test]
    fn the_eigenvalue_is_the_long_axis() {
        let p = Matrix3::new(2.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 1.0);
        assert!((largest_eigenvalue(&p) - 3.0).abs() < 1e-12);
    }
}
