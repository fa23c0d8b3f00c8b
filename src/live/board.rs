//! How a live run is doing, for whoever looks: the terminal, the control server, the log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Counters, Name};

use super::clock::Clock;
use super::decoding::{ClockState, Decoding};
use super::inbox::Inbox;
use super::latency::{Latencies, LatencyDocument};
use super::link::Health;
use crate::engine::{Estimate, Fate, Report};
use crate::output::estimate::mode_name;

/// Arrivals that a rate is told from.
const ARRIVALS: usize = 64;
/// Fates that are told as the last ones.
const RECENT: usize = 64;
/// A source is stale when it is silent for so long, or for so many of its periods.
const STALE_S: f64 = 2.0;
const STALE_PERIODS: f64 = 5.0;
/// Bytes in which nothing can be read for so long are another device's \[s\].
const UNREADABLE_S: f64 = 3.0;
const UNREADABLE: &str =
    "bytes but nothing decoded: wrong baud rate, or another device than the adapter's?";

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has come yet.
    Waiting,
    /// Samples come.
    Live,
    /// They have stopped.
    Stale,
    /// Its transport is not open.
    Failed,
    /// Its file has come to its end.
    Ended,
}

impl State {
    /// As it is spelt.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Ended => "ended",
        }
    }
}

#[derive(Default)]
struct Row {
    /// Its place among the streams, where it is one.
    stream: Option<usize>,
    samples: u64,
    arrivals: VecDeque<Timestamp>,
    recent: VecDeque<Fate>,
    fates: BTreeMap<Fate, u64>,
    counters: Counters,
    /// Since then bytes have come, and no message.
    unreadable_since: Option<Timestamp>,
    has_told: bool,
    error: Option<String>,
    clock: ClockState,
}

impl Row {
    fn rate_hz(&self, now: Timestamp) -> f64 {
        let (Some(first), Some(last)) = (self.arrivals.front(), self.arrivals.back()) else {
            return 0.0;
        };
        // A source that has stopped slows down, and is not at its last rate for ever.
        let span_s = last.seconds_since(*first);
        let span_s = span_s.max(now.seconds_since(*first) - STALE_S);
        if span_s > 0.0 {
            (self.arrivals.len() - 1) as f64 / span_s
        } else {
            0.0
        }
    }

    /// Takes what has gone through its decoder.
    fn decoded(&mut self, counters: Counters, now: Timestamp) {
        let before = std::mem::replace(&mut self.counters, counters);
        if counters.samples > before.samples || counters.ignored > before.ignored {
            (self.unreadable_since, self.has_told) = (None, false);
        } else if counters.malformed > before.malformed {
            self.unreadable_since.get_or_insert(now);
        }
    }

    fn is_unreadable(&self, now: Timestamp) -> bool {
        self.unreadable_since
            .is_some_and(|since| now.seconds_since(since) >= UNREADABLE_S)
    }

    fn age_s(&self, now: Timestamp) -> Option<f64> {
        self.arrivals.back().map(|last| now.seconds_since(*last))
    }

    fn state(&self, now: Timestamp, health: Option<&Health>) -> State {
        if let Some(health) = health {
            if health.has_ended() {
                return State::Ended;
            }
            if !health.is_open() && health.faults() > 0 {
                return State::Failed;
            }
        }
        let Some(age_s) = self.age_s(now) else {
            return State::Waiting;
        };
        let (Some(first), Some(last)) = (self.arrivals.front(), self.arrivals.back()) else {
            return State::Waiting;
        };
        let period_s = last.seconds_since(*first) / (self.arrivals.len() as f64 - 1.0).max(1.0);
        if age_s > STALE_S.max(STALE_PERIODS * period_s) {
            State::Stale
        } else {
            State::Live
        }
    }
}

#[derive(Default)]
struct Inner {
    rows: BTreeMap<Name, Row>,
    estimate: Option<(Estimate, Timestamp)>,
    latencies: Latencies,
    samples: u64,
    recording_lost: u64,
}

/// See the module.
pub struct Board {
    clock: Clock,
    inbox: Arc<Inbox>,
    healths: Vec<Arc<Health>>,
    inner: Mutex<Inner>,
}

