//! How state and covariance are carried on.

use super::Filter;
use crate::Timestamp;
use crate::covariance;
use crate::journal::Journal;
use crate::motion::MotionModel;
use crate::parameters::{Fading, Process};
use crate::state::NAV;

impl<const N: usize, J: Journal> Filter<N, J> {
    /// Carries state and covariance to `t`; nothing where `t` is not later than the state.
    pub fn predict(&mut self, motion: &impl MotionModel, t: Timestamp) {
        let dt_s = t.seconds_since(self.t);
        if dt_s > 0.0 {
            let step = motion.propagate(&mut self.nav, &self.pool.values, dt_s);
            let mut moving = step.0.parameters.iter();
            if moving.any(|(slot, _)| self.pool.is_decaying(*slot)) {
                self.settle();
            }
            covariance::propagate(&mut self.p, self.pool.len(), &step.0);
            self.age_parameters(dt_s);
            self.journal.predicted(&step, dt_s, self.pool.decays());
            self.t = t;
        }
    }

    /// Random walks gain density² dt; of what decays, the value keeps φ = exp(−dt/τ), and the covariance
    /// follows when it is asked for.
    fn age_parameters(&mut self, dt_s: f64) {
        self.unaged_s += dt_s;
        let mut fading = Fading::over(dt_s);
        for (i, active) in self.pool.active.iter().enumerate() {
            let slot = NAV + i;
            match active.process {
                Process::Constant => {}
                Process::RandomWalk { density } => {
                    self.p[(slot, slot)] += density * density * dt_s;
                }
                Process::GaussMarkov { time_s, .. } => {
                    self.pool.values[slot] *= fading.kept(time_s);
                }
            }
        }
    }

    /// Brings the covariance of what decays up to the state's time: it keeps φ = exp(−t/τ) of its
    /// correlations and gains σ² (1 − φ²) (Gelb 1974, eq. 3.8-14),
    ///   P ← D P D + G.
    /// A motion that does not depend on what decays leaves it alone, F D = D F and F G Fᵀ = G, so any
    /// number of steps may pass before: `P ← F P Fᵀ + Q` first and this once gives the same.
    pub(super) fn settle(&mut self) {
        let mut fading = Fading::over(self.unaged_s);
        let mut decay = None;
        for (i, active) in self.pool.active.iter().enumerate() {
            if self.unaged_s > 0.0 && active.process.decays() {
                let (keep, gained) = decay.get_or_insert(([1.0; N], [0.0; N]));
                (keep[NAV + i], gained[NAV + i]) = active.process.aged(&mut fading);
            }
        }
        if let Some((keep, gained)) = &decay {
            covariance::age(&mut self.p, self.pool.len(), keep, gained);
        }
        self.unaged_s = 0.0;
    }
}
