//! How long samples take, as a histogram of fixed size: two percent wide bins from a microsecond up.

use serde::Serialize;

/// Bins, from 1 µs; the last one takes all beyond about 40 s.
const BINS: usize = 900;
const LEAST_S: f64 = 1e-6;
const RATIO: f64 = 1.02;

/// See the module.
#[derive(Clone, Debug)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
    most_s: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: vec![0; BINS],
            total: 0,
            most_s: 0.0,
        }
    }
}

/// What is told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LatencyDocument {
    /// How many.
    pub count: u64,
    /// Half are below \[s\].
    pub p50_s: f64,
    /// 99 in 100 are below \[s\].
    pub p99_s: f64,
    /// All are below \[s\].
    pub max_s: f64,
}

impl Latencies {
    /// One more.
    pub fn add(&mut self, latency_s: f64) {
        let bin = (latency_s.max(LEAST_S) / LEAST_S).ln() / RATIO.ln();
        self.counts[(bin as usize).min(BINS - 1)] += 1;
        self.total += 1;
        self.most_s = self.most_s.max(latency_s);
    }

    /// This share of all is below \[s\].
    #[must_use]
    pub fn quantile_s(&self, share: f64) -> f64 {
        let wanted = (share * self.total as f64).ceil() as u64;
        let mut seen = 0;
        for (bin, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && *count > 0 {
                return (LEAST_S * RATIO.powi(bin as i32 + 1)).min(self.most_s);
            }
        }
        0.0
    }

    /// What is told of it.
    #[must_use]
    pub fn document(&self) -> LatencyDocument {
        LatencyDocument {
            count: self.total,
            p50_s: self.quantile_s(0.5),
            p99_s: self.quantile_s(0.99),
            max_s: self.most_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near() {
        let mut all = Latencies::default();
        assert_eq!(all.document(), LatencyDocument::default());
        for k in 1..=1000 {
            all.add(f64::from(k) * 1e-5);
        }
        let told = all.document();
        assert!((told.p50_s - 5e-3).abs() < 1.1e-4, "{told:?}");
        assert!((told.p99_s - 9.9e-3).abs() < 2.1e-4, "{told:?}");
        assert!((told.max_s - 1e-2).abs() < 1e-12);
        all.add(1e9);
        all.add(-1.0);
        assert_eq!(all.document().count, 1002);
    }
}
