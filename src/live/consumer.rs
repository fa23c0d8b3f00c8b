//! The one who takes everything in order of arrival: records, decodes, steps the engine. A thread of its
//! own, so that neither a slow engine holds up the transports nor they the engine.

use std::sync::Arc;
use std::time::Duration;

use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

use super::board::Board;
use super::clock::Clock;
use super::command::Command;
use super::decoding::Decoding;
use super::inbox::{Inbox, Taken};
use super::mapping::Event;
use super::session::{Begin, Session};
use crate::engine::Fate;
use crate::output::Document;
use crate::replay::Sink;

/// Between two looks at what changes slowly.
const LOOK: Duration = Duration::from_millis(200);

/// See the module.
pub struct Consumer {
    pub(super) clock: Clock,
    pub(super) inbox: Arc<Inbox>,
    pub(super) board: Arc<Board>,
    pub(super) decodings: Vec<Decoding>,
    pub(super) begin: Begin,
    pub(super) session: Session,
    /// Between two snapshots \[s\].
    pub(super) keep_every_s: f64,
    pub(super) tap: Option<Box<dyn Sink + Send>>,
}

impl Consumer {
    /// Works until the inbox is closed and empty.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn run(mut self) -> anyhow::Result<Document> {
        let mut samples = Vec::new();
        let mut resets = 0;
        let (mut kept, mut looked) = (self.clock.now(), self.clock.now());
        loop {
            match self.inbox.take(LOOK) {
                Taken::Chunk {
                    stream,
                    t_rx,
                    bytes,
                    is_after_gap,
                } => self.chunk(stream, t_rx, bytes, is_after_gap, &mut samples),
                Taken::Command(command) => match *command {
                    Command::Fixpoint(source, reading, reply) => {
                        let now = self.clock.now();
                        let t = self.session.sample_time(now);
                        let sample = Sample { t, source, reading };
                        let fate = self.session.feed(&sample, now, &self.board, &mut self.tap);
                        // Whoever asked may have left.
                        let _ = reply.send(fate.unwrap_or(Fate::Invalid));
                    }
                    Command::Reset(reply) => {
                        resets += 1;
                        self = match self.reset(resets) {
                            Ok(consumer) => consumer,
                            Err(error) => {
                                let _ = reply.send(Err(format!("{error:#}")));
                                return Err(error);
                            }
                        };
                        let _ = reply.send(Ok(()));
                    }
                },
                Taken::Nothing => {}
                Taken::Closed => break,
            }
            let now = self.clock.now();
            if now.seconds_since(looked) >= LOOK.as_secs_f64() {
                looked = now;
                self.board.refresh(&self.decodings, self.session.lost());
                if self.session.has_failed() {
                    break;
                }
            }
            if now.seconds_since(kept) >= self.keep_every_s {
                kept = now;
                self.session.keep();
            }
        }
        let now = self.clock.now();
        for stream in 0..self.decodings.len() {
            self.chunk(stream, now, Vec::new(), true, &mut samples);
        }
        self.board.refresh(&self.decodings, self.session.lost());
        self.session.end(now, &self.board, &mut self.tap)
    }

    fn chunk(
        &mut self,
        stream: usize,
        t_rx: Timestamp,
        bytes: Vec<u8>,
        is_after_gap: bool,
        samples: &mut Vec<Sample>,
    ) {
        let Some(decoding) = self.decodings.get_mut(stream) else {
            return;
        };
        samples.clear();
        if is_after_gap || bytes.is_empty() {
            decoding.interrupt(t_rx, samples);
        }
        let event = decoding.push(&bytes, t_rx, samples);
        self.session.raw(decoding.source(), t_rx, bytes);
        for sample in samples.iter() {
            self.session.feed(sample, t_rx, &self.board, &mut self.tap);
        }
        self.board.dealt_with(t_rx, decoding);
        let source = decoding.source();
        match event {
            Some(Event::Reset { by_s }) => {
                tracing::warn!("{source}: the device's clock began anew ({by_s:+.3} s)");
            }
            Some(Event::RollOver { period_s }) => {
                tracing::info!("{source}: the device's clock rolled over after {period_s} s");
            }
            None => {}
        }
    }

    /// Ends the session and begins a cold one, with files of its own.
    fn reset(self, resets: u32) -> anyhow::Result<Self> {
        let Self {
            begin,
            session,
            clock,
            board,
            mut tap,
            ..
        } = self;
        let now = clock.now();
        session.end(now, &board, &mut tap)?;
        let session = Session::begin(&begin, resets, None, now)?;
        board.forget();
        tracing::info!("reset: everything but the two files is forgotten");
        Ok(Self {
            begin,
            session,
            clock,
            board,
            tap,
            inbox: self.inbox,
            decodings: self.decodings,
            keep_every_s: self.keep_every_s,
        })
    }
}
