//! Fixpoints: a vehicle that has drifted beyond its own sigma, because its wheel scale, steering zero,
//! heading-rate scale or gyro bias is further off than its file says, is taken back by a ceiling marker,
//! a portal or an NFC tag, learns from the jump, and does not believe a mis-read one against a healthy
//! source. Re-opening without fixpoints is in reacquisition.rs.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

#[path = "support/drifted.rs"]
mod drifted;
mod support;

use drifted::{STEERING_ZERO_RAD, WHEEL_SCALE, YAW_RATE_SCALE, aisle, rounds, tags};
use support::Fed;
use wayfix::config::Source;
use wayfix::config::site::Portal;
use wayfix::config::source::PortalSource;
use wayfix::engine::{Estimate, Fate, Reset, ResetCause};
use wayfix::sim::scenario::find;
use wayfix::sim::{Simulation, simulate};
use wayfix_filter::Timestamp;
use wayfix_sensors::sample::Passage;
use wayfix_sensors::{Name, Reading, Sample};

/// One reading of a fixpoint: errors before and after it [m], jumps, and what was known then.
struct Pass {
    t_s: f64,
    target: String,
    fate: Fate,
    before_m: f64,
    after_m: f64,
    resets: Vec<Reset>,
    estimate: Estimate,
    learned: Vec<(String, f64, f64)>,
}

impl Pass {
    fn learned(&self, name: &str) -> (f64, f64) {
        let found = self.learned.iter().find(|(n, ..)| n == name);
        found.map(|(_, value, sigma)| (*value, *sigma)).unwrap()
    }

    fn sigma_m(&self) -> f64 {
        let p = self.estimate.position_covariance;
        (p[(0, 0)] + p[(1, 1)]).sqrt()
    }
}

fn is_fixpoint(sample: &Sample) -> bool {
    matches!(sample.reading, Reading::Marker(_) | Reading::Passage(_))
}

/// Every reading of a fixpoint once the vehicle has started.
fn passes(run: &Simulation, samples: impl Iterator<Item = Sample>) -> Vec<Pass> {
    let mut fed = Fed::new(run, []);
    let mut passes = Vec::new();
    for sample in samples {
        if !is_fixpoint(&sample) {
            fed.feed([sample]);
            continue;
        }
        let before_m = fed.error_m(run);
        let jumps = fed.resets.len();
        fed.feed([sample]);
        let learned = fed.engine.parameters().into_iter();
        passes.push(Pass {
            t_s: sample.t.seconds(),
            target: sample.reading.target().unwrap().to_string(),
            fate: fed.reports.last().unwrap().fate,
            before_m,
            after_m: fed.error_m(run),
            resets: fed.resets[jumps..].to_vec(),
            estimate: fed.estimate(),
            learned: learned.map(|l| (l.name, l.value, l.sigma)).collect(),
        });
    }
    passes
}

/// The first reading of each fixpoint in the order of the way.
fn first_of(passes: &[Pass], target: &str) -> usize {
    passes.iter().position(|p| p.target == target).unwrap()
}

/// It was taken back: the fate and the jump say so.
fn assert_relocated(pass: &Pass) {
    assert_eq!(
        pass.fate,
        Fate::Relocated,
        "NIS within the gate: no drift beyond sigma"
    );
    let [reset] = pass.resets.as_slice() else {
        panic!("one jump: {:?}", pass.resets)
    };
    assert_eq!(reset.cause, ResetCause::Fixpoint);
    let jump_m = reset.delta_m.xy().norm();
    assert!(
        (jump_m - pass.before_m).abs() < 0.2 * pass.before_m,
        "{jump_m} of {} m",
        pass.before_m
    );
}

/// It was taken back from beyond `drift_m`, to within its sigma.
fn assert_taken_back(pass: &Pass, drift_m: f64) {
    assert_relocated(pass);
    let (before, after) = (pass.before_m, pass.after_m);
    assert!(before > drift_m && after < 0.6, "{before} {after} m");
    assert!(after < 3.0 * pass.sigma_m());
}

