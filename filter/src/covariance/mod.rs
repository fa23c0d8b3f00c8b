//! Numerics of the covariance, all of it: propagation by blocks and the measurement update.
//!
//! P stays exactly symmetric by construction: propagation computes one side and mirrors it, the
//! update subtracts `w wᵀ`, whose products commute. It stays positive definite because every update
//! keeps a share of each innovation variance as measurement noise ([`R_FLOOR`]) and process noise is
//! never negative. Nothing is inverted: S is factored by Cholesky.

mod propagation;
mod transition;
mod update;

use nalgebra::SMatrix;

use crate::state::NAV;

pub(crate) use propagation::{age, moved, propagate, reset_attitude};
pub(crate) use transition::{Entry, Inertial};
pub use transition::{MAX_TERMS, TooManyTerms, Transition};
pub(crate) use update::{
    R_FLOOR, along, cholesky, forward_substitute, gain_columns, project, update,
};

/// States that a motion model changes: attitude, velocity, position.
pub(crate) const MOVED: usize = 9;

/// Loops run over whole multiples of so many entries: vectorised, they have no rest.
const LANES: usize = 8;

/// `n` rounded up to whole lanes: what lies beyond the states in use is zero, and stays so.
#[inline(always)]
fn padded<const N: usize>(n: usize) -> usize {
    n.next_multiple_of(LANES).min(N)
}

/// `y = x`, inline: a call would cost more than the copy.
#[inline(always)]
fn assign(y: &mut [f64], x: &[f64]) {
    let (y_lanes, y_rest) = y.as_chunks_mut::<LANES>();
    let (x_lanes, x_rest) = x.as_chunks::<LANES>();
    for (y, x) in y_lanes.iter_mut().zip(x_lanes) {
        *y = *x;
    }
    for (y, x) in y_rest.iter_mut().zip(x_rest) {
        *y = *x;
    }
}

/// `y += a · x`.
#[inline(always)]
fn axpy(y: &mut [f64], a: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// `y += a₀ x₀ + a₁ x₁ + a₂ x₂`.
#[inline(always)]
fn axpy3(y: &mut [f64], a: [f64; 3], x: [&[f64]; 3]) {
    let [x0, x1, x2] = x;
    for (((y, x0), x1), x2) in y.iter_mut().zip(x0).zip(x1).zip(x2) {
        *y += a[0] * x0 + a[1] * x1 + a[2] * x2;
    }
}

/// Copies the first `n` states; what lies beyond is zero in both.
pub(crate) fn copy<const N: usize>(
    to: &mut SMatrix<f64, N, N>,
    from: &SMatrix<f64, N, N>,
    n: usize,
) {
    let n = padded::<N>(n);
    let columns = to.as_mut_slice().chunks_exact_mut(N);
    for (to, from) in columns.zip(from.as_slice().chunks_exact(N)).take(n) {
        assign(&mut to[..n], &from[..n]);
    }
}

/// Empties row and column `index` and gives it a variance of its own.
pub(crate) fn isolate<const N: usize>(p: &mut SMatrix<f64, N, N>, index: usize, variance: f64) {
    p.column_mut(index).fill(0.0);
    p.row_mut(index).fill(0.0);
    p[(index, index)] = variance;
}

/// Adds variance along a direction, given by some of its components.
pub(crate) fn inflate<const N: usize>(
    p: &mut SMatrix<f64, N, N>,
    direction: &[(usize, f64)],
    variance: f64,
) {
    for (i, a) in direction {
        for (j, b) in direction {
            p[(*i, *j)] += a * b * variance;
        }
    }
}

/// Multiplies the sigmas of the first `n` states by factors; correlations stay.
pub(crate) fn stretch<const N: usize>(p: &mut SMatrix<f64, N, N>, n: usize, factors: &[f64; N]) {
    for j in 0..n {
        for i in 0..n {
            p[(i, j)] *= factors[i] * factors[j];
        }
    }
}

/// Moves row and column `from` to `to`, whose own are dropped, and empties `from`.
pub(crate) fn relocate<const N: usize>(p: &mut SMatrix<f64, N, N>, from: usize, to: usize) {
    if from != to {
        for i in 0..N {
            if i != from && i != to {
                let value = p[(i, from)];
                p[(i, to)] = value;
                p[(to, i)] = value;
            }
        }
        p[(to, to)] = p[(from, from)];
    }
    isolate(p, from, 0.0);
}

const _: () = assert!(MOVED < NAV);

#[cfg(test)]
mod testing {
    //! A covariance to test on.
    use nalgebra::SMatrix;

    pub const N: usize = 20;

    pub fn spd(seed: u64) -> SMatrix<f64, N, N> {
        let mut x = seed;
        let a = SMatrix::<f64, N, N>::from_fn(|_, _| {
            x = x
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (x >> 33) as f64 / f64::from(1u32 << 31) - 0.5
        });
        let p = a * a.transpose() + SMatrix::identity() * 0.1;
        (p + p.transpose()) * 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::testing::spd;
    use super::*;

    #[test]
    fn a_state_that_moves_takes_its_correlations_along() {
        let p0 = spd(11);
        let mut p = p0;
        relocate(&mut p, 19, 16);
        assert_eq!(p, p.transpose());
        assert_eq!((p[(16, 16)], p[(3, 16)]), (p0[(19, 19)], p0[(3, 19)]));
        assert_eq!((p[(19, 19)], p[(3, 19)], p[(4, 5)]), (0.0, 0.0, p0[(4, 5)]));
    }
}
