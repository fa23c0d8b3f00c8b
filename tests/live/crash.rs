//! A run that is killed: the recording opens, and lacks less than a second.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::harness::{Live, free_port, range_line, tag};
use crate::support::wayfix;

#[test]
fn what_was_recorded_a_second_ago_is_there() {
    let port = free_port();
    let vehicle = tag(&format!("adapter = \"line\"\nudp = \"127.0.0.1:{port}\""));
    let live = Live::start("crash", &vehicle, &[]);
    live.ready();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    let mut samples_at = Vec::new();
    for k in 0..800 {
        socket
            .send_to(range_line(k).as_bytes(), ("127.0.0.1", port))
            .unwrap();
        std::thread::sleep(Duration::from_millis(4));
        if k % 25 == 0 {
            let samples = live.source("tag")["samples"].as_u64().unwrap();
            samples_at.push((begun.elapsed(), samples));
        }
    }
    let killed = begun.elapsed();
    live.signal("-KILL");
    let stopped = live.wait_end();
    assert_eq!(stopped.code, None);
    let (_, a_second_ago) = *(samples_at.iter().rev())
        .find(|(at, _)| killed - *at >= Duration::from_secs(1))
        .unwrap();
    let run = wayfix(
        &stopped.scratch,
        &["replay", "out/log.mcap", "--json", "-o", "again"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let kept = run.json()["samples"].as_u64().unwrap();
    assert!(kept >= a_second_ago, "{kept} of {samples_at:?}");
    // As far as it goes, it is what the run saw.
    assert!(kept > 100);
}
