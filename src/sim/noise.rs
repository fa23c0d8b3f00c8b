//! Seeded randomness: one stream a source, so that a sensor more changes nothing for the others.

use rand_distr::{Distribution, Exp1, StandardNormal, StandardUniform};
use rand_pcg::Pcg64;

/// The generator that every model is handed.
pub type Rng = Pcg64;

/// The stream of `name` under `seed`.
#[must_use]
pub fn stream(seed: u64, name: &str) -> Rng {
    // FNV-1a: a fixed hash, as the standard library's may change between releases.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Pcg64::new(u128::from(seed) << 64 | u128::from(hash), u128::from(hash))
}

/// Normal with mean zero.
pub fn normal(rng: &mut Rng, sigma: f64) -> f64 {
    let unit: f64 = StandardNormal.sample(rng);
    sigma * unit
}

/// Three of them.
pub fn normal3(rng: &mut Rng, sigma: f64) -> nalgebra::Vector3<f64> {
    nalgebra::Vector3::from_fn(|_, _| normal(rng, sigma))
}

/// Exponential with this mean.
pub fn exponential(rng: &mut Rng, mean: f64) -> f64 {
    let unit: f64 = Exp1.sample(rng);
    mean * unit
}

/// Uniform between two numbers.
pub fn uniform(rng: &mut Rng, low: f64, high: f64) -> f64 {
    let unit: f64 = StandardUniform.sample(rng);
    low + (high - low) * unit
}

/// True with this probability.
pub fn chance(rng: &mut Rng, probability: f64) -> bool {
    uniform(rng, 0.0, 1.0) < probability
}

/// First-order Gauss-Markov error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussMarkov {
    sigma: f64,
    time_s: f64,
    value: f64,
    t: Option<f64>,
}

impl GaussMarkov {
    /// Of stationary sigma and correlation time [s].
    #[must_use]
    pub fn new(sigma: f64, time_s: f64) -> Self {
        Self {
            sigma,
            time_s,
            value: 0.0,
            t: None,
        }
    }

    /// Its value at `t` [s], which never goes back.
    pub fn at(&mut self, t: f64, rng: &mut Rng) -> f64 {
        let kept = self
            .t
            .map_or(0.0, |last| (-(t - last).max(0.0) / self.time_s).exp());
        self.value = kept * self.value + normal(rng, self.sigma * (1.0 - kept * kept).sqrt());
        self.t = Some(t);
        self.value
    }
}

/// Random walk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    density: f64,
    value: f64,
    t: f64,
}

impl Walk {
    /// From `value` at time zero with `density` [unit/√s].
    #[must_use]
    pub fn new(value: f64, density: f64) -> Self {
        Self {
            density,
            value,
            t: 0.0,
        }
    }

    /// Its value at `t` [s], which never goes back.
    pub fn at(&mut self, t: f64, rng: &mut Rng) -> f64 {
        self.value += normal(rng, self.density * (t - self.t).max(0.0).sqrt());
        self.t = t;
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauss_markov_keeps_its_sigma() {
        let mut rng = stream(1, "test");
        let mut error = GaussMarkov::new(2.0, 1.0);
        let n = 40_000;
        let power: f64 = (0..n)
            .map(|i| error.at(f64::from(i) * 0.5, &mut rng).powi(2))
            .sum();
        assert!((power / f64::from(n) / 4.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn streams_differ_by_name_and_seed() {
        let first = |seed, name| normal(&mut stream(seed, name), 1.0);
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }
}
