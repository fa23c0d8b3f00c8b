use alloc::vec::Vec;

use super::*;
use crate::decoder::{Decoder, assert_splits};

fn ranges(text: &[u8], give: Give) -> (Vec<(Name, f64)>, Vec<[f64; 3]>) {
    let make = || shell(Name::from("uwb").unwrap(), Options { give });
    split(assert_splits(make, text).iter().map(|s| s.reading))
}

fn split(readings: impl Iterator<Item = Reading>) -> (Vec<(Name, f64)>, Vec<[f64; 3]>) {
    let (mut ranges, mut positions) = (Vec::new(), Vec::new());
    for reading in readings {
        match reading {
            Reading::Range(r) => ranges.push((r.anchor, r.range_m)),
            Reading::Position(p) => positions.push([p.xy_m[0], p.xy_m[1], p.z_m.unwrap()]),
            other => panic!("{other:?}"),
        }
    }
    (ranges, positions)
}

fn name(text: &str) -> Name {
    Name::from(text).unwrap()
}

/// Lines of `lec` as published with a user's script, and of `les` after the guide.
const LEC: &[u8] =
    b"dwm> lec\r\ndwm> DIST,2,AN0,820C,0.00,0.00,0.00,7.24,AN1,0C25,0.00,0.00,0.00,2.55\r\n";
const LES: &[u8] =
    b"0c1f[0.00,0.00,0.00]=1.23 0D2E[5.00,0.00,2.10]=4.56 le_us=2576 est[1.10,0.52,0.30,95]\r\n";

#[test]
fn ranges_of_both_lines() {
    let want = [(name("820C"), 7.24), (name("0C25"), 2.55)];
    assert_eq!(ranges(LEC, Give::Ranges), (want.to_vec(), Vec::new()));
    let want = [(name("0C1F"), 1.23), (name("0D2E"), 4.56)];
    assert_eq!(ranges(LES, Give::Ranges), (want.to_vec(), Vec::new()));
}

#[test]
fn the_tag_s_own_position_where_it_is_asked_for() {
    assert_eq!(ranges(LES, Give::Position).1, [[1.10, 0.52, 0.30]]);
    let lec = b"DIST,1,AN0,820C,0.00,0.00,0.00,7.24,POS,6.95,5.37,-1.97,52\r\nPOS,1,2,3,0\nPOS,nan,nan,nan,0\n";
    assert_eq!(ranges(lec, Give::Position).1, [[6.95, 5.37, -1.97]]);
}

#[test]
fn broken_lines_are_counted() {
    for line in [
        "DIST,2,AN0,820C,0.00,0.00,0.00,7.24",
        "DIST,1,AN0,820C,0.00,0.00,0.00,x",
        "DIST,1,AN0,820C,0,0,0,1,AN1,820D,0,0,0,1",
        "0c1f[0.00,0.00,0.00]= le_us=2576",
        "est[1.10,0.52",
        "POS,1,2",
    ] {
        let mut decoder = shell(name("uwb"), Options::default());
        let text = format!("{line}\n");
        decoder.push(text.as_bytes(), Timestamp(0), &mut |_| ());
        assert_eq!(decoder.counters().malformed, 1, "{line}");
    }
}

/// An answer with two anchors, built by hand from the guide.
fn answer() -> Vec<u8> {
    let mut bytes = Vec::from([0x40, 1, 0, 0x41, 13]);
    for mm in [1100_i32, -520, 300] {
        bytes.extend(mm.to_le_bytes());
    }
    bytes.extend([95, 0x49, 41, 2]);
    for (address, mm) in [(0x0C1F_u16, 1230_u32), (0x820C, 7240)] {
        bytes.extend(address.to_le_bytes());
        bytes.extend(mm.to_le_bytes());
        bytes.push(100);
        bytes.extend([0; 13]);
    }
    bytes
}

#[test]
fn an_answer_in_tlv() {
    let run = |give, bytes: &[u8]| {
        let samples = assert_splits(|| tlv(name("uwb"), Options { give }), bytes);
        split(samples.iter().map(|s| s.reading))
    };
    let want = Vec::from([(name("0C1F"), 1.23), (name("820C"), 7.24)]);
    let noisy = [b"\0noise", &answer()[..], b"I@A", &answer(), b"x"].concat();
    assert_eq!(run(Give::Ranges, &noisy).0, [&want[..], &want].concat());
    assert_eq!(run(Give::Position, &answer()).1, [[1.1, -0.52, 0.3]]);
    let mut decoder = tlv(name("uwb"), Options::default());
    decoder.push(&noisy, Timestamp(0), &mut |_| ());
    assert_eq!(decoder.counters().malformed, 3);

    // What follows an error says nothing.
    let mut bytes = answer();
    bytes[2] = 3;
    assert_eq!(run(Give::Ranges, &bytes).0, []);
}
