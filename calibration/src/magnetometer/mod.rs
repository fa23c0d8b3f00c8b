//! Magnetometers: hard and soft iron from turning, and how the axes lie against the gyro's.
//!
//! ```text
//! m = A (B_s) + c,   corrected = S (m − c),   |S (m − c)| = F
//! ```
//! `c` is the hard iron, `S` the soft iron correction, symmetric here (a rotation of the field can't be
//! told from one of the sensor; that is what [`alignment`] finds with the gyro), `F` the Earth's field.
//!
//! An ellipsoid fit is only as good as the directions that the turning covered. [`coverage`] says which
//! were, and with too few of them there is no fit: a band of the sphere fits ellipsoids of any length.
//! Turning on the spot covers one circle, and shows the two components in its plane: [`Kind::Flat`].

mod alignment;
mod coverage;
mod ellipsoid;
mod flat;

use nalgebra::{Matrix3, Vector3};
use thiserror::Error;

pub use alignment::{Alignment, Turned, alignment};
pub use coverage::{Cell, Coverage, coverage};
pub use ellipsoid::sphere;

use crate::least_squares::{Residual, SolveError};
use crate::parameter::Parameter;
use crate::spread::spread;

/// Least samples of a fit, after thinning to directions that differ.
const NEEDED: usize = 30;
/// Scatter of the distance from the centre, over the radius, that is no sphere any more; iron that draws
/// it out to twice its width leaves 0.25, noise about a point has 0.4.
const NO_SPHERE: f64 = 0.3;
/// Samples of a fit, at most; more are thinned evenly.
const MOST: usize = 20_000;

/// A sample, in the sensor's axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldSample {
    /// When \[s\].
    pub t_s: f64,
    /// Flux density \[µT\].
    pub field_ut: Vector3<f64>,
}

/// What the turning showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All directions: the whole ellipsoid.
    Full,
    /// One circle about a level axis, z up or down: the ellipse in x and y. Hard iron along z and the soft
    /// iron of z stay as they are.
    Flat,
}

/// Hard and soft iron.
#[derive(Clone, Debug, PartialEq)]
pub struct Iron {
    /// What the turning showed.
    pub kind: Kind,
    /// Hard iron \[µT\].
    pub hard_ut: [Parameter; 3],
    /// Soft iron correction, symmetric: xx, yy, zz, xy, xz, yz.
    pub soft: [Parameter; 6],
    /// Root mean square of the strength's error as measured and as corrected \[µT\].
    pub rms_ut: (f64, f64),
    /// Strength that the corrected field has \[µT\].
    pub strength_ut: f64,
    /// Directions that the turning covered.
    pub coverage: Coverage,
    /// The two that are told apart least.
    pub correlation: (f64, String, String),
    /// Residuals of the strength \[µT\].
    pub residuals: Vec<Residual>,
}

impl Iron {
    /// The correction as a matrix.
    #[must_use]
    pub fn soft_matrix(&self) -> Matrix3<f64> {
        let [xx, yy, zz, xy, xz, yz] = self.soft.each_ref().map(|p| p.value);
        Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz)
    }

    /// A field with iron taken off \[µT\].
    #[must_use]
    pub fn corrected(&self, field_ut: &Vector3<f64>) -> Vector3<f64> {
        let hard = Vector3::from(self.hard_ut.each_ref().map(|p| p.value));
        self.soft_matrix() * (field_ut - hard)
    }
}

/// Why there is no calibration.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MagnetometerError {
    /// Too few samples.
    #[error("{samples} samples, at least {needed} are needed")]
    TooFew {
        /// Found.
        samples: usize,
        /// Needed.
        needed: usize,
    },
    /// A sample that is not one.
    #[error("sample {row} is not finite")]
    Invalid {
        /// Counted from 0.
        row: usize,
    },
    /// Directions that are missing.
    #[error(
        "the turning covers {:.0} % of all directions, evenly spread at least {:.0} % are needed",
        100.0 * coverage.share, 100.0 * coverage::NEEDED_SHARE
    )]
    PoorCoverage {
        /// What was covered.
        coverage: Box<Coverage>,
        /// Centre of the sphere that fits best, for what it is worth \[µT\].
        centre_ut: Vector3<f64>,
        /// Its radius \[µT\].
        radius_ut: f64,
    },
    /// The field lies about a point, not around one.
    #[error(
        "the field changed by {span_ut:.1} µT at most, and around no sphere: the sensor was not turned"
    )]
    NotTurned {
        /// Widest span of an axis \[µT\].
        span_ut: f64,
    },
    /// The search did not end.
    #[error("the fit of the ellipsoid: {0}")]
    Solve(#[from] SolveError),
}

/// The Earth's field, where the site is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Earth {
    /// Its strength \[µT\].
    pub strength_ut: f64,
    /// The strength of its horizontal part \[µT\].
    pub horizontal_ut: f64,
}

/// Finds hard and soft iron; `earth` sets the scale, where it is known.
///
/// # Errors
/// Too few samples or directions.
pub fn iron(samples: &[FieldSample], earth: Option<Earth>) -> Result<Iron, MagnetometerError> {
    let finite = |s: &FieldSample| s.t_s.is_finite() && s.field_ut.iter().all(|v| v.is_finite());
    if let Some(row) = samples.iter().position(|s| !finite(s)) {
        return Err(MagnetometerError::Invalid { row });
    }
    let every = samples.len().div_ceil(MOST).max(1);
    let samples: Vec<FieldSample> = samples.iter().copied().step_by(every).collect();
    if samples.len() < NEEDED {
        return Err(MagnetometerError::TooFew {
            samples: samples.len(),
            needed: NEEDED,
        });
    }
    let (centre_ut, radius_ut) = sphere(&samples);
    // Noise about a point has directions of all kinds too, but no radius.
    let off = |s: &FieldSample| (s.field_ut - centre_ut).norm() - radius_ut;
    let (scatter_ut, _) = spread(samples.iter().map(off));
    if scatter_ut > NO_SPHERE * radius_ut {
        let axis = |axis: usize| samples.iter().map(move |s| s.field_ut[axis]);
        let span = |of: usize| {
            let (low, high) = (
                axis(of).fold(f64::MAX, f64::min),
                axis(of).fold(f64::MIN, f64::max),
            );
            high - low
        };
        return Err(MagnetometerError::NotTurned {
            span_ut: span(0).max(span(1)).max(span(2)),
        });
    }
    if let Some(flat) = flat::fit(&samples, earth.map(|e| e.horizontal_ut))? {
        return Ok(flat);
    }
    let covered = coverage(&samples, &centre_ut);
    if !covered.is_enough() {
        return Err(MagnetometerError::PoorCoverage {
            coverage: Box::new(covered),
            centre_ut,
            radius_ut,
        });
    }
    ellipsoid::fit(&samples, earth.map(|e| e.strength_ut))
}

#[cfg(test)]
mod tests;
