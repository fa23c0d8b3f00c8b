//! site.toml and vehicle.toml: as stated, or as the log carries them.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use crate::config::{self, Site, Vehicle};
use crate::log::Attachment;

/// Where the two files are.
#[derive(Debug, Args)]
pub(super) struct TwoFiles {
    /// What does not move (site.toml).
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// What moves (vehicle.toml).
    #[arg(long, value_name = "FILE")]
    pub vehicle: Option<PathBuf>,
}

impl TwoFiles {
    /// Loads them; `attachments` are those of the log.
    ///
    /// # Errors
    /// One that is neither stated nor carried, or wrong.
    pub fn load(&self, log: &Path, attachments: &[Attachment]) -> anyhow::Result<(Site, Vehicle)> {
        let carried = |option: &str, name: &str| {
            let found = attachments.iter().find(|a| a.name == name);
            found
                .map(|a| (format!("{}: {name}", log.display()), a.text.clone()))
                .ok_or_else(|| {
                    anyhow!(
                        "{} carries no {name}: state it with {option}",
                        log.display()
                    )
                })
        };
        let site = match &self.site {
            Some(path) => config::load_site(path)?,
            None => {
                let (file, text) = carried("--site", "site.toml")?;
                config::site_from_str(&file, &text)?.value
            }
        };
        let vehicle = match &self.vehicle {
            Some(path) => config::load_vehicle(path)?,
            None => {
                let (file, text) = carried("--vehicle", "vehicle.toml")?;
                config::vehicle_from_str(&file, &text)?.value
            }
        };
        Ok((site, vehicle))
    }
}
