//! The simulated sensors against the truth and the constants they were drawn with.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

use nalgebra::Vector3;
use wayfix::config::{Source, check};
use wayfix::sim::scenario::{SCENARIOS, find};
use wayfix::sim::scene::pose_of;
use wayfix::sim::{Simulation, simulate};
use wayfix_sensors::{Reading, Sample};

fn run(name: &str, seed: u64) -> Simulation {
    simulate(find(name).unwrap(), seed, None).unwrap()
}

/// Samples of one source in the order of their stamps, duplicates left out.
fn of(simulation: &Simulation, source: &str) -> Vec<Sample> {
    let mut samples: Vec<Sample> = simulation
        .samples()
        .filter(|sample| sample.source.as_str() == source)
        .collect();
    samples.sort_by_key(|sample| sample.t);
    samples.dedup();
    samples
}

fn mean_and_sigma(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (
        mean,
        (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt(),
    )
}

#[test]
fn one_seed_gives_one_simulation() {
    let (one, same, other) = (run("tag_only", 7), run("tag_only", 7), run("tag_only", 8));
    assert_eq!(one.received, same.received);
    assert_eq!(one.parameters, same.parameters);
    assert_ne!(one.received, other.received);
}

#[test]
fn all_scenarios_run_and_raise_no_suspicion() {
    for scenario in &SCENARIOS {
        let simulation = simulate(scenario, 1, None).unwrap();
        // The mirror image is what these two are about.
        let is_mirrored = ["two_anchors", "coplanar_anchors"].contains(&scenario.name);
        let warnings = check(&simulation.site, &simulation.vehicle);
        let expected = usize::from(is_mirrored);
        assert_eq!(warnings.len(), expected, "{}: {warnings:?}", scenario.name);
        assert!(warnings.iter().all(|w| w.key == "anchor"), "{warnings:?}");
        for equipment in scenario.equipment {
            assert!(
                !of(&simulation, equipment.source).is_empty(),
                "{}",
                equipment.source
            );
        }
        let text = toml::to_string(&simulation.site).unwrap();
        let site = wayfix::config::site_from_str("site.toml", &text)
            .unwrap()
            .value;
        assert_eq!(site, simulation.site, "{}", scenario.name);
    }
}

#[test]
fn samples_arrive_in_order_but_were_not_measured_in_it() {
    let simulation = run("forklift_day", 1);
    let pairs = || simulation.received.windows(2);
    assert!(pairs().all(|pair| pair[0].t <= pair[1].t));
    assert!(
        pairs()
            .filter(|pair| pair[0].sample.t > pair[1].sample.t)
            .count()
            > 1000
    );
    assert!(
        simulation
            .received
            .iter()
            .all(|received| received.t >= received.sample.t)
    );
}

#[test]
fn ranges_differ_from_the_truth_by_bias_and_noise() {
    let simulation = run("tag_only", 3);
    for anchor in &simulation.site.anchors {
        let residuals: Vec<f64> = of(&simulation, "uwb")
            .iter()
            .filter_map(|sample| match sample.reading {
                Reading::Range(range) if range.anchor.as_str() == anchor.id => {
                    let tag = simulation.trajectory.at(sample.t.seconds()).position_m;
                    Some(range.range_m - (tag - Vector3::from(anchor.position_m)).norm())
                }
                _ => None,
            })
            .collect();
        let (mean, sigma) = mean_and_sigma(&residuals);
        let bias = simulation.parameters[&format!("uwb.{}.bias_m", anchor.id)];
        assert!((mean - bias).abs() < 0.02, "{}: {mean} {bias}", anchor.id);
        assert!((sigma - 0.1).abs() < 0.01, "{}: {sigma}", anchor.id);
    }
}

#[test]
fn ticks_add_up_to_the_distance_over_the_scale() {
    let simulation = run("aisle_markers_wheels_only", 2);
    let samples = of(&simulation, "wheels");
    let ticks = |sample: &Sample| match sample.reading {
        Reading::WheelTicks(wheels) => wheels.ticks.as_slice()[0],
        _ => unreachable!("only ticks"),
    };
    let (first, last) = (samples.first().unwrap(), samples.last().unwrap());
    let measured = (ticks(last) - ticks(first)) as f64 * 2e-4;
    let n = 200_000;
    let (from, to) = (first.t.seconds(), last.t.seconds());
    let dt = (to - from) / f64::from(n);
    let speed = |i: i32| {
        simulation
            .trajectory
            .at(from + (f64::from(i) + 0.5) * dt)
            .forward_mps
    };
    let driven: f64 = (0..n).map(|i| speed(i) * dt).sum();
    let scale = simulation.parameters["wheels.scale"];
    // White noise of 0.01 m/√m over the route.
    assert!(
        (driven / measured - scale).abs() < 0.004,
        "{driven} {measured} {scale}"
    );
}

#[test]
fn two_wheels_err_in_distance_and_heading_as_the_file_says() {
    let simulation = run("gnss_yard_wheels", 2);
    let Source::Wheels(config) = &simulation.vehicle.sources["wheels"] else {
        unreachable!()
    };
    let (scale, turn_scale) = (
        simulation.parameters["wheels.scale"],
        simulation.parameters["wheels.yaw_rate_scale"],
    );
    let track_m = simulation.vehicle.motion.track_m;
    let dt = 0.05;
    // Errors over the sigma that they should have, where the robot moves.
    let (mut along, mut turned) = (Vec::new(), Vec::new());
    for sample in of(&simulation, "wheels") {
        let Reading::WheelSpeeds(wheels) = sample.reading else {
            unreachable!("only speeds")
        };
        let state = simulation.trajectory.at(sample.t.seconds());
        let (distance_m, turn_rad) = (state.forward_mps * dt, state.rate_radps.z * dt);
        if distance_m < 0.01 {
            continue;
        }
        let [left, right] = wheels.speeds_mps.as_slice() else {
            unreachable!("two wheels")
        };
        let sigma_m = config.distance_sigma_m_rtm * distance_m.sqrt();
        along.push((0.5 * (left + right) * dt - distance_m / scale) / sigma_m);
        let by_distance = config.yaw_sigma_rad_rtm.powi(2) * distance_m;
        let by_angle = config.yaw_sigma_rad_rtrad.powi(2) * turn_rad.abs();
        let sigma_rad = (by_distance + by_angle).sqrt();
        turned.push(((right - left) / track_m * dt - turn_rad / turn_scale) / sigma_rad);
    }
    assert!(along.len() > 3000);
    for errors in [along, turned] {
        let (mean, sigma) = mean_and_sigma(&errors);
        assert!(
            mean.abs() < 0.05 && (sigma - 1.0).abs() < 0.04,
            "{mean} {sigma}"
        );
    }
}

#[test]
fn counters_roll_over_at_their_width() {
    let simulation = run("forklift_day", 1);
    for sample in of(&simulation, "wheels") {
        let Reading::WheelTicks(wheels) = sample.reading else {
            unreachable!("only ticks")
        };
        assert!(
            wheels
                .ticks
                .as_slice()
                .iter()
                .all(|count| (0..1 << 16).contains(count))
        );
    }
}

#[test]
fn steering_is_off_by_its_zero() {
    let simulation = run("aisle_markers_wheels_only", 4);
    let wheelbase = simulation.vehicle.motion.wheelbase_m;
    let errors: Vec<f64> = of(&simulation, "steering")
        .iter()
        .map(|sample| {
            let Reading::Steering(steering) = sample.reading else {
                unreachable!("only angles")
            };
            let wheel = simulation
                .trajectory
                .at(sample.t.seconds())
                .steering_rad(wheelbase);
            (wheel - steering.angle_rad).to_degrees()
        })
        .collect();
    let (mean, _) = mean_and_sigma(&errors);
    assert!((mean - simulation.parameters["steering.offset_deg"]).abs() < 0.03);
}

#[test]
fn the_imu_sees_gravity_and_its_bias_at_rest() {
    let simulation = run("figure_eight_uwb_imu", 5);
    let at_rest: Vec<[f64; 3]> = of(&simulation, "imu")
        .iter()
        .filter(|sample| sample.t.seconds() < 2.9)
        .filter_map(|sample| match sample.reading {
            Reading::Imu(imu) => imu.accel_mps2,
            _ => None,
        })
        .collect();
    let (up, _) = mean_and_sigma(&at_rest.iter().map(|f| f[2]).collect::<Vec<_>>());
    let bias = simulation.parameters["imu.accel_bias_z_mps2"];
    assert!((up - 9.80665 - bias).abs() < 0.02, "{up} {bias}");
}

#[test]
fn satellites_fade_towards_the_hall_and_lag() {
    let simulation = run("forklift_day", 1);
    let Source::Gnss(receiver) = &simulation.vehicle.sources["gnss"] else {
        unreachable!()
    };
    let (lever, _) = pose_of(&receiver.mount);
    let mut errors = Vec::new();
    for sample in of(&simulation, "gnss") {
        match sample.reading {
            Reading::GnssVelocity(velocity) => {
                let then = simulation.trajectory.at(sample.t.seconds() - 0.15);
                errors.push(velocity.east_mps - then.point_velocity_mps(lever).x);
            }
            Reading::GnssPosition(_) => {
                let x = simulation
                    .trajectory
                    .at(sample.t.seconds())
                    .point_m(lever)
                    .x;
                assert!(x < 3.5, "a fix deep in the hall");
            }
            _ => unreachable!("only positions and velocities"),
        }
    }
    let (mean, sigma) = mean_and_sigma(&errors);
    assert!(
        mean.abs() < 0.02 && (sigma - 0.1).abs() < 0.03,
        "{mean} {sigma}"
    );
}

#[test]
fn the_day_passes_its_landmarks() {
    let simulation = run("forklift_day", 1);
    let passages = |portal: &str| {
        let matches = |sample: &&Sample| matches!(&sample.reading, Reading::Passage(p) if p.portal.as_str() == portal);
        of(&simulation, "portal").iter().filter(matches).count()
    };
    assert_eq!(passages("west door"), 2);
    assert_eq!(passages("dock"), 2);
    let duration = simulation.trajectory.duration_s();
    assert!((300.0..370.0).contains(&duration), "{duration}");
    assert!(of(&simulation, "camera").len() > 300);
}
