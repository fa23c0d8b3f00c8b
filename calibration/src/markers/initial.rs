//! Where the search for a place begins.

use nalgebra::{Matrix3, Rotation3, SMatrix, SVector, UnitQuaternion, Vector3};

use super::{Camera, Sighting, corners};

/// Sightings from which a marker's turn is tried.
const TRIED: usize = 3;

/// The point nearest to all rays: `Σ (1 − u uᵀ)(p − p_nc) = 0`.
pub(super) fn point(camera: &Camera, sightings: &[&Sighting]) -> Option<Vector3<f64>> {
    let (mut left, mut right) = (Matrix3::zeros(), Vector3::zeros());
    for sighting in sightings {
        let u = (sighting.q_cn.inverse() * camera.ray(sighting.pixels.first()?)).normalize();
        let across = Matrix3::identity() - u * u.transpose();
        left += across;
        right += across * sighting.p_nc;
    }
    // Rays of one direction leave the depth open: then a little along them.
    left += 1e-6 * Matrix3::identity();
    let middle = sightings.iter().map(|s| s.p_nc).sum::<Vector3<f64>>() / sightings.len() as f64;
    right += 1e-6 * middle;
    left.cholesky().map(|factor| factor.solve(&right))
}

/// Place and turn of a marker by single sightings, those in which it is largest first.
pub(super) fn markers(
    camera: &Camera,
    sightings: &[&Sighting],
    size_m: f64,
) -> Vec<(Vector3<f64>, UnitQuaternion<f64>)> {
    let mut by_size: Vec<&Sighting> = sightings.to_vec();
    let area = |s: &Sighting| {
        let (a, b) = (s.pixels[2] - s.pixels[0], s.pixels[3] - s.pixels[1]);
        (a.x * b.y - a.y * b.x).abs()
    };
    by_size.sort_by(|a, b| area(b).total_cmp(&area(a)));
    let tried = by_size.iter().take(TRIED);
    tried
        .filter_map(|sighting| marker(camera, sighting, size_m))
        .collect()
}

/// By the homography from the marker's plane: its columns are two axes and the place, but for a
/// factor.
fn marker(
    camera: &Camera,
    sighting: &Sighting,
    size_m: f64,
) -> Option<(Vector3<f64>, UnitQuaternion<f64>)> {
    let mut left = SMatrix::<f64, 8, 8>::zeros();
    let mut right = SVector::<f64, 8>::zeros();
    for (k, (corner, pixel)) in corners(size_m).iter().zip(&sighting.pixels).enumerate() {
        let r = camera.ray(pixel);
        let (x, y) = (corner.x, corner.y);
        let rows = [
            [x, y, 1.0, 0.0, 0.0, 0.0, -r.x * x, -r.x * y],
            [0.0, 0.0, 0.0, x, y, 1.0, -r.y * x, -r.y * y],
        ];
        for (i, row) in rows.into_iter().enumerate() {
            (0..8).for_each(|j| left[(2 * k + i, j)] = row[j]);
            right[2 * k + i] = if i == 0 { r.x } else { r.y };
        }
    }
    let h = left.lu().solve(&right)?;
    let (a, b) = (
        Vector3::new(h[0], h[3], h[6]),
        Vector3::new(h[1], h[4], h[7]),
    );
    let length = (a.norm() * b.norm()).sqrt();
    if !(length > 1e-9 && length.is_finite()) {
        return None;
    }
    let seen = Vector3::new(h[2], h[5], 1.0) / length;
    let (a, b) = (a / length, b / length);
    let r_cm = Matrix3::from_columns(&[a, b, a.cross(&b)]);
    let svd = r_cm.svd(true, true);
    let r_cm = svd.u? * svd.v_t?;
    let q_cm = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(r_cm));
    let to_site = sighting.q_cn.inverse();
    Some((sighting.p_nc + to_site * seen, to_site * q_cm))
}
