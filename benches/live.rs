//! Live runs: how long from a sample's bytes to its estimate, and whether memory is flat.
//!
//! `cargo bench --bench live` sends 400 samples a second of a simulated fork-lift over TCP for half a
//! minute, recording and files included, and prints the latency from just before the write into the
//! socket to the estimate: of samples in order, and of those that come late, behind which the engine
//! applies everything again. `-- --minutes 30` soaks: 1000 samples a second over five sockets, one of
//! which is cut now and then, and prints memory.

#![allow(clippy::unwrap_used, reason = "a bench is a test")]

#[path = "support/memory.rs"]
mod memory;

use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use memory::resident_mib;
use wayfix::config::{Site, Vehicle, site_from_str, vehicle_from_str};
use wayfix::engine::Estimate;
use wayfix::live::clock::Clock;
use wayfix::live::latency::Latencies;
use wayfix::live::view::View;
use wayfix::live::{self, Begin};
use wayfix::output::Document;
use wayfix::replay::Sink;
use wayfix::sim::{scenario, simulate};

const RATE_HZ: f64 = 400.0;
const SECONDS: f64 = 30.0;
/// What is promised \[s\].
const P99_S: f64 = 1e-3;
/// Memory may move by this after the first fifth \[MiB\]: the buffer of a snapshot, which the allocator
/// gives back or keeps, is most of it.
const FLAT_MIB: f64 = 24.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let minutes = arguments.iter().position(|a| a == "--minutes");
    match minutes.and_then(|i| arguments.get(i + 1)?.parse::<f64>().ok()) {
        Some(minutes) => soak(minutes),
        None => latency(),
    }
}

/// A run in a thread of its own.
struct Running {
    thread: std::thread::JoinHandle<Document>,
    stop: Arc<tokio::sync::Notify>,
    folder: PathBuf,
}

fn start(site: Site, vehicle: Vehicle, clock: Clock, tap: Option<Box<dyn Sink + Send>>) -> Running {
    let folder = std::env::temp_dir().join(format!("wayfix-bench-{}", std::process::id()));
    let stop: Arc<tokio::sync::Notify> = Arc::default();
    let run = live::Run {
        begin: Begin {
            site,
            vehicle,
            attachments: Vec::new(),
            output: Some(folder.clone()),
            record: Some(folder.join("log.mcap")),
            rate_hz: 1e6,
        },
        directory: PathBuf::new(),
        streams: Vec::new(),
        snapshot: None,
        keep_every_s: 10.0,
        control: None,
        limit: None,
        heeds_signals: false,
        stop: Arc::clone(&stop),
        view: View::quiet(),
        tap,
        clock,
    };
    Running {
        thread: std::thread::spawn(move || live::run(run).unwrap()),
        stop,
        folder,
    }
}

impl Running {
    fn end(self) -> Document {
        self.stop.notify_one();
        let document = self.thread.join().unwrap();
        let _ = std::fs::remove_dir_all(self.folder);
        document
    }
}

/// Every sample gives an estimate, in the order in which they were sent.
struct Tap {
    clock: Clock,
    sent: Arc<Vec<AtomicI64>>,
    is_late: Vec<bool>,
    next: usize,
    latencies: Arc<Mutex<[Latencies; 2]>>,
}

impl Sink for Tap {
    fn report(&mut self, _: &wayfix::engine::Report) {
        self.next += 1;
    }

    fn estimate(&mut self, _: &Estimate) {
        let k = self.next - 1;
        let sent = self.sent[k].load(Ordering::Relaxed);
        let latency_s = (self.clock.now().0 - sent) as f64 * 1e-9;
        self.latencies.lock().unwrap()[usize::from(self.is_late[k])].add(latency_s);
    }
}

