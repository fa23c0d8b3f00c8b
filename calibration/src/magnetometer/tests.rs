use nalgebra::{Matrix3, UnitQuaternion};

use super::*;
use crate::least_squares::{Rows, jacobian_error};
use crate::parameter::Observed;
use crate::random::Random;

const FIELD_UT: f64 = 48.0;
const EARTH: Option<Earth> = Some(Earth {
    strength_ut: FIELD_UT,
    // Twice as much down as north.
    horizontal_ut: 0.447_213_6 * FIELD_UT,
});
const HARD_UT: [f64; 3] = [12.0, -30.0, 7.0];

/// The correction that undoes the iron of the simulated sensor.
fn soft() -> Matrix3<f64> {
    Matrix3::new(1.05, 0.03, -0.02, 0.03, 0.94, 0.04, -0.02, 0.04, 1.01)
}

/// Samples of a sensor whose field points along `direction(k)`, 0.4 µT of noise.
fn turned(
    seed: u64,
    count: usize,
    direction: impl Fn(&mut Random, usize) -> Vector3<f64>,
) -> Vec<FieldSample> {
    let mut random = Random(seed);
    let inverse = soft().try_inverse().unwrap();
    (0..count)
        .map(|k| {
            let u = direction(&mut random, k).normalize();
            let noise = Vector3::from_fn(|_, _| 0.4 * random.normal());
            FieldSample {
                t_s: 0.02 * k as f64,
                field_ut: inverse * (FIELD_UT * u) + Vector3::from(HARD_UT) + noise,
            }
        })
        .collect()
}

/// A tumbling hand: slow turns about axes that change.
fn tumbling(_: &mut Random, k: usize) -> Vector3<f64> {
    let s = k as f64 * 0.02;
    UnitQuaternion::from_euler_angles(0.61 * s, 0.37 * s, 0.23 * s) * Vector3::new(0.2, 0.3, -0.93)
}

#[test]
fn known_iron_comes_back_within_its_sigmas() {
    const SEEDS: u64 = 10;
    let (mut squares, mut count) = (0.0, 0.0);
    for seed in 1..=SEEDS {
        let samples = turned(seed, 4000, tumbling);
        let found = iron(&samples, EARTH).unwrap();
        assert_eq!(found.kind, Kind::Full);
        let s = soft();
        let truth = HARD_UT.into_iter().chain([
            s[(0, 0)],
            s[(1, 1)],
            s[(2, 2)],
            s[(0, 1)],
            s[(0, 2)],
            s[(1, 2)],
        ]);
        for (parameter, truth) in found.hard_ut.iter().chain(&found.soft).zip(truth) {
            assert_eq!(parameter.observed, Observed::Well, "{parameter:?}");
            let error = (parameter.value - truth) / parameter.sigma;
            assert!(error.abs() < 4.5, "{parameter:?} is {truth}: {error:.1}");
            squares += error * error;
            count += 1.0;
        }
        assert!(
            found.rms_ut.0 > 5.0 && found.rms_ut.1 < 0.5,
            "{:?}",
            found.rms_ut
        );
        assert!((found.soft_matrix() - s).abs().max() < 0.005);
    }
    println!("mean square {:.2}", squares / count);
    assert!((0.3..1.8).contains(&(squares / count)));
}

#[test]
fn without_the_sites_strength_the_shape_is_the_same() {
    let found = iron(&turned(1, 4000, tumbling), None).unwrap();
    let shape = found.soft_matrix() / found.soft_matrix().trace();
    assert!(
        (shape - soft() / soft().trace()).abs().max() < 0.005,
        "{shape}"
    );
    assert!((found.hard_ut[1].value - HARD_UT[1]).abs() < 0.2);
}

#[test]
fn a_magnet_that_is_passed_is_weighted_down() {
    let mut samples = turned(2, 4000, tumbling);
    for sample in &mut samples[1000..1300] {
        sample.field_ut += Vector3::new(20.0, 5.0, 0.0);
    }
    let found = iron(&samples, EARTH).unwrap();
    for (hard, truth) in found.hard_ut.iter().zip(HARD_UT) {
        assert!((hard.value - truth).abs() < 0.5, "{hard:?}");
    }
}

