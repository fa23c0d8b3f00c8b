//! `--rerun`: what `replay` and `run` share of drawing, whether the build can or not.

use std::path::Path;

use clap::Args;

use crate::config::{Site, Vehicle};
use crate::output::drawing::Target;
#[cfg(feature = "rerun")]
use crate::output::rerun::{Ending, Haste, Rerun, Scene, is_heard, plan, url};

/// What draws; in a build that can't, there is none.
#[cfg(not(feature = "rerun"))]
pub(super) enum Rerun {}

#[cfg(not(feature = "rerun"))]
impl crate::replay::Sink for Rerun {}

/// Between two looks whether to stop.
#[cfg(feature = "rerun")]
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

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

/// What draws, and what becomes of it.
#[derive(Default)]
pub(super) struct Drawing {
    /// Told what happens; the drawing is complete when this has been dropped.
    pub sink: Option<Rerun>,
    #[cfg(feature = "rerun")]
    ending: Option<Ending>,
}

impl Draw {
    /// Begins, where it is asked for; a live run is never held up. Floor plans lie beside `file`.
    ///
    /// # Errors
    /// It can't be drawn there, or this build can't draw.
    #[cfg(feature = "rerun")]
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
        let haste = match target {
            _ if is_live => Haste::Drop,
            Target::File(_) | Target::Page(_) => Haste::Wait,
            Target::Viewer(address) => {
                if !is_heard(address) {
                    eprintln!(
                        "warning: no viewer listens at {address} yet: start one with `rerun`"
                    );
                }
                Haste::WaitAWhile
            }
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        let scene = Scene {
            site,
            vehicle,
            plans: plans(site, folder),
            map: self.rerun_map,
        };
        let sink = Rerun::begin(target, haste, scene)?;
        if let Target::Page(address) = target {
            eprintln!("look at {}", url(address));
        }
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
    pub fn begin(&self, _: &Site, _: &Vehicle, _: &Path, _: bool) -> anyhow::Result<Drawing> {
        match &self.rerun {
            None => Ok(Drawing::default()),
            Some(_) => anyhow::bail!(
                "--rerun: this build can't draw. Build it with the feature: \
                 cargo run --release --features rerun -- replay ..."
            ),
        }
    }
}

/// Reads the floor plans. One that is not there is told, and the rest drawn.
#[cfg(feature = "rerun")]
fn plans(site: &Site, folder: &Path) -> Vec<plan::Plan> {
    let read = |map| {
        let read = plan::Plan::read(map, folder);
        read.inspect_err(|error| eprintln!("warning: {error}; the floor plan is left out"))
            .ok()
    };
    site.maps.iter().filter_map(read).collect()
}

impl Drawing {
    /// Completes the drawing, tells what is missing from it, and serves it until told to stop.
    pub fn end(self, is_stopped: impl Fn() -> bool) {
        drop(self.sink);
        #[cfg(feature = "rerun")]
        if let Some(ending) = self.ending {
            let lost = ending.lost();
            if lost > 0 {
                eprintln!(
                    "warning: --rerun: {lost} events were not drawn: the viewer was slow or absent"
                );
            }
            if let Some(failure) = ending.failure() {
                eprintln!("warning: --rerun: {failure}");
            }
            while ending.is_served() && !is_stopped() {
                std::thread::sleep(LOOK);
            }
        }
        #[cfg(not(feature = "rerun"))]
        let _ = is_stopped;
    }
}

#[cfg(all(test, not(feature = "rerun")))]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_cant_draw_says_how_to_build_one_that_can() {
        let asked = Draw {
            rerun: Some("out.rrd".parse().unwrap()),
            rerun_map: false,
        };
        let vehicle: Vehicle = toml::from_str("").unwrap();
        let refused = asked.begin(&Site::default(), &vehicle, Path::new("site.toml"), false);
        let Err(refused) = refused else {
            panic!("a drawing without the means to draw");
        };
        assert!(
            refused.to_string().contains("--features rerun"),
            "{refused}"
        );
    }
}
