//! Which directions a turning covered: as a map, and in words.

use wayfix_calibration::magnetometer::{Cell, Coverage};

use crate::calibrate::plot::{Axis, Plot, Series, Style};

/// The map: azimuth to the right, elevation upwards.
pub(super) fn map(coverage: &Coverage) -> Plot {
    let middle = |cell: &Cell| (cell.azimuth_deg, cell.elevation_deg);
    let cells = |is_covered: bool| {
        let of = coverage
            .cells
            .iter()
            .filter(move |c| (c.samples > 0) == is_covered);
        of.map(middle).collect::<Vec<_>>()
    };
    let width = coverage.cells.first().map_or(1.0, |cell| cell.size_deg.0);
    // Bands of equal area are of unequal height: one series each.
    let mut heights: Vec<(f64, f64)> = coverage
        .cells
        .iter()
        .map(|cell| (cell.elevation_deg, cell.size_deg.1))
        .collect();
    heights.dedup_by(|a, b| a.0 == b.0);
    let mut series = Vec::new();
    for (is_covered, name) in [(true, "covered"), (false, "missing")] {
        let all = cells(is_covered);
        let mut name = name.to_owned();
        for (elevation_deg, height_deg) in &heights {
            let points: Vec<_> = all
                .iter()
                .copied()
                .filter(|p| p.1 == *elevation_deg)
                .collect();
            if !points.is_empty() {
                series.push(Series {
                    // Named once.
                    name: std::mem::take(&mut name),
                    style: Style::Cells(width, *height_deg, is_covered),
                    points,
                });
            }
        }
    }
    Plot {
        name: "coverage".to_owned(),
        title: format!(
            "Directions of the field in the sensor: {:.0} % covered",
            100.0 * coverage.share
        ),
        x: Axis {
            range: Some((-180.0, 180.0)),
            ..Axis::linear("azimuth, from x towards y [deg]")
        },
        y: Axis {
            range: Some((-90.0, 90.0)),
            ..Axis::linear("elevation above the xy plane [deg]")
        },
        series,
    }
}

/// The map in letters, a line a band, the highest first.
pub(super) fn letters(coverage: &Coverage) -> Vec<String> {
    let mut bands: Vec<(f64, String)> = Vec::new();
    for cell in &coverage.cells {
        let letter = if cell.samples > 0 { '#' } else { '.' };
        match bands.last_mut().filter(|band| band.0 == cell.elevation_deg) {
            Some(band) => band.1.push(letter),
            None => bands.push((cell.elevation_deg, letter.to_string())),
        }
    }
    let line =
        |(elevation_deg, letters): &(f64, String)| format!("{elevation_deg:+4.0} deg  {letters}");
    bands.iter().rev().map(line).collect()
}

/// What to do about the widest hole.
pub(super) fn missing(coverage: &Coverage) -> String {
    let hole = coverage.hole;
    let axis = hole.iamax();
    let end = if hole[axis] > 0.0 { "" } else { "-" };
    let axis = ["x", "y", "z"][axis];
    format!(
        "no direction within {:.0} deg of azimuth {:.0} deg, elevation {:.0} deg, or of its opposite: turn \
         the sensor until the field runs along its {end}{axis} axis",
        coverage.hole_rad.to_degrees(),
        hole.y.atan2(hole.x).to_degrees(),
        hole.z.clamp(-1.0, 1.0).asin().to_degrees(),
    )
}
