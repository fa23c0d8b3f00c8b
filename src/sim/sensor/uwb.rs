//! Ranging radio: anchors in turn, each with its bias; racks delay the path and weaken its first
//! arrival; now and then something else entirely.

use nalgebra::Vector3;
use wayfix_sensors::{Name, Reading, sample};

use super::{Model, World, name};
use crate::config::Site;
use crate::config::source::UwbSource;
use crate::sim::noise::{GaussMarkov, Rng, chance, exponential, normal, uniform};
use crate::sim::scene::pose_of;

/// Reach and vices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Radio {
    /// Anchors beyond this are not heard [m].
    pub reach_m: f64,
    /// Mean excess of a blocked path [m].
    pub blocked_mean_m: f64,
    /// Share of ranges that are off by anything.
    pub outliers: f64,
}

impl Radio {
    /// Line of sight only, no outliers.
    pub const CLEAN: Self = Self {
        reach_m: 1000.0,
        blocked_mean_m: 0.0,
        outliers: 0.0,
    };
}

struct Anchor {
    id: Name,
    position_m: Vector3<f64>,
    bias_m: f64,
    drift_m: GaussMarkov,
}

pub(super) struct Uwb {
    config: UwbSource,
    radio: Radio,
    anchors: Vec<Anchor>,
    scale: f64,
    next: usize,
}

impl Uwb {
    pub(super) fn new(config: &UwbSource, radio: Radio, site: &Site, rng: &mut Rng) -> Self {
        let anchors = site.anchors.iter().map(|anchor| Anchor {
            id: name(&anchor.id),
            position_m: Vector3::from(anchor.position_m),
            bias_m: anchor.bias_m + normal(rng, config.bias_sigma_m),
            drift_m: GaussMarkov::new(config.drift_sigma_m, config.drift_time_s),
        });
        Self {
            anchors: anchors.collect(),
            scale: config.scale + normal(rng, config.scale_sigma),
            config: config.clone(),
            radio,
            next: 0,
        }
    }
}

impl Model for Uwb {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let (lever, _) = pose_of(&self.config.mount);
        let tag = world.trajectory.at(t).point_m(lever);
        let n = self.anchors.len();
        let heard = (0..n)
            .map(|k| (self.next + k) % n)
            .find(|i| (self.anchors[*i].position_m - tag).norm() <= self.radio.reach_m);
        let Some(index) = heard else { return };
        self.next = index + 1;
        let anchor = &mut self.anchors[index];
        let distance = (anchor.position_m - tag).norm();
        let blocked = world.scene.is_blocked(&tag, &anchor.position_m);
        let excess = if blocked {
            exponential(rng, self.radio.blocked_mean_m)
        } else {
            0.0
        };
        let sigma = self
            .config
            .range_sigma_m
            .hypot(self.config.range_sigma_ratio * distance);
        let mut range = self.scale * distance
            + anchor.bias_m
            + anchor.drift_m.at(t, rng)
            + excess
            + normal(rng, sigma);
        if chance(rng, self.radio.outliers) {
            range = uniform(rng, 0.3, 2.0 * distance + 5.0);
        }
        let gap = if blocked {
            uniform(rng, 8.0, 16.0)
        } else {
            uniform(rng, 1.0, 5.0)
        };
        let rx = -62.0 - 20.0 * distance.max(1.0).log10() - 0.3 * gap + normal(rng, 1.0);
        let range = sample::Range {
            anchor: anchor.id,
            range_m: range.max(0.0),
            rx_power_dbm: Some(rx),
            first_path_dbm: Some(rx - gap),
        };
        out.push((t, Reading::Range(range)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let biases = self
            .anchors
            .iter()
            .map(|a| (format!("{}.bias_m", a.id), a.bias_m));
        std::iter::once(("scale".to_owned(), self.scale))
            .chain(biases)
            .collect()
    }
}
