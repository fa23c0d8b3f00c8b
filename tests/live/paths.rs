//! Every path that needs no other program: TCP both ways, UDP, multicast, files, pipes, the standard
//! input. What is sent is what is recorded, and the recording replays to the same bytes.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use crate::harness::{Live, PATIENCE, assert_replays, free_port, range_line, raw_bytes, tag};

const LINES: u32 = 200;

fn lines() -> Vec<u8> {
    (0..LINES).map(range_line).collect::<String>().into_bytes()
}

/// All of it came, was recorded, and replays.
fn assert_came(live: Live, sent: &[u8]) {
    let source = live.wait_samples("tag", LINES.into());
    assert_eq!(source["malformed"], 0, "{source:#}");
    let stopped = live.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_eq!(raw_bytes(&stopped.scratch, "out/log.mcap", "tag"), sent);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}

/// Sends line by line, so that times differ.
fn send(to: &mut impl Write) {
    for k in 0..LINES {
        to.write_all(range_line(k).as_bytes()).unwrap();
        to.flush().unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_server_is_connected_to_and_again_after_it_was_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let live = Live::start(
        "tcp",
        &tag(&format!("adapter = \"line\"\ntcp = \"{address}\"")),
        &[],
    );
    let mut stream = crate::harness::accept(&listener);
    send(&mut stream);
    live.wait_samples("tag", LINES.into());
    // Half a line, and gone for a while: the port is closed.
    stream.write_all(b"range,A,3.").unwrap();
    drop((stream, listener));
    live.wait("tag", "failed", |s| {
        s["state"] == "failed" && s["faults"].as_u64() > Some(1)
    });
    let log = live.log();
    assert_eq!(
        log.matches("is the device on, and is this its port?")
            .count(),
        1,
        "{log}"
    );
    let listener = TcpListener::bind(address).unwrap();
    let mut stream = crate::harness::accept(&listener);
    send(&mut stream);
    let source = live.wait_samples("tag", 2 * u64::from(LINES));
    // The half line was forgotten, or counted, but never joined with what came later.
    assert!(source["malformed"].as_u64() <= Some(1), "{source:#}");
    assert_eq!(source["reopened"], 1);
    let stopped = live.stop();
    assert!(
        stopped.stderr.contains("tag: connected again"),
        "{}",
        stopped.stderr
    );
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}

#[test]
fn a_device_connects_and_its_successor_replaces_it() {
    let port = free_port();
    let live = format!("adapter = \"line\"\ntcp_listen = \"127.0.0.1:{port}\"");
    let live = Live::start("listen", &tag(&live), &[]);
    live.ready();
    let connect = || {
        let begun = std::time::Instant::now();
        loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => return stream,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
        }
    };
    // The first one never closes: it has lost its network.
    let mut dead = connect();
    dead.write_all(b"").unwrap();
    let mut stream = connect();
    send(&mut stream);
    assert_came(live, &lines());
}

