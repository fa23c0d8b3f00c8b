//! Beacons: log-distance path loss, shadowing that stays for seconds, whole decibels.

use nalgebra::Vector3;
use wayfix_sensors::{Name, Reading, sample};

use super::{Model, World, name};
use crate::config::Site;
use crate::config::source::RssiSource;
use crate::sim::noise::{GaussMarkov, Rng, normal, uniform};
use crate::sim::scene::pose_of;

struct Beacon {
    id: Name,
    position_m: Vector3<f64>,
    power_dbm: f64,
    exponent: f64,
    bias_db: f64,
    shadow_db: GaussMarkov,
}

pub(super) struct Ble {
    config: RssiSource,
    reach_m: f64,
    beacons: Vec<Beacon>,
}

impl Ble {
    pub(super) fn new(config: &RssiSource, reach_m: f64, site: &Site, rng: &mut Rng) -> Self {
        let beacons = site.beacons.iter().map(|beacon| Beacon {
            id: name(&beacon.id),
            position_m: Vector3::from(beacon.position_m),
            power_dbm: beacon.power_dbm.unwrap_or(config.power_dbm),
            exponent: beacon
                .path_loss_exponent
                .unwrap_or(config.path_loss_exponent),
            bias_db: normal(rng, config.bias_sigma_db),
            shadow_db: GaussMarkov::new(config.drift_sigma_db, config.drift_time_s),
        });
        Self {
            beacons: beacons.collect(),
            config: config.clone(),
            reach_m,
        }
    }
}

impl Model for Ble {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let (lever, _) = pose_of(&self.config.mount);
        let antenna = world.trajectory.at(t).point_m(lever);
        let reach = self.reach_m;
        let heard: Vec<&mut Beacon> = self
            .beacons
            .iter_mut()
            .filter(|beacon| (beacon.position_m - antenna).norm() <= reach)
            .collect();
        let pick = (uniform(rng, 0.0, 1.0) * heard.len() as f64) as usize;
        let Some(beacon) = heard.into_iter().nth(pick) else {
            return;
        };
        let distance = (beacon.position_m - antenna).norm().max(0.1);
        let rssi = beacon.power_dbm - 10.0 * beacon.exponent * distance.log10()
            + beacon.bias_db
            + beacon.shadow_db.at(t, rng)
            + normal(rng, self.config.sigma_db);
        let rssi = sample::Rssi {
            beacon: beacon.id,
            rssi_dbm: rssi.round(),
            advertised_dbm: None,
        };
        out.push((t, Reading::Rssi(rssi)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        self.beacons
            .iter()
            .map(|b| (format!("{}.bias_db", b.id), b.bias_db))
            .collect()
    }
}
