//! How a recording is scored: which error, over which times, with which source withheld.

use wayfix::log::Record;
use wayfix_filter::Timestamp;

/// The error that a set is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Root mean square of the horizontal position error \[m\]; heading beside it where truth has one.
    HorizontalRmse,
    /// Root mean square of the three-dimensional position error \[m\].
    PositionRmse,
    /// Median of the horizontal position error \[m\].
    HorizontalMedian,
    /// Root mean square over time of the orientation error \[deg\]: total, heading, inclination, with
    /// `q_err = q_est · q_true⁻¹` in earth axes, `total = 2 acos|w|`, `heading = 2 atan|z / w|`,
    /// `inclination = 2 acos √(w² + z²)` (Laidig et al. 2021).
    Orientation,
    /// Horizontal error at the end of each outage \[m\], and as a share of the distance driven in it.
    OutageEnd,
    /// Root mean square of the horizontal error inside the outages \[m\].
    OutageRmse,
    /// No score of the estimator: input of a calibration.
    Calibration,
}

/// A half-open span of time: `from` belongs to it, `until` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
}

impl Window {
    /// From an instant and a length \[s\].
    #[must_use]
    pub fn starting(from: Timestamp, length_s: f64) -> Self {
        Self {
            from,
            until: from.shifted(length_s),
        }
    }

    /// Whether the instant belongs to it.
    #[must_use]
    pub fn contains(&self, t: Timestamp) -> bool {
        self.from <= t && t < self.until
    }

    /// Whether both share any instant.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// `count` windows of `length_s`, the first at `from`, the last ending at `until`, spread evenly;
    /// they overlap where they must. Each is meant for a replay of its own.
    ///
    /// ```
    /// use wayfix_datasets::Window;
    /// use wayfix_filter::Timestamp;
    /// let t = Timestamp::from_seconds;
    /// let windows = Window::spread(3, 10.0, t(0.0), t(100.0));
    /// assert_eq!(windows[1], Window { from: t(45.0), until: t(55.0) });
    /// ```
    #[must_use]
    pub fn spread(count: usize, length_s: f64, from: Timestamp, until: Timestamp) -> Vec<Self> {
        let room_s = until.seconds_since(from) - length_s;
        let step_s = room_s / count.saturating_sub(1).max(1) as f64;
        (0..count)
            .map(|k| Self::starting(from.shifted(step_s * k as f64), length_s))
            .collect()
    }
}

/// A time for which one source is taken out of the log, in a replay of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The source that is silent.
    pub source: String,
    /// When.
    pub window: Window,
    /// The recording itself is damaged in this window (frozen sensor): scored apart.
    pub damaged: bool,
}

impl Outage {
    /// The records without what the source said in the window; truth stays.
    pub fn apply<'a>(&'a self, records: &'a [Record]) -> impl Iterator<Item = &'a Record> + 'a {
        records.iter().filter(|record| match record {
            Record::Sample(s) => s.source.as_str() != self.source || !self.window.contains(s.t),
            Record::Truth(_) => true,
        })
    }
}

/// How a recording is scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// The error.
    pub metric: Metric,
    /// Truth inside any of these counts; empty: all of it.
    pub score: Vec<Window>,
    /// One replay each, scored inside the outage only; empty: one replay with everything.
    pub outages: Vec<Outage>,
    /// Truth is where this source's sensor was (its mount or estimated lever arm), not the reference
    /// point of the vehicle.
    pub truth_at: Option<&'static str>,
}

impl Protocol {
    /// All truth counts, in one replay with everything.
    #[must_use]
    pub fn whole(metric: Metric) -> Self {
        Self {
            metric,
            score: Vec::new(),
            outages: Vec::new(),
            truth_at: None,
        }
    }

    /// Whether truth at this instant counts.
    #[must_use]
    pub fn scores(&self, t: Timestamp) -> bool {
        self.score.is_empty() || self.score.iter().any(|window| window.contains(t))
    }
}
