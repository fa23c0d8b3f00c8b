//! `wayfix calibrate noise`: sigmas of the sources, by innovations.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::noise::{Request, calibrate};

/// Find the sigma of each source at which its innovations are as large as they should be.
///
/// The log is replayed up to eight times, each time with sigmas for all sources that bring their mean
/// normalised innovation squared nearer to its dimension; wild measurements don't count. No truth is
/// needed; where the log has it, it judges the result. Errors that last stay with their own keys
/// (drift_sigma_...), and a sigma most of whose error lasts is kept. The result goes into vehicle.toml.
#[derive(Debug, Args)]
pub(super) struct Noise {
    #[command(flatten)]
    common: Common,
    /// These sources only.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    source: Vec<String>,
    /// Take the sigma of the white part even where most of the error lasts.
    #[arg(long)]
    white: bool,
}

impl Noise {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (site, vehicle, log, damage) = self.common.drive(&[File::Vehicle])?;
        let request = Request {
            sources: self.source.clone(),
            takes_white: self.white,
        };
        let report =
            calibrate(&site, &vehicle, &log, &request).with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}
