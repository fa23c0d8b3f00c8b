//! `wayfix calibrate imu`: noise of an inertial unit at rest, scale and bias of its accelerometer.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::imu::{Collected, calibrate};

/// Find the noise of an inertial unit from a log at rest, and scale and bias of its accelerometer from
/// rests in several orientations.
///
/// Rests are found by themselves, in one log or several. From the longest, of a minute or more, comes the
/// Allan deviation (--plots draws it): noise density, random walk and bias instability. Rests in three
/// orientations or more, six at best, show scale and bias.
#[derive(Debug, Args)]
pub(super) struct Imu {
    #[command(flatten)]
    common: Common,
    /// The inertial unit, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

impl Imu {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (_, vehicle, log, damage) = self.common.read(
            &[File::Vehicle],
            |_, _| Collected::default(),
            |log, _, index, record| log.take(index, record),
        )?;
        let report = calibrate(&vehicle, &log, self.source.as_deref())
            .with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}
