//! A device's clock against this computer's, from pairs of device time and receive time.
//!
//! A message is received after it was stamped, later by a latency that is never less than some least
//! one and often more. So receive minus device time, over time, lies on or above a line: the clocks'
//! offset and drift, plus the least latency. That line is the lower convex hull's edge over the middle
//! of a sliding window (Moon, Skelly and Towsley 1999): one late message moves nothing, and no share of
//! late messages does. What lies above the line is jitter.
//!
//! A device that starts anew, or whose counter rolls over, is told by stamps that can't follow those
//! before: three in a row that agree. Until then samples are stamped on arrival.

use std::collections::VecDeque;

use wayfix_filter::Timestamp;

/// How far back pairs count \[s\], and how much of it makes one point of the hull.
const WINDOW_S: f64 = 60.0;
const BUCKET_S: f64 = 1.0;
/// A drift is told from a shorter window's chances only over this \[s\].
const DRIFT_AFTER_S: f64 = 15.0;
/// No oscillator is worse.
const MOST_DRIFT: f64 = 5e-4;
/// Stamps further ahead of the line, or back behind the last one, are another count \[s\].
const JUMP_S: f64 = 0.5;
/// So many stamps agree on it.
const COMPANY: usize = 3;
/// Counters' widths and days, as they roll over \[s\]: 16, 24 and 32 bits of ms, 32 of µs, day, week.
const PERIODS_S: [f64; 6] = [
    65.536,
    16_777.216,
    4_294_967.296,
    4_294.967_296,
    86_400.0,
    604_800.0,
];
/// Residuals that jitter is told from.
const RESIDUALS: usize = 256;

/// What happened to a device's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// It began anew, or was set, by this much \[s\].
    Reset {
        /// New minus expected.
        by_s: f64,
    },
    /// Its counter rolled over; nothing was lost.
    RollOver {
        /// Its period \[s\].
        period_s: f64,
    },
}

/// One device's clock.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// Per bucket of device time, the pair received with the least delay.
    least: VecDeque<Pair>,
    line: Line,
    last: Option<(i64, i64)>,
    /// What roll-overs have added to the device's time \[ns\].
    unrolled_ns: i64,
    strange: Vec<Pair>,
    residuals_ns: VecDeque<i64>,
    resets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    device_ns: i64,
    /// Receive minus device time.
    offset_ns: i64,
}

/// offset = `offset_ns` + `drift` · (device − `at_ns`)
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    at_ns: i64,
    offset_ns: i64,
    drift: f64,
}

impl Line {
    fn offset_at(&self, device_ns: i64) -> i64 {
        let ahead = device_ns.saturating_sub(self.at_ns) as f64 * self.drift;
        self.offset_ns.saturating_add(ahead as i64)
    }
}

impl Mapping {
    /// The engine's time of a stamp that was received at `t_rx`, and what was noticed.
    pub fn map(&mut self, device: Timestamp, t_rx: Timestamp) -> (Timestamp, Option<Event>) {
        let device_ns = device.0.saturating_add(self.unrolled_ns);
        let pair = Pair {
            device_ns,
            offset_ns: t_rx.0.saturating_sub(device_ns),
        };
        if let Some((last_ns, _)) = self.last
            && self.is_strange(&pair, last_ns)
        {
            return self.doubt(pair, t_rx);
        }
        self.strange.clear();
        (self.accept(pair), None)
    }

    /// The drift of the device's clock: above 0 where it is slow.
    #[must_use]
    pub fn drift(&self) -> f64 {
        self.line.drift
    }

    /// How late messages come beyond the least latency: 95 in 100 by less \[s\].
    #[must_use]
    pub fn jitter_s(&self) -> Option<f64> {
        let mut all: Vec<i64> = self.residuals_ns.iter().copied().collect();
        let place = (all.len().checked_sub(1)? * 95).div_ceil(100);
        let (_, value, _) = all.select_nth_unstable(place);
        Some(*value as f64 * 1e-9)
    }

    /// How often the clock began anew or rolled over.
    #[must_use]
    pub fn resets(&self) -> u64 {
        self.resets
    }

    fn is_strange(&self, pair: &Pair, last_ns: i64) -> bool {
        let expected_ns = self.line.offset_at(pair.device_ns);
        let ahead_ns = expected_ns.saturating_sub(pair.offset_ns);
        let back_ns = last_ns.saturating_sub(pair.device_ns);
        let jump_ns = (JUMP_S * 1e9) as i64;
        ahead_ns > jump_ns || back_ns > jump_ns
    }

