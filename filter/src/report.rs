//! What became of one measurement.

use crate::judge::MAX_DIMENSION;
use crate::measurement::Degenerate;

/// Fate of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Used with full weight.
    Fused,
    /// Used with less weight than its sigma asks for.
    DownWeighted,
    /// Refused: NIS beyond the gate.
    Gated,
    /// Refused: the geometry gives no direction.
    Degenerate(Degenerate),
    /// Refused: a component, sigma or the innovation covariance is not finite and positive.
    Invalid,
}

impl Verdict {
    /// Whether the state was corrected by it.
    #[must_use]
    pub fn is_used(self) -> bool {
        matches!(self, Self::Fused | Self::DownWeighted)
    }
}

/// The record of one update. A gated measurement is data, not an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Its fate.
    pub verdict: Verdict,
    /// Number of components.
    pub dimension: usize,
    /// Innovation `z ⊟ h(x)` before the update, first `dimension` entries, in the model's units.
    pub residual: [f64; MAX_DIMENSION],
    /// Sigma of each innovation component, `√S_ii`, before weighting.
    pub sigma: [f64; MAX_DIMENSION],
    /// Normalised innovation squared.
    pub nis: f64,
    /// Largest NIS that would have passed.
    pub gate: f64,
    /// Robust weight in (0, 1].
    pub weight: f64,
}

impl Report {
    /// A report of a measurement that did not reach the innovation.
    #[must_use]
    pub fn refused(verdict: Verdict, dimension: usize) -> Self {
        Self {
            verdict,
            dimension,
            residual: [0.0; MAX_DIMENSION],
            sigma: [0.0; MAX_DIMENSION],
            nis: f64::NAN,
            gate: f64::NAN,
            weight: 0.0,
        }
    }
}
