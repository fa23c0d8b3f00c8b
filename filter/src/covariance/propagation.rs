//! Propagation by blocks, and the turn of the attitude error.

use arrayvec::ArrayVec;
use nalgebra::{Matrix3, SMatrix, SVector};

use super::{LANES, MOVED, assign, axpy, axpy3, padded};
use crate::state::{NAV, Slot};

/// Most parameters that a motion step depends on, counted once for each of its rates.
pub(crate) const MAX_TERMS: usize = 8;

/// One 3×3 block of the transition matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Entry {
    Zero,
    Identity,
    Scaled(f64),
    Full(Matrix3<f64>),
}

/// Error transition of one motion step: rows attitude, velocity, position; columns the five blocks
/// of the navigation state and single parameters. Beyond its own row, the position error takes
/// `carry_s` of the *new* velocity error along, as trapezoidal integration does.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub blocks: [[Entry; 5]; 3],
    pub carry_s: f64,
    pub parameters: ArrayVec<(Slot, SVector<f64, MOVED>), MAX_TERMS>,
    /// Process noise of the moved states.
    pub q: SMatrix<f64, MOVED, MOVED>,
    /// Variance added to each gyro and accelerometer bias component.
    pub q_bias: [f64; 2],
}

impl Transition {
    /// A transition by its blocks, without noise.
    pub fn new(blocks: [[Entry; 5]; 3]) -> Self {
        Self {
            blocks,
            carry_s: 0.0,
            parameters: ArrayVec::new_const(),
            q: SMatrix::zeros(),
            q_bias: [0.0; 2],
        }
    }
}

/// `P ← F P Fᵀ + Q` over the first `n` states.
///
/// Columns of the moved states are formed first, `U = P Fᵀ`; by symmetry its rows below are the new
/// off-diagonal part, and only the 9×9 corner needs F once more.
pub(crate) fn propagate<const N: usize>(p: &mut SMatrix<f64, N, N>, n: usize, f: &Transition) {
    let n = padded::<N>(n);
    let mut u = [[0.0; N]; MOVED];
    let columns = p.as_slice();
    let column = |i: usize| &columns[i * N..i * N + n];
    for (row, blocks) in f.blocks.iter().enumerate() {
        for (block, entry) in blocks.iter().enumerate() {
            match entry {
                Entry::Zero => {}
                Entry::Identity => {
                    for i in 0..3 {
                        axpy(&mut u[3 * row + i][..n], 1.0, column(3 * block + i));
                    }
                }
                Entry::Scaled(a) => {
                    for i in 0..3 {
                        axpy(&mut u[3 * row + i][..n], *a, column(3 * block + i));
                    }
                }
                Entry::Full(m) => {
                    let [x0, x1, x2] = [0, 1, 2].map(|j| column(3 * block + j));
                    for i in 0..3 {
                        let a = [m[(i, 0)], m[(i, 1)], m[(i, 2)]];
                        axpy3(&mut u[3 * row + i][..n], a, [x0, x1, x2]);
                    }
                }
            }
        }
    }
    for &(slot, g) in &f.parameters {
        let x = column(slot.index());
        for (u, g) in u.iter_mut().zip(g.iter()) {
            if *g != 0.0 {
                axpy(&mut u[..n], *g, x);
            }
        }
    }
    if f.carry_s != 0.0 {
        let (before, position) = u.split_at_mut(6);
        for (p, v) in position.iter_mut().zip(&before[3..]) {
            axpy(&mut p[..n], f.carry_s, &v[..n]);
        }
    }
    let corner = corner(&u, f);
    for (k, column) in p.as_mut_slice().chunks_exact_mut(N).take(n).enumerate() {
        if k < MOVED {
            assign(&mut column[..n], &u[k][..n]);
            // The lower part of the corner, mirrored.
            for (i, p) in column[..k].iter_mut().enumerate() {
                *p = corner[k][i] + f.q[(k, i)];
            }
            for i in k..MOVED {
                column[i] = corner[i][k] + f.q[(i, k)];
            }
        } else {
            for (p, u) in column.iter_mut().zip(&u) {
                *p = u[k];
            }
        }
    }
    for (kind, q) in f.q_bias.iter().enumerate() {
        for i in 0..3 {
            p[(MOVED + 3 * kind + i, MOVED + 3 * kind + i)] += q;
        }
    }
}

