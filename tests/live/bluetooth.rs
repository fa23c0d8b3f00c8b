//! Beacons of a mocked BlueZ on a private bus (tests/live/mock_bluez.py).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Scratch;

#[test]
fn strengths_of_beacons() {
    const PYTHON: &str = "/usr/bin/python3";
    let has_mock = Command::new(PYTHON)
        .args(["-c", "import dbusmock, dbus"])
        .output();
    if !has_mock.is_ok_and(|o| o.status.success()) {
        println!("skipped: there is no python3-dbusmock here");
        return;
    }
    let scratch = Scratch::new("live-ble");
    let beacons: Vec<String> = (0..3)
        .map(|i| {
            let id = format!("f7826da64fa24e988024bc5b71e0893e/1/{i}");
            format!("{{ id = \"{id}\", position_m = [{}, 0.0, 3.0] }}", 5 * i)
        })
        .collect();
    fs::write(
        scratch.0.join("site.toml"),
        format!("beacon = [{}]\n", beacons.join(", ")),
    )
    .unwrap();
    let vehicle = "[motion]\nplanar_height_m = 0.0\n[source.ble]\nkind = \"rssi\"\n[source.ble.live]\nadapter = \"ble\"\nble = \"hci0\"\n";
    fs::write(scratch.0.join("vehicle.toml"), vehicle).unwrap();
    let mock = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/mock_bluez.py");
    let output = Command::new(PYTHON)
        .arg(mock)
        .arg("--")
        .arg(env!("CARGO_BIN_EXE_wayfix"))
        .current_dir(&scratch.0)
        .args([
            "run",
            "--site",
            "site.toml",
            "--vehicle",
            "vehicle.toml",
            "-o",
            "out",
        ])
        .args(["--json", "--minutes", "0.1"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    let summary = text.lines().last().unwrap_or_default();
    let summary: serde_json::Value = serde_json::from_str(summary).unwrap_or_default();
    let samples = summary["samples"].as_u64();
    assert!(samples >= Some(50), "{samples:?} of 60\n{log}");
    let reports = fs::read_to_string(scratch.0.join("out/reports.jsonl")).unwrap();
    for i in 0..3 {
        assert!(reports.contains(&format!("/1/{i}\"")), "{reports}");
    }
}
