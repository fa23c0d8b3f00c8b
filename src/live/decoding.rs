//! One stream's bytes to samples on the engine's time base.

use std::collections::VecDeque;
use std::sync::Arc;

use wayfix_filter::Timestamp;
use wayfix_sensors::{Counters, Decoder, Kind, Name, Sample};

use super::mapping::{Event, Mapping};
use super::plan::Stream;
use super::rover::Rover;
use crate::config::source::live::ClockOf;

/// Intervals between arrivals that their jitter is told from.
const INTERVALS: usize = 128;

/// A decoder with its clock.
pub struct Decoding {
    source: Name,
    decoder: Box<dyn Decoder>,
    route: Vec<(Kind, Name)>,
    time: Time,
    arrivals: Arrivals,
    /// Whoever asks a caster for corrections wants to know the receiver's place.
    rover: Option<Arc<Rover>>,
}

struct Time {
    clock: ClockOf,
    has_device_time: bool,
    latency_s: f64,
    mapping: Mapping,
    event: Option<Event>,
    /// The last sample that was stamped on arrival.
    arrived: Option<Timestamp>,
}

impl Time {
    /// The engine's time of a sample.
    fn of(&mut self, stamp: Timestamp, t_rx: Timestamp) -> Timestamp {
        let t = match self.clock {
            ClockOf::Synchronised => stamp,
            // A line without a time of its own.
            ClockOf::Device if stamp == t_rx => stamp,
            ClockOf::Device => {
                let (t, event) = self.mapping.map(stamp, t_rx);
                self.event = event.or(self.event);
                t
            }
            ClockOf::Receive if self.has_device_time => self.arrived(t_rx),
            // When the message began to arrive, as the decoder knows.
            ClockOf::Receive => self.arrived(stamp),
        };
        if self.latency_s == 0.0 {
            t
        } else {
            t.shifted(-self.latency_s)
        }
    }

    /// Samples that arrived at once keep their order: each is a nanosecond later than the one before.
    /// The engine would order them by their content, at the cost of their number squared, and take
    /// equal ones for one.
    fn arrived(&mut self, t: Timestamp) -> Timestamp {
        let t = match self.arrived {
            Some(last) if t <= last => last + 1,
            _ => t,
        };
        self.arrived = Some(t);
        t
    }
}

/// When samples came.
#[derive(Default)]
struct Arrivals {
    last: Option<Timestamp>,
    intervals_ns: VecDeque<i64>,
}

impl Arrivals {
    fn add(&mut self, t_rx: Timestamp) {
        if let Some(last) = self.last.replace(t_rx) {
            if self.intervals_ns.len() == INTERVALS {
                self.intervals_ns.pop_front();
            }
            self.intervals_ns.push_back(t_rx.0.saturating_sub(last.0));
        }
    }

    /// 95 in 100 intervals are this near to the usual one \[s\].
    fn jitter_s(&self) -> Option<f64> {
        let mut all: Vec<i64> = self.intervals_ns.iter().copied().collect();
        let last = all.len().checked_sub(1)?;
        let (_, usual, _) = all.select_nth_unstable(last / 2);
        let usual = *usual;
        all.iter_mut().for_each(|i| *i = (*i - usual).abs());
        let (_, value, _) = all.select_nth_unstable((last * 95).div_ceil(100));
        Some(*value as f64 * 1e-9)
    }
}

