//! `wayfix calibrate wheels`: scales, wheelbase or track, steering and mount from a drive whose way
//! is known.

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;

use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::wheels::{Collected, Request, calibrate};

/// Find the geometry of wheels and steering: metres and radians a count, wheelbase or track,
/// steering zero and backlash, and with --reference where that sensor sits. Of computed odometry:
/// scales, bias and steering zero of its yaw rate, and how late it is.
///
/// The log needs wheel_ticks or wheel_speeds, the steering where the vehicle has one, or else twist or
/// odometry_step, and truth with heading. Each parameter comes with its sigma and whether the drive could show it;
/// what it did not show stays as it is. The result is printed as lines of vehicle.toml.
#[derive(Debug, Args)]
pub(super) struct Wheels {
    #[command(flatten)]
    common: Common,
    /// Source of the wheels, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Source whose sensor truth is of: its mount is sought too. Its own poses, where it has any in
    /// the log, serve instead of truth. Without: truth is of the vehicle's reference point.
    #[arg(long, value_name = "NAME")]
    reference: Option<String>,
    /// Also fit the first half of the drive alone, and see how it predicts the second.
    #[arg(long)]
    holdout: bool,
    /// Length of the segments that are compared.
    #[arg(long, value_name = "SECONDS", value_parser = seconds,
          default_value_t = Request::default().segment_s)]
    segment: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 600.0 => Ok(seconds),
        _ => Err("expected a number above 0 and at most 600 [s]".to_owned()),
    }
}

impl Wheels {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let logs = self.common.logs.len();
        ensure!(
            logs == 1,
            "{logs} logs: the wheels' path is that of one drive"
        );
        // The site is read for its errors; the wheels need nothing of it.
        let (_, vehicle, log, damage) = self.common.read(
            &[File::Vehicle],
            |_, _| Collected::default(),
            |log, (_, vehicle), _, record| log.take(vehicle, record),
        )?;
        let request = Request {
            source: self.source.clone(),
            reference: self.reference.clone(),
            segment_s: self.segment,
            holdout: self.holdout,
        };
        let found =
            calibrate(&vehicle, &log.sorted(), &request).with_context(|| self.common.name())?;
        self.common.tell(&found.report(), damage)
    }
}
