//! The filter: state, parameters and one fixed-size covariance.

mod doubt;
mod innovation;
mod predict;
#[cfg(feature = "serde")]
mod saved;
mod subset;

use nalgebra::{SMatrix, SVector, Vector3};

use crate::Timestamp;
use crate::covariance;
use crate::journal::{Correction, Journal};
use crate::judge::Judge;
use crate::measurement::MeasurementModel;
use crate::parameters::{Parameter, ParameterId, Pool};
use crate::report::{Report, Verdict};
use crate::state::{Block, NAV, Nav, Slot, View};
use innovation::Innovation;
use predict::Pending;
pub use subset::Subset;

/// Prior of a filter: where the asset is and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Time of the prior.
    pub t: Timestamp,
    /// Mean.
    pub nav: Nav,
    /// Sigma of the attitude error in b [rad].
    pub attitude_sigma_rad: Vector3<f64>,
    /// Sigma of the velocity in n [m/s].
    pub velocity_sigma_mps: Vector3<f64>,
    /// Sigma of the position in n \[m\].
    pub position_sigma_m: Vector3<f64>,
    /// Sigma of each gyro bias component [rad/s].
    pub gyro_bias_sigma_radps: f64,
    /// Sigma of each accelerometer bias component [m/s²].
    pub accel_bias_sigma_mps2: f64,
}

/// A correction of the attitude below this leaves P as it is [rad]: the turn would change it by half
/// as much, in parts of one, which is far less than what linearising neglects.
const TURN_RAD: f64 = 1e-3;

/// Changes below this between two passes are rounding, in the units of the state.
const SETTLED: f64 = 1e-6;

/// Error-state extended Kalman filter over N error states: [`Nav`] and up to N − 15 parameters. The
/// journal J takes note of what happens to them; by default nobody does.
///
/// ```
/// use nalgebra::Vector3;
/// use wayfix_filter::{Filter, Judge, Prior, Timestamp, Weight, Nav};
/// use wayfix_filter::measurement::Range;
/// use wayfix_filter::motion::Tag;
///
/// let mut filter = Filter::<24>::new(&Prior {
///     t: Timestamp(0),
///     nav: Nav::default(),
///     attitude_sigma_rad: Vector3::repeat(0.1),
///     velocity_sigma_mps: Vector3::repeat(0.1),
///     position_sigma_m: Vector3::repeat(1.0),
///     gyro_bias_sigma_radps: 0.01,
///     accel_bias_sigma_mps2: 0.1,
/// });
/// filter.predict(&Tag::default(), Timestamp::from_seconds(0.1));
/// let range = Range { p_na: Vector3::new(5.0, 0.0, 0.0), p_bt: Vector3::zeros(),
///                     range_m: 4.6, sigma_m: 0.1, scale: None, horizontal: false };
/// let report = filter.update(&range, &Judge::new(0.999, Weight::Full));
/// assert!(report.verdict.is_used());
/// assert!((filter.nav().p_n.x - 0.4).abs() < 0.02);
/// ```
#[derive(Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        try_from = "saved::Saved<N, J>",
        into = "saved::Saved<N, J>",
        bound(
            serialize = "J: Journal<N> + serde::Serialize",
            deserialize = "J: Journal<N> + serde::Deserialize<'de>"
        )
    )
)]
pub struct Filter<const N: usize, J = ()> {
    t: Timestamp,
    nav: Nav,
    pool: Pool<N>,
    p: SMatrix<f64, N, N>,
    /// What P has still to go through.
    pending: Pending,
    journal: J,
}

impl<const N: usize, J: Journal<N>> Clone for Filter<N, J> {
    fn clone(&self) -> Self {
        self.with_journal(self.journal.clone())
    }

    /// Copies the states in use only, which is what makes a checkpoint cheap.
    fn clone_from(&mut self, from: &Self) {
        self.copy_state(from);
        self.journal.clone_from(&from.journal);
    }
}

impl<const N: usize> Filter<N> {
    /// A filter at its prior, without parameters.
    #[must_use]
    pub fn new(prior: &Prior) -> Self {
        Self::recorded(prior, ())
    }
}

