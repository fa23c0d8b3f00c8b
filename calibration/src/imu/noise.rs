//! White noise, bias instability and random walk from an Allan curve.
//!
//! ```text
//! σ²(τ) = 3 Q²/τ² + N²/τ + (2 ln 2 / π) B² + K² τ/3
//! ```
//! is linear in `Q², N², B², K²`, none of them negative: least squares of `σ²` with its own relative
//! errors, over the fifteen ways to leave terms out; the best one that has no negative term, and none
//! that explains no more than chance, is the answer. The weights come from the curve first and from the fit then (errors relative to a noisy
//! value would favour small ones).
//!
//! | term | slope | what |
//! |---|---|---|
//! | Q | −1 | quantisation; units that filter their output have some of it |
//! | N | −1/2 | white noise, `gyro_density_radps_rthz` |
//! | B | 0 | bias instability |
//! | K | +1/2 | random walk of the bias, `gyro_bias_walk_radps_rts` |
//!
//! The bias instability that data sheets state is the flat minimum of the curve over
//! `√(2 ln 2 / π) = 0.664`; it is given as such, and as not shown where the curve still falls at its end.

use nalgebra::{DMatrix, DVector};

use super::AllanPoint;
use crate::parameter::Observed;

/// Terms of the model.
const TERMS: usize = 4;
/// √(2 ln 2 / π).
const FLAT: f64 = 0.664_28;
/// Rounds in which the weights settle.
const ROUNDS: usize = 8;
/// Points on the curve share their data, those of the walk most: so many are worth one. By
/// simulation: the sigmas of a walk are right, those of white noise cautious.
const SHARED: f64 = 5.0;
/// Least gain in χ² by a further term.
const SIGNIFICANT: f64 = 6.0;
/// A minimum is one where the curve rises by this factor behind it.
const RISES: f64 = 1.1;

/// A number of the noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseTerm {
    /// Value.
    pub value: f64,
    /// Standard deviation.
    pub sigma: f64,
    /// Whether the log could show it: by its relative sigma.
    pub observed: Observed,
}

/// Noise of one signal, in the signal's unit `u`.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// White noise \[u/√Hz\].
    pub density: NoiseTerm,
    /// Flat minimum over 0.664 \[u\].
    pub instability: NoiseTerm,
    /// Averaging time of that minimum \[s\].
    pub instability_tau_s: f64,
    /// Random walk of the bias \[u/√s\].
    pub walk: NoiseTerm,
    /// The curve.
    pub curve: Vec<AllanPoint>,
    /// The model at the curve's averaging times.
    pub fitted: Vec<f64>,
}

/// Noise of a curve; `None` for one of fewer than eight points.
#[must_use]
pub fn noise(curve: Vec<AllanPoint>) -> Option<Noise> {
    if curve.len() < 2 * TERMS {
        return None;
    }
    let mut expected: Vec<f64> = curve.iter().map(|p| p.deviation * p.deviation).collect();
    let mut best = fitted(&curve, &expected)?;
    for _ in 1..ROUNDS {
        expected = curve.iter().map(|p| best.variance(p.tau_s)).collect();
        best = fitted(&curve, &expected)?;
    }
    let term = |of: usize| {
        let square = best.squares[of];
        let value = square.max(0.0).sqrt();
        let sigma = match value {
            0.0 => best.unseen(&curve, &expected, of),
            value => 0.5 * best.sigmas[of] / value,
        };
        NoiseTerm {
            value,
            sigma,
            observed: match square {
                0.0 => Observed::No,
                _ => Observed::by_share(sigma / value),
            },
        }
    };
    let least = curve
        .iter()
        .min_by(|a, b| a.deviation.total_cmp(&b.deviation))?;
    let behind = curve.iter().filter(|p| p.tau_s > least.tau_s);
    let is_flat = behind
        .clone()
        .any(|p| p.deviation > RISES * least.deviation);
    Some(Noise {
        density: term(1),
        instability: NoiseTerm {
            value: least.deviation / FLAT,
            sigma: least.relative_sigma * least.deviation / FLAT,
            observed: match is_flat {
                true => Observed::by_share(least.relative_sigma),
                false => Observed::No,
            },
        },
        instability_tau_s: least.tau_s,
        walk: term(3),
        fitted: curve
            .iter()
            .map(|p| best.variance(p.tau_s).sqrt())
            .collect(),
        curve,
    })
}

