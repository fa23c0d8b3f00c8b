//! The page of `replay --report`: everything is in it, and nothing of it is elsewhere. What a browser makes
//! of it is tried in CI (`scripts/check_report.py`).

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{Scratch, wayfix};

fn simulate(scratch: &Scratch, scenario: &str, duration_s: &str) {
    let asked = [
        "simulate",
        "--scenario",
        scenario,
        "--duration",
        duration_s,
        "-o",
        "run",
    ];
    assert_eq!(wayfix(scratch, &asked).code, 0);
}

fn page(scratch: &Scratch, scenario: &str, more: &[&str]) -> (String, Value) {
    simulate(scratch, scenario, "60");
    let mut arguments = vec!["replay", "run/log.mcap", "--report", "page.html", "--json"];
    arguments.extend(more);
    let run = wayfix(scratch, &arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let html = std::fs::read_to_string(scratch.0.join("page.html")).unwrap();
    let data = html.split("type=\"application/json\">").nth(1).unwrap();
    let data = data.split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["summary"]["samples"], run.json()["samples"]);
    (html, data)
}

#[test]
fn holds_everything_that_it_shows() {
    let scratch = Scratch::new("report");
    let more = ["--truth", "run/truth.mcap", "--smooth"];
    let (html, data) = page(&scratch, "nlos_shelves", &more);
    let length = |path: &str| data.pointer(path).unwrap().as_array().unwrap().len();
    // Ten points a second, and one of each column.
    assert!((500..700).contains(&length("/track/t")));
    for column in ["x", "y", "yaw", "sigma", "level", "mode"] {
        assert_eq!(length(&format!("/track/{column}")), length("/track/t"));
    }
    assert!(length("/errors/t") > 400 && length("/smoothed/t") > 400);
    assert!(length("/site/points") > 3);
    assert!(length("/parameters") > 3);
    assert!(length("/events") > 0);
    // As many verdicts as the summary counts.
    let of_page: f64 = (data["sources"].as_array().unwrap().iter())
        .flat_map(|s| {
            ["used", "gated", "refused", "other"].map(|k| s[k].as_array().unwrap().clone())
        })
        .flatten()
        .map(|n| n.as_f64().unwrap())
        .sum();
    assert_eq!(of_page, data["summary"]["samples"].as_f64().unwrap());
    // Each that was refused is there, with its gate and what was off.
    let gated: u64 = (data["summary"]["sources"].as_array().unwrap().iter())
        .map(|s| s["gated"].as_u64().unwrap())
        .sum();
    let refused = data["refused"].as_array().unwrap();
    let told = refused
        .iter()
        .filter(|r| r[3] == "gated")
        .collect::<Vec<_>>();
    assert!(gated > 0);
    assert_eq!(told.len() as u64, gated);
    assert!(
        told.iter()
            .all(|r| r[4].as_f64() > r[5].as_f64() && r[6].is_f64())
    );
    let toml = data["config"]["vehicle.toml"].as_str().unwrap();
    assert!(toml.parse::<toml::Table>().unwrap().contains_key("source"));
    // Nothing is loaded from elsewhere.
    let frame = html.split("<script id=\"data\"").next().unwrap();
    for other in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!frame.contains(other), "{other}");
    }
}

#[test]
fn without_truth_there_is_no_error_and_still_a_page() {
    let scratch = Scratch::new("report-untrue");
    let (_, data) = page(&scratch, "ble_tag", &[]);
    assert!(data["errors"]["t"].as_array().unwrap().is_empty());
    assert!(!data["track"]["t"].as_array().unwrap().is_empty());
    assert!(data["summary"]["errors"].is_null());
}

#[test]
fn a_page_that_cannot_be_written_is_told_before_the_work() {
    let scratch = Scratch::new("report-nowhere");
    simulate(&scratch, "ble_tag", "5");
    let run = wayfix(
        &scratch,
        &["replay", "run/log.mcap", "--report", "no/such/page.html"],
    );
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no/such/page.html"), "{}", run.stderr);
    assert!(run.stdout.is_empty());
}

#[test]
fn two_runs_are_compared() {
    let scratch = Scratch::new("evaluate");
    simulate(&scratch, "gnss_yard_wheels", "80");
    let replay = [
        "replay",
        "run/log.mcap",
        "--truth",
        "run/truth.mcap",
        "--smooth",
        "-q",
        "-o",
        "out",
    ];
    assert_eq!(wayfix(&scratch, &replay).code, 0);
    // Smoothed against online, and a run against itself.
    let json = wayfix(
        &scratch,
        &["evaluate", "out", "out", "--smoothed", "b", "--json"],
    )
    .json();
    assert_eq!(json["is_significant"], true);
    assert!(json["ratio"].as_f64().unwrap() < 0.8);
    let text = wayfix(&scratch, &["evaluate", "out", "out", "--smoothed", "b"]).stdout;
    assert!(
        text.contains("B is better") && text.contains("Where they differ most"),
        "{text}"
    );
    let same = wayfix(&scratch, &["evaluate", "out", "out"]).stdout;
    assert!(
        same.contains("B over A: 1.000") && same.contains("no difference"),
        "{same}"
    );
    let files = [
        "evaluate",
        "out/estimate.tum",
        "out/smoothed.tum",
        "--truth",
        "out/truth.tum",
        "--json",
    ];
    assert_eq!(wayfix(&scratch, &files).json()["ratio"], json["ratio"]);
    let missing = wayfix(&scratch, &["evaluate", "out", "nowhere"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("nowhere"), "{}", missing.stderr);
}
