//! Is the covariance honest? Monte Carlo over seeded runs of the nominal scenarios, whose sensors err
//! exactly as their vehicle files say. Method: `support/quantity.rs`. Epochs begin once the heading
//! is known. A vehicle on a known plane is judged in two dimensions: its height is a prior that is exactly
//! true here, and hence too good.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use support::Track;
use support::quantity::{Quantity, assert_consistent};
use wayfix::evaluate::Comparison;
use wayfix::sim::noise::{normal, stream};
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_filter::Timestamp;

/// Runs, seconds of each, and from when on it is judged.
const RUNS: u64 = 100;
const DURATION_S: f64 = 60.0;
const FROM_S: i64 = 10;
const STEP_S: i64 = 2;

/// NEES of position and heading, NIS of every kind of measurement.
fn quantities(
    runs: impl Iterator<Item = Simulation>,
    dimensions: usize,
) -> BTreeMap<String, Quantity> {
    let mut all: BTreeMap<String, Quantity> = BTreeMap::new();
    for run in runs {
        let track = Track::of(&run);
        for epoch_s in (FROM_S..DURATION_S as i64).step_by(STEP_S as usize) {
            let t = Timestamp::from_seconds(epoch_s as f64);
            let at = track.comparisons.iter().find(|c| c.truth.t == t).unwrap();
            let mut add = |name: String, value, components| {
                all.entry(name).or_default().add(epoch_s, value, components);
            };
            add("position".into(), position_nees(at, dimensions), dimensions);
            add("heading".into(), at.yaw_nees.unwrap(), 1);
            // The newest of each kind and source within the last second.
            let mut newest = BTreeMap::new();
            for report in &track.reports {
                let age_s = t.seconds_since(report.t);
                if let Some(update) = report.update.filter(|_| (0.0..1.0).contains(&age_s)) {
                    newest.insert((report.source, report.kind), update);
                }
            }
            for ((source, kind), update) in newest {
                add(
                    format!("{source} {}", kind.name()),
                    update.nis,
                    update.dimension,
                );
            }
        }
    }
    all
}

fn position_nees(at: &Comparison, dimensions: usize) -> f64 {
    if dimensions == 3 {
        return at.position_nees.unwrap().0;
    }
    let p = at
        .estimate
        .position_covariance
        .fixed_view::<2, 2>(0, 0)
        .into_owned();
    let error = at.horizontal.unwrap();
    error.dot(&p.cholesky().unwrap().solve(&error))
}

fn runs(name: &str) -> impl Iterator<Item = Simulation> {
    let scenario = scenario::find(name).unwrap();
    (0..RUNS).map(|seed| simulate(scenario, seed, Some(DURATION_S)).unwrap())
}

#[test]
fn satellites_and_wheels_on_the_yard() {
    let all = quantities(runs("gnss_yard_wheels"), 2);
    let names = [
        "gnss gnss_position",
        "gnss gnss_velocity",
        "heading",
        "position",
    ];
    assert_consistent(&all, &names);
}

#[test]
fn ranges_and_imu_on_a_figure_eight() {
    // The file's start is the truth itself: an honest one is off by its sigma.
    let wrong_start = |(seed, mut run): (usize, Simulation)| {
        let mut rng = stream(seed as u64, "start");
        let start = run.vehicle.start.as_mut().unwrap();
        for x in &mut start.position_m {
            *x += normal(&mut rng, start.sigma_m);
        }
        let turned_deg = normal(&mut rng, start.yaw_sigma_deg);
        start.yaw_deg = start.yaw_deg.map(|yaw| yaw + turned_deg);
        run
    };
    let runs = runs("figure_eight_uwb_imu").enumerate().map(wrong_start);
    assert_consistent(&quantities(runs, 3), &["heading", "position", "uwb range"]);
}

#[test]
fn ceiling_markers_along_the_aisles() {
    let all = quantities(runs("aisle_markers_wheels_only"), 2);
    assert_consistent(&all, &["camera marker", "heading", "position"]);
}

/// In the middle of two turns; the mean over the runs has a tenth of the sigma of one.
#[test]
fn headings_are_unbiased_in_turns() {
    for t_s in [26.0, 52.0] {
        let t = Timestamp::from_seconds(t_s);
        let ratios: Vec<f64> = runs("aisle_markers_wheels_only")
            .map(|run| {
                let track = Track::of(&run);
                let at = track.comparisons.iter().find(|c| c.truth.t == t).unwrap();
                at.yaw_rad.unwrap() / at.estimate.yaw_sigma_rad()
            })
            .collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        assert!(
            mean.abs() < 3.0 / (RUNS as f64).sqrt(),
            "{mean} sigmas at {t_s} s"
        );
    }
}

/// Markers are off by what the site says of their survey, each by its own constant error.
#[test]
fn surveyed_markers_along_the_aisles() {
    const SURVEY_M: f64 = 0.01;
    let displaced = |(seed, mut run): (usize, Simulation)| {
        let mut rng = stream(seed as u64, "survey");
        for marker in &mut run.site.markers {
            marker.sigma_m = SURVEY_M;
            for x in &mut marker.position_m {
                *x += normal(&mut rng, SURVEY_M);
            }
        }
        run
    };
    let runs = runs("aisle_markers_wheels_only").enumerate().map(displaced);
    assert_consistent(
        &quantities(runs, 2),
        &["camera marker", "heading", "position"],
    );
}
