//! What goes along with a filter: the past that smoothing needs, and the filters that leave a group of
//! measurements out.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use wayfix_filter::smoother::Tape;
use wayfix_filter::{Correction, Journal, Settled};

use super::separation::SubsetFilters;

/// Told of everything that happens to a filter's error state.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Companions<const N: usize> {
    /// Its past, where somebody wants it smoothed. Not kept in a snapshot.
    pub tape: Tape,
    /// Those that are fed with less.
    pub subsets: SubsetFilters<N>,
}

impl<const N: usize> Companions<N> {
    /// A past alone.
    pub fn of(tape: Tape) -> Self {
        Self {
            tape,
            subsets: SubsetFilters::default(),
        }
    }
}

impl<const N: usize> Clone for Companions<N> {
    fn clone(&self) -> Self {
        let Self { tape, subsets } = self;
        Self {
            tape: tape.clone(),
            subsets: subsets.clone(),
        }
    }

    fn clone_from(&mut self, from: &Self) {
        let Self { tape, subsets } = from;
        self.tape.clone_from(tape);
        self.subsets.clone_from(subsets);
    }
}

impl<const N: usize> Journal<N> for Companions<N> {
    fn predicted(&mut self, n: usize, step: &Settled<'_, N>) {
        Journal::<N>::predicted(&mut self.tape, n, step);
        self.subsets.each(|s| s.predicted(n, step));
    }

    fn updated<const M: usize>(&mut self, correction: &Correction<'_, N, M>) {
        self.tape.updated(correction);
    }

    fn corrected(&mut self, n: usize, dx: &[f64; N]) {
        self.subsets.each(|s| s.corrected(n, dx));
    }

    fn turned(&mut self, delta_b: &Vector3<f64>) {
        Journal::<N>::turned(&mut self.tape, delta_b);
    }

    fn cleared(&mut self, index: usize, variance: f64) {
        Journal::<N>::cleared(&mut self.tape, index, variance);
        self.subsets.each(|s| s.cleared(index, variance));
    }

    fn moved(&mut self, from: usize, to: usize) {
        Journal::<N>::moved(&mut self.tape, from, to);
        self.subsets.each(|s| s.moved(from, to));
    }

    fn inflated(&mut self, direction: &[(usize, f64)], variance: f64) {
        self.subsets.each(|s| s.inflated(direction, variance));
    }

    fn stretched(&mut self, n: usize, factors: &[f64; N]) {
        self.subsets.each(|s| s.stretched(n, factors));
    }
}
