//! Calibration: a recorded drive and the two files in; better numbers for the files, with their
//! sigmas, out. The mathematics is in `wayfix-calibration`, which knows no configuration.

pub mod vehicle_file;
pub mod wheels;
