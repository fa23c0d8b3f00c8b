//! A replay under way, to be kept and taken up again. The summary is not kept: it is of what a
//! program itself replayed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use super::{Replay, Taken};
use crate::config::{Site, Vehicle};
use crate::engine::{Content, Kept, STATES, Saved, SnapshotError, open, reads_alike, seal};
use crate::log::Truth;

/// As it is written.
#[derive(Serialize)]
struct SavedReplay<'a> {
    engine: Saved<'a, STATES>,
    truth: &'a VecDeque<Truth>,
    books: Books,
}

/// As it is read.
#[derive(Deserialize)]
struct KeptReplay {
    engine: Kept<STATES>,
    truth: VecDeque<Truth>,
    books: Books,
}

/// The replay's own times.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Books {
    reached: Option<Timestamp>,
    last_output: Option<Timestamp>,
    last_parameters: Option<Timestamp>,
    began: Option<Timestamp>,
    taken: Taken,
}

impl Replay {
    /// The state as bytes, for [`Replay::restore`].
    ///
    /// # Errors
    /// As of [`Engine::snapshot`](crate::engine::Engine::snapshot).
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        seal(Content::Replay, self.engine.fingerprints(), &self.saved())
    }

    /// A replay that goes on where the one went that wrote the snapshot. It has to be fed the
    /// records of the same log that follow those in [`Replay::taken`].
    ///
    /// # Errors
    /// As of [`Engine::restore`](crate::engine::Engine::restore).
    pub fn restore(
        site: &Site,
        vehicle: &Vehicle,
        rate_hz: f64,
        bytes: &[u8],
    ) -> Result<Self, SnapshotError> {
        let mut replay = Self::new(site, vehicle, rate_hz)?;
        let files = replay.engine.fingerprints();
        let (kept, state) = open::<KeptReplay>(Content::Replay, files, bytes)?;
        replay.engine.take_up(kept.engine)?;
        replay.truth = kept.truth;
        let Books {
            reached,
            last_output,
            last_parameters,
            began,
            taken,
        } = kept.books;
        replay.reached = reached;
        replay.last_output = last_output;
        replay.last_parameters = last_parameters;
        replay.began = began;
        replay.taken = taken;
        reads_alike(&replay.saved(), &state)?;
        Ok(replay)
    }

    fn saved(&self) -> SavedReplay<'_> {
        // Outputs are of the step before; period and smoothing are the caller's.
        let Self {
            engine,
            outputs: _,
            summary: _,
            truth,
            reached,
            period_s: _,
            last_output,
            last_parameters,
            began,
            taken,
            smoothing: _,
            is_left: _,
        } = self;
        SavedReplay {
            engine: engine.saved(),
            truth,
            books: Books {
                reached: *reached,
                last_output: *last_output,
                last_parameters: *last_parameters,
                began: *began,
                taken: *taken,
            },
        }
    }
}
