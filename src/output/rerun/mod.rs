//! `--rerun WHERE`: the run as it happens, in the viewer of [Rerun](https://rerun.io), live or from a
//! file. What the sink is told goes through a queue to a thread of its own, so that drawing never slows
//! the engine: a recorded log that is drawn into a file waits for the queue, a live run never does, and
//! counts what it drops.
//!
//! | entity | shows |
//! |---|---|
//! | `site/plan/*` | floor plans |
//! | `site/anchors`, `beacons`, `landmarks`, `markers`, `portals` | where they are, with their ids |
//! | `site/markers/squares`; `site/portals/openings`, `directions`, `fields` | their size and attitude; the way through |
//! | `site/zones/indoor`, `outdoor`, `magnetic_disturbance` | outlines |
//! | `site/grid` | the grid's axes |
//! | `trail/estimate`, `truth`, `smoothed` | tracks; the estimate's in the colour of its mode |
//! | `vehicle`, `vehicle/box`, `ahead`, `place` | its pose, and its outline about axles and sensors |
//! | `vehicle/sensors/SOURCE` | the mount of a source |
//! | `estimate/ellipse_3_sigma`, `protection_level`, `velocity` | where it may be; where it goes in a second |
//! | `measurements/SOURCE/KIND` | rays to anchors, landmarks, markers, portals (two of a range difference); rings of signal strengths; positions. In the colour of the verdict |
//! | `measurements/SOURCE/KIND/sigma` | sigma of a position |
//! | `resets` | arrows from before to after; a start has no length |
//! | `accuracy/error`, `error_smoothed`, `sigma`, `protection_level` | horizontal \[m\] |
//! | `innovation/SOURCE/KIND`, `.../gate` | of several components the one that is furthest off, in its units; the gate as that component sees it. At most ten a second, and all that are refused |
//! | `nis/SOURCE/KIND`, `.../gate` | normalised innovation squared, and its gate |
//! | `parameters/MEANING/SOURCE[TARGET]`, `.../sigma` | what is learned, and one sigma about it |
//! | `rate/SOURCE` | samples a second |
//! | `mode` | on what the estimate rests |
//! | `log/mode`, `refused`, `finding`, `reset` | in words; of refusals in a row the first, then their number |
//! | `map/estimate`, `map/fix` | on a map, where one is asked for |
//!
//! Verdicts: used is green, down-weighted yellow, refused red, waiting and thinned grey. Timelines:
//! `engine_time` is the time of the measurement or estimate; `received`, in live runs, when the sample
//! arrived by which it became known. A layout (blueprint) comes along.

mod colour;
mod extent;
mod layout;
mod measurement;
mod painter;
mod pen;
pub mod plan;
mod plots;
mod queue;
mod site;
mod told;
mod trail;
mod vehicle;

use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use rerun::log::ChunkBatcherConfig;
use rerun::web_viewer::new_sink;
use rerun::{RecordingStream, RecordingStreamBuilder, RecordingStreamError, ServerOptions};
use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

use super::drawing::Target;
use crate::config::{Site, Vehicle};
use crate::engine::{Estimate, Finding, Learned, Report, Reset, Setup, SetupError};
use crate::evaluate::Comparison;
use crate::replay::Sink;
use painter::Painter;
use pen::Pen;
pub use queue::{Ending, Haste};
use queue::{Event, Queue};

