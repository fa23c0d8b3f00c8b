//! One asset's engine. Of the speed and memory benches only these lines know the engine's API.

use nalgebra::Vector3;
pub use wayfix::engine::Outputs;
use wayfix::engine::{EngineOf, ProtectionLevel};
use wayfix::sim::Simulation;
use wayfix_filter::Timestamp;
use wayfix_sensors::Sample;

/// The part of an estimate that the benches read.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Time of the estimate.
    pub t: Timestamp,
    /// Position of the reference point, site frame [m].
    pub p_n: Vector3<f64>,
    /// Bound of its error.
    pub protection: ProtectionLevel,
}

/// Error states of a vehicle with many sources, and of a tag.
pub const VEHICLE: usize = wayfix::engine::STATES;
#[allow(dead_code, reason = "not every bench has tags")]
pub const TAG: usize = wayfix::engine::FEW_STATES;

/// An engine that is fed.
pub struct Asset<const N: usize>(EngineOf<N>);

impl<const N: usize> Asset<N> {
    /// On the two files of a simulation.
    pub fn new(simulation: &Simulation) -> Self {
        Self(EngineOf::new(&simulation.site, &simulation.vehicle).unwrap())
    }

    /// A fresh one that shares what never changes.
    #[allow(dead_code, reason = "not every bench has a fleet")]
    pub fn sibling(&self) -> Self {
        Self(self.0.sibling())
    }

    /// Takes one sample, in the order of arrival.
    pub fn step(&mut self, sample: &Sample, outputs: &mut Outputs) {
        self.0.step(sample, outputs);
    }

    /// The newest estimate; `None` before the start.
    pub fn position(&self) -> Option<Position> {
        let estimate = self.0.estimate()?;
        Some(Position {
            t: estimate.t,
            p_n: estimate.p_n,
            protection: estimate.protection,
        })
    }

    /// The newest estimate's position minus the true one, site frame [m].
    pub fn error_n(&self, simulation: &Simulation) -> Vector3<f64> {
        let position = self.position().unwrap();
        let truth = simulation.trajectory.at(position.t.seconds());
        position.p_n - truth.position_m
    }
}
