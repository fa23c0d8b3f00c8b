//! An engine that is kept and taken up again goes on as the one that was never interrupted, to the
//! bit; what is damaged or foreign is refused.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::Fed;
use wayfix::engine::{Engine, Fate, Outputs, SnapshotError};
use wayfix::sim::{Simulation, scenario, simulate};
use wayfix_sensors::Sample;

fn scenario(name: &str, duration_s: f64) -> Simulation {
    simulate(scenario::find(name).unwrap(), 4, Some(duration_s)).unwrap()
}

/// All that an engine answers to these samples, every bit of it, and its state at the end.
fn answers(engine: &mut Engine, samples: &[Sample]) -> (Vec<String>, Vec<u8>) {
    let mut outputs = Outputs::default();
    let said = samples.iter().map(|sample| {
        engine.step(sample, &mut outputs);
        format!("{outputs:?} {:?}", engine.estimate())
    });
    (said.collect(), engine.snapshot().unwrap())
}

/// Restores after the first `cut` samples, and compares what follows for at most `length` samples.
fn assert_goes_on(simulation: &Simulation, samples: &[Sample], cut: usize, length: usize) -> Fed {
    let (before, after) = samples.split_at(cut);
    let after = &after[..length.min(after.len())];
    let mut fed = Fed::new(simulation, before.iter().copied());
    let bytes = fed.engine.snapshot().unwrap();
    let mut restored = Engine::restore(&simulation.site, &simulation.vehicle, &bytes).unwrap();
    assert_eq!(restored.snapshot().unwrap(), bytes);
    let (expected, end) = answers(&mut fed.engine, after);
    let (said, restored_end) = answers(&mut restored, after);
    if let Some(i) = (0..after.len()).find(|i| said[*i] != expected[*i]) {
        panic!("cut {cut}, sample {i}:\n{}\n{}", expected[i], said[i]);
    }
    assert!(restored_end == end, "cut {cut}: the state differs");
    fed
}

#[test]
fn every_scenario_goes_on_from_cold_start_to_tracking() {
    for one in &scenario::SCENARIOS {
        let simulation = simulate(one, 4, Some(12.0)).unwrap();
        let samples: Vec<Sample> = simulation.samples().collect();
        for cut in [0, 1, 3, 20, samples.len() / 3, samples.len() / 2] {
            assert_goes_on(&simulation, &samples, cut, 300);
        }
    }
}

#[test]
fn several_hypotheses_go_on() {
    // It stands for five seconds: which way it looks is open.
    let simulation = scenario("gnss_yard_wheels", 12.0);
    let samples: Vec<Sample> = simulation.samples().collect();
    let cut = samples.iter().position(|s| s.t.seconds() > 4.0).unwrap();
    let fed = Fed::new(&simulation, samples[..cut].iter().copied());
    assert!(fed.estimate().hypotheses > 1);
    let fed = assert_goes_on(&simulation, &samples, cut, usize::MAX);
    assert_eq!(fed.estimate().hypotheses, 1, "they have collapsed since");
}

#[test]
fn late_samples_behind_the_cut_are_fused_at_their_time() {
    let mut simulation = scenario("hour", 16.0);
    simulation.vehicle.estimator.horizon_s = 1.0;
    let mut samples: Vec<Sample> = simulation.samples().collect();
    // A second's worth of ranges comes 0.7 s late, some of it beyond the cut, and a few twice.
    let cut = samples.iter().position(|s| s.t.seconds() > 14.0).unwrap();
    let is_late = |s: &&Sample| s.source.as_str() == "uwb" && (13.4..14.4).contains(&s.t.seconds());
    let late: Vec<Sample> = samples.iter().filter(is_late).copied().collect();
    samples.retain(|s| !is_late(&s));
    let at =
        |t_s: f64, samples: &[Sample]| samples.iter().position(|s| s.t.seconds() > t_s).unwrap();
    for sample in late.iter().chain(&late[..3]) {
        let place = at(sample.t.seconds() + 0.7, &samples);
        samples.insert(place, *sample);
    }
    let cut = cut.min(at(14.0, &samples));
    let behind = samples[cut..]
        .iter()
        .filter(|s| s.t < samples[cut - 1].t)
        .count();
    assert!(behind > 5, "{behind} samples come behind the cut");
    let mut fed = assert_goes_on(&simulation, &samples, cut, usize::MAX);
    fed.feed([]);
    fed.reports.clear();
    fed.feed([late[0]]);
    let refused = fed.reports[0].fate;
    assert!(
        matches!(refused, Fate::TooLate | Fate::Duplicate),
        "{refused:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_cut_goes_on(which in 0..scenario::SCENARIOS.len(), seed in 0..3_u64, share in 0.0..1.0) {
        let simulation = simulate(&scenario::SCENARIOS[which], seed, Some(8.0)).unwrap();
        let samples: Vec<Sample> = simulation.samples().collect();
        let cut = (share * samples.len() as f64) as usize;
        assert_goes_on(&simulation, &samples, cut, 200);
    }
}

