//! The error transition of a motion step, and of several steps one after the other.

use arrayvec::ArrayVec;
use nalgebra::{Matrix3, SMatrix, SVector};

use super::MOVED;
use crate::state::{Block, Slot};

/// Most parameters that a transition depends on.
pub const MAX_TERMS: usize = 8;

/// One 3×3 block of the transition matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Entry {
    Zero,
    Identity,
    Scaled(f64),
    Full(Matrix3<f64>),
}

impl Entry {
    /// The block as a matrix.
    pub(crate) fn matrix(&self) -> Matrix3<f64> {
        match self {
            Self::Zero => Matrix3::zeros(),
            Self::Identity => Matrix3::identity(),
            Self::Scaled(a) => Matrix3::identity() * *a,
            Self::Full(m) => *m,
        }
    }

    /// `self · right`.
    fn times(&self, right: &Self) -> Self {
        match (self, right) {
            (Self::Zero, _) | (_, Self::Zero) => Self::Zero,
            (Self::Identity, x) | (x, Self::Identity) => *x,
            (Self::Scaled(a), Self::Scaled(b)) => Self::Scaled(a * b),
            (Self::Scaled(a), Self::Full(m)) | (Self::Full(m), Self::Scaled(a)) => {
                Self::Full(m * *a)
            }
            (Self::Full(a), Self::Full(b)) => Self::Full(a * b),
        }
    }

    /// `self + right`.
    fn plus(&self, right: &Self) -> Self {
        match (self, right) {
            (Self::Zero, x) | (x, Self::Zero) => *x,
            (Self::Full(a), Self::Full(b)) => Self::Full(a + b),
            (Self::Full(a), b) => Self::Full(a + b.matrix()),
            (a, Self::Full(b)) => Self::Full(b + a.matrix()),
            (a, b) => Self::Scaled(a.scale() + b.scale()),
        }
    }

    /// The factor of a block that is a multiple of the identity.
    fn scale(&self) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Scaled(a) => *a,
            Self::Zero | Self::Full(_) => 0.0,
        }
    }
}

const IDENTITY: [[Entry; 5]; 3] = {
    use Entry::{Identity as I, Zero as O};
    [[I, O, O, O, O], [O, I, O, O, O], [O, O, I, O, O]]
};

/// A motion depends on more parameters than [`MAX_TERMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTerms;

impl core::fmt::Display for TooManyTerms {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "a motion depends on more than {MAX_TERMS} parameters")
    }
}

impl core::error::Error for TooManyTerms {}

/// Error transition of a motion: `δ ← F δ + w`, `w ~ N(0, Q)`.
///
/// Rows are the moved blocks (attitude, velocity, position), columns the five blocks of the
/// navigation state and single parameters; biases and parameters keep their errors. A motion model
/// returns one for each step, the filter composes them until a measurement comes.
///
/// ```
/// use nalgebra::Matrix3;
/// use wayfix_filter::Block;
/// use wayfix_filter::motion::Transition;
///
/// // Constant velocity over 0.1 s, with an acceleration noise of 0.01 m²/s² a second.
/// let (dt_s, q) = (0.1, Matrix3::identity() * 0.01 * 0.1);
/// let step = Transition::identity()
///     .with(Block::Position, Block::Velocity, Matrix3::identity() * dt_s)
///     .noise(Block::Velocity, Block::Velocity, q);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Transition {
    pub(crate) blocks: [[Entry; 5]; 3],
    /// Beyond its own row, the position error takes this much of the *new* velocity error along, as
    /// trapezoidal integration does \[s\].
    pub(crate) carry_s: f64,
    pub(crate) parameters: ArrayVec<(Slot, SVector<f64, MOVED>), MAX_TERMS>,
    /// Process noise of the moved states.
    pub(crate) q: SMatrix<f64, MOVED, MOVED>,
    /// Variance added to each gyro and accelerometer bias component.
    pub(crate) q_bias: [f64; 2],
    /// Of inertial steps alone: what their noise is formed from.
    pub(crate) inertial: Option<Inertial>,
    /// No step so far: the identity, whatever else stands here.
    pub(crate) is_empty: bool,
}

/// Inertial steps: how long they took, and the white noise that they gathered.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Inertial {
    /// Time \[s\].
    pub t_s: f64,
    /// Variance of the angle \[rad²\].
    pub angle: f64,
    /// Variance of the velocity from the accelerometer \[m²/s²\].
    pub velocity: f64,
}

