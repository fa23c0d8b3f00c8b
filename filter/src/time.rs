//! One monotone time base for everything the engine does.

/// Nanoseconds on the engine's time base. The zero is arbitrary: unix time, time since boot and
/// time since the start of a log all serve, as long as one log keeps to one of them.
///
/// ```
/// use wayfix_filter::Timestamp;
/// let t = Timestamp::from_seconds(1.5);
/// assert_eq!((t + 250_000_000).seconds_since(t), 0.25);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From seconds; saturates at the ends of the `i64` range and takes NaN as zero.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        Self(libm::round(seconds * 1e9) as i64)
    }

    /// Seconds since the zero of the time base (exact to about 0.2 µs at unix times).
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 * 1e-9
    }

    /// `self - earlier` in seconds, formed in integers so that large time stamps lose nothing.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 * 1e-9
    }

    /// This instant moved by `seconds` (negative: earlier).
    #[must_use]
    pub fn shifted(self, seconds: f64) -> Self {
        Self(self.0.saturating_add(Self::from_seconds(seconds).0))
    }
}

impl core::ops::Add<i64> for Timestamp {
    type Output = Self;
    /// Adds nanoseconds.
    fn add(self, nanoseconds: i64) -> Self {
        Self(self.0.saturating_add(nanoseconds))
    }
}
