//! Sensor models, one a file: each says what its device reports at a time, with the errors that
//! vehicle.toml assumes of it, and what its constants really are.

mod barometer;
mod ble;
mod camera;
mod differences;
mod gnss;
mod imu;
mod magnetometer;
mod portal;
mod pose;
mod steering;
mod uwb;
mod wheels;

use std::collections::BTreeMap;

use wayfix_sensors::{Name, Reading};

use super::noise::Rng;
use super::scene::Scene;
use super::truth::Trajectory;
use crate::config::Source;
use crate::config::vehicle::{Estimator, Motion};

pub use camera::project;
pub use uwb::Radio;
pub use wheels::{Output, Slip};

/// What a model may look at.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Where the asset is.
    pub trajectory: &'a Trajectory,
    /// What is around it.
    pub scene: &'a Scene,
    /// Its geometry.
    pub motion: &'a Motion,
    /// Gravity, for the accelerometer.
    pub estimator: &'a Estimator,
}

/// The constants that the models drew: what calibration should find. Keys are paths with units:
/// `wheels.scale`, `uwb.A1.bias_m`, `imu.gyro_bias_x_radps`.
pub type Parameters = BTreeMap<String, f64>;

/// Traits of a device that vehicle.toml does not tell an estimator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Device {
    /// Nothing beyond vehicle.toml.
    Plain,
    /// What wheel encoders report, and how the wheels slip.
    Wheels(Output, Slip),
    /// Reach and vices of a ranging radio.
    Radio(Radio),
    /// The same of a radio that listens to differences of arrival.
    Differences(Radio),
    /// Reach of a beacon [m].
    Reach(f64),
    /// White noise of a steering angle [rad], beyond the grain of its encoder.
    Jitter(f64),
}

/// A sensor.
pub trait Model {
    /// What it reports at `t` [s]: time of measurement and reading, none or several.
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>);

    /// The constants behind its readings, under its own names.
    fn parameters(&self) -> Vec<(String, f64)>;
}

/// The model of a source of a vehicle; `None` for kinds that cannot be simulated yet.
#[must_use]
pub fn model(
    source: &Source,
    device: &Device,
    rate_hz: f64,
    scene: &Scene,
    rng: &mut Rng,
) -> Option<Box<dyn Model>> {
    Some(match source {
        Source::Imu(config) => Box::new(imu::Imu::new(config, rate_hz, rng)),
        Source::Magnetometer(config) => Box::new(magnetometer::Magnetometer::new(config, rng)?),
        Source::Height(config) => Box::new(barometer::Barometer::new(config, scene, rng)),
        Source::Wheels(config) => {
            let Device::Wheels(output, slip) = *device else {
                return None;
            };
            Box::new(wheels::Wheels::new(config, output, slip, rng))
        }
        Source::Steering(config) => {
            let jitter_rad = match *device {
                Device::Jitter(sigma_rad) => sigma_rad,
                _ => 0.0,
            };
            Box::new(steering::Steering::new(config, jitter_rad, rng))
        }
        Source::Gnss(config) => Box::new(gnss::Gnss::new(config, scene.site.datum?, rng)),
        Source::Uwb(config) => match *device {
            Device::Radio(radio) => Box::new(uwb::Uwb::new(config, radio, &scene.site, rng)),
            Device::Differences(radio) => {
                Box::new(differences::Listener::new(config, radio, &scene.site, rng))
            }
            _ => return None,
        },
        Source::Rssi(config) => {
            let Device::Reach(reach_m) = *device else {
                return None;
            };
            Box::new(ble::Ble::new(config, reach_m, &scene.site, rng))
        }
        Source::Camera(config) => Box::new(camera::Camera::new(config)),
        Source::Portal(config) => Box::new(portal::PortalReader::new(config)),
        Source::Pose(config) => Box::new(pose::Pose::new(config)),
        Source::Landmark(_) => return None,
    })
}

/// An id as readings carry it; ids longer than that are refused when a site is loaded.
fn name(id: &str) -> Name {
    Name::from(id).unwrap_or_default()
}

/// Known delay of the stamps, and the prior sigma of what is left of it [s]; satellite receivers
/// have two of their own, which their model applies.
#[must_use]
pub fn stamp_delay_s(source: &Source) -> (f64, f64) {
    match source {
        Source::Imu(c) => (c.delay_s, 0.0),
        Source::Magnetometer(c) => (c.delay_s, 0.0),
        Source::Height(c) => (c.delay_s, 0.0),
        Source::Wheels(c) => (c.delay_s, c.lag_sigma_s),
        Source::Steering(c) => (c.delay_s, 0.0),
        Source::Gnss(_) => (0.0, 0.0),
        Source::Uwb(c) => (c.delay_s, c.lag_sigma_s),
        Source::Rssi(c) => (c.delay_s, 0.0),
        Source::Landmark(c) => (c.delay_s, c.lag_sigma_s),
        Source::Camera(c) => (c.delay_s, c.lag_sigma_s),
        Source::Portal(c) => (c.delay_s, 0.0),
        Source::Pose(c) => (c.delay_s, c.lag_sigma_s),
    }
}

fn xyz(label: &str, unit: &str, v: nalgebra::Vector3<f64>) -> Vec<(String, f64)> {
    ["x", "y", "z"]
        .iter()
        .zip(v.iter())
        .map(|(a, x)| (format!("{label}_{a}_{unit}"), *x))
        .collect()
}
