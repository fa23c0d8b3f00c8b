//! What has arrived and waits for the engine: one bounded queue a stream, served in order of arrival.
//!
//! A stream that floods loses its own oldest bytes and nobody else's; the decoder is told of the gap.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use wayfix_filter::Timestamp;

use super::command::Command;

/// Bytes that wait of one stream at most.
pub const LIMIT_BYTES: usize = 128 << 10;
/// Chunks that wait of one stream at most.
const LIMIT_CHUNKS: usize = 4096;

/// What the engine's thread takes next.
#[derive(Debug)]
pub enum Taken {
    /// Bytes of a stream.
    Chunk {
        /// Which, by its place in the plan.
        stream: usize,
        /// When they were received.
        t_rx: Timestamp,
        /// The bytes; none where the stream was only interrupted.
        bytes: Vec<u8>,
        /// Bytes before these are missing.
        is_after_gap: bool,
    },
    /// Somebody wants something.
    Command(Box<Command>),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<(u64, Timestamp, Vec<u8>)>,
    bytes: usize,
    /// The next chunk that is taken comes after a gap.
    has_gap: bool,
    dropped: u64,
}

#[derive(Debug, Default)]
struct State {
    queues: Vec<Queue>,
    commands: VecDeque<Command>,
    sequence: u64,
    closed: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Inbox {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Notify,
}

impl Inbox {
    /// For so many streams.
    #[must_use]
    pub fn new(streams: usize) -> Self {
        let state = State {
            queues: std::iter::repeat_with(Queue::default)
                .take(streams)
                .collect(),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            filled: Condvar::new(),
            emptied: Notify::new(),
        }
    }

    /// Bytes have come. Where too much waits already, the oldest of that stream go.
    pub fn push(&self, stream: usize, t_rx: Timestamp, bytes: Vec<u8>) {
        let mut state = self.lock();
        state.sequence += 1;
        let sequence = state.sequence;
        let Some(queue) = state.queues.get_mut(stream) else {
            return;
        };
        queue.bytes += bytes.len();
        queue.chunks.push_back((sequence, t_rx, bytes));
        while queue.bytes > LIMIT_BYTES && queue.chunks.len() > 1
            || queue.chunks.len() > LIMIT_CHUNKS
        {
            if let Some((_, _, oldest)) = queue.chunks.pop_front() {
                queue.bytes -= oldest.len();
                queue.dropped += oldest.len() as u64;
                queue.has_gap = true;
            }
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Bytes of a stream that can wait, such as a file: comes back when there is room again.
    pub async fn push_patiently(&self, stream: usize, t_rx: Timestamp, bytes: Vec<u8>) {
        loop {
            let emptied = self.emptied.notified();
            {
                let state = self.lock();
                let room = state.queues.get(stream).is_none_or(|queue| {
                    queue.bytes + bytes.len() <= LIMIT_BYTES / 2
                        && queue.chunks.len() < LIMIT_CHUNKS
                });
                if room || state.closed {
                    break;
                }
            }
            emptied.await;
        }
        self.push(stream, t_rx, bytes);
    }

    /// Somebody wants something.
    pub fn command(&self, command: Command) {
        self.lock().commands.push_back(command);
        self.filled.notify_one();
    }

    /// Nothing more will come: what waits is still taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_waiters();
    }

    /// Bytes of a stream that were dropped.
    #[must_use]
    pub fn dropped(&self, stream: usize) -> u64 {
        self.lock().queues.get(stream).map_or(0, |q| q.dropped)
    }

    /// The next in order of arrival; waits for it a while.
    pub fn take(&self, patience: Duration) -> Taken {
        let mut state = self.lock();
        if state.is_empty() && !state.closed {
            let waited = self.filled.wait_timeout(state, patience);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = state.take();
        drop(state);
        if matches!(taken, Taken::Chunk { .. }) {
            self.emptied.notify_waiters();
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A queue has no state in which a panic could leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.queues.iter().all(|q| q.chunks.is_empty())
    }

    fn take(&mut self) -> Taken {
        if let Some(command) = self.commands.pop_front() {
            return Taken::Command(Box::new(command));
        }
        let heads = self.queues.iter().enumerate();
        let first = heads
            .filter_map(|(i, q)| Some((q.chunks.front()?.0, i)))
            .min();
        let next = first.and_then(|(_, stream)| {
            let queue = self.queues.get_mut(stream)?;
            let (_, t_rx, bytes) = queue.chunks.pop_front()?;
            queue.bytes -= bytes.len();
            Some(Taken::Chunk {
                stream,
                t_rx,
                bytes,
                is_after_gap: std::mem::take(&mut queue.has_gap),
            })
        });
        match next {
            Some(taken) => taken,
            None if self.closed => Taken::Closed,
            None => Taken::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(inbox: &Inbox) -> Option<(usize, Vec<u8>, bool)> {
        match inbox.take(Duration::ZERO) {
            Taken::Chunk {
                stream,
                bytes,
                is_after_gap,
                ..
            } => Some((stream, bytes, is_after_gap)),
            _ => None,
        }
    }

    #[test]
    fn order_of_arrival_over_all_streams() {
        let inbox = Inbox::new(3);
        for (i, stream) in [2_usize, 0, 1, 0, 2].into_iter().enumerate() {
            inbox.push(stream, Timestamp(i as i64), vec![i as u8]);
        }
        for (i, stream) in [2_usize, 0, 1, 0, 2].into_iter().enumerate() {
            assert_eq!(take(&inbox), Some((stream, vec![i as u8], false)));
        }
        assert!(matches!(inbox.take(Duration::ZERO), Taken::Nothing));
        inbox.close();
        assert!(matches!(inbox.take(Duration::ZERO), Taken::Closed));
    }

    #[test]
    fn a_flood_loses_its_own_oldest_bytes() {
        let inbox = Inbox::new(2);
        inbox.push(1, Timestamp(0), vec![9]);
        for i in 0..100_u8 {
            inbox.push(0, Timestamp(1), vec![i; LIMIT_BYTES / 10]);
        }
        assert_eq!(take(&inbox), Some((1, vec![9], false)));
        let first = take(&inbox).unwrap();
        assert_eq!((first.0, first.1[0], first.2), (0, 90, true));
        assert_eq!(inbox.dropped(0), 90 * (LIMIT_BYTES as u64 / 10));
        assert_eq!(inbox.dropped(1), 0);
        assert!(!take(&inbox).unwrap().2);
    }

    #[tokio::test]
    async fn a_file_waits_for_room() {
        let inbox = std::sync::Arc::new(Inbox::new(1));
        let filler = std::sync::Arc::clone(&inbox);
        let filled = tokio::spawn(async move {
            for _ in 0..50 {
                filler
                    .push_patiently(0, Timestamp(0), vec![0; LIMIT_BYTES / 8])
                    .await;
            }
        });
        let mut taken = 0;
        while taken < 50 {
            tokio::task::yield_now().await;
            taken += usize::from(take(&inbox).is_some());
        }
        filled.await.unwrap();
        assert_eq!(inbox.dropped(0), 0);
    }
}
