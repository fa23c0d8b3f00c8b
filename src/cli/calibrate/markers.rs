//! `wayfix calibrate markers`: survey of markers from known ones.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::markers::{Request, calibrate};

/// Survey markers and landmarks that a camera saw, from those that are known.
///
/// The log is replayed and smoothed with what is known: the other markers, and every other source. From
/// the camera's places come the places of the markers that site.toml does not have, and of those
/// named with --survey, with sigmas that hold the way's own. The result goes into site.toml.
#[derive(Debug, Args)]
pub(super) struct Markers {
    #[command(flatten)]
    common: Common,
    /// The camera, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Markers and landmarks whose places are sought, though site.toml has them.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    survey: Vec<String>,
    /// Side length of the new markers [m], where it is not that of the known ones.
    #[arg(long, value_name = "METRES")]
    size: Option<f64>,
}

impl Markers {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (site, vehicle, log, damage) = self.common.drive(&[File::Site])?;
        let request = Request {
            source: self.source.clone(),
            survey: self.survey.iter().cloned().collect(),
            size_m: self.size,
        };
        let report =
            calibrate(&site, &vehicle, &log, &request).with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}