#[test]
fn a_ceiling_marker_takes_a_drifted_vehicle_back_and_teaches_its_wheels_and_steering() {
    for seed in 1..=5 {
        let run = aisle(seed);
        let passes = passes(&run, run.samples());
        let [first, second, third] = ["M1", "M2", "M3"].map(|id| first_of(&passes, id));
        assert_relocated(&passes[first]);
        let before = passes[first].before_m;
        assert!(before > 3.0, "{before} m in 36 m");
        assert!(passes[first].after_m < 0.6, "{} m", passes[first].after_m);
        // Under the marker: seen for four seconds.
        let under = &passes[second - 1];
        assert!(under.after_m < 0.1, "{} m", under.after_m);
        // The drift over the same way falls each time.
        let drifts = [first, second, third].map(|i| passes[i].before_m);
        assert!(
            drifts[1] < 0.9 * drifts[0] && drifts[2] < 0.15 * drifts[0],
            "{drifts:?} m"
        );
        let (scale, sigma) = passes.last().unwrap().learned("wheels.wheel_scale");
        assert!(
            (scale - WHEEL_SCALE).abs() < 0.004 && sigma < 0.002,
            "{scale} {sigma}"
        );
        let (zero, sigma) = passes
            .last()
            .unwrap()
            .learned("steering.steering_offset_rad");
        assert!(
            (zero - STEERING_ZERO_RAD).abs() < 0.001 && sigma < 0.0005,
            "{zero} {sigma}"
        );
    }
}

#[test]
fn what_a_ceiling_marker_took_back_is_within_its_sigma() {
    for seed in 1..=5 {
        let run = aisle(seed);
        for pass in passes(&run, run.samples())
            .iter()
            .filter(|p| p.fate == Fate::Relocated)
        {
            assert!(
                pass.after_m < 3.0 * pass.sigma_m(),
                "{} m, sigma {}",
                pass.after_m,
                pass.sigma_m()
            );
        }
    }
}

#[test]
fn a_portal_takes_a_drifted_vehicle_back_and_teaches_its_heading_rate() {
    for seed in 1..=5 {
        let run = rounds(seed);
        let passes = passes(&run, run.samples());
        let [first, lap, next, last] = passes.as_slice() else {
            panic!("four passages")
        };
        assert!(first.before_m < 0.3, "{} m", first.before_m);
        assert_taken_back(lap, 1.5);
        let drifts = [lap.before_m, next.before_m, last.before_m];
        assert!(
            drifts[1] < 0.7 * drifts[0] && drifts[2] < 0.4 * drifts[0],
            "{drifts:?} m"
        );
        let (scales, sigmas): (Vec<f64>, Vec<f64>) = [first, lap, next, last]
            .map(|p| p.learned("odometry.yaw_rate_scale"))
            .into_iter()
            .unzip();
        let off = |i: usize| (scales[i] - YAW_RATE_SCALE).abs();
        assert!(off(1) < 0.5 * off(0) && off(3) < 0.2 * off(0), "{scales:?}");
        assert!(
            sigmas[2] < sigmas[1] && sigmas[3] < 0.6 * sigmas[0],
            "{sigmas:?}"
        );
    }
}

#[test]
fn an_nfc_tag_takes_a_drifted_vehicle_back_and_teaches_its_gyro() {
    let mut drifted = 0;
    for seed in 1..=20 {
        let run = tags(seed);
        let bias = run.parameters["imu.gyro_bias_z_radps"];
        if bias.abs() < 3e-3 {
            continue;
        }
        drifted += 1;
        let passes = passes(&run, run.samples());
        let [first, second, third] = passes.as_slice() else {
            panic!("three tags")
        };
        assert_taken_back(first, 1.0);
        let drifts = [first, second, third].map(|p| p.before_m);
        assert!(
            drifts[1] < 0.6 * drifts[0] && drifts[2] < 0.2 * drifts[0],
            "{drifts:?} m"
        );
    }
    assert!(drifted >= 4);
}

/// A robot on a yard, with a reader of portals and one portal far from where it drives.
fn yard() -> Simulation {
    let mut run = simulate(find("gnss_yard_wheels").unwrap(), 2, Some(30.0)).unwrap();
    let portal = Source::Portal(PortalSource::default());
    run.vehicle.sources.insert("portal".to_owned(), portal);
    run.site.portals.push(Portal {
        id: "far".to_owned(),
        position_m: [10.0, 30.0, 0.0],
        yaw_deg: None,
        width_m: 0.5,
        sigma_m: 0.05,
    });
    run
}

/// A passage of that portal at a time of a sound fix, so that nothing is predicted to one of its own.
fn misread_at(run: &Simulation, t_s: f64) -> Sample {
    let is_before =
        |s: &Sample| s.t.seconds() < t_s && matches!(s.reading, Reading::WheelSpeeds(_));
    let portal = Name::from("far").unwrap();
    Sample {
        t: run.samples().filter(is_before).last().unwrap().t,
        source: Name::from("portal").unwrap(),
        reading: Reading::Passage(Passage { portal }),
    }
}

