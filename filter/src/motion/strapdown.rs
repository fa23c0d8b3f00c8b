//! Strapdown inertial navigation on a flat, non-rotating Earth.
//!
//!   ω = ω_m − b_g,  f = f_m − b_a,  R_m = R Exp(ω dt/2)
//!   R ← R Exp(ω dt),  a = R_m f + g,  v ← v + a dt,  p ← p + v dt + ½ a dt²
//! Error (Solà 2017, eq. 269, local attitude error, to first order in dt for the gyro bias):
//!   δθ ← Exp(−ω dt) δθ − Jr(ω dt) dt δb_g
//!   δv ← δv − R [Exp(ω dt/2) f]× dt δθ − R_m dt δb_a
//!   δp ← δp + ½ dt (δv before + δv after)
//! The Earth's rotation (7.3e-5 rad/s) and the change of g with height are left to the biases.

use nalgebra::{Matrix3, Vector3};

use super::{MotionModel, Step};
use crate::covariance::Entry::{Full, Identity as I, Scaled, Zero as O};
use crate::covariance::Transition;
use crate::math;
use crate::state::Nav;

/// One inertial sample, held over the step; already in body axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strapdown {
    /// Angular rate [rad/s].
    pub gyro_radps: Vector3<f64>,
    /// Specific force [m/s²].
    pub accel_mps2: Vector3<f64>,
    /// White noise of the rate [rad/s/√Hz].
    pub gyro_density: f64,
    /// White noise of the specific force [m/s²/√Hz].
    pub accel_density: f64,
    /// Random walk of the gyro bias [rad/s/√s].
    pub gyro_walk: f64,
    /// Random walk of the accelerometer bias [m/s²/√s].
    pub accel_walk: f64,
    /// Gravity, downwards [m/s²].
    pub gravity_mps2: f64,
}

impl MotionModel for Strapdown {
    fn propagate(&self, nav: &mut Nav, _: &[f64], dt_s: f64) -> Step {
        let omega = self.gyro_radps - nav.gyro_bias_b;
        let force = self.accel_mps2 - nav.accel_bias_b;
        let r_before = *nav.rotation().matrix();
        let half = math::exp(&(omega * (0.5 * dt_s)));
        let r_half = *half.to_rotation_matrix().matrix();
        let force_mid = r_half * force;
        let accel_n = r_before * force_mid - Vector3::z() * self.gravity_mps2;

        nav.p_n += nav.v_n * dt_s + accel_n * (0.5 * dt_s * dt_s);
        nav.v_n += accel_n * dt_s;
        nav.q_nb = nav.q_nb * half * half;
        nav.q_nb.renormalize_fast();
        nav.omega_b = omega;
        nav.accel_n = accel_n;

        let v_theta = r_before * math::skew(&force_mid) * -dt_s;
        let v_accel = r_before * r_half * -dt_s;
        let turned = Full((r_half * r_half).transpose());
        let turn = Full(math::right_jacobian(&(omega * dt_s)) * -dt_s);
        let mut step = Step(Transition::new([
            [turned, O, O, turn, O],
            [Full(v_theta), I, O, O, Full(v_accel)],
            [O, Scaled(0.5 * dt_s), I, O, O],
        ]));
        let f = &mut step.0;
        f.carry_s = 0.5 * dt_s;
        let q_theta = self.gyro_density * self.gyro_density * dt_s;
        let q_v = self.accel_density * self.accel_density * dt_s;
        white_acceleration(f, &Matrix3::from_diagonal_element(q_v), dt_s);
        for i in 0..3 {
            f.q[(i, i)] = q_theta;
        }
        f.q_bias = [
            self.gyro_walk * self.gyro_walk * dt_s,
            self.accel_walk * self.accel_walk * dt_s,
        ];
        step
    }
}

/// Process noise of velocity and position under white acceleration whose integral over the step
/// has covariance `q_v` (Van Loan's closed form for a double integrator).
pub(super) fn white_acceleration(f: &mut Transition, q_v: &Matrix3<f64>, dt_s: f64) {
    f.q.fixed_view_mut::<3, 3>(3, 3).copy_from(q_v);
    f.q.fixed_view_mut::<3, 3>(6, 3)
        .copy_from(&(q_v * (0.5 * dt_s)));
    f.q.fixed_view_mut::<3, 3>(3, 6)
        .copy_from(&(q_v * (0.5 * dt_s)));
    f.q.fixed_view_mut::<3, 3>(6, 6)
        .copy_from(&(q_v * (dt_s * dt_s / 3.0)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::check::transition_matches;

    fn model() -> Strapdown {
        Strapdown {
            gyro_radps: Vector3::new(0.3, -0.5, 0.9),
            accel_mps2: Vector3::new(0.5, 1.0, 9.0),
            gyro_density: 1e-3,
            accel_density: 1e-2,
            gyro_walk: 1e-5,
            accel_walk: 1e-4,
            gravity_mps2: 9.80665,
        }
    }

    #[test]
    fn transition_matches_central_difference() {
        // What is left out: gyro bias into velocity, ½ |f| dt² = 5e-4 for 10 ms.
        transition_matches(&model(), 0.01, 8e-4);
    }

    #[test]
    fn a_level_sensor_at_rest_stays_at_rest() {
        let mut nav = Nav::default();
        let still = Strapdown {
            gyro_radps: Vector3::zeros(),
            accel_mps2: Vector3::new(0.0, 0.0, 9.80665),
            ..model()
        };
        for _ in 0..1000 {
            still.propagate(&mut nav, &[], 0.01);
        }
        assert!(nav.p_n.norm() < 1e-9 && nav.v_n.norm() < 1e-9);
    }

    #[test]
    fn turning_in_a_circle_comes_back() {
        // v = 1 m/s, ω = 2π/10 rad/s: specific force v ω to the left.
        let omega = core::f64::consts::TAU / 10.0;
        let circle = Strapdown {
            gyro_radps: Vector3::new(0.0, 0.0, omega),
            accel_mps2: Vector3::new(0.0, omega, 9.80665),
            ..model()
        };
        let mut nav = Nav {
            v_n: Vector3::x(),
            ..Nav::default()
        };
        for _ in 0..1000 {
            circle.propagate(&mut nav, &[], 0.01);
        }
        assert!(nav.p_n.norm() < 1e-3, "{}", nav.p_n);
        assert!((nav.v_n - Vector3::x()).norm() < 1e-9);
    }
}
