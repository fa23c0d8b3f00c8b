//! `wayfix calibrate WHAT`: better numbers for the two files, from a recorded drive.

mod anchors;
mod beacons;
mod imu;
mod magnetometer;
mod markers;
mod mounts;
mod noise;
mod shared;
mod wheels;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::outcome::code;

/// Find parameters of vehicle and site, with sigmas, from recorded drives.
///
/// Exit code 0: found; 1: the drive showed nothing; 2: a file is missing, wrong or lacks what is
/// needed, and the message says what.
#[derive(Debug, Args)]
pub struct Calibrate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Anchors(anchors::Anchors),
    Beacons(beacons::Beacons),
    Imu(imu::Imu),
    Magnetometer(magnetometer::Magnetometer),
    Markers(markers::Markers),
    Mounts(mounts::Mounts),
    Noise(noise::Noise),
    Wheels(wheels::Wheels),
}

impl Calibrate {
    pub(super) fn run(self) -> ExitCode {
        code(match self.what {
            What::Anchors(anchors) => anchors.run(),
            What::Beacons(beacons) => beacons.run(),
            What::Imu(imu) => imu.run(),
            What::Magnetometer(magnetometer) => magnetometer.run(),
            What::Markers(markers) => markers.run(),
            What::Mounts(mounts) => mounts.run(),
            What::Noise(noise) => noise.run(),
            What::Wheels(wheels) => wheels.run(),
        })
    }
}
