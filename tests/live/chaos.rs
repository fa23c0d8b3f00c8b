//! Cuts, garbage, half frames and a flood, all at once: the run lives, a quiet neighbour loses nothing,
//! and the recording replays to the same bytes.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::{Live, assert_replays, free_port, range_line, source, tag};

/// The same made-up numbers every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// Mostly the line as it is; else garbage, half of it, or a bit of it turned over.
    pub fn spoilt(&mut self, line: &str) -> Vec<u8> {
        let mut line = line.as_bytes().to_vec();
        match self.roll(8) {
            0 => line = (0..self.roll(300)).map(|_| self.roll(256) as u8).collect(),
            1 => line.truncate(self.roll(line.len() as u64) as usize),
            2 => line[2] ^= 1 << self.roll(8),
            _ => {}
        }
        line
    }
}

#[test]
fn a_bad_day() {
    let cut = TcpListener::bind("127.0.0.1:0").unwrap();
    let flood = TcpListener::bind("127.0.0.1:0").unwrap();
    let steady = free_port();
    let vehicle = [
        tag(&format!("adapter = \"line\"\nudp = \"127.0.0.1:{steady}\"")),
        source(
            "cut",
            &format!(
                "adapter = \"line\"\ntcp = \"{}\"",
                cut.local_addr().unwrap()
            ),
        ),
        source(
            "flood",
            &format!(
                "adapter = \"line\"\ntcp = \"{}\"",
                flood.local_addr().unwrap()
            ),
        ),
    ];
    let live = Live::start("chaos", &vehicle.concat(), &[]);
    live.ready();
    let is_over = Arc::new(AtomicBool::new(false));

    let over = Arc::clone(&is_over);
    let cutter = std::thread::spawn(move || {
        let mut dice = Dice(7);
        let mut k = 0;
        cut.set_nonblocking(true).unwrap();
        while !over.load(Ordering::Relaxed) {
            let Ok((mut stream, _)) = cut.accept() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            // Some lines, garbage among them, and cut within one.
            for _ in 0..dice.roll(60) {
                k += 1;
                if stream.write_all(&dice.spoilt(&range_line(k))).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            let _ = stream.write_all(b"range,A,");
        }
    });
    let over = Arc::clone(&is_over);
    let flooder = std::thread::spawn(move || {
        let mut stream = crate::harness::accept(&flood);
        stream
            .set_write_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let mut k = 0_u32;
        while !over.load(Ordering::Relaxed) {
            let lines: String = (0..2000)
                .map(|i| range_line(k.wrapping_add(i) % 4000))
                .collect();
            k = k.wrapping_add(2000);
            let _ = stream.write_all(lines.as_bytes());
        }
    });

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    const SENT: u32 = 300;
    for k in 0..SENT {
        socket
            .send_to(range_line(k).as_bytes(), ("127.0.0.1", steady))
            .unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    is_over.store(true, Ordering::Relaxed);
    cutter.join().unwrap();
    flooder.join().unwrap();
    let tag = live.wait_samples("tag", SENT.into());
    assert_eq!(
        (&tag["samples"], &tag["dropped_bytes"]),
        (&SENT.into(), &0.into()),
        "{tag:#}"
    );
    let cut = live.source("cut");
    assert!(
        cut["samples"].as_u64() > Some(100) && cut["malformed"].as_u64() > Some(10),
        "{cut:#}"
    );
    assert!(cut["reopened"].as_u64() > Some(2), "{cut:#}");
    let flood = live.source("flood");
    assert!(flood["dropped_bytes"].as_u64() > Some(0), "{flood:#}");
    let stopped = live.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(!stopped.stderr.contains("panicked"), "{}", stopped.stderr);
    assert_replays(&stopped.scratch, "out", "out/log.mcap", &[]);
}
