//! `wayfix calibrate anchors`: places and biases of anchors from ranges along a drive.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::shared::Common;
use crate::calibrate::anchors::{Request, calibrate};
use crate::calibrate::{By, File};

/// Find where anchors stand, the bias of each, and the scale of all ranges.
///
/// The way of the vehicle is truth where the log has it, a source of poses or positions (--track), or
/// comes from odometry and the ranges together (--odometry). Anchors that site.toml does not have are
/// surveyed, the others where they are named with --survey or --survey-all; the rest stay, and fix the
/// frame. With --odometry it may also be [start] in vehicle.toml, or satellites. Places and biases
/// go into site.toml, scales into vehicle.toml.
#[derive(Debug, Args)]
pub(super) struct Anchors {
    #[command(flatten)]
    common: Common,
    /// Source of the ranges, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Source of poses or positions that knows the way, instead of truth.
    #[arg(long, value_name = "NAME")]
    track: Option<String>,
    /// Find the way from odometry and the ranges, whatever else the log has.
    #[arg(long, conflicts_with = "track")]
    odometry: bool,
    /// Anchors whose places are sought.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    survey: Vec<String>,
    /// Seek the places of all anchors.
    #[arg(long)]
    survey_all: bool,
}

impl Anchors {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (site, vehicle, log, damage) = self.common.drive(&[File::Site, File::Vehicle])?;
        let request = Request {
            source: self.source.clone(),
            by: by(self.track.clone(), self.odometry),
            survey: self.survey.iter().cloned().collect(),
            survey_all: self.survey_all,
        };
        let report =
            calibrate(&site, &vehicle, &log, &request).with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}

/// What to follow the vehicle by.
pub(super) fn by(track: Option<String>, odometry: bool) -> By {
    match track {
        Some(name) => By::Source(name),
        None if odometry => By::Odometry,
        None => By::Best,
    }
}
