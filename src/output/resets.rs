//! `resets.jsonl`: the jumps of the estimate, each with what it moved:
//! `{"t_ns":5,"cause":"fixpoint","delta_m":[0.1,0.2,0.0],"delta_yaw_deg":1.5}`.

use std::path::Path;

use super::lines::{Lines, OutputError};
use super::number::{fixed, integer};
use crate::engine::{Reset, ResetCause};
use crate::replay::Sink;

/// Writes one line a jump.
#[derive(Debug)]
pub struct Resets(Lines);

impl Resets {
    /// Creates the file.
    ///
    /// # Errors
    /// It can't be created.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Lines::create(path, "").map(Self)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(self) -> Result<(), OutputError> {
        self.0.finish()
    }
}

impl Sink for Resets {
    fn reset(&mut self, reset: &Reset) {
        self.0.write(|line| {
            line.push_str("{\"t_ns\":");
            integer(line, reset.t.0);
            line.push_str(",\"cause\":\"");
            line.push_str(cause_name(reset.cause));
            line.push_str("\",\"delta_m\":[");
            for (i, value) in reset.delta_m.iter().enumerate() {
                if i > 0 {
                    line.push(',');
                }
                fixed(line, *value, 4);
            }
            line.push_str("],\"delta_yaw_deg\":");
            fixed(line, reset.delta_yaw_rad.to_degrees(), 4);
            line.push('}');
        });
    }
}

/// A jump in words: why, and by how much.
#[must_use]
pub fn words(reset: &Reset) -> String {
    let [x, y, _]: [f64; 3] = reset.delta_m.into();
    format!(
        "{}: by {:.2} m (x {x:.2}, y {y:.2}), {:.1} deg",
        cause_name(reset.cause),
        x.hypot(y),
        reset.delta_yaw_rad.to_degrees()
    )
}

/// The cause as files spell it.
#[must_use]
pub fn cause_name(cause: ResetCause) -> &'static str {
    match cause {
        ResetCause::Start => "start",
        ResetCause::Collapse => "collapse",
        ResetCause::Fixpoint => "fixpoint",
        ResetCause::Correction => "correction",
        ResetCause::Disproved => "disproved",
        ResetCause::Relocalised => "relocalised",
    }
}