#[test]
fn a_misread_fixpoint_does_not_move_what_satellites_confirm() {
    let run = yard();
    let misread = misread_at(&run, 20.0);
    let mut all: Vec<Sample> = run.samples().collect();
    let place = all.iter().position(|s| s.t > misread.t).unwrap();
    all.insert(place, misread);
    let fed = Fed::new(&run, all.iter().copied());
    assert_eq!((fed.count(Fate::Gated), fed.count(Fate::Relocated)), (1, 0));
    let without = Fed::new(&run, run.samples());
    let moved_m = (fed.estimate().p_n - without.estimate().p_n).norm();
    // One more sample is one more moment at which the plane may be due: a tenth of a millimetre.
    assert!(moved_m < 1e-4 && fed.error_m(&run) < 0.1, "{moved_m} m");
    // Nor is it believed where no satellites have been heard for two seconds: it is further away than the
    // whole way since, all of which the wheels told.
    let is_heard = |s: &Sample| s.source.as_str() != "gnss" || s.t.seconds() < 17.5;
    all.truncate(place + 1);
    let fed = Fed::new(&run, all.into_iter().filter(is_heard));
    assert_eq!((fed.count(Fate::Gated), fed.count(Fate::Relocated)), (1, 0));
    assert!(fed.error_m(&run) < 0.5);
}

/// A view of the first marker read as the third, 80 m further on.
fn misread_marker(run: &Simulation, t_s: f64) -> Sample {
    let mut views = run
        .samples()
        .filter(|s| matches!(s.reading, Reading::Marker(_)));
    let mut misread = views.next().unwrap();
    if let Reading::Marker(marker) = &mut misread.reading {
        marker.marker = Name::from("M3").unwrap();
    }
    misread.t = Timestamp::from_seconds(t_s);
    misread
}

fn with(run: &Simulation, extra: Sample) -> Vec<Sample> {
    let mut all: Vec<Sample> = run.samples().collect();
    all.insert(all.iter().position(|s| s.t > extra.t).unwrap(), extra);
    all
}

#[test]
fn a_misread_marker_does_not_move_what_another_one_confirmed() {
    let run = aisle(1);
    let is_first = |s: &Sample| s.reading.target().is_some_and(|id| id.as_str() == "M1");
    let last_s = run.samples().filter(is_first).last().unwrap().t.seconds();
    // It has been in view for some seconds, or was until a while ago.
    for t_s in [last_s - 0.5, last_s + 0.5, last_s + 1.8] {
        let passes = passes(&run, with(&run, misread_marker(&run, t_s)).into_iter());
        let misread = &passes[first_of(&passes, "M3")];
        assert_eq!(misread.fate, Fate::Gated, "{t_s} s");
        assert!(misread.resets.is_empty());
        assert!((misread.after_m - misread.before_m).abs() < 0.01 && misread.after_m < 0.2);
    }
}

#[test]
fn a_misread_marker_beyond_any_drift_is_not_believed_though_nothing_else_contradicts() {
    let run = aisle(1);
    // Read 80 m further on than it hangs, after a way of 36 m all of which the wheels told.
    let passes = passes(&run, with(&run, misread_marker(&run, 36.0)).into_iter());
    let misread = &passes[first_of(&passes, "M3")];
    assert_eq!((misread.t_s, misread.fate), (36.0, Fate::Gated));
    assert!((misread.after_m - misread.before_m).abs() < 0.01);
    let next = &passes[first_of(&passes, "M2")..];
    let taken_back = next.iter().position(|p| p.after_m < 0.2).unwrap();
    let within_s = next[taken_back].t_s - next[0].t_s;
    assert!(within_s < 4.0, "{within_s} s in view");
}

#[test]
fn a_misread_marker_does_not_teach_nonsense() {
    let run = aisle(1);
    let passes = passes(&run, with(&run, misread_marker(&run, 36.0)).into_iter());
    for pass in &passes[first_of(&passes, "M3")..] {
        let (scale, sigma) = pass.learned("wheels.wheel_scale");
        assert!(
            (scale - WHEEL_SCALE).abs() < 4.0 * sigma,
            "{scale} {sigma} at {} s",
            pass.t_s
        );
    }
}
