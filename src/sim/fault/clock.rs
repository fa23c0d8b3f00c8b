//! A source whose stamps jump or run away.

use super::{Span, is_of};
use crate::sim::Simulation;

/// A wrong clock: stamps are ahead by a constant and by a share of the time since the span began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Whose; absent: all of them.
    pub source: Option<&'static str>,
    /// When; afterwards the clock is right again.
    pub span: Span,
    /// Ahead at once \[s\]; negative: behind.
    pub ahead_s: f64,
    /// Gained a second \[s/s\].
    pub drift: f64,
}

impl Clock {
    pub(super) fn apply(&self, run: &mut Simulation) {
        for received in &mut run.received {
            let sample = &mut received.sample;
            let t_s = sample.t.seconds();
            let is_its = self.source.is_none_or(|s| is_of(&sample.source, s));
            if is_its && self.span.contains(t_s) {
                let gained_s = self.drift * (t_s - self.span.from_s);
                sample.t = sample.t.shifted(self.ahead_s + gained_s);
            }
        }
    }
}
