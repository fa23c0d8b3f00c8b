//! A case: a scenario, what goes wrong in it, and what is expected of the estimate.

use super::criterion::Criterion;
use crate::sim::fault::{Fault, Span};

/// One row of the campaign's table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// The scenario, by its name in [`crate::sim::scenario::SCENARIOS`].
    pub scenario: &'static str,
    /// How long it is played \[s\].
    pub duration_s: f64,
    /// What goes wrong; nothing in a nominal case.
    pub faults: &'static [Fault],
    /// When it does \[s\]; the end is infinite where the fault stays.
    pub fault: Option<Span>,
    /// When the truth means nothing, as the vehicle is being carried \[s\].
    pub unjudged: Option<Span>,
    /// Epochs before are not judged: the start is a matter of its own \[s\].
    pub from_s: f64,
    /// What is asked of the estimate.
    pub criteria: &'static [Criterion],
    /// Of that, what is known to be missed: it is asked and told all the same.
    pub missed: &'static [Criterion],
}

impl Case {
    /// Without a fault.
    pub(super) const fn nominal(
        name: &'static str,
        about: &'static str,
        scenario: &'static str,
        duration_s: f64,
        criteria: &'static [Criterion],
    ) -> Self {
        Self {
            name,
            about,
            scenario,
            duration_s,
            faults: &[],
            fault: None,
            unjudged: None,
            from_s: 10.0,
            criteria,
            missed: &[],
        }
    }

    /// With faults between two times \[s\].
    pub(super) const fn during(self, fault: Span, faults: &'static [Fault]) -> Self {
        Self {
            faults,
            fault: Some(fault),
            ..self
        }
    }

    /// With a span whose truth means nothing.
    pub(super) const fn unjudged(self, span: Span) -> Self {
        Self {
            unjudged: Some(span),
            ..self
        }
    }

    /// With criteria that are known to be missed.
    pub(super) const fn missing(self, missed: &'static [Criterion]) -> Self {
        Self { missed, ..self }
    }

    /// Judged from another time on \[s\].
    pub(super) const fn judged_from(self, from_s: f64) -> Self {
        Self { from_s, ..self }
    }

    /// From when on errors count \[s\]: since the fault began, or since the start is over.
    pub(super) fn counts_from_s(&self) -> f64 {
        self.fault
            .map_or(self.from_s, |fault| fault.from_s.max(self.from_s))
    }

    /// Whether an epoch is judged.
    pub(super) fn is_judged(&self, t_s: f64) -> bool {
        t_s >= self.from_s && !self.unjudged.is_some_and(|span| span.contains(t_s))
    }
}
