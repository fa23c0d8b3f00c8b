//! Serial ports through a pair of pseudo-terminals: plugged in, pulled out, plugged in again.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Guarded, Live, PATIENCE, assert_replays, range_line, source, tag};
use crate::support::Scratch;

/// A cable; `None` where there is no socat.
fn plug(folder: &Path) -> Option<Guarded> {
    let end = |name: &str| format!("pty,raw,echo=0,link={}", folder.join(name).display());
    let child = Command::new("socat")
        .args([end("device"), end("port")])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = child.map(Guarded) else {
        println!("skipped: there is no socat here");
        return None;
    };
    let begun = Instant::now();
    while !folder.join("port").exists() || !folder.join("device").exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(child)
}

fn unplug(cable: Guarded, folder: &Path) {
    drop(cable);
    for name in ["device", "port"] {
        let _ = fs::remove_file(folder.join(name));
    }
}

fn send(folder: &Path, lines: u32) {
    let mut device = OpenOptions::new()
        .write(true)
        .open(folder.join("device"))
        .unwrap();
    for k in 0..lines {
        device.write_all(range_line(k).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn pulled_out_and_plugged_in_again_costs_only_its_own_data() {
    let scratch = Scratch::new("live-serial");
    let folder = scratch.0.clone();
    let Some(cable) = plug(&folder) else { return };
    let udp = crate::harness::free_port();
    let vehicle = [
        tag("adapter = \"line\"\nserial = \"port\"\nbaud = 115200"),
        source(
            "other",
            &format!("adapter = \"line\"\nudp = \"127.0.0.1:{udp}\""),
        ),
    ];
    fs::write(folder.join("site.toml"), crate::harness::SITE).unwrap();
    fs::write(folder.join("vehicle.toml"), vehicle.concat()).unwrap();
    let live = Live::start_in(scratch, &[], |_| ());
    live.ready();
    send(&folder, 200);
    live.wait_samples("tag", 200);
    unplug(cable, &folder);
    live.wait("tag", "failed", |s| s["state"] == "failed");
    // The other source lives on meanwhile.
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for k in 0..100 {
        sender
            .send_to(range_line(k).as_bytes(), ("127.0.0.1", udp))
            .unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    live.wait_samples("other", 100);
    let cable = plug(&folder).unwrap();
    live.wait("tag", "open again", |s| s["reopened"] == 1);
    send(&folder, 200);
    live.wait_samples("tag", 400);
    let stopped = live.stop();
    unplug(cable, &folder);
    assert_eq!(stopped.code, Some(0));
    let log = &stopped.stderr;
    assert!(log.contains("tag: connected again"), "{log}");
    assert!(
        log.matches("WARN").count() <= 3,
        "said more than once: {log}"
    );
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}

#[test]
fn a_port_that_may_not_be_opened_says_what_to_do() {
    let scratch = Scratch::new("live-denied");
    let folder = scratch.0.clone();
    let Some(cable) = plug(&folder) else { return };
    // Nobody may; root may all the same, and runs it as nobody.
    let end = fs::canonicalize(folder.join("port")).unwrap();
    fs::set_permissions(&end, Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    fs::write(folder.join("site.toml"), crate::harness::SITE).unwrap();
    let vehicle = tag("adapter = \"line\"\nserial = \"port\"");
    fs::write(folder.join("vehicle.toml"), vehicle).unwrap();
    if is_root && !nobody_can_run() {
        println!("skipped: nobody may not run the program here");
        return unplug(cable, &folder);
    }
    let live = Live::start_in(scratch, &[], |command| {
        if is_root {
            command.uid(NOBODY);
        }
    });
    let told = live.wait("tag", "failed", |s| s["state"] == "failed");
    assert!(
        told["fault"]
            .as_str()
            .unwrap()
            .ends_with("add it to the group dialout and log in anew"),
        "{told:#}"
    );
    live.stop();
    unplug(cable, &folder);
}

const NOBODY: u32 = 65534;

/// Folders above the program may be closed to others.
fn nobody_can_run() -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayfix"));
    command.arg("--version").uid(NOBODY).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn a_wrong_speed_shows_as_bytes_that_say_nothing() {
    let scratch = Scratch::new("live-baud");
    let folder = scratch.0.clone();
    let Some(cable) = plug(&folder) else { return };
    fs::write(folder.join("site.toml"), crate::harness::SITE).unwrap();
    let vehicle = tag("adapter = \"ubx\"\nserial = \"port\"").replace("uwb", "gnss");
    let vehicle = vehicle.replace("range_sigma_m = 0.05\n", "");
    fs::write(folder.join("vehicle.toml"), vehicle).unwrap();
    let live = Live::start_in(scratch, &[], |_| ());
    live.ready();
    // What a receiver's bytes look like at another speed; they keep coming.
    let device = OpenOptions::new()
        .write(true)
        .open(folder.join("device"))
        .unwrap();
    let garbage: Vec<u8> = (0..4000_u32)
        .map(|k| (k.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let told = live.wait("tag", "a hint", |s| {
        (&device).write_all(&garbage[..400]).unwrap();
        s["hint"].is_string()
    });
    assert_eq!(
        (&told["state"], &told["samples"]),
        (&"waiting".into(), &0.into())
    );
    let hint = "bytes but nothing decoded: wrong baud rate, or another device than the adapter's?";
    assert_eq!(told["hint"], hint);
    let (_, health) = live.ask("GET /health", None).unwrap();
    assert_eq!(health["silent_sources"][0]["why"], hint, "{health:#}");
    live.wait("tag", "told in the log", |_| live.log().contains(hint));
    // A message that can be read: all is well. An acknowledgement says nothing else.
    (&device)
        .write_all(b"\xB5\x62\x05\x01\x02\x00\x06\x01\x0F\x38")
        .unwrap();
    live.wait("tag", "no hint", |s| s["hint"].is_null());
    let stopped = live.stop();
    assert_eq!(
        stopped.stderr.matches(hint).count(),
        1,
        "{}",
        stopped.stderr
    );
    unplug(cable, &folder);
}
