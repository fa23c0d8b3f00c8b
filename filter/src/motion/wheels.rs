//! Dead reckoning from wheels: forward speed and yaw rate at the reference point.
//!
//!   u = u(m, x),  ω = (0, 0, w(m, x))  or  ω = gyro − b_g
//!   R ← R Exp(ω dt),  v ← R u e_x,  p ← p + R Exp(ω dt/2) u e_x dt
//! u and w come with their derivatives by the calibration parameters x (scale, yaw-rate scale and
//! bias, steering offset), so that every drive's kinematics serve the same model:
//!   δθ ← Exp(−ω dt) δθ + e_z dt δw            (or − dt δb_g)
//!   δp ← δp − R [Exp(ω dt/2) u e_x]× dt δθ + R_m e_x dt δu + R_m e_y ½ u dt² δw
//!   δv ← − R [Exp(ω dt) u e_x]× δθ + R' e_x δu + R' e_y u dt δw
//! The velocity is the wheels', so its old error is forgotten. Noise grows with the distance and
//! with the angle turned, not with time: a standing vehicle learns nothing false.

use nalgebra::{Matrix3, SVector, Vector3};

use super::MotionModel;
use crate::covariance::Entry::{Full, Identity as I, Zero as O};
use crate::covariance::{MAX_TERMS, MOVED, Transition};
use crate::math;
use crate::state::{Nav, Slot};

/// Most parameters on which a rate may depend.
pub const MAX_TERMS_PER_RATE: usize = 4;

const _: () = assert!(2 * MAX_TERMS_PER_RATE <= MAX_TERMS);

/// A rate at the current parameters, and its derivatives by them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Value [m/s or rad/s].
    pub value: f64,
    /// Derivative by each parameter.
    pub terms: [Option<(Slot, f64)>; MAX_TERMS_PER_RATE],
}

impl Rate {
    /// A rate that depends on no parameter.
    #[must_use]
    pub fn new(value: f64) -> Self {
        Self {
            value,
            terms: [None; MAX_TERMS_PER_RATE],
        }
    }

    /// A rate with its derivative by each of up to [`MAX_TERMS_PER_RATE`] parameters; a parameter that
    /// is `None` is not estimated.
    #[must_use]
    pub fn depending<const K: usize>(value: f64, terms: [(Option<Slot>, f64); K]) -> Self {
        const { assert!(K <= MAX_TERMS_PER_RATE, "a rate has four terms at most") };
        let mut rate = Self::new(value);
        for (to, (slot, derivative)) in rate.terms.iter_mut().zip(terms) {
            *to = slot.map(|slot| (slot, derivative));
        }
        rate
    }
}

/// Forward speed and rotation, held over the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wheels {
    /// Forward speed of the reference point [m/s].
    pub speed: Rate,
    /// Yaw rate from the wheels [rad/s]; without effect where `gyro_radps` is given.
    pub yaw_rate: Rate,
    /// Angular rate of a gyro in body axes [rad/s]; its bias is taken off here.
    pub gyro_radps: Option<Vector3<f64>>,
    /// Distance noise along the path [m/√m].
    pub distance_sigma_m_rtm: f64,
    /// Distance noise across the path [m/√m].
    pub lateral_sigma_m_rtm: f64,
    /// Heading noise with distance [rad/√m].
    pub yaw_sigma_rad_rtm: f64,
    /// Heading noise with the angle turned [rad/√rad].
    pub yaw_sigma_rad_rtrad: f64,
    /// Heading noise with time [rad/√s]: of a steered vehicle whose steering nobody tells.
    pub yaw_density_rad_rts: f64,
    /// White noise of the gyro [rad/s/√Hz].
    pub gyro_density: f64,
    /// Random walk of the gyro bias [rad/s/√s].
    pub gyro_walk: f64,
    /// Sigma of the speed as a velocity [m/s].
    pub speed_sigma_mps: f64,
}

