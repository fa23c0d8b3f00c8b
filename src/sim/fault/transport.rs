//! What a network does to samples: stamps stay right, arrival does not.

use super::{Span, is_of};
use crate::sim::Simulation;
use crate::sim::noise::{Rng, chance, uniform};

/// Samples that arrive late, with right stamps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Late {
    /// Whose; absent: all of them.
    pub source: Option<&'static str>,
    /// When.
    pub span: Span,
    /// How much later than without the fault \[s\].
    pub by_s: f64,
}

/// Samples that arrive twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duplicates {
    /// Share of all samples.
    pub share: f64,
    /// The second one comes at most so much later \[s\].
    pub within_s: f64,
}

/// Samples of all sources that overtake one another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shuffled {
    /// Each is held up by at most so long \[s\].
    pub within_s: f64,
}

impl Late {
    pub(super) fn apply(&self, run: &mut Simulation) {
        for received in &mut run.received {
            let is_its = self
                .source
                .is_none_or(|s| is_of(&received.sample.source, s));
            if is_its && self.span.contains(received.sample.t.seconds()) {
                received.t = received.t.shifted(self.by_s);
            }
        }
        run.sort();
    }
}

impl Duplicates {
    pub(super) fn apply(&self, run: &mut Simulation, rng: &mut Rng) {
        let mut copies = Vec::new();
        for received in &run.received {
            if chance(rng, self.share) {
                let mut copy = *received;
                copy.t = copy.t.shifted(uniform(rng, 0.0, self.within_s));
                copies.push(copy);
            }
        }
        run.received.append(&mut copies);
        run.sort();
    }
}

impl Shuffled {
    pub(super) fn apply(&self, run: &mut Simulation, rng: &mut Rng) {
        for received in &mut run.received {
            received.t = received.t.shifted(uniform(rng, 0.0, self.within_s));
        }
        run.sort();
    }
}
