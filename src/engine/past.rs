//! What was, as all that was measured shows it: smoothing over the engine's whole run, or behind a
//! fixed lag.
//!
//! The filters keep what happened to them ([`wayfix_filter::smoother`]); late samples, contests of
//! headings and returns to an earlier belief need nothing of their own, since a filter that is taken
//! back or takes another's place has its own past. A new start has none: what was before it is
//! smoothed by what was measured before it.

use std::sync::Arc;

use nalgebra::Vector3;
use wayfix_filter::smoother::{Smoothed, Tape};
use wayfix_filter::{Block, Nav, Timestamp, math};

use super::protection::{Case, ProtectionLevel, level};
use super::{EngineOf, Estimate, Health, Mode, Pose};

/// Across a longer hole between two states nothing is told \[s\].
const HOLE_S: f64 = 1.0;

impl<const N: usize> EngineOf<N> {
    /// From now on keeps what smoothing needs, with a state to be asked for every `period_s`. It takes
    /// memory for every sample: see [`Engine::past_bytes`].
    pub fn keep_past(&mut self, period_s: f64) {
        Arc::make_mut(&mut self.setup).marks_every_s = Some(period_s);
        self.core.tracking.hypotheses.keep(&Tape::recording(None));
    }

    /// Memory of all that was kept so far \[bytes\].
    #[must_use]
    pub fn past_bytes(&self) -> usize {
        self.guarded()
            .map_or(0, |filter| filter.journal().tape.bytes())
    }

    /// The whole run as all measurements show it (fixed-interval smoothing); empty unless
    /// [`Engine::keep_past`] was asked for.
    #[must_use]
    pub fn past(&self) -> Past {
        // Only a state whose covariance is up to date can be marked: the last one is made so in a copy.
        let states = self.guarded().map_or_else(Vec::new, |filter| {
            let mut end = filter.with_journal(filter.journal().tape.clone());
            end.settle();
            end.mark(0.0);
            end.smoothed()
        });
        Past {
            states,
            exceedance: self.setup.protection.exceedance,
        }
    }

    /// The newest kept state that is at least `lag_s` old, as all measurements since show it (fixed-lag
    /// smoothing). What lies behind it is let go, so memory is bounded by the lag.
    #[must_use]
    pub fn behind(&self, lag_s: f64) -> Option<Estimate> {
        let smoothed = self.guarded()?.smoothed_behind(lag_s)?;
        Some(estimate(&smoothed, self.setup.protection.exceedance))
    }
}

/// A run as all its measurements show it, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Past {
    states: Vec<Smoothed>,
    exceedance: f64,
}

impl Past {
    /// The states that were kept.
    pub fn estimates(&self) -> impl Iterator<Item = Estimate> {
        self.states.iter().map(|s| estimate(s, self.exceedance))
    }

    /// The state at `t`, between two that were kept: position and attitude by both states and their
    /// rates, the rest in proportion. `None` outside them and in holes.
    #[must_use]
    pub fn at(&self, t: Timestamp) -> Option<Estimate> {
        let after = self.states.partition_point(|s| s.t < t);
        let to = self.states.get(after)?;
        if to.t == t {
            return Some(estimate(to, self.exceedance));
        }
        let from = self.states.get(after.checked_sub(1)?)?;
        let step_s = to.t.seconds_since(from.t);
        (step_s <= HOLE_S).then(|| estimate(&between(from, to, t), self.exceedance))
    }
}

fn between(from: &Smoothed, to: &Smoothed, t: Timestamp) -> Smoothed {
    let step_s = to.t.seconds_since(from.t);
    let share = t.seconds_since(from.t) / step_s;
    let (a, b) = (&from.nav, &to.nav);
    let mix = |a: &Vector3<f64>, b: &Vector3<f64>| a + (b - a) * share;
    // Cubic Hermite.
    let (s, r) = (share, 1.0 - share);
    let p_n = (a.p_n * (1.0 + 2.0 * s) + a.v_n * (s * step_s)) * (r * r)
        + (b.p_n * (1.0 + 2.0 * r) - b.v_n * (r * step_s)) * (s * s);
    // The same of the turn from the first attitude on, by both rates.
    let whole = math::log(&(a.q_nb.inverse() * b.q_nb));
    let turn = whole * (s * s * (3.0 - 2.0 * s))
        + (a.omega_b * (s * r * r) - b.omega_b * (s * s * r)) * step_s;
    Smoothed {
        t,
        nav: Nav {
            p_n,
            v_n: mix(&a.v_n, &b.v_n),
            q_nb: a.q_nb * math::exp(&turn),
            ..*a
        },
        covariance: from.covariance * r + to.covariance * s,
    }
}

fn estimate(smoothed: &Smoothed, exceedance: f64) -> Estimate {
    let Smoothed { t, nav, .. } = smoothed;
    let position_covariance = smoothed.block(Block::Position);
    let case = Case::new(1.0, [0.0; 2], &position_covariance);
    let protection: ProtectionLevel = level(&[case], exceedance);
    Estimate {
        t: *t,
        mode: Mode::Smoothed,
        p_n: nav.p_n,
        v_n: nav.v_n,
        q_nb: nav.q_nb,
        position_covariance,
        velocity_covariance: smoothed.block(Block::Velocity),
        attitude_covariance: smoothed.block(Block::Attitude),
        hypotheses: 1,
        protection,
        health: Health::default(),
        smooth: Pose {
            p_n: nav.p_n,
            q_nb: nav.q_nb,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::SMatrix;

    #[test]
    fn between_two_states_of_an_even_acceleration_lies_the_parabola() {
        let at = |s: f64| Smoothed {
            t: Timestamp::from_seconds(s),
            nav: Nav {
                p_n: Vector3::new(0.5 * s * s, s, 0.0),
                v_n: Vector3::new(s, 1.0, 0.0),
                ..Nav::default()
            },
            covariance: SMatrix::identity() * (1.0 + s),
        };
        let past = Past {
            states: vec![at(1.0), at(1.5), at(3.0)],
            exceedance: 1e-3,
        };
        let found = past.at(Timestamp::from_seconds(1.2)).unwrap();
        assert!((found.p_n - at(1.2).nav.p_n).norm() < 1e-12);
        assert!((found.position_covariance[(0, 0)] - 2.2).abs() < 1e-12);
        assert_eq!(
            past.at(Timestamp::from_seconds(1.5)).unwrap().p_n,
            at(1.5).nav.p_n
        );
        // Outside, and in a hole.
        for t in [0.9, 2.0, 3.1] {
            assert!(past.at(Timestamp::from_seconds(t)).is_none());
        }
    }
}
