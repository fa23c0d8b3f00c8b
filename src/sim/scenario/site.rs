//! The simpler sites.

use crate::config::Site;
use crate::config::site::{Anchor, Datum, Magnetic, Marker};
use crate::sim::scene::Scene;

/// Somewhere near Zürich.
pub(super) const DATUM: Datum = Datum::at(47.4, 8.5, 440.0);
/// The field there.
pub(super) const MAGNETIC: Magnetic = Magnetic {
    declination_deg: 3.4,
    inclination_deg: 63.2,
    strength_ut: 48.3,
};
/// How well markers are surveyed, each component [m].
pub(super) const SURVEY_M: f64 = 0.01;

pub(super) fn anchors(positions: &[[f64; 3]]) -> Vec<Anchor> {
    let anchor = |(i, position_m): (usize, &[f64; 3])| Anchor {
        id: format!("A{}", i + 1),
        position_m: *position_m,
        bias_m: 0.0,
    };
    positions.iter().enumerate().map(anchor).collect()
}

/// Ceiling markers on a grid, upright for a viewer who looks along +x.
pub(super) fn markers(prefix: &str, x_m: &[f64], y_m: &[f64], z_m: f64) -> Vec<Marker> {
    let places = y_m
        .iter()
        .flat_map(|y| x_m.iter().map(move |x| [*x, *y, z_m]));
    let marker = |(i, position_m)| Marker {
        id: format!("{prefix}{}", i + 1),
        position_m,
        rpy_deg: [180.0, 0.0, 0.0],
        size_m: 0.4,
        sigma_m: SURVEY_M,
    };
    places.enumerate().map(marker).collect()
}

/// A room of 28 m × 20 m with six anchors at different heights, its origin in the middle.
pub(super) fn laboratory() -> Scene {
    Scene::open(Site {
        name: "Laboratory".to_owned(),
        anchors: anchors(&[
            [-14.0, -10.0, 0.5],
            [14.0, -10.0, 4.5],
            [14.0, 10.0, 0.8],
            [-14.0, 10.0, 4.0],
            [0.0, -10.0, 5.0],
            [0.0, 10.0, 0.3],
        ]),
        ..Site::default()
    })
}

/// An open yard.
pub(super) fn yard() -> Scene {
    Scene::open(Site {
        name: "Yard".to_owned(),
        datum: Some(DATUM),
        magnetic: Some(MAGNETIC),
        ..Site::default()
    })
}

/// Four aisles with a ceiling marker every six metres, each where it should be to half a millimetre.
pub(super) fn aisles() -> Scene {
    let x_m: Vec<f64> = (0..7).map(|i| 4.0 + 6.0 * f64::from(i)).collect();
    let mut markers = markers("M", &x_m, &[4.0, 10.0, 16.0, 22.0], 6.0);
    for marker in &mut markers {
        marker.sigma_m = 5e-4;
    }
    Scene::open(Site {
        name: "Aisles".to_owned(),
        markers,
        ..Site::default()
    })
}
