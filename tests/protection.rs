//! The protection level's alert limit: its flag follows the level within one update.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use support::start_known;
use wayfix::engine::{Condition, Engine, Finding, Outputs};
use wayfix::sim::{Simulation, scenario, simulate};

/// Between the level while ranges are heard and the level of dead reckoning.
const ALERT_M: f64 = 0.6;
/// Nothing absolute is heard in this time [s].
const SILENT_S: std::ops::Range<f64> = 15.0..30.0;

fn robot() -> Simulation {
    let mut run = simulate(scenario::find("hour").unwrap(), 4, Some(40.0)).unwrap();
    start_known(&mut run);
    run
}

/// After every sample: does the flag say what the level says? Returns what was told of the limit, and
/// how often the level crossed it.
fn watched(run: &Simulation) -> (Vec<Finding>, usize) {
    let mut engine = Engine::new(&run.site, &run.vehicle).unwrap();
    let mut outputs = Outputs::default();
    let protection = run.vehicle.protection;
    let mut told = Vec::new();
    let (mut crossings, mut was_above) = (0, false);
    let heard = |source: &str, t_s: f64| {
        !SILENT_S.contains(&t_s) || matches!(source, "imu" | "wheels" | "steering")
    };
    for sample in run.samples() {
        if !heard(sample.source.as_str(), sample.t.seconds()) {
            continue;
        }
        engine.step(&sample, &mut outputs);
        let Some(now) = engine.estimate() else {
            continue;
        };
        let beyond = |level_m: f64, alert_m: Option<f64>| alert_m.is_some_and(|a| level_m > a);
        let above = beyond(now.protection.horizontal_m, protection.horizontal_alert_m)
            || beyond(now.protection.vertical_m, protection.vertical_alert_m);
        assert_eq!(
            now.health.has(Condition::AlertLimit),
            above,
            "{:?} at {:?}",
            now.protection,
            now.t
        );
        crossings += usize::from(above != was_above);
        was_above = above;
        let of_limit = |f: &&Finding| f.condition == Condition::AlertLimit;
        told.extend(outputs.findings.iter().filter(of_limit).copied());
    }
    (told, crossings)
}

#[test]
fn the_flag_is_raised_and_lowered_within_one_update() {
    let mut run = robot();
    run.vehicle.protection.horizontal_alert_m = Some(ALERT_M);
    let (told, crossings) = watched(&run);
    assert!(
        crossings >= 2,
        "the level rises in the silence and falls after it"
    );
    // A late sample may move the time of a change, which is then told again.
    let mut changes = told.clone();
    changes.dedup_by_key(|f| f.began);
    assert_eq!(changes.len(), crossings, "{told:#?}");
    let during = |f: &Finding| SILENT_S.contains(&f.t.seconds());
    assert!(told.iter().any(|f| f.began && during(f)), "{told:?}");
    let last = told.last().unwrap();
    assert!(!last.began && last.t.seconds() >= SILENT_S.end, "{last:?}");
}

#[test]
fn the_vertical_limit_has_its_own_flag() {
    let mut run = robot();
    run.vehicle.protection.vertical_alert_m = Some(1e-3);
    let (told, _) = watched(&run);
    assert!(told.first().is_some_and(|f| f.began));
}

#[test]
fn without_a_limit_nothing_is_said() {
    let (told, crossings) = watched(&robot());
    assert_eq!((told, crossings), (Vec::new(), 0));
}
