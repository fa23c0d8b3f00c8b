//! What moves: its shape once, its place and what is known of it with every estimate.

use nalgebra::{Matrix3, Rotation3, UnitQuaternion, Vector3};
use rerun::components::FillMode;
use rerun::{Arrows3D, Boxes3D, Ellipsoids3D, Points3D, Transform3D};

use super::colour;
use super::pen::{Pen, path};
use super::site::{circles, turn, width, xyz};
use crate::engine::{Estimate, Setup};

/// The box reaches so far beyond axles and sensors, and is at least so large \[m\].
const MARGIN_M: f64 = 0.1;
const LEAST_M: f64 = 0.4;

/// The box, about axles and sensors, and the sensors in it.
pub fn draw(pen: &mut Pen, setup: &Setup) {
    let motion = &setup.motion;
    let wheels = [
        Vector3::new(0.0, 0.5 * motion.track_m, 0.0),
        Vector3::new(motion.wheelbase_m, -0.5 * motion.track_m, 0.0),
    ];
    let places = || setup.sources.iter().map(|s| s.p_bs).chain(wheels);
    let least = places().fold(Vector3::zeros(), |a, p| a.inf(&p));
    let most = places().fold(Vector3::zeros(), |a, p| a.sup(&p));
    let half = 0.5 * (most - least);
    let half_size = half.map(|h| (h + MARGIN_M).max(0.5 * LEAST_M));
    let shape = Boxes3D::from_centers_and_half_sizes([xyz(least + half)], [xyz(half_size)])
        .with_colors([colour::BODY])
        .with_radii([width(1.0)]);
    pen.draw_once("vehicle/box", &shape);
    let ahead = Arrows3D::from_vectors([[half_size.x as f32, 0.0, 0.0]])
        .with_origins([xyz(least + half + Vector3::x() * half_size.x)])
        .with_colors([colour::BODY]);
    pen.draw_once("vehicle/ahead", &ahead);
    let place = Points3D::new([[0.0_f32; 3]])
        .with_colors([colour::BODY])
        .with_radii([width(3.5)]);
    pen.draw_once("vehicle/place", &place);
    for source in &setup.sources {
        let at = path(["vehicle", "sensors", &source.name]);
        let mount = Transform3D::from_translation_rotation(xyz(source.p_bs), turn(&source.q_bs));
        pen.draw_once(at.clone(), &mount);
        let point = Points3D::new([[0.0_f32; 3]])
            .with_labels([source.name.as_str()])
            .with_show_labels(false)
            .with_colors([colour::LANDMARK])
            .with_radii([width(2.0)]);
        pen.draw_once(at.join(&"origin".into()), &point);
    }
}

/// Draws where it is, how sure that is, and how fast it goes.
pub fn place(pen: &mut Pen, e: &Estimate) {
    let pose = Transform3D::from_translation_rotation(xyz(e.p_n), turn(&e.q_nb));
    pen.draw(path(["vehicle"]), &pose);
    let (half_sizes_m, q) = axes(&e.position_covariance);
    let ellipse =
        Ellipsoids3D::from_centers_and_half_sizes([xyz(e.p_n)], [xyz(3.0 * half_sizes_m)])
            .with_quaternions([turn(&q)])
            .with_fill_mode(FillMode::MajorWireframe)
            .with_colors([colour::SIGMA])
            .with_line_radii([width(1.0)]);
    pen.draw("estimate/ellipse_3_sigma", &ellipse);
    let level_m = Some(e.protection.horizontal_m).filter(|level| level.is_finite());
    let level = circles(level_m.map(|level| (e.p_n, level)))
        .with_colors([colour::LEVEL])
        .with_line_radii([width(0.75)]);
    pen.draw("estimate/protection_level", &level);
    let velocity = Arrows3D::from_vectors([xyz(e.v_n)])
        .with_origins([xyz(e.p_n)])
        .with_colors([colour::WEIGHED])
        .with_radii([width(1.5)]);
    pen.draw("estimate/velocity", &velocity);
}

/// Sigmas along the principal axes of a covariance \[m\], and these axes as a rotation.
fn axes(covariance: &Matrix3<f64>) -> (Vector3<f64>, UnitQuaternion<f64>) {
    let found = covariance.symmetric_eigen();
    let mut axes = found.eigenvectors;
    if axes.determinant() < 0.0 {
        axes.column_mut(2).neg_mut();
    }
    let q = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(axes));
    (found.eigenvalues.map(|v| v.max(0.0).sqrt()), q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ellipse_is_the_covariance() {
        let turned = UnitQuaternion::from_euler_angles(0.1, -0.3, 0.8).to_rotation_matrix();
        let sigmas = Matrix3::from_diagonal(&Vector3::new(4.0, 1.0, 0.25));
        let covariance = turned * sigmas * turned.transpose();
        let (half, q) = axes(&covariance);
        let r = q.to_rotation_matrix();
        let again = r * Matrix3::from_diagonal(&half.component_mul(&half)) * r.transpose();
        assert!((again - covariance).norm() < 1e-12);
    }
}
