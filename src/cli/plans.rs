//! What `--report` and `--rerun` share of floor plans: one that can't be shown is told, and the rest shown.

use std::fmt::Display;
use std::path::Path;

use crate::config::Site;
use crate::output::plan::Plan;

/// Reads those that lie beside `file`, for this option.
pub(super) fn read(site: &Site, file: &Path, option: &str) -> Vec<Plan> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let read = |map| shown(Plan::read(map, folder), option);
    site.maps.iter().filter_map(read).collect()
}

/// What can be shown; of the rest, this option's user is told why not.
pub(super) fn shown<T, E: Display>(plan: Result<T, E>, option: &str) -> Option<T> {
    plan.inspect_err(|error| eprintln!("warning: {option}: {error}; the floor plan is left out"))
        .ok()
}
