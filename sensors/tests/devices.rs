//! What holds for every device of the table, whatever its bytes: nothing panics, no cut changes what
//! is read, every sample has a meaning in JSON, and after garbage the next messages are read again.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../benches/golden/mod.rs"]
mod golden;

use golden::Golden;
use proptest::collection::vec;
use proptest::prelude::*;
use wayfix_sensors::device::{self, DEVICES, Setup};
use wayfix_sensors::{Counters, Decoder, Name, Sample, Timestamp};

fn goldens() -> Vec<Golden> {
    let mut all = golden::all();
    all.retain(|golden| golden.adapter != "can" || cfg!(feature = "dbc"));
    all
}

fn make(golden: &Golden) -> Box<dyn Decoder> {
    let setup = Setup {
        source: Name::from(golden.adapter).unwrap(),
        options: serde_json::from_str(golden.options).unwrap(),
    };
    device::make(golden.adapter, &setup).unwrap()
}

fn decode<'a>(golden: &Golden, chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Sample>, Counters) {
    let (mut decoder, mut samples) = (make(golden), Vec::new());
    for chunk in chunks {
        decoder.push(chunk, Timestamp(7), &mut |sample| samples.push(sample));
    }
    decoder.finish(&mut |sample| samples.push(sample));
    (samples, decoder.counters())
}

/// Decodes whole and in pieces of the given lengths, over and over.
fn holds(golden: &Golden, bytes: &[u8], lengths: &[usize]) {
    let whole = decode(golden, std::iter::once(bytes));
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).clamp(1, rest.len()));
        pieces.push(piece);
        rest = after;
    }
    assert_eq!(
        whole,
        decode(golden, pieces.into_iter()),
        "{}",
        golden.adapter
    );
    let (samples, counters) = whole;
    assert_eq!(samples.len() as u64, counters.samples);
    assert_eq!(bytes.len() as u64, counters.bytes);
    for sample in samples {
        let json = serde_json::to_string(&sample).unwrap();
        assert_eq!(
            serde_json::from_str::<Sample>(&json).unwrap(),
            sample,
            "{json}"
        );
    }
}

#[test]
fn every_device_has_golden_bytes() {
    let golden: Vec<&str> = golden::all().iter().map(|g| g.adapter).collect();
    let named: Vec<&str> = DEVICES.iter().map(|d| d.name).collect();
    assert_eq!(golden, named);
    for golden in goldens() {
        let (samples, counters) = decode(&golden, std::iter::once(&golden.bytes[..]));
        assert!(
            !samples.is_empty() && counters.malformed == 0,
            "{}",
            golden.adapter
        );
    }
}

#[test]
fn after_garbage_the_next_messages_are_read_again() {
    for golden in goldens() {
        let (clean, before) = decode(&golden, std::iter::once(&golden.bytes[..]));
        // A line end ends the garbage of lines; of frames it is garbage, too.
        let bytes = [&golden.bytes[..], b"\x00\xFF\x13garbage\n", &golden.bytes].concat();
        let (dirty, counters) = decode(&golden, std::iter::once(&bytes[..]));
        // The same epoch or the same passage again is read, and ignored.
        let read = |counters: Counters| counters.samples + counters.ignored;
        assert!(counters.malformed > 0, "{}", golden.adapter);
        assert!(read(counters) > read(before), "{}", golden.adapter);
        assert_eq!(dirty[..clean.len()], clean, "{}", golden.adapter);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..300), lengths in vec(1_usize..40, 1..8)) {
        for golden in goldens() {
            holds(&golden, &bytes, &lengths);
        }
    }

    /// Right checksums, so that what lies behind them is reached.
    #[test]
    fn arbitrary_content(
        contents in vec(vec(prop_oneof![any::<u8>(), Just(0), Just(0xFF)], 0..180), 1..4),
        lengths in vec(1_usize..60, 1..8),
    ) {
        for golden in goldens() {
            let bytes: Vec<u8> = contents.iter().flat_map(|c| golden::sealed(golden.adapter, c)).collect();
            holds(&golden, &bytes, &lengths);
        }
    }

    /// Sound traffic with bytes replaced, put in and taken out, so that what lies behind sync bytes
    /// and checksums is reached.
    #[test]
    fn damaged_traffic(
        edits in vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 0..6),
        lengths in vec(1_usize..60, 1..8),
    ) {
        for golden in goldens() {
            let mut bytes = golden.bytes.repeat(3);
            for (index, edit, byte) in &edits {
                let at = index.index(bytes.len());
                match edit {
                    0 => bytes[at] = *byte,
                    1 => bytes[at] ^= 1 << (byte % 8),
                    2 => bytes.insert(at, *byte),
                    _ => { bytes.drain(at..(at + usize::from(*byte % 16)).min(bytes.len() - 1).max(at)); }
                }
            }
            holds(&golden, &bytes, &lengths);
        }
    }
}
