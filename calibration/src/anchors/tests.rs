use super::*;
use crate::drive::{Odometry, OdometrySigmas, Step, Track, TrackPoint};
use crate::errors::Errors;
use crate::least_squares::jacobian_error;
use crate::parameter::Observed;
use crate::pose::Pose2;
use crate::random::Random;

const SCALE: f64 = 1.03;
const BIASES_M: [f64; 4] = [0.15, -0.10, 0.30, 0.05];

fn places() -> [Vector3<f64>; 4] {
    [
        Vector3::new(-12.0, -9.0, 3.0),
        Vector3::new(14.0, -10.0, 2.5),
        Vector3::new(12.0, 11.0, 4.0),
        Vector3::new(-11.0, 13.0, 3.2),
    ]
}

fn options(horizontal: bool) -> Options {
    Options {
        lever: Vector3::new(0.5, 0.1, 1.2),
        scale: 1.0,
        horizontal,
        sought_bias_prior_m: 0.05,
        fixes: Vec::new(),
        is_unplaced: false,
    }
}

/// Rounds of a hall, with bends.
fn pose(t_s: f64) -> Pose2 {
    let at = |t: f64| (9.0 * (0.06 * t).sin(), 8.0 * (0.083 * t).cos());
    let ((x, y), (x1, y1)) = (at(t_s), at(t_s + 1e-4));
    Pose2::new(x, y, (y1 - y).atan2(x1 - x))
}

fn ranges(seed: u64, seconds: f64, horizontal: bool, lever: Vector3<f64>) -> Vec<Ranged> {
    let mut random = Random(seed);
    let mut ranges = Vec::new();
    for k in 0..(seconds * 10.0) as usize {
        let t_s = 0.1 * k as f64 + 0.05;
        let anchor = k % 4;
        let p = pose(t_s);
        let tag = p.compose(&Pose2::new(lever.x, lever.y, 0.0));
        let mut d = Vector3::new(tag.x_m, tag.y_m, lever.z) - places()[anchor];
        if horizontal {
            d.z = 0.0;
        }
        let wild_m = if random.uniform() < 0.03 { 4.0 } else { 0.0 };
        let bias_m = BIASES_M[anchor];
        ranges.push(Ranged {
            t_s,
            anchor,
            range_m: SCALE * d.norm() + bias_m + 0.08 * random.normal() + wild_m,
        });
    }
    ranges
}

fn known(seconds: f64) -> Way {
    let point = |k: usize| {
        let t_s = 0.1 * k as f64;
        let p = pose(t_s);
        TrackPoint {
            t_s,
            p_nb: Vector3::new(p.x_m, p.y_m, 0.0),
            q_nb: Some(nalgebra::UnitQuaternion::from_euler_angles(
                0.0, 0.0, p.yaw_rad,
            )),
        }
    };
    Way::Known(Track::new(
        (0..=(seconds * 10.0) as usize).map(point).collect(),
    ))
}

/// Dead reckoning with the errors that its sigmas state: wheels 1 % off, and a turn bias.
fn driven(seed: u64, seconds: f64) -> Odometry {
    let mut random = Random(seed ^ 0xabc);
    let sigmas = OdometrySigmas {
        distance_m_rtm: 0.01,
        lateral_m_rtm: 0.003,
        yaw_rad_rtm: 0.003,
        yaw_rad_rtrad: 0.005,
        scale: 0.01,
        yaw_scale: 0.01,
        yaw_bias_radps: 2e-4,
        ..OdometrySigmas::default()
    };
    // Within the priors, of their sigma.
    let mut even = |sigma: f64| sigma * 12_f64.sqrt() * (random.uniform() - 0.5);
    let (scale, bias) = (1.0 + even(0.01), even(2e-4));
    let mut at = Pose2::default();
    let mut steps = vec![Step { t_s: 0.0, pose: at }];
    for k in 1..=(seconds * 10.0) as usize {
        let t_s = 0.1 * k as f64;
        let mut step = pose(t_s - 0.1).to(&pose(t_s));
        step.yaw_rad = crate::pose::wrap(step.yaw_rad);
        let way_m = step.x_m.hypot(step.y_m);
        step.x_m = step.x_m / scale + 0.01 * way_m.sqrt() * random.normal();
        step.y_m = step.y_m / scale + 0.003 * way_m.sqrt() * random.normal();
        let sigma = (0.003_f64.powi(2) * way_m + 0.005_f64.powi(2) * step.yaw_rad.abs()).sqrt();
        step.yaw_rad += -bias * 0.1 + sigma * random.normal();
        at = at.compose(&step);
        steps.push(Step { t_s, pose: at });
    }
    Odometry::new(steps, sigmas, 1.0, 0.0)
}

fn anchors(is_sought: bool, is_known: bool) -> Vec<Anchor> {
    let anchor = |(k, p): (usize, &Vector3<f64>)| Anchor {
        name: format!("A{k}"),
        p_na: is_known.then_some(*p),
        is_sought,
        bias_m: 0.0,
    };
    places().iter().enumerate().map(anchor).collect()
}