impl<const N: usize, J: Journal<N>> Filter<N, J> {
    /// A filter at its prior, without parameters, of which a journal takes note.
    #[must_use]
    pub fn recorded(prior: &Prior, journal: J) -> Self {
        const { assert!(N >= NAV, "a filter has at least the 15 navigation states") };
        let mut p = SMatrix::zeros();
        let mut set = |b: Block, s: Vector3<f64>| {
            for i in 0..3 {
                p[(b.start() + i, b.start() + i)] = s[i] * s[i];
            }
        };
        set(Block::Attitude, prior.attitude_sigma_rad);
        set(Block::Velocity, prior.velocity_sigma_mps);
        set(Block::Position, prior.position_sigma_m);
        set(
            Block::GyroBias,
            Vector3::repeat(prior.gyro_bias_sigma_radps),
        );
        set(
            Block::AccelBias,
            Vector3::repeat(prior.accel_bias_sigma_mps2),
        );
        Self {
            t: prior.t,
            nav: prior.nav,
            pool: Pool::new(),
            p,
            pending: Pending::none(),
            journal,
        }
    }

    /// What was noted.
    #[must_use]
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// What models see, and the journal beside it, to be written.
    pub fn split(&mut self) -> (View<'_>, &mut J) {
        let x = View {
            nav: &self.nav,
            parameters: &self.pool.values,
        };
        (x, &mut self.journal)
    }

    /// The same state with another journal.
    #[must_use]
    pub fn with_journal<K: Journal<N>>(&self, journal: K) -> Filter<N, K> {
        Filter {
            t: self.t,
            nav: self.nav,
            pool: self.pool.clone(),
            p: self.p,
            pending: self.pending.clone(),
            journal,
        }
    }

    /// Takes over another filter's state; the journal stays, and is not told.
    pub fn copy_state<K: Journal<N>>(&mut self, from: &Filter<N, K>) {
        let Filter {
            t,
            nav,
            pool,
            p,
            pending,
            journal: _,
        } = from;
        let n = self.pool.len().max(pool.len());
        covariance::copy(&mut self.p, p, n);
        self.t = *t;
        self.nav = *nav;
        self.pool.clone_from(pool);
        self.pending.copy_from(pending);
    }

    /// From now on another journal is written.
    pub fn set_journal(&mut self, journal: J) {
        self.journal = journal;
    }

    /// Time of the state.
    #[must_use]
    pub fn t(&self) -> Timestamp {
        self.t
    }

    /// Navigation state.
    #[must_use]
    pub fn nav(&self) -> &Nav {
        &self.nav
    }

