//! `--rerun`: what `replay` and `run` share of drawing, whether the build can or not.

use clap::Args;

use crate::config::{Site, Vehicle};
use crate::output::drawing::Target;
#[cfg(feature = "rerun")]
use crate::output::rerun::{Ending, Haste, Rerun, is_heard};

/// What draws; in a build that can't, there is none.
#[cfg(not(feature = "rerun"))]
pub(super) enum Rerun {}

#[cfg(not(feature = "rerun"))]
impl crate::replay::Sink for Rerun {}

/// How a run is drawn.
#[derive(Debug, Args)]
pub(super) struct Draw {
    /// Draw the run with Rerun: FILE.rrd to open later, or a viewer that is running: connect,
    /// connect=HOST:PORT. Needs a build with the feature `rerun`.
    #[arg(long, value_name = "WHERE")]
    rerun: Option<Target>,
    /// With a map of the world beside the site; the viewer fetches its tiles from OpenStreetMap.
    #[arg(long, requires = "rerun")]
    rerun_map: bool,
}

/// What draws, and what becomes of it.
#[derive(Default)]
pub(super) struct Drawing {
    /// Told what happens; the drawing is complete when this has been dropped.
    pub sink: Option<Rerun>,
    #[cfg(feature = "rerun")]
    ending: Option<Ending>,
}

impl Draw {
    /// Begins, where it is asked for; a live run is never held up.
    ///
    /// # Errors
    /// It can't be drawn there, or this build can't draw.
    #[cfg(feature = "rerun")]
    pub fn begin(&self, site: &Site, vehicle: &Vehicle, is_live: bool) -> anyhow::Result<Drawing> {
        let Some(target) = &self.rerun else {
            return Ok(Drawing::default());
        };
        let haste = match target {
            _ if is_live => Haste::Drop,
            Target::File(_) => Haste::Wait,
            Target::Viewer(address) => {
                if !is_heard(address) {
                    eprintln!(
                        "warning: no viewer listens at {address} yet: start one with `rerun`"
                    );
                }
                Haste::WaitAWhile
            }
        };
        let sink = Rerun::begin(target, haste, site, vehicle, self.rerun_map)?;
        Ok(Drawing {
            ending: Some(sink.ending()),
            sink: Some(sink),
        })
    }

    /// Nothing to begin with.
    ///
    /// # Errors
    /// A drawing is asked for.
    #[cfg(not(feature = "rerun"))]
    pub fn begin(&self, _: &Site, _: &Vehicle, _: bool) -> anyhow::Result<Drawing> {
        match &self.rerun {
            None => Ok(Drawing::default()),
            Some(_) => anyhow::bail!(
                "--rerun: this build can't draw. Build it with the feature: \
                 cargo run --release --features rerun -- replay ..."
            ),
        }
    }
}

impl Drawing {
    /// Completes the drawing, and tells what is missing from it.
    pub fn end(self) {
        drop(self.sink);
        #[cfg(feature = "rerun")]
        if let Some(ending) = self.ending {
            if ending.lost() > 0 {
                let lost = ending.lost();
                eprintln!(
                    "warning: --rerun: {lost} events were not drawn: the viewer was slow or absent"
                );
            }
            if let Some(failure) = ending.failure() {
                eprintln!("warning: --rerun: {failure}");
            }
        }
    }
}
