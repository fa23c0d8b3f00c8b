//! `stanford_horizontal.svg` and `stanford_vertical.svg`: the error against the protection level that
//! should bound it, as a Stanford diagram (Stanford–ESA form: Tossaint et al. 2007, "The Stanford–ESA
//! integrity diagram"). Each cell's colour is the logarithm of its number of epochs.

mod bins;
mod draw;
mod labels;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lines::OutputError;
use crate::config::vehicle::Protection;
use crate::evaluate::{Comparison, Region};
use crate::replay::Sink;
use bins::Bins;

/// Both diagrams, in flat memory until the end.
#[derive(Debug)]
pub struct Stanford {
    directory: PathBuf,
    horizontal: Diagram,
    vertical: Diagram,
}

/// One direction.
#[derive(Debug)]
struct Diagram {
    direction: &'static str,
    alert_m: Option<f64>,
    bins: Bins,
    counts: [u64; Region::ALL.len()],
}

impl Diagram {
    fn new(direction: &'static str, alert_m: Option<f64>) -> Self {
        Self {
            direction,
            alert_m,
            bins: Bins::default(),
            counts: Default::default(),
        }
    }

    fn add(&mut self, error_m: f64, level_m: f64) {
        if error_m.is_finite() && level_m.is_finite() {
            self.bins.add(error_m, level_m);
            self.counts[Region::of(error_m, level_m, self.alert_m) as usize] += 1;
        }
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn write(&self, directory: &Path) -> Result<(), OutputError> {
        if self.total() == 0 {
            return Ok(());
        }
        let path = directory.join(format!("stanford_{}.svg", self.direction));
        draw::svg(self)
            .map_err(|error| io::Error::other(error.to_string()))
            .and_then(|svg| fs::write(&path, svg))
            .map_err(|source| OutputError { path, source })
    }
}

impl Stanford {
    /// Diagrams with the alert limits of vehicle.toml, for this folder.
    #[must_use]
    pub fn new(directory: &Path, protection: &Protection) -> Self {
        Self {
            directory: directory.to_owned(),
            horizontal: Diagram::new("horizontal", protection.horizontal_alert_m),
            vertical: Diagram::new("vertical", protection.vertical_alert_m),
        }
    }

    /// Writes the diagrams of which there are epochs.
    ///
    /// # Errors
    /// One of them can't be written.
    pub fn finish(self) -> Result<(), OutputError> {
        self.horizontal.write(&self.directory)?;
        self.vertical.write(&self.directory)
    }
}

impl Sink for Stanford {
    fn comparison(&mut self, c: &Comparison) {
        let protection = &c.estimate.protection;
        if let Some(error) = c.horizontal {
            self.horizontal.add(error.norm(), protection.horizontal_m);
        }
        if let Some(error_m) = c.height_m {
            self.vertical.add(error_m.abs(), protection.vertical_m);
        }
    }
}
