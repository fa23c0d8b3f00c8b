//! Portal reader: one passage each time the reader crosses a portal's line, or comes over a tag.

use std::collections::BTreeMap;

use nalgebra::{Vector2, Vector3};
use wayfix_sensors::{Reading, sample};

use super::{Model, World, name};
use crate::config::site::Portal;
use crate::config::source::PortalSource;
use crate::sim::noise::{Rng, normal};
use crate::sim::scene::pose_of;

/// Where the reader was against one portal.
#[derive(Clone, Copy)]
struct Last {
    t: f64,
    /// Past the (randomly displaced) line, or outside the field where negative [m].
    past_m: f64,
    /// By how much this passage is read early or late along the way [m].
    displaced_m: f64,
}

pub(super) struct PortalReader {
    config: PortalSource,
    last: BTreeMap<String, Last>,
}

impl PortalReader {
    pub(super) fn new(config: &PortalSource) -> Self {
        Self {
            config: config.clone(),
            last: BTreeMap::new(),
        }
    }
}

/// Along the passage and across it [m].
fn along_across(portal: &Portal, yaw_deg: f64, p: &Vector3<f64>) -> (f64, f64) {
    let d = Vector2::new(p.x - portal.position_m[0], p.y - portal.position_m[1]);
    let (sin, cos) = yaw_deg.to_radians().sin_cos();
    (cos * d.x + sin * d.y, -sin * d.x + cos * d.y)
}

impl Model for PortalReader {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let (lever, _) = pose_of(&self.config.mount);
        let reader = world.trajectory.at(t).point_m(lever);
        for portal in &world.scene.site.portals {
            let half = portal.width_m / 2.0;
            let before = self.last.get(&portal.id).copied();
            let displaced =
                before.map_or_else(|| normal(rng, portal.sigma_m), |last| last.displaced_m);
            let (past_m, passing) = match portal.yaw_deg {
                Some(yaw_deg) => {
                    let (along, across) = along_across(portal, yaw_deg, &reader);
                    (along - displaced, across.abs() < half)
                }
                None => {
                    let d = Vector2::new(reader.x, reader.y)
                        - Vector2::new(portal.position_m[0], portal.position_m[1]);
                    (half - d.norm(), true)
                }
            };
            let crossed = before.filter(|last| {
                let either_way = portal.yaw_deg.is_some() && last.past_m * past_m < 0.0;
                passing && (either_way || (last.past_m < 0.0 && past_m >= 0.0))
            });
            let mut now = Last {
                t,
                past_m,
                displaced_m: displaced,
            };
            if let Some(last) = crossed {
                let share = last.past_m / (last.past_m - past_m);
                let passage = sample::Passage {
                    portal: name(&portal.id),
                };
                out.push((last.t + share * (t - last.t), Reading::Passage(passage)));
                if portal.yaw_deg.is_some() {
                    // The next passage is displaced by another amount; far from the line this
                    // does not look like a crossing because the sign only counts within reach.
                    let fresh = normal(rng, portal.sigma_m);
                    let along = past_m + displaced;
                    let side = past_m.signum();
                    now.displaced_m = if (along - fresh) * side > 0.0 {
                        fresh
                    } else {
                        displaced
                    };
                    now.past_m = along - now.displaced_m;
                }
            }
            self.last.insert(portal.id.clone(), now);
        }
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        Vec::new()
    }
}
