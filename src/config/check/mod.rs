//! What is legal in the two files but probably not meant.

mod gate;
mod geometry;
mod pair;
mod site;
mod vehicle;

use std::fmt;

use serde::Serialize;

use super::{Site, Vehicle};

/// Which of the two files a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum File {
    /// `site.toml`.
    Site,
    /// `vehicle.toml`.
    Vehicle,
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warning {
    /// The file in which it would be mended.
    pub file: File,
    /// Full path of the key, as in errors.
    pub key: String,
    /// What is suspicious, what it leads to, and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Everything suspicious about a site and a vehicle that is to drive there.
///
/// ```
/// use wayfix::config::{check, site_from_str, vehicle_from_str};
/// let site = site_from_str("site.toml", "")?.value;
/// let vehicle = vehicle_from_str("vehicle.toml", "[source.gps]\nkind = \"gnss\"\n")?.value;
/// assert_eq!(
///     check(&site, &vehicle)[0].to_string(),
///     "datum: missing, so source.gps (gnss) cannot be used; give lat_deg, lon_deg and height_m"
/// );
/// # Ok::<(), wayfix::config::ConfigError>(())
/// ```
#[must_use]
pub fn check(site: &Site, vehicle: &Vehicle) -> Vec<Warning> {
    let mut found = Findings::default();
    site::check(site, &mut found);
    vehicle::check(vehicle, &mut found);
    pair::check(site, vehicle, &mut found);
    found.0.sort_by_key(|warning| warning.file as u8);
    found.0
}

/// The warnings so far.
#[derive(Default)]
struct Findings(Vec<Warning>);

impl Findings {
    fn site(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Warning {
            file: File::Site,
            key: key.into(),
            message: message.into(),
        });
    }

    fn vehicle(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Warning {
            file: File::Vehicle,
            key: key.into(),
            message: message.into(),
        });
    }
}
