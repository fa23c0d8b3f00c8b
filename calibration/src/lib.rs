//! Calibration from ordinary drives: samples and the geometry as it is believed to be in, parameters
//! with their sigmas out. Reads no file and knows no configuration.

pub mod anchors;
pub mod beacons;
pub mod drive;
#[cfg(test)]
mod errors;
pub mod imu;
pub mod least_squares;
pub mod magnetometer;
pub mod markers;
pub mod mounts;
pub mod noise;
mod parameter;
mod pose;
#[cfg(test)]
mod random;
mod spread;
pub mod wheels;

pub use parameter::{Observed, Parameter};
pub use pose::Pose2;
