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
//! | `innovation/SOURCE/KIND`, `.../gate` | of several components the one that is furthest off, in its units; the gate as that component sees it |
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
mod plots;
mod queue;
mod site;
mod told;
mod trail;
mod vehicle;

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use rerun::log::ChunkBatcherConfig;
use rerun::{RecordingStream, RecordingStreamBuilder, RecordingStreamError};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Reading, Sample};

use super::drawing::Target;
use crate::config::{Site, Vehicle};
use crate::engine::{Estimate, Finding, Learned, Report, Reset, Setup, SetupError};
use crate::evaluate::Comparison;
use crate::replay::Sink;
use painter::Painter;
pub use queue::{Ending, Haste};
use queue::{Event, Queue};

/// What the viewer calls this program, and so keeps layouts under.
const APPLICATION: &str = "wayfix";
/// The timelines.
pub const ENGINE_TIME: &str = "engine_time";
/// See [`ENGINE_TIME`].
pub const RECEIVED: &str = "received";
/// What waits between the kit and a slow viewer \[bytes\].
const IN_FLIGHT: u64 = 16 << 20;
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
    /// No thread to draw in.
    #[error("cannot start drawing: {0}")]
    Thread(#[source] std::io::Error),
}

/// Draws a run. What it draws is complete when it has been dropped; [`Ending`] then says what was lost.
#[derive(Debug)]
pub struct Rerun {
    queue: Queue,
    /// The sample that the engine takes now.
    sample: Option<(Sample, Option<Timestamp>)>,
    received: Option<Timestamp>,
}

impl Rerun {
    /// Begins to draw a run of this vehicle on this site; with a map of the world, where one is asked
    /// for, whose tiles the viewer fetches from a network.
    ///
    /// # Errors
    /// The file can't be created, or the address means nothing. That no viewer listens there is no
    /// error: see [`is_heard`].
    pub fn begin(
        target: &Target,
        haste: Haste,
        site: &Site,
        vehicle: &Vehicle,
        map: bool,
    ) -> Result<Self, RerunError> {
        let stream = open(target)?;
        let setup = Setup::new(site, vehicle)?;
        let is_live = matches!(target, Target::Viewer(_));
        let site = site.clone();
        let paint = move || Painter::new(stream, &site, setup, map, is_live);
        let queue = Queue::begin(haste, paint).map_err(RerunError::Thread)?;
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
    match target {
        Target::File(path) => {
            let told = |e| RerunError::Target(path.display().to_string(), e);
            builder.save(path).map_err(told)
        }
        Target::Viewer(address) => {
            let batches = ChunkBatcherConfig {
                max_bytes_in_flight: IN_FLIGHT,
                ..ChunkBatcherConfig::LOW_LATENCY
            };
            builder
                .batcher_config(batches)
                .connect_grpc_opts(format!("rerun+http://{address}/proxy"))
                .map_err(|e| RerunError::Target(address.clone(), e))
        }
    }
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
        let reading = said.map(|sample| sample.reading).filter(is_drawn);
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

/// Whether there is something to draw of a reading besides its innovation.
fn is_drawn(reading: &Reading) -> bool {
    matches!(
        reading,
        Reading::GnssPosition(_)
            | Reading::Range(_)
            | Reading::RangeDifference(_)
            | Reading::Bearing(_)
            | Reading::Rssi(_)
            | Reading::Landmark(_)
            | Reading::Pixel(_)
            | Reading::Marker(_)
            | Reading::Passage(_)
            | Reading::Position(_)
            | Reading::Pose(_)
    )
}
