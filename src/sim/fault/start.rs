//! A start that the vehicle file states wrongly.

use crate::config::vehicle::Start;
use crate::sim::Simulation;

/// The vehicle file is sure of a place where the asset is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WrongStart {
    /// How far off it is, east and north \[m\].
    pub off_m: [f64; 2],
    /// How sure of it \[m\].
    pub sigma_m: f64,
}

impl WrongStart {
    pub(super) fn apply(&self, run: &mut Simulation) {
        let at = run.trajectory.at(0.0);
        let [x, y] = self.off_m;
        run.vehicle.start = Some(Start {
            position_m: [at.position_m.x + x, at.position_m.y + y, at.position_m.z],
            sigma_m: self.sigma_m,
            yaw_deg: Some(at.yaw_rad.to_degrees()),
            yaw_sigma_deg: 2.0,
        });
    }
}