impl Transition {
    /// A transition by its blocks, without noise.
    pub(crate) fn of(blocks: [[Entry; 5]; 3]) -> Self {
        Self {
            blocks,
            carry_s: 0.0,
            parameters: ArrayVec::new_const(),
            q: SMatrix::zeros(),
            q_bias: [0.0; 2],
            inertial: None,
            is_empty: false,
        }
    }

    /// Nothing moves, and nothing becomes less sure.
    #[must_use]
    pub fn identity() -> Self {
        Self::of(IDENTITY)
    }

    /// No step so far.
    pub(crate) fn empty() -> Self {
        Self {
            is_empty: true,
            ..Self::identity()
        }
    }

    /// The identity in place, as the beginning of inertial steps.
    pub(crate) fn restart_inertial(&mut self) {
        self.blocks = IDENTITY;
        self.carry_s = 0.0;
        self.parameters.clear();
        self.q.fill(0.0);
        self.q_bias = [0.0; 2];
        self.inertial = Some(Inertial {
            t_s: 0.0,
            angle: 0.0,
            velocity: 0.0,
        });
        self.is_empty = false;
    }

    /// The same with another block: how the error of `row` depends on that of `column` before. Only
    /// attitude, velocity and position move: a row of the biases changes nothing.
    #[must_use]
    pub fn with(mut self, row: Block, column: Block, block: Matrix3<f64>) -> Self {
        if row.start() < MOVED {
            self.blocks[row.start() / 3][column.start() / 3] = Entry::Full(block);
        }
        self
    }

    /// The same with a parameter's column over the errors of attitude, velocity and position.
    ///
    /// # Errors
    /// Where there are [`MAX_TERMS`] already.
    pub fn with_parameter(
        mut self,
        slot: Slot,
        column: SVector<f64, MOVED>,
    ) -> Result<Self, TooManyTerms> {
        self.add_parameter(slot, &column)?;
        Ok(self)
    }

    pub(crate) fn add_parameter(
        &mut self,
        slot: Slot,
        column: &SVector<f64, MOVED>,
    ) -> Result<(), TooManyTerms> {
        match self.parameters.iter_mut().find(|(s, _)| *s == slot) {
            Some((_, known)) => {
                *known += column;
                Ok(())
            }
            None => (self.parameters.try_push((slot, *column))).map_err(|_| TooManyTerms),
        }
    }

    /// The same with process noise: the covariance that the errors of two moved blocks gain
    /// [the product of their units], and its transpose. A gyro's or accelerometer's bias gains the
    /// first entry of its own block in each component.
    #[must_use]
    pub fn noise(mut self, row: Block, column: Block, covariance: Matrix3<f64>) -> Self {
        let (i, j) = (row.start(), column.start());
        if i < MOVED && j < MOVED {
            let transposed = covariance.transpose();
            self.q.fixed_view_mut::<3, 3>(i, j).copy_from(&covariance);
            self.q.fixed_view_mut::<3, 3>(j, i).copy_from(&transposed);
        } else if i == j {
            self.q_bias[(i - MOVED) / 3] = covariance[(0, 0)];
        }
        self
    }

    /// The entries of one row of F that are not zero, each with its column.
    pub(crate) fn for_each_in_row(&self, row: usize, mut f: impl FnMut(usize, f64)) {
        if row >= MOVED {
            f(row, 1.0);
            return;
        }
        let mut of_row = |row: usize, factor: f64| {
            let (block, r) = (row / 3, row % 3);
            for (c, entry) in self.blocks[block].iter().enumerate() {
                match entry {
                    Entry::Zero => {}
                    Entry::Identity => f(3 * c + r, factor),
                    Entry::Scaled(a) => f(3 * c + r, factor * a),
                    Entry::Full(m) => (0..3).for_each(|k| f(3 * c + k, factor * m[(r, k)])),
                }
            }
            for (slot, g) in &self.parameters {
                f(slot.index(), factor * g[row]);
            }
        };
        of_row(row, 1.0);
        if row >= 6 && self.carry_s != 0.0 {
            of_row(row - 3, self.carry_s);
        }
    }

    /// Whether it is a finite transition.
    pub(crate) fn is_finite(&self) -> bool {
        let blocks = self.blocks.iter().flatten();
        let mut numbers = blocks
            .flat_map(|b| b.matrix().data.0)
            .flatten()
            .chain(self.q.iter().copied())
            .chain(self.q_bias)
            .chain(self.parameters.iter().flat_map(|(_, g)| g.iter().copied()));
        numbers.all(f64::is_finite) && self.carry_s.is_finite()
    }

