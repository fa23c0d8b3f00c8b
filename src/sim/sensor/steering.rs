//! Steering angle: a wrong zero that walks, jitter, and the grain of the encoder.

use wayfix_sensors::{Reading, sample};

use super::wheels::lean_deg;
use super::{Model, World};
use crate::config::source::SteeringSource;
use crate::sim::noise::{Rng, Walk, normal};

/// Grain of the encoder at the road wheel [rad], about 0.05°.
const GRAIN_RAD: f64 = 1e-3;

pub(super) struct Steering {
    config: SteeringSource,
    initial_deg: f64,
    offset_deg: Walk,
    jitter_rad: f64,
}

impl Steering {
    pub(super) fn new(config: &SteeringSource, jitter_rad: f64, rng: &mut Rng) -> Self {
        let initial_deg = config.offset_deg + normal(rng, config.offset_sigma_deg);
        let offset_deg = Walk::new(initial_deg, config.offset_walk_deg_rts);
        Self {
            config: config.clone(),
            initial_deg,
            offset_deg,
            jitter_rad,
        }
    }
}

impl Model for Steering {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let state = world.trajectory.at(t);
        let wheel = state.steering_rad(world.motion.wheelbase_m);
        let lean_deg = lean_deg(self.config.backlash_deg, state.forward_mps);
        let offset = (self.offset_deg.at(t, rng) + lean_deg).to_radians();
        let jitter = normal(rng, self.jitter_rad);
        let seen = ((wheel + jitter - offset) / GRAIN_RAD).round() * GRAIN_RAD / self.config.ratio;
        out.push((t, Reading::Steering(sample::Steering { angle_rad: seen })));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        vec![("offset_deg".to_owned(), self.initial_deg)]
    }
}
