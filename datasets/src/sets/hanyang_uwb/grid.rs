//! The anchors' grid against east and north.

use anyhow::{Context, Result};
use nalgebra::{Rotation2, Vector2};
use wayfix::config::site::{Datum, Grid};

use super::Row;
use crate::frames::{TangentPlane, ecef};

/// Antenna of the satellite receiver behind the tag \[m\].
const ANTENNA_BEHIND_M: f64 = 0.185;

/// A point of the grid in the site frame \[m\].
pub(super) fn on_site(grid: &Grid, p_grid: Vector2<f64>) -> Vector2<f64> {
    Rotation2::new(grid.yaw_deg.to_radians()) * p_grid + Vector2::new(grid.east_m, grid.north_m)
}

/// The grid against east and north by a rigid fit of the antenna: what a survey of two anchors with
/// the same receiver would have given.
pub(super) fn fit(rows: &[Row]) -> Result<(Datum, Grid)> {
    let first = rows.iter().find(|row| row.fixed).context("no RTK fix")?;
    let datum = Datum::at(first.lat_deg, first.lon_deg, first.altitude_m);
    let plane = TangentPlane::new(datum.lat_deg, datum.lon_deg, datum.height_m);
    let pairs: Vec<(Vector2<f64>, Vector2<f64>)> = rows
        .iter()
        .filter(|row| row.fixed)
        .map(|row| {
            let (sin, cos) = row.yaw_rad.sin_cos();
            let antenna = row.grid - ANTENNA_BEHIND_M * Vector2::new(cos, sin);
            let p_n = plane.enu(&ecef(row.lat_deg, row.lon_deg, row.altitude_m));
            (antenna, p_n.xy())
        })
        .collect();
    let count = pairs.len() as f64;
    let mean_grid = pairs.iter().map(|pair| pair.0).sum::<Vector2<f64>>() / count;
    let mean_site = pairs.iter().map(|pair| pair.1).sum::<Vector2<f64>>() / count;
    let (mut cross, mut dot) = (0.0, 0.0);
    for (p_grid, p_site) in &pairs {
        let (a, b) = (p_grid - mean_grid, p_site - mean_site);
        cross += a.perp(&b);
        dot += a.dot(&b);
    }
    let yaw_rad = cross.atan2(dot);
    let shift = mean_site - Rotation2::new(yaw_rad) * mean_grid;
    let grid = Grid {
        yaw_deg: yaw_rad.to_degrees(),
        east_m: shift.x,
        north_m: shift.y,
    };
    Ok((datum, grid))
}
