//! Live runs: every source through a transport and a decoder, recorded, and fused as it arrives.
//!
//! | part | does |
//! |---|---|
//! | `clock` | reads clocks, alone |
//! | `plan` | vehicle.toml to streams |
//! | `transport`, `link` | bytes from devices, opened again when they break |
//! | `ntrip`, `rover` | corrections from a caster, which is told the receiver's place |
//! | `inbox` | what has arrived, in order, bounded a stream |
//! | `decoding`, `mapping` | bytes to samples on the engine's time base |
//! | `consumer`, `session` | the engine, its files; a thread of its own |
//! | `recorder` | the recording; a thread of its own |
//! | `board`, `view`, `control` | how it is doing, for people and programs |
//!
//! The engine knows nothing of this: it is fed samples, as a replay feeds it. What a run records, a
//! replay reproduces bit for bit.

pub mod board;
pub mod clock;
pub mod command;
mod consumer;
#[cfg(feature = "control")]
pub mod control;
pub mod decoding;
pub mod inbox;
pub mod latency;
pub mod link;
pub mod mapping;
mod ntrip;
pub mod plan;
mod recorder;
mod rover;
mod session;
pub mod transport;
pub mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use board::Board;
use clock::Clock;
use consumer::Consumer;
use decoding::Decoding;
use inbox::Inbox;
use link::{Health, Link};
use rover::Whereabouts;
pub use session::Begin;
use session::Session;
use view::View;

use crate::config::source::live::{ClockOf, Transport};
use crate::output::Document;
use crate::replay::Sink;

/// Time between two looks at the run for people.
const LOOK: Duration = Duration::from_millis(500);
/// Hung transports are left behind.
const PATIENCE: Duration = Duration::from_millis(500);

/// A run that is to begin.
pub struct Run {
    /// What it begins with.
    pub begin: Begin,
    /// Where files that vehicle.toml names are looked for.
    pub directory: PathBuf,
    /// Streams besides those of vehicle.toml: devices of one's own, whose decoders no file can name. Their
    /// sources are those of vehicle.toml.
    pub streams: Vec<plan::Stream>,
    /// The snapshot that it goes on from.
    pub snapshot: Option<Vec<u8>>,
    /// Between two snapshots \[s\].
    pub keep_every_s: f64,
    /// Where the control server listens, as address:port.
    pub control: Option<String>,
    /// It ends by itself after this time.
    pub limit: Option<Duration>,
    /// It ends in good order at SIGINT and SIGTERM.
    pub heeds_signals: bool,
    /// It ends in good order when this is told.
    pub stop: Arc<Notify>,
    /// For people, or for machines.
    pub view: View,
    /// Sees everything that is produced, in the engine's thread.
    pub tap: Option<Box<dyn Sink + Send>>,
    /// The clock; the caller may keep a copy.
    pub clock: Clock,
}

/// Runs until it is stopped, or until all files have come to their end.
///
/// # Errors
/// It can't begin, or a file can't be written. What is wrong with a device is told and tried again.
pub fn run(mut run: Run) -> anyhow::Result<Document> {
    let mut streams = plan::streams(&run.begin.vehicle, &run.directory)?;
    streams.append(&mut run.streams);
    anyhow::ensure!(
        !streams.is_empty(),
        "no source says where it is heard: give one in vehicle.toml a table [source.NAME.live]"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let document = runtime.block_on(attend(run, streams));
    // A read of the standard input can't be called off.
    runtime.shutdown_background();
    document
}

async fn attend(run: Run, streams: Vec<plan::Stream>) -> anyhow::Result<Document> {
    let Run {
        begin,
        snapshot,
        keep_every_s,
        control,
        limit,
        heeds_signals,
        stop,
        mut view,
        tap,
        clock,
        directory: _,
        streams: _,
    } = run;
    let inbox = Arc::new(Inbox::new(streams.len()));
    let healths: Vec<Arc<Health>> = streams.iter().map(|_| Arc::default()).collect();
    let names = streams.iter().map(|s| s.source);
    let board = Board::new(
        clock,
        Arc::clone(&inbox),
        names.zip(healths.clone()).collect(),
    );
    let board = Arc::new(board);
    let mut tasks = JoinSet::new();
    #[cfg(feature = "control")]
    let mut control = match control {
        Some(address) => {
            let state = control::Control::new(&board, &inbox, &begin.vehicle);
            Some(tokio::spawn(control::serve(&address, state).await?))
        }
        None => None,
    };
    #[cfg(not(feature = "control"))]
    anyhow::ensure!(
        control.is_none(),
        "this build has no control server: build Wayfix with `--features control`"
    );
    let signals = Signals::new(heeds_signals)?;
    let session = Session::begin(&begin, 0, snapshot.as_deref(), clock.now())?;

    let mut helpers = JoinSet::new();
    let mut decodings = Vec::new();
    for (i, (stream, health)) in streams.into_iter().zip(healths).enumerate() {
        let (link, outgoing) = Link::new(&stream.source, i, clock, Arc::clone(&inbox), health);
        let is_tcp = matches!(
            stream.transport,
            Transport::Tcp(_) | Transport::TcpListen(_)
        );
        let link = link.patient(is_tcp && stream.clock == ClockOf::Synchronised);
        if let Some(corrections) = stream.ntrip.clone() {
            let place = Whereabouts {
                rover: Arc::clone(&corrections.rover),
                board: Arc::clone(&board),
                datum: begin.site.datum,
            };
            helpers.spawn(ntrip::feed(stream.source, corrections, place, outgoing));
        }
        tasks.spawn(transport::supervise(stream.transport.clone(), link));
        decodings.push(Decoding::new(stream));
    }
    let consumer = Consumer {
        clock,
        inbox: Arc::clone(&inbox),
        board: Arc::clone(&board),
        decodings,
        begin,
        session,
        keep_every_s,
        tap,
    };
    let thread = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || consumer.run())
        .context("cannot start")?;

    let limit = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let told = async {
        tokio::select! {
            () = limit => {}
            () = stop.notified() => {}
            () = signals.come() => {}
        }
    };
    tokio::pin!(told);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut told => break,
            ended = tasks.join_next() => match ended {
                None => break,
                Some(Err(error)) if error.is_panic() => {
                    tracing::error!("a transport failed: {error}");
                }
                Some(_) => {}
            },
            _ = looks.tick() => view.show(&board),
        }
        if thread.is_finished() {
            break;
        }
    }
    let _ = tokio::time::timeout(PATIENCE, tasks.shutdown()).await;
    helpers.abort_all();
    inbox.close();
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    #[cfg(feature = "control")]
    if let Some(server) = control.take() {
        server.abort();
    }
    view.end(&board);
    match ended.context("the engine's thread is lost")? {
        Ok(document) => document,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// What an operating system says to stop with.
struct Signals {
    #[cfg(unix)]
    unix: Option<[tokio::signal::unix::Signal; 2]>,
    #[cfg(not(unix))]
    heeds: bool,
}

impl Signals {
    #[cfg(unix)]
    fn new(heeds: bool) -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let unix = match heeds {
            true => Some([
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ]),
            false => None,
        };
        Ok(Self { unix })
    }

    #[cfg(not(unix))]
    fn new(heeds: bool) -> anyhow::Result<Self> {
        Ok(Self { heeds })
    }

    #[cfg(unix)]
    async fn come(self) {
        match self.unix {
            Some([mut interrupt, mut terminate]) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            None => std::future::pending().await,
        }
    }

    #[cfg(not(unix))]
    async fn come(self) {
        if !self.heeds || tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
