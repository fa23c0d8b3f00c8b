//! Inertial unit: rate and specific force at its mount, biases that walk, white noise.

use nalgebra::Vector3;
use wayfix_sensors::{Reading, sample};

use super::{Model, World, xyz};
use crate::config::source::ImuSource;
use crate::sim::noise::{Rng, Walk, normal, normal3};
use crate::sim::scene::pose_of;

pub(super) struct Imu {
    config: ImuSource,
    gyro_sigma_radps: f64,
    accel_sigma_mps2: f64,
    gyro_bias_radps: [Walk; 3],
    accel_bias_mps2: [Walk; 3],
    initial: [Vector3<f64>; 2],
}

impl Imu {
    pub(super) fn new(config: &ImuSource, rate_hz: f64, rng: &mut Rng) -> Self {
        let gyro = normal3(rng, config.gyro_bias_sigma_radps);
        let accel = normal3(rng, config.accel_bias_sigma_mps2);
        let walks = |start: Vector3<f64>, density| {
            [start.x, start.y, start.z].map(|value| Walk::new(value, density))
        };
        Self {
            gyro_sigma_radps: config.gyro_density_radps_rthz * rate_hz.sqrt(),
            accel_sigma_mps2: config.accel_density_mps2_rthz * rate_hz.sqrt(),
            gyro_bias_radps: walks(gyro, config.gyro_bias_walk_radps_rts),
            accel_bias_mps2: walks(accel, config.accel_bias_walk_mps2_rts),
            initial: [gyro, accel],
            config: config.clone(),
        }
    }
}

/// Value of three walks at one time.
fn at(walks: &mut [Walk; 3], t: f64, rng: &mut Rng) -> Vector3<f64> {
    let [x, y, z] = walks.each_mut().map(|walk| walk.at(t, rng));
    Vector3::new(x, y, z)
}

impl Model for Imu {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let state = world.trajectory.at(t);
        let (lever, mounted) = pose_of(&self.config.mount);
        let gravity = Vector3::new(0.0, 0.0, -world.estimator.gravity_mps2);
        let force_n = state.point_acceleration_mps2(lever) - gravity;
        let force_s = mounted.inverse() * (state.attitude.inverse() * force_n);
        let rate_s = mounted.inverse() * state.rate_radps;

        let mut noisy = |sigma: f64| Vector3::from_fn(|_, _| normal(rng, sigma));
        let gyro_noise = noisy(self.gyro_sigma_radps);
        let accel_noise = noisy(self.accel_sigma_mps2);
        let gyro = rate_s + at(&mut self.gyro_bias_radps, t, rng) + gyro_noise;
        let scaled = force_s.component_mul(&Vector3::from(self.config.accel_scale));
        let known = Vector3::from(self.config.accel_bias_mps2);
        let accel = scaled + known + at(&mut self.accel_bias_mps2, t, rng) + accel_noise;
        let limited = |v: Vector3<f64>, limit: f64| v.map(|x| x.clamp(-limit, limit)).into();
        let imu = sample::Imu {
            gyro_radps: limited(gyro, self.config.gyro_limit_radps),
            accel_mps2: Some(limited(accel, self.config.accel_limit_mps2)),
        };
        out.push((t, Reading::Imu(imu)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let gyro = xyz("gyro_bias", "radps", self.initial[0]);
        gyro.into_iter()
            .chain(xyz("accel_bias", "mps2", self.initial[1]))
            .collect()
    }
}