    /// `x ← F x` for an error of all states.
    pub(crate) fn carry<const N: usize>(&self, x: &mut [f64; N]) {
        let moved = self.rows(|i| [x[i]]);
        for (x, [moved]) in x.iter_mut().zip(moved) {
            *x = moved;
        }
    }

    /// `F x` over the moved rows; `x` gives the rows of x by their place in the error state. All
    /// components of a row are treated alike.
    #[inline(always)]
    pub(super) fn rows<const W: usize>(&self, x: impl Fn(usize) -> [f64; W]) -> [[f64; W]; MOVED] {
        let mut out = [[0.0; W]; MOVED];
        self.add_rows(x, &mut out);
        out
    }

    /// Adds [`Self::rows`] to `out`.
    #[inline(always)]
    pub(super) fn add_rows<const W: usize>(
        &self,
        x: impl Fn(usize) -> [f64; W],
        out: &mut [[f64; W]; MOVED],
    ) {
        let add = |y: &mut [f64; W], a: f64, x: &[f64; W]| (0..W).for_each(|w| y[w] += a * x[w]);
        for (r, blocks) in self.blocks.iter().enumerate() {
            for (c, entry) in blocks.iter().enumerate() {
                let y = &mut out[3 * r..3 * r + 3];
                match entry {
                    Entry::Zero => {}
                    Entry::Identity => (0..3).for_each(|i| add(&mut y[i], 1.0, &x(3 * c + i))),
                    Entry::Scaled(a) => (0..3).for_each(|i| add(&mut y[i], *a, &x(3 * c + i))),
                    Entry::Full(m) => {
                        let x = [x(3 * c), x(3 * c + 1), x(3 * c + 2)];
                        for (i, y) in y.iter_mut().enumerate() {
                            let (a, b, c) = (m[(i, 0)], m[(i, 1)], m[(i, 2)]);
                            (0..W).for_each(|w| y[w] += a * x[0][w] + b * x[1][w] + c * x[2][w]);
                        }
                    }
                }
            }
        }
        for (slot, g) in &self.parameters {
            let x = x(slot.index());
            for (y, g) in out.iter_mut().zip(g.iter()) {
                if *g != 0.0 {
                    add(y, *g, &x);
                }
            }
        }
        if self.carry_s != 0.0 {
            let (before, position) = out.split_at_mut(6);
            for (p, v) in position.iter_mut().zip(&before[3..]) {
                add(p, self.carry_s, v);
            }
        }
    }

    /// This transition and then `next`, as one:
    ///   F ← F₂ F₁,  Q ← F₂ Q₁ F₂ᵀ + Q₂
    /// The walk of the biases is added at the end: what it does to the moved states meanwhile is left
    /// out, so the whole should be short against the time over which a bias walks.
    ///
    /// # Errors
    /// Where both together depend on more than [`MAX_TERMS`] parameters; it is then as it was.
    pub(crate) fn then(&mut self, next: &Self) -> Result<(), TooManyTerms> {
        if self.is_empty {
            self.clone_from(next);
            return Ok(());
        }
        let known = |slot: Slot| self.parameters.iter().any(|(s, _)| *s == slot);
        let more = next.parameters.iter().filter(|(s, _)| !known(*s)).count();
        if self.parameters.len() + more > MAX_TERMS {
            return Err(TooManyTerms);
        }
        self.unfold_carry();
        self.inertial = None;
        let before = self.blocks;
        for (r, moved) in next.blocks.iter().enumerate() {
            for c in 0..5 {
                let own = if c < 3 { Entry::Zero } else { moved[c] };
                self.blocks[r][c] =
                    (0..3).fold(own, |sum, k| sum.plus(&moved[k].times(&before[k][c])));
            }
        }
        if next.carry_s != 0.0 {
            let carry = Entry::Scaled(next.carry_s);
            for c in 0..5 {
                let taken = carry.times(&self.blocks[1][c]);
                self.blocks[2][c] = self.blocks[2][c].plus(&taken);
            }
        }
        for (_, column) in &mut self.parameters {
            let x: [[f64; 1]; MOVED] = core::array::from_fn(|i| [column[i]]);
            let moved = next.rows(|i| x.get(i).copied().unwrap_or_default());
            *column = SVector::from_fn(|i, _| moved[i][0]);
        }
        for (slot, g) in &next.parameters {
            let mut column = *g;
            for i in 0..3 {
                column[6 + i] += next.carry_s * g[3 + i];
            }
            self.add_parameter(*slot, &column)?;
        }
        let x: [[f64; MOVED]; MOVED] = self.q.data.0;
        let half = next.rows(|i| x.get(i).copied().unwrap_or_default());
        // The transpose of F₂ Q₁ once more, row by row: symmetric but for rounding.
        let x: [[f64; MOVED]; MOVED] =
            core::array::from_fn(|i| core::array::from_fn(|j| half[j][i]));
        let both = next.rows(|i| x.get(i).copied().unwrap_or_default());
        for (i, row) in both.iter().enumerate() {
            for (j, moved) in row.iter().enumerate().take(i + 1) {
                let q = moved + next.q[(i, j)];
                self.q[(i, j)] = q;
                self.q[(j, i)] = q;
            }
        }
        for (q, more) in self.q_bias.iter_mut().zip(next.q_bias) {
            *q += more;
        }
        Ok(())
    }

