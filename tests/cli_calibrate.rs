//! `wayfix calibrate wheels`: what it prints, what it writes, what it refuses.

#![allow(clippy::unwrap_used, reason = "test helpers may panic")]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{Run, Scratch, wayfix};
use wayfix::log::{self, Record, Truth, TruthState};
use wayfix_filter::Timestamp;

/// The two files, the log and truth of the calibration drive.
fn written(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let run = wayfix(
        &scratch,
        &["simulate", "--scenario", "calibration_drive", "-o", "."],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    scratch
}

fn run(scratch: &Scratch, more: &[&str]) -> Run {
    let arguments = [
        &["calibrate", "wheels", "log.mcap", "--truth", "truth.mcap"][..],
        more,
    ]
    .concat();
    wayfix(scratch, &arguments)
}

#[test]
fn the_program_prints_lines_of_vehicle_toml() {
    let scratch = written("calibrate-prints");
    let told = run(&scratch, &["--holdout"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    for part in [
        "motion.wheelbase_m",
        "shown",
        "in sample",
        "second half",
        "# for vehicle.toml",
    ] {
        assert!(
            told.stdout.contains(part),
            "no {part:?} in\n{}",
            told.stdout
        );
    }
    let (_, lines) = told.stdout.split_once("# for vehicle.toml\n").unwrap();
    let lines: toml::Table = lines.parse().unwrap();
    assert!((lines["motion"]["wheelbase_m"].as_float().unwrap() - 1.5).abs() < 0.05);

    let document = run(&scratch, &["--holdout", "--json"]).json();
    assert_eq!(document["drive"], "tricycle");
    assert_eq!(document["parameters"].as_array().unwrap().len(), 6);
    assert_eq!(document["parameters"][0]["verdict"], "shown");
    assert!(
        document["holdout"]["second_half"]["yaw_rms_deg"]
            .as_f64()
            .unwrap()
            < 1.0
    );
    assert_eq!(document["is_written"], json!(false));
}

#[test]
fn writing_changes_what_was_found_and_nothing_else() {
    let scratch = written("calibrate-writes");
    let path = scratch.0.join("vehicle.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    let files = [
        "--site",
        "site.toml",
        "--vehicle",
        "vehicle.toml",
        "--write",
    ];
    let told = run(&scratch, &[&files[..], &["--plots", "plots"]].concat());
    assert_eq!(told.code, 0, "{}", told.stderr);
    for plot in ["position", "heading", "histogram"] {
        let path = scratch.0.join(format!("plots/wheels_{plot}.svg"));
        assert!(std::fs::read_to_string(path).unwrap().contains("</svg>"));
    }
    assert!(
        told.stdout
            .contains("-metres_per_tick = 2e-5\n+metres_per_tick = 2."),
        "{}",
        told.stdout
    );
    let after = std::fs::read_to_string(&path).unwrap();
    assert!(
        after.contains("             # 8192 counts a turn\n"),
        "{after}"
    );
    assert_eq!(before.lines().next(), after.lines().next());

    // What was found is what the engine needs: dead reckoning over the drive, which was metres off.
    let replay = ["replay", "log.mcap", "--truth", "truth.mcap", "--json"];
    let rmse_m = |more: &[&str]| {
        let told = wayfix(&scratch, &[&replay[..], more].concat()).json();
        told["errors"]["horizontal_m"]["rmse"].as_f64().unwrap()
    };
    let (as_delivered_m, calibrated_m) = (rmse_m(&[]), rmse_m(&files[..4]));
    println!("dead reckoning: {as_delivered_m:.3} m as delivered, {calibrated_m:.3} m calibrated");
    assert!(as_delivered_m > 2.0 && calibrated_m < 0.15);

    // A second time there is next to nothing to change.
    assert_eq!(run(&scratch, &files).code, 0);
    let again = std::fs::read_to_string(&path).unwrap();
    let number = |text: &str| text.parse::<toml::Table>().unwrap()["motion"]["wheelbase_m"].clone();
    let wheelbases = [number(&after), number(&again)].map(|value| value.as_float().unwrap());
    assert!(
        (wheelbases[0] - wheelbases[1]).abs() < 1e-3,
        "{wheelbases:?}"
    );
}

#[test]
fn errors_of_the_program_name_the_file_and_what_is_missing() {
    let scratch = Scratch::new("calibrate-errors");
    std::fs::write(scratch.0.join("site.toml"), "").unwrap();
    std::fs::write(
        scratch.0.join("vehicle.toml"),
        "[source.baro]\nkind = \"height\"\n",
    )
    .unwrap();
    let path = scratch.0.join("log.jsonl");
    let mut writer = log::create(&path, &[]).unwrap();
    let truth = Truth {
        t: Timestamp::default(),
        state: TruthState::default(),
    };
    writer.write(&Record::Truth(truth)).unwrap();
    writer.finish().unwrap();
    let run = |more: &[&str]| {
        wayfix(
            &scratch,
            &[&["calibrate", "wheels", "log.jsonl"][..], more].concat(),
        )
    };
    let told = run(&["--site", "site.toml", "--vehicle", "vehicle.toml"]);
    assert_eq!(told.code, 2);
    assert_eq!(
        told.stderr,
        "error: log.jsonl: the log has no wheel counts or speeds and no computed odometry (it has nothing): \
         record the wheel encoders, as wheel_ticks or wheel_speeds, or else twist or odometry_step\n"
    );
    let told = run(&["--site", "site.toml"]);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""));
    assert!(
        told.stderr
            .contains("carries no vehicle.toml: state it with --vehicle")
    );
    // There would be no file to write to.
    assert_eq!(run(&["--site", "site.toml", "--write"]).code, 2);
}

/// Keys of the document that scripts rely on.
#[test]
fn the_document_keeps_its_keys() {
    let scratch = written("calibrate-keys");
    let document = run(&scratch, &["--json"]).json();
    let keys = |value: &Value| -> Vec<String> {
        let object: BTreeMap<String, Value> = serde_json::from_value(value.clone()).unwrap();
        object.into_keys().collect()
    };
    assert_eq!(
        keys(&document),
        [
            "as_stated",
            "drive",
            "fits",
            "headline",
            "holdout",
            "in_sample",
            "is_written",
            "least_apart",
            "log",
            "log_damage",
            "parameters",
            "reference",
            "shared_s",
            "site_toml",
            "source",
            "tick_bits",
            "vehicle_toml",
            "warnings",
            "what"
        ]
    );
    assert_eq!(
        keys(&document["parameters"][0]),
        [
            "advice", "before", "file", "key", "sigma", "unit", "value", "verdict"
        ]
    );
}
