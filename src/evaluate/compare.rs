//! Two runs over the same truth: which is better, where, and whether that is more than chance.
//!
//! Errors of one run last, so neighbouring epochs say little more than one: what is drawn anew are
//! blocks of ten seconds (moving block bootstrap, Künsch 1989). The difference of the mean squared
//! errors is significant where its 95 % interval over the draws does not contain zero.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::Serialize;

/// Length of a block \[s\].
const BLOCK_S: f64 = 10.0;
/// Draws.
const DRAWS: usize = 2_000;
/// Stretches that are named.
const MOST_STRETCHES: usize = 5;

/// Errors of both at one time \[m\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// When \[s\].
    pub t_s: f64,
    /// Error of the first.
    pub a_m: f64,
    /// Error of the second.
    pub b_m: f64,
}

/// A stretch in which they differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stretch {
    /// Begin \[s\].
    pub from_s: f64,
    /// End \[s\].
    pub until_s: f64,
    /// Root mean square error of each \[m\].
    pub rmse_m: [f64; 2],
}

/// Errors of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Root mean square \[m\].
    pub rmse_m: f64,
    /// Median \[m\].
    pub p50_m: f64,
    /// 95th percentile \[m\].
    pub p95_m: f64,
    /// 99th percentile \[m\].
    pub p99_m: f64,
    /// Largest \[m\].
    pub max_m: f64,
}

/// How they compare.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Number of times at which both are known.
    pub epochs: usize,
    /// Blocks that count as independent.
    pub blocks: usize,
    /// Errors of both.
    pub of: [Figures; 2],
    /// Root mean square error of the second over the first's, and its 95 % interval.
    pub ratio: f64,
    /// See `ratio`.
    pub interval: [f64; 2],
    /// Whether the interval leaves one out.
    pub is_significant: bool,
    /// Blocks in which they differ most.
    pub stretches: Vec<Stretch>,
    /// All blocks, in the order of time.
    #[serde(skip)]
    pub over_time: Vec<Stretch>,
}

impl Compared {
    /// Which is better, in words.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match (self.is_significant, self.ratio < 1.0) {
            (true, true) => "B is better",
            (true, false) => "A is better",
            (false, _) => "no difference that is more than chance",
        }
    }
}

impl Figures {
    fn new(errors: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = errors.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
            sorted.get(index).copied().unwrap_or(f64::NAN)
        };
        let sum: f64 = sorted.iter().map(|e| e * e).sum();
        Self {
            rmse_m: (sum / sorted.len() as f64).sqrt(),
            p50_m: at(0.5),
            p95_m: at(0.95),
            p99_m: at(0.99),
            max_m: at(1.0),
        }
    }
}

/// Sums of squares of one block.
#[derive(Clone, Copy, Debug)]
struct Block {
    from_s: f64,
    until_s: f64,
    n: f64,
    squares: [f64; 2],
}

/// Compares two runs; `None` where they share fewer than two blocks. The pairs are in order of time.
#[must_use]
pub fn compare(pairs: &[Pair]) -> Option<Compared> {
    let begin = pairs.first()?.t_s;
    let mut blocks: Vec<Block> = Vec::new();
    let mut index = None;
    for pair in pairs {
        let of = ((pair.t_s - begin) / BLOCK_S).floor();
        if index != Some(of) {
            index = Some(of);
            blocks.push(Block {
                from_s: pair.t_s,
                until_s: pair.t_s,
                n: 0.0,
                squares: [0.0; 2],
            });
        }
        if let Some(block) = blocks.last_mut() {
            block.until_s = pair.t_s;
            block.n += 1.0;
            block.squares[0] += pair.a_m * pair.a_m;
            block.squares[1] += pair.b_m * pair.b_m;
        }
    }
    if blocks.len() < 2 {
        return None;
    }
    let ratio = |blocks: &mut dyn Iterator<Item = &Block>| {
        let sums = blocks.fold([0.0; 2], |sum, b| {
            [sum[0] + b.squares[0], sum[1] + b.squares[1]]
        });
        (sums[1] / sums[0].max(f64::MIN_POSITIVE)).sqrt()
    };
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let count = blocks.len() as u64;
            let drawn: Vec<&Block> = (0..count)
                .map(|_| &blocks[(rng.next_u64() % count) as usize])
                .collect();
            ratio(&mut drawn.into_iter())
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let interval = [draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40]];
    let over_time: Vec<Stretch> = (blocks.iter())
        .map(|b| Stretch {
            from_s: b.from_s,
            until_s: b.until_s,
            rmse_m: b.squares.map(|s| (s / b.n).sqrt()),
        })
        .collect();
    let mut stretches = over_time.clone();
    let apart = |s: &Stretch| (s.rmse_m[0] - s.rmse_m[1]).abs();
    stretches.sort_by(|a, b| apart(b).total_cmp(&apart(a)));
    stretches.truncate(MOST_STRETCHES);
    Some(Compared {
        epochs: pairs.len(),
        blocks: blocks.len(),
        of: [
            Figures::new(pairs.iter().map(|p| p.a_m)),
            Figures::new(pairs.iter().map(|p| p.b_m)),
        ],
        ratio: ratio(&mut blocks.iter()),
        interval,
        is_significant: !(interval[0]..=interval[1]).contains(&1.0),
        stretches,
        over_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::noise::{normal, stream};

    /// Errors that last: each is a share of the one before it.
    fn runs(seed: u64, factor: f64) -> Vec<Pair> {
        let mut rng = stream(seed, "compare");
        let (mut a, mut b) = (0.0, 0.0);
        (0..3_000)
            .map(|i| {
                a = 0.98 * a + normal(&mut rng, 0.02);
                b = 0.98 * b + normal(&mut rng, 0.02);
                Pair {
                    t_s: 0.1 * f64::from(i),
                    a_m: f64::abs(a),
                    b_m: factor * f64::abs(b),
                }
            })
            .collect()
    }

    #[test]
    fn a_real_difference_is_found_and_chance_is_not_taken_for_one() {
        let chance = (0..60).filter(|seed| {
            let compared = compare(&runs(*seed, 1.0)).unwrap();
            compared.is_significant
        });
        // One in twenty, and a few more since errors outlast a block here and there.
        assert!(chance.count() <= 8);
        let found = (0..20).filter(|seed| {
            let compared = compare(&runs(*seed, 1.6)).unwrap();
            compared.is_significant && compared.ratio > 1.0
        });
        assert!(found.count() >= 17);
    }

    #[test]
    fn says_where_they_differ() {
        let mut pairs = runs(3, 1.0);
        for pair in &mut pairs[1_000..1_100] {
            pair.b_m += 5.0;
        }
        let compared = compare(&pairs).unwrap();
        let worst = compared.stretches[0];
        assert!((99.0..101.0).contains(&worst.from_s), "{worst:?}");
        assert!(worst.rmse_m[1] > 4.9);
        assert_eq!(compared.epochs, 3_000);
        assert_eq!(compared.over_time.len(), compared.blocks);
        assert!(compared.over_time.is_sorted_by_key(|s| s.from_s as i64));
        assert!(compare(&pairs[..50]).is_none());
    }
}
