//! A filter that goes along with another and is fed with less.
//!
//! It shares the other's mean, transitions, noise and parameter slots, and keeps a covariance of its own
//! and the error δ by which its mean differs: x_i = x ⊞ δ. What happens to the other reaches it through
//! the [`Journal`]: with a step, δ ← F δ and P_i ← F P_i Fᵀ + Q; with a correction of the other by dx,
//! δ ← δ ⊟ dx, so that x_i stays where it is. A measurement is fused by [`Subset::update`], linearised at
//! x_i, or left out. F is that of the other: what δ makes of it is of second order.

use nalgebra::{Matrix3, SMatrix, SVector, Vector3};

use super::innovation::Innovation;
use super::{Filter, TURN_RAD};
use crate::covariance;
use crate::journal::{Journal, Settled};
use crate::judge::Judge;
use crate::math;
use crate::measurement::MeasurementModel;
use crate::report::Report;
use crate::state::{Block, NAV, Nav, View};

/// The mean and covariance of a filter that was fed with less than another.
#[derive(Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        try_from = "super::saved::SavedSubset<N>",
        into = "super::saved::SavedSubset<N>"
    )
)]
pub struct Subset<const N: usize> {
    /// δ.
    pub(super) delta: [f64; N],
    pub(super) p: SMatrix<f64, N, N>,
    /// States in use.
    pub(super) n: usize,
}

impl<const N: usize> Clone for Subset<N> {
    fn clone(&self) -> Self {
        let Self { delta, p, n } = self;
        Self {
            delta: *delta,
            p: *p,
            n: *n,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        let Self { delta, p, n } = from;
        covariance::copy(&mut self.p, p, self.n.max(*n));
        self.delta = *delta;
        self.n = *n;
    }
}

impl<const N: usize> Subset<N> {
    /// Begins as a filter is, brought up to its time.
    #[must_use]
    pub fn of<J: Journal<N>>(filter: &mut Filter<N, J>) -> Self {
        filter.settle();
        Self {
            delta: [0.0; N],
            p: filter.p,
            n: filter.pool.len(),
        }
    }

    /// How far its position is from the other's \[m\].
    #[must_use]
    pub fn separation_n(&self) -> Vector3<f64> {
        let i = Block::Position.start();
        Vector3::new(self.delta[i], self.delta[i + 1], self.delta[i + 2])
    }

    /// Covariance of one block with another, as of the last settled step.
    #[must_use]
    pub fn covariance(&self, row: Block, column: Block) -> Matrix3<f64> {
        self.p
            .fixed_view::<3, 3>(row.start(), column.start())
            .into_owned()
    }

    /// Its navigation state, where the other's is `nav`.
    #[must_use]
    pub fn nav(&self, nav: &Nav) -> Nav {
        nav.boxplus(&SVector::from_fn(|i, _| self.delta[i]))
    }

    /// Judges a measurement by its own innovation and, when it passes, corrects its state. `nav` and
    /// `values` are the other's now, the model has the other's slots.
    pub fn update<const M: usize>(
        &mut self,
        x: &View,
        model: &impl MeasurementModel<M>,
        judge: &Judge,
    ) -> Report {
        let nav = self.nav(x.nav);
        let mut values = [0.0; N];
        for (i, value) in values.iter_mut().enumerate().take(self.n).skip(NAV) {
            *value = x.parameters.get(i).copied().unwrap_or(0.0) + self.delta[i];
        }
        let own = View {
            nav: &nav,
            parameters: &values,
        };
        let mut innovation = match Innovation::new(&self.p, self.n, &own, model) {
            Ok(innovation) => innovation,
            Err(verdict) => return Report::refused(verdict, M),
        };
        let mut dx = [0.0; N];
        let report = innovation.judge(&mut self.p, self.n, judge, &mut dx);
        if report.verdict.is_used() {
            let turned = Vector3::new(dx[0], dx[1], dx[2]);
            self.turn(|theta| math::exp(theta) * math::exp(&turned));
            for (delta, dx) in self.delta.iter_mut().zip(&dx).take(self.n).skip(3) {
                *delta += dx;
            }
            if turned.norm_squared() > TURN_RAD * TURN_RAD {
                covariance::reset_attitude(&mut self.p, self.n, &turned);
            }
        }
        report
    }

    /// Composes the attitude part of δ with something.
    fn turn(&mut self, by: impl Fn(&Vector3<f64>) -> nalgebra::UnitQuaternion<f64>) {
        let theta = Vector3::new(self.delta[0], self.delta[1], self.delta[2]);
        let turned = math::log(&by(&theta));
        self.delta[..3].copy_from_slice(turned.as_slice());
    }
}

impl<const N: usize> Journal<N> for Subset<N> {
    fn predicted(&mut self, n: usize, step: &Settled<'_, N>) {
        self.n = n;
        covariance::propagate(&mut self.p, n, step.transition);
        step.transition.carry(&mut self.delta);
        if let Some((keep, gained)) = step.aged {
            covariance::age(&mut self.p, n, keep, gained);
            for (delta, keep) in self.delta.iter_mut().zip(keep) {
                *delta *= keep;
            }
        }
    }

    fn corrected(&mut self, n: usize, dx: &[f64; N]) {
        let turned = Vector3::new(dx[0], dx[1], dx[2]);
        self.turn(|theta| math::exp(&-turned) * math::exp(theta));
        for (delta, dx) in self.delta.iter_mut().zip(dx).take(n).skip(3) {
            *delta -= dx;
        }
    }

    fn cleared(&mut self, index: usize, variance: f64) {
        self.n = self.n.max(index + 1);
        self.delta[index] = 0.0;
        covariance::isolate(&mut self.p, index, variance);
    }

    fn moved(&mut self, from: usize, to: usize) {
        covariance::relocate(&mut self.p, from, to);
        self.delta[to] = self.delta[from];
        self.delta[from] = 0.0;
        self.n = from;
    }

    fn inflated(&mut self, direction: &[(usize, f64)], variance: f64) {
        covariance::inflate(&mut self.p, direction, variance);
    }

    fn stretched(&mut self, n: usize, factors: &[f64; N]) {
        covariance::stretch(&mut self.p, n, factors);
    }
}
