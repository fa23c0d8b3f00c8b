//! Where an anchor may be, from ranges along a way and nothing else.
//!
//! Two ranges from two places leave two points in the plane; the points of many pairs are tried against
//! all ranges by a cost that wild ones hardly touch, the best are moved to their minimum (Gauss-Newton),
//! and what is left are the places that fit. A straight way leaves two, mirrored at it.

use nalgebra::{Vector2, Vector3};

use crate::least_squares::minimise;

/// Ranges that are looked at.
const LOOKED_AT: usize = 240;
/// Pairs of them that make points.
const PAIRS: usize = 60;
/// Points that are moved to their minimum.
const TRIED: usize = 8;
/// A range is off by about so much: a length \[m\] and a share of it.
const OFF_M: f64 = 0.3;
const OFF_RATIO: f64 = 0.05;
/// Two minima are two places from so far apart on, a length \[m\] and a share of the ranges, and both fit
/// where the costs differ by less than this many times their number's root.
const APART_M: f64 = 0.5;
const APART_RATIO: f64 = 0.15;
const ALIKE: f64 = 0.5;
/// Least height against a level way that is guessed \[m\].
const LEAST_HEIGHT_M: f64 = 2.0;

/// Where an anchor may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located {
    /// The place that fits best, or the one near the guess \[m\].
    pub p_na: Vector3<f64>,
    /// Another in the plane that fits about as well.
    pub mirrored: Option<Vector3<f64>>,
}

/// The place of an anchor from `(place of the tag, range)`, each in \[m\]; of heights above and below a level
/// way, the one near `near`, else above. `None` where the ranges don't place it.
#[must_use]
pub fn locate(
    heard: &[(Vector3<f64>, f64)],
    horizontal: bool,
    near: Option<Vector3<f64>>,
) -> Option<Located> {
    let step = heard.len().div_ceil(LOOKED_AT).max(1);
    let some: Vec<(Vector3<f64>, f64)> = heard.iter().step_by(step).copied().collect();
    let off = |range_m: f64| OFF_M.hypot(OFF_RATIO * range_m);
    let errors = |p: &Vector3<f64>| {
        let error = |(from, range_m): &(Vector3<f64>, f64)| {
            let mut d = from - p;
            if horizontal {
                d.z = 0.0;
            }
            (d.norm() - range_m) / off(*range_m)
        };
        some.iter().map(error).collect::<Vec<f64>>()
    };
    let cost = |p: &Vector3<f64>| -> f64 { errors(p).iter().map(|e| (0.25 * e * e).ln_1p()).sum() };
    let reach_m = some.iter().map(|(_, range_m)| range_m).sum::<f64>() / some.len().max(1) as f64;
    let apart_m = APART_M.max(APART_RATIO * reach_m);
    let middle_m = some.iter().map(|(p, _)| p.z).sum::<f64>() / some.len().max(1) as f64;
    let height_m = near.map_or(middle_m + if horizontal { 0.0 } else { 1.0 }, |p| p.z);

    let mut points: Vec<Vector3<f64>> = near.into_iter().collect();
    for k in 0..PAIRS {
        // Pairs far apart in time, spread over the drive.
        let i = k * some.len() / PAIRS;
        let j = (i + some.len() / 3 + k % 7) % some.len();
        points.extend(crossings(&some[i], &some[j], height_m));
    }
    points.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    let mut apart: Vec<Vector3<f64>> = Vec::new();
    for p in points {
        if apart.iter().all(|q| (q - p).norm() > apart_m) && apart.len() < TRIED {
            apart.push(p);
        }
    }
    // On a level way the height has no slope at the way's own: begin well to one side of it, and stay.
    let side = if height_m < middle_m { -1.0 } else { 1.0 };
    let axes = if horizontal { 2 } else { 3 };
    let refined = |start: &Vector3<f64>| {
        let of = |x: &[f64]| {
            let z = x.get(2).copied().unwrap_or(start.z);
            Vector3::new(x[0], x[1], z)
        };
        // Log costs as squares, so that wild ranges count little here too.
        let residuals = |x: &[f64]| {
            let root = |e: f64| e.signum() * (0.25 * e * e).ln_1p().sqrt();
            errors(&of(x)).into_iter().map(root).collect::<Vec<_>>()
        };
        let x = minimise(&start.as_slice()[..axes], residuals).ok()?;
        let mut p = of(&x);
        if !horizontal {
            p.z = middle_m + side * (p.z - middle_m).abs().max(LEAST_HEIGHT_M);
        }
        p.iter().all(|v| v.is_finite()).then_some(p)
    };
    let mut minima: Vec<Vector3<f64>> = apart.iter().filter_map(refined).collect();
    minima.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    let best = *minima.first()?;
    let slack = ALIKE * (some.len() as f64).sqrt();
    let is_alike = |p: &&Vector3<f64>| cost(p) < cost(&best) + slack;
    let other = minima
        .iter()
        .filter(is_alike)
        .find(|p| (p.xy() - best.xy()).norm() > apart_m);
    let mut p_na = best;
    let mut mirrored = other.copied();
    if let (Some(near), Some(other)) = (near, mirrored)
        && (near - other).norm() < (near - best).norm()
    {
        (p_na, mirrored) = (other, Some(best));
    }
    Some(Located { p_na, mirrored })
}

/// The points of the plane at a height that are as far from two places as their ranges say; where
/// the circles don't meet, the point between them.
fn crossings(
    (a, r): &(Vector3<f64>, f64),
    (b, s): &(Vector3<f64>, f64),
    height_m: f64,
) -> Vec<Vector3<f64>> {
    let flat = |p: &Vector3<f64>, range_m: f64| {
        (range_m * range_m - (p.z - height_m).powi(2))
            .max(0.0)
            .sqrt()
    };
    let (r, s) = (flat(a, *r), flat(b, *s));
    let d: Vector2<f64> = b.xy() - a.xy();
    let length = d.norm();
    if length < 1e-3 {
        return Vec::new();
    }
    let along = (length * length + r * r - s * s) / (2.0 * length);
    let across = (r * r - along * along).max(0.0).sqrt();
    let u = d / length;
    let left = Vector2::new(-u.y, u.x);
    [across, -across]
        .map(|across| {
            let p = a.xy() + along * u + across * left;
            Vector3::new(p.x, p.y, height_m)
        })
        .to_vec()
}
