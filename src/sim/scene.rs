//! What a simulated sensor finds around it, beyond what site.toml tells an estimator.

use nalgebra::{UnitQuaternion, Vector2, Vector3};

use crate::config::Site;
use crate::config::source::Mount;

/// An upright box: a rack, a hall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// Smallest x and y [m].
    pub low_m: [f64; 2],
    /// Largest x and y [m].
    pub high_m: [f64; 2],
    /// Height above z = 0 [m].
    pub height_m: f64,
}

impl Block {
    /// Horizontal distance to its outline [m], negative inside.
    #[must_use]
    pub fn distance_m(&self, p: &Vector3<f64>) -> f64 {
        let excess = |i: usize| (self.low_m[i] - p[i]).max(p[i] - self.high_m[i]);
        let (x, y) = (excess(0), excess(1));
        if x > 0.0 && y > 0.0 {
            x.hypot(y)
        } else {
            x.max(y)
        }
    }

    /// Whether the straight line between two points runs through it.
    #[must_use]
    pub fn blocks(&self, a: &Vector3<f64>, b: &Vector3<f64>) -> bool {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let low = [self.low_m[0], self.low_m[1], f64::NEG_INFINITY];
        let high = [self.high_m[0], self.high_m[1], self.height_m];
        for i in 0..3 {
            let step = b[i] - a[i];
            if step == 0.0 {
                if a[i] < low[i] || a[i] > high[i] {
                    return false;
                }
                continue;
            }
            let (one, other) = ((low[i] - a[i]) / step, (high[i] - a[i]) / step);
            enter = enter.max(one.min(other));
            leave = leave.min(one.max(other));
        }
        enter < leave
    }

    /// Middle of its footprint [m].
    #[must_use]
    pub fn centre_m(&self) -> Vector2<f64> {
        (Vector2::from(self.low_m) + Vector2::from(self.high_m)) / 2.0
    }
}

/// A site with what stands in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// What the estimator is told.
    pub site: Site,
    /// The building: no satellites inside, fewer beside it.
    pub hall: Option<Block>,
    /// Racks: block radio, disturb the magnetic field.
    pub racks: Vec<Block>,
}

impl Scene {
    /// Open ground with nothing but what the site lists.
    #[must_use]
    pub fn open(site: Site) -> Self {
        Self {
            site,
            hall: None,
            racks: Vec::new(),
        }
    }

    /// Distance to the sky [m]: positive in the open, negative under the roof.
    #[must_use]
    pub fn openness_m(&self, p: &Vector3<f64>) -> f64 {
        self.hall.map_or(f64::INFINITY, |hall| hall.distance_m(p))
    }

    /// Whether a rack stands between two points.
    #[must_use]
    pub fn is_blocked(&self, a: &Vector3<f64>, b: &Vector3<f64>) -> bool {
        self.racks.iter().any(|rack| rack.blocks(a, b))
    }

    /// Magnetic flux density at a point, site frame [T]; zero where the site states none.
    #[must_use]
    pub fn field_tesla(&self, p: &Vector3<f64>) -> Vector3<f64> {
        /// Disturbance at the face of a rack [T], and the distance over which it fades [m].
        const AT_FACE_TESLA: f64 = 25e-6;
        const FADES_M: f64 = 1.0;
        let Some(earth) = self.site.magnetic else {
            return Vector3::zeros();
        };
        let (sin_d, cos_d) = earth.declination_deg.to_radians().sin_cos();
        let (sin_i, cos_i) = earth.inclination_deg.to_radians().sin_cos();
        let undisturbed =
            Vector3::new(cos_i * sin_d, cos_i * cos_d, -sin_i) * (earth.strength_ut * 1e-6);
        let disturbances = self.racks.iter().map(|rack| {
            // Steel magnetised along the rack, with a sign that changes every few metres.
            let fading = (-rack.distance_m(p).max(0.0) / FADES_M).exp();
            let along = p.x - rack.centre_m().x;
            let wave = (along * 0.9 + rack.centre_m().y).sin();
            Vector3::new(0.8 * wave, 0.5 * (1.0 - wave), 0.3 * wave) * (AT_FACE_TESLA * fading)
        });
        undisturbed + disturbances.sum::<Vector3<f64>>()
    }
}

/// A mount's lever arm p_bs [m] and rotation q_bs.
#[must_use]
pub fn pose_of(mount: &Mount) -> (Vector3<f64>, UnitQuaternion<f64>) {
    (Vector3::from(mount.position_m), rotation(mount.rpy_deg))
}

/// Rz(yaw)·Ry(pitch)·Rx(roll).
#[must_use]
pub fn rotation(rpy_deg: [f64; 3]) -> UnitQuaternion<f64> {
    let [roll, pitch, yaw] = rpy_deg.map(f64::to_radians);
    UnitQuaternion::from_euler_angles(roll, pitch, yaw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn racks_block_only_below_their_height() {
        let rack = Block {
            low_m: [0.0, 0.0],
            high_m: [10.0, 1.0],
            height_m: 4.0,
        };
        let at = |y: f64, z: f64| Vector3::new(5.0, y, z);
        assert!(rack.blocks(&at(-3.0, 2.0), &at(4.0, 2.0)));
        assert!(!rack.blocks(&at(-3.0, 5.0), &at(4.0, 5.0)));
        assert!(!rack.blocks(&at(-3.0, 2.0), &at(-1.0, 2.0)));
        assert_eq!(rack.distance_m(&at(-3.0, 0.0)), 3.0);
        assert_eq!(rack.distance_m(&at(0.5, 0.0)), -0.5);
    }
}
