//! The page of `replay --report`: everything is in it, and nothing of it is elsewhere. What a browser makes
//! of it is tried in CI (`scripts/check_report.py`).

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use support::{Scratch, wayfix};

const HALL: &[u8] = include_bytes!("support/hall.png");

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

/// What is told, and the floor plans of the page.
fn plans(scratch: &Scratch) -> (String, Vec<Value>) {
    let site = ["--site", "run/mapped.toml"];
    let run = ["replay", "run/log.mcap", "--report", "page.html", "-q"];
    let run = wayfix(scratch, &[&run[..], &site].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (_, data) = read(scratch);
    let plans = data["site"]["plans"].as_array().unwrap().clone();
    (run.stderr, plans)
}

fn read(scratch: &Scratch) -> (String, Value) {
    read_page(scratch, "page.html")
}

fn read_page(scratch: &Scratch, name: &str) -> (String, Value) {
    let html = std::fs::read_to_string(scratch.0.join(name)).unwrap();
    let data = html.split("type=\"application/json\">").nth(1).unwrap();
    let data = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    (html, data)
}

fn page(scratch: &Scratch, scenario: &str, more: &[&str]) -> (String, Value) {
    simulate(scratch, scenario, "60");
    let mut arguments = vec!["replay", "run/log.mcap", "--report", "page.html", "--json"];
    arguments.extend(more);
    let run = wayfix(scratch, &arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (html, data) = read(scratch);
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

/// The hall with its floor plan on a grid, and further maps.
fn with_maps(scratch: &Scratch, more: &str) {
    let site = std::fs::read_to_string(scratch.0.join("run/site.toml")).unwrap();
    let grid = "grid = { yaw_deg = 30.0, east_m = 100.0, north_m = 50.0 }\n";
    let hall = include_str!("support/hall.toml");
    let site = site.replace("map = []\n", grid) + hall + more;
    std::fs::write(scratch.0.join("run/mapped.toml"), site).unwrap();
    std::fs::write(scratch.0.join("run/hall.png"), HALL).unwrap();
}

#[test]
fn floor_plans_lie_where_the_site_says() {
    let scratch = Scratch::new("report-plan");
    simulate(&scratch, "nlos_shelves", "5");
    with_maps(&scratch, "");
    let (stderr, plans) = plans(&scratch);
    assert_eq!(stderr, "");
    assert_eq!(plans.len(), 1);
    // Rows at 15 deg on a grid at 30 deg: sin and cos of 45 deg, 0.1 m a pixel. Its corner, (2, -11.5) on the
    // grid, is (100 + 2 cos 30 + 11.5 sin 30, 50 + 2 sin 30 - 11.5 cos 30).
    let expected = [
        0.070_710_678,
        0.070_710_678,
        -0.070_710_678,
        0.070_710_678,
        107.482_050_8,
        41.040_707_9,
    ];
    for (found, expected) in plans[0]["matrix"].as_array().unwrap().iter().zip(expected) {
        assert!((found.as_f64().unwrap() - expected).abs() < 1e-7, "{found}");
    }
    let encoded = plans[0]["picture"].as_str().unwrap();
    let encoded = encoded.strip_prefix("data:image/png;base64,").unwrap();
    assert_eq!(BASE64_STANDARD.decode(encoded).unwrap(), HALL);
}

#[test]
fn floor_plans_that_cannot_be_shown_are_told_and_left_out() {
    let scratch = Scratch::new("report-plans");
    simulate(&scratch, "nlos_shelves", "5");
    let file = |name: &str, begin: &[u8], length: usize| {
        let mut bytes = begin.to_vec();
        bytes.resize(length, 0);
        std::fs::write(scratch.0.join("run").join(name), bytes).unwrap();
    };
    // 4 characters for 3 bytes.
    file("large.png", HALL, 3_500_000);
    // Room alone, none beside the others.
    file("half.jpg", b"\xff\xd8\xff\xe0", 1_500_000);
    file("other.jpg", b"\xff\xd8\xff\xe0", 1_500_000);
    file("plan.svg", b"<svg", 100);
    let more = [
        "large.png",
        "absent.png",
        "plan.svg",
        "half.jpg",
        "other.jpg",
    ]
    .map(|name| format!("[[map]]\nfile = \"{name}\"\npixel_m = 0.1\n"));
    with_maps(&scratch, &more.concat());
    let (stderr, plans) = plans(&scratch);
    let shown: Vec<_> = plans.iter().map(|plan| plan["file"].as_str()).collect();
    assert_eq!(shown, [Some("hall.png"), Some("half.jpg")]);
    let jpeg = plans[1]["picture"].as_str().unwrap();
    assert!(jpeg.starts_with("data:image/jpeg;base64,/9j/"));
    let told: Vec<_> = stderr.lines().collect();
    assert_eq!(told.len(), 4, "{stderr}");
    for (line, name, why) in [
        (0, "absent.png", "cannot read"),
        (1, "plan.svg", "save it as one of them"),
        (
            2,
            "large.png",
            "4.7 MB of the page, where all maps together have 4 MB: scale",
        ),
        (3, "other.jpg", "all maps together"),
    ] {
        let line = told[line];
        assert!(line.starts_with("warning: --report: "), "{line}");
        assert!(line.contains(name) && line.contains(why), "{line}");
        assert!(line.ends_with("the floor plan is left out"), "{line}");
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
    let page = ["evaluate", "out", "out", "--smoothed", "b", "--json"];
    let page = [
        &page[..],
        &["--report", "two.html", "--site", "run/site.toml"],
    ]
    .concat();
    assert_eq!(wayfix(&scratch, &page).json(), json);
    let (html, data) = read_page(&scratch, "two.html");
    assert!(html.contains("out/estimate.tum against out/smoothed.tum"));
    assert!(!html.contains("{{") && !html.contains("http"));
    assert_eq!(data["compared"], json);
    assert_eq!(data["verdict"], "B is better");
    assert_eq!(
        data["blocks"].as_array().unwrap().len() as u64,
        json["blocks"]
    );
    // Row by row, what the files say.
    let rows = data["t"].as_array().unwrap().len();
    assert!(rows > 500, "{rows}");
    let number = |of: &Value, i: usize| of[i].as_f64().unwrap();
    for i in [0, rows / 2, rows - 1] {
        let off =
            |of: &str, axis: &str| number(&data[of][axis], i) - number(&data["truth"][axis], i);
        for of in ["a", "b"] {
            let error_m = off(of, "x").hypot(off(of, "y"));
            assert!((error_m - number(&data[of]["error"], i)).abs() < 2e-3);
        }
    }
    assert_eq!(
        data["runs"][0]["summary"]["samples"],
        data["runs"][1]["summary"]["samples"]
    );
    assert!(data["runs"][0]["summary"]["samples"].as_u64().unwrap() > 1_000);
    assert!(data["site"]["points"].is_array());
    let alone = wayfix(
        &scratch,
        &["evaluate", "out", "out", "--site", "run/site.toml"],
    );
    assert!(
        alone.code == 2 && alone.stderr.contains("--report"),
        "{}",
        alone.stderr
    );
    // Truth that begins late: what was written before it is taken back, smoothed or not.
    let convert = ["convert", "run/truth.mcap", "-o", "truth.jsonl"];
    assert_eq!(wayfix(&scratch, &convert).code, 0);
    let truth = std::fs::read_to_string(scratch.0.join("truth.jsonl")).unwrap();
    let rows: Vec<&str> = truth.lines().collect();
    let late = rows[rows.len() * 2 / 3..].join("\n");
    std::fs::write(scratch.0.join("truth.jsonl"), late).unwrap();
    let replay = replay.map(|word| match word {
        "run/truth.mcap" => "truth.jsonl",
        "out" => "late",
        word => word,
    });
    assert_eq!(wayfix(&scratch, &replay).code, 0);
    let lines = ["truth", "estimate", "smoothed"].map(|name| {
        let text = std::fs::read_to_string(scratch.0.join(format!("late/{name}.tum"))).unwrap();
        assert!(text.lines().all(|line| line.split(' ').count() == 8));
        text.lines().count()
    });
    assert!(
        lines[0] > 100 && lines.iter().all(|n| lines[0].abs_diff(*n) <= 1),
        "{lines:?}"
    );
    assert_eq!(wayfix(&scratch, &["evaluate", "late", "late"]).code, 0);
    let missing = wayfix(&scratch, &["evaluate", "out", "nowhere"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("nowhere"), "{}", missing.stderr);
}
