//! Time lag and additive errors for any measurement model.
//!
//!   z = h(x(t − τ)) + Σ k b
//!
//! with τ a parameter (what is left of a source's delay) and b parameters of single components, k a
//! factor: a constant one, a slowly varying one, or both (k = 1), a turn of the frame (k the distance). With the state of a moment ago,
//! `x' = x.delayed(τ)`, and h's Jacobian H' there:
//!   δp' = δp − τ δv,  δθ' = Exp(ω τ) δθ + Jr(−ω τ) τ δb_g
//!   ∂h/∂τ = −(H'_p v' + H'_v a + H'_θ ω)
//! Assumes rate and acceleration constant over τ, so τ should stay below a few tenths of a second;
//! a large known delay is taken off the time stamp instead.

use nalgebra::SVector;

use super::{Degenerate, Linearised, MeasurementModel};
use crate::math;
use crate::state::{Block, Slot, View};

/// Most additive errors of one measurement; one with more is refused.
pub const MAX_ADDITIVE: usize = 8;

/// A model with lag and additive errors.
#[derive(Clone, Copy, Debug)]
pub struct Corrected<Model> {
    /// The sensor's physics.
    pub model: Model,
    /// Parameter of the time lag \[s\], positive: the measurement is older than its stamp.
    pub lag: Option<Slot>,
    /// Additive errors: component, parameter and factor [the component's unit over the parameter's].
    pub additive: [Option<(usize, Slot, f64)>; MAX_ADDITIVE],
    /// An additive error found no room.
    overflows: bool,
}

impl<Model> Corrected<Model> {
    /// The model as it is.
    pub fn new(model: Model) -> Self {
        Self {
            model,
            lag: None,
            additive: [None; MAX_ADDITIVE],
            overflows: false,
        }
    }

    /// With an estimated time lag.
    #[must_use]
    pub fn lag(self, lag: Option<Slot>) -> Self {
        Self { lag, ..self }
    }

    /// With one more additive error of a component.
    #[must_use]
    pub fn additive(self, component: usize, slot: Option<Slot>) -> Self {
        self.scaled(component, slot, 1.0)
    }

    /// With one more error of a component, `factor` times the parameter.
    #[must_use]
    pub fn scaled(mut self, component: usize, slot: Option<Slot>, factor: f64) -> Self {
        if let Some(slot) = slot {
            match self.additive.iter_mut().find(|a| a.is_none()) {
                Some(free) => *free = Some((component, slot, factor)),
                None => self.overflows = true,
            }
        }
        self
    }
}

impl<Model: MeasurementModel<M>, const M: usize> MeasurementModel<M> for Corrected<Model> {
    fn linearise(&self, x: &View) -> Result<Linearised<M>, Degenerate> {
        if self.overflows {
            return Err(Degenerate::TooManyParameters);
        }
        let mut out = match self.lag {
            None => self.model.linearise(x)?,
            Some(_) => self.linearise_delayed(x)?,
        };
        for &(component, slot, factor) in self.additive.iter().flatten() {
            out.residual[component] -= factor * x.value(Some(slot));
            let mut unit = SVector::zeros();
            unit[component] = factor;
            out.h.add_parameter(slot, &unit);
        }
        Ok(out)
    }
}