    /// Writes what the position takes of the new velocity into its own row.
    pub(crate) fn unfold_carry(&mut self) {
        if self.carry_s == 0.0 {
            return;
        }
        let carry = Entry::Scaled(self.carry_s);
        for c in 0..5 {
            let taken = carry.times(&self.blocks[1][c]);
            self.blocks[2][c] = self.blocks[2][c].plus(&taken);
        }
        for (_, column) in &mut self.parameters {
            for i in 0..3 {
                column[6 + i] += self.carry_s * column[3 + i];
            }
        }
        self.carry_s = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::propagate;
    use super::super::testing::{N, spd};
    use super::*;

    fn transition(k: f64) -> Transition {
        let m = |k: f64| Entry::Full(Matrix3::new(k, 0.2, 0.3, -0.4, 1.0, k, 0.7, -0.8, 0.9));
        use Entry::{Identity as I, Scaled, Zero as O};
        let mut f = Transition::of([
            [m(0.5 * k), O, O, Scaled(-0.1), O],
            [m(0.2), I, O, m(k), m(-0.3)],
            [m(0.1), Scaled(0.3), I, O, m(0.4 * k)],
        ]);
        let column = SVector::from_fn(|i, _| 0.1 * i as f64 - 0.3 * k);
        f.add_parameter(Slot(16), &column).unwrap();
        f.carry_s = 0.25 * k;
        f.q = SMatrix::from_fn(|i, j| if i == j { 0.01 * k } else { 1e-3 });
        f
    }

    #[test]
    fn two_steps_as_one_propagate_alike() {
        let (first, mut second) = (transition(1.0), transition(-0.7));
        second
            .add_parameter(Slot(17), &SVector::repeat(0.2))
            .unwrap();
        let mut apart = spd(3);
        propagate(&mut apart, N, &first);
        propagate(&mut apart, N, &second);
        let mut whole = first;
        whole.then(&second).unwrap();
        let mut p = spd(3);
        propagate(&mut p, N, &whole);
        assert!((p - apart).norm() < 1e-12 * apart.norm());
        assert_eq!(p, p.transpose());
    }

    #[test]
    fn the_identity_before_or_after_changes_nothing() {
        let mut f = Transition::identity();
        f.then(&transition(1.0)).unwrap();
        let mut g = transition(1.0);
        g.then(&Transition::identity()).unwrap();
        for f in [f, g] {
            let (mut p, mut expected) = (spd(5), spd(5));
            propagate(&mut p, N, &f);
            propagate(&mut expected, N, &transition(1.0));
            assert!((p - expected).norm() < 1e-13 * expected.norm());
        }
    }

    #[test]
    fn a_surplus_parameter_is_an_error_and_changes_nothing() {
        let mut f = Transition::identity();
        for i in 0..MAX_TERMS as u16 {
            f.add_parameter(Slot(15 + i), &SVector::repeat(1.0))
                .unwrap();
        }
        let whole = f.clone();
        let more = Slot(15 + MAX_TERMS as u16);
        assert_eq!(f.add_parameter(more, &SVector::zeros()), Err(TooManyTerms));
        let mut next = Transition::identity();
        next.add_parameter(more, &SVector::zeros()).unwrap();
        assert_eq!(f.then(&next), Err(TooManyTerms));
        assert_eq!(f, whole);
    }
}
