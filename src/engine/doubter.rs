//! Whether a fixpoint is where site.toml says: the next one decides.
//!
//! Beside the estimate runs the filter that did not believe the last fixpoint. The next one, another,
//! is predicted by both: where M is right, the estimate that believed it predicts N better, where M is
//! misplaced or was misread, the one that ignored it does. The log likelihood ratios of M add up over
//! its passes to a sequential test (Wald 1945):
//!   Λ_M = Σ ln p(N | ignoring M) − ln p(N | believing M)
//! with each term clamped, so that no single pass decides. Beyond [`DISTRUST`] the fixpoint is named
//! and no longer believed. Where N agrees with the filter that ignored M only, the estimate returns
//! to that filter: what M taught is undone.

use nalgebra::{Matrix2, Vector2};
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

use super::core::Filter;

/// A fixpoint that was not in view for so long is passed anew \[s\].
pub const PASS_S: f64 = 2.0;
/// Most that one pass counts for (natural log).
const MOST_A_PASS: f64 = 5.0;
/// Evidence at which a fixpoint is no longer believed: a thousand to one.
const DISTRUST: f64 = 6.9;
/// Evidence against a fixpoint that a healthy estimate refuses, a pass.
pub const REFUSED: f64 = 2.5;
/// Evidence for a fixpoint that is not believed but agrees, a pass.
pub const AGREES: f64 = -2.0;
/// Largest χ² of two components that fits: one in ten thousand.
const FITS: f64 = 18.4;
/// A place that was left is kept in mind for so long \[s\].
pub const DOUBTED_S: f64 = 30.0;
/// Most fixpoints that are ignored at once.
const MOST_IGNORED: usize = 4;

/// The filter that did not believe the last fixpoints.
#[derive(Debug, Serialize, Deserialize)]
pub struct Doubter<const N: usize> {
    /// It, boxed: it is large.
    pub filter: Box<Filter<N>>,
    /// The fixpoints that it ignores; where it is the believer, the one that it believes.
    pub ignored: Vec<Name>,
    /// It believes the fixpoint, and the estimate does not: a jump that no drift explains.
    pub believes: bool,
    /// Where the estimate was taken elsewhere by its sources: when. It then ignores all that places.
    pub displaced: Option<Timestamp>,
    /// So many measurements in a row agreed with it that the estimate refused.
    pub agreed: u32,
}

impl<const N: usize> Clone for Doubter<N> {
    fn clone(&self) -> Self {
        let Self {
            filter,
            ignored,
            believes,
            displaced,
            agreed,
        } = self;
        Self {
            filter: filter.clone(),
            ignored: ignored.clone(),
            believes: *believes,
            displaced: *displaced,
            agreed: *agreed,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        let Self {
            filter,
            ignored,
            believes,
            displaced,
            agreed,
        } = from;
        self.filter.clone_from(filter);
        self.ignored.clone_from(ignored);
        self.believes = *believes;
        self.displaced = *displaced;
        self.agreed = *agreed;
    }
}

impl<const N: usize> Doubter<N> {
    /// A filter that does not believe one fixpoint.
    #[must_use]
    pub fn of_fixpoint(filter: Filter<N>, name: Name) -> Self {
        Self {
            filter: Box::new(filter),
            ignored: vec![name],
            believes: false,
            displaced: None,
            agreed: 0,
        }
    }

    /// A filter that believes a fixpoint where the estimate does not.
    #[must_use]
    pub fn believer(filter: Filter<N>, name: Name) -> Self {
        Self {
            believes: true,
            ..Self::of_fixpoint(filter, name)
        }
    }

    /// The filter as it was before its sources took it elsewhere.
    #[must_use]
    pub fn of_place(filter: Filter<N>, t: Timestamp) -> Self {
        Self {
            filter: Box::new(filter),
            ignored: Vec::new(),
            believes: false,
            displaced: Some(t),
            agreed: 0,
        }
    }

    /// Whether a measurement of a target is none of its business.
    #[must_use]
    pub fn ignores(&self, target: Option<Name>) -> bool {
        let is_subject = target.is_some_and(|name| self.ignored.contains(&name));
        self.displaced.is_some() || (is_subject && !self.believes)
    }

