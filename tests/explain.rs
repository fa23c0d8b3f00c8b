//! `wayfix explain`: why a measurement was refused, and why the position jumped.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;

use support::{Run, Scratch, wayfix};

/// Two minutes of satellites and wheels in which one fix, at 60 s, is 30 m off and states 2 cm.
fn with_a_spike(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let simulated = [
        "simulate",
        "--scenario",
        "gnss_yard_wheels",
        "--duration",
        "90",
        "--format",
        "jsonl",
        "-o",
        "run",
    ];
    assert_eq!(wayfix(&scratch, &simulated).code, 0);
    let path = scratch.0.join("run/log.jsonl");
    let mut log = String::new();
    let mut is_spiked = false;
    for line in std::fs::read_to_string(&path).unwrap().lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        let is_due = value["t_ns"].as_i64().is_some_and(|t| t >= 60_000_000_000);
        if is_due && !is_spiked && value["gnss_position"].is_object() {
            let fix = &mut value["gnss_position"];
            fix["lat_deg"] = (fix["lat_deg"].as_f64().unwrap() + 30.0 / 111_320.0).into();
            fix["sigma_enu_m"] = serde_json::json!([0.02, 0.02, 0.05]);
            is_spiked = true;
        }
        writeln!(log, "{value}").unwrap();
    }
    assert!(is_spiked);
    std::fs::write(&path, log).unwrap();
    scratch
}

fn ask(scratch: &Scratch, more: &[&str]) -> Run {
    let log = [
        "explain",
        "run/log.jsonl",
        "--site",
        "run/site.toml",
        "--vehicle",
        "run/vehicle.toml",
    ];
    wayfix(scratch, &[log.as_slice(), more].concat())
}

#[test]
fn tells_why_a_fix_was_refused_and_what_the_others_said() {
    let scratch = with_a_spike("explain-why");
    let run = ask(&scratch, &["--at", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for words in [
        "At 60.00 s the estimate (tracking) was x ",
        "gnss gnss position: refused by its gate (gated). Measured minus expected:",
        "times closer it would have passed",
        "1 gated",
        "wheels wheel speeds: ",
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.stdout);
    }
    // The same as numbers: the fix was 30 m off to the north, the gate says what would have passed.
    let json = ask(&scratch, &["--at", "60", "--json"]).json();
    let gated: Vec<_> = (json["measurements"].as_array().unwrap().iter())
        .filter(|m| m["fate"] == "gated")
        .collect();
    assert_eq!(gated.len(), 1);
    let north_m = gated[0]["residual"][1].as_f64().unwrap();
    assert!((north_m - 30.0).abs() < 0.3, "{north_m}");
    assert!(gated[0]["nis"].as_f64() > gated[0]["gate"].as_f64());
    // A source is explained whether it was used or not.
    let run = ask(&scratch, &["--at", "30", "--source", "gnss"]);
    assert!(
        run.stdout.contains("used with full weight (fused)"),
        "{}",
        run.stdout
    );
}

#[test]
fn tells_why_the_position_jumped() {
    let scratch = Scratch::new("explain-jump");
    let simulated = ["simulate", "--scenario", "carried_markers", "-o", "run"];
    assert_eq!(wayfix(&scratch, &simulated).code, 0);
    let replayed = wayfix(&scratch, &["replay", "run/log.mcap", "--json"]).json();
    let first_ns = replayed["span_t_ns"][0].as_i64().unwrap();
    let resets = replayed["resets"].as_array().unwrap();
    let jump = resets
        .iter()
        .filter(|r| r["cause"] != "start")
        .max_by(|a, b| {
            let size = |r: &serde_json::Value| r["delta_m"][0].as_f64().unwrap().abs();
            size(a).total_cmp(&size(b))
        });
    let jump = jump.unwrap_or(&resets[resets.len() - 1]);
    let at_s = (jump["t_ns"].as_i64().unwrap() - first_ns) as f64 * 1e-9;
    let run = wayfix(
        &scratch,
        &["explain", "run/log.mcap", "--at", &at_s.to_string()],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("the position jumped by "),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(", because "), "{}", run.stdout);
}

#[test]
fn a_moment_or_source_that_is_not_there_is_an_error() {
    let scratch = with_a_spike("explain-where");
    let late = ask(&scratch, &["--at", "5000"]);
    assert_eq!(late.code, 2);
    assert!(
        late.stderr.contains("the log goes from 0 to "),
        "{}",
        late.stderr
    );
    let unknown = ask(&scratch, &["--at", "5", "--source", "lidar"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown
            .stderr
            .contains("no source lidar; it has gnss, wheels"),
        "{}",
        unknown.stderr
    );
}
