//! Calibration from ordinary drives: samples and the geometry as it is believed to be in, parameters
//! with their sigmas out. Reads no file and knows no configuration.

mod least_squares;
mod pose;
pub mod wheels;

pub use pose::Pose2;
