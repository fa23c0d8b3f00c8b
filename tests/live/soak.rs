//! Twenty seconds at 1000 samples a second over six ports, two of which have a bad day: the others lose
//! nothing, and memory is flat. `cargo bench --bench live -- --minutes 30` is the same for longer.

use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::chaos::Dice;
use crate::harness::{Live, assert_replays, free_port, range_line, source, tag};

const SECONDS: u32 = 20;
/// Between two rounds, each of six inertial samples and four ranges.
const ROUND: Duration = Duration::from_millis(10);
const ROUNDS: u32 = SECONDS * 100;
/// Memory is compared over these seconds, after the first snapshot, each time at its least: what the
/// next snapshot takes for a moment is not growth.
const EARLY: Range<u32> = 11..15;
const LATE: Range<u32> = 16..20;
/// What it may grow by \[MiB\]: less than a kilobyte a sample.
const FLAT_MIB: f64 = 4.0;

const IMU: &[u8] = b"{\"imu\":{\"gyro_radps\":[0.001,0,0.002],\"accel_mps2\":[0.01,-0.01,9.81]}}\n";

/// One that is sent to, as soon as it has connected.
struct Server {
    listener: TcpListener,
    stream: Option<TcpStream>,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self {
            listener,
            stream: None,
        }
    }

    fn live(&self, adapter: &str) -> String {
        let address = self.listener.local_addr().unwrap();
        format!("adapter = \"{adapter}\"\ntcp = \"{address}\"")
    }

    /// Whether it went out; what does not at once is cut off.
    fn send(&mut self, bytes: &[u8]) -> bool {
        if self.stream.is_none() {
            self.stream = self.listener.accept().ok().map(|(stream, _)| stream);
        }
        let Some(stream) = &mut self.stream else {
            return false;
        };
        stream.set_nonblocking(true).unwrap();
        let is_sent = stream.write_all(bytes).is_ok();
        if !is_sent {
            self.stream = None;
        }
        is_sent
    }
}

#[test]
fn memory_is_flat_and_nothing_is_lost() {
    let [mut imu, mut first, mut cut, mut flood] = std::array::from_fn(|_| Server::new());
    let ports = [free_port(), free_port()];
    let vehicle = [
        tag(&first.live("line")),
        source(
            "udp0",
            &format!("adapter = \"line\"\nudp = \"127.0.0.1:{}\"", ports[0]),
        ),
        source(
            "udp1",
            &format!("adapter = \"line\"\nudp = \"127.0.0.1:{}\"", ports[1]),
        ),
        source("cut", &cut.live("line")),
        source("flood", &flood.live("line")),
        format!(
            "[source.imu]\nkind = \"imu\"\n[source.imu.live]\nclock = \"receive\"\n{}\n",
            imu.live("json_lines")
        ),
    ];
    let live = Live::start("soak", &vehicle.concat(), &[]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (name, port) in [("udp0", ports[0]), ("udp1", ports[1])] {
        live.wait(name, "listening", |s| {
            socket.send_to(b"#\n", ("127.0.0.1", port)).unwrap();
            s["bytes"].as_u64() > Some(0)
        });
    }
    let mut dice = Dice(11);
    // Comments: bytes that are read, and say nothing.
    let flooded = "# nothing to be seen here, and a lot of it\n".repeat(1000);
    let begun = Instant::now();
    let (mut sent_imu, mut sent_tag, mut resident) = (0_u64, 0_u64, Vec::new());
    for round in 0..ROUNDS {
        std::thread::sleep((ROUND * round).saturating_sub(begun.elapsed()));
        for _ in 0..6 {
            sent_imu += u64::from(imu.send(IMU));
        }
        sent_tag += u64::from(first.send(range_line(round).as_bytes()));
        for port in ports {
            let line = range_line(round);
            socket
                .send_to(line.as_bytes(), ("127.0.0.1", port))
                .unwrap();
        }
        cut.send(&dice.spoilt(&range_line(round)));
        if dice.roll(100) == 0 {
            cut.send(b"range,A,");
            cut.stream = None;
        }
        if round % 100 < 10 {
            flood.send(flooded.as_bytes());
        }
        if round % 100 == 0 {
            resident.extend(live.resident_mib().map(|mib| (round / 100, mib)));
        }
    }
    let least = |seconds: Range<u32>| {
        let within = resident.iter().filter(|(s, _)| seconds.contains(s));
        within.map(|(_, mib)| *mib).min_by(f64::total_cmp)
    };
    let grown_mib = least(LATE)
        .zip(least(EARLY))
        .map(|(late, early)| late - early);
    let imu = live.wait_samples("imu", sent_imu);
    let tag = live.wait_samples("tag", sent_tag);
    for source in [&imu, &tag] {
        assert_eq!(
            (&source["malformed"], &source["dropped_bytes"]),
            (&0.into(), &0.into())
        );
    }
    assert!(sent_imu > u64::from(ROUNDS) * 5 && sent_tag > u64::from(ROUNDS) * 9 / 10);
    for name in ["udp0", "udp1"] {
        let source = live.source(name);
        assert_eq!(source["samples"], ROUNDS, "{source:#}");
    }
    let cut = live.source("cut");
    assert!(
        cut["reopened"].as_u64() > Some(3) && cut["malformed"].as_u64() > Some(50),
        "{cut:#}"
    );
    let stopped = live.stop();
    println!("memory grew by {grown_mib:.1?} MiB in five seconds");
    assert!(
        grown_mib.is_none_or(|mib| mib < FLAT_MIB),
        "{grown_mib:?} MiB"
    );
    assert!(!stopped.stderr.contains("panicked"), "{}", stopped.stderr);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}