impl<Model> Corrected<Model> {
    fn linearise_delayed<const M: usize>(&self, x: &View) -> Result<Linearised<M>, Degenerate>
    where
        Model: MeasurementModel<M>,
    {
        let lag_s = x.value(self.lag);
        let before = x.nav.delayed(lag_s);
        let mut out = self.model.linearise(&View {
            nav: &before,
            parameters: x.parameters,
        })?;
        let mut per_lag = SVector::<f64, M>::zeros();
        if let Some(columns) = out.h.block(Block::Velocity) {
            per_lag -= columns * x.nav.accel_n;
        }
        if let Some(columns) = out.h.block(Block::Position).copied() {
            per_lag -= columns * before.v_n;
            out.h.add(Block::Velocity, &(columns * -lag_s));
        }
        if let Some(columns) = out.h.block(Block::Attitude).copied() {
            per_lag -= columns * x.nav.omega_b;
            let turned = math::exp(&(x.nav.omega_b * lag_s)).to_rotation_matrix();
            let by_bias = math::right_jacobian(&(x.nav.omega_b * -lag_s)) * lag_s;
            out.h
                .add(Block::Attitude, &(columns * turned.matrix() - columns));
            out.h.add(Block::GyroBias, &(columns * by_bias));
        }
        if let Some(slot) = self.lag {
            out.h.add_parameter(slot, &per_lag);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::check::{
        PARAMETERS, jacobian_matches, jacobian_matches_at, slot, states,
    };
    use crate::measurement::{Jacobian, Pose, Position, Range, Velocity, Yaw};
    use crate::state::{NAV, Nav};
    use nalgebra::Vector3;

    fn range() -> Range {
        Range {
            p_na: Vector3::new(9.0, -4.0, 3.0),
            p_bt: Vector3::new(0.3, 0.2, 1.1),
            range_m: 8.0,
            sigma_m: 0.1,
            scale: slot(2),
            horizontal: false,
        }
    }

    fn position() -> Position<3> {
        Position {
            p_n: Vector3::new(2.0, 1.0, 0.5),
            p_bs: Vector3::new(0.4, -0.3, 1.2),
            sigma_m: Vector3::new(0.05, 0.06, 0.1),
            lever: [slot(3), slot(4)],
        }
    }

    fn velocity() -> Velocity<3> {
        Velocity {
            v_n: Vector3::new(1.0, 0.2, -0.1),
            p_bs: Vector3::new(0.5, -0.8, 1.2),
            sigma_mps: Vector3::repeat(0.1),
        }
    }

    fn pose(nav: &Nav) -> Pose {
        Pose {
            p_n: Vector3::new(2.0, 1.0, 0.5),
            q_ns: nav.q_nb * math::exp(&Vector3::new(0.05, -0.02, 0.1)),
            p_bs: Vector3::new(0.4, -0.3, 1.2),
            q_bs: math::from_roll_pitch_yaw(0.2, 0.1, -0.4),
            sigma_m: Vector3::repeat(0.05),
            sigma_rad: Vector3::repeat(0.02),
        }
    }

    /// Lag and errors as the engine adds them: two on one component, one on another.
    fn corrected<Model>(model: Model, last: usize) -> Corrected<Model> {
        let two = Corrected::new(model)
            .lag(slot(5))
            .additive(0, slot(0))
            .scaled(0, slot(1), -2.5);
        if last > 0 {
            two.additive(last, slot(3))
        } else {
            two
        }
    }

    /// Takes the angular rate as given, whatever the gyro bias, and has no column for that.
    struct GivenRate<Model>(Model, Vector3<f64>);

    impl<Model: MeasurementModel<M>, const M: usize> MeasurementModel<M> for GivenRate<Model> {
        fn linearise(&self, x: &View) -> Result<Linearised<M>, Degenerate> {
            let nav = Nav {
                omega_b: self.1,
                ..*x.nav
            };
            let mut out = self.0.linearise(&View { nav: &nav, ..*x })?;
            let mut h = Jacobian::default();
            for (block, columns) in out.h.blocks().filter(|(b, _)| *b != Block::GyroBias) {
                h = h.with(block, *columns);
            }
            for (slot, column) in out.h.parameters() {
                h = h.with_parameter(Some(*slot), *column);
            }
            out.h = h;
            Ok(out)
        }
    }

    #[test]
    fn jacobian_matches_central_difference_with_lag_and_errors() {
        for nav in states() {
            let rate = nav.omega_b;
            jacobian_matches_at(&GivenRate(corrected(range(), 0), rate), &nav);
            jacobian_matches_at(&GivenRate(corrected(position(), 2), rate), &nav);
            jacobian_matches_at(&GivenRate(corrected(pose(&nav), 5), rate), &nav);
            let without_lever = Velocity {
                p_bs: Vector3::zeros(),
                ..velocity()
            };
            jacobian_matches_at(&GivenRate(corrected(without_lever, 1), rate), &nav);
            let yaw = Yaw {
                yaw_rad: nav.yaw_rad() + 0.1,
                sigma_rad: 0.02,
            };
            jacobian_matches_at(&GivenRate(corrected(yaw, 0), rate), &nav);
        }
    }

    #[test]
    fn jacobian_matches_central_difference_by_gyro_bias() {
        jacobian_matches(&corrected(range(), 0));
        jacobian_matches(&corrected(position(), 2));
        jacobian_matches(&corrected(velocity(), 1));
    }

    /// Every column of H, those that are not used as zeros.
    fn dense<const M: usize>(h: &Jacobian<M>) -> [SVector<f64, M>; NAV + PARAMETERS] {
        let mut columns = [SVector::zeros(); NAV + PARAMETERS];
        for (block, three) in h.blocks() {
            for i in 0..3 {
                columns[block.start() + i] = three.column(i).into_owned();
            }
        }
        for (slot, column) in h.parameters() {
            columns[slot.index()] = *column;
        }
        columns
    }

    fn assert_equal<const M: usize>(
        one: &impl MeasurementModel<M>,
        other: &impl MeasurementModel<M>,
        x: &View,
        free: Option<Slot>,
    ) {
        let (one, other) = (one.linearise(x).unwrap(), other.linearise(x).unwrap());
        assert_eq!(one.residual, other.residual);
        assert_eq!(one.r, other.r);
        for (i, (a, b)) in dense(&one.h).iter().zip(dense(&other.h)).enumerate() {
            assert!(
                *a == b || free.is_some_and(|s| s.index() == i),
                "column {i}"
            );
        }
    }

    /// Values of the parameters, all zero but those of the model itself.
    fn values() -> [f64; NAV + PARAMETERS] {
        let mut values = [0.0; NAV + PARAMETERS];
        values[NAV + 2..NAV + 5].copy_from_slice(&[0.01, -0.02, 0.03]);
        values
    }

    #[test]
    fn without_lag_and_errors_it_is_the_model_itself() {
        let parameters = values();
        for nav in states() {
            let x = View {
                nav: &nav,
                parameters: &parameters,
            };
            assert_equal(&Corrected::new(range()), &range(), &x, None);
            assert_equal(&Corrected::new(position()), &position(), &x, None);
            assert_equal(&Corrected::new(pose(&nav)), &pose(&nav), &x, None);
            // A lag that is zero changes no bit either; it has a column of its own.
            assert_equal(&Corrected::new(range()).lag(slot(5)), &range(), &x, slot(5));
            let late = Corrected::new(position()).lag(slot(5));
            assert_equal(&late, &position(), &x, slot(5));
            let late = Corrected::new(pose(&nav)).lag(slot(5));
            assert_equal(&late, &pose(&nav), &x, slot(5));
        }
    }

    #[test]
    fn errors_add_to_their_component_alone() {
        let mut parameters = values();
        parameters[NAV] = 0.25;
        parameters[NAV + 1] = -0.125;
        let nav = states().nth(7).unwrap();
        let x = View {
            nav: &nav,
            parameters: &parameters,
        };
        let model = Corrected::new(position())
            .additive(1, slot(0))
            .additive(1, None)
            .additive(1, slot(1));
        let (with, bare) = (
            model.linearise(&x).unwrap(),
            position().linearise(&x).unwrap(),
        );
        let error = bare.residual - with.residual;
        assert!((error - Vector3::new(0.0, 0.125, 0.0)).norm() < 1e-15);
        assert_eq!(dense(&with.h)[NAV], Vector3::y());
        assert_eq!(dense(&with.h)[NAV + 1], Vector3::y());
    }

    #[test]
    fn a_late_measurement_is_one_of_the_state_before() {
        let mut parameters = values();
        parameters[NAV + 5] = 0.2;
        for nav in states() {
            let before = nav.delayed(0.2);
            let at = |nav| View {
                nav,
                parameters: &parameters,
            };
            let late = Corrected::new(position()).lag(slot(5));
            assert_eq!(
                late.linearise(&at(&nav)).unwrap().residual,
                position().linearise(&at(&before)).unwrap().residual
            );
        }
    }

    #[test]
    fn a_tag_that_was_on_the_anchor_is_degenerate() {
        let nav = Nav {
            v_n: Vector3::new(1.0, 0.0, 0.0),
            ..Nav::default()
        };
        let mut parameters = [0.0; NAV + PARAMETERS];
        parameters[NAV + 5] = 0.5;
        let x = View {
            nav: &nav,
            parameters: &parameters,
        };
        let left = Range {
            p_na: Vector3::new(-0.5, 0.0, 0.0),
            p_bt: Vector3::zeros(),
            ..range()
        };
        let late = Corrected::new(left).lag(slot(5));
        assert_eq!(late.linearise(&x).unwrap_err(), Degenerate::ZeroDistance);
        assert!(left.linearise(&x).is_ok());
    }
}
