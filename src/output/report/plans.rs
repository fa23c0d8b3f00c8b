//! Floor plans under the track: in the page themselves, so they are small or left out.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::ReportPage;
use super::series::rounded;
use crate::config::Site;
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

impl ReportPage {
    /// Shows a floor plan under the track.
    ///
    /// # Errors
    /// It is too large.
    pub fn lay(&mut self, plan: Plan) -> Result<(), TooLarge> {
        let before_mb: f64 = self.plans.iter().map(encoded_mb).sum();
        let encoded_mb = encoded_mb(&plan);
        if before_mb + encoded_mb > MOST_MB {
            return Err(TooLarge {
                file: plan.map.file,
                encoded_mb,
            });
        }
        self.plans.push(plan);
        Ok(())
    }
}

/// Four characters for three bytes.
fn encoded_mb(plan: &Plan) -> f64 {
    4.0 * plan.bytes.len().div_ceil(3) as f64 * 1e-6
}

/// The picture, and the affine map from its pixels to the site frame \[m\], in the order of a canvas:
/// `x = m0 u + m2 v + m4`, `y = m1 u + m3 v + m5`, u to the right and v up from the lower left corner.
pub(super) fn value(plan: &Plan, site: &Site) -> Value {
    let corner = plan.corner(site);
    let (sin, cos) = plan.yaw_rad(site).sin_cos();
    let pixel_m = plan.map.pixel_m;
    let matrix = [
        pixel_m * cos,
        pixel_m * sin,
        -pixel_m * sin,
        pixel_m * cos,
        corner.x,
        corner.y,
    ];
    let picture = BASE64_STANDARD.encode(&plan.bytes);
    json!({
        "file": plan.map.file,
        "matrix": matrix.map(|m| rounded(m, 9)),
        "picture": format!("data:{};base64,{picture}", plan.media_type),
    })
}
