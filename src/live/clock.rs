//! The one place that reads clocks. Engine time is the wall's at the start and steady from then on:
//! setting the computer's clock moves nothing.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wayfix_filter::Timestamp;

/// The clock of one run; copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    utc: Timestamp,
    begun: Instant,
}

impl Clock {
    /// Takes the wall's time.
    #[must_use]
    pub fn start() -> Self {
        let utc = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => nanoseconds(since),
            // A computer without a battery may believe in 1969.
            Err(error) => -nanoseconds(error.duration()),
        };
        Self {
            utc: Timestamp(utc),
            begun: Instant::now(),
        }
    }

    /// Unix time at the start, counted on steadily.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.utc + nanoseconds(self.begun.elapsed())
    }

    /// When it was started.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.utc
    }
}

fn nanoseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let clock = Clock::start();
        let times: Vec<Timestamp> = (0..1000).map(|_| clock.now()).collect();
        assert!(times.is_sorted());
        assert!(times[0] >= clock.began());
        assert!(clock.began().seconds() > 1.7e9);
    }
}
