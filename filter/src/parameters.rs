//! Calibration states: scalars with a prior and a process, learned while driving.
//!
//! A parameter is a deviation: zero means "as the configuration says". There may be more of them
//! than fit in the filter. A new one then takes the place of the one that has not been used for
//! the longest time: that one is marginalised (its row and column leave the covariance) and its
//! value and sigma are remembered as its prior for the next time.

use arrayvec::ArrayVec;

use crate::Timestamp;
use crate::state::{NAV, Slot};

/// Identity of a parameter, chosen by the caller; equal ids are the same parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ParameterId(pub u32);

/// How a parameter changes by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Process {
    /// Does not.
    Constant,
    /// Random walk with this density [unit/√s].
    RandomWalk {
        /// Density [unit/√s].
        density: f64,
    },
    /// First-order Gauss-Markov: returns to zero, for errors that last a while.
    GaussMarkov {
        /// Stationary sigma [unit].
        sigma: f64,
        /// Correlation time \[s\].
        time_s: f64,
    },
}

impl Process {
    /// Whether it returns to zero.
    pub(crate) fn decays(self) -> bool {
        matches!(self, Self::GaussMarkov { .. })
    }

    /// What is kept of correlations over a time, φ, and the variance that is gained.
    pub(crate) fn aged(self, fading: &mut Fading) -> (f64, f64) {
        match self {
            Self::Constant => (1.0, 0.0),
            Self::RandomWalk { density } => (1.0, density * density * fading.t_s),
            Self::GaussMarkov { sigma, time_s } => {
                let keep = fading.kept(time_s);
                (keep, sigma * sigma * (1.0 - keep * keep))
            }
        }
    }
}

/// φ = exp(−t/τ) over one time t: parameters of a kind share their τ, and with it φ.
pub(crate) struct Fading {
    t_s: f64,
    last: (f64, f64),
}

impl Fading {
    pub fn over(t_s: f64) -> Self {
        Self {
            t_s,
            last: (f64::NAN, 1.0),
        }
    }

    pub fn kept(&mut self, time_s: f64) -> f64 {
        if self.last.0 != time_s {
            self.last = (time_s, libm::exp(-self.t_s / time_s));
        }
        self.last.1
    }
}

/// A parameter before it is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Prior mean.
    pub mean: f64,
    /// Prior sigma; must be positive and finite.
    pub sigma: f64,
    /// How it changes.
    pub process: Process,
    /// It never leaves ± this bound.
    pub bound: f64,
}

impl Parameter {
    /// A constant with mean zero that stays within ten sigmas.
    #[must_use]
    pub fn constant(sigma: f64) -> Self {
        Self {
            mean: 0.0,
            sigma,
            process: Process::Constant,
            bound: 10.0 * sigma,
        }
    }

    /// A random walk from mean zero; `density` in unit/√s. Zero density is a constant.
    #[must_use]
    pub fn walk(sigma: f64, density: f64) -> Self {
        let process = if density > 0.0 {
            Process::RandomWalk { density }
        } else {
            Process::Constant
        };
        Self {
            mean: 0.0,
            sigma,
            process,
            bound: f64::INFINITY,
        }
    }

    /// A first-order Gauss-Markov process of mean zero.
    #[must_use]
    pub fn gauss_markov(sigma: f64, time_s: f64) -> Self {
        Self {
            mean: 0.0,
            sigma,
            process: Process::GaussMarkov { sigma, time_s },
            bound: f64::INFINITY,
        }
    }

    /// The same with another bound.
    #[must_use]
    pub fn bounded(self, bound: f64) -> Self {
        Self { bound, ..self }
    }
}

/// A parameter in the filter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Active {
    pub id: ParameterId,
    pub process: Process,
    pub bound: f64,
    pub last_used: Timestamp,
}

/// A parameter that had to leave: its prior for the next time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Remembered {
    pub id: ParameterId,
    pub mean: f64,
    pub sigma: f64,
}

/// How many parameters that left are remembered; the oldest is forgotten first.
pub(crate) const REMEMBERED: usize = 128;

/// Book of who sits in which slot.
#[derive(Debug)]
pub(crate) struct Pool<const N: usize> {
    /// Values by error-state index; the first [`NAV`] are unused.
    pub values: [f64; N],
    pub active: ArrayVec<Active, N>,
    pub remembered: ArrayVec<Remembered, REMEMBERED>,
}

