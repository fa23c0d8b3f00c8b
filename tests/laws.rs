//! The laws that the fuzz targets run, with proptest's bytes: nothing that is read panics, and no
//! samples spoil the estimate. Findings of the fuzzers stand below, each with what it found.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/laws/mod.rs"]
mod laws;

use laws::{files, imports, kept, logs, step};
use proptest::collection::vec;
use proptest::prelude::*;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        // What is found becomes a test of its own, below.
        failure_persistence: None,
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn jsonl(bytes in bytes(200)) {
        logs::jsonl(&bytes);
    }

    #[test]
    fn mcap(bytes in bytes(60)) {
        logs::mcap(&bytes);
    }

    #[test]
    fn csv(bytes in bytes(100)) {
        imports::csv(&bytes);
    }

    #[test]
    fn nmea(bytes in bytes(100)) {
        imports::nmea(&bytes);
    }

    #[test]
    fn config(site in bytes(12), vehicle in bytes(12), samples in bytes(400)) {
        files::config(&[&site, &[255_u8][..], &vehicle, &[255], &samples].concat());
    }

    #[test]
    fn snapshot(bytes in bytes(40)) {
        kept::snapshot(&bytes);
    }

    #[test]
    fn step(bytes in bytes(3000)) {
        step::step(&bytes);
    }
}

#[test]
fn the_files_as_they_are_pass() {
    files::config(&[1, 255, 1, 255]);
    files::config(&[1, 255, 1, 255, 9]);
    files::config(&[1, 255, 1, 255, 9, 9]);
    (0..3).for_each(|which| drop(step::pair(which)));
}
