//! Solution separation: filters that each never see one group of measurements.
//!
//! A fault of one group (an anchor that was moved, a receiver with reflections, a clock that is off)
//! moves the estimate, but not the filter that leaves this group out. So how far the two are apart
//! bounds the fault's harm (Young & McGraw 2003), whatever the fault's course, slow ramps included.
//! A source is a group of its own; one with four or more targets is split into groups of those, since
//! single anchors fail more often than whole radios. A group is watched only while others place the
//! asset too: what is left without any absolute source says nothing.

use nalgebra::Matrix2;
use serde::{Deserialize, Serialize};
use wayfix_filter::smoother::Tape;
use wayfix_filter::{Block, Timestamp};

use super::core::Filter;
use super::groups::GroupId;
use super::protection::Case;

/// Without a measurement of its group for so long, a filter has nothing to watch \[s\].
const SILENT_S: f64 = 30.0;
/// Without any other group that places the asset for so long, it has nothing to compare with \[s\].
const UNAIDED_S: f64 = 30.0;
/// Two estimates are contradictory beyond this (χ², two components, one in a million) ...
const APART: f64 = 27.6;
/// ... for so long \[s\].
const APART_S: f64 = 1.0;

/// A filter that never sees one group.
#[derive(Debug, Serialize, Deserialize)]
struct Watcher {
    group: GroupId,
    filter: Box<Filter>,
    heard: Timestamp,
    apart_since: Option<Timestamp>,
}

impl Clone for Watcher {
    fn clone(&self) -> Self {
        Self {
            group: self.group,
            filter: self.filter.clone(),
            heard: self.heard,
            apart_since: self.apart_since,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.group = from.group;
        self.filter.clone_from(&from.filter);
        self.heard = from.heard;
        self.apart_since = from.apart_since;
    }
}

/// The filters that leave one group out each.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Watchers {
    all: Vec<Watcher>,
    /// When each group last placed the asset.
    placed: Vec<(GroupId, Timestamp)>,
}

impl Clone for Watchers {
    fn clone(&self) -> Self {
        Self {
            all: self.all.clone(),
            placed: self.placed.clone(),
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.all.clone_from(&from.all);
        self.placed.clone_from(&from.placed);
    }
}

impl Watchers {
    /// All filters, to be carried along.
    pub fn filters_mut(&mut self) -> impl Iterator<Item = &mut Filter> {
        self.all.iter_mut().map(|w| &mut *w.filter)
    }

    /// A measurement of a group is about to be used on the estimate `full`: from now on the group is
    /// watched, where another one placed the asset lately. `places`: it places the asset itself.
    pub fn attend(&mut self, group: GroupId, t: Timestamp, places: bool, full: &Filter) {
        if places {
            match self.placed.iter_mut().find(|(g, _)| *g == group) {
                Some((_, last)) => *last = t,
                None => self.placed.push((group, t)),
            }
        }
        let is_aided = |of: GroupId| {
            let others = self.placed.iter().filter(|(g, _)| *g != of);
            let last = others.map(|(_, last)| *last).max();
            last.is_some_and(|last| t.seconds_since(last) < UNAIDED_S)
        };
        self.all
            .retain(|w| t.seconds_since(w.heard) < SILENT_S && is_aided(w.group));
        match self.all.iter_mut().find(|w| w.group == group) {
            Some(watcher) => watcher.heard = t,
            None if is_aided(group) => {
                let mut filter = Box::new(full.clone());
                filter.set_journal(Tape::default());
                self.all.push(Watcher {
                    group,
                    filter,
                    heard: t,
                    apart_since: None,
                });
            }
            None => {}
        }
    }

    /// Updates those whose group a measurement is not of.
    pub fn update<R>(
        &mut self,
        is_of: impl Fn(GroupId) -> bool,
        mut update: impl FnMut(&mut Filter) -> R,
    ) {
        for watcher in self.all.iter_mut().filter(|w| !is_of(w.group)) {
            update(&mut watcher.filter);
        }
    }

    /// Forgets all: the estimate has jumped.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// The states of the world in which one group is wrong, each with this probability.
    pub fn cases(&self, full: &Filter, probability: f64) -> impl Iterator<Item = Case> {
        self.all
            .iter()
            .map(move |w| Case::apart(probability, full, &w.filter))
    }

    /// Compares each with the estimate; tells of each group whether it contradicts the others.
    pub fn compare(&mut self, full: &Filter, t: Timestamp, mut tell: impl FnMut(GroupId, bool)) {
        for watcher in &mut self.all {
            let d = (full.nav().p_n - watcher.filter.nav().p_n).xy();
            let p = watcher.filter.covariance(Block::Position, Block::Position);
            let p: Matrix2<f64> = p.fixed_view::<2, 2>(0, 0).into_owned();
            let is_apart = p.cholesky().is_some_and(|l| d.dot(&l.solve(&d)) > APART);
            if !is_apart {
                watcher.apart_since = None;
            }
            let since = watcher.apart_since.unwrap_or(t);
            if is_apart {
                watcher.apart_since = Some(since);
            }
            tell(watcher.group, is_apart && t.seconds_since(since) >= APART_S);
        }
    }
}