#[test]
fn turning_on_the_spot_shows_x_and_y() {
    let level = |_: &mut Random, k: usize| {
        let a = 0.01 * k as f64;
        Vector3::new(a.sin(), a.cos(), -2.0)
    };
    let inverse = soft().try_inverse().unwrap();
    let samples = turned(1, 2000, level);
    let found = iron(&samples, EARTH).unwrap();
    assert_eq!(found.kind, Kind::Flat);
    for shown in [
        &found.hard_ut[0],
        &found.hard_ut[1],
        &found.soft[0],
        &found.soft[1],
    ] {
        assert_ne!(shown.observed, Observed::No, "{shown:?}");
    }
    for kept in [
        &found.hard_ut[2],
        &found.soft[2],
        &found.soft[4],
        &found.soft[5],
    ] {
        assert_eq!(
            (kept.observed, kept.value),
            (Observed::No, kept.guess),
            "{kept:?}"
        );
    }
    // Directions in the plane come out right: what the vertical field leaks into x and y is part of
    // the hard iron as this turning sees it.
    let vertical = inverse * Vector3::new(0.0, 0.0, -2.0 * FIELD_UT / 5_f64.sqrt());
    let centre = Vector3::from(HARD_UT) + vertical;
    assert!(
        (found.hard_ut[0].value - centre.x).abs() < 0.1,
        "{:?}",
        found.hard_ut[0]
    );
    for sample in &samples {
        let a = 0.5 * sample.t_s;
        let corrected = found.corrected(&sample.field_ut);
        let azimuth = corrected.y.atan2(corrected.x);
        let error = (azimuth - a.cos().atan2(a.sin())).sin();
        assert!(error.abs() < 0.12, "{error} at {a}");
    }
}

#[test]
fn poor_coverage_is_refused_with_what_is_missing() {
    // A band near the top of the sphere.
    let band = |random: &mut Random, k: usize| {
        let a = 0.013 * k as f64;
        Vector3::new(a.cos(), a.sin(), 1.0 + 0.3 * random.normal())
    };
    match iron(&turned(1, 1000, band), EARTH) {
        Err(MagnetometerError::PoorCoverage { coverage, .. }) => {
            assert!(coverage.share < 0.4, "{}", coverage.share);
            let low = coverage
                .cells
                .iter()
                .filter(|cell| cell.elevation_deg < -30.0);
            assert!(low.map(|cell| cell.samples).sum::<usize>() == 0);
        }
        other => panic!("{other:?}"),
    }
    let still = |_: &mut Random, _: usize| Vector3::z();
    assert!(matches!(
        iron(&turned(1, 1000, still), EARTH),
        Err(MagnetometerError::NotTurned { .. })
    ));
    let half = |_: &mut Random, k: usize| {
        let a = 0.003 * k as f64;
        Vector3::new(a.sin(), a.cos(), -2.0)
    };
    assert!(matches!(
        iron(&turned(1, 1000, half), None),
        Err(MagnetometerError::PoorCoverage { .. })
    ));
    assert!(matches!(
        iron(&[], None),
        Err(MagnetometerError::TooFew { .. })
    ));
}

#[test]
fn derivatives_are_those_of_the_model() {
    let samples = turned(4, 200, tumbling);
    let x = [10.0, -25.0, 5.0, 1.1, 0.9, 1.0, 0.05, -0.03, 0.02];
    let put = |x: &[f64], rows: &mut Rows| ellipsoid::put(x, &samples, FIELD_UT, 1.0, rows);
    let error = jacobian_error(&x, &[1e-5; 9], put);
    assert!(error < 1e-7, "{error}");
}

#[test]
fn cells_are_of_equal_area() {
    let covered = coverage(
        &turned(1, 20_000, |random, _| {
            Vector3::from_fn(|_, _| random.normal())
        }),
        &Vector3::from(HARD_UT),
    );
    assert!(covered.share > 0.99 && covered.is_enough());
    let areas: Vec<f64> = covered
        .cells
        .iter()
        .map(|cell| cell.samples as f64)
        .collect();
    let mean = areas.iter().sum::<f64>() / areas.len() as f64;
    assert!(
        areas.iter().all(|area| (area / mean - 1.0).abs() < 0.5),
        "{areas:?}"
    );
}