/// Squares of the terms, and the sigmas of those.
struct Terms {
    squares: [f64; TERMS],
    sigmas: [f64; TERMS],
    cost: f64,
}

impl Terms {
    /// A term has to explain more than chance does.
    fn judged(&self) -> f64 {
        let terms = self.squares.iter().filter(|square| **square != 0.0).count();
        self.cost / SHARED + SIGNIFICANT * terms as f64
    }

    /// How large a term that is left out could be: the root of its square's sigma, beside the others.
    fn unseen(&self, curve: &[AllanPoint], expected: &[f64], of: usize) -> f64 {
        let with: Vec<usize> = (0..TERMS)
            .filter(|k| *k == of || self.squares[*k] != 0.0)
            .collect();
        least_squares(curve, expected, &with).map_or(f64::INFINITY, |terms| terms.sigmas[of].sqrt())
    }

    fn variance(&self, tau_s: f64) -> f64 {
        let shapes = shapes(tau_s);
        self.squares.iter().zip(shapes).map(|(s, f)| s * f).sum()
    }
}

fn shapes(tau_s: f64) -> [f64; TERMS] {
    [3.0 / (tau_s * tau_s), 1.0 / tau_s, FLAT * FLAT, tau_s / 3.0]
}

/// The best combination without negative terms.
fn fitted(curve: &[AllanPoint], expected: &[f64]) -> Option<Terms> {
    let mut best: Option<Terms> = None;
    for subset in 1..1_usize << TERMS {
        let of: Vec<usize> = (0..TERMS).filter(|k| subset >> k & 1 == 1).collect();
        let Some(found) = least_squares(curve, expected, &of) else {
            continue;
        };
        let is_better = best
            .as_ref()
            .is_none_or(|best| found.judged() < best.judged());
        if is_better && found.squares.iter().all(|square| *square >= 0.0) {
            best = Some(found);
        }
    }
    best
}

