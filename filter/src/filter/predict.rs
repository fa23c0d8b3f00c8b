//! How state and covariance are carried on: the mean at every step, the covariance when it is needed.

use arrayvec::ArrayVec;
use nalgebra::{Matrix3, SMatrix};

use super::Filter;
use crate::Timestamp;
use crate::covariance::{self, MOVED, Transition};
use crate::journal::{Journal, Settled};
use crate::motion::MotionModel;
use crate::parameters::{Fading, Process};
use crate::state::{Block, NAV, Slot};

/// Longest time that the covariance stays behind the mean \[s\]: what a bias that walks does to the
/// moved states meanwhile is left out ([`Transition`]'s composition).
const MOST_BEHIND_S: f64 = 0.5;

/// What the covariance has still to go through: one transition of all steps since it was last brought
/// up to the state's time.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub transition: Transition,
    /// How long that is \[s\].
    pub dt_s: f64,
}

impl Pending {
    pub fn none() -> Self {
        Self {
            transition: Transition::empty(),
            dt_s: 0.0,
        }
    }

    pub fn is_none(&self) -> bool {
        self.dt_s == 0.0
    }

    /// Copies what counts.
    pub fn copy_from(&mut self, from: &Self) {
        self.dt_s = from.dt_s;
        if from.is_none() {
            self.transition.is_empty = true;
        } else {
            self.transition.clone_from(&from.transition);
        }
    }
}

impl<const N: usize, J: Journal<N>> Filter<N, J> {
    /// Carries state and covariance to `t`; nothing when `t` is not later than the state.
    ///
    /// The mean moves at once. Steps are composed into one transition, by which the covariance moves
    /// when a measurement needs it: between two measurements there is one `F P Fᵀ`, however many
    /// inertial samples there were. What is read in between is as of the state's time all the same.
    pub fn predict(&mut self, motion: &impl MotionModel, t: Timestamp) {
        let dt_s = t.seconds_since(self.t);
        if dt_s > 0.0 {
            let depends = |(i, _)| motion.depends_on(Slot(i as u16));
            let by_decaying = self.pool.decays().any(depends);
            if by_decaying || self.pending.dt_s >= MOST_BEHIND_S {
                self.settle();
            }
            let so_far = &mut self.pending.transition;
            if let Err(step) = motion.extend(&mut self.nav, &self.pool.values, dt_s, so_far) {
                self.settle();
                self.pending.transition = step;
            }
            self.pending.dt_s += dt_s;
            self.decay_values(dt_s);
            self.t = t;
        }
    }

    /// Of what decays, the value keeps φ = exp(−dt/τ).
    fn decay_values(&mut self, dt_s: f64) {
        let mut fading = Fading::over(dt_s);
        for (i, active) in self.pool.active.iter().enumerate() {
            if let Process::GaussMarkov { time_s, .. } = active.process {
                self.pool.values[NAV + i] *= fading.kept(time_s);
            }
        }
    }

    /// Brings the covariance up to the state's time: by the pending transition, then by what parameters
    /// do by themselves. Random walks gain density² t; what decays keeps φ = exp(−t/τ) of its
    /// correlations and gains σ² (1 − φ²) (Gelb 1974, eq. 3.8-14),
    ///   P ← D (F P Fᵀ + Q) D + G.
    /// A motion that does not depend on what decays leaves it alone, F D = D F and F G Fᵀ = G, so any
    /// number of steps may pass before; one that does is preceded by this.
    ///
    /// Every update does this first; by itself it changes nothing but rounding.
    pub fn settle(&mut self) {
        if self.pending.is_none() {
            return;
        }
        let n = self.pool.len();
        let pending = &mut self.pending;
        covariance::propagate(&mut self.p, n, &pending.transition);
        let mut fading = Fading::over(pending.dt_s);
        let mut aged = None;
        let mut decays = ArrayVec::<(u16, f64), N>::new();
        for (i, active) in self.pool.active.iter().enumerate() {
            let place = NAV + i;
            if active.process != Process::Constant {
                let (keep, gained) = aged.get_or_insert(([1.0; N], [0.0; N]));
                (keep[place], gained[place]) = active.process.aged(&mut fading);
            }
            if let Process::GaussMarkov { time_s, .. } = active.process {
                decays.push((place as u16, time_s));
            }
        }
        if let Some((keep, gained)) = &aged {
            covariance::age(&mut self.p, n, keep, gained);
        }
        self.journal.predicted(
            n,
            &Settled {
                transition: &pending.transition,
                dt_s: pending.dt_s,
                aged: aged.as_ref(),
                decays: &decays,
            },
        );
        pending.transition.is_empty = true;
        pending.dt_s = 0.0;
    }

    /// Whether the covariance is as of the state's time already.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pending.is_none()
    }

    /// Covariance of one block with another.
    #[must_use]
    pub fn covariance(&self, row: Block, column: Block) -> Matrix3<f64> {
        let (i, j) = (row.start(), column.start());
        if self.pending.is_none() {
            return self.p.fixed_view::<3, 3>(i, j).into_owned();
        }
        if i < MOVED && j < MOVED {
            let moved = self.moved_covariance();
            return moved.fixed_view::<3, 3>(i, j).into_owned();
        }
        Matrix3::from_fn(|r, c| self.cross(i + r, j + c))
    }

    /// Covariance of one block with itself as it was after the last update.
    #[must_use]
    pub fn settled_covariance(&self, block: Block) -> Matrix3<f64> {
        let i = block.start();
        self.p.fixed_view::<3, 3>(i, i).into_owned()
    }

    /// Covariance of the errors of attitude, velocity and position together.
    #[must_use]
    pub fn moved_covariance(&self) -> SMatrix<f64, MOVED, MOVED> {
        if self.pending.is_none() {
            return self.p.fixed_view::<MOVED, MOVED>(0, 0).into_owned();
        }
        covariance::moved(&self.p, &self.pending.transition)
    }

    /// Covariance of two error states, as of the state's time.
    #[must_use]
    pub fn cross(&self, row: usize, column: usize) -> f64 {
        if self.pending.is_none() {
            return self.p[(row, column)];
        }
        let f = &self.pending.transition;
        let mut sum = 0.0;
        f.for_each_in_row(row, |i, a| {
            f.for_each_in_row(column, |j, b| sum += a * b * self.p[(i, j)]);
        });
        if row < MOVED && column < MOVED {
            sum += f.q[(row, column)];
        } else if row == column && row < NAV {
            sum += f.q_bias[(row - MOVED) / 3];
        }
        let aged = |i| self.pool.aged(i, self.pending.dt_s);
        let [(of_row, gained), (of_column, _)] = [row, column].map(aged);
        let gained = if row == column { gained } else { 0.0 };
        sum * of_row * of_column + gained
    }
}
