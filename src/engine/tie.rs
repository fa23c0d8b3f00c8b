//! The tie between satellites and site: a datum that is wrong is found and told, not fought.
//!
//! The datum's error is estimated within its sigma. Where it is far off, satellites or the site's own
//! sources are refused instead, for as long as both are heard. Then the tie is doubted, on evidence that
//! reflections and slow drifts don't give: the same difference again and again, over time and over a way.

use nalgebra::Vector2;
use serde::{Deserialize, Serialize};
use wayfix_filter::history::Key;
use wayfix_filter::{Block, Report, Timestamp, Verdict};
use wayfix_sensors::Reading;

use super::core::Core;
use super::health::{Condition, Subject};
use super::parameter::{Kind, SITE, id};
use super::setup::Setup;
use super::tracking::Tracking;

/// So many refused fixes ...
const LEAST: u32 = 20;
/// ... over so long \[s\] ...
const LEAST_S: f64 = 10.0;
/// ... and over such a way \[m\] ...
const LEAST_M: f64 = 5.0;
/// ... that differ by no more than this share of their mean.
const STEADY: f64 = 0.3;
/// How much place and parameters are doubted that were learned with a wrong tie (variance); a shift of
/// the site turns nothing.
const DOUBT: f64 = 25.0;
/// A datum is told to be wrong beyond so many of its sigmas.
const WRONG: f64 = 3.0;

/// Satellite positions that were refused, none accepted between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TieWatch {
    begun: Option<(Timestamp, Vector2<f64>)>,
    count: u32,
    sum: Vector2<f64>,
    sum_sq: f64,
    /// When it was last doubted for the sake of the site's own sources.
    doubted: Option<Timestamp>,
}

impl TieWatch {
    fn forget(&mut self) {
        *self = Self {
            doubted: self.doubted,
            ..Self::default()
        };
    }

    /// Takes one more difference \[m\], at a place; the mean where there is enough evidence.
    fn add(&mut self, t: Timestamp, place: Vector2<f64>, d: Vector2<f64>) -> Option<Vector2<f64>> {
        let (since, from) = *self.begun.get_or_insert((t, place));
        self.count += 1;
        self.sum += d;
        self.sum_sq += d.norm_squared();
        let n = f64::from(self.count);
        let mean = self.sum / n;
        let spread = (self.sum_sq / n - mean.norm_squared()).max(0.0).sqrt();
        let enough = self.count >= LEAST
            && t.seconds_since(since) >= LEAST_S
            && (place - from).norm() >= LEAST_M;
        (enough && spread < STEADY * mean.norm()).then_some(mean)
    }
}

impl<const N: usize> Core<N> {
    /// Watches a satellite position that was judged.
    pub(super) fn watch_tie(
        &mut self,
        setup: &Setup,
        key: Key,
        reading: &Reading,
        update: &Report,
    ) {
        let Some((sigma_m, _)) = setup.tie else {
            return;
        };
        if !matches!(reading, Reading::GnssPosition(_))
            || self.tracking.hypotheses.single().is_none()
        {
            return;
        }
        if update.verdict.is_used() {
            self.tie.forget();
            self.tell_tie(key.t, sigma_m);
            return;
        }
        let healthy = Tracking::<N>::is_fresh(self.last_accepted, key.t);
        if update.verdict != Verdict::Gated || !healthy {
            return;
        }
        let Some(place) = self.tracking.hypotheses.single().map(|f| f.nav().p_n.xy()) else {
            return;
        };
        let d = Vector2::new(update.residual[0], update.residual[1]);
        if let Some(mean) = self.tie.add(key.t, place, d) {
            self.tie.forget();
            let [x, y] = [Kind::TieX, Kind::TieY].map(|kind| id(kind, SITE, 0));
            let variance = mean.norm_squared();
            self.tracking.hypotheses.change(|filter| {
                // All else was learned under the wrong tie.
                filter.doubt_place(DOUBT);
                filter.inflate_parameter(x, variance);
                filter.inflate_parameter(y, variance);
            });
        }
    }

    /// Whether the tie may be doubted for the site's sake: now and then.
    pub(super) fn is_due_tie(&mut self, t: Timestamp) -> bool {
        let due = (self.tie.doubted).is_none_or(|last| t.seconds_since(last) >= LEAST_S);
        if due {
            self.tie.doubted = Some(t);
        }
        due
    }

    /// The site's own sources are refused although satellites are accepted: perhaps the estimate sits
    /// where a wrong datum puts it. Position and tie are doubted together, so that their sum, which
    /// satellites see, stays.
    pub(super) fn doubt_tie(&mut self, setup: &Setup) {
        if setup.tie.is_none() {
            return;
        }
        self.tracking.hypotheses.change(|filter| {
            filter.doubt_place(DOUBT);
            for (axis, kind) in [Kind::TieX, Kind::TieY].into_iter().enumerate() {
                if let Some(slot) = filter.find(id(kind, SITE, 0)) {
                    let place = Block::Position.start() + axis;
                    filter.inflate_along(&[(place, 1.0), (slot.index(), -1.0)], 1.0);
                }
            }
        });
    }

    fn tell_tie(&mut self, t: Timestamp, sigma_m: f64) {
        let Some(filter) = self.tracking.hypotheses.single() else {
            return;
        };
        let is_off = |kind| {
            let id = id(kind, SITE, 0);
            let mut known = filter.parameters().filter(|(of, ..)| *of == id);
            known.any(|(_, value, sigma)| value.abs() > WRONG * sigma_m.max(sigma))
        };
        let holds = is_off(Kind::TieX) || is_off(Kind::TieY);
        self.watch
            .set(t, Condition::Misaligned, Subject::default(), holds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(d: impl Fn(u32) -> Vector2<f64>, speed_mps: f64) -> Option<Vector2<f64>> {
        let mut watch = TieWatch::default();
        (0..100).find_map(|i| {
            let t_s = 0.2 * f64::from(i);
            let place = Vector2::new(speed_mps * t_s, 0.0);
            watch.add(Timestamp::from_seconds(t_s), place, d(i))
        })
    }

    #[test]
    fn the_same_difference_over_a_way_is_evidence_and_a_wandering_one_is_not() {
        let steady = evidence(|_| Vector2::new(1.5, -2.0), 1.0).unwrap();
        assert!((steady - Vector2::new(1.5, -2.0)).norm() < 1e-9);
        assert_eq!(evidence(|_| Vector2::new(1.5, -2.0), 0.0), None);
        let turning = |i: u32| Vector2::new((0.1 * f64::from(i)).cos(), (0.1 * f64::from(i)).sin());
        assert_eq!(evidence(turning, 1.0), None);
    }
}
