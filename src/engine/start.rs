//! The start: as configured, or where what was heard agrees.

use nalgebra::{UnitQuaternion, Vector3};
use wayfix_filter::smoother::Tape;
use wayfix_filter::{Nav, Prior, Timestamp, math};

use super::cold::{self, Solution};
use super::core::Core;
use super::hypotheses::Hypotheses;
use super::inputs::Carrier;
use super::report::{Reset, ResetCause};
use super::setup::Setup;
use super::wheels::FORWARD_B;
use crate::config::Source;

/// Sigma of the speed at the start of an asset with an inertial unit and no wheels [m/s].
const UNKNOWN_SPEED_MPS: f64 = 5.0;
/// Of which so much up or down [m/s]: as lifts, stairs and drones go indoors.
const UNKNOWN_CLIMB_MPS: f64 = 1.0;
/// Above this speed a vehicle's course is its heading [m/s], to this sigma [rad].
const DRIVING_MPS: f64 = 2.0;
const COURSE_SIGMA_RAD: f64 = 0.1;
/// Sigma of roll and pitch from the specific force, standing and driving (accelerations of 1.5 m/s²
/// are ordinary) [rad].
const STANDING_TILT_RAD: f64 = 0.05;
const DRIVING_TILT_RAD: f64 = 0.15;
/// An inertial unit levels itself over so many samples before the start.
const LEVELLING_SAMPLES: u32 = 20;
/// Waiting for an inertial unit to level, and for wheels to be heard \[s\].
const LEVELLING_S: f64 = 1.0;

impl<const N: usize> Core<N> {
    /// The start: as configured, or where what was heard agrees.
    pub(super) fn try_start(&mut self, setup: &Setup, t: Timestamp) -> Option<Reset> {
        let level = self.level(setup, t)?;
        let expected = (setup.sources.iter()).any(|s| matches!(s.config, Source::Wheels(_)));
        let waits = expected && self.tracking.inputs.wheels.is_none();
        if waits && t.seconds_since(self.first_t?) < LEVELLING_S {
            return None;
        }
        let has_imu = self
            .tracking
            .inputs
            .imu
            .as_ref()
            .is_some_and(|i| i.accel_b.is_some());
        // Where nothing carries the asset, no motion will ever tell its heading.
        let carried = !self.is_restart || self.tracking.inputs.carrier(setup, t).0 != Carrier::None;
        let turns = (setup.is_wheeled() || has_imu) && carried;
        let steering = self.tracking.inputs.steering.as_ref();
        let wheels = self
            .tracking
            .inputs
            .wheels
            .as_ref()
            .filter(|w| w.is_moving_known());
        let forward_mps = wheels.map(|w| w.forward_mps(setup, steering));
        let course = self.course(forward_mps);
        let satellite_mps = self.window.course().map(|(_, speed)| speed);
        let drives = [forward_mps, satellite_mps]
            .iter()
            .flatten()
            .any(|v| v.abs() > DRIVING_MPS);
        let mut found = Hypotheses::default();
        let best = self.tracking.hypotheses.best();
        let before = best.map(|h| &h.filter.journal().tape);
        let tape = (setup.marks_every_s).map_or_else(Tape::default, |_| Tape::recording(before));
        let mut begin = |p_n, sigma, yaw| {
            let place = Place {
                p_n,
                sigma,
                yaw,
                forward_mps,
                drives,
            };
            found.add(prior(setup, t, &place, &level, has_imu), tape.clone());
        };
        if let Some(start) = setup.start.filter(|_| !self.is_restart) {
            let sigma = Vector3::repeat(start.sigma_m);
            let p_n = Vector3::from(start.position_m);
            match start.yaw_deg {
                Some(yaw) => {
                    let yaw = (yaw.to_radians(), start.yaw_sigma_deg.to_radians());
                    begin(p_n, sigma, yaw);
                }
                None if let Some(told) = self.window.heading(setup, &level) => {
                    begin(p_n, sigma, told);
                }
                None if turns => cold::headings().for_each(|yaw| begin(p_n, sigma, yaw)),
                None => begin(p_n, sigma, (0.0, core::f64::consts::PI)),
            }
        } else {
            if !self.window.is_due(t) {
                return None;
            }
            for s in self
                .window
                .solve(setup, &level, turns && course.is_none(), forward_mps)
            {
                let told = (s.yaw_rad, s.covariance[(3, 3)].sqrt().max(0.05));
                let yaw = course.filter(|_| !s.is_yaw_known()).unwrap_or(told);
                begin(s.p_n, start_sigma(&s), yaw);
            }
        }
        let after = *found.best()?.filter.nav();
        if let Some(learned) = &self.learned {
            for filter in found.filters_mut() {
                filter.adopt_parameters(learned);
            }
        }
        let before =
            (self.tracking.hypotheses.best()).map_or_else(Nav::default, |h| *h.filter.nav());
        self.tracking.hypotheses = found.after(&self.tracking.hypotheses);
        self.is_seeking = false;
        self.tracking.has_moved = false;
        self.window.clear();
        self.accept(t);
        Some(Reset::between(t, ResetCause::Start, &before, &after))
    }