#[test]
fn derivatives_are_those_of_the_model() {
    for horizontal in [true, false] {
        let options = options(horizontal);
        let way = Way::Driven(driven(1, 20.0).from_start(pose(0.0), (0.1, 0.1)));
        let all = ranges(1, 20.0, horizontal, options.lever);
        let problem = Problem::new(way, anchors(true, true), &all, &options).unwrap();
        let mut x: Vec<f64> = problem.unknowns().iter().map(|u| u.guess).collect();
        for (k, value) in x.iter_mut().enumerate() {
            *value += 0.02 * ((k * 5 % 9) as f64 - 4.0);
        }
        let steps = vec![1e-6; x.len()];
        let error = jacobian_error(&x, &steps, |x, rows| problem.put(x, 0.1, rows));
        assert!(error < 1e-5, "{error}");
    }
}

#[test]
fn a_known_way_shows_biases_and_scale_of_known_anchors() {
    let mut errors = Errors::default();
    for seed in 1..=12 {
        let options = options(false);
        let all = ranges(seed, 200.0, false, options.lever);
        let found =
            calibrate_anchors(&known(200.0), &anchors(false, true), &all, &options).unwrap();
        errors.add(&found.scale, SCALE);
        for (bias, truth) in found.biases.iter().zip(BIASES_M) {
            errors.add(bias, truth);
        }
        assert!((found.sigma_m - 0.08).abs() < 0.01 && (found.wild_share - 0.03).abs() < 0.02);
    }
    errors.check("known anchors");
}

#[test]
fn a_known_way_surveys_anchors_of_which_nothing_is_known() {
    for horizontal in [true, false] {
        let mut errors = Errors::default();
        for seed in 1..=8 {
            let mut options = options(horizontal);
            options.sought_bias_prior_m = 0.3;
            let all = ranges(seed, 300.0, horizontal, options.lever);
            let found =
                calibrate_anchors(&known(300.0), &anchors(true, false), &all, &options).unwrap();
            assert!(found.mirrored.iter().all(Option::is_none));
            for (place, truth) in found.places.iter().zip(places()) {
                for (k, axis) in place.iter().enumerate() {
                    errors.add(axis, truth[k]);
                    assert!(axis.sigma < 0.8, "{axis:?}");
                }
            }
            errors.add(&found.scale, SCALE);
        }
        errors.check("survey");
    }
}

#[test]
fn odometry_and_ranges_survey_together() {
    let mut errors = Errors::default();
    for seed in 1..=6 {
        let mut options = options(true);
        options.is_unplaced = true;
        options.sought_bias_prior_m = 0.3;
        let all = ranges(seed, 400.0, true, options.lever);
        let way = Way::Driven(driven(seed, 400.0).from_start(pose(0.0), (0.01, 0.005)));
        let found = calibrate_anchors(&way, &anchors(true, false), &all, &options).unwrap();
        for (place, truth) in found.places.iter().zip(places()) {
            for (k, axis) in place.iter().enumerate() {
                errors.add(axis, truth[k]);
                assert!((axis.value - truth[k]).abs() < 1.0, "{axis:?}");
            }
        }
        errors.add(&found.scale, SCALE);
        // Both scales are one gauge: neither is known better than the odometry's prior.
        assert!(found.scale.sigma > 0.004, "{:?}", found.scale);
    }
    errors.check("odometry");
}

#[test]
fn a_straight_way_has_a_mirror() {
    let points = (0..300).map(|k| TrackPoint {
        t_s: 0.1 * f64::from(k),
        p_nb: Vector3::new(0.05 * f64::from(k), 0.0, 0.0),
        q_nb: None,
    });
    let way = Way::Known(Track::new(points.collect()));
    let all: Vec<Ranged> = (0..290)
        .map(|k| Ranged {
            t_s: 0.1 * f64::from(k) + 0.02,
            anchor: 0,
            range_m: (0.05 * f64::from(k) - 6.0).hypot(5.0),
        })
        .collect();
    let mut options = options(true);
    options.lever = Vector3::zeros();
    let one = vec![Anchor {
        name: "A".to_owned(),
        p_na: None,
        is_sought: true,
        bias_m: 0.0,
    }];
    let found = calibrate_anchors(&way, &one, &all, &options).unwrap();
    let mirror = found.mirrored[0].unwrap();
    assert!(
        (mirror.y + found.places[0][1].value).abs() < 0.3,
        "{found:?}"
    );
    assert_eq!(found.places[0][1].observed, Observed::No);
}

#[test]
fn what_ranges_lack_is_said() {
    let options = options(true);
    let all = ranges(1, 3.0, true, options.lever);
    let error = calibrate_anchors(&known(3.0), &anchors(false, true), &all, &options).unwrap_err();
    assert!(matches!(error, AnchorsError::TooFew { .. }), "{error}");
}

#[test]
fn an_hour_takes_seconds() {
    let mut options = options(true);
    options.is_unplaced = true;
    let all = ranges(1, 3600.0, true, options.lever);
    let way = Way::Driven(driven(1, 3600.0).from_start(pose(0.0), (0.01, 0.01)));
    let found = calibrate_anchors(&way, &anchors(false, true), &all, &options).unwrap();
    assert!((found.scale.value - SCALE).abs() < 4.0 * found.scale.sigma);
}