fn latency() {
    let scenario = scenario::find("forklift_day").unwrap();
    let simulation = simulate(scenario, 1, Some(1.7 * SECONDS)).unwrap();
    let samples: Vec<_> = simulation
        .samples()
        .take((RATE_HZ * SECONDS) as usize)
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut vehicle = simulation.vehicle.clone();
    let live = format!("adapter = \"json_lines\"\ntcp = \"{address}\"\nclock = \"synchronised\"\n");
    let Some(wayfix::config::Source::Imu(imu)) = vehicle.sources.get_mut("imu") else {
        panic!("a fork-lift has an inertial unit")
    };
    imu.live = Some(toml::from_str(&live).unwrap());

    let clock = Clock::start();
    let sent: Arc<Vec<AtomicI64>> = Arc::new(samples.iter().map(|_| AtomicI64::new(0)).collect());
    let latencies: Arc<Mutex<[Latencies; 2]>> = Arc::default();
    let mut newest = samples[0].t;
    let is_late = samples.iter().map(|s| {
        newest = newest.max(s.t);
        s.t < newest
    });
    let tap = Tap {
        clock,
        sent: Arc::clone(&sent),
        is_late: is_late.collect(),
        next: 0,
        latencies: Arc::clone(&latencies),
    };
    let running = start(simulation.site.clone(), vehicle, clock, Some(Box::new(tap)));
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    let lines: Vec<String> = samples
        .iter()
        .map(|s| serde_json::to_string(s).unwrap() + "\n")
        .collect();
    let begun = clock.now();
    for (k, line) in lines.iter().enumerate() {
        pace(&clock, begun, k as f64 / RATE_HZ);
        sent[k].store(clock.now().0, Ordering::Relaxed);
        stream.write_all(line.as_bytes()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(500));
    let document = running.end();
    assert_eq!(document.samples, samples.len() as u64);
    println!("byte to estimate, {RATE_HZ} samples a second:");
    let all = latencies.lock().unwrap();
    for (latencies, name) in all.iter().zip(["in order", "late"]) {
        let told = latencies.document();
        let verdict = if told.p99_s < P99_S { "below" } else { "above" };
        println!(
            "{:6} {name:8}  p50 {:5.0} us  p99 {:5.0} us, {verdict} {:.0}  most {:.1} ms",
            told.count,
            told.p50_s * 1e6,
            told.p99_s * 1e6,
            P99_S * 1e6,
            told.max_s * 1e3
        );
    }
}

fn pace(clock: &Clock, begun: wayfix_filter::Timestamp, due_s: f64) {
    let wait_s = due_s - clock.now().seconds_since(begun);
    if wait_s > 0.0 {
        std::thread::sleep(Duration::from_secs_f64(wait_s));
    }
}

const SITE: &str = r#"
anchor = [
    { id = "A", position_m = [ 0.0,  0.0, 3.0] }, { id = "B", position_m = [20.0,  0.0, 3.5] },
    { id = "C", position_m = [20.0, 12.0, 3.0] }, { id = "D", position_m = [ 0.0, 12.0, 2.5] },
]"#;
const ANCHORS: [(&str, f64, f64, f64); 4] = [
    ("A", 0.0, 0.0, 3.0),
    ("B", 20.0, 0.0, 3.5),
    ("C", 20.0, 12.0, 3.0),
    ("D", 0.0, 12.0, 2.5),
];

/// Noise that is the same every time, about ± 1.
fn noise(k: u64) -> f64 {
    let mixed = k.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
    2.0 * (mixed as f64 / (1_u64 << 53) as f64) - 1.0
}

fn soak(minutes: f64) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sockets: Vec<UdpSocket> = (0..4)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    let ports: Vec<u16> = (0..4)
        .map(|_| {
            UdpSocket::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        })
        .collect();
    let mut text = format!(
        "[source.imu]\nkind = \"imu\"\n[source.imu.live]\nadapter = \"json_lines\"\nclock = \"receive\"\ntcp = \"{}\"\n",
        listener.local_addr().unwrap()
    );
    for (i, port) in ports.iter().enumerate() {
        text += &format!(
            "[source.tag{i}]\nkind = \"uwb\"\n[source.tag{i}.live]\nadapter = \"line\"\nudp = \"127.0.0.1:{port}\"\n"
        );
    }
    let site = site_from_str("site.toml", SITE).unwrap().value;
    let vehicle = vehicle_from_str("vehicle.toml", &text).unwrap().value;
    let clock = Clock::start();
    let running = start(site, vehicle, clock, None);
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let inertial = std::thread::spawn(move || {
        let mut stream: Option<TcpStream> = None;
        let begun = clock.now();
        let mut k = 0_u64;
        while !over.load(Ordering::Relaxed) {
            pace(&clock, begun, k as f64 / 600.0);
            k += 1;
            // Cut every minute.
            if k.is_multiple_of(36_000) {
                stream = None;
            }
            let to = stream.get_or_insert_with(|| listener.accept().unwrap().0);
            let (a, b) = (1e-3 * noise(k), 0.02 * noise(k ^ 0xFFFF));
            let line = format!(
                "{{\"imu\":{{\"gyro_radps\":[{a},{b},{a}],\"accel_mps2\":[{b},{a},{}]}}}}\n",
                9.80665 + b
            );
            if to.write_all(line.as_bytes()).is_err() {
                stream = None;
            }
        }
    });
    let mut settled = None;
    let mut most = 0.0_f64;
    let begun = clock.now();
    let mut k = 0_u64;
    loop {
        let at_s = k as f64 / 100.0;
        pace(&clock, begun, at_s);
        for (i, socket) in sockets.iter().enumerate() {
            let (name, x, y, z) = ANCHORS[(k as usize + i) % 4];
            let range_m = ((7.0 - x).powi(2) + (5.0 - y).powi(2) + z * z).sqrt()
                + 0.05 * noise(4 * k + i as u64);
            let line = format!("range,{name},{range_m:.4}\n");
            let _ = socket.send_to(line.as_bytes(), ("127.0.0.1", ports[i]));
        }
        k += 1;
        if k.is_multiple_of(1000) {
            let now_mib = resident_mib().unwrap_or_default();
            if at_s >= 12.0 * minutes {
                let settled = *settled.get_or_insert(now_mib);
                most = most.max(now_mib - settled);
            }
            println!("{at_s:7.0} s  {now_mib:7.1} MiB");
        }
        if at_s >= 60.0 * minutes {
            break;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    inertial.join().unwrap();
    let document = running.end();
    let rate_hz = document.samples as f64 / (60.0 * minutes);
    println!(
        "{} samples, {rate_hz:.0} a second for {minutes} minutes; memory grew by {most:.1} MiB after the first fifth",
        document.samples
    );
    assert!(rate_hz > 900.0, "samples were lost");
    assert!(most < FLAT_MIB, "memory is not flat");
}
