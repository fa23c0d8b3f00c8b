//! An asset without motion sensors: nearly constant velocity, which may decay.
//!
//!   v ← v e^(−dt/τ),  p ← p + v τ (1 − e^(−dt/τ))      (τ → ∞: p ← p + v dt)
//! driven by white acceleration (Bar-Shalom, Li, Kirubarajan 2001, section 6.2) and, for the heading,
//! by white yaw rate. Nothing ties the heading to the velocity: a tag may be turned by hand.

use nalgebra::{Matrix3, Vector3};

use super::MotionModel;
use super::strapdown::white_acceleration;
use crate::covariance::Entry::{Identity as I, Scaled, Zero as O};
use crate::covariance::Transition;
use crate::state::{Nav, Slot};

/// How freely the asset moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tag {
    /// Horizontal white acceleration [m/s²/√Hz].
    pub accel_density: f64,
    /// Vertical white acceleration [m/s²/√Hz].
    pub accel_up_density: f64,
    /// White yaw rate [rad/√s].
    pub yaw_density: f64,
    /// Time constant with which the speed decays \[s\]; infinity: never.
    pub decay_s: f64,
}

impl Default for Tag {
    /// A person or a trolley: 1 m/s²/√Hz horizontally, half of it vertically, heading free.
    fn default() -> Self {
        Self {
            accel_density: 1.0,
            accel_up_density: 0.5,
            yaw_density: 0.5,
            decay_s: f64::INFINITY,
        }
    }
}

impl MotionModel for Tag {
    fn propagate(&self, nav: &mut Nav, _: &[f64], dt_s: f64) -> Transition {
        let keep = libm::exp(-dt_s / self.decay_s);
        let moved_s = if self.decay_s.is_finite() {
            self.decay_s * (1.0 - keep)
        } else {
            dt_s
        };
        nav.p_n += nav.v_n * moved_s;
        nav.v_n *= keep;
        nav.omega_b = Vector3::zeros();
        nav.accel_n = Vector3::zeros();

        let mut f = Transition::of([
            [I, O, O, O, O],
            [O, Scaled(keep), O, O, O],
            [O, Scaled(moved_s), I, O, O],
        ]);
        let square = |density: f64| density * density * dt_s;
        let horizontal = square(self.accel_density);
        let q_v = Matrix3::from_diagonal(&Vector3::new(
            horizontal,
            horizontal,
            square(self.accel_up_density),
        ));
        white_acceleration(&mut f, &q_v, dt_s);
        // Turning about the vertical, seen from the body: R^T z zᵀ R.
        let up_b = nav.q_nb.inverse() * Vector3::z();
        f.q.fixed_view_mut::<3, 3>(0, 0)
            .copy_from(&(up_b * up_b.transpose() * square(self.yaw_density)));
        f
    }

    fn depends_on(&self, _: Slot) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::check::transition_matches;

    #[test]
    fn transition_matches_central_difference() {
        transition_matches(&Tag::default(), 0.3, 1e-8);
        transition_matches(
            &Tag {
                decay_s: 2.0,
                ..Tag::default()
            },
            0.3,
            1e-8,
        );
    }

    #[test]
    fn two_half_steps_spread_as_one_whole_step() {
        let mut whole = Nav::default();
        let one = Tag::default().propagate(&mut whole, &[], 1.0).q[(6, 6)];
        let half = Tag::default().propagate(&mut whole, &[], 0.5);
        let (q_p, q_pv, q_v) = (half.q[(6, 6)], half.q[(6, 3)], half.q[(3, 3)]);
        let two = q_p + 2.0 * 0.5 * q_pv + 0.25 * q_v + q_p;
        assert!((one - two).abs() < 1e-12);
    }
}
