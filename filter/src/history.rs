//! Late, out-of-order and duplicate events: fused at their own time, whatever the order in which
//! they arrive.
//!
//! Events are kept in the order of their [`Key`]; now and then the whole estimator is kept too (a
//! checkpoint). An event that belongs before others takes the estimator back to the last checkpoint
//! before it, and everything since is applied again. So the state is a function of the *set* of
//! events within the horizon: any arrival order gives the same bits. An event older than the oldest
//! checkpoint is refused as too late, one that is already there as a duplicate.
//!
//! The caller brings the memory: two slices (arrays in a controller, boxed slices elsewhere).

mod saved;

use core::cmp::Ordering;

use crate::Timestamp;

pub use saved::{Marks, Misfit};

/// Place of an event in time; ties go by source and content, never by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Key {
    /// When it was measured.
    pub t: Timestamp,
    /// Which source.
    pub source: u16,
    /// Tells events of one source and time apart: a sequence number of the device, or a hash of the
    /// content.
    pub content: u64,
}

/// An estimator that can be taken back: cloned at checkpoints, fed with events.
pub trait Estimator: Clone {
    /// What never changes while it runs (geometry, settings).
    type Context;
    /// What it is fed with.
    type Event: Copy;
    /// What it answers.
    type Output;
    /// Applies one event; must depend on nothing but the arguments.
    fn apply(&mut self, context: &Self::Context, key: Key, event: &Self::Event) -> Self::Output;
}

/// Why an event was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Older than anything that can still be taken back.
    TooLate,
    /// The same event was there before.
    Duplicate,
}

/// Memory of one event.
pub type EventSlot<E> = Option<(Key, E)>;

/// Memory of one checkpoint: the state after all events up to the key (`None`: before the first).
pub type CheckpointSlot<S> = Option<(Option<Key>, S)>;

/// Events and checkpoints within the horizon.
#[derive(Debug)]
pub struct History<Events, Checkpoints> {
    events: Ring<Events>,
    checkpoints: Ring<Checkpoints>,
    /// Key of the newest event that was dropped for age: nothing at or before it is taken.
    closed: Option<Key>,
    horizon_ns: i64,
    spacing: usize,
    since_checkpoint: usize,
}

impl<Events, Checkpoints> History<Events, Checkpoints> {
    /// A history over the given memory: events up to `horizon_s` old are taken, and a checkpoint is
    /// made every `spacing` events, but no more often than the memory for checkpoints lasts. Where the memory is too small for the horizon, the horizon is
    /// what the memory holds.
    pub fn new(events: Events, checkpoints: Checkpoints, horizon_s: f64, spacing: usize) -> Self {
        Self {
            events: Ring {
                slots: events,
                head: 0,
                len: 0,
            },
            checkpoints: Ring {
                slots: checkpoints,
                head: 0,
                len: 0,
            },
            closed: None,
            horizon_ns: Timestamp::from_seconds(horizon_s.max(0.0)).0,
            spacing: spacing.max(1),
            since_checkpoint: 0,
        }
    }

