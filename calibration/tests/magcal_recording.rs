//! 243 readings of a magnetometer that was turned by hand in a band near one side of the sphere: an
//! ellipsoid can't be told from it, and is not.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

use std::path::{Path, PathBuf};

use nalgebra::Vector3;
use wayfix_calibration::magnetometer::{FieldSample, MagnetometerError, iron};

fn recording() -> Option<Vec<FieldSample>> {
    let data = std::env::var_os("WAYFIX_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = data.join("magcal/mag_out_sample.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!(
            "skipped: no recording at {} (set WAYFIX_DATA)",
            path.display()
        );
        return None;
    };
    let sample = |(row, line): (usize, &str)| {
        let values: Vec<f64> = line.split(',').map(|v| v.trim().parse().unwrap()).collect();
        FieldSample {
            t_s: row as f64,
            field_ut: Vector3::from_row_slice(&values),
        }
    };
    Some(text.lines().skip(1).enumerate().map(sample).collect())
}

#[test]
fn a_band_of_the_sphere_is_refused_and_its_centre_told() {
    let Some(samples) = recording() else {
        return;
    };
    assert_eq!(samples.len(), 243);
    match iron(&samples, None) {
        Err(MagnetometerError::PoorCoverage {
            coverage,
            centre_ut,
            radius_ut,
        }) => {
            println!(
                "{:.0} % covered, hole {:.0} deg, centre {centre_ut:.1?}, radius {radius_ut:.1}",
                100.0 * coverage.share,
                coverage.hole_rad.to_degrees()
            );
            assert!((centre_ut.x - 40.0).abs() < 2.0 && (centre_ut.y + 89.0).abs() < 2.0);
            assert!((radius_ut - 189.6).abs() < 1.0);
            assert!(coverage.share < 0.4);
        }
        other => panic!("{other:?}"),
    }
}
