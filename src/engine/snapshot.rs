//! The whole state of an engine, to be kept and taken up again: the continued run equals the
//! uninterrupted one bit for bit.

use std::collections::VecDeque;

use nalgebra::Matrix3;
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_filter::history::{Key, Marks};
use wayfix_sensors::Sample;

use super::core::Core;
use super::head::Pending;
use super::health::Watch;
use super::reordering::Reordering;
use super::report::ResetCause;
use super::sealed::{Content, Fingerprints, open, reads_alike, seal};
use super::setup::SetupError;
use super::smooth::Follower;
use super::timeline::Timeline;
use super::told::{Told, ToldFindings};
use super::{EngineOf, MOST_EVENTS, room};
use crate::config::{Site, Vehicle};

/// Why a snapshot was not written or not taken up.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The bytes are something else.
    #[error("this is no snapshot of Wayfix; state the file that --snapshot wrote")]
    NoSnapshot,
    /// Cut, changed or longer than it was.
    #[error("the snapshot is damaged ({0}); make a new one")]
    Damaged(String),
    /// Of another version of the program.
    #[error("the snapshot has format {0}, which this version does not read; make a new one")]
    OtherVersion(u16),
    /// Of an engine alone where a replay is asked for, or the other way round.
    #[error("the snapshot is not of {0}; state one that is")]
    OtherContent(&'static str),
    /// Of another site or vehicle.
    #[error("the snapshot was made with another {0}; use that file, or make a new snapshot")]
    Foreign(&'static str),
    /// The state has other fields than this build's.
    #[error("the snapshot was made by another build of this version; make a new one")]
    OtherBuild,
    /// A state that no engine can have been in.
    #[error("the snapshot holds a state that can't be ({0}); make a new one")]
    Impossible(&'static str),
    /// The log that is to be continued does not begin as the one that was read.
    #[error("the snapshot was made from another log (or other truth); use that one")]
    OtherLog,
    /// The two files don't fit together.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The state can't be written.
    #[error("the state can't be kept: {0}")]
    NotWritable(String),
}

/// Everything that decides later bits, as it is written.
#[derive(Serialize)]
pub(crate) struct Saved<'a, const N: usize> {
    core: &'a Core<N>,
    events: Vec<&'a (Key, Sample)>,
    checkpoints: Vec<&'a (Option<Key>, Core<N>)>,
    marks: Marks,
    timeline: &'a Timeline,
    clocks: &'a Watch,
    follower: &'a Follower,
    told_resets: &'a Told<(Timestamp, ResetCause)>,
    told_findings: &'a ToldFindings,
    pending: &'a Pending,
    reordering: &'a Reordering,
    final_key: Option<Key>,
    is_above: bool,
    last_p: Option<Matrix3<f64>>,
}

/// The same as it is read.
#[derive(Deserialize)]
pub(crate) struct Kept<const N: usize> {
    core: Box<Core<N>>,
    events: VecDeque<(Key, Sample)>,
    checkpoints: VecDeque<(Option<Key>, Core<N>)>,
    marks: Marks,
    timeline: Timeline,
    clocks: Watch,
    follower: Follower,
    told_resets: Told<(Timestamp, ResetCause)>,
    told_findings: ToldFindings,
    pending: Pending,
    reordering: Reordering,
    final_key: Option<Key>,
    is_above: bool,
    last_p: Option<Matrix3<f64>>,
}

impl<const N: usize> EngineOf<N> {
    /// The state as bytes: versioned, checksummed and bound to the two files, for
    /// [`Engine::restore`].
    ///
    /// ```
    /// use wayfix::config::{Site, Vehicle};
    /// use wayfix::engine::Engine;
    ///
    /// let (site, vehicle) = (Site::default(), toml::from_str::<Vehicle>("")?);
    /// let engine = Engine::new(&site, &vehicle)?;
    /// let bytes = engine.snapshot()?;
    /// assert!(Engine::restore(&site, &vehicle, &bytes).is_ok());
    /// assert!(Engine::restore(&site, &vehicle, &bytes[1..]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SnapshotError::NotWritable`]: a covariance is no longer symmetric or finite.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        seal(Content::Engine, &self.fingerprints, &self.saved())
    }

    /// An engine that goes on where the one went that wrote the snapshot, bit for bit.
    ///
    /// # Errors
    /// Where the bytes are damaged, or of another version, site or vehicle: start anew.
    pub fn restore(site: &Site, vehicle: &Vehicle, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut engine = Self::new(site, vehicle)?;
        let (kept, state) = open(Content::Engine, &engine.fingerprints, bytes)?;
        engine.take_up(kept)?;
        reads_alike(&engine.saved(), &state)?;
        Ok(engine)
    }

    pub(crate) fn fingerprints(&self) -> &Fingerprints {
        &self.fingerprints
    }

    pub(crate) fn saved(&self) -> Saved<'_, N> {
        // Setup and fingerprints follow from the two files.
        let Self {
            setup: _,
            fingerprints: _,
            core,
            history,
            timeline,
            clocks,
            follower,
            told_resets,
            told_findings,
            pending,
            reordering,
            final_key,
            is_above,
            last_p,
            // It follows from the guarded line and what waits.
            head: _,
            // Of one step.
            carried: _,
        } = self;
        Saved {
            core,
            events: history.events().collect(),
            checkpoints: history.checkpoints().collect(),
            marks: history.marks(),
            timeline,
            clocks,
            follower,
            told_resets,
            told_findings,
            pending,
            reordering,
            final_key: *final_key,
            is_above: *is_above,
            last_p: *last_p,
        }
    }

    /// Takes up a state; `self` is fresh.
    pub(crate) fn take_up(&mut self, kept: Kept<N>) -> Result<(), SnapshotError> {
        let Kept {
            core,
            events,
            checkpoints,
            marks,
            timeline,
            clocks,
            follower,
            told_resets,
            told_findings,
            pending,
            reordering,
            final_key,
            is_above,
            last_p,
        } = kept;
        if events.len() > MOST_EVENTS {
            return Err(SnapshotError::Impossible("more samples than fit"));
        }
        let needed = events.len().next_power_of_two();
        self.history.enlarge(room(needed.max(self.history.room())));
        self.history
            .refill::<Core<N>>(events, checkpoints, marks)
            .map_err(|_| SnapshotError::Impossible("samples or checkpoints out of order"))?;
        self.core = core;
        self.timeline = timeline;
        self.clocks = clocks;
        self.follower = follower;
        self.told_resets = told_resets;
        self.told_findings = told_findings;
        let is_in_order =
            |keys: &Pending| keys.iter().zip(keys.iter().skip(1)).all(|(a, b)| a.0 < b.0);
        if !is_in_order(&pending) || pending.front().is_some_and(|(k, _)| Some(*k) <= final_key) {
            return Err(SnapshotError::Impossible("samples out of order"));
        }
        self.pending = pending;
        self.reordering = reordering;
        self.final_key = final_key;
        self.is_above = is_above;
        self.last_p = last_p;
        self.head.forget();
        self.head.run(&self.setup, &self.core, &self.pending, None);
        Ok(())
    }
}
