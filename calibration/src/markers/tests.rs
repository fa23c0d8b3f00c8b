use super::*;
use crate::least_squares::jacobian_error;
use crate::random::Random;

const SIZE_M: f64 = 0.2;

fn camera() -> Camera {
    Camera {
        focal_px: Vector2::new(800.0, 810.0),
        centre_px: Vector2::new(640.0, 400.0),
    }
}

/// A ceiling marker, its z axis down, seen by a camera that looks up and passes below it in bends.
fn truth() -> (Vector3<f64>, UnitQuaternion<f64>) {
    let q = UnitQuaternion::from_euler_angles(std::f64::consts::PI + 0.03, 0.05, 0.7);
    (Vector3::new(3.0, -1.0, 4.0), q)
}

fn sightings(seed: u64, is_marker: bool) -> Vec<Sighting> {
    let mut random = Random(seed);
    let (p_m, q_m) = truth();
    let corners = of_marker(is_marker.then_some(SIZE_M));
    let mut sightings = Vec::new();
    for k in 0..60 {
        let t_s = 0.2 * f64::from(k) + 10.0 * f64::from(k / 6);
        let x = 1.5 * (0.9 * f64::from(k)).sin();
        let p_nc = p_m + Vector3::new(x, 1.2 * (0.37 * f64::from(k)).cos(), -2.6);
        // Camera z up, x along the site's x, so y against the site's y; a little crooked.
        let q_nc = UnitQuaternion::from_euler_angles(0.05, -0.03, 0.3 * f64::from(k % 5));
        let q_cn = q_nc.inverse();
        let pixels = corners.iter().map(|corner| {
            let d = q_cn * (p_m + q_m * corner - p_nc);
            let noise = Vector2::new(random.normal(), random.normal());
            let wild = if random.uniform() < 0.02 { 60.0 } else { 0.0 };
            let flat = Vector2::new(d.x / d.z, d.y / d.z).component_mul(&camera().focal_px);
            flat + camera().centre_px + noise + Vector2::new(wild, 0.0)
        });
        sightings.push(Sighting {
            t_s,
            p_nc,
            q_cn,
            sigmas: [1e-4, 1e-5],
            pixels: pixels.collect(),
        });
    }
    sightings
}

#[test]
fn derivatives_are_those_of_the_model() {
    let all = sightings(1, true);
    let some: Vec<&Sighting> = all.iter().take(5).collect();
    let camera = camera();
    let problem = Problem {
        camera: &camera,
        sightings: &some,
        corners: of_marker(Some(SIZE_M)),
        begin: truth(),
    };
    let x = [3.1, -0.9, 4.1, 0.2, -0.3, 0.4];
    let error = jacobian_error(&x, &[1e-6; 6], |x, rows| problem.put(x, 1.0, rows));
    assert!(error < 1e-6, "{error}");
}

#[test]
fn markers_and_points_come_back_within_their_sigmas() {
    let (p_m, q_m) = truth();
    for is_marker in [false, true] {
        let mut errors: Vec<f64> = Vec::new();
        for seed in 1..=10 {
            let all = sightings(seed, is_marker);
            let found = survey(&camera(), &all, is_marker.then_some(SIZE_M), None).unwrap();
            for (k, p) in found.place.iter().enumerate() {
                assert_ne!(p.observed, Observed::No);
                errors.push((p.value - p_m[k]) / p.sigma);
            }
            if let Some(q) = found.q_nm {
                let off = (q.inverse() * q_m).scaled_axis();
                errors.extend(found.turn.iter().enumerate().map(|(k, p)| off[k] / p.sigma));
            }
            assert!((found.sigma_px - 1.0).abs() < 0.25 && found.seen == (60, 10));
        }
        let mean = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
        let worst = errors.iter().fold(0.0_f64, |w, e| w.max(e.abs()));
        println!("marker {is_marker}: mean square {mean:.2}, worst {worst:.2}");
        assert!((0.3..2.2).contains(&mean) && worst < 4.5, "{mean} {worst}");
    }
}

#[test]
fn one_direction_shows_no_depth_of_a_point() {
    let mut all = sightings(1, false);
    let first = all[0].clone();
    all.iter_mut().for_each(|s| {
        (s.p_nc, s.q_cn) = (first.p_nc, first.q_cn);
        s.pixels = first.pixels.clone();
    });
    match survey(&camera(), &all, None, None) {
        Ok(found) => assert_eq!(found.place[2].observed, Observed::No, "{found:?}"),
        Err(error) => assert_eq!(error, MarkersError::Nowhere),
    }
    let few = survey(&camera(), &all[..2], None, None);
    assert!(matches!(few, Err(MarkersError::TooFew { .. })));
}
