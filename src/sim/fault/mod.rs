//! Faults: what goes wrong in a run that was simulated without any, one kind a file.
//!
//! A fault is a pure transformation of a [`Simulation`]: of the samples on their way, of what the
//! estimator is told of site and vehicle, or of what sensors would have said in another world.
//! The truth stays. Times are those of measurement, in seconds since the start of the run.
//!
//! ```
//! use wayfix::sim::fault::{Fault, Silence, Span, apply};
//! use wayfix::sim::{scenario, simulate};
//! let mut run = simulate(scenario::find("tag_only").expect("in the table"), 1, Some(9.0))?;
//! let before = run.received.len();
//! let silence = Silence { source: Some("uwb"), span: Span::new(3.0, 6.0) };
//! apply(&[Fault::Silence(silence)], &mut run, 1);
//! assert!(run.received.len() < before * 3 / 4);
//! # Ok::<(), wayfix::sim::SimulationError>(())
//! ```

mod anchor;
mod clock;
mod datum;
mod fix;
mod inertial;
mod magnet;
mod marker;
mod sigma;
mod silence;
mod start;
mod transport;
mod wheels;

use wayfix_sensors::Name;

pub use anchor::{AnchorBiases, MovedAnchor};
pub use clock::Clock;
pub use datum::WrongDatum;
pub use fix::{Multipath, WildFix};
pub use inertial::{Inertial, InertialTrouble};
pub use magnet::Magnet;
pub use marker::{MissurveyedMarker, SwappedMarkers};
pub use sigma::StatedSigmas;
pub use silence::Silence;
pub use start::WrongStart;
pub use transport::{Duplicates, Late, Shuffled};
pub use wheels::Wheel;

use super::Simulation;
use super::channel::Received;
use super::noise::stream;

/// From when to when \[s\], the end excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Begin \[s\].
    pub from_s: f64,
    /// End \[s\]; infinite where the fault stays.
    pub to_s: f64,
}

impl Span {
    /// From one time to another \[s\].
    #[must_use]
    pub const fn new(from_s: f64, to_s: f64) -> Self {
        Self { from_s, to_s }
    }

    /// From a time to the end of the run \[s\].
    #[must_use]
    pub const fn from(from_s: f64) -> Self {
        Self::new(from_s, f64::INFINITY)
    }

    /// The whole run.
    pub const ALL: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY);

    /// Whether a time \[s\] lies in it.
    #[must_use]
    pub fn contains(&self, t_s: f64) -> bool {
        (self.from_s..self.to_s).contains(&t_s)
    }
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A source, or all of them, say nothing.
    Silence(Silence),
    /// Satellite positions far off.
    WildFix(WildFix),
    /// Satellite positions off by reflections, with a confident sigma.
    Multipath(Multipath),
    /// Readings with nonsense for a sigma.
    StatedSigmas(StatedSigmas),
    /// An inertial unit that hangs or is beyond its range.
    Inertial(Inertial),
    /// Wheels that slip, skid, or change their size.
    Wheel(Wheel),
    /// A rack that is magnetic.
    Magnet(Magnet),
    /// An anchor that was moved.
    MovedAnchor(MovedAnchor),
    /// Anchors with constant errors of their own.
    AnchorBiases(AnchorBiases),
    /// A marker that is not where the site file says.
    MissurveyedMarker(MissurveyedMarker),
    /// Two markers that hang in one another's place.
    SwappedMarkers(SwappedMarkers),
    /// A datum that is off.
    WrongDatum(WrongDatum),
    /// A start that is stated wrongly.
    WrongStart(WrongStart),
    /// Stamps that jump or run away.
    Clock(Clock),
    /// Samples that arrive late.
    Late(Late),
    /// Samples that arrive twice.
    Duplicates(Duplicates),
    /// Samples that overtake one another.
    Shuffled(Shuffled),
}

/// Applies faults one after the other, with the randomness of `seed`.
pub fn apply(faults: &[Fault], run: &mut Simulation, seed: u64) {
    for (i, fault) in faults.iter().enumerate() {
        let mut rng = stream(seed, &format!("fault {i}"));
        match fault {
            Fault::Silence(f) => f.apply(run),
            Fault::WildFix(f) => f.apply(run),
            Fault::Multipath(f) => f.apply(run, &mut rng),
            Fault::StatedSigmas(f) => f.apply(run),
            Fault::Inertial(f) => f.apply(run, &mut rng),
            Fault::Wheel(f) => f.apply(run),
            Fault::Magnet(f) => f.apply(run),
            Fault::MovedAnchor(f) => f.apply(run),
            Fault::AnchorBiases(f) => f.apply(run, &mut rng),
            Fault::MissurveyedMarker(f) => f.apply(run),
            Fault::SwappedMarkers(f) => f.apply(run),
            Fault::WrongDatum(f) => f.apply(run),
            Fault::WrongStart(f) => f.apply(run),
            Fault::Clock(f) => f.apply(run),
            Fault::Late(f) => f.apply(run),
            Fault::Duplicates(f) => f.apply(run, &mut rng),
            Fault::Shuffled(f) => f.apply(run, &mut rng),
        }
    }
}

impl Simulation {
    /// What a source sends in a span of its own stamps, in the order of arrival.
    fn within<'a>(
        &'a mut self,
        source: &'a str,
        span: Span,
    ) -> impl Iterator<Item = &'a mut Received> {
        self.received
            .iter_mut()
            .filter(move |r| is_of(&r.sample.source, source) && span.contains(r.sample.t.seconds()))
    }

    /// Puts samples whose times of arrival have changed in order.
    fn sort(&mut self) {
        self.received.sort_by_key(|r| (r.t, r.sample.source));
    }
}

fn is_of(name: &Name, source: &str) -> bool {
    name.as_str() == source
}

#[cfg(test)]
mod tests;
