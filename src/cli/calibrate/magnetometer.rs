//! `wayfix calibrate magnetometer`: hard and soft iron, mount against the gyro, the Earth's field.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use world_magnetic_model::time::Date;

use super::shared::Common;
use crate::calibrate::File;
use crate::calibrate::magnetometer::{Collected, Request, calibrate, date_from};

/// Find hard and soft iron of a magnetometer, how its axes lie against the gyro's, and the Earth's field
/// at the site.
///
/// Turning the vehicle on the spot shows x and y; turning the sensor by hand through all directions shows
/// all of it. Too few directions are refused, with a map of what is missing (--plots draws it). The Earth's
/// field is that of the World Magnetic Model at the site's datum and the log's date.
#[derive(Debug, Args)]
pub(super) struct Magnetometer {
    #[command(flatten)]
    common: Common,
    /// The magnetometer, where there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The inertial unit whose gyro turns with it, where there are several.
    #[arg(long, value_name = "NAME")]
    gyro: Option<String>,
    /// Date of the drive (2026-03-31), where the log's clock does not have it.
    #[arg(long, value_name = "DATE", value_parser = date_from)]
    date: Option<Date>,
}

impl Magnetometer {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let changes = [File::Vehicle];
        let (site, vehicle, log, damage) = self.common.read(
            &changes,
            |_, _| Collected::default(),
            |log, (_, vehicle), index, record| log.take(vehicle, index, record),
        )?;
        let request = Request {
            source: self.source.clone(),
            gyro: self.gyro.clone(),
            date: self.date,
        };
        let report =
            calibrate(&site, &vehicle, &log, &request).with_context(|| self.common.name())?;
        self.common.tell(&report, damage)
    }
}
