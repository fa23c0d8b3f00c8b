//! Moments and percentiles of a stream in flat memory.

/// Smallest value that has a bin of its own.
const LOWEST: f64 = 1e-6;
/// Bins a factor of ten: each is 0.58 % wide.
const BINS_PER_DECADE: usize = 400;
/// Decades covered.
const DECADES: usize = 12;

/// Count, mean, root mean square, maximum exactly; percentiles to 0.6 %.
///
/// ```
/// use wayfix::evaluate::Distribution;
/// let mut d = Distribution::default();
/// (1..=1000).for_each(|v| d.add(f64::from(v)));
/// assert_eq!(d.count(), 1000);
/// assert!((d.percentile(0.95).unwrap() / 950.0 - 1.0).abs() < 0.006);
/// assert_eq!(d.max(), Some(1000.0));
/// ```
#[derive(Clone, Debug)]
pub struct Distribution {
    count: u64,
    sum: f64,
    sum_sq: f64,
    max: f64,
    bins: Vec<u32>,
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0.0,
            sum_sq: 0.0,
            max: 0.0,
            bins: Vec::new(),
        }
    }
}

impl Distribution {
    /// Takes the magnitude of a value; what is not finite is left out.
    pub fn add(&mut self, value: f64) {
        let v = value.abs();
        if !v.is_finite() {
            return;
        }
        if self.bins.is_empty() {
            self.bins = vec![0; BINS_PER_DECADE * DECADES + 1];
        }
        self.count += 1;
        self.sum += v;
        self.sum_sq += v * v;
        self.max = self.max.max(v);
        let bin = ((v / LOWEST).log10() * BINS_PER_DECADE as f64).max(0.0) as usize;
        let last = self.bins.len() - 1;
        self.bins[bin.min(last)] += 1;
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean; `None` without values, like all below.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Root mean square.
    #[must_use]
    pub fn rmse(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.sum_sq / self.count as f64).sqrt())
    }

    /// Largest value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// The value that a share of all stays at or below: 0.5 is the median.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let target = (share.clamp(0.0, 1.0) * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (i, n) in self.bins.iter().enumerate() {
            seen += u64::from(*n);
            if seen >= target {
                let middle = LOWEST * 10f64.powf((i as f64 + 0.5) / BINS_PER_DECADE as f64);
                return Some(middle.min(self.max));
            }
        }
        Some(self.max)
    }
}
