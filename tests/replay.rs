//! Replays through the public API and the built program: outputs, both forms of a log, order of
//! arrival, exit codes.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use proptest::prelude::*;
use support::{Run, Scratch, exact, replayed, wayfix};
use wayfix::log::{Form, Record};
use wayfix::sim::{Simulation, scenario, simulate, write};

fn simulation(name: &str, duration_s: f64) -> Simulation {
    simulate(scenario::find(name).unwrap(), 3, Some(duration_s)).unwrap()
}

fn rows(text: &str) -> Vec<Vec<f64>> {
    let row = |line: &str| line.split(' ').map(|word| word.parse().unwrap()).collect();
    text.lines().map(row).collect()
}

#[test]
fn the_trajectory_files_give_the_errors_of_the_summary() {
    let scratch = Scratch::new("tum");
    write(
        &simulation("gnss_yard_wheels", 60.0),
        &scratch.0,
        Form::Mcap,
    )
    .unwrap();
    let run = wayfix(
        &scratch,
        &[
            "replay",
            "log.mcap",
            "--truth",
            "truth.mcap",
            "-o",
            "out",
            "--json",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let read = |name: &str| fs::read_to_string(scratch.0.join("out").join(name)).unwrap();
    let (estimate, truth) = (rows(&read("estimate.tum")), rows(&read("truth.tum")));
    assert_eq!(estimate.len(), truth.len());
    let rmse = |components: std::ops::RangeInclusive<usize>| {
        let squares = estimate.iter().zip(&truth).map(|(e, t)| {
            assert_eq!(e[0], t[0], "stamps agree row by row");
            components
                .clone()
                .map(|i| (e[i] - t[i]).powi(2))
                .sum::<f64>()
        });
        (squares.sum::<f64>() / truth.len() as f64).sqrt()
    };
    let errors = &run.json()["errors"];
    assert!((rmse(1..=2) - errors["horizontal_m"]["rmse"].as_f64().unwrap()).abs() < 1e-3);
    assert!((rmse(1..=3) - errors["position_m"]["rmse"].as_f64().unwrap()).abs() < 1e-3);
    assert_eq!(errors["position_m"]["count"], truth.len());
}

#[test]
fn every_output_is_complete() {
    let scratch = Scratch::new("outputs");
    write(
        &simulation("gnss_yard_wheels", 30.0),
        &scratch.0,
        Form::Jsonl,
    )
    .unwrap();
    let run = wayfix(
        &scratch,
        &["replay", "log.jsonl", "-o", "out", "--rate", "5"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("gnss gnss_position"), "{}", run.stdout);
    assert!(
        run.stderr.is_empty(),
        "no progress where there is no terminal: {}",
        run.stderr
    );
    let read = |name: &str| fs::read_to_string(scratch.0.join("out").join(name)).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    assert_eq!(summary["errors"], serde_json::Value::Null);
    let reports: Vec<serde_json::Value> = read("reports.jsonl")
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(summary["samples"], reports.len());
    // While hypotheses compete there is no gate, and its place is null.
    let is_gated = |r: &&serde_json::Value| r["fate"] == "fused" && r["gate"].is_number();
    let used = reports.iter().find(is_gated).unwrap();
    assert_eq!(
        used["residual"].as_array().unwrap().len(),
        used["sigma"].as_array().unwrap().len()
    );
    assert!(used["nis"].as_f64().unwrap() <= used["gate"].as_f64().unwrap());
    let estimates = read("estimate.csv").lines().count();
    assert!((100..=160).contains(&estimates), "{estimates} at 5 Hz");
    assert_eq!(estimates - 1, read("estimate.tum").lines().count());
    assert!(read("parameters.csv").contains("wheels.wheel_scale"));
    assert!(!scratch.0.join("out/truth.tum").exists());
    for line in read("resets.jsonl").lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn both_forms_of_a_log_give_the_same_bits() {
    let scratch = Scratch::new("forms");
    let simulation = simulation("figure_eight_uwb_imu", 30.0);
    write(&simulation, &scratch.0, Form::Mcap).unwrap();
    write(&simulation, &scratch.0, Form::Jsonl).unwrap();
    for form in ["mcap", "jsonl"] {
        let (log, truth) = (format!("log.{form}"), format!("truth.{form}"));
        let run = wayfix(
            &scratch,
            &["replay", &log, "--truth", &truth, "-o", form, "--quiet"],
        );
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    }
    for name in [
        "estimate.csv",
        "estimate.tum",
        "truth.tum",
        "reports.jsonl",
        "parameters.csv",
    ] {
        let read = |form: &str| fs::read(scratch.0.join(form).join(name)).unwrap();
        assert!(read("mcap") == read("jsonl"), "{name}");
        assert!(!read("mcap").is_empty(), "{name}");
    }
}

#[test]
fn truth_in_the_log_is_truth_beside_it() {
    let simulation = simulation("gnss_yard_wheels", 30.0);
    let samples = || simulation.samples().map(Record::Sample);
    let beside = replayed(&simulation, samples(), Some(simulation.truth.clone()));
    // As a recorder would have it: in order of arrival, half a second late.
    let mut mixed: Vec<(i64, Record)> = simulation
        .received
        .iter()
        .map(|r| (r.t.0, Record::Sample(r.sample)))
        .collect();
    mixed.extend(
        simulation
            .truth
            .iter()
            .map(|t| (t.t.0 + 500_000_000, Record::Truth(*t))),
    );
    mixed.sort_by_key(|(t, _)| *t);
    let within = replayed(&simulation, mixed.into_iter().map(|(_, r)| r), None);
    assert_eq!(
        beside.errors.horizontal_m.count(),
        within.errors.horizontal_m.count()
    );
    assert_eq!(
        beside.errors.horizontal_m.rmse(),
        within.errors.horizontal_m.rmse()
    );
    assert_eq!(within.errors.unmatched, 0);
}

#[test]
fn a_start_from_truth_is_known_at_once() {
    let scratch = Scratch::new("start");
    write(
        &simulation("gnss_yard_wheels", 20.0),
        &scratch.0,
        Form::Mcap,
    )
    .unwrap();
    let with = [
        "replay",
        "log.mcap",
        "--truth",
        "truth.mcap",
        "--init-from-truth",
        "--json",
    ];
    let (with, without) = (
        wayfix(&scratch, &with),
        wayfix(
            &scratch,
            &with[..4]
                .iter()
                .copied()
                .chain(["--json"])
                .collect::<Vec<_>>(),
        ),
    );
    let start_s = |run: &Run| run.json()["start_after_s"].as_f64().unwrap();
    assert!(start_s(&with) < 0.1, "{}", start_s(&with));
    assert!(start_s(&with) <= start_s(&without));
    let none = wayfix(&scratch, &["replay", "log.mcap", "--init-from-truth"]);
    assert_eq!(none.code, 2);
    assert!(
        none.stderr.contains("no truth with a position"),
        "{}",
        none.stderr
    );
}

#[test]
fn exit_codes_say_what_was_wrong() {
    let scratch = Scratch::new("codes");
    write(&simulation("tag_only", 5.0), &scratch.0, Form::Jsonl).unwrap();
    let path = |name: &str| scratch.0.join(name);
    let log = fs::read_to_string(path("log.jsonl")).unwrap();
    let bare: String = log
        .lines()
        .filter(|l| !l.contains("attachment"))
        .map(|l| format!("{l}\n"))
        .collect();
    fs::write(path("bare.jsonl"), &bare).unwrap();
    fs::write(
        path("short.jsonl"),
        bare.lines()
            .take(2)
            .map(|l| format!("{l}\n"))
            .collect::<String>(),
    )
    .unwrap();
    fs::write(path("empty.jsonl"), "").unwrap();
    fs::write(path("noise.mcap"), [7u8; 3000]).unwrap();
    fs::write(
        path("wrong.toml"),
        "[source.uwb]\nkind = \"uwb\"\nrange_sigma_m = 0.0\n",
    )
    .unwrap();
    let files = ["--site", "site.toml", "--vehicle", "vehicle.toml"];
    let table: &[(&[&str], i32, &str)] = &[
        (
            &["bare.jsonl"],
            2,
            "carries no site.toml: state it with --site",
        ),
        (&["absent.mcap"], 2, "cannot open absent.mcap"),
        (&["vehicle.toml"], 2, ".mcap or .jsonl"),
        (
            &["log.jsonl", "--vehicle", "wrong.toml"],
            2,
            "wrong.toml:3: source.uwb.range_sigma_m",
        ),
        (
            &["log.jsonl", "--truth", "absent.jsonl"],
            2,
            "cannot open absent.jsonl",
        ),
        (
            &["empty.jsonl", files[0], files[1], files[2], files[3]],
            2,
            "no sample could be read",
        ),
        (
            &["noise.mcap", files[0], files[1], files[2], files[3]],
            2,
            "no sample could be read",
        ),
        (
            &["log.jsonl", "-o", "log.jsonl"],
            2,
            "cannot write log.jsonl",
        ),
        (&["log.jsonl", "--rate", "0"], 2, "above 0"),
        (
            &["short.jsonl", files[0], files[1], files[2], files[3]],
            1,
            "",
        ),
        (
            &["bare.jsonl", files[0], files[1], files[2], files[3]],
            0,
            "",
        ),
    ];
    for (arguments, code, message) in table {
        let arguments: Vec<&str> = ["replay"].iter().chain(arguments.iter()).copied().collect();
        let run = wayfix(&scratch, &arguments);
        assert_eq!(
            run.code, *code,
            "{arguments:?}: {}{}",
            run.stdout, run.stderr
        );
        assert!(
            run.stderr.contains(message),
            "{arguments:?}: {}",
            run.stderr
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_once() {
    let scratch = Scratch::new("full");
    write(&simulation("tag_only", 20.0), &scratch.0, Form::Mcap).unwrap();
    let out = scratch.0.join("out");
    fs::create_dir(&out).unwrap();
    std::os::unix::fs::symlink("/dev/full", out.join("reports.jsonl")).unwrap();
    let run = wayfix(&scratch, &["replay", "log.mcap", "-o", "out"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr
            .matches("cannot write out/reports.jsonl: No space left")
            .count(),
        1,
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.contains("uwb range"),
        "the summary is printed all the same"
    );
    assert!(
        fs::read_to_string(out.join("estimate.csv"))
            .unwrap()
            .lines()
            .count()
            > 100
    );
}

#[test]
fn the_demo_needs_nothing_and_leaves_a_log_that_replays() {
    let scratch = Scratch::new("demo");
    let run = wayfix(&scratch, &["demo", "--seed", "2", "-o", "day"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("uwb range") && run.stdout.contains("2D m"),
        "{}",
        run.stdout
    );
    let again = wayfix(
        &scratch,
        &[
            "replay",
            "day/log.mcap",
            "--truth",
            "day/truth.mcap",
            "-o",
            "again",
            "-q",
        ],
    );
    assert_eq!(again.code, 0, "{}", again.stderr);
    let read = |dir: &str| fs::read(scratch.0.join(dir).join("estimate.csv")).unwrap();
    assert!(read("day") == read("again"));
}

/// Samples delayed at random by less than the horizon.
fn shuffled(simulation: &Simulation, delays_s: &[f64]) -> Vec<Record> {
    let mut late: Vec<_> = simulation
        .samples()
        .zip(delays_s.iter().cycle())
        .map(|(sample, delay_s)| (sample.t.shifted(*delay_s), sample))
        .collect();
    late.sort_by_key(|(arrival, _)| *arrival);
    late.into_iter()
        .map(|(_, sample)| Record::Sample(sample))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn any_order_of_arrival_within_the_horizon_ends_in_the_same_bits(
        delays_s in prop::collection::vec(0.0..1.0f64, 97)
    ) {
        let simulation = simulation("gnss_yard_wheels", 12.0);
        let last = |records: Vec<Record>| {
            exact(replayed(&simulation, records.into_iter(), None).last.unwrap())
        };
        let mut sorted: Vec<_> = simulation.samples().collect();
        sorted.sort_by_key(|sample| (sample.t, sample.source));
        let in_order = last(sorted.into_iter().map(Record::Sample).collect());
        let in_disorder = last(shuffled(&simulation, &delays_s));
        prop_assert_eq!(format!("{in_order:?}"), format!("{in_disorder:?}"));
    }
}
