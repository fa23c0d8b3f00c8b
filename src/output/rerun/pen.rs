//! What draws: a recording, and the time that everything is drawn at.

use rerun::{AsComponents, EntityPath, EntityPathPart, RecordingStream, TimeCell};
use wayfix_filter::Timestamp;

use super::{ENGINE_TIME, RECEIVED};

/// Stamps beyond this are counted since 1970, not since a device was switched on: 1973.
const CALENDAR_NS: i64 = 100_000_000_000_000_000;

/// See the module.
pub struct Pen {
    pub stream: RecordingStream,
    /// Whether stamps are dates, by the first of them: one timeline can't be both.
    is_calendar: Option<bool>,
    /// What could not be drawn.
    pub failed: u64,
}

impl Pen {
    pub fn new(stream: RecordingStream) -> Self {
        // The clock of the computer that draws says nothing about the run.
        stream.set_log_time_enabled(false);
        stream.set_log_tick_enabled(false);
        Self {
            stream,
            is_calendar: None,
            failed: 0,
        }
    }

    /// What follows is of this time.
    pub fn at(&mut self, t: Timestamp) {
        let is_calendar = *self.is_calendar.get_or_insert(t.0 >= CALENDAR_NS);
        let cell = match is_calendar {
            true => TimeCell::from_timestamp_nanos_since_epoch(t.0),
            false => TimeCell::from_duration_nanos(t.0),
        };
        self.stream.set_time(ENGINE_TIME, cell);
    }

    /// What follows became known when this arrived.
    pub fn received(&mut self, t: Timestamp) {
        let cell = TimeCell::from_timestamp_nanos_since_epoch(t.0);
        self.stream.set_time(RECEIVED, cell);
    }

    pub fn draw(&mut self, path: impl Into<EntityPath>, what: &impl AsComponents) {
        self.failed += u64::from(self.stream.log(path, what).is_err());
    }

    /// Two parts of one thing, in one row.
    pub fn draw_both(
        &mut self,
        path: impl Into<EntityPath>,
        one: &impl AsComponents,
        other: &impl AsComponents,
    ) {
        let both: [&dyn AsComponents; 2] = [one, other];
        self.failed += u64::from(self.stream.log(path, &both).is_err());
    }

    pub fn draw_once(&mut self, path: impl Into<EntityPath>, what: &impl AsComponents) {
        self.failed += u64::from(self.stream.log_static(path, what).is_err());
    }
}

/// A path whose parts may hold anything.
pub fn path<const N: usize>(parts: [&str; N]) -> EntityPath {
    EntityPath::new(parts.map(EntityPathPart::new).into())
}
