//! Between the engine, which must not wait, and the thread that draws.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rerun::RecordingStream;
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;

use super::painter::Painter;
use crate::engine::{Estimate, Finding, Learned, Report, Reset};
use crate::evaluate::Comparison;

/// What may wait to be drawn: some seconds of a busy vehicle.
const WAITING: usize = 1 << 13;
/// A viewer that has taken nothing for so long is absent.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks whether there is room.
const LOOK: Duration = Duration::from_millis(1);
/// After the last event, so long may the rest take to be drawn \[s\].
const END: Duration = Duration::from_secs(5);

/// What to do where drawing is slower than the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Wait: a file is complete.
    Wait,
    /// Wait as long as something moves, else drop and count: a recorded log into a viewer.
    WaitAWhile,
    /// Drop and count at once: a live run.
    Drop,
}

/// What is to be drawn.
pub enum Event {
    Received(Timestamp),
    Estimate(Box<Estimate>),
    Report(Box<(Report, Option<Reading>)>),
    Reset(Reset),
    Finding(Finding),
    Comparison(Box<Comparison>),
    Smoothed(Box<Estimate>),
    SmoothedComparison(Box<Comparison>),
    Parameters(Timestamp, Vec<Learned>),
}

/// What became of a drawing.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    lost: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<String>>>,
    /// As long as this is kept, a viewer is served.
    served: Option<RecordingStream>,
}

impl Ending {
    /// What was dropped because drawing was slower than the run: reports, estimates, and the rest.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether a viewer is served: that ends when the last of these is dropped.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.served.is_some()
    }

    /// Why the drawing is not complete, besides what was dropped.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().ok()?.clone()
    }

    fn fail(&self, why: String) {
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(why);
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Queue {
    to: Option<SyncSender<Event>>,
    haste: Haste,
    /// Nothing moves: no more waiting until something does.
    is_stuck: bool,
    ending: Ending,
    ended: Receiver<()>,
}

impl Queue {
    /// Begins to draw, in a thread of its own, with the painter that is made there.
    pub fn begin(
        haste: Haste,
        served: Option<RecordingStream>,
        paint: impl FnOnce() -> Painter + Send + 'static,
    ) -> std::io::Result<Self> {
        let (to, from) = sync_channel(WAITING);
        let (end, ended) = sync_channel(1);
        let ending = Ending {
            served,
            ..Ending::default()
        };
        let told = ending.clone();
        thread::Builder::new()
            .name("drawing".to_owned())
            .spawn(move || {
                work(paint(), &from, &told);
                // Whoever waited may have lost patience.
                let _ = end.send(());
            })?;
        Ok(Self {
            to: Some(to),
            haste,
            is_stuck: false,
            ending,
            ended,
        })
    }

    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// Puts in what is made where there is room for it, and counts what is dropped.
    pub fn put(&mut self, make: impl FnOnce() -> Event) {
        let Some(to) = &self.to else { return };
        let taken = match self.haste {
            Haste::Wait => to.send(make()).is_ok(),
            Haste::Drop => to.try_send(make()).is_ok(),
            Haste::WaitAWhile => {
                let patience = if self.is_stuck {
                    Duration::ZERO
                } else {
                    PATIENCE
                };
                let taken = send_within(to, make(), patience);
                self.is_stuck = !taken;
                taken
            }
        };
        if !taken {
            self.ending.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn send_within(to: &SyncSender<Event>, mut event: Event, patience: Duration) -> bool {
    let mut waited = Duration::ZERO;
    loop {
        event = match to.try_send(event) {
            Ok(()) => return true,
            Err(TrySendError::Disconnected(_)) => return false,
            Err(TrySendError::Full(_)) if waited >= patience => return false,
            Err(TrySendError::Full(event)) => event,
        };
        thread::sleep(LOOK);
        waited += LOOK;
    }
}

impl Drop for Queue {
    /// Waits for the rest: as long as it takes for a file, else for a moment. A thread that is stuck with
    /// an absent viewer is left behind.
    fn drop(&mut self) {
        drop(self.to.take());
        let is_complete = match self.haste {
            Haste::Wait => self.ended.recv().is_ok(),
            _ => self.ended.recv_timeout(END).is_ok(),
        };
        if !is_complete {
            self.ending
                .fail("the viewer did not take the rest".to_owned());
        }
    }
}

fn work(mut painter: Painter, from: &Receiver<Event>, ending: &Ending) {
    while let Ok(event) = from.recv() {
        match event {
            Event::Received(t) => painter.received(t),
            Event::Estimate(estimate) => painter.estimate(&estimate),
            Event::Report(told) => painter.report(&told.0, told.1.as_ref()),
            Event::Reset(reset) => painter.reset(&reset),
            Event::Finding(finding) => painter.finding(&finding),
            Event::Comparison(comparison) => painter.comparison(&comparison),
            Event::Smoothed(estimate) => painter.smoothed(&estimate),
            Event::SmoothedComparison(comparison) => painter.smoothed_comparison(&comparison),
            Event::Parameters(t, learned) => painter.parameters(t, &learned),
        }
    }
    let (stream, failed) = painter.finish();
    if failed > 0 {
        ending.fail(format!("{failed} rows could not be drawn"));
    }
    if let Err(error) = stream.flush_blocking() {
        ending.fail(error.to_string());
    }
}