    /// What models see.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            nav: &self.nav,
            parameters: &self.pool.values,
        }
    }

    /// Variance of one error state.
    #[must_use]
    pub fn variance(&self, index: usize) -> f64 {
        self.cross(index, index)
    }

    /// Number of error states in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Never: there are always the navigation states.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The parameters in the filter: id, value, sigma.
    pub fn parameters(&self) -> impl Iterator<Item = (ParameterId, f64, f64)> {
        self.pool.active.iter().enumerate().map(|(i, a)| {
            (
                a.id,
                self.pool.values[NAV + i],
                libm::sqrt(self.variance(NAV + i).max(0.0)),
            )
        })
    }

    /// The slot of a parameter, which enters the filter by its prior where it is new. `None` where
    /// N leaves no room for parameters. A slot is good until another parameter is asked for.
    pub fn parameter(&mut self, id: ParameterId, prior: &Parameter) -> Option<Slot> {
        if let Some(slot) = self.pool.find(id) {
            self.pool.touch(slot, self.t);
            return Some(slot);
        }
        if !(prior.sigma > 0.0 && prior.sigma.is_finite() && prior.mean.is_finite()) {
            return None;
        }
        self.settle();
        let p = &self.p;
        let placed = self
            .pool
            .place(id, prior, self.t, |i| libm::sqrt(p[(i, i)].max(0.0)))?;
        self.pool.values[placed.slot.index()] = placed.prior_mean;
        covariance::isolate(
            &mut self.p,
            placed.slot.index(),
            placed.prior_sigma * placed.prior_sigma,
        );
        self.journal
            .cleared(placed.slot.index(), placed.prior_sigma * placed.prior_sigma);
        Some(placed.slot)
    }

    /// Judges a measurement and, where it passes, corrects the state by it.
    pub fn update<const M: usize>(
        &mut self,
        model: &impl MeasurementModel<M>,
        judge: &Judge,
    ) -> Report {
        self.settle();
        let n = self.pool.len();
        let mut innovation = match Innovation::new(&self.p, n, &self.view(), model) {
            Ok(innovation) => innovation,
            Err(verdict) => return Report::refused(verdict, M),
        };
        let mut dx = [0.0; N];
        let report = innovation.judge(&mut self.p, n, judge, &mut dx);
        if report.verdict.is_used() {
            self.journal.updated(&Correction {
                n,
                h: &innovation.lin.h,
                w: &innovation.g,
                l: &innovation.l,
                residual: &innovation.lin.residual,
            });
            self.inject(&dx);
        }
        report
    }

    /// Corrects the state by a measurement that is believed, however far it leads: linearised anew
    /// where the correction leads, up to `passes` times (iterated EKF, Bell and Cathey 1993, eq. 17):
    ///   x_k+1 = x_0 ⊞ K_k (z ⊟ h(x_k) + H_k (x_k ⊟ x_0)).
    /// The report is that of the first linearisation. Where it becomes degenerate on the way or does
    /// not settle, nothing is changed and the report says so.
    pub fn update_iterated<const M: usize>(
        &mut self,
        model: &impl MeasurementModel<M>,
        passes: usize,
    ) -> Report {
        self.settle();
        let (nav, values) = (self.nav, self.pool.values);
        let mut report = Report::refused(Verdict::Fused, M);
        let (mut last, mut last_change) = ([0.0; N], f64::INFINITY);
        for pass in 0..passes.max(1) {
            let n = self.pool.len();
            let innovation = match Innovation::new(&self.p, n, &self.view(), model) {
                Ok(innovation) => innovation,
                Err(verdict) => {
                    self.nav = nav;
                    self.pool.values = values;
                    return Report::refused(verdict, M);
                }
            };
            if pass == 0 {
                report = innovation.report(Verdict::Fused);
                report.gate = f64::INFINITY;
                report.weight = 1.0;
            }
            let Innovation { lin, mut g, l, .. } = innovation;
            let mut gone = [0.0; N];
            gone[..NAV].copy_from_slice(self.nav.boxminus(&nav).as_slice());
            for i in NAV..self.pool.len() {
                gone[i] = self.pool.values[i] - values[i];
            }
            let residual = lin.residual + covariance::along(&lin.h, &gone);
            self.nav = nav;
            self.pool.values = values;
            let mut p = self.p;
            let mut dx = [0.0; N];
            covariance::update(&mut p, self.pool.len(), &mut g, &l, &residual, &mut dx);
            let change = libm::sqrt(
                (0..NAV)
                    .map(|i| (dx[i] - last[i]) * (dx[i] - last[i]))
                    .sum(),
            );
            if change > last_change && change > SETTLED {
                return Report::refused(Verdict::Invalid, M);
            }
            (last, last_change) = (dx, change);
            if pass + 1 == passes.max(1) {
                self.p = p;
                self.journal.updated(&Correction {
                    n: self.pool.len(),
                    h: &lin.h,
                    w: &g,
                    l: &l,
                    residual: &residual,
                });
                self.inject(&dx);
            } else {
                self.compose(&dx);
            }
        }
        report
    }

    /// Composes a correction with the state, and turns the attitude error with it.
    fn inject(&mut self, dx: &[f64; N]) {
        let moved = self.compose(dx);
        self.journal.corrected(self.pool.len(), &moved);
        let turned = Vector3::new(dx[0], dx[1], dx[2]);
        if turned.norm_squared() > TURN_RAD * TURN_RAD {
            covariance::reset_attitude(&mut self.p, self.pool.len(), &turned);
            self.journal.turned(&turned);
        }
    }

    /// Returns what the state really moved: parameters stay within their bounds.
    fn compose(&mut self, dx: &[f64; N]) -> [f64; N] {
        let delta = SVector::<f64, NAV>::from_fn(|i, _| dx[i]);
        self.nav = self.nav.boxplus(&delta);
        let mut moved = *dx;
        for (i, active) in self.pool.active.iter().enumerate() {
            let value = &mut self.pool.values[NAV + i];
            let before = *value;
            *value = (before + dx[NAV + i]).clamp(-active.bound, active.bound);
            moved[NAV + i] = *value - before;
        }
        moved
    }

    /// Whether state and covariance are finite and all variances positive.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let n = self.pool.len();
        self.nav.is_finite()
            && (0..n).all(|i| self.p[(i, i)] >= 0.0)
            && self.p.iter().all(|x| x.is_finite())
            && self.pending.transition.is_finite()
    }
}
