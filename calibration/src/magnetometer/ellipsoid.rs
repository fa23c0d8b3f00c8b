//! The ellipsoid: an algebraic start, then the geometric error.
//!
//! ```text
//! start:  |m|² = 2 cᵀ m + d                     (sphere, linear)
//! fit:    r = |u| − F,  u = S (m − c),  n = u / |u|
//!         ∂r/∂c = −Sᵀ n,   ∂r/∂S_ij = n_i (m − c)_j
//! ```
//! The start is a sphere, and not a free quadric: that is badly conditioned where the coverage is just
//! enough, and may not be an ellipsoid at all; from the sphere the search finds the rest. Soft iron has
//! a prior of [`SOFT_PRIOR`] about the identity, whose scale is set by `F`. Where the site does not say
//! how strong the Earth's field is, `F` is that of the sphere and the overall scale is by convention.

use nalgebra::{DMatrix, DVector, Vector3};

use super::{FieldSample, Iron, Kind, MagnetometerError, coverage};
use crate::least_squares::{Options, Robust, Rows, Settling, Solution, Unknown, solve};
use crate::spread::spread;

/// Prior sigma of an element of the soft iron matrix.
const SOFT_PRIOR: f64 = 0.3;
/// With this share of the field as its sigma the search begins, and below the least it is not believed.
const FIRST_SHARE: f64 = 0.03;
const LEAST_SHARE: f64 = 1e-4;
const SETTLING: Settling = Settling {
    share: 0.01,
    rounds: 10,
};
const FREEDOM: f64 = 4.0;
/// Parts of the log; disturbances last within one.
const PARTS: usize = 16;
/// Places of xx, yy, zz, xy, xz, yz.
const PLACES: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];
const NAMES: [&str; 9] = [
    "hard x", "hard y", "hard z", "soft xx", "soft yy", "soft zz", "soft xy", "soft xz", "soft yz",
];

/// Centre and radius of the sphere that fits best \[µT\], by linear least squares.
#[must_use]
pub fn sphere(samples: &[FieldSample]) -> (Vector3<f64>, f64) {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|s| s.field_ut).sum::<Vector3<f64>>() / count;
    // About the mean, so that numbers are alike.
    let (mut normal, mut right) = (DMatrix::zeros(4, 4), DVector::zeros(4));
    for sample in samples {
        let m = sample.field_ut - mean;
        let row = DVector::from_row_slice(&[2.0 * m.x, 2.0 * m.y, 2.0 * m.z, 1.0]);
        normal.ger(1.0, &row, &row, 1.0);
        right.axpy(m.norm_squared(), &row, 1.0);
    }
    // A plane has no centre along its normal: the pseudo-inverse leaves it at the mean.
    let solution = normal.svd(true, true).solve(&right, 1e-9);
    let solution = solution.unwrap_or_else(|_| DVector::zeros(4));
    let centre = Vector3::new(solution[0], solution[1], solution[2]);
    let radius = (solution[3] + centre.norm_squared()).max(0.0).sqrt();
    (mean + centre, radius)
}

pub(super) fn put(x: &[f64], samples: &[FieldSample], f_ut: f64, sigma_ut: f64, rows: &mut Rows) {
    for (k, sample) in samples.iter().enumerate() {
        let m = sample.field_ut - Vector3::new(x[0], x[1], x[2]);
        let mut u = Vector3::<f64>::zeros();
        for (place, (i, j)) in PLACES.iter().enumerate() {
            u[*i] += x[3 + place] * m[*j];
            if i != j {
                u[*j] += x[3 + place] * m[*i];
            }
        }
        let norm = u.norm();
        let n = u / norm.max(1e-9);
        let mut derivatives: [(usize, f64); 9] = std::array::from_fn(|k| (k, 0.0));
        for (place, (i, j)) in PLACES.iter().enumerate() {
            let soft = x[3 + place];
            let both = if i == j { 0.0 } else { 1.0 };
            derivatives[3 + place] = (3 + place, n[*i] * m[*j] + both * n[*j] * m[*i]);
            derivatives[*j].1 -= soft * n[*i];
            derivatives[*i].1 -= both * soft * n[*j];
        }
        rows.at(sample.t_s);
        rows.part(k * PARTS / samples.len());
        rows.push(norm - f_ut, sigma_ut, &derivatives);
    }
}

/// The whole ellipsoid.
pub(super) fn fit(
    samples: &[FieldSample],
    strength_ut: Option<f64>,
) -> Result<Iron, MagnetometerError> {
    let (centre, radius) = sphere(samples);
    let f_ut = strength_ut.unwrap_or(radius);
    let start = f_ut / radius;
    let unknown = |k: usize| match k {
        0..3 => Unknown::new(NAMES[k], centre[k], 10.0 * radius),
        3..6 => Unknown::new(NAMES[k], start, SOFT_PRIOR * start),
        _ => Unknown::new(NAMES[k], 0.0, SOFT_PRIOR * start),
    };
    let unknowns: Vec<Unknown> = (0..9).map(unknown).collect();
    let solution = settled(&unknowns, samples, f_ut)?;
    // Guesses are what a file says that knows nothing yet.
    Ok(told(Kind::Full, solution, samples, f_ut))
}

/// The fit, with the sigma of a sample that fits it.
pub(super) fn settled(
    unknowns: &[Unknown],
    samples: &[FieldSample],
    f_ut: f64,
) -> Result<Solution, MagnetometerError> {
    let options = Options {
        robust: Robust::StudentT { freedom: FREEDOM },
        ..Options::default()
    };
    let fit = |[sigma_ut]: &[f64; 1]| {
        solve(unknowns, &options, |x, rows| {
            put(x, samples, f_ut, *sigma_ut, rows);
        })
    };
    let measured = |found: &Solution, _: &[f64; 1]| {
        let errors = found.residuals.iter().map(|r| r.value);
        [spread(errors).0.max(LEAST_SHARE * f_ut)]
    };
    let (found, _) = SETTLING.settle([FIRST_SHARE * f_ut], fit, measured)?;
    Ok(found)
}

pub(super) fn told(kind: Kind, solution: Solution, samples: &[FieldSample], f_ut: f64) -> Iron {
    let of = |k: usize| {
        let mut parameter = solution.parameters[k].clone();
        // What nobody has calibrated yet has no iron.
        parameter.guess = if (3..6).contains(&k) { 1.0 } else { 0.0 };
        parameter
    };
    let centre = Vector3::from_fn(|axis, _| solution.parameters[axis].value);
    let as_measured = samples.iter().map(|s| s.field_ut.norm() - f_ut);
    let as_corrected = solution.residuals.iter().map(|r| r.value);
    Iron {
        kind,
        hard_ut: [of(0), of(1), of(2)],
        soft: [of(3), of(4), of(5), of(6), of(7), of(8)],
        rms_ut: (rms(as_measured), rms(as_corrected)),
        strength_ut: f_ut,
        coverage: coverage(samples, &centre),
        correlation: solution.correlation,
        residuals: solution.residuals,
    }
}

fn rms(errors: impl Iterator<Item = f64>) -> f64 {
    let (squares, count) = errors.fold((0.0, 0.0), |(s, n), e| (s + e * e, n + 1.0));
    f64::sqrt(squares / f64::max(count, 1.0))
}
