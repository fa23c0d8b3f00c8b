//! How far the estimate is from the truth, and whether it knew.

pub mod compare;
pub mod detection;
mod distribution;
mod gate_power;
mod levels;

use nalgebra::{Matrix2, Matrix3, Quaternion, UnitQuaternion, Vector3};
use wayfix_filter::math;

pub use distribution::Distribution;
pub use gate_power::{Caught, GatePower, Misfit, POWER, components};
pub use levels::{Levels, Region};

use crate::engine::Estimate;
use crate::log::{Truth, TruthState};

/// Estimate against truth at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// The truth.
    pub truth: Truth,
    /// The estimate at its time.
    pub estimate: Estimate,
    /// Horizontal position error \[m\], estimate minus truth.
    pub horizontal: Option<nalgebra::Vector2<f64>>,
    /// Height error \[m\].
    pub height_m: Option<f64>,
    /// Heading error [rad].
    pub yaw_rad: Option<f64>,
    /// Attitude error as a quaternion in n: estimate · truth⁻¹.
    pub attitude: Option<UnitQuaternion<f64>>,
    /// Velocity error [m/s].
    pub velocity: Option<Vector3<f64>>,
    /// Normalised position error squared, over two or three components as truth has them.
    pub position_nees: Option<(f64, usize)>,
    /// Normalised heading error squared.
    pub yaw_nees: Option<f64>,
}

impl Comparison {
    /// Compares an estimate with the truth at the same time.
    #[must_use]
    pub fn new(truth: &Truth, estimate: &Estimate) -> Self {
        let state = &truth.state;
        let horizontal = state
            .xy_m
            .map(|xy| estimate.p_n.xy() - nalgebra::Vector2::from(xy));
        let height_m = state.z_m.map(|z| estimate.p_n.z - z);
        let q_true = state.q_nb();
        let yaw_rad = state
            .heading_rad()
            .map(|yaw| math::wrap_angle(estimate.yaw_rad() - yaw));
        Self {
            truth: *truth,
            estimate: *estimate,
            horizontal,
            height_m,
            yaw_rad,
            attitude: q_true.map(|q| estimate.q_nb * q.inverse()),
            velocity: state.velocity_mps.map(|v| estimate.v_n - Vector3::from(v)),
            position_nees: position_nees(&estimate.position_covariance, horizontal, height_m),
            yaw_nees: yaw_rad.map(|e| (e / estimate.yaw_sigma_rad().max(1e-12)).powi(2)),
        }
    }

    /// Position error in as many components as truth has \[m\].
    #[must_use]
    pub fn position_m(&self) -> Option<f64> {
        let horizontal = self.horizontal?.norm();
        Some(horizontal.hypot(self.height_m.unwrap_or(0.0)))
    }
}

fn position_nees(
    p: &Matrix3<f64>,
    horizontal: Option<nalgebra::Vector2<f64>>,
    height_m: Option<f64>,
) -> Option<(f64, usize)> {
    let e = horizontal?;
    match height_m {
        Some(z) => {
            let e = e.push(z);
            Some((e.dot(&p.cholesky()?.solve(&e)), 3))
        }
        None => {
            let p: Matrix2<f64> = p.fixed_view::<2, 2>(0, 0).into_owned();
            Some((e.dot(&p.cholesky()?.solve(&e)), 2))
        }
    }
}

impl TruthState {
    /// The attitude, b to n, where it is stated.
    #[must_use]
    pub fn q_nb(&self) -> Option<UnitQuaternion<f64>> {
        let [w, x, y, z] = self.attitude_wxyz?;
        Some(UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z)))
    }

    /// The heading [rad], by itself or as part of the attitude.
    #[must_use]
    pub fn heading_rad(&self) -> Option<f64> {
        self.yaw_rad.or_else(|| self.q_nb().as_ref().map(math::yaw))
    }
}

