//! From a model's measurements to samples as they arrive: rates, stamps, latency, losses.

use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

use super::noise::{Rng, chance, exponential, uniform};

/// How a source's samples travel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Measurements a second.
    pub rate_hz: f64,
    /// From measurement to arrival, at least [s].
    pub latency_s: f64,
    /// Mean of the exponential part on top [s].
    pub jitter_s: f64,
    /// Share that never arrives.
    pub dropout: f64,
    /// Share that arrives twice.
    pub duplicate: f64,
}

impl Channel {
    /// A perfect one: at once, and all of them.
    #[must_use]
    pub const fn ideal(rate_hz: f64) -> Self {
        Self {
            rate_hz,
            latency_s: 0.0,
            jitter_s: 0.0,
            dropout: 0.0,
            duplicate: 0.0,
        }
    }

    /// With a latency and its jitter [s].
    #[must_use]
    pub const fn late(self, latency_s: f64, jitter_s: f64) -> Self {
        Self {
            latency_s,
            jitter_s,
            ..self
        }
    }

    /// With losses and duplicates, as shares.
    #[must_use]
    pub const fn lossy(self, dropout: f64, duplicate: f64) -> Self {
        Self {
            dropout,
            duplicate,
            ..self
        }
    }

    /// Times of the measurements up to `end_s` [s]; the phase differs between sources.
    pub fn times(&self, end_s: f64, rng: &mut Rng) -> impl Iterator<Item = f64> + use<> {
        let period = 1.0 / self.rate_hz;
        let phase = uniform(rng, 0.0, period);
        (0..)
            .map(move |n| phase + f64::from(n) * period)
            .take_while(move |t| *t <= end_s)
    }

    /// What becomes of a sample that was measured `delay_s` [s] before its stamp.
    pub fn carry(&self, sample: Sample, delay_s: f64, rng: &mut Rng, to: &mut Arrivals) {
        let copies = match (chance(rng, self.dropout), chance(rng, self.duplicate)) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        for _ in 0..copies {
            let late = (self.latency_s - delay_s).max(0.0) + exponential(rng, self.jitter_s);
            to.push(sample.t.shifted(late), sample);
        }
    }
}

/// Samples of all sources with the times at which they arrive.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Vec<(Timestamp, Sample)>);

impl Arrivals {
    fn push(&mut self, received: Timestamp, sample: Sample) {
        self.0.push((received, sample));
    }

    /// In the order of arrival; at one instant, by source.
    #[must_use]
    pub fn ordered(mut self) -> Vec<Received> {
        // Stable: what one source sends at one instant keeps its order.
        self.0
            .sort_by_key(|(received, sample)| (*received, sample.source));
        self.0
            .into_iter()
            .map(|(t, sample)| Received { t, sample })
            .collect()
    }
}

/// A sample and when it arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Received {
    /// Time of arrival.
    pub t: Timestamp,
    /// What arrived, stamped with (about) the time of measurement.
    pub sample: Sample,
}
