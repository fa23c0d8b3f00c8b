//! The state and the one definition of its error.
//!
//! | block        | symbol | frame | unit  | index | how the error composes                |
//! |--------------|--------|-------|-------|-------|---------------------------------------|
//! | attitude     | `q_nb` | b     | rad   | 0..3  | `q ← q ⊗ Exp(δθ_b)` (right, local)    |
//! | velocity     | `v_n`  | n     | m/s   | 3..6  | `v ← v + δv`                          |
//! | position     | `p_n`  | n     | m     | 6..9  | `p ← p + δp`                          |
//! | gyro bias    | `b_g`  | b     | rad/s | 9..12 | `b ← b + δb`                          |
//! | accel. bias  | `b_a`  | b     | m/s²  | 12..15| `b ← b + δb`                          |
//! | parameters   |        |       | its own | 15..N | `x ← x + δx`                        |
//!
//! Only [`Nav::boxplus`] and [`Nav::boxminus`] touch that table (Solà 2017, table 3, with the local
//! attitude error; Hertzberg 2013 for the operators).

use nalgebra::{Rotation3, SVector, UnitQuaternion, Vector3};

use crate::math;

/// Number of error states of [`Nav`].
pub const NAV: usize = 15;

/// First index of each block of three in the error state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Block {
    /// Attitude error, body frame \[rad\].
    Attitude = 0,
    /// Velocity error, site frame \[m/s\].
    Velocity = 3,
    /// Position error, site frame \[m\].
    Position = 6,
    /// Gyro bias error, body frame \[rad/s\].
    GyroBias = 9,
    /// Accelerometer bias error, body frame \[m/s²\].
    AccelBias = 12,
}

impl Block {
    /// All blocks in the order of their index.
    pub const ALL: [Self; 5] = [
        Self::Attitude,
        Self::Velocity,
        Self::Position,
        Self::GyroBias,
        Self::AccelBias,
    ];

    /// First index in the error state.
    #[must_use]
    pub const fn start(self) -> usize {
        self as usize
    }
}

/// Position in the error state of one parameter; given out by [`crate::Filter::parameter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Slot(pub(crate) u16);

impl Slot {
    /// Index in the error state, at least [`NAV`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Navigation state: where the body is, how it moves, and what its inertial unit reads wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Nav {
    /// Attitude: takes b-vectors to n.
    pub q_nb: UnitQuaternion<f64>,
    /// Velocity of the body origin in n \[m/s\].
    pub v_n: Vector3<f64>,
    /// Position of the body origin in n \[m\].
    pub p_n: Vector3<f64>,
    /// Gyro bias \[rad/s\]: true = measured − bias.
    pub gyro_bias_b: Vector3<f64>,
    /// Accelerometer bias \[m/s²\]: true = measured − bias.
    pub accel_bias_b: Vector3<f64>,
    /// Latest angular rate, bias taken off \[rad/s\]; an input, not a state.
    pub omega_b: Vector3<f64>,
    /// Latest acceleration in n, gravity taken off \[m/s²\]; an input, not a state.
    pub accel_n: Vector3<f64>,
}

impl Default for Nav {
    fn default() -> Self {
        Self {
            q_nb: UnitQuaternion::identity(),
            v_n: Vector3::zeros(),
            p_n: Vector3::zeros(),
            gyro_bias_b: Vector3::zeros(),
            accel_bias_b: Vector3::zeros(),
            omega_b: Vector3::zeros(),
            accel_n: Vector3::zeros(),
        }
    }
}

impl Nav {
    /// Rotation matrix from b to n.
    #[must_use]
    pub fn rotation(&self) -> Rotation3<f64> {
        self.q_nb.to_rotation_matrix()
    }

    /// Heading of the body x axis \[rad\].
    #[must_use]
    pub fn yaw_rad(&self) -> f64 {
        math::yaw(&self.q_nb)
    }

    /// The state moved by an error: `x ⊞ δ`.
    #[must_use]
    pub fn boxplus(&self, delta: &SVector<f64, NAV>) -> Self {
        let block = |b: Block| delta.fixed_rows::<3>(b.start()).into_owned();
        let mut q_nb = self.q_nb * math::exp(&block(Block::Attitude));
        q_nb.renormalize_fast();
        Self {
            q_nb,
            v_n: self.v_n + block(Block::Velocity),
            p_n: self.p_n + block(Block::Position),
            gyro_bias_b: self.gyro_bias_b + block(Block::GyroBias),
            accel_bias_b: self.accel_bias_b + block(Block::AccelBias),
            omega_b: self.omega_b - block(Block::GyroBias),
            accel_n: self.accel_n,
        }
    }

    /// The error that takes `other` to `self`: `other ⊞ (self ⊟ other) = self`.
    #[must_use]
    pub fn boxminus(&self, other: &Self) -> SVector<f64, NAV> {
        let mut delta = SVector::<f64, NAV>::zeros();
        let mut set =
            |b: Block, v: Vector3<f64>| delta.fixed_rows_mut::<3>(b.start()).copy_from(&v);
        set(
            Block::Attitude,
            math::log(&(other.q_nb.inverse() * self.q_nb)),
        );
        set(Block::Velocity, self.v_n - other.v_n);
        set(Block::Position, self.p_n - other.p_n);
        set(Block::GyroBias, self.gyro_bias_b - other.gyro_bias_b);
        set(Block::AccelBias, self.accel_bias_b - other.accel_bias_b);
        delta
    }

    /// The state `lag_s` seconds ago, taking rate and acceleration as constant since.
    #[must_use]
    pub fn delayed(&self, lag_s: f64) -> Self {
        Self {
            q_nb: self.q_nb * math::exp(&(self.omega_b * -lag_s)),
            v_n: self.v_n - self.accel_n * lag_s,
            p_n: self.p_n - self.v_n * lag_s + self.accel_n * (0.5 * lag_s * lag_s),
            ..*self
        }
    }

    /// Whether every component is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let finite = |v: &Vector3<f64>| v.iter().all(|x| x.is_finite());
        self.q_nb.coords.iter().all(|x| x.is_finite())
            && finite(&self.v_n)
            && finite(&self.p_n)
            && finite(&self.gyro_bias_b)
            && finite(&self.accel_bias_b)
    }
}

/// What a model may read: the navigation state and the parameters' values.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Navigation state.
    pub nav: &'a Nav,
    /// Values by error-state index; the first [`NAV`] entries are unused.
    pub parameters: &'a [f64],
}

impl View<'_> {
    /// Value of a parameter, zero where there is none.
    #[must_use]
    pub fn value(&self, slot: Option<Slot>) -> f64 {
        slot.and_then(|s| self.parameters.get(s.index()))
            .copied()
            .unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn boxminus_undoes_boxplus(
            start in prop::array::uniform15(-2.0..2.0f64),
            delta in prop::array::uniform15(-1.7..1.7f64),
        ) {
            let x = Nav::default().boxplus(&SVector::from(start));
            let delta = SVector::from(delta);
            prop_assert!((x.boxplus(&delta).boxminus(&x) - delta).norm() < 1e-9);
        }
    }

    #[test]
    fn delayed_state_lies_on_the_arc_behind() {
        let nav = Nav {
            v_n: Vector3::x(),
            omega_b: Vector3::z(),
            ..Nav::default()
        };
        let before = nav.delayed(0.1);
        assert!((before.p_n.x + 0.1).abs() < 1e-12);
        assert!((before.yaw_rad() + 0.1).abs() < 1e-12);
    }
}
