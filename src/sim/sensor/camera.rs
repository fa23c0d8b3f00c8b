//! Camera that reads markers: corners through a pinhole, where the whole marker is in the image.

use nalgebra::{Vector2, Vector3};
use wayfix_sensors::{Reading, sample};

use super::{Model, World, name};
use crate::config::site::Marker;
use crate::config::source::CameraSource;
use crate::sim::noise::{Rng, normal};
use crate::sim::scene::{pose_of, rotation};
use crate::sim::truth::State;

/// Nearest point that is still in focus [m].
const NEAR_M: f64 = 0.2;
/// Largest angle (as its cosine) at which a marker can be decoded.
const DECODED_COS: f64 = 0.3;
/// Smallest side of a marker that can be decoded [px].
const DECODED_PX: f64 = 16.0;

pub(super) struct Camera {
    config: CameraSource,
}

impl Camera {
    pub(super) fn new(config: &CameraSource) -> Self {
        Self {
            config: config.clone(),
        }
    }
}

/// Ideal corners [px] of a marker, in the order (−,−), (+,−), (+,+), (−,+) of its own frame;
/// `None` where a corner lies behind the camera or the marker shows its back.
#[must_use]
pub fn project(config: &CameraSource, state: &State, marker: &Marker) -> Option<[[f64; 2]; 4]> {
    let (lever, mounted) = pose_of(&config.mount);
    let camera_n = state.point_m(lever);
    let to_camera = (state.attitude * mounted).inverse();
    let turned = rotation(marker.rpy_deg);
    let centre = Vector3::from(marker.position_m);
    let view = (camera_n - centre).normalize();
    if (turned * Vector3::z()).dot(&view) < DECODED_COS {
        return None;
    }
    let half = marker.size_m / 2.0;
    let mut corners = [[0.0; 2]; 4];
    let signs = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    for (corner, (x, y)) in corners.iter_mut().zip(signs) {
        let point = centre + turned * Vector3::new(x * half, y * half, 0.0);
        let seen = to_camera * (point - camera_n);
        if seen.z < NEAR_M {
            return None;
        }
        *corner = [
            config.focal_px[0] * seen.x / seen.z + config.centre_px[0],
            config.focal_px[1] * seen.y / seen.z + config.centre_px[1],
        ];
    }
    Some(corners)
}

impl Model for Camera {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let state = world.trajectory.at(t);
        // The principal point is the middle of the image.
        let [width, height] = self.config.centre_px.map(|centre| 2.0 * centre);
        for marker in &world.scene.site.markers {
            let Some(mut corners_px) = project(&self.config, &state, marker) else {
                continue;
            };
            let within = |[u, v]: &[f64; 2]| (0.0..width).contains(u) && (0.0..height).contains(v);
            let side = (Vector2::from(corners_px[0]) - Vector2::from(corners_px[1])).norm();
            if !corners_px.iter().all(within) || side < DECODED_PX {
                continue;
            }
            for corner in corners_px.iter_mut().flatten() {
                *corner += normal(rng, self.config.sigma_px);
            }
            let marker = sample::Marker {
                marker: name(&marker.id),
                corners_px,
            };
            out.push((t, Reading::Marker(marker)));
        }
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::Mount;
    use crate::sim::path::Path;
    use crate::sim::speed::Pace;
    use crate::sim::truth::{Floor, Trajectory};

    /// A camera that looks up, image top towards the vehicle's back: x right, y forward on the
    /// vehicle, z up.
    fn upward() -> CameraSource {
        CameraSource {
            mount: Mount {
                position_m: [0.5, 0.0, 2.0],
                rpy_deg: [0.0, 0.0, -90.0],
            },
            focal_px: [600.0, 600.0],
            centre_px: [640.0, 480.0],
            delay_s: 0.0,
            lag_sigma_s: 0.0,
            sigma_px: 0.5,
            rotation_sigma_deg: 0.0,
            gate: crate::config::source::Gate::default(),
            live: None,
        }
    }

    #[test]
    fn corners_are_where_a_pinhole_puts_them() {
        let marker = Marker {
            id: "M".to_owned(),
            position_m: [1.5, 1.0, 6.0],
            rpy_deg: [180.0, 0.0, 0.0],
            size_m: 0.4,
            sigma_m: 0.01,
        };
        let pace = Pace {
            straight_mps: 1.0,
            turn_mps: 1.0,
            accel_mps2: 1.0,
        };
        let path = Path::through(&[[0.0, 0.0], [5.0, 0.0]], 1.0);
        let state = Trajectory::new(Floor::flat(0.0))
            .then(0.0, path, pace, false)
            .at(0.0);
        let corners = project(&upward(), &state, &marker).unwrap();
        // Camera at (0.5, 0, 2), marker 1 m ahead, 1 m to the left, 4 m above: 150 px a metre.
        // Roll 180 keeps the marker's x along n and turns its y to −y. Right in the image is −y.
        let expected = [
            [640.0 - 150.0 * 1.2, 480.0 + 150.0 * 0.8],
            [640.0 - 150.0 * 1.2, 480.0 + 150.0 * 1.2],
            [640.0 - 150.0 * 0.8, 480.0 + 150.0 * 1.2],
            [640.0 - 150.0 * 0.8, 480.0 + 150.0 * 0.8],
        ];
        for (corner, expected) in corners.iter().flatten().zip(expected.iter().flatten()) {
            assert!((corner - expected).abs() < 1e-9, "{corners:?}");
        }
        let facing_up = Marker {
            rpy_deg: [0.0; 3],
            ..marker
        };
        assert!(project(&upward(), &state, &facing_up).is_none());
    }
}
