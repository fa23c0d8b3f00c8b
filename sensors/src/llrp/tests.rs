use super::*;
use crate::decoder::{Counters, Decoder, assert_splits};

/// A report as captured: EPC of 128 bits at antenna 1 with -73 dBm, and a parameter of the maker.
const CAPTURED: [u8; 58] = [
    0x04, 0x3D, 0x00, 0x00, 0x00, 0x3A, 0x00, 0x00, 0x00, 0x00, 0x00, 0xF0, 0x00, 0x30, 0x00, 0xF1,
    0x00, 0x16, 0x00, 0x80, 0x85, 0x04, 0x70, 0x00, 0x04, 0x90, 0x50, 0x50, 0x31, 0x55, 0x30, 0x34,
    0x00, 0x70, 0x23, 0x00, 0x81, 0x00, 0x01, 0x86, 0xB7, 0x8C, 0x44, 0x00, 0x03, 0xFF, 0x00, 0x0E,
    0x00, 0x00, 0x5E, 0x95, 0x00, 0x00, 0x00, 0x38, 0x00, 0x16,
];
const KEEP_ALIVE: [u8; 10] = [0x04, 62, 0, 0, 0, 10, 0, 0, 0, 7];

/// Built by hand: EPC-96, antenna, power, UTC [µs].
fn report(tags: &[(u8, u16, i8, u64)]) -> Vec<u8> {
    let mut content = Vec::new();
    for (epc, antenna, rssi, utc_us) in tags {
        let mut tag = Vec::from([0x8D]);
        tag.extend([0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, *epc]);
        tag.push(0x81);
        tag.extend(antenna.to_be_bytes());
        tag.extend([0x86, rssi.cast_unsigned(), 0x82]);
        tag.extend(utc_us.to_be_bytes());
        content.extend([0, 240]);
        content.extend((tag.len() as u16 + 4).to_be_bytes());
        content.extend(tag);
    }
    let mut message = Vec::from([0x04, 61]);
    message.extend((content.len() as u32 + 10).to_be_bytes());
    message.extend([0, 0, 0, 9]);
    message.extend(content);
    message
}

fn run(options: &Options, bytes: &[u8]) -> (Vec<(Name, i64)>, Counters) {
    let make = || decoder(Name::from("rfid").unwrap(), options.clone());
    let samples = assert_splits(make, bytes);
    let mut once = make();
    once.push(bytes, Timestamp(0), &mut |_| ());
    once.finish(&mut |_| ());
    let told = samples.iter().map(|s| (s.reading.target().unwrap(), s.t.0));
    (told.collect(), once.counters())
}

fn names(got: &[(Name, i64)]) -> Vec<&str> {
    got.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_report_as_captured() {
    let by_epc: Options = serde_json::from_str(r#"{"portal": "epc"}"#).unwrap();
    let bytes = [&KEEP_ALIVE[..], &CAPTURED].concat();
    let (got, counters) = run(&Options::default(), &bytes);
    assert_eq!((names(&got), counters.ignored), (Vec::from(["1"]), 1));
    let (got, _) = run(&by_epc, &bytes);
    assert_eq!(names(&got), ["85047000049050503155303400702300"]);
}

#[test]
fn tags_portals_and_power() {
    let options: Options = serde_json::from_str(
        r#"{"portals": {"2": "gate"}, "epcs": ["300000000000000000000007"], "min_rssi_dbm": -60, "time": "utc"}"#,
    )
    .unwrap();
    let s = 1_000_000;
    let bytes = report(&[
        (7, 2, -50, s),
        (8, 2, -50, 10 * s),
        (7, 2, -70, 20 * s),
        (7, 2, -55, 2 * s),
        (7, 3, -55, 2 * s + 1),
        (7, 2, -55, 4 * s),
    ]);
    let (got, counters) = run(&options, &bytes);
    // The second read is another tag, the third too weak, the fourth still the first passage.
    assert_eq!(names(&got), ["gate", "3", "gate"]);
    assert_eq!((got[0].1, got[2].1), (1_000_000_000, 4_000_000_000));
    assert_eq!((counters.ignored, counters.malformed), (3, 0));
}

#[test]
fn garbage_and_broken_reports_are_counted() {
    let good = report(&[(7, 1, -50, 0)]);
    let noisy = [
        b"noise",
        &good[..],
        b"\xFF\xFF",
        &KEEP_ALIVE,
        &good,
        &good[..20],
    ]
    .concat();
    let (got, counters) = run(
        &Options {
            hold_s: -1.0,
            ..Options::default()
        },
        &noisy,
    );
    assert_eq!((got.len(), counters.malformed, counters.ignored), (2, 3, 1));

    let mut short = good.clone();
    short[13] += 9;
    let mut unknown = good.clone();
    unknown[14] = 0xFF;
    let mut nameless = report(&[]);
    nameless[5] += 4;
    nameless.extend([0, 240, 0, 4]);
    for bytes in [short, unknown, nameless] {
        assert_eq!(
            run(&Options::default(), &bytes).1.malformed,
            1,
            "{bytes:02X?}"
        );
    }
    assert_eq!(run(&Options::default(), &report(&[])).1.ignored, 1);
}
