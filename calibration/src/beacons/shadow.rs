//! What of the errors lasts: shadowing, against noise that is new in each reading.
//!
//! ```text
//! E[r_k r_{k+1}] = s² e^{−Δt/τ}     successive errors of one beacon, Δt apart
//! s² = Σ r_k r_{k+1} / Σ e^{−Δt/τ},   white² = total² − s²
//! ```
//! with the correlation time `τ` that the filter is told. White noise drops out of the products. The sigma
//! of `s²` is that of the spread over the parts of the drive.

use std::collections::BTreeMap;

use super::PARTS;
use crate::least_squares::Residual;
use crate::parameter::{Observed, Parameter};

/// What is farther off than this many sigmas is wild, and left out.
const WILD: f64 = 4.0;

/// Shadowing and white noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// Sigma of what lasts \[dB\].
    pub lasting_db: Parameter,
    /// Sigma of what is new in each reading \[dB\].
    pub white_db: Parameter,
}

/// Tells the two apart, for errors that last about `lasts_s` \[s\]; `None` where no two readings of a beacon
/// are that near in time, or all of it lasts.
#[must_use]
pub fn shadow(residuals: &[Residual], sigma_db: &Parameter, lasts_s: f64) -> Option<Shadow> {
    let mut last: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    let mut parts = vec![(0.0, 0.0); PARTS];
    for (k, residual) in residuals.iter().enumerate() {
        if residual.value.abs() > WILD * sigma_db.value {
            continue;
        }
        let now = (residual.t_s, residual.value);
        let Some((t_s, value)) = last.insert(residual.series, now) else {
            continue;
        };
        let apart_s = residual.t_s - t_s;
        if (0.0..lasts_s).contains(&apart_s) {
            let part = &mut parts[k * PARTS / residuals.len()];
            part.0 += value * residual.value;
            part.1 += (-apart_s / lasts_s).exp();
        }
    }
    let products: f64 = parts.iter().map(|part| part.0).sum();
    let alike: f64 = parts.iter().map(|part| part.1).sum();
    if alike == 0.0 {
        return None;
    }
    let square = (products / alike).max(0.0);
    let off = parts.iter().map(|part| (part.0 - square * part.1).powi(2));
    let spread = off.sum::<f64>() * PARTS as f64 / (PARTS as f64 - 1.0);
    let square_sigma = spread.sqrt() / alike;
    let white = sigma_db.value.powi(2) - square;
    let total_sigma = 2.0 * sigma_db.value * sigma_db.sigma;
    let parameter = |name: &str, square: f64, square_sigma: f64| {
        let value = square.sqrt();
        // The square of nothing is known as well as that of something.
        let sigma = (square_sigma / (2.0 * value.max(square_sigma.sqrt()))).max(1e-3);
        Parameter {
            name: name.to_owned(),
            guess: 0.0,
            value,
            sigma,
            observed: Observed::by_share(sigma / value),
        }
    };
    (white > 0.0).then(|| Shadow {
        lasting_db: parameter("lasting_db", square, square_sigma),
        white_db: parameter("white_db", white, square_sigma.hypot(total_sigma)),
    })
}
