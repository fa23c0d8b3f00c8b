//! A site file whose datum is a few metres off.

use super::fix::moved;
use crate::sim::Simulation;

/// The site file says that its origin lies elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WrongDatum {
    /// By how much, east and north \[m\].
    pub off_m: [f64; 2],
}

impl WrongDatum {
    pub(super) fn apply(&self, run: &mut Simulation) {
        run.site.datum = run.site.datum.map(|datum| moved(datum, self.off_m));
    }
}
