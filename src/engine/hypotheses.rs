//! Several filters side by side, while the heading or the place is ambiguous.
//!
//! Each keeps a log weight, to which every update adds its log-likelihood (robust, so that one
//! outlier can't end the contest; no sharper than a Gaussian where all is well):
//! ln w += −½ ((ν + m) ln(1 + NIS/(ν + m)) + ln |S|).
//! The contest ends when one holds nearly all the weight, or when the others have met it.

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};
use wayfix_filter::smoother::Tape;
use wayfix_filter::{Block, Prior, Report, Timestamp, Verdict, math};

use super::companions::Companions;
use super::core::Filter;
use super::doubter::{DOUBTED_S, Doubter};
use super::protection::Case;
use super::report::{Reset, ResetCause};

/// Degrees of freedom of the likelihood.
const NU: f64 = 4.0;
/// A hypothesis this much less likely than the best (natural log) is dropped.
const HOPELESS: f64 = 12.0;
/// Errors of one source last: so many of its measurements a second count as independent.
const INDEPENDENT_HZ: f64 = 30.0;
/// Another hypothesis takes the lead where it is so much more likely (natural log).
const STAYS: f64 = 1.1;
/// What a measurement costs that is impossible in a hypothesis (natural log).
const IMPOSSIBLE: f64 = 6.0;
/// What is alive is within so many sigmas, squared, and no less likely than one in so many: what
/// evidence can't tell apart, it weighs by chance.
const REACH_SQ: f64 = 9.0;
/// Most hypotheses at a time.
const CAPACITY: usize = 36;

/// One filter and its weight.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hypothesis<const N: usize> {
    /// The filter, boxed: it is large.
    pub filter: Box<Filter<N>>,
    /// Log weight, the most likely one's is zero after each pruning.
    pub ln_weight: f64,
}

impl<const N: usize> Clone for Hypothesis<N> {
    fn clone(&self) -> Self {
        Self {
            filter: self.filter.clone(),
            ln_weight: self.ln_weight,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        self.filter.clone_from(&from.filter);
        self.ln_weight = from.ln_weight;
    }
}

/// The filters that are alive, the best first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hypotheses<const N: usize> {
    all: Vec<Hypothesis<N>>,
    /// When each source last weighed in.
    weighed: Vec<(u16, Timestamp)>,
    /// Beside a single one: the filter that did not believe the last fixpoint.
    pub doubter: Option<Doubter<N>>,
    /// How often what questions the estimate has changed it.
    interventions: u64,
}

impl<const N: usize> Clone for Hypotheses<N> {
    fn clone(&self) -> Self {
        let Self {
            all,
            weighed,
            doubter,
            interventions,
        } = self;
        Self {
            all: all.clone(),
            weighed: weighed.clone(),
            doubter: doubter.clone(),
            interventions: *interventions,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        let Self {
            all,
            weighed,
            doubter,
            interventions,
        } = from;
        self.all.clone_from(all);
        self.weighed.clone_from(weighed);
        match (&mut self.doubter, doubter) {
            (Some(kept), Some(from)) => kept.clone_from(from),
            (kept, from) => kept.clone_from(from),
        }
        self.interventions = *interventions;
    }
}

impl<const N: usize> Hypotheses<N> {
    /// Copies a single filter's state, not what goes along with it.
    pub fn copy_single(&mut self, from: &Self) -> bool {
        let [one] = from.all.as_slice() else {
            return false;
        };
        match self.all.as_mut_slice() {
            [own] => own.filter.copy_state(&one.filter),
            _ => {
                self.all.clear();
                self.all.push(Hypothesis {
                    filter: Box::new(one.filter.with_journal(Companions::default())),
                    ln_weight: 0.0,
                });
            }
        }
        self.all[0].ln_weight = one.ln_weight;
        self.weighed.clone_from(&from.weighed);
        self.interventions = from.interventions;
        true
    }

    /// How often what questions the estimate has changed it: where this is the same, the estimate
    /// followed from the samples alone.
    pub fn interventions(&self) -> u64 {
        self.interventions
    }

    /// Notes that what is believed has changed, or is about to.
    pub fn intervene(&mut self) {
        self.interventions += 1;
    }