    /// Heading of a vehicle that drives: its satellite velocity, turned round where the wheels say
    /// that it reverses; with its sigma [rad].
    fn course(&self, forward_mps: Option<f64>) -> Option<(f64, f64)> {
        let forward = forward_mps.filter(|v| v.abs() > DRIVING_MPS)?;
        let (course, speed) = self.window.course()?;
        let turned = if forward < 0.0 {
            core::f64::consts::PI
        } else {
            0.0
        };
        (speed > DRIVING_MPS).then(|| (math::wrap_angle(course + turned), COURSE_SIGMA_RAD))
    }

    /// Roll and pitch by the averaged specific force, once there is enough of it.
    fn level(&self, setup: &Setup, t: Timestamp) -> Option<UnitQuaternion<f64>> {
        let expects = setup
            .sources
            .iter()
            .any(|s| matches!(&s.config, Source::Imu(c) if c.use_accel));
        let force = self
            .tracking
            .inputs
            .imu
            .as_ref()
            .filter(|i| i.count >= LEVELLING_SAMPLES)
            .and_then(|i| i.gravity_b);
        match force {
            Some(f) => {
                let roll = f.y.atan2(f.z);
                let pitch = (-f.x).atan2(f.y.hypot(f.z));
                Some(math::from_roll_pitch_yaw(roll, pitch, 0.0))
            }
            None if !expects || t.seconds_since(self.first_t?) > LEVELLING_S => {
                Some(UnitQuaternion::identity())
            }
            None => None,
        }
    }
}

/// A place to start from: position and its sigma [m], heading and its sigma [rad].
struct Place {
    p_n: Vector3<f64>,
    sigma: Vector3<f64>,
    yaw: (f64, f64),
    /// Speed that the wheels tell [m/s].
    forward_mps: Option<f64>,
    /// It is known to move, so that gravity is not all that its inertial unit feels.
    drives: bool,
}

/// Sigma of a place as a start: twice what the fit says, and never below five centimetres.
pub(super) fn start_sigma(place: &Solution) -> Vector3<f64> {
    Vector3::from_fn(|i, _| (2.0 * place.covariance[(i, i)].sqrt()).max(0.05))
}

fn prior(
    setup: &Setup,
    t: Timestamp,
    place: &Place,
    level: &UnitQuaternion<f64>,
    has_imu: bool,
) -> Prior {
    let imu = setup.sources.iter().find_map(|s| match &s.config {
        Source::Imu(c) => Some(c),
        _ => None,
    });
    let planar = setup.motion.planar_height_m.is_some();
    let tilt = match (has_imu, planar && setup.is_wheeled()) {
        (true, _) if place.drives => DRIVING_TILT_RAD,
        (true, _) => STANDING_TILT_RAD,
        (false, true) => 1e-4,
        (false, false) => setup.motion.tilt_sigma_deg.to_radians(),
    };
    let (yaw_rad, yaw_sigma_rad) = place.yaw;
    let sigma = place.sigma;
    let q_nb = math::exp(&(Vector3::z() * (yaw_rad - math::yaw(level)))) * level;
    let (v_n, slow) = match (place.forward_mps, has_imu) {
        (Some(forward), _) => (q_nb * FORWARD_B * forward, 0.5),
        (None, true) if setup.start.is_some() => (Vector3::zeros(), 0.5),
        (None, true) => (Vector3::zeros(), UNKNOWN_SPEED_MPS),
        (None, false) => (Vector3::zeros(), 1.0),
    };
    Prior {
        t,
        nav: Nav {
            q_nb,
            v_n,
            p_n: place.p_n,
            ..Nav::default()
        },
        attitude_sigma_rad: Vector3::new(tilt, tilt, yaw_sigma_rad),
        velocity_sigma_mps: Vector3::new(
            slow,
            slow,
            if planar {
                1e-3
            } else {
                slow.min(UNKNOWN_CLIMB_MPS)
            },
        ),
        position_sigma_m: if planar {
            Vector3::new(sigma.x, sigma.y, sigma.z.min(setup.motion.planar_sigma_m))
        } else {
            sigma
        },
        gyro_bias_sigma_radps: imu.map_or(0.0, |c| c.gyro_bias_sigma_radps),
        accel_bias_sigma_mps2: imu.map_or(0.0, |c| c.accel_bias_sigma_mps2),
    }
}
