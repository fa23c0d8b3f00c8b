//! Floor plans under the track: in the page themselves, so they are small or left out.

use crate::output::plan::Plan;

/// What all plans of a page may take [MB], encoded: the page of a day's log with them is below 10 MB.
const MOST_MB: f64 = 4.0;

/// A plan that the page has no room for.
#[derive(Debug, thiserror::Error)]
#[error(
    "the map {file} would take {encoded_mb:.1} MB of the page, where all maps together have {MOST_MB} MB: scale \
     the picture down, and pixel_m up alike"
)]
pub struct TooLarge {
    file: String,
    encoded_mb: f64,
}

/// The plans of one page.
#[derive(Debug, Default)]
pub struct Plans(Vec<Plan>);

impl Plans {
    /// Adds one.
    ///
    /// # Errors
    /// It is too large.
    pub fn lay(&mut self, plan: Plan) -> Result<(), TooLarge> {
        let before_mb: f64 = self.0.iter().map(encoded_mb).sum();
        let encoded_mb = encoded_mb(&plan);
        if before_mb + encoded_mb > MOST_MB {
            return Err(TooLarge {
                file: plan.map.file,
                encoded_mb,
            });
        }
        self.0.push(plan);
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter()
    }
}

/// Four characters for three bytes.
fn encoded_mb(plan: &Plan) -> f64 {
    4.0 * plan.bytes.len().div_ceil(3) as f64 * 1e-6
}
