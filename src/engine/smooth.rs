//! The smooth output: a pose that follows the exact one without steps.
//!
//! In one step the exact output goes from x to x' = x ⊞ m ⊞ c: m is what the motion model carried it,
//! c what corrected it (a measurement, a late sample that changes the past, a reset). The smooth pose
//! is the exact one moved by an offset, s = x ⊞ d. It takes m at once and c never as a step:
//!   d' = φ(d, dt) − c       so that       s' − s = x' + d' − x − d = m + (φ(d, dt) − d)
//! φ lets the offset decay with the time constant τ, at a rate of v at most:
//!   ḋ = −min(|d| / τ, v) d / |d|
//! which has a closed form (straight down to vτ, exponentially from there), so that the size of the
//! steps is no part of it: φ(φ(d, a), b) = φ(d, a + b). Two promises follow:
//!   |s' − s| ≤ |m| + v dt                      no step is larger than the vehicle could drive
//!   |φ(d, t)| ≤ |d| / 20  for t ≥ 3τ + |d| / v   from |d| to vτ in less than |d| / v, and ln 20 < 3
//! The same holds for the heading, with its own rate. Roll and pitch are those of the exact output,
//! and so is the velocity. The offset is a translation in n and a turn about n's vertical through the
//! vehicle: while a heading is being put right, the smooth pose drives a little sideways.
//!
//! What was told can't be taken back, so this state stays outside the history: with late samples, the
//! smooth pose depends on when they came. The same arrivals give the same bits.

use nalgebra::{UnitQuaternion, Vector3};
use serde::{Deserialize, Serialize};
use wayfix_filter::{Nav, Timestamp, math};

use crate::config::vehicle::Smooth;

/// Position and attitude of the reference point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Position in n \[m\].
    pub p_n: Vector3<f64>,
    /// Attitude, b to n.
    pub q_nb: UnitQuaternion<f64>,
}

impl Pose {
    /// Heading [rad], counter-clockwise from x.
    #[must_use]
    pub fn yaw_rad(&self) -> f64 {
        math::yaw(&self.q_nb)
    }
}

/// A translation in n \[m\] and a turn about n's vertical [rad].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    pub p_n: Vector3<f64>,
    pub yaw_rad: f64,
}

/// atan2(sine, cosine); small angles, which all but a few are, by their series.
fn angle(sine: f64, cosine: f64) -> f64 {
    let x = sine / cosine;
    if cosine > 0.0 && x.abs() < 0.03 {
        let s = x * x;
        // To x¹¹/11 < 2e-18.
        return x * (1.0 - s * (1.0 / 3.0 - s * (0.2 - s * (1.0 / 7.0 - s / 9.0))));
    }
    libm::atan2(sine, cosine)
}

impl Shift {
    /// What takes one state to another.
    pub fn between(from: &Nav, to: &Nav) -> Self {
        let [a, b] = [from, to].map(|nav| (nav.q_nb * Vector3::x()).xy());
        Self {
            p_n: to.p_n - from.p_n,
            yaw_rad: angle(a.perp(&b), a.dot(&b)),
        }
    }

    /// One after the other.
    pub fn then(self, next: &Self) -> Self {
        Self {
            p_n: self.p_n + next.p_n,
            yaw_rad: math::wrap_angle(self.yaw_rad + next.yaw_rad),
        }
    }

    /// What is left of it where `other` is taken off.
    fn less(self, other: &Self) -> Self {
        Self {
            p_n: self.p_n - other.p_n,
            yaw_rad: math::wrap_angle(self.yaw_rad - other.yaw_rad),
        }
    }

    /// What is left of it after `dt_s` \[s\].
    fn decayed(&self, settings: &Smooth, dt_s: f64) -> Self {
        let tau_s = settings.time_constant_s;
        let turn_radps = settings.correction_turn_degps.to_radians();
        let left = |size: f64, rate: f64| left(size, tau_s, rate, dt_s);
        Self {
            p_n: self.p_n * left(self.p_n.norm(), settings.correction_speed_mps),
            yaw_rad: self.yaw_rad * left(self.yaw_rad.abs(), turn_radps),
        }
    }
}

/// Share of an offset that is left after `dt_s`: it falls by `rate` a second while it is larger than
/// `rate · tau_s`, exponentially from there.
fn left(size: f64, tau_s: f64, rate: f64, dt_s: f64) -> f64 {
    let straight_s = (size / rate - tau_s).max(0.0);
    if dt_s < straight_s {
        return 1.0 - rate * dt_s / size;
    }
    let knee = if straight_s > 0.0 {
        rate * tau_s / size
    } else {
        1.0
    };
    knee * (-(dt_s - straight_s) / tau_s).exp()
}

/// The exact state that was last told, and how far the smooth pose is from it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Follower {
    told: Option<(Timestamp, Nav)>,
    offset: Shift,
}