    /// The same in the place of others.
    #[must_use]
    pub fn after(self, others: &Self) -> Self {
        Self {
            interventions: others.interventions + 1,
            ..self
        }
    }

    /// Changes all filters, and those that go along with them, as something that questions them asks.
    pub fn change(&mut self, change: impl FnMut(&mut Filter<N>)) {
        self.intervene();
        self.filters_mut().for_each(change);
    }

    /// The best one, to be changed.
    pub fn best_mut(&mut self) -> Option<&mut Hypothesis<N>> {
        self.all.first_mut()
    }

    /// Number alive.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Before the start.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The best one.
    #[must_use]
    pub fn best(&self) -> Option<&Hypothesis<N>> {
        self.all.first()
    }

    /// The filters of all, the best first, and that beside them: what is carried along and what all
    /// constraints hold for.
    pub fn filters_mut(&mut self) -> impl Iterator<Item = &mut Filter<N>> {
        let beside = self.doubter.iter_mut().map(|d| &mut *d.filter);
        self.all.iter_mut().map(|h| &mut *h.filter).chain(beside)
    }

    /// The filter of a single hypothesis; `None` before the start and in a contest.
    #[must_use]
    pub fn single(&self) -> Option<&Filter<N>> {
        match self.all.as_slice() {
            [one] => Some(&one.filter),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn single_mut(&mut self) -> Option<&mut Filter<N>> {
        match self.all.as_mut_slice() {
            [one] => Some(&mut one.filter),
            _ => None,
        }
    }

    /// Puts several in the place of a single one, with their log weights; the first is the best.
    pub fn split(&mut self, into: impl IntoIterator<Item = (Filter<N>, f64)>) {
        self.intervene();
        self.doubter = None;
        self.weighed.clear();
        self.all.clear();
        let all = into.into_iter().take(CAPACITY);
        self.all.extend(all.map(|(filter, ln_weight)| Hypothesis {
            filter: Box::new(filter),
            ln_weight,
        }));
    }

    /// Puts another filter in the place of the single one.
    pub fn replace(&mut self, filter: Filter<N>) {
        self.intervene();
        if let [one] = self.all.as_mut_slice() {
            *one.filter = filter;
        }
    }

    /// The estimate has jumped: the filters that leave a group out start anew.
    pub fn forget_subsets(&mut self) {
        self.intervene();
        for filter in self.filters_mut() {
            filter.split().1.subsets.clear();
        }
    }

    /// The estimate has jumped: what was compared with it starts anew.
    pub fn forget_beside(&mut self) {
        self.forget_subsets();
        self.doubter = None;
    }

    /// A place that was left long ago is no longer kept in mind.
    pub fn forget_old_doubts(&mut self, t: Timestamp) {
        let since = self.doubter.as_ref().and_then(|d| d.displaced);
        if since.is_some_and(|since| t.seconds_since(since) > DOUBTED_S) {
            self.doubter = None;
        }
    }

    /// Updates the filter beside a single hypothesis, unless it ignores the measurement.
    pub fn beside<R>(
        &mut self,
        is_ignored: impl Fn(&Doubter<N>) -> bool,
        update: impl FnOnce(&mut Filter<N>) -> R,
    ) {
        if let Some(doubter) = &mut self.doubter
            && !is_ignored(doubter)
        {
            update(&mut doubter.filter);
        }
    }

    /// One more, as likely as any other, of which `tape` takes note.
    pub fn add(&mut self, prior: Prior, tape: Tape) {
        if self.all.len() < CAPACITY {
            self.all.push(Hypothesis {
                filter: Box::new(Filter::recorded(&prior, Companions::of(tape))),
                ln_weight: 0.0,
            });
        }
    }

    /// Marks the states of all that may become the estimate, for smoothing.
    pub fn mark(&mut self, period_s: f64) {
        self.filters_mut().for_each(|filter| filter.mark(period_s));
    }

    /// What happens from now on is kept, or is no more.
    pub fn keep(&mut self, tape: &Tape) {
        for filter in self.filters_mut() {
            filter.split().1.tape.clone_from(tape);
        }
    }

    /// Share of a measurement that counts in the contest: the errors of a fast source are not
    /// independent of one another.
    fn share(&mut self, source: u16, t: Timestamp) -> f64 {
        match self.weighed.iter_mut().find(|(s, _)| *s == source) {
            Some((_, last)) => {
                let share = (t.seconds_since(*last) * INDEPENDENT_HZ).clamp(0.0, 1.0);
                *last = t;
                share
            }
            None => {
                self.weighed.push((source, t));
                1.0
            }
        }
    }

    /// Updates all by the same measurement of a source; returns the best one's report. `tells`: the
    /// measurement says which of them is right.
    pub fn update(
        &mut self,
        source: u16,
        t: Timestamp,
        tells: bool,
        mut update: impl FnMut(&mut Filter<N>) -> Option<Report>,
    ) -> Option<Report> {
        let contest = self.all.len() > 1 && tells;
        let share = if contest { self.share(source, t) } else { 0.0 };
        let mut first = None;
        for (i, h) in self.all.iter_mut().enumerate() {
            let report = update(&mut h.filter);
            if let Some(r) = report.filter(|r| contest && r.nis.is_finite()) {
                let m = r.dimension as f64;
                let ln_det: f64 = r.sigma[..r.dimension].iter().map(|s| 2.0 * s.ln()).sum();
                h.ln_weight -= 0.5 * share * ((NU + m) * (r.nis / (NU + m)).ln_1p() + ln_det);
            }
            if contest && report.is_some_and(|r| matches!(r.verdict, Verdict::Degenerate(_))) {
                h.ln_weight -= share * IMPOSSIBLE;
            }
            if i == 0 {
                first = report;
            }
        }
        first
    }

    /// Applies a constraint to all; it says nothing about which is right.
    pub fn constrain<R>(&mut self, mut update: impl FnMut(&mut Filter<N>) -> R) {
        for filter in self.filters_mut() {
            update(filter);
        }
    }

    /// Sorts, and drops what is hopeless or has met a better one. Returns a reset where the mean
    /// jumped to another hypothesis.
    pub fn prune(&mut self, t: Timestamp) -> Option<Reset> {
        if self.all.len() < 2 {
            return None;
        }
        self.intervene();
        let before = *self.all[0].filter.nav();
        // The first stays first until another is clearly more likely: no flicker between equals.
        let limit = self.all[0].ln_weight + STAYS;
        let is_led = self.all.iter().any(|h| h.ln_weight > limit);
        self.all[usize::from(!is_led)..].sort_by(|a, b| b.ln_weight.total_cmp(&a.ln_weight));
        let best = (self.all.iter().map(|h| h.ln_weight)).fold(f64::NEG_INFINITY, f64::max);
        self.all.retain(|h| best - h.ln_weight < HOPELESS);
        for h in &mut self.all {
            h.ln_weight -= best;
        }
        let mut i = 0;
        while i < self.all.len() {
            let mut k = i + 1;
            while k < self.all.len() {
                if has_met(&self.all[k].filter, &self.all[i].filter) {
                    let weight = self.all.remove(k).ln_weight;
                    let kept = &mut self.all[i].ln_weight;
                    *kept += (weight - *kept).exp().ln_1p();
                } else {
                    k += 1;
                }
            }
            i += 1;
        }
        let after = self.all[0].filter.nav();
        let delta_yaw_rad = math::wrap_angle(after.yaw_rad() - before.yaw_rad());
        let delta_m = after.p_n - before.p_n;
        let jumped = delta_m.norm() > 1e-6 || delta_yaw_rad.abs() > 1e-6;
        jumped.then_some(Reset {
            t,
            cause: ResetCause::Collapse,
            delta_m,
            delta_yaw_rad,
        })
    }

    /// What part of all the weight a hypothesis has.
    fn share_of(&self) -> impl Fn(&Hypothesis<N>) -> f64 + Copy + use<N> {
        let total: f64 = self.all.iter().map(|h| h.ln_weight.exp()).sum();
        move |h| h.ln_weight.exp() / total
    }

    /// The other hypotheses as states of the world, none less likely than one in nine, and the
    /// probability of the best one.
    pub fn others(&self) -> (f64, impl Iterator<Item = Case>) {
        let share = self.share_of();
        let cases = self
            .all
            .split_first()
            .into_iter()
            .flat_map(move |(best, rest)| {
                rest.iter().map(move |h| {
                    Case::apart(share(h).max(1.0 / REACH_SQ), &best.filter, &h.filter)
                })
            });
        (self.best().map_or(0.0, share), cases)
    }

    /// Spread of the hypotheses about the best one: what must be added to its position covariance P
    /// and heading variance to cover all, S = Σ w_i d_i d_iᵀ, and more where three sigmas of it do not
    /// reach one. Between mirror images the evidence walks at random: the true one can be ahead by a
    /// factor of a thousand, or behind.
    #[must_use]
    pub fn spread(&self) -> (Matrix3<f64>, f64) {
        let Some((best, others)) = self.all.split_first() else {
            return (Matrix3::zeros(), 0.0);
        };
        let share = self.share_of();
        let apart = |h: &Hypothesis<N>| -> (Vector3<f64>, f64) {
            let (nav, from) = (h.filter.nav(), best.filter.nav());
            (
                nav.p_n - from.p_n,
                math::wrap_angle(nav.yaw_rad() - from.yaw_rad()),
            )
        };
        let p = best.filter.covariance(Block::Position, Block::Position);
        let yaw_variance = best.filter.variance(Block::Attitude.start() + 2);
        let (mut position, mut heading) = (Matrix3::zeros(), 0.0);
        for h in others {
            let (d, turn) = apart(h);
            let weight = share(h);
            position += d * d.transpose() * weight;
            heading += weight * turn * turn;
        }
        for (d, turn) in others.iter().map(apart) {
            position += d * d.transpose() * lacking(&(p + position), &d);
            heading = f64::max(heading, turn * turn / REACH_SQ - yaw_variance);
        }
        (position, heading)
    }
}

/// The a for which P + a d dᵀ reaches d: with q = dᵀ P⁻¹ d and dᵀ (P + a d dᵀ)⁻¹ d = q / (1 + a q)
/// (Sherman & Morrison 1950), a = (q/9 − 1) / q.
fn lacking(p: &Matrix3<f64>, d: &Vector3<f64>) -> f64 {
    let Some(inverse) = p.try_inverse() else {
        return 1.0 / REACH_SQ;
    };
    let q = d.dot(&(inverse * d));
    ((q / REACH_SQ - 1.0) / q).max(0.0)
}

/// Whether two filters say the same: heading within a third of a sigma and three degrees, position
/// within a third of a sigma and ten centimetres, velocity within a third of a sigma and a tenth of a
/// metre a second (mirror images that meet in the plane of the anchors cross it).
fn has_met<const N: usize>(a: &Filter<N>, b: &Filter<N>) -> bool {
    let turn = math::wrap_angle(a.nav().yaw_rad() - b.nav().yaw_rad()).abs();
    let yaw_sigma = b.variance(Block::Attitude.start() + 2).max(0.0).sqrt();
    let near = |block: Block, d: Vector3<f64>| {
        let sigma = b.covariance(block, block).trace().max(0.0).sqrt();
        d.norm() < 0.1_f64.max(sigma / 3.0)
    };
    turn < 0.05_f64.max(yaw_sigma / 3.0).min(0.1)
        && near(Block::Position, a.nav().p_n - b.nav().p_n)
        && near(Block::Velocity, a.nav().v_n - b.nav().v_n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_sigmas_reach_what_is_alive() {
        let p = Matrix3::from_diagonal(&Vector3::new(0.01, 0.04, 0.09));
        let d = Vector3::new(1.0, -2.0, 3.6);
        let wide = p + d * d.transpose() * lacking(&p, &d);
        let q = d.dot(&(wide.try_inverse().unwrap() * d));
        assert!((q - REACH_SQ).abs() < 1e-9, "{q}");
        // What they reach already needs nothing.
        assert_eq!(lacking(&p, &(d * 0.08)), 0.0);
        assert_eq!(lacking(&Matrix3::zeros(), &d), 1.0 / REACH_SQ);
    }
}
