//! From a file to a validated type, or to every problem that the file has.

use std::path::Path;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::DeTable;

use super::lines::{KeyLines, LineStarts};
use super::problem::{ConfigError, Fault, Problem};
use super::walk::walk;
use super::{Site, Vehicle, consistency, schema};

/// A validated file, with the places of its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<T> {
    /// Its content.
    pub value: T,
    /// The line of each key, for messages about it.
    pub lines: KeyLines,
}

/// Loads `site.toml`.
///
/// # Errors
/// The file cannot be read, or has problems: all of them, each with line, key, value and the
/// expected unit and range.
pub fn load_site(path: &Path) -> Result<Site, ConfigError> {
    read_site(path).map(|loaded| loaded.value)
}

/// Loads `vehicle.toml`.
///
/// # Errors
/// As of [`load_site`].
pub fn load_vehicle(path: &Path) -> Result<Vehicle, ConfigError> {
    read_vehicle(path).map(|loaded| loaded.value)
}

/// Loads `site.toml` and keeps the places of its keys.
///
/// # Errors
/// As of [`load_site`].
pub fn read_site(path: &Path) -> Result<Loaded<Site>, ConfigError> {
    site_from_str(&path.display().to_string(), &text_of(path)?)
}

/// Loads `vehicle.toml` and keeps the places of its keys.
///
/// # Errors
/// As of [`load_site`].
pub fn read_vehicle(path: &Path) -> Result<Loaded<Vehicle>, ConfigError> {
    vehicle_from_str(&path.display().to_string(), &text_of(path)?)
}

/// A site from text; `file` is what messages call it.
///
/// ```
/// let error = wayfix::config::site_from_str("site.toml", "[datum]\nlat_deg = 91\nlon_deg = 8.5\n");
/// assert_eq!(
///     error.unwrap_err().to_string(),
///     "site.toml:2: datum.lat_deg = 91: expected a finite number at least -90 and at most 90 [deg]"
/// );
/// ```
///
/// # Errors
/// As of [`load_site`].
pub fn site_from_str(file: &str, text: &str) -> Result<Loaded<Site>, ConfigError> {
    from_str(file, text, &SITE, consistency::site)
}

/// A vehicle from text; `file` is what messages call it.
///
/// ```
/// let text = "[source.uwb]\nkind = \"uwb\"\nrange_sigma = 0.1\n";
/// let error = wayfix::config::vehicle_from_str("vehicle.toml", text);
/// assert_eq!(
///     error.unwrap_err().to_string(),
///     "vehicle.toml:3: source.uwb.range_sigma: unknown key; did you mean range_sigma_m [m]?"
/// );
/// ```
///
/// # Errors
/// As of [`load_site`].
pub fn vehicle_from_str(file: &str, text: &str) -> Result<Loaded<Vehicle>, ConfigError> {
    from_str(file, text, &VEHICLE, consistency::vehicle)
}

/// Made once: that takes longer than all the rest of a load.
static SITE: LazyLock<Value> = LazyLock::new(schema::site);
static VEHICLE: LazyLock<Value> = LazyLock::new(schema::vehicle);

fn text_of(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

fn from_str<T: DeserializeOwned>(
    file: &str,
    text: &str,
    schema: &Value,
    consistency: fn(&T, &KeyLines) -> Vec<Problem>,
) -> Result<Loaded<T>, ConfigError> {
    let invalid = |mut problems: Vec<Problem>| {
        problems.sort_by_key(|problem| problem.line);
        Err(ConfigError::Invalid {
            file: file.to_owned(),
            problems,
        })
    };
    let starts = LineStarts::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return invalid(errors.iter().map(|error| syntax(&starts, error)).collect());
    }
    let (lines, mut problems) = walk(text, &starts, document.get_ref(), schema);
    match toml::from_str::<T>(text) {
        Ok(value) => {
            problems.extend(consistency(&value, &lines));
            if problems.is_empty() {
                Ok(Loaded { value, lines })
            } else {
                invalid(problems)
            }
        }
        // The walk has said it better; only what it missed is left to the deserialiser.
        Err(_) if !problems.is_empty() => invalid(problems),
        Err(error) => invalid(vec![syntax(&starts, &error)]),
    }
}

fn syntax(starts: &LineStarts, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| starts.line_at(span.start));
    let fault = Fault::Syntax(error.message().to_owned());
    Problem {
        line,
        key: String::new(),
        fault,
    }
}
