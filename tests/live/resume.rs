//! A run that goes on where another ended, and whose recording replays from there.

use std::fs;

use crate::harness::{Live, assert_replays, free_port, range_line, send, tag};

#[test]
fn the_position_is_known_at_once_and_the_recording_replays() {
    let port = free_port();
    let vehicle = tag(&format!("adapter = \"line\"\nudp = \"127.0.0.1:{port}\""));
    let live = Live::start("resume", &vehicle, &["--snapshot-every", "0.3"]);
    live.ready();
    send(port, 0, 400, 3);
    live.wait_samples("tag", 300);
    // The power fails.
    live.signal("-KILL");
    let scratch = live.wait_end().scratch;
    fs::rename(scratch.0.join("out"), scratch.0.join("before")).unwrap();

    let live = Live::start_in(scratch, &["--resume", "before/log.snapshot"], |_| ());
    live.ready();
    send(port, 400, 300, 3);
    live.wait_samples("tag", 250);
    let stopped = live.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(!stopped.stderr.contains("warning"), "{}", stopped.stderr);
    let resets = fs::read_to_string(stopped.scratch.0.join("out/resets.jsonl")).unwrap();
    assert!(!resets.contains("\"start\""), "it began cold: {resets}");
    assert_replays(
        &stopped.scratch,
        "out",
        "out/log.mcap",
        &["--resume", "out/log.start"],
    );
}

#[test]
fn a_snapshot_of_another_vehicle_is_refused_with_a_warning() {
    let scratch = crate::support::Scratch::new("live-foreign");
    fs::write(scratch.0.join("site.toml"), crate::harness::SITE).unwrap();
    fs::write(scratch.0.join("kept"), "no snapshot").unwrap();
    fs::write(
        scratch.0.join("lines.txt"),
        (0..100).map(range_line).collect::<String>(),
    )
    .unwrap();
    let live = tag("adapter = \"line\"\nfile = \"lines.txt\"");
    fs::write(scratch.0.join("vehicle.toml"), live).unwrap();
    let stopped = Live::start_in(scratch, &["--resume", "kept"], |_| ()).wait_end();
    assert!(
        stopped.stderr.contains("warning: kept: "),
        "{}",
        stopped.stderr
    );
    assert!(
        stopped.stderr.contains("Starting cold"),
        "{}",
        stopped.stderr
    );
}
