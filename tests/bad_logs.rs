//! Bad logs: what is cut, flipped or no number is told as damage, and the rest is used.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{Run, Scratch, wayfix};
use wayfix::log::Form;
use wayfix::sim::{Simulation, scenario, simulate, write};

/// Sound input leaves the robot this close to the truth [m].
const SOUND_M: f64 = 0.1;

/// A robot with inertial unit, wheels, ranges and satellites; it drives from the tenth second on.
fn simulation() -> Simulation {
    simulate(scenario::find("hour").unwrap(), 3, Some(30.0)).unwrap()
}

fn replay(scratch: &Scratch, log: &str) -> Run {
    let files = ["--site", "site.toml", "--vehicle", "vehicle.toml"];
    let out = format!("out-{log}");
    let rest = ["--truth", "truth.jsonl", "--json", "-o", &out];
    wayfix(scratch, &[&["replay", log], &files[..], &rest[..]].concat())
}

fn reports(scratch: &Scratch, log: &str) -> String {
    fs::read_to_string(scratch.0.join(format!("out-{log}/reports.jsonl"))).unwrap()
}

/// A log in both forms and its truth in one, in a folder of its own.
fn logs(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    write(&simulation(), &scratch.0, Form::Mcap).unwrap();
    write(&simulation(), &scratch.0, Form::Jsonl).unwrap();
    scratch
}

fn samples(run: &Run) -> u64 {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()["samples"].as_u64().unwrap()
}

fn damage(run: &Run) -> (u64, String) {
    let damage = &run.json()["log_damage"];
    (
        damage["count"].as_u64().unwrap(),
        damage["notes"].to_string(),
    )
}

fn rmse_m(run: &Run) -> f64 {
    run.json()["errors"]["horizontal_m"]["rmse"]
        .as_f64()
        .unwrap()
}

#[test]
fn an_mcap_log_cut_in_mid_chunk_gives_all_before_the_cut() {
    let scratch = logs("cut-mcap");
    let bytes = fs::read(scratch.0.join("log.mcap")).unwrap();
    let whole = replay(&scratch, "log.mcap");
    assert_eq!(damage(&whole).0, 0);
    let told = reports(&scratch, "log.mcap");
    let (mut in_chunk, mut salvaged) = (0, 0);
    for part in (30..=90).step_by(5) {
        let cut = &bytes[..bytes.len() * part / 100];
        fs::write(scratch.0.join("cut.mcap"), cut).unwrap();
        let run = replay(&scratch, "cut.mcap");
        let (count, notes) = damage(&run);
        assert_eq!(count, 1, "{part} %: {notes}");
        // Between chunks lies their index.
        in_chunk += u32::from(notes.contains("cut short after"));
        salvaged += u32::from(notes.contains("after 131072 bytes"));
        let share = samples(&run) as f64 / samples(&whole) as f64;
        let expected = part as f64 / 100.0;
        assert!(
            (expected - 0.3..expected + 0.2).contains(&share),
            "{part} %: {share}"
        );
        // Of the last moment late samples are missing, before which others are then final.
        let found = reports(&scratch, "cut.mcap");
        let sure: Vec<&str> = found.lines().rev().skip(60).collect();
        assert!(sure.len() > 200, "{part} %");
        assert!(
            told.lines().zip(sure.iter().rev()).all(|(a, b)| a == *b),
            "{part} %"
        );
    }
    // Of a chunk in two compressed blocks the first one can be read.
    assert!(in_chunk >= 4 && salvaged >= 1, "{in_chunk} {salvaged}");
}

#[test]
fn a_jsonl_log_cut_in_mid_line_loses_that_line() {
    let scratch = logs("cut-jsonl");
    let bytes = fs::read(scratch.0.join("log.jsonl")).unwrap();
    let start_of_line = bytes[..bytes.len() * 7 / 10]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    let cut = start_of_line + 30;
    assert!(!bytes[start_of_line..cut].contains(&b'\n'));
    fs::write(scratch.0.join("cut.jsonl"), &bytes[..cut]).unwrap();
    fs::write(scratch.0.join("short.jsonl"), &bytes[..start_of_line]).unwrap();
    let (cut, short) = (
        replay(&scratch, "cut.jsonl"),
        replay(&scratch, "short.jsonl"),
    );
    let (count, notes) = damage(&cut);
    assert_eq!((count, damage(&short).0), (1, 0));
    assert!(notes.contains("EOF while parsing"), "{notes}");
    assert_eq!(samples(&cut), samples(&short));
    assert!(reports(&scratch, "cut.jsonl") == reports(&scratch, "short.jsonl"));
    assert_eq!(cut.json()["end"], short.json()["end"]);
}

