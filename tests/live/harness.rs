//! A live run in a process of its own, and what sends to it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Run, Scratch, wayfix};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Four anchors in a hall.
pub const SITE: &str = r#"
anchor = [
    { id = "A", position_m = [ 0.0,  0.0, 3.0] },
    { id = "B", position_m = [20.0,  0.0, 3.5] },
    { id = "C", position_m = [20.0, 12.0, 3.0] },
    { id = "D", position_m = [ 0.0, 12.0, 2.5] },
]
portal = [{ id = "gate", position_m = [16.0, 6.0, 0.0], width_m = 3.0 }]
"#;

/// A tag that is carried at 1.5 m, heard as `live` says.
pub fn tag(live: &str) -> String {
    format!("[motion]\nplanar_height_m = 0.0\n{}", source("tag", live))
}

/// One more tag.
pub fn source(name: &str, live: &str) -> String {
    format!(
        "[source.{name}]\nkind = \"uwb\"\nmount.position_m = [0.0, 0.0, 1.5]\nrange_sigma_m = 0.05\n\
         [source.{name}.live]\n{live}\n"
    )
}

/// The k-th range of a tag that goes round, as a generic line.
pub fn range_line(k: u32) -> String {
    let anchors = [
        ("A", 0.0, 0.0, 3.0),
        ("B", 20.0, 0.0, 3.5),
        ("C", 20.0, 12.0, 3.0),
        ("D", 0.0, 12.0, 2.5),
    ];
    let (name, x, y, z) = anchors[(k % 4) as usize];
    let angle = 0.002 * f64::from(k);
    let (px, py) = (10.0 + 6.0 * angle.cos(), 6.0 + 3.0 * angle.sin());
    let range_m = ((px - x).powi(2) + (py - y).powi(2) + (1.5_f64 - z).powi(2)).sqrt();
    format!("range,{name},{range_m:.4}\n")
}

/// Sends ranges as datagrams, so many milliseconds apart.
pub fn send(port: u16, from: u32, count: u32, pause_ms: u64) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for k in from..from + count {
        let line = range_line(k);
        socket
            .send_to(line.as_bytes(), ("127.0.0.1", port))
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause_ms));
    }
}

/// A run that is expected to end by itself, without a recording.
pub fn refused(name: &str, site: &str, vehicle: &str, more: &[&str]) -> Run {
    let scratch = Scratch::new(name);
    fs::write(scratch.0.join("site.toml"), site).unwrap();
    fs::write(scratch.0.join("vehicle.toml"), vehicle).unwrap();
    let files = [
        "run",
        "--site",
        "site.toml",
        "--vehicle",
        "vehicle.toml",
        "--no-record",
    ];
    wayfix(&scratch, &[files.as_slice(), more].concat())
}

/// A port of this computer that is free.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Accepts within reason, so that a test whose run has failed ends.
pub fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let begun = Instant::now();
    loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            return stream;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody connects");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run under way.
pub struct Live {
    pub scratch: Scratch,
    child: Guarded,
    control: String,
}

