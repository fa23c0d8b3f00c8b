//! Satellite receiver: kind of fix by the view of the sky, slowly varying error, multipath beside
//! walls, position and velocity with delays of their own.

use nalgebra::Vector3;
use wayfix_sensors::Reading;
use wayfix_sensors::sample::{GnssFix, GnssPosition, GnssVelocity};

use super::{Model, World};
use crate::config::site::Datum;
use crate::config::source::GnssSource;
use crate::sim::geodetic::geodetic;
use crate::sim::noise::{GaussMarkov, Rng, chance, normal};
use crate::sim::scene::pose_of;

/// Distance to the wall [m] from which each kind of fix is held.
const FIXES: [(f64, GnssFix); 3] = [
    (14.0, GnssFix::RtkFixed),
    (8.0, GnssFix::RtkFloat),
    (3.0, GnssFix::Differential),
];
/// So far under the roof a receiver still gives (bad) positions now and then [m].
const LOST_M: f64 = -3.0;
/// Multipath beside a wall [m], and the distance over which it fades [m].
const MULTIPATH_M: f64 = 3.0;
const FADES_M: f64 = 4.0;
/// Correlation time of multipath [s].
const MULTIPATH_S: f64 = 4.0;

pub(super) struct Gnss {
    config: GnssSource,
    datum: Datum,
    position_delay_s: f64,
    velocity_delay_s: f64,
    drift: [GaussMarkov; 3],
    multipath: [GaussMarkov; 3],
}

impl Gnss {
    pub(super) fn new(config: &GnssSource, datum: Datum, rng: &mut Rng) -> Self {
        Self {
            config: config.clone(),
            datum,
            position_delay_s: config.position_delay_s + normal(rng, config.position_lag_sigma_s),
            velocity_delay_s: config.velocity_delay_s + normal(rng, config.velocity_lag_sigma_s),
            drift: [GaussMarkov::new(1.0, config.drift_time_s); 3],
            multipath: [GaussMarkov::new(1.0, MULTIPATH_S); 3],
        }
    }

    fn sigma_m(&self, fix: GnssFix) -> f64 {
        match fix {
            GnssFix::Single => self.config.sigma_single_m,
            GnssFix::Differential => self.config.sigma_differential_m,
            GnssFix::RtkFloat => self.config.sigma_float_m,
            GnssFix::RtkFixed => self.config.sigma_fixed_m,
        }
    }
}

impl Model for Gnss {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        // Stamped at t, but about the moment the delay before.
        let (lever, _) = pose_of(&self.config.mount);
        let antenna = world
            .trajectory
            .at(t - self.position_delay_s)
            .point_m(lever);
        let moving = world.trajectory.at(t - self.velocity_delay_s);
        let velocity = moving.point_velocity_mps(lever);
        let open = world.scene.openness_m(&antenna);
        if open < LOST_M || (open < 0.0 && chance(rng, 0.6)) {
            return;
        }
        let fix = FIXES
            .iter()
            .find(|(from, _)| open >= *from)
            .map_or(GnssFix::Single, |fix| fix.1);
        let sigma = self.sigma_m(fix).max(self.config.sigma_floor_m);
        let vertical = [1.0, 1.0, self.config.vertical_ratio];
        let reflected = MULTIPATH_M * (-open.max(0.0) / FADES_M).exp();
        let error = Vector3::from_fn(|i, _| {
            let slow = self.config.drift_sigma_m * self.drift[i].at(t, rng);
            let wall = reflected * self.multipath[i].at(t, rng);
            vertical[i] * (normal(rng, sigma) + slow + wall)
        });
        let (lat_deg, lon_deg, height_m) = geodetic(&self.datum, &(antenna + error));
        let near_wall = open < FADES_M;
        out.push((
            t,
            Reading::GnssPosition(GnssPosition {
                lat_deg,
                lon_deg,
                height_m: Some(height_m),
                fix,
                // Receivers know their noise, and little of reflections.
                sigma_enu_m: Some(vertical.map(|ratio| ratio * sigma)),
                hdop: Some(if near_wall { 2.8 } else { 0.9 }),
                satellites: Some(if near_wall { 7 } else { 19 }),
            }),
        ));
        let speed_sigma = self.config.velocity_sigma_mps * if near_wall { 2.0 } else { 1.0 };
        out.push((
            t,
            Reading::GnssVelocity(GnssVelocity {
                east_mps: velocity.x + normal(rng, speed_sigma),
                north_mps: velocity.y + normal(rng, speed_sigma),
                up_mps: Some(velocity.z + normal(rng, speed_sigma)),
                sigma_mps: Some(speed_sigma),
            }),
        ));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        vec![
            ("position_delay_s".to_owned(), self.position_delay_s),
            ("velocity_delay_s".to_owned(), self.velocity_delay_s),
        ]
    }
}
