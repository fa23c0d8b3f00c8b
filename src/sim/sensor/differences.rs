//! A radio that listens: differences of distance to pairs of anchors in turn, each anchor with its
//! bias; racks delay a path, and now and then something else entirely.

use nalgebra::Vector3;
use wayfix_sensors::{Name, Reading, sample};

use super::{Model, Radio, World, name};
use crate::config::Site;
use crate::config::source::UwbSource;
use crate::sim::noise::{Rng, chance, exponential, normal, uniform};
use crate::sim::scene::pose_of;

struct Anchor {
    id: Name,
    position_m: Vector3<f64>,
    bias_m: f64,
}

pub(super) struct Listener {
    config: UwbSource,
    radio: Radio,
    anchors: Vec<Anchor>,
    scale: f64,
    next: usize,
}

impl Listener {
    pub(super) fn new(config: &UwbSource, radio: Radio, site: &Site, rng: &mut Rng) -> Self {
        let anchors = site.anchors.iter().map(|anchor| Anchor {
            id: name(&anchor.id),
            position_m: Vector3::from(anchor.position_m),
            bias_m: anchor.bias_m + normal(rng, config.bias_sigma_m),
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

impl Model for Listener {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let (lever, _) = pose_of(&self.config.mount);
        let tag = world.trajectory.at(t).point_m(lever);
        let heard: Vec<&Anchor> = self
            .anchors
            .iter()
            .filter(|anchor| (anchor.position_m - tag).norm() <= self.radio.reach_m)
            .collect();
        if heard.len() < 2 {
            return;
        }
        // Neighbours in a ring, as a chain of transmissions has them.
        let pair = [0, 1].map(|k| heard[(self.next + k) % heard.len()]);
        self.next += 1;
        let mut path = |anchor: &Anchor| {
            let blocked = world.scene.is_blocked(&tag, &anchor.position_m);
            let excess = if blocked {
                exponential(rng, self.radio.blocked_mean_m)
            } else {
                0.0
            };
            self.scale * (anchor.position_m - tag).norm() + anchor.bias_m + excess
        };
        let paths = pair.map(&mut path);
        let mut difference_m = paths[1] - paths[0] + normal(rng, self.config.difference_sigma_m);
        if chance(rng, self.radio.outliers) {
            difference_m = uniform(rng, -self.radio.reach_m, self.radio.reach_m);
        }
        let difference = sample::RangeDifference {
            anchor_a: pair[0].id,
            anchor_b: pair[1].id,
            difference_m,
        };
        out.push((t, Reading::RangeDifference(difference)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let of = |a: &Anchor| (format!("{}.bias_m", a.id), a.bias_m);
        let biases = self.anchors.iter().map(of);
        std::iter::once(("scale".to_owned(), self.scale))
            .chain(biases)
            .collect()
    }
}
