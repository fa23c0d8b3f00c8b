//! Simulation: analytic truth, and models of the sensors that see it.
//!
//! ```
//! use wayfix::sim::{scenario, simulate};
//! let scenario = scenario::find("tag_only").expect("in the table");
//! let simulation = simulate(scenario, 1, Some(5.0))?;
//! assert!(simulation.received.len() > 50);
//! # Ok::<(), wayfix::sim::SimulationError>(())
//! ```

pub mod channel;
pub mod fault;
pub mod geodetic;
pub mod noise;
pub mod path;
mod run;
pub mod scenario;
pub mod scene;
pub mod sensor;
pub mod smooth;
pub mod speed;
pub mod truth;
mod write;

pub use run::{Simulation, SimulationError, simulate};
pub use write::write;
