//! Calibration: recorded drives and the two files in; better numbers for the files, with their
//! sigmas, out. The mathematics is in `wayfix-calibration`, which knows no configuration.
//!
//! A kind of calibration collects what it needs from a log, fits it, and gives a [`Report`]: what
//! people read, what machines read, the changes to either file and the pictures all come from that.

pub mod anchors;
pub mod beacons;
mod drives;
mod heard;
pub mod imu;
mod key_path;
pub mod magnetometer;
pub mod markers;
pub mod missing;
pub mod mounts;
pub mod noise;
pub mod plot;
mod report;
mod track;
pub mod two_files;
pub mod wheels;

pub use drives::{By, Drive, NoWay};
pub use heard::Heard;
pub use key_path::KeyPath;
pub use report::{File, Fit, Parameter, Report, Verdict};
pub use track::{Place, Track};
