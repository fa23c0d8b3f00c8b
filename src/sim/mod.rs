//! Simulation: analytic truth, and models of the sensors that see it.

pub mod noise;
pub mod path;
pub mod smooth;
pub mod speed;
pub mod truth;