/// `P ← D P D + G` over the first `n` states, with the diagonals of D and G. Navigation states keep
/// all: their ones are there to be multiplied by in whole lanes.
pub(crate) fn age<const N: usize>(
    p: &mut SMatrix<f64, N, N>,
    n: usize,
    keep: &[f64; N],
    gained: &[f64; N],
) {
    let columns = p.as_mut_slice().chunks_exact_mut(N);
    for (j, column) in columns.take(n).enumerate() {
        // Whole lanes, where navigation states end within one.
        let from = if j < NAV { NAV / LANES * LANES } else { 0 };
        let (to, of_column) = (padded::<N>(n), keep[j]);
        for (p, of_row) in column[from..to].iter_mut().zip(&keep[from..to]) {
            *p *= of_column * of_row;
        }
        column[j] += gained[j];
    }
}

/// A row of the corner, padded to an even length.
type Row = [f64; MOVED + 1];

/// The 9×9 corner of `F U`, by rows.
fn corner<const N: usize>(u: &[[f64; N]; MOVED], f: &Transition) -> [Row; MOVED] {
    let row = |k: usize| -> Row { core::array::from_fn(|j| if j < MOVED { u[j][k] } else { 0.0 }) };
    let x: [Row; NAV] = core::array::from_fn(row);
    let mut out = [[0.0; MOVED + 1]; MOVED];
    let add = |y: &mut Row, a: f64, x: &Row| {
        for (y, x) in y.iter_mut().zip(x) {
            *y += a * x;
        }
    };
    for (r, blocks) in f.blocks.iter().enumerate() {
        for (c, entry) in blocks.iter().enumerate() {
            for i in 0..3 {
                let y = &mut out[3 * r + i];
                match entry {
                    Entry::Zero => {}
                    Entry::Identity => add(y, 1.0, &x[3 * c + i]),
                    Entry::Scaled(a) => add(y, *a, &x[3 * c + i]),
                    Entry::Full(m) => (0..3).for_each(|k| add(y, m[(i, k)], &x[3 * c + k])),
                }
            }
        }
    }
    for &(slot, g) in &f.parameters {
        let x = row(slot.index());
        for (y, g) in out.iter_mut().zip(g.iter()) {
            add(y, *g, &x);
        }
    }
    if f.carry_s != 0.0 {
        let (before, position) = out.split_at_mut(6);
        for (p, v) in position.iter_mut().zip(&before[3..]) {
            add(p, f.carry_s, v);
        }
    }
    out
}

