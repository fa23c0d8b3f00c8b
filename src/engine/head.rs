//! The head: the estimate now. It runs ahead of the guarded line by the samples that are not final yet.
//!
//! The guarded line applies each sample once, in final order, when the reordering delay has passed. Until
//! then samples wait in [`Pending`], and the head has applied them to a copy of the guarded line's
//! filter. A late sample takes the head back to its last checkpoint before that sample; where what
//! questions the estimate has changed it, the head begins anew from the guarded line. Either way the head
//! is a function of the guarded state and of the samples that wait: the order of their arrival is no part
//! of it.

use nalgebra::Matrix3;
use wayfix_filter::history::Key;
use wayfix_sensors::Sample;

use super::core::Core;
use super::report::Fate;
use super::setup::Setup;
use super::smooth::Shift;
use super::tracking::Tracking;

/// Samples between two checkpoints of the head.
const SPACING: usize = 6;
/// Checkpoints that the head holds at most.
const CHECKPOINTS: usize = 6;

/// Samples that are not final yet, in the order of their keys.
pub type Pending = std::collections::VecDeque<(Key, Sample)>;

/// What the head did since it was last asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// What the motion model carried it, by samples that are later than all it had applied before.
    pub carried: Shift,
    /// Fate of the sample that was asked for.
    pub fate: Option<Fate>,
    /// A fixpoint was refused: the guarded line has to decide on it.
    pub refused_fixpoint: bool,
    /// Covariance of the position before the first measurement that it applied.
    pub before: Option<Matrix3<f64>>,
}

/// The estimate now.
#[derive(Debug, Default)]
pub struct Head<const N: usize> {
    /// It; nothing where the guarded line has no single estimate.
    tracking: Option<Tracking<N>>,
    /// How many of the waiting samples it has applied.
    applied: usize,
    /// The most that were ever applied since it began: what is later is news.
    reached: usize,
    /// States after so many waiting samples, in ascending order.
    checkpoints: Vec<(usize, Tracking<N>)>,
    /// Memory of checkpoints that were dropped.
    spare: Vec<Tracking<N>>,
    /// What the guarded line had been changed to when it began.
    interventions: u64,
}

impl<const N: usize> Head<N> {
    /// The state, when there is one.
    #[must_use]
    pub fn tracking(&self) -> Option<&Tracking<N>> {
        self.tracking.as_ref()
    }

    /// A sample was put in its place among those that wait.
    pub fn inserted(&mut self, place: usize, guarded: &Core<N>) {
        if place >= self.applied {
            return;
        }
        while let Some((at, _)) = self.checkpoints.last()
            && *at > place
        {
            self.drop_last_checkpoint();
        }
        self.reached += 1;
        let Some(tracking) = &mut self.tracking else {
            return;
        };
        match self.checkpoints.last() {
            Some((at, kept)) => {
                tracking.clone_from(kept);
                self.applied = *at;
            }
            None => {
                tracking.copy_single(&guarded.tracking);
                self.applied = 0;
            }
        }
    }

    /// The first of the waiting samples has become final.
    pub fn advanced(&mut self) {
        self.reached = self.reached.saturating_sub(1);
        if self.applied == 0 {
            self.tracking = None;
            return;
        }
        self.applied -= 1;
        // What was kept before that sample is behind the guarded line now.
        while let Some((0, _)) = self.checkpoints.first() {
            let (_, kept) = self.checkpoints.remove(0);
            self.spare.push(kept);
        }
        for (at, _) in &mut self.checkpoints {
            *at -= 1;
        }
    }

    /// Brings it up to the newest of the waiting samples; the fate of `asked` is told.
    pub fn run(
        &mut self,
        setup: &Setup,
        guarded: &Core<N>,
        pending: &Pending,
        asked: Option<Key>,
    ) -> Run {
        let mut run = Run::default();
        let interventions = guarded.tracking.hypotheses.interventions();
        if !guarded.is_settled() {
            self.forget();
            return run;
        }
        if self.tracking.is_none() || self.interventions != interventions {
            self.begin_anew();
            let tracking = self.tracking.insert(self.spare.pop().unwrap_or_default());
            tracking.copy_single(&guarded.tracking);
            self.interventions = interventions;
        }
        let Some(tracking) = &mut self.tracking else {
            return run;
        };
        for (i, (key, sample)) in pending.iter().enumerate().skip(self.applied) {
            let applied = tracking.apply(setup, *key, sample, |r| guarded.distrusts(r));
            run.refused_fixpoint |= applied.refused_fixpoint;
            if asked == Some(*key) {
                run.fate = Some(applied.fate);
            }
            run.before = run.before.or(tracking.before_update);
            if i >= self.reached {
                run.carried = run.carried.then(&tracking.carried);
            }
            let last = self.checkpoints.last().map_or(0, |(at, _)| *at);
            if i + 1 - last >= SPACING {
                if self.checkpoints.len() == CHECKPOINTS {
                    let (_, oldest) = self.checkpoints.remove(0);
                    self.spare.push(oldest);
                }
                let mut kept = self.spare.pop().unwrap_or_default();
                kept.clone_from(tracking);
                self.checkpoints.push((i + 1, kept));
            }
        }
        self.applied = pending.len();
        self.reached = self.reached.max(self.applied);
        run
    }

    /// The guarded line was taken back: what waits is applied to it once more.
    pub fn begin_anew(&mut self) {
        self.tracking = None;
        self.applied = 0;
        while !self.checkpoints.is_empty() {
            self.drop_last_checkpoint();
        }
    }

    /// There is no single estimate to run ahead of.
    pub fn forget(&mut self) {
        self.tracking = None;
        self.applied = 0;
        self.reached = 0;
        self.checkpoints.clear();
    }

    fn drop_last_checkpoint(&mut self) {
        if let Some((_, kept)) = self.checkpoints.pop() {
            self.spare.push(kept);
        }
    }
}
