//! Symmetric matrices whose rows begin late, and their Cholesky factor: a chain of a thousand poses with
//! a few unknowns that all of them share costs no more than its entries.
//!
//! Row `i` keeps the columns from `start[i]` to `i`; what is before is zero, and stays zero in the
//! factor (George and Liu, "Computer Solution of Large Sparse Positive Definite Systems", 1981, ch. 4).

use nalgebra::DVector;

/// A factor whose smallest pivot is below this share of the largest is singular to working precision.
const LEAST_PIVOT: f64 = 1e-7;

/// The lower triangle of a symmetric matrix, or a lower triangular factor.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    starts: Vec<usize>,
    rows: Vec<usize>,
    values: Vec<f64>,
}

impl Envelope {
    /// Zero, with the first column of each row.
    pub fn zeros(starts: Vec<usize>) -> Self {
        let mut rows = Vec::with_capacity(starts.len());
        let mut size = 0;
        for (i, start) in starts.iter().enumerate() {
            rows.push(size);
            size += i + 1 - start;
        }
        Self {
            starts,
            rows,
            values: vec![0.0; size],
        }
    }

    /// Adds to an entry and its mirror.
    pub fn add(&mut self, i: usize, j: usize, value: f64) {
        let (row, column) = (i.max(j), i.min(j));
        debug_assert!(column >= self.starts[row], "({row}, {column}) is outside");
        self.values[self.rows[row] + column - self.starts[row]] += value;
    }

    pub fn diagonal(&self) -> DVector<f64> {
        DVector::from_iterator(
            self.starts.len(),
            (0..self.starts.len()).map(|i| self.values[self.place(i, i)]),
        )
    }

    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }

    /// Cholesky factor of `S⁻¹ A S⁻¹ + damping · 1` with `S` the scales; else the row whose pivot
    /// vanishes.
    pub fn factored(&self, scales: &DVector<f64>, damping: f64) -> Result<Factor, usize> {
        let mut factor = self.clone();
        let mut largest = 0.0_f64;
        for i in 0..self.starts.len() {
            let start = self.starts[i];
            for j in start..=i {
                let place = factor.place(i, j);
                let mut value = factor.values[place] / (scales[i] * scales[j]);
                let from = start.max(self.starts[j]);
                let own = &factor.values[factor.place(i, from)..place];
                let other = &factor.values[factor.place(j, from)..][..own.len()];
                value -= own.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
                if j < i {
                    factor.values[place] = value / factor.values[factor.place(j, j)];
                    continue;
                }
                let pivot = (value + damping).max(0.0).sqrt();
                largest = largest.max(pivot);
                if pivot.is_nan() || pivot <= LEAST_PIVOT * largest {
                    return Err(i);
                }
                factor.values[place] = pivot;
            }
        }
        Ok(Factor(factor))
    }

    fn place(&self, i: usize, j: usize) -> usize {
        self.rows[i] + j - self.starts[i]
    }
}

/// A Cholesky factor `L`.
#[derive(Clone, Debug)]
pub(super) struct Factor(Envelope);

impl Factor {
    /// `L⁻¹ b`.
    pub fn forward(&self, b: &DVector<f64>) -> DVector<f64> {
        let l = &self.0;
        let mut y = b.clone();
        for i in 0..y.len() {
            let start = l.starts[i];
            let row = &l.values[l.rows[i]..][..=i - start];
            let sum: f64 = row
                .iter()
                .zip(&y.as_slice()[start..i])
                .map(|(a, b)| a * b)
                .sum();
            y[i] = (y[i] - sum) / row[i - start];
        }
        y
    }

    /// `L⁻ᵀ y`.
    pub fn backward(&self, y: &DVector<f64>) -> DVector<f64> {
        let l = &self.0;
        let mut x = y.clone();
        for i in (0..x.len()).rev() {
            let start = l.starts[i];
            let row = &l.values[l.rows[i]..][..=i - start];
            x[i] /= row[i - start];
            let value = x[i];
            let before = &mut x.as_mut_slice()[start..i];
            before
                .iter_mut()
                .zip(row)
                .for_each(|(x, l)| *x -= l * value);
        }
        x
    }

    /// The rows of `L` from `first` on, of the columns from there on.
    pub fn tail(&self, first: usize) -> nalgebra::DMatrix<f64> {
        let l = &self.0;
        let size = l.starts.len() - first;
        nalgebra::DMatrix::from_fn(size, size, |i, j| {
            let (i, j) = (i + first, j + first);
            if j <= i && j >= l.starts[i] {
                l.values[l.place(i, j)]
            } else {
                0.0
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::random::Random;

    /// A band of three below which two rows are full.
    #[test]
    fn solves_as_a_full_matrix_does() {
        const SIZE: usize = 12;
        let mut random = Random(4);
        let start = |i: usize| if i < SIZE - 2 { i.saturating_sub(3) } else { 0 };
        let starts: Vec<usize> = (0..SIZE).map(start).collect();
        let mut sparse = Envelope::zeros(starts.clone());
        let mut full = DMatrix::<f64>::zeros(SIZE, SIZE);
        for i in 0..SIZE {
            for j in starts[i]..=i {
                let value = random.normal() + if i == j { 20.0 } else { 0.0 };
                sparse.add(j, i, value);
                (full[(i, j)], full[(j, i)]) = (value, value);
            }
        }
        let b = DVector::from_fn(SIZE, |_, _| random.normal());
        let ones = DVector::from_element(SIZE, 1.0);
        let factor = sparse.factored(&ones, 0.5).unwrap();
        let damped: DMatrix<f64> = &full + 0.5 * DMatrix::<f64>::identity(SIZE, SIZE);
        let x = factor.backward(&factor.forward(&b));
        assert!((&damped * &x - &b).amax() < 1e-10);
        let tail = factor.tail(SIZE - 2);
        let inverse = (&tail * tail.transpose()).try_inverse().unwrap();
        let expected = damped.try_inverse().unwrap();
        let corner = expected.view((SIZE - 2, SIZE - 2), (2, 2));
        assert!((inverse - corner).amax() < 1e-10);
        let scales = sparse.diagonal().map(f64::sqrt);
        let scaled = sparse.factored(&scales, 0.0).unwrap();
        let x = scaled
            .backward(&scaled.forward(&b.component_div(&scales)))
            .component_div(&scales);
        assert!((&full * &x - &b).amax() < 1e-10);
    }

    #[test]
    fn names_the_row_that_nothing_is_known_of() {
        let mut empty = Envelope::zeros(vec![0, 0, 0]);
        empty.add(0, 0, 1.0);
        empty.add(2, 2, 1.0);
        let ones = DVector::from_element(3, 1.0);
        assert_eq!(empty.factored(&ones, 0.0).unwrap_err(), 1);
        assert!(empty.factored(&ones, 1e-3).is_ok());
    }
}
