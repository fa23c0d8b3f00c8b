use alloc::format;
use alloc::string::{String, ToString};

use proptest::prelude::*;

use super::*;
use crate::decoder::assert_splits;
use crate::sample::{Range, Reading};

fn range(t_ns: i64, anchor: &str, range_m: f64) -> Sample {
    let anchor = Name::from(anchor).unwrap();
    let reading = Reading::Range(Range {
        anchor,
        range_m,
        rx_power_dbm: None,
        first_path_dbm: None,
    });
    Sample {
        t: Timestamp(t_ns),
        source: Name::from("uwb").unwrap(),
        reading,
    }
}

fn error_of(json: &str) -> String {
    serde_json::from_str::<Sample>(json)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_sample_is_one_flat_line() {
    let json = r#"{"t_ns":123,"source":"uwb","range":{"anchor":"A1","range_m":3.2}}"#;
    let sample: Sample = serde_json::from_str(json).unwrap();
    assert_eq!(sample, range(123, "A1", 3.2));
    assert_eq!(serde_json::to_string(&sample).unwrap(), json);
}

#[test]
fn seconds_and_any_order_are_taken() {
    let json = r#"{"range":{"range_m":3,"anchor":"A1"},"t":-0.5,"source":"uwb"}"#;
    assert_eq!(
        serde_json::from_str::<Sample>(json).unwrap(),
        range(-500_000_000, "A1", 3.0)
    );
}

#[test]
fn errors_say_what_is_wrong() {
    let body = r#""range":{"anchor":"A1","range_m":3.2}"#;
    let cases = [
        (format!(r#"{{"source":"u",{body}}}"#), "missing time"),
        (
            format!(r#"{{"t_ns":1,"t":1,"source":"u",{body}}}"#),
            "two times",
        ),
        (
            format!(r#"{{"t_ns":1,"t_ns":1,"source":"u",{body}}}"#),
            "duplicate field `t_ns`",
        ),
        (
            format!(r#"{{"t":1e300,"source":"u",{body}}}"#),
            "not a time in seconds",
        ),
        (
            format!(r#"{{"t":NaN,"source":"u",{body}}}"#),
            "expected value",
        ),
        (
            format!(r#"{{"t_ns":0.5,"source":"u",{body}}}"#),
            "expected i64",
        ),
        (format!(r#"{{"t_ns":1,{body}}}"#), "missing field `source`"),
        (r#"{"t_ns":1,"source":"u"}"#.into(), "no reading"),
        (
            format!(r#"{{"t_ns":1,"source":"u",{body},"height":{{"height_m":1}}}}"#),
            "a second reading: `height`",
        ),
        (
            format!(r#"{{"t_ns":1,"source":"u",{body},"quality":3}}"#),
            "unknown key `quality`",
        ),
        (
            r#"{"t_ns":1,"source":"u","height":{"height_m":null}}"#.into(),
            "invalid type: null",
        ),
        (
            r#"{"t_ns":1,"source":"u","height":{"height_m":1e999}}"#.into(),
            "out of range",
        ),
        (
            r#"{"t_ns":1,"source":"u","height":{"height":1}}"#.into(),
            "unknown field `height`",
        ),
        (
            format!(r#"{{"t_ns":1,"source":"{}",{body}}}"#, "x".repeat(49)),
            "48 bytes",
        ),
        ("[1]".into(), "a sample: time, source and one reading"),
    ];
    for (json, expected) in cases {
        let error = error_of(&json);
        assert!(
            error.contains(expected),
            "{json}\n  gave: {error}\n  not: {expected}"
        );
    }
}

#[test]
fn decoder_skips_counts_and_goes_on() {
    let long = format!("{{\"t_ns\":1,\"source\":\"{}\"}}\n", "x".repeat(3000));
    let good = |n| serde_json::to_string(&range(n, "A1", 3.2)).unwrap();
    let text = format!(
        "garbage\n{}\r\n\n{long}\u{fffd}\n{}\n{}",
        good(1),
        good(2),
        good(3)
    );
    let samples = assert_splits(JsonLines::new, text.as_bytes());
    assert_eq!(
        samples,
        [
            range(1, "A1", 3.2),
            range(2, "A1", 3.2),
            range(3, "A1", 3.2)
        ]
    );

    let mut decoder = JsonLines::new();
    decoder.push(text.as_bytes(), Timestamp(0), &mut |_| ());
    let Counters {
        bytes,
        samples,
        malformed,
        ignored,
        ..
    } = decoder.counters();
    assert_eq!(
        (bytes, samples, malformed, ignored),
        (text.len() as u64, 2, 3, 0)
    );
    assert!(matches!(
        decoder.last_error(),
        Some(DecodeError::Content(_))
    ));
}

#[test]
fn a_nameless_device_gets_source_and_receive_time() {
    let mut decoder = JsonLines::for_source(Name::from("uwb").unwrap());
    let mut got = alloc::vec::Vec::new();
    let line = b"{\"range\":{\"anchor\":\"A1\",\"range_m\":3.2}}\n";
    decoder.push(&line[..9], Timestamp(7), &mut |s| got.push(s));
    decoder.push(&line[9..], Timestamp(8), &mut |s| got.push(s));
    assert_eq!(got, [range(7, "A1", 3.2)]);
}

proptest! {
    #[test]
    fn bits_survive_the_round_trip(t_ns: i64, range_m in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        let sample = range(t_ns, "A \"1\" \u{e5}", range_m);
        let json = serde_json::to_string(&sample).unwrap();
        let back: Sample = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(sample, back);
    }

    #[test]
    fn arbitrary_bytes_never_panic(chunks: alloc::vec::Vec<alloc::vec::Vec<u8>>) {
        let mut decoder = JsonLines::new();
        for chunk in chunks {
            decoder.push(&chunk, Timestamp(0), &mut |_| ());
        }
        decoder.finish(&mut |_| ());
    }
}
