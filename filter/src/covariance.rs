//! Numerics of the covariance, all of it: propagation by blocks and the measurement update.
//!
//! P stays exactly symmetric by construction: propagation computes one side and mirrors it, the
//! update subtracts `w wᵀ`, whose products commute. It stays positive definite because every update
//! keeps a share of each innovation variance as measurement noise ([`R_FLOOR`]) and process noise is
//! never negative. Nothing is inverted: S is factored by Cholesky.

use arrayvec::ArrayVec;
use nalgebra::{Matrix3, SMatrix, SVector};

use crate::measurement::Jacobian;
use crate::state::{NAV, Slot};

/// States that a motion model changes: attitude, velocity, position.
pub(crate) const MOVED: usize = 9;

/// Most parameters that a motion step depends on, counted once for each of its rates.
pub(crate) const MAX_TERMS: usize = 8;

/// Least share of the innovation variance that counts as measurement noise, so that rounding in one
/// update can't make P indefinite.
pub(crate) const R_FLOOR: f64 = 1e-10;

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

/// Loops run over so many entries at a time, which lets the compiler unroll and vectorise them.
const LANES: usize = 8;

/// `n` rounded up to whole lanes: what lies beyond the states in use is zero, and stays so.
#[inline(always)]
fn padded<const N: usize>(n: usize) -> usize {
    n.next_multiple_of(LANES).min(N)
}

/// `y += a · x`.
#[inline(always)]
fn axpy(y: &mut [f64], a: f64, x: &[f64]) {
    let (y_lanes, y_rest) = y.as_chunks_mut::<LANES>();
    let (x_lanes, x_rest) = x.as_chunks::<LANES>();
    for (y, x) in y_lanes.iter_mut().zip(x_lanes) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += a * x;
        }
    }
    for (y, x) in y_rest.iter_mut().zip(x_rest) {
        *y += a * x;
    }
}

/// `y += a₀ x₀ + a₁ x₁ + a₂ x₂`.
#[inline(always)]
fn axpy3(y: &mut [f64], a: [f64; 3], x: [&[f64]; 3]) {
    let (y_lanes, y_rest) = y.as_chunks_mut::<LANES>();
    let [x0, x1, x2] = x.map(<[f64]>::as_chunks::<LANES>);
    for (((y, x0), x1), x2) in y_lanes.iter_mut().zip(x0.0).zip(x1.0).zip(x2.0) {
        for (((y, x0), x1), x2) in y.iter_mut().zip(x0).zip(x1).zip(x2) {
            *y += a[0] * x0 + a[1] * x1 + a[2] * x2;
        }
    }
    for (((y, x0), x1), x2) in y_rest.iter_mut().zip(x0.1).zip(x1.1).zip(x2.1) {
        *y += a[0] * x0 + a[1] * x1 + a[2] * x2;
    }
}

