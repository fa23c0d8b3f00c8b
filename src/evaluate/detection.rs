//! What a chi-square gate sees: the smallest error that it refuses with a stated probability.
//!
//! An error that moves the innovation by δ makes its NIS non-central chi-square with m degrees of
//! freedom and λ = δᵀ S⁻¹ δ. That is a Poisson mixture of central ones, so a gate g refuses it with
//!   P(λ) = 1 − Σ_j e^(−λ/2) (λ/2)^j / j! · F_{m+2j}(g)
//! which grows with λ; the λ of a stated P gives the minimal detectable bias (Baarda 1968, "A testing
//! procedure for use in geodetic networks"; Teunissen 2006, "Testing theory", ch. 4). In one component
//! of sigma √S_ii it is √λ √S_ii at most: (S⁻¹)_ii is never below 1 / S_ii, and equal to it where the
//! components are uncorrelated. For m = 1 this is nearly √λ = √g + Φ⁻¹(P).

use statrs::distribution::{ChiSquared, ContinuousCDF};
use statrs::function::gamma::ln_gamma;

/// Probability that a gate refuses an innovation of `dimension` components with non-centrality λ.
#[must_use]
pub fn refused(gate: f64, dimension: usize, lambda: f64) -> f64 {
    let Ok(central) = ChiSquared::new(dimension.max(1) as f64) else {
        return f64::NAN;
    };
    if !gate.is_finite() {
        return 0.0;
    }
    let (x, mean) = (0.5 * gate, 0.5 * lambda);
    let half = 0.5 * dimension.max(1) as f64;
    // F_{k+2}(g) = F_k(g) − (g/2)^(k/2) e^(−g/2) / Γ(k/2 + 1).
    let mut passed = central.cdf(gate);
    // By their logarithms: e^(−g/2) and e^(−λ/2) alone may be too small for a number.
    let mut ln_fall = half * x.ln() - x - ln_gamma(half + 1.0);
    let mut ln_weight = -mean;
    let (mut sum, mut j) = (0.0, 0.0);
    loop {
        sum += ln_weight.exp() * passed;
        if passed <= 1e-15 || (j > mean && ln_weight < -40.0) {
            return (1.0 - sum).clamp(0.0, 1.0);
        }
        passed = (passed - ln_fall.exp()).max(0.0);
        j += 1.0;
        ln_fall += x.ln() - (half + j).ln();
        ln_weight += mean.ln() - j.ln();
    }
}

/// √λ of the smallest error that the gate refuses with `probability`: how many sigmas √S_ii of
/// innovation one component must be off. Infinite without a gate.
///
/// ```
/// // Baarda's classic: a test of 0.1 % sees 4.13 sigmas with 80 %.
/// let sigmas = wayfix::evaluate::detection::minimal_sigmas(10.8276, 1, 0.8);
/// assert!((sigmas - 4.13).abs() < 0.005);
/// ```
#[must_use]
pub fn minimal_sigmas(gate: f64, dimension: usize, probability: f64) -> f64 {
    if !gate.is_finite() {
        return f64::INFINITY;
    }
    let sees = |sigmas: f64| refused(gate, dimension, sigmas * sigmas) >= probability;
    let mut high = gate.max(0.0).sqrt() + 1.0;
    while !sees(high) {
        high *= 2.0;
    }
    let mut low = 0.0;
    while high - low > 1e-6 * high {
        let middle = 0.5 * (low + high);
        (low, high) = if sees(middle) {
            (low, middle)
        } else {
            (middle, high)
        };
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::noise::{normal, stream};

    #[test]
    fn without_an_error_the_gate_refuses_what_it_says() {
        for (gate, dimension) in [(3.841_459, 1), (7.814_728, 3), (15.507_313, 8)] {
            assert!((refused(gate, dimension, 0.0) - 0.05).abs() < 1e-6);
        }
    }

    #[test]
    fn one_component_has_a_closed_form() {
        let normal = statrs::distribution::Normal::standard();
        for gate in [1.0, 6.63, 15.137] {
            for delta in [0.5, 2.0, 4.0, 7.0] {
                let root = f64::sqrt(gate);
                let exact = normal.cdf(delta - root) + normal.cdf(-delta - root);
                let ours = refused(gate, 1, delta * delta);
                assert!(
                    (ours - exact).abs() < 1e-10,
                    "{gate} {delta}: {ours} {exact}"
                );
            }
        }
    }

    /// An error along one axis, or shared by all: the same λ is refused as often.
    #[test]
    fn several_components_are_refused_as_often_as_drawn_ones() {
        const DRAWS: u32 = 20_000;
        let mut rng = stream(3, "detection");
        for dimension in [2_usize, 3, 8] {
            let gate = ChiSquared::new(dimension as f64).unwrap().inverse_cdf(0.99);
            let sigmas = minimal_sigmas(gate, dimension, 0.8);
            for shared in [false, true] {
                let shift = |i: usize| match (shared, i) {
                    (true, _) => sigmas / (dimension as f64).sqrt(),
                    (false, 0) => sigmas,
                    (false, _) => 0.0,
                };
                let mut seen = 0_u32;
                for _ in 0..DRAWS {
                    let nis: f64 = (0..dimension)
                        .map(|i| (shift(i) + normal(&mut rng, 1.0)).powi(2))
                        .sum();
                    seen += u32::from(nis > gate);
                }
                let share = f64::from(seen) / f64::from(DRAWS);
                // Four sigmas of a share of 0.8 of so many draws.
                assert!(
                    (share - 0.8).abs() < 4.0 * 0.4 / f64::from(DRAWS).sqrt(),
                    "{share}"
                );
            }
        }
    }

    #[test]
    fn extreme_gates_stay_finite() {
        assert!(minimal_sigmas(f64::INFINITY, 1, 0.8).is_infinite());
        assert!(minimal_sigmas(0.0, 2, 0.8) < 0.1);
        let far = minimal_sigmas(3000.0, 8, 0.8);
        assert!((50.0..60.0).contains(&far), "{far}");
    }
}
