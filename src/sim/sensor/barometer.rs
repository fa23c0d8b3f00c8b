//! Barometer: pressure of the standard atmosphere at the sensor's height, on a day whose weather
//! moves the reference.

use wayfix_sensors::{Reading, sample};

use super::{Model, World};
use crate::config::source::HeightSource;
use crate::sim::noise::{Rng, Walk, normal};
use crate::sim::scene::{Scene, pose_of};

/// Weather shifts the pressure altitude by this sigma [m].
const WEATHER_M: f64 = 80.0;

pub(super) struct Barometer {
    config: HeightSource,
    initial_m: f64,
    reference_m: Walk,
}

impl Barometer {
    pub(super) fn new(config: &HeightSource, scene: &Scene, rng: &mut Rng) -> Self {
        let ground_m = scene.site.datum.map_or(0.0, |datum| datum.height_m);
        let initial_m = ground_m + normal(rng, WEATHER_M.min(config.bias_sigma_m));
        let reference_m = Walk::new(initial_m, config.bias_walk_m_rts);
        Self {
            config: config.clone(),
            initial_m,
            reference_m,
        }
    }
}

/// International Standard Atmosphere below 11 km: p = p₀·(1 − h/44330.77)^5.25588.
fn pressure_pa(altitude_m: f64) -> f64 {
    101_325.0 * (1.0 - altitude_m / 44_330.77).powf(5.255_88)
}

impl Model for Barometer {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let (lever, _) = pose_of(&self.config.mount);
        let height = world.trajectory.at(t).point_m(lever).z;
        let altitude = height + self.reference_m.at(t, rng) + normal(rng, self.config.sigma_m);
        let pressure = sample::Pressure {
            pressure_pa: pressure_pa(altitude),
        };
        out.push((t, Reading::Pressure(pressure)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        vec![("reference_m".to_owned(), self.initial_m)]
    }
}
