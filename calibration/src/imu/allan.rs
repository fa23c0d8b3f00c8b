//! Overlapping Allan deviation (IEEE Std 952-1997, annex C; Riley 2008, eq. 11).
//!
//! ```text
//! θ_k = Σ_{j<k} y_j Δt
//! σ²(τ) = Σ_k (θ_{k+2m} − 2 θ_{k+m} + θ_k)² / (2 τ² (N − 2m + 1)),   τ = m Δt
//! ```
//! Its relative error is about `1 / √(2 (N/m − 1))`: clusters that overlap are not independent.

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AllanPoint {
    /// Averaging time τ \[s\].
    pub tau_s: f64,
    /// Allan deviation, in the signal's unit.
    pub deviation: f64,
    /// Its relative standard deviation.
    pub relative_sigma: f64,
}

/// Least clusters of a point.
const LEAST_CLUSTERS: usize = 9;
/// Points an octave of averaging times.
const AN_OCTAVE: f64 = 2.0;

/// The curve of a signal that is sampled evenly.
///
/// ```
/// use wayfix_calibration::imu::allan;
/// // Alternating signs average out twice as fast as white noise.
/// let curve = allan(&[1.0, -1.0].repeat(500), 0.01);
/// assert!((curve[0].deviation - 2_f64.sqrt()).abs() < 1e-2);
/// assert!(curve[1].deviation < 1e-9 && (curve[1].tau_s - 0.02).abs() < 1e-12);
/// ```
#[must_use]
pub fn allan(signal: &[f64], step_s: f64) -> Vec<AllanPoint> {
    let mean = signal.iter().sum::<f64>() / signal.len().max(1) as f64;
    let mut angle = 0.0;
    let mut angles = Vec::with_capacity(signal.len() + 1);
    angles.push(0.0);
    for value in signal {
        // Without the mean the sums stay small; it cancels in the second difference.
        angle += (value - mean) * step_s;
        angles.push(angle);
    }
    let mut curve: Vec<AllanPoint> = Vec::new();
    let mut last = 0;
    for octave in 0.. {
        let size = 2_f64.powf(f64::from(octave) / AN_OCTAVE).round() as usize;
        if size * LEAST_CLUSTERS > signal.len() {
            break;
        }
        if size == last {
            continue;
        }
        last = size;
        let count = angles.len() - 2 * size;
        let squares = (0..count)
            .map(|k| (angles[k + 2 * size] - 2.0 * angles[k + size] + angles[k]).powi(2))
            .sum::<f64>();
        let tau_s = size as f64 * step_s;
        let clusters = signal.len() as f64 / size as f64;
        curve.push(AllanPoint {
            tau_s,
            deviation: (squares / (2.0 * tau_s * tau_s * count as f64)).sqrt(),
            relative_sigma: 1.0 / (2.0 * (clusters - 1.0)).sqrt(),
        });
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn white_noise_falls_with_the_root_of_time() {
        let mut random = Random(3);
        let signal: Vec<f64> = (0..100_000).map(|_| 5.0 + 0.2 * random.normal()).collect();
        for point in allan(&signal, 0.01) {
            let expected = 0.2 * 0.1 / point.tau_s.sqrt();
            let error = (point.deviation / expected - 1.0) / point.relative_sigma;
            assert!(error.abs() < 4.0, "{point:?}: {error:.1} sigmas");
        }
    }

    #[test]
    fn a_ramp_grows_with_time() {
        let signal: Vec<f64> = (0..1000).map(|k| 0.01 * f64::from(k)).collect();
        let curve = allan(&signal, 0.1);
        for point in curve {
            assert!((point.deviation - 0.1 * point.tau_s / 2_f64.sqrt()).abs() < 1e-9);
        }
    }
}
