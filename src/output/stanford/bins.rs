//! A two-dimensional histogram that grows with its data in bounded memory.

use std::collections::BTreeMap;

/// Width of a cell at first \[m\].
const FINEST_M: f64 = 1e-3;
/// Most cells that are kept; beyond, each four become one.
const MOST: usize = 8192;

/// Counts by cell. Only cells that are hit take memory, so a few wild values don't cost resolution.
#[derive(Clone, Debug)]
pub struct Bins {
    width_m: f64,
    cells: BTreeMap<(u32, u32), u64>,
}

impl Default for Bins {
    fn default() -> Self {
        Self {
            width_m: FINEST_M,
            cells: BTreeMap::new(),
        }
    }
}

impl Bins {
    /// Takes a pair of values from zero up.
    pub fn add(&mut self, x_m: f64, y_m: f64) {
        // The conversion saturates: what is beyond every cell counts in the last.
        let index = |v: f64| (v / self.width_m) as u32;
        *self.cells.entry((index(x_m), index(y_m))).or_default() += 1;
        while self.cells.len() > MOST {
            self.width_m *= 2.0;
            let mut merged = BTreeMap::new();
            for ((x, y), n) in &self.cells {
                *merged.entry((x / 2, y / 2)).or_default() += n;
            }
            self.cells = merged;
        }
    }

    /// Width of a cell \[m\].
    pub fn width_m(&self) -> f64 {
        self.width_m
    }

    /// The value that a share of the epochs stays below in both coordinates \[m\].
    pub fn reach_m(&self, share: f64) -> f64 {
        let mut by_larger: BTreeMap<u32, u64> = BTreeMap::new();
        for ((x, y), n) in &self.cells {
            *by_larger.entry(*x.max(y)).or_default() += n;
        }
        let all: u64 = by_larger.values().sum();
        let target = (share * all as f64).ceil() as u64;
        let mut seen = 0;
        for (i, n) in by_larger {
            seen += n;
            if seen >= target {
                return (f64::from(i) + 1.0) * self.width_m;
            }
        }
        0.0
    }

    /// The same with each `by` × `by` cells as one, and what lies beyond `last` counted in that.
    pub fn coarser(&self, by: u32, last: u32) -> BTreeMap<(u32, u32), u64> {
        let mut coarse = BTreeMap::new();
        for ((x, y), n) in &self.cells {
            let at = ((x / by).min(last), (y / by).min(last));
            *coarse.entry(at).or_default() += n;
        }
        coarse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut bins = Bins::default();
        for i in 0..200_000_u32 {
            // A plane of 100 × 100 m, filled evenly, and one value far out.
            let x_m = f64::from(i % 449) * 100.0 / 449.0;
            let y_m = f64::from(i / 449) * 100.0 / 449.0;
            bins.add(x_m, y_m);
        }
        bins.add(1e12, 1e-9);
        assert!(bins.cells.len() <= MOST);
        assert_eq!(bins.coarser(7, 10).values().sum::<u64>(), 200_001);
        assert!((bins.reach_m(0.5) - 70.7).abs() < 2.0 * bins.width_m());
    }

    #[test]
    fn a_wild_value_costs_no_resolution() {
        let mut bins = Bins::default();
        (0..100).for_each(|i| bins.add(0.001 * f64::from(i), 0.3));
        bins.add(900.0, 0.3);
        assert_eq!(bins.width_m(), FINEST_M);
        assert!((bins.reach_m(0.9) - 0.301).abs() < 1e-9);
    }
}
