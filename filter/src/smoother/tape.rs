//! What happened to an error state, as a chain from the newest back: filters that were copied share
//! what they have in common, and one that is taken back takes its chain along.

use std::boxed::Box;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::Vec;

use arrayvec::ArrayVec;
use nalgebra::{Matrix3, SVector, Vector3};

use super::adjoint::{Adjoint, Smoothed};
use crate::Timestamp;
use crate::covariance::{Entry, MOVED, Transition, forward_substitute};
use crate::filter::Filter;
use crate::journal::{Correction, Journal, Settled};
use crate::state::{Nav, Slot};

/// A chain of what happened; off until [`Tape::recording`] is set as a filter's journal.
#[derive(Clone, Default)]
pub struct Tape {
    is_on: bool,
    last: Option<Arc<Node>>,
    /// Decaying parameters of the last prediction, shared while they stay the same.
    decays: Option<Arc<[(u16, f64)]>>,
    marked: Option<Timestamp>,
    bytes: usize,
}

impl AsRef<Tape> for Tape {
    fn as_ref(&self) -> &Tape {
        self
    }
}

impl AsMut<Tape> for Tape {
    fn as_mut(&mut self) -> &mut Tape {
        self
    }
}

impl core::fmt::Debug for Tape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Tape({} bytes)", self.bytes)
    }
}

/// What was is not kept: whoever goes on from a state begins a past of its own.
#[cfg(feature = "serde")]
impl serde::Serialize for Tape {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_unit()
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Tape {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <()>::deserialize(from).map(|()| Self::default())
    }
}

#[derive(Debug)]
struct Node {
    /// A lock, so that a chain can be cut off behind what is still needed.
    before: Mutex<Option<Arc<Node>>>,
    event: Event,
}

impl Node {
    fn before(&self) -> Option<Arc<Self>> {
        let before = self.before.lock();
        before.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn cut(&self) {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = before.take();
        drop(before);
        drop(cut);
    }
}

/// One after the other: a chain is longer than any stack.
impl Drop for Node {
    fn drop(&mut self) {
        let take = |node: &mut Self| {
            let before = node.before.get_mut();
            before.unwrap_or_else(PoisonError::into_inner).take()
        };
        let mut next = take(self);
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = take(&mut node);
        }
    }
}

#[derive(Debug)]
enum Event {
    Predicted(Box<Prediction>),
    Updated(Update),
    Turned(Vector3<f64>),
    Cleared(u16),
    Moved {
        from: u16,
        to: u16,
    },
    Marked(Box<Mark>),
    /// Another state begins here, which nothing ties to what was before.
    Began,
}

#[derive(Debug)]
struct Prediction {
    /// What each block is, row by row.
    kinds: [Kind; 15],
    carry_s: f64,
    dt_s: f64,
    /// The numbers of the blocks, and after them nine for each parameter.
    numbers: Box<[f64]>,
    slots: ArrayVec<u16, { crate::covariance::MAX_TERMS }>,
    decays: Option<Arc<[(u16, f64)]>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Zero,
    Identity,
    Scaled,
    Full,
}

impl Prediction {
    fn new(f: &Transition, dt_s: f64, decays: Option<Arc<[(u16, f64)]>>) -> Self {
        let mut kinds = [Kind::Zero; 15];
        let mut numbers = Vec::with_capacity(40);
        for (kind, entry) in kinds.iter_mut().zip(f.blocks.iter().flatten()) {
            *kind = match entry {
                Entry::Zero => Kind::Zero,
                Entry::Identity => Kind::Identity,
                Entry::Scaled(a) => {
                    numbers.push(*a);
                    Kind::Scaled
                }
                Entry::Full(m) => {
                    numbers.extend(m.iter());
                    Kind::Full
                }
            };
        }
        let mut slots = ArrayVec::new();
        for (slot, g) in &f.parameters {
            slots.push(slot.0);
            numbers.extend(g.iter());
        }
        Self {
            kinds,
            carry_s: f.carry_s,
            dt_s,
            numbers: numbers.into_boxed_slice(),
            slots,
            decays,
        }
    }

