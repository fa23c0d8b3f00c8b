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

use super::{MotionModel, Transition};
use crate::covariance::Entry::{Full, Identity as I, Scaled, Zero as O};
use crate::covariance::Inertial;
use crate::math::{self, mul3};
use crate::state::{Nav, Slot};

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

/// One inertial step: how the errors of attitude and velocity change by what came before.
struct Change {
    /// Attitude by attitude, and by gyro bias.
    turned: Matrix3<f64>,
    turn: Matrix3<f64>,
    /// Velocity by attitude, and by accelerometer bias.
    v_theta: Matrix3<f64>,
    v_accel: Matrix3<f64>,
    noise: Inertial,
    walk: [f64; 2],
}

impl Strapdown {
    /// Moves the mean.
    #[inline(always)]
    fn advance(&self, nav: &mut Nav, dt_s: f64) -> Change {
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

        Change {
            turned: mul3(&r_half, &r_half).transpose(),
            turn: math::right_jacobian(&(omega * dt_s)) * -dt_s,
            v_theta: mul3(&r_before, &math::skew(&(force_mid * -dt_s))),
            v_accel: mul3(&r_before, &r_half) * -dt_s,
            noise: Inertial {
                t_s: dt_s,
                angle: self.gyro_density * self.gyro_density * dt_s,
                velocity: self.accel_density * self.accel_density * dt_s,
            },
            walk: [self.gyro_walk, self.accel_walk].map(|density| density * density * dt_s),
        }
    }
}

impl MotionModel for Strapdown {
    fn propagate(&self, nav: &mut Nav, _: &[f64], dt_s: f64) -> Transition {
        let step = self.advance(nav, dt_s);
        let mut f = Transition::of([
            [Full(step.turned), O, O, Full(step.turn), O],
            [Full(step.v_theta), I, O, O, Full(step.v_accel)],
            [O, Scaled(0.5 * dt_s), I, O, O],
        ]);
        f.carry_s = 0.5 * dt_s;
        f.q_bias = step.walk;
        set_noise(&mut f, step.noise);
        f
    }

    fn depends_on(&self, _: Slot) -> bool {
        false
    }

    /// With F of all steps before and those of this one:
    ///   F_θ ← E F_θ + B,  F_v ← F_v + V F_θ + D
    /// where E is the turn of the attitude error, B and D are what the biases do, V what the attitude
    /// error does to the velocity. The position takes half of the old and of the new velocity error along,
    /// over all steps as over one: exact while the acceleration is constant, and off by T³/12 of its
    /// rate of change, times the error of attitude or bias.
    fn extend(
        &self,
        nav: &mut Nav,
        parameters: &[f64],
        dt_s: f64,
        so_far: &mut Transition,
    ) -> Result<(), Transition> {
        if so_far.is_empty {
            so_far.restart_inertial();
        }
        let Some(before) = so_far.inertial else {
            let step = self.propagate(nav, parameters, dt_s);
            return so_far.then(&step).map_err(|_| step);
        };
        let step = self.advance(nav, dt_s);
        let [attitude, velocity, position] = &mut so_far.blocks;
        let theta = attitude[THETA].matrix();
        let by_gyro = attitude[GYRO].matrix();
        velocity[THETA] = Full(velocity[THETA].matrix() + mul3(&step.v_theta, &theta));
        velocity[GYRO] = Full(velocity[GYRO].matrix() + mul3(&step.v_theta, &by_gyro));
        velocity[ACCEL] = Full(velocity[ACCEL].matrix() + step.v_accel);
        attitude[THETA] = Full(mul3(&step.turned, &theta));
        attitude[GYRO] = Full(mul3(&step.turned, &by_gyro) + step.turn);
        let noise = Inertial {
            t_s: before.t_s + step.noise.t_s,
            angle: before.angle + step.noise.angle,
            velocity: before.velocity + step.noise.velocity,
        };
        position[VELOCITY] = Scaled(0.5 * noise.t_s);
        so_far.carry_s = 0.5 * noise.t_s;
        for (sum, walk) in so_far.q_bias.iter_mut().zip(step.walk) {
            *sum += walk;
        }
        set_noise(so_far, noise);
        Ok(())
    }
}

