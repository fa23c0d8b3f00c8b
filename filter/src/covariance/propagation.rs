//! Propagation by blocks, and the turn of the attitude error.

use nalgebra::{Matrix3, SMatrix};

use super::transition::{MAX_TERMS, Transition};
use super::{LANES, MOVED, axpy3, padded};
use crate::state::NAV;

/// Rows of P that are formed at once: few enough for the first cache, wide enough for any vector unit.
const TILE: usize = 16;

/// A row of the corner, padded to an even length.
const ROW: usize = MOVED + 1;

/// `P ← F P Fᵀ + Q` over the first `n` states.
///
/// Columns of the moved states are `U = P Fᵀ`; by symmetry its rows below are the new off-diagonal
/// part, and only the 9×9 corner needs F once more. U is formed a few rows at a time, each from the same
/// rows of P alone, so that it takes the place of what it was formed from.
pub(crate) fn propagate<const N: usize>(p: &mut SMatrix<f64, N, N>, n: usize, f: &Transition) {
    let n = padded::<N>(n);
    // What the corner needs of U: the navigation states' rows, and the parameters' after them.
    let mut u = [[0.0; ROW]; NAV + MAX_TERMS];
    let mut from = 0;
    while from < n {
        from += match n - from {
            TILE.. => tile::<N, TILE>(p, from, f, &mut u),
            _ => tile::<N, 1>(p, from, f, &mut u),
        };
    }
    let corner = corner(f, &u);
    for i in 0..MOVED {
        for j in 0..=i {
            let moved = corner[i][j] + f.q[(i, j)];
            p[(i, j)] = moved;
            p[(j, i)] = moved;
        }
    }
    for (kind, q) in f.q_bias.iter().enumerate() {
        for i in 0..3 {
            p[(MOVED + 3 * kind + i, MOVED + 3 * kind + i)] += q;
        }
    }
}

/// `F U` over the moved rows, where U is given as [`propagate`] keeps it.
#[inline(always)]
fn corner(f: &Transition, u: &[[f64; ROW]; NAV + MAX_TERMS]) -> [[f64; ROW]; MOVED] {
    f.rows(|i| {
        let parameter = || f.parameters.iter().position(|(slot, _)| slot.index() == i);
        let place = if i < NAV {
            Some(i)
        } else {
            parameter().map(|k| NAV + k)
        };
        place.map_or([0.0; ROW], |place| u[place])
    })
}

/// The covariance of the moved states alone after a step: the corner of `F P Fᵀ + Q`.
pub(crate) fn moved<const N: usize>(
    p: &SMatrix<f64, N, N>,
    f: &Transition,
) -> SMatrix<f64, MOVED, MOVED> {
    let columns = p.as_slice();
    let mut u = [[0.0; ROW]; NAV + MAX_TERMS];
    let of_nav = f.rows(|i| {
        let column = &columns[i * N..i * N + NAV];
        core::array::from_fn::<f64, NAV, _>(|w| column[w])
    });
    for (i, row) in of_nav.iter().enumerate() {
        for (u, value) in u.iter_mut().zip(row) {
            u[i] = *value;
        }
    }
    for (k, (slot, _)) in f.parameters.iter().enumerate() {
        let of_slot = f.rows(|i| [columns[i * N + slot.index()]]);
        for (u, [value]) in u[NAV + k].iter_mut().zip(of_slot) {
            *u = value;
        }
    }
    let corner = corner(f, &u);
    SMatrix::from_fn(|i, j| {
        let (i, j) = if i < j { (j, i) } else { (i, j) };
        corner[i][j] + f.q[(i, j)]
    })
}

/// Forms `W` rows of U and puts them in their place; the rows that the corner needs are kept in
/// `kept`. Returns `W`.
#[inline(always)]
fn tile<const N: usize, const W: usize>(
    p: &mut SMatrix<f64, N, N>,
    from: usize,
    f: &Transition,
    kept: &mut [[f64; ROW]; NAV + MAX_TERMS],
) -> usize {
    let columns = p.as_slice();
    let mut u = [[0.0; W]; MOVED];
    f.add_rows(
        |i| {
            let column = &columns[i * N + from..i * N + from + W];
            core::array::from_fn::<f64, W, _>(|w| column[w])
        },
        &mut u,
    );
    for (k, row) in (from..from + W).enumerate() {
        let of_row = || core::array::from_fn(|i| if i < MOVED { u[i][k] } else { 0.0 });
        if row < NAV {
            kept[row] = of_row();
        }
        for (i, (slot, _)) in f.parameters.iter().enumerate() {
            if slot.index() == row {
                kept[NAV + i] = of_row();
            }
        }
    }
    let columns = p.as_mut_slice();
    for (column, u) in columns.chunks_exact_mut(N).zip(&u) {
        column[from..from + W].copy_from_slice(u);
    }
    for k in 0..W {
        if from + k >= MOVED {
            let column = &mut columns[(from + k) * N..];
            (0..MOVED).for_each(|i| column[i] = u[i][k]);
        }
    }
    W
}

/// `P ← D P D + G` over the first `n` states, with the diagonals of D and G. Columns that keep all are
/// multiplied only between the first and the last state that does not.
pub(crate) fn age<const N: usize>(
    p: &mut SMatrix<f64, N, N>,
    n: usize,
    keep: &[f64; N],
    gained: &[f64; N],
) {
    let fades = |keep: &f64| *keep != 1.0;
    let first = keep[..n].iter().position(fades).unwrap_or(n);
    let last = keep[..n].iter().rposition(fades).map_or(first, |i| i + 1);
    // Whole lanes: what lies about the states that fade is multiplied by one.
    let from = first / LANES * LANES;
    let to = last.next_multiple_of(LANES).min(padded::<N>(n)).max(from);
    let columns = p.as_mut_slice().chunks_exact_mut(N);
    for (j, column) in columns.take(n).enumerate() {
        let of_column = keep[j];
        if of_column == 1.0 {
            for (p, of_row) in column[from..to].iter_mut().zip(&keep[from..to]) {
                *p *= of_row;
            }
        } else {
            for (p, of_row) in column[..n].iter_mut().zip(keep) {
                *p *= of_column * of_row;
            }
        }
        column[j] += gained[j];
    }
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
    use super::super::transition::Entry;
    use super::*;
    use crate::state::Slot;
    use nalgebra::{SVector, Vector3};

    fn transition() -> Transition {
        let m = |k: f64| Entry::Full(Matrix3::new(k, 0.2, 0.3, -0.4, 1.0, k, 0.7, -0.8, 0.9));
        use Entry::{Identity as I, Scaled, Zero as O};
        let mut f = Transition::of([
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
                let block = entry.matrix();
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