impl Follower {
    /// Notes the exact state at `t`. `carried` is what the motion model carried it since the last
    /// call; the rest is a correction, which is returned. The first state is taken as it is.
    pub fn follow(
        &mut self,
        settings: &Smooth,
        t: Timestamp,
        exact: &Nav,
        carried: &Shift,
    ) -> Shift {
        let mut corrected = Shift::default();
        if let Some((before_t, before)) = &self.told {
            let dt_s = t.seconds_since(*before_t).max(0.0);
            let correction = Shift::between(before, exact).less(carried);
            self.offset = self.offset.decayed(settings, dt_s).less(&correction);
            corrected = correction;
        }
        self.told = Some((t, *exact));
        corrected
    }

    /// The smooth pose `ahead_s` \[s\] after the state that was last told, where the exact one is `exact`.
    pub fn pose(&self, settings: &Smooth, exact: &Nav, ahead_s: f64) -> Pose {
        let offset = self.offset.decayed(settings, ahead_s.max(0.0));
        Pose {
            p_n: exact.p_n + offset.p_n,
            q_nb: math::exp(&(Vector3::z() * offset.yaw_rad)) * exact.q_nb,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nav(x_m: f64, y_m: f64, yaw_rad: f64) -> Nav {
        Nav {
            p_n: Vector3::new(x_m, y_m, 0.0),
            q_nb: math::from_roll_pitch_yaw(0.1, -0.2, yaw_rad),
            ..Nav::default()
        }
    }

    proptest! {
        /// Two small steps of time are one large one, and an offset only shrinks.
        #[test]
        fn the_size_of_the_steps_is_no_part_of_it(
            size in 0.0..30.0f64, tau_s in 0.05..5.0f64, rate in 0.05..5.0f64, a in 0.0..9.0f64, b in 0.0..9.0f64,
        ) {
            let first = left(size, tau_s, rate, a);
            let both = first * left(size * first, tau_s, rate, b);
            prop_assert!((both - left(size, tau_s, rate, a + b)).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&first));
        }

        #[test]
        fn a_twentieth_is_left_in_the_stated_time(
            size in 1e-3..30.0f64, tau_s in 0.05..5.0f64, rate in 0.05..5.0f64,
        ) {
            prop_assert!(left(size, tau_s, rate, 3.0 * tau_s + size / rate) <= 0.05);
        }

        /// Whatever corrects the exact output, the smooth one moves by its motion and the stated rates.
        #[test]
        fn no_step_is_larger_than_stated(
            steps in prop::collection::vec((
                0.0..0.5f64, prop::array::uniform3(-1.0..1.0f64), prop::array::uniform3(-9.0..9.0f64),
            ), 1..40),
        ) {
            let settings = Smooth::default();
            let mut follower = Follower::default();
            let (mut t, mut exact) = (Timestamp(0), nav(0.0, 0.0, 0.0));
            follower.follow(&settings, t, &exact, &Shift::default());
            let mut smooth = follower.pose(&settings, &exact, 0.0);
            prop_assert_eq!(smooth.p_n, exact.p_n);
            for (dt_s, m, c) in steps {
                t = t.shifted(dt_s);
                let carried = Shift { p_n: Vector3::new(m[0], m[1], 0.0), yaw_rad: m[2] };
                exact = nav(
                    exact.p_n.x + m[0] + c[0],
                    exact.p_n.y + m[1] + c[1],
                    exact.yaw_rad() + m[2] + c[2],
                );
                follower.follow(&settings, t, &exact, &carried);
                let next = follower.pose(&settings, &exact, 0.0);
                let beyond_m = (next.p_n - smooth.p_n - carried.p_n).norm();
                prop_assert!(beyond_m <= settings.correction_speed_mps * dt_s + 1e-9);
                let turned = math::wrap_angle(next.yaw_rad() - smooth.yaw_rad() - m[2]).abs();
                let most = settings.correction_turn_degps.to_radians() * dt_s;
                prop_assert!(turned <= most + 1e-9, "{turned} > {most}");
                smooth = next;
            }
        }
    }

    #[test]
    fn small_angles_are_those_of_the_function() {
        for i in -400..=400 {
            let (sine, cosine) = (1e-4 * f64::from(i)).sin_cos();
            let known = libm::atan2(sine, cosine);
            assert!((angle(sine, cosine) - known).abs() < 1e-17 + 1e-15 * known.abs());
        }
        assert_eq!(angle(0.0, -1.0), core::f64::consts::PI);
    }

    #[test]
    fn roll_and_pitch_are_those_of_the_exact_output() {
        let settings = Smooth::default();
        let mut follower = Follower::default();
        let exact = nav(5.0, 0.0, 1.0);
        follower.follow(
            &settings,
            Timestamp(0),
            &nav(0.0, 0.0, 0.0),
            &Shift::default(),
        );
        follower.follow(&settings, Timestamp(0), &exact, &Shift::default());
        let smooth = follower.pose(&settings, &exact, 0.0);
        let (roll, pitch, yaw) = smooth.q_nb.euler_angles();
        assert!((roll - 0.1).abs() < 1e-12 && (pitch + 0.2).abs() < 1e-12);
        assert!(yaw.abs() < 1e-12 && smooth.p_n.norm() < 1e-12);
        // Once the stated time has passed, it is where the exact one is.
        let later = follower.pose(&settings, &exact, 3.0 + 5.0 / 0.5);
        assert!((later.p_n - exact.p_n).norm() < 0.25);
    }
}