impl<const N: usize> Clone for Pool<N> {
    fn clone(&self) -> Self {
        Self {
            values: self.values,
            active: self.active.clone(),
            remembered: self.remembered.clone(),
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.values = from.values;
        self.active.clone_from(&from.active);
        self.remembered.clone_from(&from.remembered);
    }
}

/// What [`Pool::place`] decided.
pub(crate) struct Placement {
    pub slot: Slot,
    pub prior_mean: f64,
    pub prior_sigma: f64,
}

impl<const N: usize> Pool<N> {
    pub fn new() -> Self {
        Self {
            values: [0.0; N],
            active: ArrayVec::new(),
            remembered: ArrayVec::new(),
        }
    }

    /// Length of the error state in use.
    pub fn len(&self) -> usize {
        NAV + self.active.len()
    }

    /// The parameters that decay: place in the error state and time constant \[s\].
    pub fn decays(&self) -> impl Iterator<Item = (usize, f64)> {
        let active = self.active.iter().enumerate();
        active.filter_map(|(i, active)| match active.process {
            Process::GaussMarkov { time_s, .. } => Some((NAV + i, time_s)),
            _ => None,
        })
    }

    /// What an error state keeps of its correlations in `t_s`, and the variance that it gains.
    pub fn aged(&self, index: usize, t_s: f64) -> (f64, f64) {
        let active = index.checked_sub(NAV).and_then(|i| self.active.get(i));
        active.map_or((1.0, 0.0), |a| a.process.aged(&mut Fading::over(t_s)))
    }

    /// The slot of a parameter that is in the filter.
    pub fn find(&self, id: ParameterId) -> Option<Slot> {
        let index = self.active.iter().position(|a| a.id == id)?;
        Some(Slot((NAV + index) as u16))
    }

    /// Marks as used.
    pub fn touch(&mut self, slot: Slot, t: Timestamp) {
        if let Some(active) = self.active.get_mut(slot.index() - NAV) {
            active.last_used = t;
        }
    }

    /// The place in the error state of a parameter that has not been used since the time that `limit`
    /// says of it; `None` where there is none.
    pub fn unused(&self, limit: impl Fn(ParameterId) -> Timestamp) -> Option<usize> {
        let place = (self.active.iter()).position(|a| a.last_used < limit(a.id))?;
        Some(NAV + place)
    }

    /// Takes a parameter out: the last one moves to its place. What it was is remembered with `sigma`,
    /// unless it returns to its prior by itself.
    pub fn retire(&mut self, index: usize, sigma: f64) {
        let last = self.len() - 1;
        let left = self.active.swap_remove(index - NAV);
        let mean = self.values[index];
        self.values[index] = self.values[last];
        self.values[last] = 0.0;
        self.remember(left, mean, sigma);
    }

    fn remember(&mut self, left: Active, mean: f64, sigma: f64) {
        if left.process.decays() {
            return;
        }
        if self.remembered.is_full() {
            self.remembered.remove(0);
        }
        self.remembered.push(Remembered {
            id: left.id,
            mean,
            sigma,
        });
    }

    /// A slot for a parameter that is not in the filter: a free one, or the longest unused one,
    /// whose value is remembered with `sigma_of` as its sigma. `None` where N leaves no room at all.
    pub fn place(
        &mut self,
        id: ParameterId,
        prior: &Parameter,
        t: Timestamp,
        sigma_of: impl Fn(usize) -> f64,
    ) -> Option<Placement> {
        let known = self
            .remembered
            .iter()
            .position(|r| r.id == id)
            .map(|i| self.remembered.remove(i));
        let entry = Active {
            id,
            process: prior.process,
            bound: prior.bound,
            last_used: t,
        };
        let index = if self.len() < N {
            self.active.push(entry);
            self.active.len() - 1
        } else {
            let index = (0..self.active.len()).min_by_key(|&i| self.active[i].last_used)?;
            let left = core::mem::replace(&mut self.active[index], entry);
            self.remember(left, self.values[NAV + index], sigma_of(NAV + index));
            index
        };
        let slot = NAV + index;
        let (prior_mean, prior_sigma) = known.map_or((prior.mean, prior.sigma), |k| {
            (k.mean, k.sigma.min(prior.sigma))
        });
        self.values[slot] = prior_mean;
        Some(Placement {
            slot: Slot(slot as u16),
            prior_mean,
            prior_sigma,
        })
    }
}
