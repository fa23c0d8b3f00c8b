//! `--rerun`: what `replay`, `run` and `demo` share of drawing, whether the build can or not.

#[cfg(feature = "rerun")]
mod able;
#[cfg(not(feature = "rerun"))]
mod unable;

use std::path::Path;

use clap::Args;

use crate::config::{Site, Vehicle};
use crate::output::drawing::Target;

#[cfg(feature = "rerun")]
pub(super) use able::Drawing;
#[cfg(not(feature = "rerun"))]
pub(super) use unable::Drawing;

/// How a run is drawn.
#[derive(Debug, Args)]
pub(super) struct Draw {
    /// Draw the run with Rerun: FILE.rrd to open later; connect or connect=HOST:PORT, a viewer that is
    /// running; serve or serve=IP:PORT, a viewer for the browser, until Ctrl-C. Needs a build with the
    /// feature `rerun`.
    #[arg(long, value_name = "WHERE")]
    rerun: Option<Target>,
    /// With a map of the world beside the site; the viewer fetches its tiles from OpenStreetMap.
    #[arg(long, requires = "rerun")]
    rerun_map: bool,
}

impl Draw {
    /// Begins, where it is asked for; a live run is never held up. Floor plans lie beside `file`.
    ///
    /// # Errors
    /// It can't be drawn there, or this build can't draw.
    pub fn begin(
        &self,
        site: &Site,
        vehicle: &Vehicle,
        file: &Path,
        is_live: bool,
    ) -> anyhow::Result<Drawing> {
        let Some(target) = &self.rerun else {
            return Ok(Drawing::default());
        };
        Drawing::begin(target, (site, vehicle), file, self.rerun_map, is_live)
    }
}
