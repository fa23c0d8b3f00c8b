//! What changes a filter besides predicting and updating: doubt, a block set anew, parameters that come
//! and go.

use nalgebra::Vector3;

use super::Filter;
use crate::covariance;
use crate::journal::Journal;
use crate::parameters::ParameterId;
use crate::state::{Block, NAV, Slot};

impl<const N: usize, J: Journal<N>> Filter<N, J> {
    /// Multiplies the covariance by `factor` ≥ 1: the prior was too sure by that much, in every
    /// direction alike, so what is correlated stays so. Parameters that `spares` holds true for keep
    /// their variance.
    pub fn doubt(&mut self, factor: f64, spares: impl Fn(ParameterId) -> bool) {
        self.stretch(factor, [true; NAV], |id| !spares(id));
    }

    /// The same of the position and the parameters alone: how the asset moves and where it looks is
    /// as sure as before.
    pub fn doubt_place(&mut self, factor: f64) {
        let position = Block::Position.start();
        let doubted = core::array::from_fn(|i| (position..position + 3).contains(&i));
        self.stretch(factor, doubted, |_| true);
    }

    /// Multiplies the variances of some states by `factor`; what is correlated stays so.
    fn stretch(&mut self, factor: f64, nav: [bool; NAV], parameter: impl Fn(ParameterId) -> bool) {
        if !(factor > 1.0 && factor.is_finite()) {
            return;
        }
        self.settle();
        let parameters = self.pool.active.iter().map(|active| parameter(active.id));
        let mut scale = [1.0; N];
        for (scale, doubted) in scale.iter_mut().zip(nav.into_iter().chain(parameters)) {
            if doubted {
                *scale = libm::sqrt(factor);
            }
        }
        let n = self.pool.len();
        covariance::stretch(&mut self.p, n, &scale);
        self.journal.stretched(n, &scale);
    }

    /// Adds variance to the components of one block.
    pub fn inflate(&mut self, block: Block, variance: Vector3<f64>) {
        for i in 0..3 {
            self.inflate_along(&[(block.start() + i, 1.0)], variance[i]);
        }
    }

    /// Takes out the parameters that have not been used for as long \[s\] as `age_s` says of each: the
    /// filter is as small as what it works with. Their values are remembered, their correlations are
    /// not. Slots change.
    pub fn retire_unused(&mut self, age_s: impl Fn(ParameterId) -> f64) {
        let t = self.t;
        self.settle();
        while let Some(index) = self.pool.unused(|id| t.shifted(-age_s(id))) {
            let last = self.pool.len() - 1;
            let sigma = libm::sqrt(self.p[(index, index)].max(0.0));
            self.pool.retire(index, sigma);
            covariance::relocate(&mut self.p, last, index);
            self.journal.moved(last, index);
        }
    }

    /// Takes over another filter's parameters: values, sigmas and processes, independent of all else.
    pub fn adopt_parameters(&mut self, from: &Self) {
        self.settle();
        self.pool = from.pool.clone();
        for index in NAV..N {
            let variance = if index < from.pool.len() {
                from.variance(index)
            } else {
                0.0
            };
            covariance::isolate(&mut self.p, index, variance);
            self.journal.cleared(index, variance);
        }
    }

    /// Adds variance along a direction of the error state, given by some of its components: what is
    /// doubted is only that combination.
    pub fn inflate_along(&mut self, direction: &[(usize, f64)], variance: f64) {
        if variance <= 0.0 || direction.iter().any(|(i, _)| *i >= self.pool.len()) {
            return;
        }
        self.settle();
        covariance::inflate(&mut self.p, direction, variance);
        self.journal.inflated(direction, variance);
    }

    /// The slot of a parameter that is in the filter.
    #[must_use]
    pub fn find(&self, id: ParameterId) -> Option<Slot> {
        self.pool.find(id)
    }

    /// Adds variance to a parameter; nothing where it is not in the filter.
    pub fn inflate_parameter(&mut self, id: ParameterId, variance: f64) {
        if let Some(slot) = self.pool.find(id) {
            self.inflate_along(&[(slot.index(), 1.0)], variance);
        }
    }

    /// Sets one block to a new mean that is independent of all else.
    pub fn reset_block(&mut self, block: Block, mean: Vector3<f64>, sigma: Vector3<f64>) {
        self.settle();
        for i in 0..3 {
            let variance = sigma[i] * sigma[i];
            covariance::isolate(&mut self.p, block.start() + i, variance);
            self.journal.cleared(block.start() + i, variance);
        }
        match block {
            Block::Attitude => self.nav.q_nb = crate::math::exp(&mean),
            Block::Velocity => self.nav.v_n = mean,
            Block::Position => self.nav.p_n = mean,
            Block::GyroBias => self.nav.gyro_bias_b = mean,
            Block::AccelBias => self.nav.accel_bias_b = mean,
        }
    }
}