/// A snapshot of a robot under way.
fn kept() -> (Simulation, Vec<u8>) {
    let simulation = scenario("hour", 12.0);
    let bytes = Fed::new(&simulation, simulation.samples())
        .engine
        .snapshot()
        .unwrap();
    (simulation, bytes)
}

#[test]
fn a_snapshot_of_another_site_or_vehicle_is_refused_and_says_which() {
    let (simulation, bytes) = kept();
    let (mut site, mut vehicle) = (simulation.site.clone(), simulation.vehicle.clone());
    site.anchors[0].position_m[2] += 0.001;
    vehicle.estimator.horizon_s += 0.5;
    let refused = |site, vehicle| {
        Engine::restore(site, vehicle, &bytes)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&site, &simulation.vehicle).contains("another site.toml"));
    assert!(refused(&simulation.site, &vehicle).contains("another vehicle.toml"));
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let (simulation, mut bytes) = kept();
    let restore =
        |bytes: &[u8]| Engine::restore(&simulation.site, &simulation.vehicle, bytes).unwrap_err();
    assert!(matches!(restore(b""), SnapshotError::NoSnapshot));
    assert!(matches!(
        restore(b"[site]\nname = \"yard\""),
        SnapshotError::NoSnapshot
    ));
    bytes[8] += 1;
    let end = bytes.len() - 4;
    let checksum = crc32fast::hash(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&checksum);
    assert!(matches!(restore(&bytes), SnapshotError::OtherVersion(2)));
}

/// What is inside, and an envelope around something else.
fn state_of(bytes: &[u8]) -> ciborium::Value {
    let state = zstd::decode_all(&bytes[27..bytes.len() - 4]).unwrap();
    ciborium::from_reader(state.as_slice()).unwrap()
}

fn sealed(like: &[u8], state: &ciborium::Value) -> Vec<u8> {
    let mut plain = Vec::new();
    ciborium::into_writer(state, &mut plain).unwrap();
    let mut bytes = like[..27].to_vec();
    bytes.extend(zstd::bulk::compress(&plain, 1).unwrap());
    let checksum = crc32fast::hash(&bytes).to_le_bytes();
    bytes.extend(checksum);
    bytes
}

fn field<'a>(map: &'a mut ciborium::Value, name: &str) -> &'a mut ciborium::Value {
    let entries = map.as_map_mut().unwrap();
    let entry = entries
        .iter_mut()
        .find(|(key, _)| key.as_text() == Some(name));
    &mut entry.unwrap().1
}

#[test]
fn a_state_with_other_fields_is_another_builds() {
    let (simulation, bytes) = kept();
    let restore = |state: &ciborium::Value| {
        Engine::restore(
            &simulation.site,
            &simulation.vehicle,
            &sealed(&bytes, state),
        )
    };
    let mut state = state_of(&bytes);
    assert!(restore(&state).is_ok());
    // One more than this build knows, and one that may be absent but was not.
    let core = field(&mut state, "core").as_map_mut().unwrap();
    core.push(("tomorrow".into(), 1.into()));
    assert!(matches!(restore(&state), Err(SnapshotError::OtherBuild)));
    let mut state = state_of(&bytes);
    let core = field(&mut state, "core").as_map_mut().unwrap();
    core.retain(|(key, _)| key.as_text() != Some("last_accepted"));
    assert!(matches!(restore(&state), Err(SnapshotError::OtherBuild)));
}

#[test]
fn a_state_that_can_not_be_is_refused() {
    let (simulation, bytes) = kept();
    let mut state = state_of(&bytes);
    let events = field(&mut state, "events").as_array_mut().unwrap();
    events.reverse();
    let restored = Engine::restore(
        &simulation.site,
        &simulation.vehicle,
        &sealed(&bytes, &state),
    );
    assert!(matches!(restored, Err(SnapshotError::Impossible(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn damage_at_any_place_is_refused(
        at in any::<prop::sample::Index>(), flip in 1..=255_u8, more in prop::collection::vec(any::<u8>(), 1..9)
    ) {
        use std::sync::OnceLock;
        static KEPT: OnceLock<(Simulation, Vec<u8>)> = OnceLock::new();
        let (simulation, bytes) = KEPT.get_or_init(kept);
        let at = at.index(bytes.len());
        let mut flipped = bytes.clone();
        flipped[at] ^= flip;
        let mut inserted = bytes.clone();
        inserted.splice(at..at, more.iter().copied());
        let damaged = [flipped, bytes[..at].to_vec(), inserted, [bytes, more.as_slice()].concat()];
        for damaged in damaged {
            let restored = Engine::restore(&simulation.site, &simulation.vehicle, &damaged);
            prop_assert!(restored.is_err());
        }
    }
}
