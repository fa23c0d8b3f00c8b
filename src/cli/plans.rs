//! What `--report` and `--rerun` share of floor plans: one that can't be shown is told, and the rest shown.

use std::fmt::Display;
use std::path::Path;

use crate::config::Site;
use crate::output::page::Plans;
use crate::output::plan::Plan;

/// Reads those that lie beside `file`, for this option.
pub(super) fn read(site: &Site, file: &Path, option: &str) -> Vec<Plan> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let read = |map| shown(Plan::read(map, folder), option);
    site.maps.iter().filter_map(read).collect()
}

/// Those that a page has room for.
pub(super) fn of_page(site: &Site, file: &Path) -> Plans {
    const OPTION: &str = "--report";
    let mut plans = Plans::default();
    for plan in read(site, file, OPTION) {
        shown(plans.lay(plan), OPTION);
    }
    plans
}

/// What can be shown; of the rest, this option's user is told why not.
pub(super) fn shown<T, E: Display>(plan: Result<T, E>, option: &str) -> Option<T> {
    plan.inspect_err(|error| eprintln!("warning: {option}: {error}; the floor plan is left out"))
        .ok()
}