#[test]
fn flipped_bytes_cost_an_mcap_log_one_chunk() {
    let scratch = logs("flip-mcap");
    let mut bytes = fs::read(scratch.0.join("log.mcap")).unwrap();
    let at = bytes.len() / 2;
    bytes[at..at + 3].iter_mut().for_each(|b| *b ^= 0x5a);
    fs::write(scratch.0.join("flip.mcap"), &bytes).unwrap();
    let (whole, flipped) = (replay(&scratch, "log.mcap"), replay(&scratch, "flip.mcap"));
    let (count, notes) = damage(&flipped);
    assert_eq!(count, 1, "{notes}");
    assert!(notes.contains("damaged"), "{notes}");
    let lost = samples(&whole) - samples(&flipped);
    // A chunk is 256 KiB of records.
    assert!((1000..3000).contains(&lost), "{lost} samples lost");
    assert_eq!(whole.json()["span_t_ns"], flipped.json()["span_t_ns"]);
    // Inside the hole nothing is known; by the end, seconds later, it is forgotten.
    let end_m = |run: &Run, i: usize| run.json()["end"]["position_m"][i].as_f64().unwrap();
    for i in 0..2 {
        let off_m = end_m(&whole, i) - end_m(&flipped, i);
        assert!(off_m.abs() < SOUND_M, "{off_m} m");
    }
}

#[test]
fn flipped_bytes_cost_a_jsonl_log_their_lines() {
    let scratch = logs("flip-jsonl");
    let text = fs::read(scratch.0.join("log.jsonl")).unwrap();
    let (mut flipped, mut without) = (Vec::new(), Vec::new());
    let mut bad = 0;
    for (i, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        let mut line = line.to_vec();
        if i % 50 == 7 {
            let at = line.len() / 2;
            line[at] ^= 0x80;
            bad += 1;
        } else {
            without.extend(&line);
        }
        flipped.extend(&line);
    }
    fs::write(scratch.0.join("flip.jsonl"), flipped).unwrap();
    fs::write(scratch.0.join("without.jsonl"), without).unwrap();
    let (flipped, without) = (
        replay(&scratch, "flip.jsonl"),
        replay(&scratch, "without.jsonl"),
    );
    assert!(bad > 80);
    assert_eq!((damage(&flipped).0, damage(&without).0), (bad, 0));
    assert_eq!(samples(&flipped), samples(&without));
    assert!(reports(&scratch, "flip.jsonl") == reports(&scratch, "without.jsonl"));
    assert_eq!(flipped.json()["end"], without.json()["end"]);
    assert!(rmse_m(&flipped) < SOUND_M, "{} m", rmse_m(&flipped));
}

#[test]
fn a_line_with_a_number_that_is_none_is_damage() {
    let scratch = logs("nan-jsonl");
    let log = fs::read_to_string(scratch.0.join("log.jsonl")).unwrap();
    let bad = ["NaN", "Infinity", "-Infinity", "1e999", "null"].map(|number| {
        format!("{{\"t\": 20.0, \"source\": \"uwb\", \"range\": {{\"anchor\": \"A1\", \"range_m\": {number}}}}}\n")
    });
    let middle = log[..log.len() / 2].rfind('\n').unwrap() + 1;
    let (head, tail) = log.split_at(middle);
    fs::write(
        scratch.0.join("nan.jsonl"),
        [head, &bad.concat(), tail].concat(),
    )
    .unwrap();
    let (clean, run) = (replay(&scratch, "log.jsonl"), replay(&scratch, "nan.jsonl"));
    assert_eq!((damage(&clean).0, damage(&run).0), (0, 5));
    assert!(reports(&scratch, "log.jsonl") == reports(&scratch, "nan.jsonl"));
}
