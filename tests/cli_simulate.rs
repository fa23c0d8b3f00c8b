//! `wayfix simulate` as a process: the files it writes.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use wayfix_sensors::Reading;

fn simulate(folder: &str, seed: &str) -> PathBuf {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let status = Command::new(env!("CARGO_BIN_EXE_wayfix"))
        .args([
            "simulate",
            "--scenario",
            "forklift_day",
            "--duration",
            "12",
            "--seed",
            seed,
            "--format",
            "jsonl",
            "-o",
        ])
        .arg(&output)
        .status()
        .unwrap();
    assert!(status.success());
    output
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn one_seed_gives_the_same_bytes() {
    let (one, same, other) = (
        simulate("one", "1"),
        simulate("same", "1"),
        simulate("other", "2"),
    );
    for name in [
        "log.jsonl",
        "truth.jsonl",
        "site.toml",
        "vehicle.toml",
        "parameters.json",
    ] {
        assert_eq!(read(&one, name), read(&same, name), "{name}");
    }
    assert_ne!(read(&one, "log.jsonl"), read(&other, "log.jsonl"));
}

#[test]
fn lines_have_time_source_and_reading() {
    let folder = simulate("lines", "1");
    let log = read(&folder, "log.jsonl");
    let is_record = |line: &&str| !line.starts_with("{\"attachment\":");
    assert_eq!(log.lines().filter(|line| !is_record(line)).count(), 2);
    for line in log.lines().filter(is_record) {
        assert!(line.starts_with("{\"t_ns\":"), "{line}");
        let mut line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap();
        assert!(line.remove("t_ns").unwrap().is_i64());
        assert!(line.remove("source").unwrap().is_string());
        assert!(serde_json::from_value::<Reading>(line.into()).is_ok());
    }
    for line in read(&folder, "truth.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let state = serde_json::from_value::<wayfix::log::TruthState>(line["truth"].clone());
        assert!(state.unwrap().xy_m.is_some());
    }
}

#[test]
fn its_files_pass_the_check() {
    let folder = simulate("checked", "1");
    let status = Command::new(env!("CARGO_BIN_EXE_wayfix"))
        .args(["check", "--strict", "--site"])
        .arg(folder.join("site.toml"))
        .arg("--vehicle")
        .arg(folder.join("vehicle.toml"))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}
