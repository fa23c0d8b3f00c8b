//! External pose (motion capture, a scanner's own localisation) in the site frame.

use nalgebra::{UnitQuaternion, Vector3};
use wayfix_sensors::{Reading, sample};

use super::{Model, World};
use crate::config::source::PoseSource;
use crate::sim::noise::{GaussMarkov, Rng, normal, normal3};
use crate::sim::scene::pose_of;

pub(super) struct Pose {
    config: PoseSource,
    drift_m: [GaussMarkov; 3],
}

impl Pose {
    pub(super) fn new(config: &PoseSource) -> Self {
        let drift_m = [GaussMarkov::new(config.drift_sigma_m, config.drift_time_s); 3];
        Self {
            config: config.clone(),
            drift_m,
        }
    }
}

impl Model for Pose {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let state = world.trajectory.at(t);
        let (lever, mounted) = pose_of(&self.config.mount);
        let error =
            Vector3::from_fn(|i, _| normal(rng, self.config.sigma_m) + self.drift_m[i].at(t, rng));
        let sigma_rad = self.config.sigma_deg.to_radians();
        let turn = UnitQuaternion::from_scaled_axis(normal3(rng, sigma_rad));
        let q = state.attitude * mounted * turn;
        let pose = sample::Pose {
            position_m: (state.point_m(lever) + error).into(),
            attitude_wxyz: [q.w, q.i, q.j, q.k],
            sigma_m: None,
            sigma_rad: None,
        };
        out.push((t, Reading::Pose(pose)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        Vec::new()
    }
}
