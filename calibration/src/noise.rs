//! How much a source scatters, by the innovations of a filter that used it.
//!
//! The normalised innovation squared of `m` components is χ² with m degrees of freedom where the
//! sigmas are right. Where they are wrong by a factor, so is its mean; wild measurements would spoil
//! that, so it is taken below the gate `g`, where for right sigmas it is
//! ```text
//! E[z | z < g] = m F_{m+2}(g) / F_m(g)
//! ```
//! and the ratio ρ is the one at which `z / ρ` has that mean ([`consistency`]): what lies beyond the gate
//! counts for nothing, what the gate cuts off an honest tail is made up for. What is beyond more often
//! than honest tails are is the share of wild ones.
//!
//! A sigma is found by replays ([`SigmaSearch`]): ρ depends on it by an unknown power, since the innovation
//! has the state's own uncertainty in it too, and on the other sources. The power is learned from replay to
//! replay (secants in the logarithms); where ρ hardly follows the sigma, the drive does not show it.
//!
//! Errors that last are left to what describes them: with correlated errors the innovations are smaller
//! than the errors, and a sigma from them describes their white part (Mehra 1970).

use crate::drive::PARTS;

/// Least innovations.
pub const NEEDED: usize = 30;
/// ρ of an honest sigma is this near to one \[log\].
const CLOSE: f64 = 0.03;
/// Most that the square of a sigma changes at once, as a factor.
const STEP: f64 = 8.0;
/// Slopes of log ρ over log σ² that are believed.
const SLOPES: [f64; 2] = [-1.5, -0.15];
/// With less of a slope than this the drive does not show the sigma.
const FLAT: f64 = -0.05;
/// Two replays say something of the slope where log σ² moved by this.
const MOVED: f64 = 0.05;

/// Innovations of one source and kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Innovations {
    /// Normalised innovations squared, their components, and the gate they were judged by; by time.
    pub rows: Vec<(f64, usize, f64)>,
}

/// How innovations agree with their sigmas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consistency {
    /// Innovations looked at.
    pub count: usize,
    /// By what the squares are larger than their sigmas say, wild ones apart.
    pub ratio: f64,
    /// Relative standard deviation of that, by the spread of the parts of the drive.
    pub ratio_sigma: f64,
    /// Mean of NIS over its dimension, of those within the gate, as it is.
    pub mean_nis: f64,
    /// Share of wild ones, beyond what the gate cuts off an honest tail.
    pub wild_share: f64,
}

/// The consistency of innovations; `None` for too few.
#[must_use]
pub fn consistency(innovations: &Innovations) -> Option<Consistency> {
    let rows: Vec<(f64, usize, f64)> = innovations
        .rows
        .iter()
        .filter(|(nis, m, _)| nis.is_finite() && *m > 0)
        .map(|(nis, m, gate)| {
            // A gate that is open for now still ends where honest ones do.
            let usual = 12.0 + 4.0 * *m as f64;
            (*nis, *m, if gate.is_finite() { *gate } else { usual })
        })
        .collect();
    if rows.len() < NEEDED {
        return None;
    }
    let ratio = ratio(&rows);
    let size = rows.len().div_ceil(PARTS);
    let parts: Vec<f64> = rows
        .chunks(size)
        .map(|part| self::ratio(part).ln())
        .collect();
    let middle = parts.iter().sum::<f64>() / parts.len() as f64;
    let spread: f64 = parts.iter().map(|part| (part - middle).powi(2)).sum();
    let count = parts.len() as f64;
    let within = rows.iter().filter(|(nis, _, gate)| nis < gate);
    let (sum, kept) = within.fold((0.0, 0.0), |(sum, kept), (nis, m, _)| {
        (sum + nis / *m as f64, kept + 1.0)
    });
    let tails: f64 = rows.iter().map(|(_, m, gate)| 1.0 - below(*m, *gate)).sum();
    let all = rows.len() as f64;
    Some(Consistency {
        count: rows.len(),
        ratio,
        ratio_sigma: (spread / (count * (count - 1.0).max(1.0))).sqrt(),
        mean_nis: sum / f64::max(kept, 1.0),
        wild_share: ((all - kept - tails) / all).max(0.0),
    })
}

/// ρ by its fixed point.
fn ratio(rows: &[(f64, usize, f64)]) -> f64 {
    let mut middle: Vec<f64> = rows.iter().map(|(nis, m, _)| nis / typical(*m)).collect();
    let mut ratio = crate::spread::median(&mut middle).max(1e-9);
    for _ in 0..100 {
        let (mut sum, mut expected) = (0.0, 0.0);
        for (nis, m, gate) in rows.iter().filter(|(nis, _, gate)| *nis < ratio * gate) {
            sum += nis;
            expected += *m as f64 * below(m + 2, *gate) / below(*m, *gate);
        }
        if expected == 0.0 {
            break;
        }
        let next: f64 = sum / expected;
        let is_settled = (next / ratio).ln().abs() < 1e-6;
        ratio = next.max(1e-9);
        if is_settled {
            break;
        }
    }
    ratio
}

/// Median of χ² (Wilson and Hilferty).
fn typical(m: usize) -> f64 {
    let m = m as f64;
    m * (1.0 - 2.0 / (9.0 * m)).powi(3)
}