/// Errors of a whole run.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// Horizontal \[m\].
    pub horizontal_m: Distribution,
    /// Sum of the horizontal errors \[m\], estimate minus truth: what of them is constant.
    pub horizontal_sum_m: nalgebra::Vector2<f64>,
    /// Three-dimensional \[m\], where truth has the height.
    pub position_m: Distribution,
    /// Heading [rad].
    pub yaw_rad: Distribution,
    /// Sum of the heading errors [rad], estimate minus truth.
    pub yaw_sum_rad: f64,
    /// Inclination [rad]: attitude error without its heading part.
    pub inclination_rad: Distribution,
    /// Velocity [m/s].
    pub velocity_mps: Distribution,
    /// Position NEES.
    pub position_nees: Distribution,
    /// Components of the position NEES.
    pub nees_dimension: usize,
    /// Heading NEES.
    pub yaw_nees: Distribution,
    /// Horizontal protection level.
    pub horizontal_level: Levels,
    /// Vertical protection level, where truth has the height.
    pub vertical_level: Levels,
    /// Truth rows before the start of the estimate.
    pub before_start: u64,
    /// Truth rows that came more than a second late, or lie in a hole of the log: not compared.
    pub unmatched: u64,
}

impl Errors {
    /// Takes one comparison.
    pub fn add(&mut self, c: &Comparison) {
        let protection = &c.estimate.protection;
        if let Some(h) = c.horizontal {
            self.horizontal_m.add(h.norm());
            self.horizontal_sum_m += h;
            self.horizontal_level.add(h.norm(), protection.horizontal_m);
        }
        if let Some(z) = c.height_m {
            self.vertical_level.add(z, protection.vertical_m);
        }
        if let (Some(h), Some(z)) = (c.horizontal, c.height_m) {
            self.position_m.add(h.norm().hypot(z));
        }
        if let Some(yaw) = c.yaw_rad {
            self.yaw_rad.add(yaw);
            self.yaw_sum_rad += yaw;
        }
        if let Some(q) = c.attitude {
            self.inclination_rad.add(inclination_rad(&q));
        }
        if let Some(v) = c.velocity {
            self.velocity_mps.add(v.norm());
        }
        if let Some((nees, dimension)) = c.position_nees {
            self.position_nees.add(nees);
            self.nees_dimension = dimension;
        }
        if let Some(nees) = c.yaw_nees {
            self.yaw_nees.add(nees);
        }
    }
}

impl Errors {
    /// What is constant of the horizontal error \[m\], and the root mean square of the rest.
    #[must_use]
    pub fn constant_m(&self) -> Option<(nalgebra::Vector2<f64>, f64)> {
        let mean = self.horizontal_sum_m / self.horizontal_m.count() as f64;
        let rest_sq = self.horizontal_m.rmse()?.powi(2) - mean.norm_squared();
        Some((mean, rest_sq.max(0.0).sqrt()))
    }

    /// What is constant of the heading error [rad], and the root mean square of the rest.
    #[must_use]
    pub fn constant_yaw_rad(&self) -> Option<(f64, f64)> {
        let mean = self.yaw_sum_rad / self.yaw_rad.count() as f64;
        let rest_sq = self.yaw_rad.rmse()?.powi(2) - mean * mean;
        Some((mean, rest_sq.max(0.0).sqrt()))
    }
}

/// Heading part of an attitude error in n [rad]: `2 atan(z / w)` (Laidig et al. 2021).
#[must_use]
pub fn heading_rad(q: &UnitQuaternion<f64>) -> f64 {
    (2.0 * (q.k / q.w).atan()).abs()
}

/// Inclination part of an attitude error in n [rad]: `2 acos √(w² + z²)` (Laidig et al. 2021).
#[must_use]
pub fn inclination_rad(q: &UnitQuaternion<f64>) -> f64 {
    2.0 * q.w.hypot(q.k).min(1.0).acos()
}
