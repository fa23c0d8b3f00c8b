//! `wayfix calibrate beacons`: powers and path loss from signal strengths along a known way.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::beacons::{Collected, Request, calibrate};

/// Find each beacon's power at 1 m, the path-loss exponent, and the sigma of a reading.
///
/// The logs need rssi of beacons that site.toml has, and the way of the vehicle: truth, or a source of
/// poses or positions. Powers go into site.toml, exponent and sigma into vehicle.toml.
#[derive(Debug, Args)]
pub(super) struct Beacons {
    #[command(flatten)]
    common: Common,
    /// Source of the signal strengths, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Source of poses or positions that knows the way, instead of truth.
    #[arg(long, value_name = "NAME")]
    track: Option<String>,
    /// An exponent for each beacon, and not one for all.
    #[arg(long)]
    own_exponents: bool,
}

impl Beacons {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (site, vehicle, log, damage) = self.common.read(
            &[File::Site, File::Vehicle],
            |_, _| Collected::by(self.track.as_deref()),
            |log, (site, vehicle), index, record| log.take(site, vehicle, index, record),
        )?;
        let request = Request {
            source: self.source.clone(),
            own_exponents: self.own_exponents,
        };
        let report =
            calibrate(&site, &vehicle, log, &request).with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}