impl Wheels {
    /// Standing still as far as anybody knows.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            speed: Rate::default(),
            yaw_rate: Rate::default(),
            gyro_radps: None,
            distance_sigma_m_rtm: 0.0,
            lateral_sigma_m_rtm: 0.0,
            yaw_sigma_rad_rtm: 0.0,
            yaw_sigma_rad_rtrad: 0.0,
            yaw_density_rad_rts: 0.0,
            gyro_density: 0.0,
            gyro_walk: 0.0,
            speed_sigma_mps: 1.0,
        }
    }

    fn noise(&self, f: &mut Transition, omega: &Vector3<f64>, r_mid: &Matrix3<f64>, dt_s: f64) {
        let distance_m = libm::fabs(self.speed.value) * dt_s;
        let turned_rad = libm::fabs(omega.z) * dt_s;
        let square = |x: f64| x * x;
        let q_p = Matrix3::from_diagonal(&Vector3::new(
            square(self.distance_sigma_m_rtm) * distance_m,
            square(self.lateral_sigma_m_rtm) * distance_m,
            0.0,
        ));
        f.q.fixed_view_mut::<3, 3>(6, 6)
            .copy_from(&(r_mid * q_p * r_mid.transpose()));
        let q_v = Matrix3::from_diagonal(&Vector3::new(square(self.speed_sigma_mps), 1e-4, 1e-6));
        f.q.fixed_view_mut::<3, 3>(3, 3)
            .copy_from(&(r_mid * q_v * r_mid.transpose()));
        if self.gyro_radps.is_some() {
            for i in 0..3 {
                f.q[(i, i)] = square(self.gyro_density) * dt_s;
            }
            f.q_bias[0] = square(self.gyro_walk) * dt_s;
        } else {
            f.q[(2, 2)] = square(self.yaw_sigma_rad_rtm) * distance_m
                + square(self.yaw_sigma_rad_rtrad) * turned_rad
                + square(self.yaw_density_rad_rts) * dt_s;
        }
    }
}

/// Adds a column; there is room for those of both rates.
fn add(f: &mut Transition, slot: Slot, column: &SVector<f64, MOVED>) {
    let added = f.add_parameter(slot, column);
    debug_assert!(added.is_ok());
}

impl MotionModel for Wheels {
    fn propagate(&self, nav: &mut Nav, _: &[f64], dt_s: f64) -> Transition {
        let omega = match self.gyro_radps {
            Some(gyro) => gyro - nav.gyro_bias_b,
            None => Vector3::z() * self.yaw_rate.value,
        };
        let u = Vector3::x() * self.speed.value;
        let r_before = *nav.rotation().matrix();
        let half = math::exp(&(omega * (0.5 * dt_s)));
        let r_half = *half.to_rotation_matrix().matrix();
        let r_mid = r_before * r_half;
        let r_after = r_mid * r_half;

        nav.p_n += r_mid * u * dt_s;
        nav.q_nb = nav.q_nb * half * half;
        nav.q_nb.renormalize_fast();
        nav.v_n = r_after * u;
        nav.omega_b = omega;
        nav.accel_n = r_after * omega.cross(&u);

        let turned = Full((r_half * r_half).transpose());
        let v_theta = Full(-(r_before * math::skew(&(r_half * r_half * u))));
        let p_theta = Full(r_before * math::skew(&(r_half * u)) * -dt_s);
        let mut f = Transition::of([
            [turned, O, O, O, O],
            [v_theta, O, O, O, O],
            [p_theta, O, I, O, O],
        ]);
        if self.gyro_radps.is_some() {
            let turn = math::right_jacobian(&(omega * dt_s)) * -dt_s;
            f.blocks[0][3] = Full(turn);
            f.blocks[1][3] = Full(-(r_after * math::skew(&u)) * turn);
            f.blocks[2][3] = Full(-(r_mid * math::skew(&u)) * turn * (0.5 * dt_s));
        } else {
            for (slot, w) in self.yaw_rate.terms.iter().flatten() {
                let mut column = SVector::<f64, MOVED>::zeros();
                column[2] = dt_s * w;
                let sideways = self.speed.value * dt_s * w;
                column
                    .fixed_rows_mut::<3>(3)
                    .copy_from(&(r_after.column(1) * sideways));
                column
                    .fixed_rows_mut::<3>(6)
                    .copy_from(&(r_mid.column(1) * (0.5 * dt_s * sideways)));
                add(&mut f, *slot, &column);
            }
        }
        for (slot, du) in self.speed.terms.iter().flatten() {
            let mut column = SVector::<f64, MOVED>::zeros();
            column
                .fixed_rows_mut::<3>(3)
                .copy_from(&(r_after.column(0) * *du));
            column
                .fixed_rows_mut::<3>(6)
                .copy_from(&(r_mid.column(0) * (dt_s * du)));
            add(&mut f, *slot, &column);
        }
        self.noise(&mut f, &omega, &r_mid, dt_s);
        f
    }