    /// A stamp that can't follow: taken where enough agree.
    fn doubt(&mut self, pair: Pair, t_rx: Timestamp) -> (Timestamp, Option<Event>) {
        let agrees = |p: &Pair| p.offset_ns.abs_diff(pair.offset_ns) < (JUMP_S * 1e9) as u64;
        self.strange.retain(agrees);
        self.strange.push(pair);
        if self.strange.len() < COMPANY {
            return (t_rx, None);
        }
        let offset_ns = self.strange.iter().map(|p| p.offset_ns).min();
        let offset_ns = offset_ns.unwrap_or(pair.offset_ns);
        let expected_ns = self.line.offset_at(pair.device_ns);
        let by_s = expected_ns.saturating_sub(offset_ns) as f64 * 1e-9;
        self.resets += 1;
        let period = PERIODS_S
            .into_iter()
            .find(|period_s| (by_s + period_s).abs() < JUMP_S);
        self.strange.clear();
        if let Some(period_s) = period {
            let period_ns = (period_s * 1e9) as i64;
            self.unrolled_ns = self.unrolled_ns.saturating_add(period_ns);
            let unrolled = Pair {
                device_ns: pair.device_ns.saturating_add(period_ns),
                offset_ns: pair.offset_ns.saturating_sub(period_ns),
            };
            return (self.accept(unrolled), Some(Event::RollOver { period_s }));
        }
        self.least.clear();
        self.residuals_ns.clear();
        let t_before = self.last.map(|(_, t)| t);
        self.last = None;
        let t = self.accept(Pair { offset_ns, ..pair });
        // Engine time of one source goes on even so.
        let t = t_before.map_or(t, |before| t.max(Timestamp(before)));
        (t, Some(Event::Reset { by_s }))
    }

    fn accept(&mut self, pair: Pair) -> Timestamp {
        if self.note(pair) {
            self.line = self.fit();
        }
        let offset_ns = self.line.offset_at(pair.device_ns);
        if self.residuals_ns.len() == RESIDUALS {
            self.residuals_ns.pop_front();
        }
        self.residuals_ns
            .push_back(pair.offset_ns.saturating_sub(offset_ns).max(0));
        // Never later than it was received.
        let mut t = pair.device_ns.saturating_add(offset_ns.min(pair.offset_ns));
        match self.last {
            Some((last_ns, last_t)) if pair.device_ns >= last_ns => {
                // A line that has sunk must not turn the order of samples round.
                t = t.max(last_t);
                self.last = Some((pair.device_ns, t));
            }
            Some(_) => {}
            None => self.last = Some((pair.device_ns, t)),
        }
        Timestamp(t)
    }

    /// Notes a pair; true where the line may have changed.
    fn note(&mut self, pair: Pair) -> bool {
        let bucket_ns = (BUCKET_S * 1e9) as i64;
        let bucket = |p: &Pair| p.device_ns.div_euclid(bucket_ns);
        match self.least.back_mut() {
            Some(last) if bucket(last) >= bucket(&pair) => {
                let is_less = pair.offset_ns < last.offset_ns;
                if is_less {
                    *last = pair;
                }
                return is_less;
            }
            _ => self.least.push_back(pair),
        }
        let from = pair.device_ns.saturating_sub((WINDOW_S * 1e9) as i64);
        while self.least.front().is_some_and(|p| p.device_ns < from) {
            self.least.pop_front();
        }
        true
    }

