//! A broker on loopback: messages arrive, and again after the broker was gone.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rumqttc::{Client, MqttOptions, QoS};

use crate::harness::{Live, PATIENCE, assert_replays, free_port, range_line, tag};
use crate::support::Scratch;

/// A broker; `None` where there is none.
fn broker(port: u16) -> Option<Child> {
    let program = ["mosquitto", "/usr/sbin/mosquitto"]
        .into_iter()
        .find_map(|program| {
            let command = Command::new(program)
                .args(["-p", &port.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            command.ok()
        });
    if program.is_none() {
        println!("skipped: there is no mosquitto here");
        return None;
    }
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    program
}

/// Publishes lines without their ends, as brokers' messages are.
fn publish(port: u16, count: u32) {
    let mut options = MqttOptions::new(format!("test-{port}-{count}"), "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5));
    let (client, mut connection) = Client::new(options, 1000);
    let pump = std::thread::spawn(move || {
        for event in connection.iter() {
            if event.is_err() {
                return;
            }
        }
    });
    for k in 0..count {
        let line = range_line(k);
        client
            .publish(
                "hall/tag/7",
                QoS::AtLeastOnce,
                false,
                line.trim_end().as_bytes(),
            )
            .unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(300));
    client.disconnect().unwrap();
    pump.join().unwrap();
}

#[test]
fn messages_and_a_broker_that_is_restarted() {
    let port = free_port();
    let Some(mut first) = broker(port) else {
        return;
    };
    let scratch = Scratch::new("live-mqtt");
    fs::write(scratch.0.join("site.toml"), crate::harness::SITE).unwrap();
    let live = tag(&format!(
        "adapter = \"line\"\nmqtt = \"127.0.0.1:{port}\"\ntopic = \"hall/+/7\""
    ));
    fs::write(scratch.0.join("vehicle.toml"), live).unwrap();
    let live = Live::start_in(scratch, &[], |_| ());
    live.ready();
    std::thread::sleep(Duration::from_secs(1));
    publish(port, 200);
    live.wait_samples("tag", 200);
    first.kill().unwrap();
    first.wait().unwrap();
    live.wait("tag", "failed", |s| s["state"] == "failed");
    let mut second = broker(port).unwrap();
    live.wait("tag", "open again", |s| s["reopened"] == 1);
    publish(port, 100);
    live.wait_samples("tag", 300);
    let stopped = live.stop();
    second.kill().unwrap();
    second.wait().unwrap();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}