    /// Puts an event in its place and brings `state` up to date. `output` receives what the
    /// estimator answered to this event (`true`) and to every later one that was applied again
    /// (`false`).
    ///
    /// # Errors
    /// Where the event is too late or a duplicate; `state` is then as it was.
    pub fn insert<S: Estimator>(
        &mut self,
        state: &mut S,
        context: &S::Context,
        key: Key,
        event: S::Event,
        mut output: impl FnMut(bool, S::Output),
    ) -> Result<(), Refused>
    where
        Events: AsRef<[EventSlot<S::Event>]> + AsMut<[EventSlot<S::Event>]>,
        Checkpoints: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        let limit = self.events.last().map(|(newest, _)| self.limit(newest.t));
        if self.closed.is_some_and(|closed| key <= closed) || limit.is_some_and(|l| key.t < l) {
            return Err(Refused::TooLate);
        }
        let place = self.place(key)?;
        if self.checkpoints.len == 0 {
            self.checkpoints.push((None, state.clone()));
        }
        if self.events.is_full() {
            self.drop_oldest_checkpoint(state);
            return self.insert(state, context, key, event, output);
        }
        self.events.insert(place, (key, event));
        let newest = place + 1 == self.events.len;
        let first = if newest {
            place
        } else {
            self.rewind(state, key)
        };
        for i in first..self.events.len {
            let Some((k, e)) = self.events.get(i).copied() else {
                continue;
            };
            output(i == place, state.apply(context, k, &e));
            self.note_applied(state, k);
        }
        if newest {
            self.forget(state, key.t);
        }
        Ok(())
    }

    /// Whether an event at `now` would find the memory full, and could only be taken by letting go of
    /// events that are within the horizon: unless [`Self::enlarge`] gives more memory first.
    pub fn is_short<S: Estimator>(&self, now: Timestamp) -> bool
    where
        Events: AsRef<[EventSlot<S::Event>]>,
        Checkpoints: AsRef<[CheckpointSlot<S>]>,
    {
        // Events go with the checkpoint that replays them: up to the next one.
        let next = self.checkpoints.get(1).and_then(|(k, _)| *k);
        self.events.is_full() && next.is_none_or(|k| k.t >= self.limit(now))
    }

    /// Number of events that the memory holds.
    pub fn room<E>(&self) -> usize
    where
        Events: AsRef<[EventSlot<E>]>,
    {
        self.events.slots.as_ref().len()
    }

    /// Takes larger memory for events; that which it had is given back. Memory that is too small for
    /// what is held is not taken.
    pub fn enlarge<E>(&mut self, mut memory: Events) -> Events
    where
        Events: AsRef<[EventSlot<E>]> + AsMut<[EventSlot<E>]>,
    {
        if memory.as_ref().len() <= self.events.len {
            return memory;
        }
        for i in 0..self.events.len {
            let at = self.events.at(i);
            memory.as_mut()[i] = self.events.slots.as_mut()[at].take();
        }
        self.events.head = 0;
        core::mem::replace(&mut self.events.slots, memory)
    }

    /// Index at which the key belongs.
    fn place<E>(&self, key: Key) -> Result<usize, Refused>
    where
        Events: AsRef<[EventSlot<E>]>,
    {
        let mut i = self.events.len;
        while let Some((k, _)) = i.checked_sub(1).and_then(|i| self.events.get(i)) {
            match k.cmp(&key) {
                Ordering::Less => break,
                Ordering::Equal => return Err(Refused::Duplicate),
                Ordering::Greater => i -= 1,
            }
        }
        Ok(i)
    }

    /// Takes the state back to the last checkpoint before `key`; returns the first event after it.
    fn rewind<S: Estimator>(&mut self, state: &mut S, key: Key) -> usize
    where
        Events: AsRef<[EventSlot<S::Event>]>,
        Checkpoints: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        while self.checkpoints.len > 1
            && self
                .checkpoints
                .last()
                .is_some_and(|(k, _)| k.is_some_and(|k| k > key))
        {
            self.checkpoints.pop_back();
        }
        let Some((at, kept)) = self.checkpoints.last() else {
            return 0;
        };
        state.clone_from(kept);
        let at = *at;
        self.since_checkpoint = 0;
        (0..self.events.len)
            .rev()
            .find(|&i| {
                self.events
                    .get(i)
                    .is_some_and(|(k, _)| at.is_some_and(|at| *k <= at))
            })
            .map_or(0, |i| i + 1)
    }

    fn note_applied<S: Estimator>(&mut self, state: &S, key: Key)
    where
        Checkpoints: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        self.since_checkpoint += 1;
        // So many fit within the horizon that there is always room for one more.
        let fit = self
            .checkpoints
            .slots
            .as_ref()
            .len()
            .saturating_sub(3)
            .max(1);
        let gap_ns = self.horizon_ns / fit as i64;
        let last = self.checkpoints.last().and_then(|(k, _)| *k);
        let is_apart = last.is_none_or(|last| key.t.0.saturating_sub(last.t.0) >= gap_ns);
        if self.since_checkpoint >= self.spacing && is_apart && !self.checkpoints.is_full() {
            self.since_checkpoint = 0;
            self.checkpoints.push_clone(Some(key), state);
        }
    }

    /// The oldest time that is still taken.
    fn limit(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(self.horizon_ns))
    }

    /// Lets go of what is older than the horizon.
    fn forget<S: Estimator>(&mut self, state: &S, now: Timestamp)
    where
        Events: AsRef<[EventSlot<S::Event>]> + AsMut<[EventSlot<S::Event>]>,
        Checkpoints: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        let limit = self.limit(now);
        while self.checkpoints.len > 1
            && self
                .checkpoints
                .get(1)
                .is_some_and(|(k, _)| k.is_some_and(|k| k.t < limit))
        {
            self.drop_oldest_checkpoint(state);
        }
        if self.checkpoints.is_full() && self.checkpoints.len > 2 {
            // Rather replay more for the latest of the late than shorten the horizon: the second
            // oldest goes.
            self.checkpoints.swap(0, 1);
            self.checkpoints.pop_front();
        }
    }

    /// Drops the oldest checkpoint and the events that only it could replay. Where it is the only
    /// one, the present takes its place.
    fn drop_oldest_checkpoint<S: Estimator>(&mut self, state: &S)
    where
        Events: AsRef<[EventSlot<S::Event>]> + AsMut<[EventSlot<S::Event>]>,
        Checkpoints: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        self.checkpoints.pop_front();
        if self.checkpoints.len == 0 {
            let newest = self.events.last().map(|(k, _)| *k);
            self.checkpoints.push_clone(newest, state);
            self.since_checkpoint = 0;
        }
        let Some(at) = self.checkpoints.get(0).and_then(|(k, _)| *k) else {
            return;
        };
        while self.events.get(0).is_some_and(|(k, _)| *k <= at) {
            self.events.pop_front();
        }
        self.closed = Some(at);
    }
}

