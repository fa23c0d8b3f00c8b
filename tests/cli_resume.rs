//! `wayfix replay --until --snapshot` and `--resume`: the continued run's files are the tail of the
//! uninterrupted run's.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{Run, Scratch, wayfix};
use wayfix::log::Form;
use wayfix::sim::{scenario, simulate, write};

/// Files that a continued run writes the rest of.
const FILES: [&str; 6] = [
    "estimate.csv",
    "estimate.tum",
    "truth.tum",
    "reports.jsonl",
    "resets.jsonl",
    "findings.jsonl",
];

/// A log with truth and its two files, in a folder of its own.
fn recorded(scenario_name: &str, duration_s: f64, seed: u64) -> Scratch {
    let scratch = Scratch::new(&format!("resume-{scenario_name}-{seed}"));
    let one = scenario::find(scenario_name).unwrap();
    let simulation = simulate(one, seed, Some(duration_s)).unwrap();
    write(&simulation, &scratch.0, Form::Mcap).unwrap();
    scratch
}

fn replay(scratch: &Scratch, more: &[&str]) -> Run {
    wayfix(
        scratch,
        &[
            &["replay", "log.mcap", "--truth", "truth.mcap", "--json"],
            more,
        ]
        .concat(),
    )
}

/// The lines of a file; none where it was not written, as `truth.tum` is not without truth.
fn lines(scratch: &Scratch, folder: &str, file: &str) -> Vec<String> {
    let folder = scratch.0.join(folder);
    // Without truth the estimate stands there at its own times, which a whole run's does not.
    if file == "estimate.tum" && !folder.join("truth.tum").exists() {
        return Vec::new();
    }
    let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
    let skipped = usize::from(file == "estimate.csv");
    text.lines().skip(skipped).map(str::to_owned).collect()
}

/// Cut at each of these times, one after the other, the pieces are the whole.
fn assert_pieces_are_the_whole(scratch: &Scratch, cuts_s: &[&str]) {
    let whole = replay(scratch, &["-o", "whole"]);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let mut folders = Vec::new();
    for i in 0..=cuts_s.len() {
        let folder = format!("part{i}");
        let mut more = vec!["-o", &folder];
        if let Some(cut_s) = cuts_s.get(i) {
            more.extend(["--until", cut_s, "--snapshot", "kept"]);
        }
        if i > 0 {
            more.extend(["--resume", "kept"]);
        }
        let part = replay(scratch, &more);
        assert_eq!(part.stderr, "", "{folder}");
        folders.push(folder);
    }
    for file in FILES {
        let parts: Vec<String> = (folders.iter())
            .flat_map(|folder| lines(scratch, folder, file))
            .collect();
        let expected = lines(scratch, "whole", file);
        assert!(!expected.is_empty() || file == "findings.jsonl", "{file}");
        assert!(
            parts == expected,
            "{file}: {} {}",
            parts.len(),
            expected.len()
        );
    }
}

#[test]
fn pieces_of_a_day_are_the_whole_day() {
    // In cold start, while the heading is open, in the yard, in the hall.
    let scratch = recorded("forklift_day", 90.0, 1);
    assert_pieces_are_the_whole(&scratch, &["0", "0.3", "2", "31", "60.5"]);
}

#[test]
fn so_are_those_of_a_robot_whose_satellites_come_late() {
    let scratch = recorded("hour", 40.0, 2);
    assert_pieces_are_the_whole(&scratch, &["0.1", "12", "12.05", "33"]);
}

#[test]
fn and_those_of_a_heading_that_is_sought() {
    let scratch = recorded("gnss_yard_wheels", 15.0, 3);
    assert_pieces_are_the_whole(&scratch, &["1", "4.5"]);
}

#[test]
fn until_stops_at_its_time() {
    let scratch = recorded("hour", 20.0, 4);
    let run = replay(&scratch, &["--until", "12.5"]);
    let span_s = run.json()["span_s"].as_f64();
    assert!(
        span_s.is_some_and(|s| (12.5..12.6).contains(&s)),
        "{}",
        run.stdout
    );
    assert_eq!(replay(&scratch, &["--until", "-1"]).code, 2);
}

/// A run with a snapshot that is refused says so once and is a run from the beginning.
fn assert_cold(scratch: &Scratch, more: &[&str], word: &str) {
    let run = replay(
        scratch,
        &[&["--resume", "kept", "-o", "cold"], more].concat(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.starts_with("warning: kept: "), "{}", run.stderr);
    assert!(run.stderr.contains(word), "{}", run.stderr);
    for file in FILES {
        assert!(
            lines(scratch, "cold", file) == lines(scratch, "whole", file),
            "{file}"
        );
    }
}

#[test]
fn a_refused_snapshot_is_a_warning_and_a_cold_start() {
    let scratch = recorded("hour", 20.0, 5);
    replay(&scratch, &["-o", "whole"]);
    let kept = scratch.0.join("kept");
    replay(&scratch, &["--until", "12", "--snapshot", "kept"]);
    let sound = fs::read(&kept).unwrap();

    fs::write(&kept, &sound[..sound.len() / 2]).unwrap();
    assert_cold(&scratch, &[], "damaged");
    fs::write(&kept, "").unwrap();
    assert_cold(&scratch, &[], "no snapshot");

    fs::write(&kept, &sound).unwrap();
    let vehicle = fs::read_to_string(scratch.0.join("vehicle.toml")).unwrap();
    // Another name moves nothing, but it is another file.
    let other = vehicle.replacen("name = \"", "name = \"Another ", 1);
    assert_ne!(other, vehicle);
    fs::write(scratch.0.join("other.toml"), other).unwrap();
    assert_cold(
        &scratch,
        &["--vehicle", "other.toml"],
        "another vehicle.toml",
    );

    // The same vehicle on another day.
    let other = recorded("hour", 20.0, 6);
    fs::copy(other.0.join("log.mcap"), scratch.0.join("log.mcap")).unwrap();
    fs::copy(other.0.join("truth.mcap"), scratch.0.join("truth.mcap")).unwrap();
    replay(&scratch, &["-o", "whole"]);
    assert_cold(&scratch, &[], "another log");
}

#[test]
fn a_snapshot_that_is_not_there_is_an_error() {
    let scratch = recorded("tag_only", 5.0, 1);
    let run = replay(&scratch, &["--resume", "nowhere"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("cannot read nowhere"), "{}", run.stderr);
}
