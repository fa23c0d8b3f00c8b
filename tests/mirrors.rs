//! Mirror images: what moves below a plane of anchors could move above it. As long as the engine
//! can't tell, it says so, however the evidence walks; and it starts well in the plane itself, where
//! ranges are blind to the height.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use support::Fed;
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_sensors::Reading;

/// Height of the anchors and of the asset, and of the tag above it \[m\].
const ANCHORS_M: f64 = 3.0;
const BODY_M: f64 = 1.0;
const MAST_M: f64 = 0.2;

fn under_anchors(seed: u64, duration_s: f64) -> Simulation {
    let scenario = scenario::find("coplanar_anchors").unwrap();
    simulate(scenario, seed, Some(duration_s)).unwrap()
}

/// Largest error of the height in sigmas, and the time of it \[s\].
fn worst_height(run: &Simulation, from_s: f64) -> (f64, f64) {
    let mut fed = Fed::new(run, []);
    let mut worst = (0.0, 0.0);
    for sample in run.samples() {
        let t_s = sample.t.seconds();
        fed.feed([sample]);
        let Some(estimate) = fed.engine.estimate().filter(|_| t_s >= from_s) else {
            continue;
        };
        let error_m = estimate.p_n.z - run.trajectory.at(estimate.t.seconds()).position_m.z;
        let sigmas = error_m.abs() / estimate.position_covariance[(2, 2)].sqrt();
        if sigmas > worst.0 {
            worst = (sigmas, t_s);
        }
    }
    worst
}

#[test]
fn the_image_that_evidence_favours_is_not_told_with_confidence() {
    // In the tenth and the eighteenth run the true image falls behind by a factor of thousands.
    for seed in [3, 10, 18, 37, 39] {
        let (sigmas, t_s) = worst_height(&under_anchors(seed, 60.0), 2.0);
        println!("seed {seed}: {sigmas:.1} sigmas at {t_s:.1} s");
        assert!(
            sigmas < 4.0,
            "seed {seed}: {sigmas:.1} sigmas at {t_s:.1} s"
        );
    }
}

/// The same, but what is heard before the start is as long as the way along the floor.
fn starts_in_the_plane(seed: u64) -> Simulation {
    let mut run = under_anchors(seed, 30.0);
    for received in &mut run.received {
        if received.sample.t.seconds() < 0.3
            && let Reading::Range(range) = &mut received.sample.reading
        {
            let below_m = ANCHORS_M - MAST_M - BODY_M;
            range.range_m = (range.range_m.powi(2) - below_m.powi(2)).sqrt();
        }
    }
    run
}

#[test]
fn a_start_in_the_plane_of_the_anchors_covers_both_sides() {
    for seed in [3, 5, 7, 9] {
        let run = starts_in_the_plane(seed);
        let mut fed = Fed::new(&run, []);
        let first = run.samples().find_map(|sample| {
            fed.feed([sample]);
            fed.engine.estimate()
        });
        let first = first.unwrap();
        let (z_m, sigma_m) = (first.p_n.z, first.position_covariance[(2, 2)].sqrt());
        println!(
            "seed {seed}: {} hypotheses, {z_m:.2} ± {sigma_m:.2} m",
            first.hypotheses
        );
        // Twelve headings on either side, away from the plane.
        assert_eq!(first.hypotheses, 24);
        let plane_m = ANCHORS_M - MAST_M;
        assert!((z_m - plane_m).abs() > 0.3 && sigma_m < 5.0);
        assert!((z_m - BODY_M).abs() < 3.0 * sigma_m);
        let (sigmas, t_s) = worst_height(&run, 2.0);
        assert!(
            sigmas < 4.0,
            "seed {seed}: {sigmas:.1} sigmas at {t_s:.1} s"
        );
    }
}
