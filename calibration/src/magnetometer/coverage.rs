//! Which directions a turning covered, as cells of equal area: bands of equal height on the sphere
//! (Archimedes), each cut into as many cells.

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};

use nalgebra::Vector3;

use super::FieldSample;

/// Bands of the sphere, each so high in sin(elevation).
const BANDS: usize = 8;
/// Cells of a band.
const AROUND: usize = 16;
/// Share of all cells that has to be covered.
pub(super) const NEEDED_SHARE: f64 = 0.4;
/// No direction may be farther than this from a covered one, itself or its opposite: an ellipsoid is
/// alike on both sides of its centre [rad].
const WIDEST_HOLE_RAD: f64 = 0.8;

/// A cell of the sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its middle: azimuth in the sensor's xy plane, from x towards y [deg], −180 to 180.
    pub azimuth_deg: f64,
    /// Elevation above that plane [deg].
    pub elevation_deg: f64,
    /// Its width and height [deg].
    pub size_deg: (f64, f64),
    /// Samples in it.
    pub samples: usize,
}

/// What was covered.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// All cells of the sphere.
    pub cells: Vec<Cell>,
    /// Share of them that has samples.
    pub share: f64,
    /// Direction whose nearest covered one, itself or opposite, is farthest.
    pub hole: Vector3<f64>,
    /// How far that is [rad].
    pub hole_rad: f64,
}

impl Coverage {
    /// Whether an ellipsoid can be fitted to it.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.share >= NEEDED_SHARE && self.hole_rad <= WIDEST_HOLE_RAD
    }
}

/// Directions of the field from the hard iron, in cells.
#[must_use]
pub fn coverage(samples: &[FieldSample], centre_ut: &Vector3<f64>) -> Coverage {
    let directions: Vec<Vector3<f64>> = (samples.iter())
        .filter_map(|s| (s.field_ut - centre_ut).try_normalize(1e-9))
        .collect();
    let mut cells = Vec::new();
    for band in 0..BANDS {
        let edge = |k: usize| (2.0 * k as f64 / BANDS as f64 - 1.0).asin().to_degrees();
        let (low_deg, high_deg) = (edge(band), edge(band + 1));
        let mut counts = [0; AROUND];
        for u in &directions {
            let at = (((u.z + 1.0) * 0.5 * BANDS as f64) as usize).min(BANDS - 1);
            if at == band {
                let share = (u.y.atan2(u.x) + PI) / TAU;
                counts[((share * AROUND as f64) as usize).min(AROUND - 1)] += 1;
            }
        }
        let width_deg = 360.0 / AROUND as f64;
        cells.extend(counts.into_iter().enumerate().map(|(k, samples)| Cell {
            azimuth_deg: -180.0 + (k as f64 + 0.5) * width_deg,
            elevation_deg: 0.5 * (low_deg + high_deg),
            size_deg: (width_deg, high_deg - low_deg),
            samples,
        }));
    }
    let covered: Vec<Vector3<f64>> = cells
        .iter()
        .filter(|cell| cell.samples > 0)
        .map(Cell::direction)
        .collect();
    let far = |u: &Vector3<f64>| {
        let nearest = covered.iter().map(|c| c.dot(u).abs()).fold(0.0, f64::max);
        nearest.min(1.0).acos()
    };
    let (hole, hole_rad) = cells
        .iter()
        .map(Cell::direction)
        .map(|u| (u, far(&u)))
        .fold((Vector3::z(), 0.0), |worst, one| {
            if one.1 > worst.1 { one } else { worst }
        });
    let share = covered.len() as f64 / cells.len() as f64;
    Coverage {
        share,
        hole,
        hole_rad,
        cells,
    }
}

impl Cell {
    /// Its middle.
    #[must_use]
    pub fn direction(&self) -> Vector3<f64> {
        let (sin, cos) = self.elevation_deg.to_radians().sin_cos();
        let (y, x) = self.azimuth_deg.to_radians().sin_cos();
        Vector3::new(cos * x, cos * y, sin)
    }
}

/// Whether all samples lie in one plane: which axis is normal to it, and how thin it is.
pub(super) fn is_level(samples: &[FieldSample]) -> bool {
    let spans = Vector3::from_fn(|axis, _| {
        let mut values: Vec<f64> = samples.iter().map(|s| s.field_ut[axis]).collect();
        values.sort_by(f64::total_cmp);
        // Without a hundredth at either end: single wild samples.
        let cut = values.len() / 100;
        values[values.len() - 1 - cut] - values[cut]
    });
    spans.z < 0.15 * spans.x.min(spans.y)
}

/// Twelfths of a circle that samples cover, seen from a centre in x and y.
pub(super) fn twelfths(samples: &[FieldSample], x_ut: f64, y_ut: f64) -> usize {
    let twelfth = |s: &FieldSample| {
        let azimuth = (s.field_ut.y - y_ut).atan2(s.field_ut.x - x_ut);
        ((azimuth + PI) / TAU * 12.0) as u8
    };
    samples
        .iter()
        .map(twelfth)
        .collect::<BTreeSet<u8>>()
        .len()
        .min(12)
}
