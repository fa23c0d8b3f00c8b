//! The adjoint of what was measured after a moment, and how it is carried back.

use std::boxed::Box;

use nalgebra::{Matrix3, SMatrix, SVector, Vector3};

use super::tape::{Mark, Update};
use crate::Timestamp;
use crate::covariance::{Entry, MOVED, Transition};
use crate::math;
use crate::state::{Block, NAV, Nav};

/// A state as all measurements show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smoothed {
    /// When.
    pub t: Timestamp,
    /// Attitude, velocity, position; the rest is the filter's.
    pub nav: Nav,
    /// Covariance of the errors of attitude, velocity and position, in the order of [`Block`].
    pub covariance: SMatrix<f64, MOVED, MOVED>,
}

impl Smoothed {
    /// Covariance of one block: attitude, velocity or position; zero for the biases.
    #[must_use]
    pub fn block(&self, block: Block) -> Matrix3<f64> {
        let i = block.start();
        if i >= MOVED {
            return Matrix3::zeros();
        }
        self.covariance.fixed_view::<3, 3>(i, i).into_owned()
    }
}

/// λ and Λ over the first `n` error states.
#[derive(Debug)]
pub(super) struct Adjoint<const N: usize> {
    n: usize,
    vector: [f64; N],
    /// Symmetric.
    information: Box<SMatrix<f64, N, N>>,
}

impl<const N: usize> Adjoint<N> {
    /// Nothing is measured after the end.
    pub fn new() -> Self {
        Self {
            n: NAV.min(N),
            vector: [0.0; N],
            information: Box::new(SMatrix::zeros()),
        }
    }

    /// A column of Λ, which is a row too.
    fn column(&self, index: usize) -> &[f64] {
        &self.information.as_slice()[index * N..(index + 1) * N]
    }

    fn reach(&mut self, n: usize) {
        self.n = self.n.max(n.min(N));
    }

    /// `λ ← A λ`, `Λ ← A Λ Aᵀ` for a linear map given by what it does to a vector.
    fn map(&mut self, map: impl Fn(&mut [f64])) {
        let n = self.n;
        let columns = |m: &mut SMatrix<f64, N, N>| {
            let columns = m.as_mut_slice().chunks_exact_mut(N);
            columns.take(n).for_each(|column| map(&mut column[..n]));
        };
        map(&mut self.vector[..n]);
        columns(&mut self.information);
        transpose(&mut self.information, n);
        columns(&mut self.information);
        symmetrise(&mut self.information, n);
    }

    pub fn before_prediction(&mut self, f: &Transition) {
        for (slot, _) in &f.parameters {
            self.reach(slot.index() + 1);
        }
        self.map(|x| transposed(f, x));
    }

    /// Before the decay of a component by the factor `keep`.
    pub fn before_decay(&mut self, index: usize, keep: f64) {
        self.reach(index + 1);
        self.vector[index] *= keep;
        self.information.row_mut(index).scale_mut(keep);
        self.information.column_mut(index).scale_mut(keep);
    }

    pub fn before_update(&mut self, update: &Update) {
        self.reach(update.n);
        let m = update.dimension();
        let n = self.n;
        let product = |x: &[f64]| -> [f64; crate::MAX_DIMENSION] {
            core::array::from_fn(|k| if k < m { dot(update.w(k), x) } else { 0.0 })
        };
        let along = product(&self.vector);
        // B = Λ W, one row a state; D = Wᵀ B.
        let b: std::vec::Vec<[f64; crate::MAX_DIMENSION]> =
            (0..n).map(|i| product(self.column(i))).collect();
        let mut d = [[0.0; crate::MAX_DIMENSION]; crate::MAX_DIMENSION];
        for (k, d) in d.iter_mut().enumerate().take(m) {
            for (b, w) in b.iter().zip(update.w(k)) {
                for (d, b) in d.iter_mut().zip(b) {
                    *d += w * b;
                }
            }
            d[k] += 1.0;
        }
        let whitened = update.whitened();
        for (index, h) in update.h() {
            for k in 0..m {
                self.vector[index] -= h[k] * (whitened[k] + along[k]);
            }
            for (i, b) in b.iter().enumerate() {
                let change = dot(b, h);
                self.information[(i, index)] -= change;
                self.information[(index, i)] -= change;
            }
        }
        for (i, hi) in update.h() {
            for (j, hj) in update.h() {
                self.information[(i, j)] +=
                    hi.iter().zip(&d).map(|(h, d)| h * dot(hj, d)).sum::<f64>();
            }
        }
        symmetrise(&mut self.information, n);
    }

