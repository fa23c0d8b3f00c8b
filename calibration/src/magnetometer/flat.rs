//! Turning on the spot: the ellipse in x and y.
//!
//! With z upright the field's vertical component stays what it is, whatever iron adds to it, and x and y
//! run around an ellipse: `|S₂ (m − c)₂| = H`, the horizontal strength. Hard iron along z and the elements
//! of the soft iron that have to do with z don't show and stay as they are.

use nalgebra::Vector3;

use super::coverage::{is_level, twelfths};
use super::ellipsoid::{settled, told};
use super::{FieldSample, Iron, Kind, MagnetometerError, coverage, sphere};
use crate::least_squares::Unknown;
use crate::parameter::Observed;

/// Twelfths of the circle that have to be covered.
const NEEDED: usize = 10;
const SOFT_PRIOR: f64 = 0.3;
const NAMES: [&str; 9] = [
    "hard x", "hard y", "hard z", "soft xx", "soft yy", "soft zz", "soft xy", "soft xz", "soft yz",
];

/// The fit; `None` where the turning was not one in the level plane. `horizontal_ut` is the horizontal
/// strength of the Earth's field, where known.
pub(super) fn fit(
    samples: &[FieldSample],
    horizontal_ut: Option<f64>,
) -> Result<Option<Iron>, MagnetometerError> {
    if !is_level(samples) {
        return Ok(None);
    }
    let level = |s: &FieldSample| FieldSample {
        field_ut: Vector3::new(s.field_ut.x, s.field_ut.y, 0.0),
        ..*s
    };
    let samples: Vec<FieldSample> = samples.iter().map(level).collect();
    let (centre, radius) = sphere(&samples);
    if twelfths(&samples, centre.x, centre.y) < NEEDED {
        let covered = coverage(&samples, &centre);
        return Err(MagnetometerError::PoorCoverage {
            coverage: Box::new(covered),
            centre_ut: centre,
            radius_ut: radius,
        });
    }
    let h_ut = horizontal_ut.unwrap_or(radius);
    let start = h_ut / radius;
    // What has to do with z is known to stay: a prior that nothing moves.
    const FIXED: f64 = 1e-9;
    let unknown = |k: usize| match k {
        0 | 1 => Unknown::new(NAMES[k], centre[k], 10.0 * radius),
        3 | 4 => Unknown::new(NAMES[k], start, SOFT_PRIOR * start),
        5 => Unknown::new(NAMES[k], 1.0, FIXED),
        6 => Unknown::new(NAMES[k], 0.0, SOFT_PRIOR * start),
        _ => Unknown::new(NAMES[k], 0.0, FIXED),
    };
    let unknowns: Vec<Unknown> = (0..9).map(unknown).collect();
    let solution = settled(&unknowns, &samples, h_ut)?;
    let mut iron = told(Kind::Flat, solution, &samples, h_ut);
    // As little is known of what stays as before.
    let [.., zz, _, xz, yz] = &mut iron.soft;
    for soft in [zz, xz, yz] {
        soft.observed = Observed::No;
        soft.sigma = SOFT_PRIOR;
    }
    iron.hard_ut[2].observed = Observed::No;
    iron.hard_ut[2].sigma = 10.0 * radius;
    Ok(Some(iron))
}
