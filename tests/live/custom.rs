//! A device that no file can name: its decoder is handed to the run.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wayfix::config::source::live::{ClockOf, Transport};
use wayfix::config::{site_from_str, vehicle_from_str};
use wayfix::engine::Estimate;
use wayfix::live::clock::Clock;
use wayfix::live::plan::Stream;
use wayfix::live::view::View;
use wayfix::live::{self, Begin};
use wayfix::replay::Sink;
use wayfix_sensors::lined::{LineProtocol, Lined};
use wayfix_sensors::sample::Range;
use wayfix_sensors::{DecodeError, Name, Out, Reading, Timestamp};

use crate::harness::{PATIENCE, SITE, accept, range_line};

/// `range,A,3.2` as a device of one's own would have it: `A=3200`.
struct Own;

impl LineProtocol for Own {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let wrong = || DecodeError::Content(line.to_owned());
        let (anchor, mm) = line.split_once('=').ok_or_else(wrong)?;
        let mm: u32 = mm.parse().map_err(|_| wrong())?;
        out.give(
            t_rx,
            Reading::Range(Range {
                anchor: Name::from(anchor).map_err(|_| wrong())?,
                range_m: 1e-3 * f64::from(mm),
                rx_power_dbm: None,
                first_path_dbm: None,
            }),
        );
        Ok(())
    }
}

/// Keeps the newest estimate.
struct Tap(Arc<Mutex<Option<Estimate>>>);

impl Sink for Tap {
    fn estimate(&mut self, estimate: &Estimate) {
        *self.0.lock().unwrap() = Some(*estimate);
    }
}

#[test]
fn its_samples_are_fused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = Name::from("own").unwrap();
    let vehicle = "[motion]\nplanar_height_m = 0.0\n[source.own]\nkind = \"uwb\"\nmount.position_m = [0.0, 0.0, 1.5]\n";
    let newest: Arc<Mutex<Option<Estimate>>> = Arc::default();
    let stop: Arc<tokio::sync::Notify> = Arc::default();
    let run = live::Run {
        begin: Begin {
            site: site_from_str("site.toml", SITE).unwrap().value,
            vehicle: vehicle_from_str("vehicle.toml", vehicle).unwrap().value,
            attachments: Vec::new(),
            output: None,
            record: None,
            rate_hz: 20.0,
        },
        directory: "".into(),
        streams: vec![Stream {
            source,
            transport: Transport::Tcp(listener.local_addr().unwrap().to_string()),
            decoder: Box::new(Lined::new(source, Own)),
            route: Vec::new(),
            clock: ClockOf::Receive,
            has_device_time: false,
            latency_s: 0.0,
            ntrip: None,
        }],
        snapshot: None,
        keep_every_s: 10.0,
        control: None,
        limit: None,
        heeds_signals: false,
        stop: Arc::clone(&stop),
        view: View::quiet(),
        tap: Some(Box::new(Tap(Arc::clone(&newest)))),
        clock: Clock::start(),
    };
    let thread = std::thread::spawn(move || live::run(run));
    let mut stream = accept(&listener);
    let begun = Instant::now();
    let mut k = 0;
    while newest.lock().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE);
        let line = range_line(k);
        let (anchor, range_m) = line.trim()["range,".len()..].split_once(',').unwrap();
        let mm = 1e3 * range_m.parse::<f64>().unwrap();
        writeln!(stream, "{anchor}={mm:.0}").unwrap();
        std::thread::sleep(Duration::from_millis(5));
        k += 1;
    }
    stop.notify_one();
    let document = thread.join().unwrap().unwrap();
    assert!(document.samples >= 4);
    let p_n = newest.lock().unwrap().unwrap().p_n;
    assert!(
        (p_n.x - 16.0).abs() < 0.5 && (p_n.y - 6.0).abs() < 1.5,
        "{p_n}"
    );
}
