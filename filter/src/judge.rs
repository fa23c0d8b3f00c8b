//! How a measurement is judged: chi-square gate and robust weight, around any model.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Weight of a measurement whose innovation is unlikely.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Weight {
    /// Full weight inside the gate.
    #[default]
    Full,
    /// Huber: full weight up to `sigmas` √NIS, then falling with 1/√NIS (Huber 1964).
    Huber {
        /// Where it starts to fall.
        sigmas: f64,
    },
    /// Student-t with this many degrees of freedom ν: `w = (ν + m) / (ν + NIS)`
    /// (Roth, Özkan, Gustafsson 2013; at most 1 here, so that it never sharpens).
    StudentT {
        /// Degrees of freedom.
        nu: f64,
    },
}

impl Weight {
    /// Weight in (0, 1] for a normalised innovation squared of `dimension` components.
    #[must_use]
    pub fn of(self, nis: f64, dimension: usize) -> f64 {
        match self {
            Self::Full => 1.0,
            Self::Huber { sigmas } => {
                let distance = libm::sqrt(nis / dimension as f64);
                if distance <= sigmas {
                    1.0
                } else {
                    sigmas / distance
                }
            }
            Self::StudentT { nu } => {
                let m = dimension as f64;
                ((nu + m) / (nu + nis)).min(1.0)
            }
        }
    }
}

/// Most components a measurement may have.
pub const MAX_DIMENSION: usize = 8;

/// Gate and weight of one source, its quantiles computed once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judge {
    gates: [f64; MAX_DIMENSION],
    /// Robust weight inside the gate.
    pub weight: Weight,
}

impl Judge {
    /// Everything passes with full weight.
    pub const OPEN: Self = Self::ungated(Weight::Full);

    /// Everything passes, weighted by `weight`.
    #[must_use]
    pub const fn ungated(weight: Weight) -> Self {
        Self {
            gates: [f64::INFINITY; MAX_DIMENSION],
            weight,
        }
    }

    /// A gate that `probability` of honest measurements pass, as a chi-square quantile of NIS.
    /// A probability of 1 or more never refuses.
    ///
    /// ```
    /// use wayfix_filter::{Judge, Weight};
    /// let judge = Judge::new(0.95, Weight::Full);
    /// assert!((judge.gate(1) - 3.841).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn new(probability: f64, weight: Weight) -> Self {
        let mut gates = [f64::INFINITY; MAX_DIMENSION];
        if probability < 1.0 {
            for (i, gate) in gates.iter_mut().enumerate() {
                if let Ok(chi_squared) = ChiSquared::new((i + 1) as f64) {
                    *gate = chi_squared.inverse_cdf(probability.max(0.0));
                }
            }
        }
        Self { gates, weight }
    }

    /// Largest NIS that passes, for this many components.
    #[must_use]
    pub fn gate(&self, dimension: usize) -> f64 {
        self.gates[dimension.clamp(1, MAX_DIMENSION) - 1]
    }
}
