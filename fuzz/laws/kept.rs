//! Snapshots: bytes that were changed are refused; a state that was changed inside a sound envelope
//! is refused too, or taken up as it stands, and no sample makes it panic.

use std::sync::OnceLock;

use wayfix::engine::{Engine, Outputs};
use wayfix_sensors::Timestamp;

use super::bytes::{Bytes, edited};
use super::reading::sample;
use super::step::pair;

const HEADER: usize = 27;
const CHECKSUM: usize = 4;
/// Takes an estimate through some of everything.
const STORY: &[u8] = include_bytes!("kept.rs");

/// A snapshot, and the state in it.
fn sound() -> &'static (Vec<u8>, Vec<u8>) {
    static SOUND: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    SOUND.get_or_init(|| {
        let (site, mut vehicle) = pair(0);
        vehicle.estimator.horizon_s = 0.1;
        let mut engine = Engine::new(&site, &vehicle).unwrap();
        let (mut outputs, mut bytes, mut t) = (Outputs::default(), Bytes(STORY), Timestamp(0));
        for _ in 0..40 {
            engine.step(&sample(&mut bytes, &mut t), &mut outputs);
        }
        let snapshot = engine.snapshot().unwrap();
        let state = zstd::decode_all(&snapshot[HEADER..snapshot.len() - CHECKSUM]).unwrap();
        (snapshot, state)
    })
}

pub fn snapshot(choices: &[u8]) {
    let (snapshot, state) = sound();
    let (site, mut vehicle) = pair(0);
    vehicle.estimator.horizon_s = 0.1;
    let damaged = edited(snapshot, choices);
    let restored = Engine::restore(&site, &vehicle, &damaged);
    assert_eq!(restored.is_ok(), damaged == *snapshot);

    let mut sealed = snapshot[..HEADER].to_vec();
    sealed.extend(zstd::bulk::compress(&edited(state, choices), 1).unwrap());
    sealed.extend(crc32fast::hash(&sealed).to_le_bytes());
    let Ok(mut engine) = Engine::restore(&site, &vehicle, &sealed) else {
        return;
    };
    assert!(engine.snapshot().unwrap() == sealed);
    let (mut outputs, mut bytes) = (Outputs::default(), Bytes(choices));
    let mut t = engine.estimate().map_or(Timestamp(0), |e| e.t);
    for _ in 0..16 {
        engine.step(&sample(&mut bytes, &mut t), &mut outputs);
        let _ = engine.estimate();
    }
}