#[test]
fn datagrams_and_those_of_a_group() {
    for (name, bind, to, group) in [
        ("udp", "127.0.0.1", "127.0.0.1", ""),
        (
            "group",
            "0.0.0.0",
            "239.255.74.20",
            "\ngroup = \"239.255.74.20\"",
        ),
    ] {
        let port = free_port();
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        if !group.is_empty() && socket.send_to(b"", (to, port)).is_err() {
            println!("skipped: no network here carries multicast");
            continue;
        }
        let live = format!("adapter = \"line\"\nudp = \"{bind}:{port}\"{group}");
        let live = Live::start(name, &tag(&live), &[]);
        // Datagrams before it listens are lost: one that is none tells when it does.
        let begun = std::time::Instant::now();
        while live.source("tag")["bytes"].as_u64() < Some(1) {
            if !group.is_empty() && begun.elapsed() > Duration::from_secs(8) {
                println!("skipped: multicast does not come back here");
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", live.log());
            let _ = socket.send_to(b"#\n", (to, port));
            std::thread::sleep(Duration::from_millis(20));
        }
        if live.source("tag")["bytes"].as_u64() < Some(1) {
            live.stop();
            continue;
        }
        for k in 0..LINES {
            socket
                .send_to(range_line(k).as_bytes(), (to, port))
                .unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
        live.wait_samples("tag", LINES.into());
        let stopped = live.stop();
        let recorded = raw_bytes(&stopped.scratch, "out/log.mcap", "tag");
        assert!(recorded.ends_with(&lines()));
        assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
    }
}

#[test]
fn a_file_is_read_to_its_end_and_the_run_ends() {
    // 340 kB: far more than waits at once, and none of it is dropped.
    let line = |k: u32| format!("@{:.3},{}", 0.01 * f64::from(k), range_line(k));
    let long: String = (0..20_000).map(line).collect();
    let live = tag(
        "adapter = \"line\"\noptions = { time = \"device\" }\nclock = \"synchronised\"\nfile = \"long.txt\"",
    );
    let scratch = crate::support::Scratch::new("live-file");
    fs::write(scratch.0.join("site.toml"), crate::harness::SITE).unwrap();
    fs::write(scratch.0.join("vehicle.toml"), live).unwrap();
    fs::write(scratch.0.join("long.txt"), &long).unwrap();
    let stopped = Live::start_in(scratch, &["--json"], |_| ()).wait_end();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let last = stopped.stdout.lines().last().unwrap();
    let summary: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(summary["samples"], 20_000);
    assert!(raw_bytes(&stopped.scratch, "out/log.mcap", "tag") == long.as_bytes());
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}

#[test]
fn the_standard_input() {
    let mut live = Live::start("stdin", &tag("adapter = \"line\"\nfile = \"-\""), &[]);
    for k in 0..LINES {
        live.input(range_line(k).as_bytes());
        std::thread::sleep(Duration::from_millis(1));
    }
    live.wait_samples("tag", LINES.into());
    live.end_input();
    let stopped = live.wait_end();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(raw_bytes(&stopped.scratch, "out/log.mcap", "tag") == lines());
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_outlives_its_writers() {
    let scratch = crate::support::Scratch::new("live-pipe");
    fs::write(scratch.0.join("site.toml"), crate::harness::SITE).unwrap();
    let live = tag("adapter = \"line\"\nfile = \"pipe\"");
    fs::write(scratch.0.join("vehicle.toml"), live).unwrap();
    let pipe = scratch.0.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let live = Live::start_in(scratch, &[], |_| ());
    live.ready();
    let text = lines();
    let (first, second) = text.split_at(text.len() / 2);
    for part in [first, second] {
        let mut writer = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        for line in part.split_inclusive(|b| *b == b'\n') {
            writer.write_all(line).unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    assert_came(live, &text);
}

#[test]
fn what_is_wrong_says_what_to_do_and_the_others_run_on() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = busy.local_addr().unwrap();
    let _held = TcpListener::bind(busy);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = free_port();
    let vehicle = [
        tag(&format!("adapter = \"line\"\nudp = \"127.0.0.1:{port}\"")),
        crate::harness::source("absent", "adapter = \"line\"\nserial = \"/dev/ttyNOWHERE\""),
        crate::harness::source("file", "adapter = \"line\"\nfile = \"nowhere.txt\""),
        crate::harness::source(
            "busy",
            &format!("adapter = \"line\"\ntcp_listen = \"{busy}\""),
        ),
        crate::harness::source("far", "adapter = \"line\"\nudp = \"192.0.2.1:5000\""),
    ]
    .concat();
    let live = Live::start("wrong", &vehicle, &[]);
    for name in ["absent", "file", "busy", "far"] {
        live.wait(name, "failed", |s| s["state"] == "failed");
    }
    while live.source("tag")["samples"].as_u64() < Some(50) {
        for k in 0..20 {
            sender
                .send_to(range_line(k).as_bytes(), ("127.0.0.1", port))
                .unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (_, health) = live.ask("GET /health", None).unwrap();
    assert_eq!(
        health["silent_sources"].as_array().unwrap().len(),
        4,
        "{health:#}"
    );
    let stopped = live.stop();
    for word in [
        "is the device plugged in?",
        "there is no such file",
        "another program, or another source, has this port",
        "this computer has no such address",
    ] {
        assert_eq!(
            stopped.stderr.matches(word).count(),
            1,
            "{word}: {}",
            stopped.stderr
        );
    }
}
