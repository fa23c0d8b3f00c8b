//! Calibration from ordinary drives: samples and the geometry as it is believed to be in, parameters
//! with their sigmas out. Reads no file and knows no configuration.

pub mod least_squares;
mod parameter;
mod pose;
#[cfg(test)]
mod random;
pub mod wheels;

pub use parameter::{Observed, Parameter};
pub use pose::Pose2;