/// What the viewer calls this program, and so keeps layouts under.
const APPLICATION: &str = "wayfix";
/// The timelines.
pub const ENGINE_TIME: &str = "engine_time";
/// See [`ENGINE_TIME`].
pub const RECEIVED: &str = "received";
/// Where a viewer that is served gets its data from.
const DATA_PORT: u16 = 9876;
/// What waits between the kit and a slow viewer \[bytes\].
const IN_FLIGHT: u64 = 16 << 20;
/// What a crash may cost of a file; the shorter, the larger it is.
const FLUSH: Duration = Duration::from_secs(5);
/// A viewer on the other side of the world answers within \[s\].
const PATIENCE: Duration = Duration::from_millis(500);

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum RerunError {
    /// The file can't be written, or the address means nothing.
    #[error("cannot draw to {0}: {1}")]
    Target(String, #[source] RecordingStreamError),
    /// The two files can't work together.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The page can't be served.
    #[error("cannot serve a viewer: {0}")]
    Page(#[from] rerun::web_viewer::WebViewerSinkError),
    /// Something else listens there, perhaps a viewer.
    #[error("cannot serve data at {0}, which the viewer asks for: {1}")]
    Port(SocketAddr, #[source] std::io::Error),
    /// No thread to draw in.
    #[error("cannot start drawing: {0}")]
    Thread(#[source] std::io::Error),
}

/// What there is to draw before anything moves.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// What does not move.
    pub site: &'a Site,
    /// What moves.
    pub vehicle: &'a Vehicle,
    /// The floor plans of the site.
    pub plans: Vec<plan::Picture>,
    /// With a map of the world, whose tiles the viewer fetches from a network.
    pub map: bool,
}

/// Draws a run. What it draws is complete when it has been dropped; [`Ending`] then says what was lost.
#[derive(Debug)]
pub struct Rerun {
    queue: Queue,
    /// The sample that the engine takes now.
    sample: Option<Sample>,
    received: Option<Timestamp>,
}

impl Rerun {
    /// Begins to draw.
    ///
    /// # Errors
    /// The file can't be created, or the address means nothing. That no viewer listens there is no
    /// error: see [`is_heard`].
    pub fn begin(target: &Target, haste: Haste, scene: Scene<'_>) -> Result<Self, RerunError> {
        let stream = open(target)?;
        let setup = Setup::new(scene.site, scene.vehicle)?;
        let is_live = !matches!(target, Target::File(_));
        let served = matches!(target, Target::Page(_)).then(|| stream.clone());
        let (site, plans, map) = (scene.site.clone(), scene.plans, scene.map);
        let paint = move || {
            let mut pen = Pen::new(stream);
            plans.iter().for_each(|plan| plan.draw(&mut pen, &site));
            Painter::new(pen, &site, setup, map, is_live)
        };
        let queue = Queue::begin(haste, served, paint).map_err(RerunError::Thread)?;
        Ok(Self {
            queue,
            sample: None,
            received: None,
        })
    }

    /// What became of the drawing, for when it has ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.queue.ending()
    }
}

fn open(target: &Target) -> Result<RecordingStream, RerunError> {
    let builder = RecordingStreamBuilder::new(APPLICATION);
    let live = ChunkBatcherConfig {
        max_bytes_in_flight: IN_FLIGHT,
        ..ChunkBatcherConfig::LOW_LATENCY
    };
    match target {
        Target::File(path) => {
            let told = |e| RerunError::Target(path.display().to_string(), e);
            let batches = ChunkBatcherConfig {
                flush_tick: FLUSH,
                ..ChunkBatcherConfig::DEFAULT
            };
            builder.batcher_config(batches).save(path).map_err(told)
        }
        Target::Viewer(address) => builder
            .batcher_config(live)
            .connect_grpc_opts(format!("rerun+http://{address}/proxy"))
            .map_err(|e| RerunError::Target(address.clone(), e)),
        Target::Page(address) => {
            // Where it is taken, the kit would tell nobody.
            let data = SocketAddr::new(address.ip(), DATA_PORT);
            TcpListener::bind(data).map_err(|e| RerunError::Port(data, e))?;
            let ip = address.ip().to_string();
            let options = ServerOptions::default();
            let sink = new_sink(false, &ip, address.port().into(), None, DATA_PORT, options)?;
            let stream = (builder.batcher_config(live).buffered())
                .map_err(|e| RerunError::Target(address.to_string(), e))?;
            stream.set_sink(sink);
            Ok(stream)
        }
    }
}

/// What to type into a browser where a viewer is served.
#[must_use]
pub fn url(served_at: &SocketAddr) -> String {
    let host = match served_at.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        ip => ip.to_string(),
    };
    let port = served_at.port();
    format!("http://{host}:{port}/?url=rerun%2Bhttp://{host}:{DATA_PORT}/proxy")
}

/// Whether something listens where a viewer should.
#[must_use]
pub fn is_heard(address: &str) -> bool {
    (address.to_socket_addrs().into_iter().flatten())
        .any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
}

impl Sink for Rerun {
    fn sample(&mut self, sample: &Sample, received: Option<Timestamp>) {
        self.sample = Some(*sample);
        if received.is_some() && received != self.received {
            self.received = received;
            self.queue
                .put(|| Event::Received(received.unwrap_or_default()));
        }
    }

    fn estimate(&mut self, estimate: &Estimate) {
        self.queue.put(|| Event::Estimate(Box::new(*estimate)));
    }

    fn report(&mut self, report: &Report) {
        let said = self.sample.filter(|sample| is_of(report, sample));
        let reading = said.map(|sample| sample.reading);
        self.queue
            .put(|| Event::Report(Box::new((*report, reading))));
    }

    fn reset(&mut self, reset: &Reset) {
        self.queue.put(|| Event::Reset(*reset));
    }

    fn finding(&mut self, finding: &Finding) {
        self.queue.put(|| Event::Finding(*finding));
    }

    fn comparison(&mut self, comparison: &Comparison) {
        self.queue.put(|| Event::Comparison(Box::new(*comparison)));
    }

    fn smoothed(&mut self, estimate: &Estimate) {
        self.queue.put(|| Event::Smoothed(Box::new(*estimate)));
    }

    fn smoothed_comparison(&mut self, comparison: &Comparison) {
        self.queue
            .put(|| Event::SmoothedComparison(Box::new(*comparison)));
    }

    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        self.queue.put(|| Event::Parameters(t, parameters.to_vec()));
    }
}

/// Whether a report is of this sample: one that waited before is told with a later one.
fn is_of(report: &Report, sample: &Sample) -> bool {
    report.source == sample.source
        && report.kind == sample.reading.kind()
        && report.target == sample.reading.target()
}