/// Turns the attitude error into the frame of the corrected attitude: `θ ← (I − ½[δ]×) θ`
/// (Solà 2017, eq. 287, for the local error).
pub(crate) fn reset_attitude<const N: usize>(
    p: &mut SMatrix<f64, N, N>,
    n: usize,
    delta: &nalgebra::Vector3<f64>,
) {
    let n = padded::<N>(n);
    let g = Matrix3::identity() - crate::math::skew(delta) * 0.5;
    let mut u = [[0.0; N]; 3];
    let columns = p.as_slice();
    let x = [0, 1, 2].map(|j| &columns[j * N..j * N + n]);
    for (i, u) in u.iter_mut().enumerate() {
        axpy3(&mut u[..n], [g[(i, 0)], g[(i, 1)], g[(i, 2)]], x);
    }
    for (j, u) in u.iter().enumerate() {
        for i in j..3 {
            let turned = g[(i, 0)] * u[0] + g[(i, 1)] * u[1] + g[(i, 2)] * u[2];
            p[(i, j)] = turned;
            p[(j, i)] = turned;
        }
        for (i, &u) in u[..n].iter().enumerate().skip(3) {
            p[(i, j)] = u;
            p[(j, i)] = u;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{N, spd};
    use super::*;
    use nalgebra::Vector3;

    fn transition() -> Transition {
        let m = |k: f64| Entry::Full(Matrix3::new(k, 0.2, 0.3, -0.4, 1.0, k, 0.7, -0.8, 0.9));
        use Entry::{Identity as I, Scaled, Zero as O};
        let mut f = Transition::new([
            [m(0.5), O, O, Scaled(-0.1), O],
            [m(0.2), I, O, O, m(-0.3)],
            [m(0.1), Scaled(0.3), I, O, m(0.4)],
        ]);
        f.parameters
            .push((Slot(16), SVector::from_fn(|i, _| 0.1 * i as f64 - 0.3)));
        f.carry_s = 0.25;
        f.q = SMatrix::identity() * 0.01;
        f.q_bias = [0.001, 0.002];
        f
    }

    #[test]
    fn propagation_equals_the_dense_product_and_is_symmetric() {
        let f = transition();
        let mut dense = SMatrix::<f64, N, N>::identity();
        for (r, blocks) in f.blocks.iter().enumerate() {
            for (c, entry) in blocks.iter().enumerate() {
                let block = match entry {
                    Entry::Zero => Matrix3::zeros(),
                    Entry::Identity => Matrix3::identity(),
                    Entry::Scaled(a) => Matrix3::identity() * *a,
                    Entry::Full(m) => *m,
                };
                dense.fixed_view_mut::<3, 3>(3 * r, 3 * c).copy_from(&block);
            }
        }
        dense
            .fixed_view_mut::<9, 1>(0, 16)
            .copy_from(&f.parameters[0].1);
        let taken = dense.fixed_view::<3, N>(3, 0) * f.carry_s;
        let mut position = dense.fixed_view_mut::<3, N>(6, 0);
        position += taken;
        let mut q = SMatrix::<f64, N, N>::zeros();
        q.fixed_view_mut::<9, 9>(0, 0).copy_from(&f.q);
        for i in 0..3 {
            q[(9 + i, 9 + i)] = 0.001;
            q[(12 + i, 12 + i)] = 0.002;
        }
        let p0 = spd(7);
        let expected = dense * p0 * dense.transpose() + q;
        let mut p = p0;
        propagate(&mut p, N, &f);
        assert!((p - expected).norm() < 1e-12 * expected.norm());
        assert_eq!(p, p.transpose());
    }

    #[test]
    fn ageing_equals_the_dense_product_and_is_symmetric() {
        let (mut keep, mut gained) = ([1.0; N], [0.0; N]);
        for (i, x) in keep[NAV..].iter_mut().enumerate() {
            *x = 1.0 - 0.1 * i as f64;
        }
        gained[NAV + 1] = 0.3;
        let dense = SMatrix::<f64, N, N>::from_diagonal(&keep.into());
        let p0 = spd(3);
        let mut p = p0;
        age(&mut p, N, &keep, &gained);
        let expected = dense * p0 * dense + SMatrix::from_diagonal(&gained.into());
        assert!((p - expected).norm() < 1e-12 * expected.norm());
        assert_eq!(p, p.transpose());
    }

    #[test]
    fn attitude_reset_touches_attitude_only() {
        let p0 = spd(5);
        let mut p = p0;
        reset_attitude(&mut p, N, &Vector3::new(0.1, -0.2, 0.3));
        let mut g = SMatrix::<f64, N, N>::identity();
        g.fixed_view_mut::<3, 3>(0, 0).copy_from(
            &(Matrix3::identity() - crate::math::skew(&Vector3::new(0.1, -0.2, 0.3)) * 0.5),
        );
        let expected = g * p0 * g.transpose();
        assert_eq!(p[(7, 18)], p0[(7, 18)]);
        assert!((p - expected).norm() < 1e-12 * expected.norm());
        assert_eq!(p, p.transpose());
    }
}