    /// Before the attitude error was turned: `G = I − ½[δ]×`.
    pub fn before_turn(&mut self, delta_b: &Vector3<f64>) {
        let g = Matrix3::identity() - math::skew(delta_b) * 0.5;
        let turned = g.transpose();
        self.map(|x| {
            let y = turned * Vector3::new(x[0], x[1], x[2]);
            x[..3].copy_from_slice(y.as_slice());
        });
    }

    pub fn before_clear(&mut self, index: usize) {
        self.reach(index + 1);
        self.vector[index] = 0.0;
        self.information.row_mut(index).fill(0.0);
        self.information.column_mut(index).fill(0.0);
    }

    /// Before the component `from` took the place `to`, whose own left.
    pub fn before_move(&mut self, from: usize, to: usize) {
        self.reach(from.max(to) + 1);
        if from != to {
            self.vector[from] = self.vector[to];
            for i in 0..self.n {
                self.information[(i, from)] = self.information[(i, to)];
            }
            for i in 0..self.n {
                self.information[(from, i)] = self.information[(to, i)];
            }
        }
        self.before_clear(to);
    }

    /// The state at a mark.
    pub fn smoothed(&self, mark: &Mark) -> Smoothed {
        let n = mark.n.min(self.n);
        let row = |i: usize| &mark.rows[i * mark.n..i * mark.n + n];
        let mut delta = SVector::<f64, NAV>::zeros();
        let mut covariance = SMatrix::<f64, MOVED, MOVED>::zeros();
        let mut carried = [[0.0; N]; MOVED];
        for (i, carried) in carried.iter_mut().enumerate() {
            delta[i] = -dot(row(i), &self.vector);
            for (k, carried) in carried.iter_mut().enumerate().take(n) {
                *carried = dot(row(i), self.column(k));
            }
        }
        for i in 0..MOVED {
            for j in 0..=i {
                let p = mark.rows[i * mark.n + j] - dot(row(j), &carried[i]);
                covariance[(i, j)] = p;
                covariance[(j, i)] = p;
            }
            // Rounding may not make a variance negative.
            covariance[(i, i)] = covariance[(i, i)].max(f64::MIN_POSITIVE);
        }
        Smoothed {
            t: mark.t,
            nav: mark.nav.boxplus(&delta),
            covariance,
        }
    }
}

/// `x ← Fᵀ x`.
fn transposed(f: &Transition, x: &mut [f64]) {
    // The position takes the new velocity along: that part of F is passed first.
    let mut moved = [0.0; MOVED];
    moved.copy_from_slice(&x[..MOVED]);
    for i in 0..3 {
        moved[3 + i] += f.carry_s * moved[6 + i];
    }
    x[..MOVED].fill(0.0);
    for (row, blocks) in f.blocks.iter().enumerate() {
        let from = Vector3::new(moved[3 * row], moved[3 * row + 1], moved[3 * row + 2]);
        for (block, entry) in blocks.iter().enumerate() {
            let to = match entry {
                Entry::Zero => continue,
                Entry::Identity => from,
                Entry::Scaled(a) => from * *a,
                Entry::Full(m) => m.tr_mul(&from),
            };
            for (x, to) in x[3 * block..].iter_mut().zip(to.iter()) {
                *x += to;
            }
        }
    }
    for (slot, g) in &f.parameters {
        x[slot.index()] += dot(g.as_slice(), &moved);
    }
}

/// Over the shorter of the two.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn transpose<const N: usize>(m: &mut SMatrix<f64, N, N>, n: usize) {
    for j in 0..n {
        for i in 0..j {
            (m[(i, j)], m[(j, i)]) = (m[(j, i)], m[(i, j)]);
        }
    }
}

/// Takes rounding away: both sides are their mean.
fn symmetrise<const N: usize>(m: &mut SMatrix<f64, N, N>, n: usize) {
    for j in 0..n {
        for i in 0..j {
            let mean = 0.5 * (m[(i, j)] + m[(j, i)]);
            (m[(i, j)], m[(j, i)]) = (mean, mean);
        }
    }
}
