//! A source, or all of them, say nothing for a time.

use super::{Span, is_of};
use crate::sim::Simulation;

/// Samples that never leave their sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// Whose; absent: all of them.
    pub source: Option<&'static str>,
    /// When.
    pub span: Span,
}

impl Silence {
    pub(super) fn apply(&self, run: &mut Simulation) {
        run.received.retain(|r| {
            let is_its = self.source.is_none_or(|s| is_of(&r.sample.source, s));
            !(is_its && self.span.contains(r.sample.t.seconds()))
        });
    }
}