impl Decoding {
    /// Of a stream.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self {
            source: stream.source,
            decoder: stream.decoder,
            route: stream.route,
            time: Time {
                clock: stream.clock,
                has_device_time: stream.has_device_time,
                latency_s: stream.latency_s,
                mapping: Mapping::default(),
                event: None,
                arrived: None,
            },
            arrivals: Arrivals::default(),
            rover: stream.ntrip.map(|corrections| corrections.rover),
        }
    }

    /// The source's name.
    #[must_use]
    pub fn source(&self) -> Name {
        self.source
    }

    /// Takes bytes; samples are added to `out`. Tells what was noticed of the device's clock.
    pub fn push(&mut self, bytes: &[u8], t_rx: Timestamp, out: &mut Vec<Sample>) -> Option<Event> {
        let before = out.len();
        let Self {
            decoder,
            route,
            time,
            ..
        } = self;
        let mut take = |sample| out.push(placed(sample, t_rx, route, time));
        decoder.push(bytes, t_rx, &mut take);
        if let Some(rover) = &self.rover {
            rover.hear(bytes, t_rx, out.get(before..).unwrap_or_default());
        }
        if out.len() > before {
            self.arrivals.add(t_rx);
        }
        self.time.event.take()
    }

    /// The stream was interrupted: what was complete comes out, the rest is forgotten.
    pub fn interrupt(&mut self, t_rx: Timestamp, out: &mut Vec<Sample>) {
        let Self {
            decoder,
            route,
            time,
            ..
        } = self;
        decoder.finish(&mut |sample| out.push(placed(sample, t_rx, route, time)));
    }

    /// What has gone through the decoder.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.decoder.counters()
    }

    /// Why the last message was refused.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.decoder.last_error().map(ToString::to_string)
    }

    /// What is known of the clock.
    #[must_use]
    pub fn clock(&self) -> ClockState {
        let Time { clock, mapping, .. } = &self.time;
        match clock {
            ClockOf::Device => ClockState {
                jitter_s: mapping.jitter_s(),
                drift_ppm: Some(mapping.drift() * 1e6),
                resets: mapping.resets(),
            },
            ClockOf::Receive | ClockOf::Synchronised => ClockState {
                jitter_s: self.arrivals.jitter_s(),
                drift_ppm: None,
                resets: 0,
            },
        }
    }
}

/// What is known of a source's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockState {
    /// How late messages come, or how uneven they are \[s\].
    pub jitter_s: Option<f64>,
    /// Of the device's clock.
    pub drift_ppm: Option<f64>,
    /// How often it began anew or rolled over.
    pub resets: u64,
}

fn placed(sample: Sample, t_rx: Timestamp, route: &[(Kind, Name)], time: &mut Time) -> Sample {
    let kind = sample.reading.kind();
    let routed = route.iter().find(|(k, _)| *k == kind);
    Sample {
        t: time.of(sample.t, t_rx),
        source: routed.map_or(sample.source, |(_, to)| *to),
        ..sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::vehicle_from_str;
    use crate::live::plan::streams;

    fn decoding(live: &str) -> Decoding {
        let text = format!(
            "[source.imu]\nkind = \"imu\"\n[source.uwb]\nkind = \"uwb\"\n[source.uwb.live]\nfile = \"-\"\n{live}\n"
        );
        let vehicle = vehicle_from_str("v", &text).unwrap().value;
        let mut all = streams(&vehicle, std::path::Path::new("")).unwrap();
        Decoding::new(all.remove(0))
    }

    fn samples(live: &str, bytes: &[u8], t_rx: i64) -> Vec<Sample> {
        let mut out = Vec::new();
        decoding(live).push(bytes, Timestamp(t_rx), &mut out);
        out
    }

    #[test]
    fn what_arrives_at_once_keeps_its_order_and_is_not_one() {
        let lines = b"range,A,1.0\nrange,A,1.0\nrange,A,1.0\n";
        let live = "adapter = \"line\"\nlatency_s = 0.5";
        let times: Vec<i64> = samples(live, lines, 9_000_000_000)
            .iter()
            .map(|s| s.t.0)
            .collect();
        assert_eq!(times, [8_500_000_000, 8_500_000_001, 8_500_000_002]);
    }

    #[test]
    fn clocks_and_routes() {
        let line = b"{\"t_ns\": 500, \"imu\": {\"gyro_radps\": [0, 0, 0]}}\n{\"range\": {\"anchor\": \"A\", \"range_m\": 1}}\n";
        for (clock, t_ns) in [("synchronised", 500), ("receive", 7000), ("device", 7000)] {
            let live = format!(
                "adapter = \"json_lines\"\nclock = \"{clock}\"\nroute = {{ imu = \"imu\" }}"
            );
            let all = samples(&live, line, 7000);
            assert_eq!(
                (all[0].t.0, all[0].source.as_str()),
                (t_ns, "imu"),
                "{clock}"
            );
            // A line without a time has that of its arrival.
            assert_eq!(all[1].source.as_str(), "uwb");
            assert!((7000..7002).contains(&all[1].t.0), "{clock}");
        }
    }

    #[test]
    fn a_break_forgets_half_a_line() {
        let mut decoding = decoding("adapter = \"line\"");
        let mut out = Vec::new();
        decoding.push(b"range,A,1", Timestamp(1), &mut out);
        decoding.interrupt(Timestamp(2), &mut out);
        decoding.push(b"range,A,2.5\n", Timestamp(3), &mut out);
        assert!(
            out.len() <= 2 && out.last().is_some_and(|s| s.t.0 == 3),
            "{out:?}"
        );
    }
}
