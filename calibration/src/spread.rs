//! How far residuals scatter, whatever a few wild ones do.

use crate::least_squares::Residual;

/// A normal deviate is within this many median absolute deviations for one sigma.
const SIGMA_PER_MEDIAN: f64 = 1.482_602_2;
/// What is farther than this many sigmas is wild.
const WILD: f64 = 4.0;

/// The middle of values; 0 for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let (_, value, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    *value
}

/// Root mean square of residuals without the wild ones, and the share of those.
pub(crate) fn spread(residuals: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let mut sizes: Vec<f64> = residuals.clone().map(f64::abs).collect();
    let limit = WILD * SIGMA_PER_MEDIAN * median(&mut sizes);
    let (mut squares, mut kept, mut all) = (0.0, 0.0, 0.0);
    for residual in residuals {
        all += 1.0;
        if residual.abs() <= limit {
            squares += residual * residual;
            kept += 1.0;
        }
    }
    if kept == 0.0 {
        return (0.0, 0.0);
    }
    (f64::sqrt(squares / kept), 1.0 - kept / all)
}

/// Root mean square of the residuals that are used, without the wild ones.
pub(crate) fn scatter(residuals: &[Residual]) -> f64 {
    let used = residuals.iter().filter(|r| r.is_used());
    spread(used.map(|r| r.value)).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn wild_ones_are_counted_and_not_believed() {
        let mut random = Random(1);
        let residual = |k: usize| {
            if k.is_multiple_of(50) {
                100.0
            } else {
                2.0 * random.normal()
            }
        };
        let residuals: Vec<f64> = (0..10_000).map(residual).collect();
        let (sigma, wild) = spread(residuals.iter().copied());
        assert!(
            (sigma - 2.0).abs() < 0.05 && (wild - 0.02).abs() < 0.002,
            "{sigma} {wild}"
        );
    }
}
