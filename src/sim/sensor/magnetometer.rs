//! Magnetometer: the field of the place through soft iron, plus the vehicle's own field.

use nalgebra::{Matrix3, Vector3};
use wayfix_sensors::{Reading, sample};

use super::{Model, World, xyz};
use crate::config::source::MagnetometerSource;
use crate::sim::noise::{Rng, normal3};
use crate::sim::scene::pose_of;

const TESLA_PER_UT: f64 = 1e-6;

pub(super) struct Magnetometer {
    config: MagnetometerSource,
    hard_iron_ut: Vector3<f64>,
    distortion: Matrix3<f64>,
}

impl Magnetometer {
    /// `None` for a soft-iron matrix that has no inverse.
    pub(super) fn new(config: &MagnetometerSource, rng: &mut Rng) -> Option<Self> {
        let soft_iron = Matrix3::from_fn(|row, column| config.soft_iron[row][column]);
        // Set-up, not the filter: the one inverse of a constant 3 × 3.
        let distortion = soft_iron.try_inverse()?;
        let hard_iron_ut = Vector3::from(config.hard_iron_ut) + normal3(rng, config.bias_sigma_ut);
        Some(Self {
            config: config.clone(),
            hard_iron_ut,
            distortion,
        })
    }
}

impl Model for Magnetometer {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let state = world.trajectory.at(t);
        let (lever, mounted) = pose_of(&self.config.mount);
        let field_n = world.scene.field_tesla(&state.point_m(lever));
        let field_s = mounted.inverse() * (state.attitude.inverse() * field_n);
        let own = (self.hard_iron_ut + normal3(rng, self.config.sigma_ut)) * TESLA_PER_UT;
        let field_tesla = (self.distortion * field_s + own).into();
        out.push((
            t,
            Reading::MagneticField(sample::MagneticField { field_tesla }),
        ));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        xyz("hard_iron", "ut", self.hard_iron_ut)
    }
}
