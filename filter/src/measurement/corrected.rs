//! Time lag and additive errors for any measurement model.
//!
//!   z = h(x(t − τ)) + Σ b
//!
//! with τ a parameter (what is left of a source's delay) and b parameters of single components: a
//! constant one, a slowly varying one, or both. With the state of a moment ago,
//! `x' = x.delayed(τ)`, and h's Jacobian H' there:
//!   δp' = δp − τ δv,  δθ' = Exp(ω τ) δθ
//!   ∂h/∂τ = −(H'_p v' + H'_v a + H'_θ ω)
//! Assumes rate and acceleration constant over τ, so τ should stay below a few tenths of a second;
//! a large known delay is taken off the time stamp instead.

use nalgebra::SVector;

use super::{Degenerate, Linearised, MeasurementModel};
use crate::math;
use crate::state::{Block, Slot, View};

/// Most additive errors of one measurement.
const MAX_ADDITIVE: usize = 6;

/// A model with lag and additive errors.
#[derive(Clone, Copy, Debug)]
pub struct Corrected<Model> {
    /// The sensor's physics.
    pub model: Model,
    /// Parameter of the time lag \[s\], positive: the measurement is older than its stamp.
    pub lag: Option<Slot>,
    /// Additive errors: component and parameter [the component's unit].
    pub additive: [Option<(usize, Slot)>; MAX_ADDITIVE],
}

impl<Model> Corrected<Model> {
    /// The model as it is.
    pub fn new(model: Model) -> Self {
        Self {
            model,
            lag: None,
            additive: [None; MAX_ADDITIVE],
        }
    }

    /// With an estimated time lag.
    #[must_use]
    pub fn lag(self, lag: Option<Slot>) -> Self {
        Self { lag, ..self }
    }

    /// With one more additive error of a component.
    #[must_use]
    pub fn additive(mut self, component: usize, slot: Option<Slot>) -> Self {
        if let (Some(slot), Some(free)) = (slot, self.additive.iter_mut().find(|a| a.is_none())) {
            *free = Some((component, slot));
        }
        self
    }
}

impl<Model: MeasurementModel<M>, const M: usize> MeasurementModel<M> for Corrected<Model> {
    fn linearise(&self, x: &View) -> Result<Linearised<M>, Degenerate> {
        let mut out = match self.lag {
            None => self.model.linearise(x)?,
            Some(_) => self.linearise_delayed(x)?,
        };
        for &(component, slot) in self.additive.iter().flatten() {
            out.residual[component] -= x.value(Some(slot));
            let mut unit = SVector::zeros();
            unit[component] = 1.0;
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
            out.h
                .add(Block::Attitude, &(columns * turned.matrix() - columns));
        }
        if let Some(slot) = self.lag {
            out.h.add_parameter(slot, &per_lag);
        }
        Ok(out)
    }
}
