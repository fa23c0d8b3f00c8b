//! A recorded log played into a run at its own pace and faster: the estimate is that of a replay, of
//! the recording and of the log itself, byte for byte.

use std::fs;
use std::process::Command;

use wayfix::log::Form;
use wayfix::sim::{scenario, simulate, write};

use crate::harness::{Live, assert_replays, free_port};
use crate::support::{Scratch, wayfix};

fn play(speed: &str, duration_s: f64) {
    let scratch = Scratch::new(&format!("live-played-{speed}"));
    let day = scenario::find("forklift_day").unwrap();
    let simulation = simulate(day, 3, Some(duration_s)).unwrap();
    write(&simulation, &scratch.0, Form::Mcap).unwrap();
    let port = free_port();
    let path = scratch.0.join("vehicle.toml");
    let text = fs::read_to_string(&path).unwrap();
    let live = format!(
        "[source.imu.live]\nadapter = \"json_lines\"\ntcp_listen = \"127.0.0.1:{port}\"\nclock = \"synchronised\"\n"
    );
    fs::write(&path, format!("{text}\n{live}")).unwrap();
    let live = Live::start_in(scratch, &[], |_| ());
    let status = Command::new(env!("CARGO_BIN_EXE_wayfix"))
        .current_dir(&live.scratch.0)
        .args([
            "play",
            "log.mcap",
            "--to",
            &format!("tcp:127.0.0.1:{port}"),
            "--speed",
            speed,
        ])
        .status()
        .unwrap();
    assert!(status.success());
    let sent = simulation.samples().count();
    let all = || -> u64 {
        let (_, health) = live.ask("GET /health", None).unwrap();
        health["samples"].as_u64().unwrap()
    };
    let begun = std::time::Instant::now();
    while all() < sent as u64 && begun.elapsed() < crate::harness::PATIENCE {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let source = live.source("imu");
    assert_eq!(source["dropped_bytes"], 0, "{source:#}");
    let stopped = live.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
    // The log itself, never live.
    let run = wayfix(
        &stopped.scratch,
        &[
            "replay",
            "log.mcap",
            "--vehicle",
            "vehicle.toml",
            "-o",
            "log",
            "-q",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let read =
        |folder: &str| fs::read(stopped.scratch.0.join(folder).join("estimate.csv")).unwrap();
    assert!(read("out") == read("log"));
}

#[test]
fn at_its_own_pace() {
    play("1", 6.0);
}

#[test]
fn ten_times_as_fast() {
    play("10", 40.0);
}