/// A process that does not outlive a failed test.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A run that has stopped.
pub struct Stopped {
    pub scratch: Scratch,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Live {
    /// With the hall as its site.
    pub fn start(name: &str, vehicle: &str, more: &[&str]) -> Self {
        let scratch = Scratch::new(&format!("live-{name}"));
        fs::write(scratch.0.join("site.toml"), SITE).unwrap();
        fs::write(scratch.0.join("vehicle.toml"), vehicle).unwrap();
        Self::start_in(scratch, more, |_| ())
    }

    /// On the two files of a folder.
    pub fn start_in(scratch: Scratch, more: &[&str], adjust: impl FnOnce(&mut Command)) -> Self {
        let control = format!("127.0.0.1:{}", free_port());
        let file = |name: &str| File::create(scratch.0.join(name)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wayfix"));
        command
            .current_dir(&scratch.0)
            .args(["run", "--site", "site.toml", "--vehicle", "vehicle.toml"])
            .args(["-o", "out", "--control", &control])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(file("stdout"))
            .stderr(file("stderr"));
        adjust(&mut command);
        let child = Guarded(command.spawn().unwrap());
        Self {
            scratch,
            child,
            control,
        }
    }

    /// Writes to its standard input.
    pub fn input(&mut self, bytes: &[u8]) {
        self.child
            .0
            .stdin
            .as_mut()
            .unwrap()
            .write_all(bytes)
            .unwrap();
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.child.0.stdin = None;
    }

    /// Status and JSON of an answer; `None` while nobody listens.
    pub fn ask(&self, request: &str, body: Option<&str>) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(&self.control).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let content = body.map_or_else(String::new, |body| {
            format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            )
        });
        let head = format!("{request} HTTP/1.1\r\nHost: x\r\n{content}Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.unwrap_or_default().as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split_whitespace().nth(1)?.parse().ok()?;
        let (_, json) = answer.split_once("\r\n\r\n")?;
        Some((status, serde_json::from_str(json).unwrap_or(Value::Null)))
    }

    /// How a source is doing; null before the server listens.
    pub fn source(&self, name: &str) -> Value {
        let sources = self.ask("GET /sources", None).map(|(_, json)| json);
        let all = sources
            .and_then(|s| s.as_array().cloned())
            .unwrap_or_default();
        let found = all.into_iter().find(|s| s["source"] == name);
        found.unwrap_or(Value::Null)
    }

    /// Waits until it listens.
    pub fn ready(&self) {
        let begun = Instant::now();
        while self.ask("GET /sources", None).is_none() {
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not begin: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a source is as it should be.
    pub fn wait(&self, name: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        self.ready();
        let begun = Instant::now();
        loop {
            let source = self.source(name);
            if is_so(&source) {
                return source;
            }
            let log = fs::read_to_string(self.scratch.0.join("stderr")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "{what}: {source:#}\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a source's transport is open, or its file read.
    pub fn wait_samples(&self, name: &str, least: u64) -> Value {
        self.wait(name, &format!("{least} samples"), |s| {
            s["samples"].as_u64() >= Some(least)
        })
    }

    /// What its log says so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.0.join("stderr")).unwrap()
    }

    /// Resident memory of the run \[MiB\]; `None` where the system does not tell it this way.
    pub fn resident_mib(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.0.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.0.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(status.success());
    }

    /// Stops it as the system does.
    pub fn stop(self) -> Stopped {
        self.signal("-TERM");
        self.wait_end()
    }

    /// Waits until it has ended by itself.
    pub fn wait_end(mut self) -> Stopped {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.0.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                self.child.0.kill().unwrap();
                panic!("it does not stop: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let text = |name: &str| fs::read_to_string(self.scratch.0.join(name)).unwrap();
        Stopped {
            code: status.code(),
            stdout: text("stdout"),
            stderr: text("stderr"),
            scratch: self.scratch,
        }
    }
}

/// Files in which a run and the replay of its recording are to be the same.
const FILES: [&str; 6] = [
    "estimate.csv",
    "estimate.tum",
    "reports.jsonl",
    "resets.jsonl",
    "findings.jsonl",
    "parameters.csv",
];

/// The replay of a recording gives what the run gave, byte for byte.
pub fn assert_replays(scratch: &Scratch, folder: &str, log: &str, more: &[&str]) {
    let again = format!("{folder}-again");
    let run = wayfix(
        scratch,
        &[&["replay", log, "-o", &again, "--json"], more].concat(),
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.json()["log_damage"]["count"], 0);
    assert_eq!(run.json()["log_damage"]["ignored"], 0);
    for file in FILES {
        let read = |folder: &str| fs::read(scratch.0.join(folder).join(file)).unwrap();
        let (live, replayed) = (read(folder), read(&again));
        assert!(
            live == replayed,
            "{file}: {} and {} bytes",
            live.len(),
            replayed.len()
        );
    }
    let lines = fs::read_to_string(scratch.0.join(folder).join("estimate.csv")).unwrap();
    assert!(lines.lines().count() > 2, "no estimate");
}

/// The bytes that a recording holds of a source.
pub fn raw_bytes(scratch: &Scratch, log: &str, source: &str) -> Vec<u8> {
    let file = fs::read(scratch.0.join(log)).unwrap();
    let topic = format!("/{source}/raw");
    let messages = mcap::MessageStream::new(&file).unwrap();
    let messages = messages.map(Result::unwrap);
    let ours = messages.filter(|m| m.channel.topic == topic);
    ours.flat_map(|m| m.data.to_vec()).collect()
}