    fn transition(&self) -> Transition {
        let mut numbers = self.numbers.iter().copied();
        let mut next = || numbers.next().unwrap_or_default();
        let mut f = Transition::of([[Entry::Zero; 5]; 3]);
        for (entry, kind) in f.blocks.iter_mut().flatten().zip(self.kinds) {
            *entry = match kind {
                Kind::Zero => Entry::Zero,
                Kind::Identity => Entry::Identity,
                Kind::Scaled => Entry::Scaled(next()),
                Kind::Full => Entry::Full(Matrix3::from_fn(|_, _| 0.0).map(|_: f64| next())),
            };
        }
        for slot in &self.slots {
            let g = SVector::<f64, MOVED>::from_fn(|_, _| next());
            f.parameters.push((Slot(*slot), g));
        }
        f.carry_s = self.carry_s;
        f
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.numbers)
    }
}

/// An update: W, H̃ and r̃ of the module's equations.
#[derive(Debug)]
pub(super) struct Update {
    /// States in use.
    pub n: usize,
    m: usize,
    /// Columns of W, r̃, and then the rows of H̃ᵀ that are not zero.
    numbers: Box<[f64]>,
    indices: Box<[u16]>,
}

impl Update {
    fn new<const N: usize, const M: usize>(correction: &Correction<'_, N, M>) -> Self {
        let Correction {
            n,
            h,
            w,
            l,
            residual,
        } = *correction;
        let mut numbers = Vec::with_capacity(M * (n + 8));
        w.iter().for_each(|w| numbers.extend(&w[..n]));
        numbers.extend(forward_substitute(l, residual).iter());
        let mut indices = Vec::with_capacity(8);
        let mut add = |index: usize, column: &SVector<f64, M>| {
            indices.push(index as u16);
            numbers.extend(forward_substitute(l, column).iter());
        };
        for (block, columns) in h.blocks() {
            for i in 0..3 {
                add(block.start() + i, &columns.column(i).into_owned());
            }
        }
        for (slot, column) in h.parameters() {
            add(slot.index(), column);
        }
        Self {
            n,
            m: M,
            numbers: numbers.into_boxed_slice(),
            indices: indices.into_boxed_slice(),
        }
    }

    pub fn dimension(&self) -> usize {
        self.m
    }

    /// Column k of W.
    pub fn w(&self, k: usize) -> &[f64] {
        &self.numbers[k * self.n..(k + 1) * self.n]
    }

    /// r̃.
    pub fn whitened(&self) -> &[f64] {
        &self.numbers[self.m * self.n..self.m * (self.n + 1)]
    }

    /// The columns of H̃ that are not zero, with their places in the error state.
    pub fn h(&self) -> impl Iterator<Item = (usize, &[f64])> {
        let columns = self.numbers[self.m * (self.n + 1)..].chunks_exact(self.m);
        self.indices.iter().map(|i| usize::from(*i)).zip(columns)
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.numbers) + size_of_val(&*self.indices)
    }
}

/// The filter's estimate at a moment that is asked for.
#[derive(Debug)]
pub(super) struct Mark {
    pub t: Timestamp,
    pub nav: Nav,
    /// States in use.
    pub n: usize,
    /// The moved rows of P, each of `n`.
    pub rows: Box<[f64]>,
}

impl Tape {
    /// One that is written; what happened to `before` is what was before it began.
    #[must_use]
    pub fn recording(before: Option<&Self>) -> Self {
        let mut tape = before.cloned().unwrap_or_default();
        if tape.last.is_some() {
            tape.is_on = true;
            tape.push(Event::Began, 0);
        }
        Self {
            is_on: true,
            decays: None,
            ..tape
        }
    }

