//! Solution separation: filters that each leave one group of measurements out.
//!
//! A fault of one group (a radio that lies, an anchor that was moved, a receiver that drifts, a clock that
//! is off) moves the estimate, but not the filter that leaves this group out. So how far the two are
//! apart bounds the fault's harm (Young & McGraw 2003), whatever the fault's course, slow ramps included.
//! A source is a group of its own; one with four or more targets is split into groups of those, since
//! single anchors fail more often than whole radios. A group is watched only while others place the
//! asset too: what is left without any absolute source says nothing.
//!
//! The subset filters ([`wayfix_filter::Subset`]) go along with the filter that they guard: they share its
//! transitions, noise and parameter slots, and differ in what they were fed.

use nalgebra::Matrix2;
use serde::{Deserialize, Serialize};
use wayfix_filter::measurement::MeasurementModel;
use wayfix_filter::{Block, Judge, Subset, Timestamp, View};

use super::core::Filter;
use super::groups::GroupId;
use super::protection::Case;

/// A group that is silent for so long is no longer watched \[s\].
const SILENT_S: f64 = 30.0;
/// When no other group has placed the asset for so long, there is nothing to compare with \[s\].
const UNAIDED_S: f64 = 30.0;
/// Two estimates are contradictory beyond this (χ², two components, one in a million) ...
const APART: f64 = 27.6;
/// ... for so long \[s\].
const APART_S: f64 = 1.0;

/// A filter that never sees one group.
#[derive(Debug, Serialize, Deserialize)]
struct Guard<const N: usize> {
    group: GroupId,
    filter: Box<Subset<N>>,
    heard: Timestamp,
    apart_since: Option<Timestamp>,
}

impl<const N: usize> Clone for Guard<N> {
    fn clone(&self) -> Self {
        let Self {
            group,
            filter,
            heard,
            apart_since,
        } = self;
        Self {
            group: *group,
            filter: filter.clone(),
            heard: *heard,
            apart_since: *apart_since,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        let Self {
            group,
            filter,
            heard,
            apart_since,
        } = from;
        self.group = *group;
        self.filter.clone_from(filter);
        self.heard = *heard;
        self.apart_since = *apart_since;
    }
}

/// The filters that leave one group out each.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SubsetFilters<const N: usize> {
    all: Vec<Guard<N>>,
    /// When each group last placed the asset.
    placed: Vec<(GroupId, Timestamp)>,
}

impl<const N: usize> Clone for SubsetFilters<N> {
    fn clone(&self) -> Self {
        let Self { all, placed } = self;
        Self {
            all: all.clone(),
            placed: placed.clone(),
        }
    }

    fn clone_from(&mut self, from: &Self) {
        let Self { all, placed } = from;
        self.all.clone_from(all);
        self.placed.clone_from(placed);
    }
}

impl<const N: usize> SubsetFilters<N> {
    /// Does the same to each.
    pub fn each(&mut self, f: impl Fn(&mut Subset<N>)) {
        self.all.iter_mut().for_each(|guard| f(&mut guard.filter));
    }

    /// Fuses a measurement in each that does not leave one of its groups out. `x` is what the guarded
    /// filter is now, the model has that filter's slots.
    pub fn update<const M: usize>(
        &mut self,
        x: &View,
        model: &impl MeasurementModel<M>,
        judge: &Judge,
        groups: [Option<GroupId>; 2],
    ) {
        let is_left_out = |group| groups.contains(&Some(group));
        for guard in self.all.iter_mut().filter(|g| !is_left_out(g.group)) {
            guard.filter.update(x, model, judge);
        }
    }

    /// Forgets all: the estimate has jumped.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// Notes that a measurement of a group is about to be used at `t`; true when the group is to be
    /// watched and is not yet. `places`: it places the asset itself.
    fn note(&mut self, group: GroupId, t: Timestamp, places: bool) -> bool {
        if places {
            match self.placed.iter_mut().find(|(g, _)| *g == group) {
                Some((_, last)) => *last = t,
                None => self.placed.push((group, t)),
            }
        }
        let placed = &self.placed;
        let is_aided = |of: GroupId| {
            let others = placed.iter().filter(|(g, _)| *g != of);
            let last = others.map(|(_, last)| *last).max();
            last.is_some_and(|last| t.seconds_since(last) < UNAIDED_S)
        };
        self.all
            .retain(|g| t.seconds_since(g.heard) < SILENT_S && is_aided(g.group));
        match self.all.iter_mut().find(|g| g.group == group) {
            Some(guard) => {
                guard.heard = t;
                false
            }
            None => is_aided(group),
        }
    }

    /// The states of the world in which one group is wrong, each with this probability.
    pub fn cases(&self, probability: f64) -> impl Iterator<Item = Case> {
        self.all.iter().map(move |guard| {
            let d = guard.filter.separation_n();
            let p = guard.filter.covariance(Block::Position, Block::Position);
            Case::new(probability, [d.xy().norm(), d.z.abs()], &p)
        })
    }

    /// Compares each with the filter that it guards; tells of each group whether it contradicts the
    /// others.
    pub fn compare(&mut self, t: Timestamp, mut tell: impl FnMut(GroupId, bool)) {
        for guard in &mut self.all {
            let d = guard.filter.separation_n().xy();
            let p = guard.filter.covariance(Block::Position, Block::Position);
            let p: Matrix2<f64> = p.fixed_view::<2, 2>(0, 0).into_owned();
            let is_apart = p.cholesky().is_some_and(|l| d.dot(&l.solve(&d)) > APART);
            if !is_apart {
                guard.apart_since = None;
            }
            let since = guard.apart_since.unwrap_or(t);
            if is_apart {
                guard.apart_since = Some(since);
            }
            tell(guard.group, is_apart && t.seconds_since(since) >= APART_S);
        }
    }
}

/// A measurement of a group is about to be used on `filter`: from now on the group is watched, when
/// another one placed the asset lately.
pub fn attend<const N: usize>(filter: &mut Filter<N>, group: GroupId, t: Timestamp, places: bool) {
    let (_, companions) = filter.split();
    if companions.subsets.note(group, t, places) {
        let subset = Box::new(Subset::of(filter));
        let (_, companions) = filter.split();
        companions.subsets.all.push(Guard {
            group,
            filter: subset,
            heard: t,
            apart_since: None,
        });
    }
}

/// Updates a filter, and the subset filters that do not leave one of the measurement's groups out.
pub fn fuse<const N: usize, const M: usize>(
    filter: &mut Filter<N>,
    model: &impl MeasurementModel<M>,
    judge: &Judge,
    groups: [Option<GroupId>; 2],
) -> wayfix_filter::Report {
    let report = filter.update(model, judge);
    let (x, companions) = filter.split();
    companions.subsets.update(&x, model, judge, groups);
    report
}

/// No group: all subset filters see it.
pub const OF_NO_GROUP: [Option<GroupId>; 2] = [None; 2];
