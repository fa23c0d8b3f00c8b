//! `wayfix calibrate mounts`: how late a source is, and where and how it sits.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::anchors::by;
use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::mounts::{Request, calibrate};

/// Find the time lag of a source, its lever arm and its mounting angles.
///
/// The log needs a second source that sees the same motion: truth, a source of poses or positions
/// (--track), or odometry (--odometry). A satellite receiver shows a lag of its positions and one of its
/// velocities, a source of positions or ranges a lag and a lever arm, a source of headings its
/// mounting yaw, an inertial unit a lag and the turn of its axes, a camera that sees
/// surveyed markers or landmarks a lag, a lever arm and the turn of its axes. The result goes into
/// vehicle.toml.
#[derive(Debug, Args)]
pub(super) struct Mounts {
    #[command(flatten)]
    common: Common,
    /// The source that is sought, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Source of poses or positions that knows the way, instead of truth.
    #[arg(long, value_name = "NAME")]
    track: Option<String>,
    /// Follow the vehicle by odometry, whatever else the log has.
    #[arg(long, conflicts_with = "track")]
    odometry: bool,
    /// Keep the lever arm as vehicle.toml has it.
    #[arg(long)]
    keep_lever: bool,
}

impl Mounts {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (site, vehicle, log, damage) = self.common.drive(&[File::Vehicle])?;
        let request = Request {
            source: self.source.clone(),
            by: by(self.track.clone(), self.odometry),
            keeps_lever: self.keep_lever,
        };
        let report =
            calibrate(&site, &vehicle, &log, &request).with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}