    /// Whether it is written.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Memory of all that was written \[bytes\], whether it is still kept or was cut off.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, event: Event, more_bytes: usize) {
        // Two counters precede what an Arc holds.
        self.bytes += size_of::<Node>() + 2 * size_of::<usize>() + more_bytes;
        self.last = Some(Arc::new(Node {
            before: Mutex::new(self.last.take()),
            event,
        }));
    }

    /// Goes back over all marks, the newest first, until `take` says that it is enough.
    fn back<const N: usize>(&self, mut take: impl FnMut(Smoothed, &Node) -> bool) {
        let mut adjoint = Adjoint::<N>::new();
        let mut at = self.last.clone();
        while let Some(node) = at {
            match &node.event {
                Event::Predicted(step) => {
                    for (index, time_s) in step.decays.iter().flat_map(|d| d.iter()) {
                        let keep = libm::exp(-step.dt_s / time_s);
                        adjoint.before_decay(usize::from(*index), keep);
                    }
                    adjoint.before_prediction(&step.transition());
                }
                Event::Updated(update) => adjoint.before_update(update),
                Event::Turned(delta_b) => adjoint.before_turn(delta_b),
                Event::Cleared(index) => adjoint.before_clear(usize::from(*index)),
                Event::Moved { from, to } => {
                    adjoint.before_move(usize::from(*from), usize::from(*to));
                }
                Event::Marked(mark) => {
                    if !take(adjoint.smoothed(mark), &node) {
                        return;
                    }
                }
                Event::Began => adjoint = Adjoint::new(),
            }
            at = node.before();
        }
    }
}

impl<const N: usize> Journal<N> for Tape {
    fn predicted(&mut self, _: usize, step: &Settled<'_, N>) {
        if !self.is_on {
            return;
        }
        if self.decays.is_none() {
            self.decays = Some(step.decays.into());
        }
        let prediction = Prediction::new(step.transition, step.dt_s, self.decays.clone());
        let bytes = prediction.bytes();
        self.push(Event::Predicted(Box::new(prediction)), bytes);
    }

    fn updated<const M: usize>(&mut self, correction: &Correction<'_, N, M>) {
        if self.is_on {
            let update = Update::new(correction);
            let bytes = update.bytes();
            self.push(Event::Updated(update), bytes);
        }
    }

    fn turned(&mut self, delta_b: &Vector3<f64>) {
        if self.is_on {
            self.push(Event::Turned(*delta_b), 0);
        }
    }

    fn cleared(&mut self, index: usize, _: f64) {
        if self.is_on {
            self.decays = None;
            self.push(Event::Cleared(index as u16), 0);
        }
    }

    fn moved(&mut self, from: usize, to: usize) {
        if self.is_on {
            self.decays = None;
            let (from, to) = (from as u16, to as u16);
            self.push(Event::Moved { from, to }, 0);
        }
    }
}

impl<const N: usize, J: Journal<N> + AsRef<Tape> + AsMut<Tape>> Filter<N, J> {
    /// Marks the state as one that will be asked for, unless one was marked less than `period_s` ago.
    /// Only a state whose covariance is up to date can be marked, as it is after an update: what lies
    /// between is interpolated, and the filter goes on with the same bits whether it is marked or not.
    pub fn mark(&mut self, period_s: f64) {
        let (t, n) = (self.t(), self.len());
        let tape = self.journal().as_ref();
        // A thousandth of tolerance: a rate of the sensor's own is not halved by jitter.
        let is_due = (tape.marked).is_none_or(|last| t.seconds_since(last) >= 0.999 * period_s);
        if !tape.is_on || !is_due || !self.is_settled() {
            return;
        }
        let rows = (0..MOVED).flat_map(|i| (0..n).map(move |j| (i, j)));
        let mark = Mark {
            t,
            nav: *self.nav(),
            n,
            rows: rows.map(|(i, j)| self.cross(i, j)).collect(),
        };
        let bytes = size_of::<Mark>() + size_of_val(&*mark.rows);
        let (_, journal) = self.split();
        let tape = journal.as_mut();
        tape.marked = Some(t);
        tape.push(Event::Marked(Box::new(mark)), bytes);
    }

    /// All marked states as all measurements show them, the oldest first.
    #[must_use]
    pub fn smoothed(&self) -> Vec<Smoothed> {
        let mut all = Vec::new();
        self.journal().as_ref().back::<N>(|smoothed, _| {
            all.push(smoothed);
            true
        });
        all.reverse();
        all
    }

    /// The newest marked state that is at least `lag_s` old, as all measurements since show it
    /// (fixed-lag smoothing). What lies behind it is let go.
    #[must_use]
    pub fn smoothed_behind(&self, lag_s: f64) -> Option<Smoothed> {
        let until = self.t().shifted(-lag_s);
        let mut found = None;
        self.journal().as_ref().back::<N>(|smoothed, node| {
            if smoothed.t > until {
                return true;
            }
            node.cut();
            found = Some(smoothed);
            false
        });
        found
    }
}
