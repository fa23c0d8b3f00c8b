//! What a transport holds of the run: where its bytes go, and what it tells about itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{MutexGuard, mpsc};

use super::clock::Clock;
use super::inbox::Inbox;
use super::transport::Fault;

/// Corrections that wait for a receiver at most, in messages.
const OUTGOING: usize = 64;

/// How a transport is doing; read by whoever tells people.
#[derive(Debug, Default)]
pub struct Health {
    is_open: AtomicBool,
    has_ended: AtomicBool,
    /// How often it was opened.
    opened: AtomicU64,
    /// Attempts that failed, and connections that broke.
    faults: AtomicU64,
    bytes: AtomicU64,
    fault: Mutex<Option<Fault>>,
}

impl Health {
    /// Open at the moment.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// Has come to its end in good order.
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// How often it was opened again.
    pub fn reopened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Attempts that failed, and connections that broke.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Bytes received.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Why it is not open.
    pub fn fault(&self) -> Option<String> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.as_ref().map(ToString::to_string)
    }
}

/// One stream's end at the transport.
#[derive(Debug)]
pub struct Link {
    /// The source's name, for messages.
    source: String,
    stream: usize,
    clock: Clock,
    inbox: Arc<Inbox>,
    health: Arc<Health>,
    outgoing: tokio::sync::Mutex<mpsc::Receiver<Vec<u8>>>,
    has_received: AtomicBool,
    is_patient: bool,
}

impl Link {
    /// For one stream of the plan; what is sent to the sender goes out over the transport.
    #[must_use]
    pub fn new(
        source: &str,
        stream: usize,
        clock: Clock,
        inbox: Arc<Inbox>,
        health: Arc<Health>,
    ) -> (Self, mpsc::Sender<Vec<u8>>) {
        let (sender, receiver) = mpsc::channel(OUTGOING);
        let link = Self {
            source: source.to_owned(),
            stream,
            clock,
            inbox,
            health,
            outgoing: tokio::sync::Mutex::new(receiver),
            has_received: AtomicBool::new(false),
            is_patient: false,
        };
        (link, sender)
    }

    /// A sender that can be made to wait is made to, rather than that bytes are dropped: for samples
    /// whose own time is believed, it does not matter when they come.
    #[must_use]
    pub fn patient(mut self, is_patient: bool) -> Self {
        self.is_patient = is_patient;
        self
    }

    /// Whether a sender that can be made to wait is to wait.
    pub(super) fn is_patient(&self) -> bool {
        self.is_patient
    }

    /// The connection stands.
    pub fn opened(&self) {
        self.has_received.store(false, Ordering::Relaxed);
        self.health.is_open.store(true, Ordering::Relaxed);
        let before = self.health.opened.fetch_add(1, Ordering::Relaxed);
        let fault = (self.health.fault.lock())
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if fault.is_some() || before > 0 {
            tracing::info!("{}: connected again", self.source);
        }
    }

    /// Bytes have come.
    pub fn received(&self, bytes: &[u8]) {
        let t_rx = self.count(bytes);
        self.inbox.push(self.stream, t_rx, bytes.to_vec());
    }

    /// A whole message has come. A text without a line's end gets one: it is a line.
    pub fn received_message(&self, message: &[u8]) {
        let is_text = std::str::from_utf8(message)
            .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()));
        if is_text && !message.ends_with(b"\n") {
            self.received(&[message, b"\n"].concat());
        } else {
            self.received(message);
        }
    }

    /// A datagram has come. One that is a JSON object is a line; other text may be cut anywhere.
    pub fn received_datagram(&self, datagram: &[u8]) {
        if datagram.starts_with(b"{") && datagram.ends_with(b"}") {
            self.received(&[datagram, b"\n"].concat());
        } else {
            self.received(datagram);
        }
    }

    /// The source's name.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> wayfix_filter::Timestamp {
        self.clock.now()
    }

    /// Bytes have come, and more can wait.
    pub async fn received_patiently(&self, bytes: &[u8]) {
        let t_rx = self.count(bytes);
        let bytes = bytes.to_vec();
        self.inbox.push_patiently(self.stream, t_rx, bytes).await;
    }

    fn count(&self, bytes: &[u8]) -> wayfix_filter::Timestamp {
        self.has_received.store(true, Ordering::Relaxed);
        let count = bytes.len() as u64;
        self.health.bytes.fetch_add(count, Ordering::Relaxed);
        self.clock.now()
    }

    /// The connection is gone, or could not be had. Said where it is news; true where it had
    /// brought anything.
    pub fn closed(&self, fault: Option<Fault>) -> bool {
        let was_open = self.health.is_open.swap(false, Ordering::Relaxed);
        self.health.faults.fetch_add(1, Ordering::Relaxed);
        let fault = fault.unwrap_or_else(|| Fault("closed by the other side".to_owned()));
        let mut last = (self.health.fault.lock()).unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() != Some(&fault) {
            tracing::warn!("{}: {fault} (tried again until it is there)", self.source);
        }
        *last = Some(fault);
        drop(last);
        if was_open {
            // The decoder forgets the half message before the break.
            self.inbox.push(self.stream, self.clock.now(), Vec::new());
        }
        self.has_received.load(Ordering::Relaxed) && was_open
    }

    /// There is no more.
    pub fn ended(&self) {
        self.health.is_open.store(false, Ordering::Relaxed);
        self.health.has_ended.store(true, Ordering::Relaxed);
        self.inbox.push(self.stream, self.clock.now(), Vec::new());
    }

    /// What is to be written.
    pub(super) async fn outgoing(&self) -> Outgoing<'_> {
        Outgoing(self.outgoing.lock().await)
    }
}

/// What is to be written to the device.
pub(super) struct Outgoing<'a>(MutexGuard<'a, mpsc::Receiver<Vec<u8>>>);

impl Outgoing<'_> {
    /// The next message; waits for ever where there is none.
    pub async fn next(&mut self) -> Vec<u8> {
        match self.0.recv().await {
            Some(bytes) => bytes,
            None => std::future::pending().await,
        }
    }
}