/// Distribution function of χ² with `m` degrees of freedom: the series of the incomplete gamma function.
fn below(m: usize, z: f64) -> f64 {
    let (a, x) = (0.5 * m as f64, 0.5 * z);
    if x <= 0.0 {
        return 0.0;
    }
    if x > 60.0 + 4.0 * a {
        return 1.0;
    }
    // Γ(a + 1) of a half number.
    let mut gamma = if m.is_multiple_of(2) {
        1.0
    } else {
        0.5 * std::f64::consts::PI.sqrt()
    };
    let mut k = if m.is_multiple_of(2) { 1.0 } else { 0.5 };
    while k < a {
        k += 1.0;
        gamma *= k;
    }
    let mut term = 1.0 / gamma;
    let mut sum = term;
    let mut n = a;
    while term > 1e-15 * sum {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    (sum * (a * x.ln() - x).exp()).min(1.0)
}

/// Searches the factor on a sigma at which the innovations are consistent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SigmaSearch {
    /// Factor on the sigma in each replay, and ρ there, as logarithms of squares.
    tried: Vec<(f64, f64)>,
}

impl SigmaSearch {
    /// Takes the ratio of the replay with this factor on the sigma.
    pub fn take(&mut self, factor: f64, ratio: f64) {
        self.tried.push((2.0 * factor.ln(), ratio.ln()));
    }

    /// Whether the last replay was consistent.
    #[must_use]
    pub fn is_close(&self) -> bool {
        self.tried
            .last()
            .is_some_and(|(_, ratio)| ratio.abs() < CLOSE)
    }

    /// How log ρ follows log σ²; −1 where the innovation is the source's own noise alone.
    #[must_use]
    pub fn slope(&self) -> Option<f64> {
        let (last, before) = self.tried.split_last()?;
        let other = before
            .iter()
            .rev()
            .find(|(at, _)| (at - last.0).abs() > MOVED)?;
        Some((last.1 - other.1) / (last.0 - other.0))
    }

    /// Whether the innovations follow the sigma at all.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.slope().is_none_or(|slope| slope < FLAT)
    }

    /// The factor on the sigma to try next.
    #[must_use]
    pub fn next(&self) -> f64 {
        let Some((at, ratio)) = self.tried.last() else {
            return 1.0;
        };
        if !self.is_shown() {
            return (0.5 * at).exp();
        }
        let slope = self.slope().unwrap_or(-1.0).clamp(SLOPES[0], SLOPES[1]);
        let limit = STEP.ln();
        let step = (-ratio / slope).clamp(-limit, limit);
        (0.5 * (at + step)).exp()
    }

    /// The factor of all tried at which the innovations were nearest to consistent.
    #[must_use]
    pub fn best(&self) -> f64 {
        let nearest = self
            .tried
            .iter()
            .min_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        nearest.map_or(1.0, |(at, _)| (0.5 * at).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_distribution_is_chi_square() {
        for (m, z, expected) in [
            (1, 3.841_459, 0.95),
            (2, 9.210_340, 0.99),
            (3, 2.365_974, 0.5),
            (6, 16.811_894, 0.99),
            (8, 31.827_6, 0.9999),
        ] {
            assert!(
                (below(m, z) - expected).abs() < 1e-5,
                "{m} {z} {}",
                below(m, z)
            );
        }
    }

    fn rows(seed: u64, m: usize, sigma: f64, wild_share: f64) -> Innovations {
        let mut random = Random(seed);
        let one = |_: usize| {
            let wild = random.uniform() < wild_share;
            let scale = if wild { 30.0 } else { sigma };
            let nis: f64 = (0..m).map(|_| (scale * random.normal()).powi(2)).sum();
            (nis, m, 15.137 + 3.0 * m as f64)
        };
        Innovations {
            rows: (0..4000).map(one).collect(),
        }
    }

    #[test]
    fn wild_ones_bias_neither_the_ratio_nor_its_sigma() {
        for m in [1, 2, 6] {
            for sigma in [0.5, 1.0, 3.0] {
                let found = consistency(&rows(m as u64, m, sigma, 0.05)).unwrap();
                let error = found.ratio / (sigma * sigma) - 1.0;
                println!("{m} {sigma}: {found:?}");
                // A few of the wild ones hide among the honest.
                assert!((-0.08..0.25).contains(&error), "{m} {sigma} {found:?}");
                assert!(found.ratio_sigma < 0.1);
            }
        }
        let honest = consistency(&rows(9, 2, 1.0, 0.0)).unwrap();
        assert!((honest.ratio - 1.0).abs() < 0.05 && (honest.mean_nis - 1.0).abs() < 0.05);
        assert!(honest.wild_share < 1e-3);
    }

    #[test]
    fn few_innovations_say_nothing() {
        let mut few = rows(1, 1, 1.0, 0.0);
        few.rows.truncate(NEEDED - 1);
        assert_eq!(consistency(&few), None);
    }

    /// Innovations of a state that is itself uncertain: ρ follows the sigma less than it would alone.
    #[test]
    fn the_search_ends_where_the_innovations_are_consistent() {
        for (own, state) in [(0.3, 0.05), (0.3, 0.3), (0.1, 0.4), (5.0, 0.3)] {
            let ratio = |sigma: f64| (own * own + state * state) / (sigma * sigma + state * state);
            let mut search = SigmaSearch::default();
            let mut replays = 0;
            while replays < 8 {
                let factor = search.next();
                search.take(factor, ratio(factor));
                replays += 1;
                if search.is_close() {
                    break;
                }
            }
            assert!(search.is_close(), "{own} {state}: {search:?}");
            println!("{own} {state}: {} after {replays}", search.best());
        }
    }

    #[test]
    fn a_sigma_that_nothing_follows_is_left() {
        let mut search = SigmaSearch::default();
        search.take(1.0, 2.0);
        let factor = search.next();
        search.take(factor, 1.999);
        assert!(!search.is_shown() && (search.next() - factor).abs() < 1e-12);
    }
}
