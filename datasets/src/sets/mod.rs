//! The sets, one file each. Every file holds the conventions of its set: signs, lags, frames, traps.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::recording::Recording;

pub mod ble_tetam;
pub mod broad;
pub mod carmen;
pub mod comma2k19;
pub mod crazyflie_tdoa;
pub mod hanyang_uwb;
pub mod iasl_uwb;
pub mod kitti_imu_gps;
pub mod labyrinth;
pub mod mrclam;
pub mod plaza1;
pub mod starloc;

pub mod tricycle;
pub mod victoria_park;
pub mod wifibot;

/// Which recording of a set, and what of it.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Robot (mrclam; default 1).
    #[arg(long)]
    pub robot: Option<u32>,
    /// Run, as the set names it (hanyang_uwb, starloc, ble_tetam, plaza, wifibot).
    #[arg(long)]
    pub run: Option<String>,
    /// Trial (broad: 10 or 30).
    #[arg(long)]
    pub trial: Option<u32>,
    /// Satellite positions too (hanyang_uwb, whose truth is made of them).
    #[arg(long)]
    pub gnss: bool,
    /// The magnetometer too (iasl_uwb, whose field is disturbed indoors).
    #[arg(long)]
    pub mag: bool,
    /// Take the satellites out of the last seconds \[s\] (comma2k19).
    #[arg(long)]
    pub without_gnss_s: Option<f64>,
}

impl Options {
    /// The run that was asked for, or the set's first.
    #[must_use]
    pub fn run_or<'a>(&'a self, default: &'a str) -> &'a str {
        self.run.as_deref().unwrap_or(default)
    }
}

/// Reads one recording of a set.
pub type Load = fn(&Path, &Options) -> Result<Recording>;

/// All sets by the name of their folder.
pub const SETS: &[(&str, Load)] = &[
    ("plaza1", plaza1::load),
    ("labyrinth", labyrinth::load),
    ("mrclam", mrclam::load),
    ("starloc", starloc::load),
    ("iasl_uwb", iasl_uwb::load),
    ("hanyang_uwb", hanyang_uwb::load),
    ("crazyflie_tdoa", crazyflie_tdoa::load),
    ("comma2k19", comma2k19::load),
    ("victoria_park", victoria_park::load),
    ("kitti_imu_gps", kitti_imu_gps::load),
    ("broad", broad::load),
    ("ble_tetam", ble_tetam::load),
    ("wifibot", wifibot::load),
    ("tricycle", tricycle::load),
    ("carmen", carmen::load),
];

/// Reads one recording of a set from its folder.
///
/// # Errors
/// A set that is not known, or what its files lack.
pub fn load(set: &str, dir: &Path, options: &Options) -> Result<Recording> {
    let names = || {
        SETS.iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (_, load) = SETS
        .iter()
        .find(|(name, _)| *name == set)
        .with_context(|| format!("no set {set:?}; there are {}", names()))?;
    load(dir, options)
}

/// Where the sets are: `WAYFIX_DATA`, or `shared/data` beside the repository.
#[must_use]
pub fn data_dir() -> PathBuf {
    std::env::var_os("WAYFIX_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    )
}

/// The folder of a set for a test, or `None` with a line that says the test is skipped.
#[cfg(test)]
pub(crate) fn test_dir(set: &str) -> Option<PathBuf> {
    let dir = data_dir().join(set);
    if dir.is_dir() {
        return Some(dir);
    }
    println!(
        "skipped: no recording in {} (set WAYFIX_DATA)",
        dir.display()
    );
    None
}