impl Board {
    /// For the streams of these sources.
    #[must_use]
    pub fn new(clock: Clock, inbox: Arc<Inbox>, streams: Vec<(Name, Arc<Health>)>) -> Self {
        let mut inner = Inner::default();
        for (i, (name, _)) in streams.iter().enumerate() {
            inner.rows.entry(*name).or_default().stream = Some(i);
        }
        Self {
            clock,
            inbox,
            healths: streams.into_iter().map(|(_, health)| health).collect(),
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sample of a source has been fed.
    pub fn sample(&self, source: &Name) {
        let now = self.clock.now();
        let mut inner = self.lock();
        inner.samples += 1;
        let row = inner.rows.entry(*source).or_default();
        row.samples += 1;
        if row.arrivals.len() == ARRIVALS {
            row.arrivals.pop_front();
        }
        row.arrivals.push_back(now);
    }

    /// What became of a sample, when it is final.
    pub fn report(&self, report: &Report) {
        let mut inner = self.lock();
        let row = inner.rows.entry(report.source).or_default();
        if row.recent.len() == RECENT {
            row.recent.pop_front();
        }
        row.recent.push_back(report.fate);
        *row.fates.entry(report.fate).or_default() += 1;
    }

    /// The estimate is this.
    pub fn estimate(&self, estimate: &Estimate) {
        let now = self.clock.now();
        self.lock().estimate = Some((*estimate, now));
    }

    /// There is no estimate any more.
    pub fn forget(&self) {
        self.lock().estimate = None;
    }

    /// Bytes that came at `t_rx` have been dealt with.
    pub fn dealt_with(&self, t_rx: Timestamp, decoding: &Decoding) {
        let now = self.clock.now();
        let latency_s = now.seconds_since(t_rx);
        let mut inner = self.lock();
        inner.latencies.add(latency_s);
        if let Some(row) = inner.rows.get_mut(&decoding.source()) {
            row.decoded(decoding.counters(), now);
        }
    }

    /// What changes slowly. A source whose bytes make no sense is told of once.
    pub fn refresh(&self, decodings: &[Decoding], recording_lost: u64) {
        let slow: Vec<_> = decodings
            .iter()
            .map(|d| (d.source(), d.last_error(), d.clock()))
            .collect();
        let now = self.clock.now();
        let mut inner = self.lock();
        inner.recording_lost = recording_lost;
        for (source, error, clock) in slow {
            if let Some(row) = inner.rows.get_mut(&source) {
                (row.error, row.clock) = (error, clock);
                if row.is_unreadable(now) && !std::mem::replace(&mut row.has_told, true) {
                    tracing::warn!("{source}: {UNREADABLE}");
                }
            }
        }
    }

    /// Everything that is known now.
    #[must_use]
    pub fn look(&self) -> Look {
        let now = self.clock.now();
        let inner = self.lock();
        let sources = inner.rows.iter().map(|(name, row)| {
            let health = row.stream.and_then(|i| self.healths.get(i)).map(|h| &**h);
            let [mut used, mut refused] = [0; 2];
            for fate in &row.recent {
                match fate {
                    fate if fate.is_used() => used += 1,
                    Fate::Waiting | Fate::Thinned => {}
                    _ => refused += 1,
                }
            }
            SourceLook {
                source: name.to_string(),
                state: row.state(now, health),
                rate_hz: row.rate_hz(now),
                age_s: row.age_s(now),
                samples: row.samples,
                recent_used: used,
                recent_refused: refused,
                last_fate: row.recent.back().copied(),
                fates: row.fates.clone(),
                bytes: health.map_or(0, Health::bytes),
                dropped_bytes: row.stream.map_or(0, |i| self.inbox.dropped(i)),
                malformed: row.counters.malformed,
                ignored: row.counters.ignored,
                missing: row.counters.missing,
                reopened: health.map_or(0, Health::reopened),
                faults: health.map_or(0, Health::faults),
                fault: health.and_then(Health::fault),
                decode_error: row.error.clone(),
                hint: row.is_unreadable(now).then_some(UNREADABLE),
                jitter_s: row.clock.jitter_s,
                clock_drift_ppm: row.clock.drift_ppm,
                clock_resets: row.clock.resets,
            }
        });
        let sources = sources.collect();
        Look {
            t_ns: now.0,
            running_s: now.seconds_since(self.clock.began()),
            samples: inner.samples,
            estimate: (inner.estimate.as_ref())
                .map(|(e, at)| EstimateLook::new(e, now.seconds_since(*at))),
            latency: inner.latencies.document(),
            recording_lost: inner.recording_lost,
            sources,
        }
    }
}

/// A live run at one moment; keys end in their units.
#[derive(Clone, Debug, Serialize)]
pub struct Look {
    /// This computer's time \[ns\].
    pub t_ns: i64,
    /// Since the start \[s\].
    pub running_s: f64,
    /// Samples so far.
    pub samples: u64,
    /// The newest estimate; `null` before the start is known.
    pub estimate: Option<EstimateLook>,
    /// From the receipt of bytes until their samples were dealt with.
    pub latency: LatencyDocument,
    /// Entries that the recording lost because the disk hung.
    pub recording_lost: u64,
    /// Every source that is heard.
    pub sources: Vec<SourceLook>,
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceLook {
    /// Its name.
    pub source: String,
    /// How it is doing.
    pub state: State,
    /// Samples a second.
    pub rate_hz: f64,
    /// Since its last sample \[s\].
    pub age_s: Option<f64>,
    /// Samples so far.
    pub samples: u64,
    /// Of the last 64, those that were used.
    pub recent_used: usize,
    /// Of the last 64, those that were refused.
    pub recent_refused: usize,
    /// What became of the last one.
    pub last_fate: Option<Fate>,
    /// What became of all.
    pub fates: BTreeMap<Fate, u64>,
    /// Bytes received.
    pub bytes: u64,
    /// Bytes dropped because they came faster than they could be dealt with.
    pub dropped_bytes: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages that say nothing.
    pub ignored: u64,
    /// Messages that never came, by their numbers.
    pub missing: u64,
    /// How often its transport was opened again.
    pub reopened: u64,
    /// Attempts that failed, and connections that broke.
    pub faults: u64,
    /// Why its transport is not open.
    pub fault: Option<String>,
    /// Why its last unreadable message was refused.
    pub decode_error: Option<String>,
    /// What may be wrong with it, though its transport is open.
    pub hint: Option<&'static str>,
    /// How late, or how uneven, its messages come: 95 in 100 by less \[s\].
    pub jitter_s: Option<f64>,
    /// Of the device's clock.
    pub clock_drift_ppm: Option<f64>,
    /// How often the device's clock began anew or rolled over.
    pub clock_resets: u64,
}

/// An estimate.
#[derive(Clone, Debug, Serialize)]
pub struct EstimateLook {
    /// Its time \[ns\].
    pub t_ns: i64,
    /// Since it was made \[s\].
    pub age_s: f64,
    /// On what it rests.
    pub mode: &'static str,
    /// Reference point in the site frame \[m\].
    pub position_m: [f64; 3],
    /// Its sigma \[m\].
    pub position_sigma_m: [f64; 3],
    /// Velocity in the site frame \[m/s\].
    pub velocity_mps: [f64; 3],
    /// Heading \[deg\].
    pub yaw_deg: f64,
    /// Its sigma \[deg\].
    pub yaw_sigma_deg: f64,
    /// Horizontal protection level \[m\].
    pub hpl_m: f64,
    /// Vertical protection level \[m\].
    pub vpl_m: f64,
    /// Conditions in force.
    pub conditions: Vec<&'static str>,
    /// The same pose without steps: position \[m\].
    pub smooth_position_m: [f64; 3],
    /// The same pose without steps: heading \[deg\].
    pub smooth_yaw_deg: f64,
}

impl EstimateLook {
    fn new(e: &Estimate, age_s: f64) -> Self {
        let (_, _, yaw) = e.q_nb.euler_angles();
        let sigma = |i: usize| e.position_covariance[(i, i)].max(0.0).sqrt();
        Self {
            t_ns: e.t.0,
            age_s,
            mode: mode_name(e.mode),
            position_m: e.p_n.into(),
            position_sigma_m: [sigma(0), sigma(1), sigma(2)],
            velocity_mps: e.v_n.into(),
            yaw_deg: yaw.to_degrees(),
            yaw_sigma_deg: e.yaw_sigma_rad().to_degrees(),
            hpl_m: e.protection.horizontal_m,
            vpl_m: e.protection.vertical_m,
            conditions: e.health.conditions().map(|c| c.name()).collect(),
            smooth_position_m: e.smooth.p_n.into(),
            smooth_yaw_deg: e.smooth.yaw_rad().to_degrees(),
        }
    }
}