/// A queue over borrowed or owned slots.
#[derive(Debug)]
struct Ring<Slots> {
    slots: Slots,
    head: usize,
    len: usize,
}

impl<Slots> Ring<Slots> {
    fn at<T>(&self, i: usize) -> usize
    where
        Slots: AsRef<[Option<T>]>,
    {
        (self.head + i) % self.slots.as_ref().len()
    }

    fn is_full<T>(&self) -> bool
    where
        Slots: AsRef<[Option<T>]>,
    {
        self.len >= self.slots.as_ref().len()
    }

    fn get<T>(&self, i: usize) -> Option<&T>
    where
        Slots: AsRef<[Option<T>]>,
    {
        if i >= self.len {
            return None;
        }
        self.slots.as_ref()[self.at(i)].as_ref()
    }

    fn last<T>(&self) -> Option<&T>
    where
        Slots: AsRef<[Option<T>]>,
    {
        self.get(self.len.checked_sub(1)?)
    }

    fn push<T>(&mut self, value: T)
    where
        Slots: AsRef<[Option<T>]> + AsMut<[Option<T>]>,
    {
        let at = self.at(self.len);
        self.slots.as_mut()[at] = Some(value);
        self.len += 1;
    }

    /// Inserts before position `i`; the later ones move up by one.
    fn insert<T>(&mut self, i: usize, value: T)
    where
        Slots: AsRef<[Option<T>]> + AsMut<[Option<T>]>,
    {
        self.push(value);
        for k in (i + 1..self.len).rev() {
            self.swap(k - 1, k);
        }
    }

    fn swap<T>(&mut self, i: usize, k: usize)
    where
        Slots: AsRef<[Option<T>]> + AsMut<[Option<T>]>,
    {
        let (a, b) = (self.at(i), self.at(k));
        self.slots.as_mut().swap(a, b);
    }

    fn pop_back(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    fn pop_front<T>(&mut self)
    where
        Slots: AsRef<[Option<T>]>,
    {
        if self.len > 0 {
            self.head = self.at(1);
            self.len -= 1;
        }
    }
}

impl<Slots> Ring<Slots> {
    /// Puts memory that was used before into a free place that has none: the ring walks on, but takes
    /// no more memory than the most that was ever in use at once.
    fn reuse<T>(&mut self, place: usize)
    where
        Slots: AsRef<[Option<T>]> + AsMut<[Option<T>]>,
    {
        if self.slots.as_ref()[place].is_some() {
            return;
        }
        let all = self.slots.as_ref().len();
        let free = (self.len..all).map(|i| self.at(i));
        let used = free.clone().find(|i| self.slots.as_ref()[*i].is_some());
        if let Some(used) = used {
            self.slots.as_mut().swap(place, used);
        }
    }

    /// Appends a copy of the state, into the memory of the one that was there before.
    fn push_clone<S: Clone>(&mut self, key: Option<Key>, state: &S)
    where
        Slots: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        let at = self.at(self.len);
        self.reuse(at);
        match &mut self.slots.as_mut()[at] {
            Some((k, kept)) => {
                *k = key;
                kept.clone_from(state);
            }
            empty => *empty = Some((key, state.clone())),
        }
        self.len += 1;
    }
}

#[cfg(test)]
mod tests;