    fn depends_on(&self, slot: Slot) -> bool {
        let mut terms = self.speed.terms.iter().chain(&self.yaw_rate.terms);
        terms.any(|term| term.is_some_and(|(of, _)| of == slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::check::{slot, transition_matches};

    fn model() -> Wheels {
        Wheels {
            speed: Rate::default(),
            yaw_rate: Rate::default(),
            gyro_radps: None,
            distance_sigma_m_rtm: 0.02,
            lateral_sigma_m_rtm: 0.01,
            yaw_sigma_rad_rtm: 0.01,
            yaw_sigma_rad_rtrad: 0.02,
            yaw_density_rad_rts: 0.0,
            gyro_density: 1e-3,
            gyro_walk: 1e-5,
            speed_sigma_mps: 0.05,
        }
    }

    /// Wheels whose rates depend on the parameters, as an engine would form them.
    struct Learned;
    impl MotionModel for Learned {
        fn propagate(&self, nav: &mut Nav, parameters: &[f64], dt_s: f64) -> Transition {
            let x = &parameters[crate::state::NAV..];
            let wheels = Wheels {
                speed: Rate::depending(1.2 * (1.0 + x[0]), [(slot(0), 1.2)]),
                yaw_rate: Rate::depending(
                    0.7 * (1.0 + x[1]) + x[2],
                    [(slot(1), 0.7), (slot(2), 1.0)],
                ),
                ..model()
            };
            wheels.propagate(nav, parameters, dt_s)
        }
    }

    #[test]
    fn transition_matches_central_difference_with_learned_rates() {
        transition_matches(&Learned, 0.02, 1e-4);
    }

    #[test]
    fn transition_matches_central_difference_with_a_gyro() {
        let gyro = Wheels {
            speed: Rate::new(1.3),
            gyro_radps: Some(Vector3::new(0.1, -0.05, 0.6)),
            ..model()
        };
        transition_matches(&gyro, 0.02, 1e-4);
    }

    #[test]
    fn a_standing_vehicle_gathers_no_noise() {
        let step = model().propagate(&mut Nav::default(), &[], 10.0);
        assert_eq!(step.q[(6, 6)], 0.0);
        assert_eq!(step.q[(2, 2)], 0.0);
    }

    #[test]
    fn a_full_circle_ends_where_it_began() {
        let circle = Wheels {
            speed: Rate::new(1.0),
            yaw_rate: Rate::new(core::f64::consts::TAU / 10.0),
            ..model()
        };
        let mut nav = Nav::default();
        for _ in 0..500 {
            circle.propagate(&mut nav, &[], 0.02);
        }
        assert!(nav.p_n.norm() < 1e-9 && (nav.v_n - Vector3::x()).norm() < 1e-9);
    }
}