    fn fit(&self) -> Line {
        let (Some(first), Some(last)) = (self.least.front(), self.least.back()) else {
            return Line::default();
        };
        let span_ns = last.device_ns.saturating_sub(first.device_ns);
        let lowest = self.least.iter().map(|p| p.offset_ns).min();
        let level = Line {
            at_ns: last.device_ns,
            offset_ns: lowest.unwrap_or(last.offset_ns),
            drift: 0.0,
        };
        if (span_ns as f64) < DRIFT_AFTER_S * 1e9 {
            return level;
        }
        // Relative to the first pair, so that floats lose nothing.
        let point = |p: &Pair| {
            let x = p.device_ns.saturating_sub(first.device_ns) as f64;
            (x, p.offset_ns.saturating_sub(first.offset_ns) as f64)
        };
        let mut hull: Vec<(f64, f64)> = Vec::new();
        for (x, y) in self.least.iter().map(point) {
            while let [.., (x0, y0), (x1, y1)] = hull[..]
                && (y1 - y0) * (x - x0) >= (y - y0) * (x1 - x0)
            {
                hull.pop();
            }
            hull.push((x, y));
        }
        let middle = 0.5 * span_ns as f64;
        let edge = hull.windows(2).find(|edge| edge[1].0 >= middle);
        let Some([(x0, y0), (x1, y1)]) = edge else {
            return level;
        };
        let drift = (y1 - y0) / (x1 - x0);
        if drift.abs() > MOST_DRIFT {
            return level;
        }
        Line {
            at_ns: first.device_ns.saturating_add(*x0 as i64),
            offset_ns: first.offset_ns.saturating_add(*y0 as i64),
            drift,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up spread that is the same every time, in 0..1.
    fn spread(k: i64) -> f64 {
        let mixed = (k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
        mixed as f64 / (1_u64 << 53) as f64
    }

    struct Device {
        mapping: Mapping,
        events: Vec<Event>,
        worst_s: f64,
    }

    /// 100 Hz; true time in, device stamp by `stamp_s`, delay 2 ms at least and often much more; from 4 s
    /// on every 9.97 s all of 1.5 s comes at once.
    fn run(from_s: f64, to_s: f64, settle_s: f64, stamp_s: impl Fn(f64) -> f64) -> Device {
        let mut device = Device {
            mapping: Mapping::default(),
            events: Vec::new(),
            worst_s: 0.0,
        };
        let mut last_rx = 0.0_f64;
        for k in (from_s * 100.0) as i64..(to_s * 100.0) as i64 {
            let true_s = k as f64 * 0.01;
            let late_s = match spread(k) {
                s if s < 0.05 => 0.0,
                s => 0.020 * s * s + if k % 997 == 400 { 1.5 } else { 0.0 },
            };
            last_rx = last_rx.max(true_s + 0.002 + late_s);
            let (t, event) = device.mapping.map(
                Timestamp::from_seconds(stamp_s(true_s)),
                Timestamp::from_seconds(1.7e9 + last_rx),
            );
            device.events.extend(event);
            let error_s = t.seconds_since(Timestamp::from_seconds(1.7e9 + 0.002 + true_s));
            if true_s - from_s > settle_s {
                device.worst_s = device.worst_s.max(error_s.abs());
            }
        }
        device
    }

    #[test]
    fn a_drifting_clock_behind_jitter_is_followed_to_a_millisecond() {
        let device = run(0.0, 300.0, 20.0, |t| 12.5 + t * (1.0 - 80e-6));
        assert!(device.events.is_empty(), "{:?}", device.events);
        assert!(device.worst_s < 1e-3, "{}", device.worst_s);
        let drift = device.mapping.drift();
        assert!((drift - 80e-6).abs() < 10e-6, "{drift}");
        let jitter_s = device.mapping.jitter_s().unwrap();
        assert!((0.010..0.030).contains(&jitter_s), "{jitter_s}");
    }

    #[test]
    fn a_device_that_starts_anew_is_noticed() {
        let device = run(
            0.0,
            100.0,
            f64::MAX,
            |t| if t < 50.0 { t } else { t - 50.0 },
        );
        let [Event::Reset { by_s }] = device.events[..] else {
            panic!("{:?}", device.events);
        };
        assert!((by_s + 50.0).abs() < 0.1, "{by_s}");
        assert_eq!(device.mapping.resets(), 1);
    }

    #[test]
    fn a_counter_that_rolls_over_loses_nothing() {
        let device = run(0.0, 120.0, 5.0, |t| (60.0 + t) % 65.536);
        let [Event::RollOver { period_s }, Event::RollOver { .. }] = device.events[..] else {
            panic!("{:?}", device.events);
        };
        assert_eq!(period_s, 65.536);
        // Two stamps are of arrival, until the third agrees.
        assert!(device.worst_s < 0.03, "{}", device.worst_s);
    }

    #[test]
    fn one_wild_stamp_is_stamped_on_arrival() {
        for wild_s in [1e6, -1e6] {
            let at = |t: f64| if (t - 70.0).abs() < 0.005 { wild_s } else { t };
            let device = run(0.0, 100.0, 20.0, at);
            assert!(device.events.is_empty(), "{:?}", device.events);
            assert!(device.worst_s < 0.025, "{}", device.worst_s);
        }
    }

    #[test]
    fn time_of_a_source_never_goes_back_and_never_runs_ahead_of_receipt() {
        let mut mapping = Mapping::default();
        let mut last = Timestamp(0);
        for k in 0..5000_i64 {
            let rx = Timestamp(1_000_000_000 + k * 2_000_000 + (spread(k) * 8e6) as i64);
            let (t, _) = mapping.map(Timestamp(k * 2_000_000), rx);
            assert!(t >= last && t <= rx.max(last), "{k}");
            last = t;
        }
    }

    #[test]
    fn extremes_do_not_panic() {
        let mut mapping = Mapping::default();
        for (device, rx) in [
            (i64::MAX, 0),
            (i64::MIN, i64::MAX),
            (0, 0),
            (i64::MAX, i64::MIN),
        ] {
            for _ in 0..4 {
                mapping.map(Timestamp(device), Timestamp(rx));
            }
        }
    }
}
