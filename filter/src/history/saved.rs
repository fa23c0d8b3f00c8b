//! What a history holds, to be kept and put back.

use super::{CheckpointSlot, Estimator, EventSlot, History, Key};

/// What decides besides events and checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Marks {
    closed: Option<Key>,
    since_checkpoint: usize,
}

/// Events and checkpoints that no history can have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit;

impl<Events, Checkpoints> History<Events, Checkpoints> {
    /// The events within the horizon, in the order of their keys.
    pub fn events<'a, E: 'a>(&'a self) -> impl Iterator<Item = &'a (Key, E)>
    where
        Events: AsRef<[EventSlot<E>]>,
    {
        (0..self.events.len).filter_map(|i| self.events.get(i))
    }

    /// The checkpoints, oldest first.
    pub fn checkpoints<'a, S: 'a>(&'a self) -> impl Iterator<Item = &'a (Option<Key>, S)>
    where
        Checkpoints: AsRef<[CheckpointSlot<S>]>,
    {
        (0..self.checkpoints.len).filter_map(|i| self.checkpoints.get(i))
    }

    /// The rest of what decides.
    #[must_use]
    pub fn marks(&self) -> Marks {
        // Memory, horizon and spacing are the caller's; they are the same in the next history.
        let Self {
            events: _,
            checkpoints: _,
            closed,
            horizon_ns: _,
            spacing: _,
            since_checkpoint,
        } = *self;
        Marks {
            closed,
            since_checkpoint,
        }
    }

    /// Fills an empty history with what another of the same size, horizon and spacing held. It then
    /// goes on as that one would have.
    ///
    /// # Errors
    /// Where no such history can have held this; then it is good for nothing.
    pub fn refill<S: Estimator>(
        &mut self,
        events: impl IntoIterator<Item = (Key, S::Event)>,
        checkpoints: impl IntoIterator<Item = (Option<Key>, S)>,
        marks: Marks,
    ) -> Result<(), Misfit>
    where
        Events: AsRef<[EventSlot<S::Event>]> + AsMut<[EventSlot<S::Event>]>,
        Checkpoints: AsRef<[CheckpointSlot<S>]> + AsMut<[CheckpointSlot<S>]>,
    {
        if self.events.len > 0 || self.checkpoints.len > 0 {
            return Err(Misfit);
        }
        let mut last = marks.closed;
        for (key, event) in events {
            if self.events.is_full() || last.is_some_and(|last| key <= last) {
                return Err(Misfit);
            }
            last = Some(key);
            self.events.push((key, event));
        }
        let newest = last;
        let mut last = None;
        for (i, (key, state)) in checkpoints.into_iter().enumerate() {
            let in_order = if i == 0 {
                key == marks.closed
            } else {
                key > last && key <= newest
            };
            if self.checkpoints.is_full() || !in_order {
                return Err(Misfit);
            }
            last = key;
            self.checkpoints.push((key, state));
        }
        if self.events.len > 0 && self.checkpoints.len == 0 {
            return Err(Misfit);
        }
        self.closed = marks.closed;
        self.since_checkpoint = marks.since_checkpoint;
        Ok(())
    }
}