/// Columns of the transition that inertial steps change.
const THETA: usize = 0;
const VELOCITY: usize = 1;
const GYRO: usize = 3;
const ACCEL: usize = 4;

/// Process noise of inertial steps over T, F_pθ = ½ T F_vθ: white rates whose angle has variance s, white
/// accelerations whose velocity has variance a. With the specific force held over T, an angle that is
/// gained at time t goes into the velocity with F_vθ (T − t)/T and into the position with
/// F_pθ (T − t)²/T², so that (Van Loan's integrals of a triple integrator)
///   Q_θθ = s,  Q_vθ = ½ s F_vθ F_θθᵀ,  Q_pθ = ⅓ s F_pθ F_θθᵀ
///   Q_vv = ⅓ s F_vθ F_vθᵀ + a,  Q_pv = ¼ s F_pθ F_vθᵀ + ½ a T,  Q_pp = ⅕ s F_pθ F_pθᵀ + ⅓ a T²
fn set_noise(f: &mut Transition, noise: Inertial) {
    let of_angle = |row: usize| f.blocks[row][THETA].matrix();
    let (turned, v) = (of_angle(0), of_angle(1));
    let (t_s, s, a) = (noise.t_s, noise.angle, noise.velocity);
    let to_theta = mul3(&v, &turned.transpose()) * (0.5 * s);
    let vv = mul3(&v, &v.transpose()) * (s / 3.0);
    let half = 0.5 * t_s;
    let blocks = [
        (3, 0, to_theta, 0.0),
        (6, 0, to_theta * (half * 2.0 / 3.0), 0.0),
        (3, 3, vv, a),
        (6, 3, vv * (half * 0.75), half * a),
        (6, 6, vv * (half * half * 0.6), a * t_s * t_s / 3.0),
    ];
    for i in 0..3 {
        f.q[(i, i)] = s;
    }
    for (row, column, mut block, diagonal) in blocks {
        (0..3).for_each(|i| block[(i, i)] += diagonal);
        if row == column {
            // Symmetric to the bit.
            block.fill_upper_triangle_with_lower_triangle();
        } else {
            let transposed = block.transpose();
            f.q.fixed_view_mut::<3, 3>(column, row)
                .copy_from(&transposed);
        }
        f.q.fixed_view_mut::<3, 3>(row, column).copy_from(&block);
    }
    f.inertial = Some(noise);
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

    /// Twenty steps at once against one after the other: F to rounding, and Q to the share that the
    /// turn and the change of the force within the interval make.
    #[test]
    fn steps_at_once_equal_steps_one_after_the_other() {
        let mut whole: Option<Transition> = None;
        let mut apart = Transition::identity();
        let (mut a, mut b) = (Nav::default(), Nav::default());
        for k in 0..20 {
            let model = Strapdown {
                gyro_radps: Vector3::new(0.1, -0.2, 0.5 + 0.01 * f64::from(k)),
                ..model()
            };
            match &mut whole {
                None => whole = Some(model.propagate(&mut a, &[], 0.01)),
                Some(whole) => model.extend(&mut a, &[], 0.01, whole).unwrap(),
            }
            apart.then(&model.propagate(&mut b, &[], 0.01)).unwrap();
        }
        let mut whole = whole.unwrap();
        assert_eq!(a, b);
        whole.unfold_carry();
        for (row, (one, other)) in whole.blocks.iter().zip(&apart.blocks).enumerate() {
            for (one, other) in one.iter().zip(other) {
                // 0.2 s, and specific forces that turn at 0.6 rad/s.
                let tolerance = if row == 2 { 1e-2 } else { 1e-12 };
                let off = (one.matrix() - other.matrix()).norm();
                assert!(off < tolerance, "row {row}: {off}");
            }
        }
        let scale = |i: usize| apart.q[(i, i)].sqrt();
        for i in 0..9 {
            for j in 0..9 {
                let off = (whole.q[(i, j)] - apart.q[(i, j)]) / (scale(i) * scale(j));
                assert!(off.abs() < 0.02, "{i} {j}: {off}");
            }
        }
        assert_eq!(whole.q_bias, apart.q_bias);
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