fn least_squares(curve: &[AllanPoint], expected: &[f64], of: &[usize]) -> Option<Terms> {
    let size = of.len();
    let (mut normal, mut right) = (DMatrix::zeros(size, size), DVector::zeros(size));
    // What the terms are at the first and last point, so that numbers are alike.
    let row = |k: usize| {
        // Twice the relative error of the deviation is that of its square.
        let sigma = 2.0 * curve[k].relative_sigma * expected[k];
        let shapes = shapes(curve[k].tau_s);
        let row = DVector::from_iterator(size, of.iter().map(|of| shapes[*of] / sigma));
        (row, curve[k].deviation.powi(2) / sigma)
    };
    for k in 0..curve.len() {
        let (row, value) = row(k);
        normal.ger(1.0, &row, &row, 1.0);
        right.axpy(value, &row, 1.0);
    }
    let scales = DVector::from_iterator(size, normal.diagonal().iter().map(|v: &f64| v.sqrt()));
    let scaled = DMatrix::from_fn(size, size, |i, j| normal[(i, j)] / (scales[i] * scales[j]));
    let factor = scaled.cholesky()?;
    let solution = factor
        .solve(&right.component_div(&scales))
        .component_div(&scales);
    let inverse = factor.inverse();
    let cost = (0..curve.len())
        .map(|k| {
            let (row, value) = row(k);
            (row.dot(&solution) - value).powi(2)
        })
        .sum::<f64>();
    let freedom = (curve.len() as f64 / SHARED - size as f64).max(1.0);
    let worse = (cost / SHARED / freedom).max(1.0);
    let mut terms = Terms {
        squares: [0.0; TERMS],
        sigmas: [0.0; TERMS],
        cost,
    };
    for (k, of) in of.iter().enumerate() {
        terms.squares[*of] = solution[k];
        terms.sigmas[*of] = (SHARED * worse * inverse[(k, k)]).sqrt() / scales[k];
    }
    Some(terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imu::allan;
    use crate::random::Random;

    /// A signal of known noise: white, and a bias that walks.
    fn signal(seed: u64, seconds: f64, hz: f64, density: f64, walk: f64) -> Vec<f64> {
        let mut random = Random(seed);
        let mut bias = 0.01;
        let step_s = 1.0 / hz;
        (0..(seconds * hz) as usize)
            .map(|_| {
                bias += walk * step_s.sqrt() * random.normal();
                bias + density * hz.sqrt() * random.normal()
            })
            .collect()
    }

    /// Two hours of a unit whose bias walks out of the white noise after ten seconds.
    #[test]
    fn known_sensors_come_back_within_a_tenth_and_their_sigmas() {
        const SEEDS: u64 = 10;
        let (density, walk) = (2e-4, 3.5e-5);
        let (mut squares, mut walk_squares, mut worst) = (0.0, 0.0, 0.0_f64);
        for seed in 1..=SEEDS {
            let found = noise(allan(&signal(seed, 7200.0, 50.0, density, walk), 0.02)).unwrap();
            let terms = [(&found.density, density), (&found.walk, walk)];
            for (term, truth) in terms {
                let error = (term.value - truth) / term.sigma;
                squares += error * error;
                if truth == walk {
                    walk_squares += error * error;
                }
                worst = worst.max(error.abs());
                println!("{truth}: {term:?} {error:.2}");
                assert!(
                    (term.value / truth - 1.0).abs() < 0.1,
                    "{term:?} is {truth}"
                );
                assert_eq!(term.observed, Observed::Well);
            }
            // White noise and walk cross at τ = √3 N/K: the minimum is there, 2 N K / √3 squared.
            let crossing_s = 3_f64.sqrt() * density / walk;
            assert!((found.instability_tau_s / crossing_s).ln().abs() < 1.0);
            let least = (2.0 * density * walk / 3_f64.sqrt()).sqrt() / FLAT;
            assert!((found.instability.value / least - 1.0).abs() < 0.1);
            assert_eq!(found.instability.observed, Observed::Well);
        }
        let mean = squares / (2 * SEEDS) as f64;
        println!("of the walk alone {:.2}", walk_squares / SEEDS as f64);
        println!("mean square {mean:.2}, worst {worst:.2}");
        assert!((0.15..1.6).contains(&mean) && worst < 3.5, "{mean} {worst}");
    }

    #[test]
    fn a_short_log_does_not_show_the_walk() {
        let found = noise(allan(&signal(1, 60.0, 100.0, 2e-4, 1e-6), 0.01)).unwrap();
        assert_eq!(found.density.observed, Observed::Well);
        assert_eq!(found.walk.observed, Observed::No);
        // It could be larger than it is, and is not as large as a minute would show.
        assert!((1e-6..1e-4).contains(&found.walk.sigma), "{:?}", found.walk);
        assert_eq!(found.instability.observed, Observed::No);
    }

    #[test]
    fn quantisation_is_not_taken_for_white_noise() {
        // Angles on a grid: increments whose errors cancel from one to the next.
        let mut random = Random(5);
        let (density, step_s, grid) = (1e-4, 0.01, 4e-5);
        let (mut angle, mut before) = (0.0, 0.0);
        let signal: Vec<f64> = (0..200_000)
            .map(|_| {
                angle += density * f64::sqrt(step_s) * random.normal();
                let now = (angle / grid).round() * grid;
                let rate = (now - before) / step_s;
                before = now;
                rate
            })
            .collect();
        let found = noise(allan(&signal, step_s)).unwrap();
        assert!(
            (found.density.value / density - 1.0).abs() < 0.1,
            "{:?}",
            found.density
        );
    }
}
