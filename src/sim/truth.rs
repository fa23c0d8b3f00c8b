//! Where the asset really is: position, attitude and all their derivatives in closed form, so
//! that an ideal IMU integrates back to the very trajectory.
//!
//! The reference point follows the path, the body's x axis is tangent to it (backwards where the
//! leg is driven backwards), the floor's height depends on x alone and the body does not roll.
//! With s the horizontal arc length, ψ the path's heading, κ its curvature and h the floor:
//!   z′ = h′ cos ψ     z″ = h″ cos²ψ − h′ κ sin ψ     γ = atan z′ (elevation of the path)
//!   R_nb = Rz(yaw)·Ry(pitch), ω_b = (−ẏ sin p, ṗ, ẏ cos p) for yaw y and pitch p

use std::f64::consts::PI;

use nalgebra::{UnitQuaternion, Vector3};
use wayfix_filter::Timestamp;

use super::path::{Path, PathPoint, wrapped};
use super::smooth::Step;
use super::speed::{Pace, Profile, Progress};
use crate::config::source::WheelPlace;
use crate::config::vehicle::Motion;
use crate::log::{Truth, TruthState};

/// A ramp across the site: the floor rises from one level to the other between two x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// Height up to `from_x_m` [m].
    pub low_m: f64,
    /// Height from `to_x_m` on [m].
    pub high_m: f64,
    /// Where the ramp begins [m].
    pub from_x_m: f64,
    /// Where it ends [m].
    pub to_x_m: f64,
}

impl Floor {
    /// The same height everywhere [m].
    #[must_use]
    pub const fn flat(height_m: f64) -> Self {
        Self {
            low_m: height_m,
            high_m: height_m,
            from_x_m: 0.0,
            to_x_m: 1.0,
        }
    }

    /// Height and its first three derivatives by x.
    fn at(&self, x: f64) -> [f64; 4] {
        let (rise, width) = (self.high_m - self.low_m, self.to_x_m - self.from_x_m);
        let f = Step::at((x - self.from_x_m) / width);
        [
            self.low_m + rise * f.value,
            rise * f.first / width,
            rise * f.second / width.powi(2),
            rise * f.third / width.powi(3),
        ]
    }
}

/// The asset's motion at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Reference point, p_nb [m].
    pub position_m: Vector3<f64>,
    /// Its velocity, site frame [m/s].
    pub velocity_mps: Vector3<f64>,
    /// Its acceleration, site frame [m/s²].
    pub acceleration_mps2: Vector3<f64>,
    /// Body to site, q_nb.
    pub attitude: UnitQuaternion<f64>,
    /// Angular rate ω_b, body frame [rad/s].
    pub rate_radps: Vector3<f64>,
    /// Its derivative, body frame [rad/s²].
    pub rate_change_radps2: Vector3<f64>,
    /// Heading of the body's x axis [rad].
    pub yaw_rad: f64,
    /// Speed along the body's x axis [m/s], backwards negative.
    pub forward_mps: f64,
    /// Curvature of the body's track [1/m], as a steered wheel sees it.
    pub curvature_1pm: f64,
}

impl State {
    /// Position of a point fixed in the body at `lever_m` [m].
    #[must_use]
    pub fn point_m(&self, lever_m: Vector3<f64>) -> Vector3<f64> {
        self.position_m + self.attitude * lever_m
    }

    /// Velocity of that point, site frame [m/s].
    #[must_use]
    pub fn point_velocity_mps(&self, lever_m: Vector3<f64>) -> Vector3<f64> {
        self.velocity_mps + self.attitude * self.rate_radps.cross(&lever_m)
    }

    /// Acceleration of that point, site frame [m/s²].
    #[must_use]
    pub fn point_acceleration_mps2(&self, lever_m: Vector3<f64>) -> Vector3<f64> {
        let turning = self.rate_change_radps2.cross(&lever_m)
            + self.rate_radps.cross(&self.rate_radps.cross(&lever_m));
        self.acceleration_mps2 + self.attitude * turning
    }

    /// Angle of the steered wheel [rad], left positive, for a wheelbase [m].
    #[must_use]
    pub fn steering_rad(&self, wheelbase_m: f64) -> f64 {
        (wheelbase_m * self.curvature_1pm).atan()
    }

    /// Speed of a wheel at its contact point, along its rolling direction [m/s].
    #[must_use]
    pub fn wheel_mps(&self, place: WheelPlace, motion: &Motion) -> f64 {
        let (forward, yaw_rate) = (self.forward_mps, self.rate_radps.z);
        let side = motion.track_m / 2.0;
        // The direction of a steered wheel is that of its motion; its sign is the vehicle's.
        let steered = |y: f64| {
            let (x_mps, y_mps) = (forward - yaw_rate * y, yaw_rate * motion.wheelbase_m);
            x_mps.hypot(y_mps).copysign(x_mps)
        };
        match place {
            WheelPlace::Rear => forward,
            WheelPlace::RearLeft => forward - yaw_rate * side,
            WheelPlace::RearRight => forward + yaw_rate * side,
            WheelPlace::Front => steered(0.0),
            WheelPlace::FrontLeft => steered(side),
            WheelPlace::FrontRight => steered(-side),
        }
    }

