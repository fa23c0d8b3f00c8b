//! A build with the feature `rerun`.

use std::path::Path;
use std::time::Duration;

use crate::cli::plans;
use crate::config::{Site, Vehicle};
use crate::output::drawing::Target;
use crate::output::rerun::{Ending, Haste, Rerun, Scene, is_heard, plan, url};

/// What asks for drawing.
const OPTION: &str = "--rerun";
/// Between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// What draws, and what becomes of it.
#[derive(Default)]
pub struct Drawing {
    /// Told what happens; the drawing is complete when this has been dropped.
    pub sink: Option<Rerun>,
    ending: Option<Ending>,
}

impl Drawing {
    /// Begins; floor plans lie beside `file`.
    ///
    /// # Errors
    /// It can't be drawn there.
    pub(in crate::cli) fn begin(
        target: &Target,
        (site, vehicle): (&Site, &Vehicle),
        file: &Path,
        map: bool,
        is_live: bool,
    ) -> anyhow::Result<Self> {
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
        let scene = Scene {
            site,
            vehicle,
            plans: (plans::read(site, file, OPTION).into_iter())
                .filter_map(|plan| plans::shown(plan::Picture::decode(plan), OPTION))
                .collect(),
            map,
        };
        let sink = Rerun::begin(target, haste, scene)?;
        if let Target::Page(address) = target {
            eprintln!("look at {}", url(address));
        }
        Ok(Self {
            ending: Some(sink.ending()),
            sink: Some(sink),
        })
    }

    /// Completes the drawing, tells what is missing from it, and serves it until told to stop.
    pub fn end(self, is_stopped: impl Fn() -> bool) {
        drop(self.sink);
        let Some(ending) = self.ending else { return };
        let lost = ending.lost();
        if lost > 0 {
            eprintln!(
                "warning: {OPTION}: {lost} events were not drawn: the viewer was slow or absent"
            );
        }
        if let Some(failure) = ending.failure() {
            eprintln!("warning: {OPTION}: {failure}");
        }
        while ending.is_served() && !is_stopped() {
            std::thread::sleep(LOOK);
        }
    }
}
