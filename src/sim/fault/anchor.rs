//! Anchors that are not where the site file says, or err by a constant of their own.

use std::collections::BTreeMap;

use nalgebra::Vector3;
use wayfix_sensors::{Name, Reading};

use super::{Span, is_of};
use crate::config::Source;
use crate::sim::Simulation;
use crate::sim::noise::{Rng, normal};
use crate::sim::scene::pose_of;

/// An anchor that somebody moved without telling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovedAnchor {
    /// The radio that hears it.
    pub source: &'static str,
    /// Its id.
    pub anchor: &'static str,
    /// When it is in its new place.
    pub span: Span,
    /// By how much \[m\].
    pub by_m: [f64; 3],
}

/// Constant errors of all anchors, beyond what the vehicle file expects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnchorBiases {
    /// The radio that hears them.
    pub source: &'static str,
    /// Sigma of the error of each \[m\].
    pub sigma_m: f64,
}

/// Adds each anchor's excess to what is measured of it.
fn lengthen(reading: &mut Reading, excess_m: impl Fn(&Name) -> f64) {
    match reading {
        Reading::Range(range) => {
            range.range_m = (range.range_m + excess_m(&range.anchor)).max(0.0);
        }
        Reading::RangeDifference(pair) => {
            pair.difference_m += excess_m(&pair.anchor_b) - excess_m(&pair.anchor_a);
        }
        _ => {}
    }
}

impl MovedAnchor {
    pub(super) fn apply(&self, run: &mut Simulation) {
        let known = run.site.anchors.iter().find(|a| a.id == self.anchor);
        let (Some(anchor), Some(Source::Uwb(config))) =
            (known, run.vehicle.sources.get(self.source))
        else {
            return;
        };
        let (lever, _) = pose_of(&config.mount);
        let was = Vector3::from(anchor.position_m);
        let is = was + Vector3::from(self.by_m);
        let trajectory = run.trajectory.clone();
        for received in run.within(self.source, self.span) {
            let tag = trajectory.at(received.sample.t.seconds()).point_m(lever);
            let excess_m = (is - tag).norm() - (was - tag).norm();
            lengthen(&mut received.sample.reading, |id| {
                if is_of(id, self.anchor) {
                    excess_m
                } else {
                    0.0
                }
            });
        }
    }
}

impl AnchorBiases {
    pub(super) fn apply(&self, run: &mut Simulation, rng: &mut Rng) {
        let ids = run.site.anchors.iter().map(|a| a.id.clone());
        let biases: BTreeMap<String, f64> = ids.map(|id| (id, normal(rng, self.sigma_m))).collect();
        for received in run.within(self.source, Span::ALL) {
            lengthen(&mut received.sample.reading, |id| {
                biases.get(id.as_str()).copied().unwrap_or_default()
            });
        }
    }
}