/// Copies the first `n` states; what lies beyond is zero in both.
pub(crate) fn copy<const N: usize>(
    to: &mut SMatrix<f64, N, N>,
    from: &SMatrix<f64, N, N>,
    n: usize,
) {
    let n = n.min(N);
    let columns = to.as_mut_slice().chunks_exact_mut(N);
    for (to, from) in columns.zip(from.as_slice().chunks_exact(N)).take(n) {
        to[..n].copy_from_slice(&from[..n]);
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
            // The lower part of the corner, mirrored.
            for (i, p) in column[..k].iter_mut().enumerate() {
                *p = corner[k][i] + f.q[(k, i)];
            }
            for i in k..MOVED {
                column[i] = corner[i][k] + f.q[(i, k)];
            }
            column[MOVED..n].copy_from_slice(&u[k][MOVED..n]);
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

/// `P Hᵀ`: one column of length `n` a component.
pub(crate) fn gain_columns<const N: usize, const M: usize>(
    p: &SMatrix<f64, N, N>,
    n: usize,
    h: &Jacobian<M>,
) -> [[f64; N]; M] {
    let n = padded::<N>(n);
    let columns = p.as_slice();
    let column = |i: usize| &columns[i * N..i * N + n];
    let mut g = [[0.0; N]; M];
    for (block, a) in h.blocks() {
        let x = [0, 1, 2].map(|j| column(block.start() + j));
        for (m, g) in g.iter_mut().enumerate() {
            axpy3(&mut g[..n], [a[(m, 0)], a[(m, 1)], a[(m, 2)]], x);
        }
    }
    for (slot, a) in h.parameters() {
        let x = column(slot.index());
        for (g, a) in g.iter_mut().zip(a.iter()) {
            axpy(&mut g[..n], *a, x);
        }
    }
    g
}

/// `H P Hᵀ` from the columns of `P Hᵀ`, exactly symmetric.
pub(crate) fn project<const N: usize, const M: usize>(
    h: &Jacobian<M>,
    g: &[[f64; N]; M],
) -> SMatrix<f64, M, M> {
    let mut out = SMatrix::zeros();
    for m in 0..M {
        for (k, g) in g.iter().enumerate().take(m + 1) {
            let mut sum = 0.0;
            for (block, entries) in h.blocks() {
                for i in 0..3 {
                    sum += entries[(m, i)] * g[block.start() + i];
                }
            }
            for (slot, entries) in h.parameters() {
                sum += entries[m] * g[slot.index()];
            }
            out[(m, k)] = sum;
            out[(k, m)] = sum;
        }
    }
    out
}

/// `H δ`.
pub(crate) fn along<const N: usize, const M: usize>(
    h: &Jacobian<M>,
    delta: &[f64; N],
) -> SVector<f64, M> {
    let mut out = SVector::zeros();
    for (block, columns) in h.blocks() {
        let three = &delta[block.start()..block.start() + 3];
        out += columns * nalgebra::Vector3::new(three[0], three[1], three[2]);
    }
    for (slot, column) in h.parameters() {
        out += column * delta[slot.index()];
    }
    out
}

/// Lower Cholesky factor; `None` where the matrix is not positive definite.
pub(crate) fn cholesky<const M: usize>(s: &SMatrix<f64, M, M>) -> Option<SMatrix<f64, M, M>> {
    let mut l = SMatrix::<f64, M, M>::zeros();
    for j in 0..M {
        let mut d = s[(j, j)];
        for k in 0..j {
            d -= l[(j, k)] * l[(j, k)];
        }
        if !(d > 0.0 && d.is_finite()) {
            return None;
        }
        let root = libm::sqrt(d);
        l[(j, j)] = root;
        for i in j + 1..M {
            let mut v = s[(i, j)];
            for k in 0..j {
                v -= l[(i, k)] * l[(j, k)];
            }
            l[(i, j)] = v / root;
        }
    }
    Some(l)
}

/// `L⁻¹ b` for a lower factor.
pub(crate) fn forward_substitute<const M: usize>(
    l: &SMatrix<f64, M, M>,
    b: &SVector<f64, M>,
) -> SVector<f64, M> {
    let mut x = *b;
    for i in 0..M {
        for k in 0..i {
            x[i] -= l[(i, k)] * x[k];
        }
        x[i] /= l[(i, i)];
    }
    x
}

/// The update with `S = L Lᵀ`: turns `G = P Hᵀ` into `W = G L⁻ᵀ`, takes `W Wᵀ` off P and returns the
/// state correction `W L⁻¹ r`.
pub(crate) fn update<const N: usize, const M: usize>(
    p: &mut SMatrix<f64, N, N>,
    n: usize,
    mut g: [[f64; N]; M],
    l: &SMatrix<f64, M, M>,
    residual: &SVector<f64, M>,
) -> [f64; N] {
    let n = padded::<N>(n);
    let whitened = forward_substitute(l, residual);
    let mut dx = [0.0; N];
    for m in 0..M {
        let (done, rest) = g.split_at_mut(m);
        let w = &mut rest[0][..n];
        for (k, done) in done.iter().enumerate() {
            axpy(w, -l[(m, k)], &done[..n]);
        }
        let inverse = 1.0 / l[(m, m)];
        for w in w.iter_mut() {
            *w *= inverse;
        }
        axpy(&mut dx[..n], whitened[m], w);
    }
    // One sweep over P for all components.
    for (j, column) in p.as_mut_slice().chunks_exact_mut(N).take(n).enumerate() {
        let w_j: [f64; M] = core::array::from_fn(|m| g[m][j]);
        let (lanes, rest) = column[..n].as_chunks_mut::<LANES>();
        let done = lanes.len() * LANES;
        for (k, p) in lanes.iter_mut().enumerate() {
            for (w, w_j) in g.iter().zip(w_j) {
                for (p, w) in p.iter_mut().zip(&w[LANES * k..LANES * (k + 1)]) {
                    *p -= w * w_j;
                }
            }
        }
        for (w, w_j) in g.iter().zip(w_j) {
            for (p, w) in rest.iter_mut().zip(&w[done..n]) {
                *p -= w * w_j;
            }
        }
    }
    dx
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

/// Empties row and column `index` and gives it a variance of its own.
pub(crate) fn isolate<const N: usize>(p: &mut SMatrix<f64, N, N>, index: usize, variance: f64) {
    p.column_mut(index).fill(0.0);
    p.row_mut(index).fill(0.0);
    p[(index, index)] = variance;
}

const _: () = assert!(MOVED < NAV);

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Vector3;

    const N: usize = 20;

    fn spd(seed: u64) -> SMatrix<f64, N, N> {
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
    fn update_equals_the_joseph_form_and_is_symmetric() {
        let h = Jacobian::<2>::default()
            .with(
                crate::Block::Position,
                SMatrix::from_row_slice(&[0.1, 0.2, 0.3, -0.4, 0.5, 0.6]),
            )
            .with_parameter(Some(Slot(17)), SVector::from([0.7, -0.2]));
        let mut dense = SMatrix::<f64, 2, N>::zeros();
        dense
            .fixed_view_mut::<2, 3>(0, 6)
            .copy_from(h.block(crate::Block::Position).unwrap());
        dense
            .fixed_view_mut::<2, 1>(0, 17)
            .copy_from(&h.parameters()[0].1);
        let r = SMatrix::<f64, 2, 2>::new(0.3, 0.1, 0.1, 0.2);
        let residual = SVector::from([0.4, -0.9]);
        let p0 = spd(3);
        let s = dense * p0 * dense.transpose() + r;
        let k = p0 * dense.transpose() * s.try_inverse().unwrap();
        let a = SMatrix::<f64, N, N>::identity() - k * dense;
        let joseph = a * p0 * a.transpose() + k * r * k.transpose();

        let mut p = p0;
        let g = gain_columns(&p, N, &h);
        let s2 = project(&h, &g) + r;
        assert!((s - s2).norm() < 1e-12);
        let dx = update(&mut p, N, g, &cholesky(&s2).unwrap(), &residual);
        assert!((p - joseph).norm() < 1e-12 * joseph.norm());
        assert!((SVector::<f64, N>::from(dx) - k * residual).norm() < 1e-12);
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

    #[test]
    fn indefinite_matrices_have_no_factor() {
        assert!(cholesky(&SMatrix::<f64, 2, 2>::new(1.0, 2.0, 2.0, 1.0)).is_none());
        assert!(cholesky(&SMatrix::<f64, 1, 1>::new(f64::NAN)).is_none());
    }
}