    /// As a truth record.
    #[must_use]
    pub fn truth(&self, t: Timestamp) -> Truth {
        let q = self.attitude;
        Truth {
            t,
            state: TruthState {
                xy_m: Some([self.position_m.x, self.position_m.y]),
                z_m: Some(self.position_m.z),
                yaw_rad: Some(wrapped(self.yaw_rad)),
                attitude_wxyz: Some([q.w, q.i, q.j, q.k]),
                velocity_mps: Some(self.velocity_mps.into()),
            },
        }
    }
}

/// One stretch from standstill to standstill.
#[derive(Clone, Debug, PartialEq)]
struct Leg {
    /// When it begins to move [s].
    start_s: f64,
    path: Path,
    profile: Profile,
    backwards: bool,
}

/// A whole drive.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    floor: Floor,
    legs: Vec<Leg>,
    end_s: f64,
}

impl Trajectory {
    /// An empty drive over a floor.
    #[must_use]
    pub fn new(floor: Floor) -> Self {
        Self {
            floor,
            legs: Vec::new(),
            end_s: 0.0,
        }
    }

    /// Then stands for `dwell_s` [s] and drives along `path`, which has to begin where the last
    /// leg ended, forwards or backwards.
    #[must_use]
    pub fn then(mut self, dwell_s: f64, path: Path, pace: Pace, backwards: bool) -> Self {
        let start_s = self.end_s + dwell_s;
        let profile = Profile::new(&path, pace);
        self.end_s = start_s + profile.duration_s();
        self.legs.push(Leg {
            start_s,
            path,
            profile,
            backwards,
        });
        self
    }

    /// When the last leg ends [s].
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.end_s
    }

    /// At time `t` [s] since the start; at rest before the first leg and after the last.
    ///
    /// # Panics
    /// In debug builds, when no leg was given.
    #[must_use]
    pub fn at(&self, t: f64) -> State {
        let index = self
            .legs
            .partition_point(|leg| leg.start_s <= t)
            .saturating_sub(1);
        debug_assert!(!self.legs.is_empty(), "a trajectory without legs");
        let Some(leg) = self.legs.get(index) else {
            return motion(
                &Path::new([0.0; 2], 0.0, &[]).at(0.0),
                &REST,
                &self.floor,
                1.0,
            );
        };
        let progress = leg.profile.at(t - leg.start_s);
        let sign = if leg.backwards { -1.0 } else { 1.0 };
        motion(&leg.path.at(progress.s_m), &progress, &self.floor, sign)
    }
}

const REST: Progress = Progress {
    s_m: 0.0,
    speed_mps: 0.0,
    accel_mps2: 0.0,
};

fn motion(point: &PathPoint, progress: &Progress, floor: &Floor, sign: f64) -> State {
    let (v, a) = (progress.speed_mps, progress.accel_mps2);
    let (sin, cos) = point.heading_rad.sin_cos();
    let (k, k1) = (point.curvature_1pm, point.curvature_slope_1pm2);
    let [z, h1, h2, h3] = floor.at(point.xy_m.x);
    let z1 = h1 * cos;
    let z2 = h2 * cos * cos - h1 * sin * k;
    let z3 = h3 * cos.powi(3) - 3.0 * h2 * sin * cos * k - h1 * (cos * k * k + sin * k1);

    // Pitch p = −sign·γ turns the nose down for positive p.
    let stretch = 1.0 + z1 * z1;
    let elevation_1 = z2 / stretch;
    let elevation_2 = z3 / stretch - 2.0 * z1 * z2 * z2 / (stretch * stretch);
    let pitch = -sign * z1.atan();
    let pitch_rate = -sign * elevation_1 * v;
    let pitch_change = -sign * (elevation_2 * v * v + elevation_1 * a);
    let yaw_rate = k * v;
    let yaw_change = k1 * v * v + k * a;
    let (sin_p, cos_p) = pitch.sin_cos();

    let yaw = if sign < 0.0 {
        point.heading_rad + PI
    } else {
        point.heading_rad
    };
    State {
        position_m: Vector3::new(point.xy_m.x, point.xy_m.y, z),
        velocity_mps: Vector3::new(cos, sin, z1) * v,
        acceleration_mps2: Vector3::new(cos, sin, z1) * a
            + Vector3::new(-sin * k, cos * k, z2) * (v * v),
        attitude: UnitQuaternion::from_euler_angles(0.0, pitch, yaw),
        rate_radps: Vector3::new(-yaw_rate * sin_p, pitch_rate, yaw_rate * cos_p),
        rate_change_radps2: Vector3::new(
            -yaw_change * sin_p - yaw_rate * cos_p * pitch_rate,
            pitch_change,
            yaw_change * cos_p - yaw_rate * sin_p * pitch_rate,
        ),
        yaw_rad: yaw,
        forward_mps: sign * v * stretch.sqrt(),
        curvature_1pm: sign * k / stretch,
    }
}
