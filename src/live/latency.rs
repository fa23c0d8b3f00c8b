//! How long samples take.

use serde::Serialize;

use crate::evaluate::Distribution;

/// Times from byte to estimate, in memory of fixed size.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Distribution);

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
        self.0.add(latency_s.max(0.0));
    }

    /// This share of all is below \[s\]; 0 without any.
    #[must_use]
    pub fn quantile_s(&self, share: f64) -> f64 {
        self.0.percentile(share).unwrap_or(0.0)
    }

    /// What is told of it.
    #[must_use]
    pub fn document(&self) -> LatencyDocument {
        LatencyDocument {
            count: self.0.count(),
            p50_s: self.quantile_s(0.5),
            p99_s: self.quantile_s(0.99),
            max_s: self.0.max().unwrap_or(0.0),
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
