//! Measurements whose stated sigmas are nonsense.

use wayfix_sensors::Reading;

use super::Span;
use crate::sim::Simulation;

/// A receiver that states these sigmas in turn, whatever its real errors are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatedSigmas {
    /// The receiver.
    pub source: &'static str,
    /// When.
    pub span: Span,
    /// What it states \[m, m/s, rad\].
    pub sigmas: &'static [f64],
}

impl StatedSigmas {
    pub(super) fn apply(&self, run: &mut Simulation) {
        let mut stated = self.sigmas.iter().copied().cycle();
        for received in run.within(self.source, self.span) {
            let Some(sigma) = stated.next() else { return };
            match &mut received.sample.reading {
                Reading::GnssPosition(fix) => fix.sigma_enu_m = Some([sigma; 3]),
                Reading::GnssVelocity(velocity) => velocity.sigma_mps = Some(sigma),
                Reading::Position(position) => position.sigma_m = Some(sigma),
                Reading::Yaw(yaw) => yaw.sigma_rad = Some(sigma),
                Reading::Pose(pose) => {
                    (pose.sigma_m, pose.sigma_rad) = (Some(sigma), Some(sigma));
                }
                _ => {}
            }
        }
    }
}