    /// One more fixpoint that it ignores; false where it ignores too many.
    pub fn ignore(&mut self, name: Name) -> bool {
        self.ignored.push(name);
        self.ignored.len() <= MOST_IGNORED
    }
}

/// A fixpoint against a prediction of it.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    chi_sq: f64,
    ln_likelihood: f64,
}

impl Prediction {
    /// Of a difference `d` \[m\] whose covariance is `s` [m²].
    #[must_use]
    pub fn new(d: &Vector2<f64>, s: &Matrix2<f64>) -> Option<Self> {
        let chi_sq = d.dot(&s.cholesky()?.solve(d));
        Some(Self {
            chi_sq,
            ln_likelihood: -0.5 * (chi_sq + s.determinant().ln()),
        })
    }

    /// Whether it is what was predicted.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.chi_sq <= FITS
    }

    /// Evidence against what this prediction rests on, and the other does not.
    #[must_use]
    pub fn evidence(&self, without: &Self) -> f64 {
        (without.ln_likelihood - self.ln_likelihood).clamp(-MOST_A_PASS, MOST_A_PASS)
    }
}

/// How a fixpoint stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Standing {
    name: Name,
    seen: Timestamp,
    evidence: f64,
    distrusted: bool,
}

/// How every fixpoint stands that was seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Standings(Vec<Standing>);

impl Standings {
    fn of(&mut self, name: Name, t: Timestamp) -> &mut Standing {
        let place = self.0.iter().position(|s| s.name == name);
        let place = place.unwrap_or_else(|| {
            self.0.push(Standing {
                name,
                seen: t.shifted(-2.0 * PASS_S),
                evidence: 0.0,
                distrusted: false,
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// Notes a sight; true where a new pass begins with it.
    pub fn see(&mut self, name: Name, t: Timestamp) -> bool {
        let standing = self.of(name, t);
        let is_new = t.seconds_since(standing.seen) >= PASS_S;
        standing.seen = t;
        is_new
    }

    /// Adds evidence against a fixpoint. Earlier evidence for it counts for one pass only, so that one
    /// that is moved is found as soon.
    pub fn weigh(&mut self, name: Name, t: Timestamp, evidence: f64) {
        let standing = self.of(name, t);
        standing.evidence = (standing.evidence + evidence).max(-MOST_A_PASS);
        standing.distrusted = if standing.distrusted {
            standing.evidence > 0.5 * DISTRUST
        } else {
            standing.evidence > DISTRUST
        };
    }

    /// Whether it is no longer believed.
    #[must_use]
    pub fn is_distrusted(&self, name: Name) -> bool {
        self.0.iter().any(|s| s.name == name && s.distrusted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Name {
        Name::from("M1").unwrap()
    }

    #[test]
    fn two_bad_passes_are_enough_and_one_is_not() {
        let mut standings = Standings::default();
        let t = Timestamp::from_seconds(10.0);
        let far = Prediction::new(&Vector2::new(2.0, 0.0), &(Matrix2::identity() * 0.01)).unwrap();
        let near = Prediction::new(&Vector2::new(0.1, 0.0), &(Matrix2::identity() * 0.09)).unwrap();
        assert!(!far.fits() && near.fits());
        standings.weigh(name(), t, far.evidence(&near));
        assert!(!standings.is_distrusted(name()));
        standings.weigh(name(), t, far.evidence(&near));
        assert!(standings.is_distrusted(name()));
        for _ in 0..4 {
            standings.weigh(name(), t, AGREES);
        }
        assert!(!standings.is_distrusted(name()));
    }

    #[test]
    fn a_pass_begins_after_a_while_out_of_view() {
        let mut standings = Standings::default();
        let at = Timestamp::from_seconds;
        let seen: Vec<bool> = [0.0, 0.2, 1.9, 4.0]
            .map(|t| standings.see(name(), at(t)))
            .into();
        assert_eq!(seen, [true, false, false, true]);
    }
}
