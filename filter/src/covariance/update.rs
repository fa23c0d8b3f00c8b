//! The measurement update: gain columns, innovation covariance, its Cholesky factor, the downdate.

use nalgebra::{SMatrix, SVector};

use super::{axpy, axpy3, padded};
use crate::measurement::Jacobian;

/// Least share of the innovation variance that counts as measurement noise, so that rounding in one
/// update can't make P indefinite.
pub(crate) const R_FLOOR: f64 = 1e-10;

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

/// The update with `S = L Lᵀ`: turns `G = P Hᵀ` into `W = G L⁻ᵀ` in its place, takes `W Wᵀ` off P and
/// adds the state correction `W L⁻¹ r` to `dx`.
pub(crate) fn update<const N: usize, const M: usize>(
    p: &mut SMatrix<f64, N, N>,
    n: usize,
    g: &mut [[f64; N]; M],
    l: &SMatrix<f64, M, M>,
    residual: &SVector<f64, M>,
    dx: &mut [f64; N],
) {
    let n = padded::<N>(n);
    let whitened = forward_substitute(l, residual);
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
        for w in g.iter() {
            axpy(&mut column[..n], -w[j], &w[..n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{N, spd};
    use super::*;
    use crate::state::Slot;

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
        let mut g = gain_columns(&p, N, &h);
        let s2 = project(&h, &g) + r;
        assert!((s - s2).norm() < 1e-12);
        let mut dx = [0.0; N];
        let l = cholesky(&s2).unwrap();
        update(&mut p, N, &mut g, &l, &residual, &mut dx);
        assert!((p - joseph).norm() < 1e-12 * joseph.norm());
        assert!((SVector::<f64, N>::from(dx) - k * residual).norm() < 1e-12);
        assert_eq!(p, p.transpose());
    }

    #[test]
    fn indefinite_matrices_have_no_factor() {
        assert!(cholesky(&SMatrix::<f64, 2, 2>::new(1.0, 2.0, 2.0, 1.0)).is_none());
        assert!(cholesky(&SMatrix::<f64, 1, 1>::new(f64::NAN)).is_none());
    }
}
