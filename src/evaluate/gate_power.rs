//! What a source's gate would catch, what it could not, and whether gate and data fit together.
//!
//! *Catches*: the smallest sudden error that the gate refuses with 80 % ([`detection`]), in the unit of
//! the measurement. *Can't catch*: smaller ones, and whatever grows slower than the estimate follows:
//! the innovation then stays small however large the error becomes. No gate of one source shows a slow
//! error; another source does, by its own refusals or by the separation of the solutions.
//!
//! *Fits*: where the sigmas are right, half of all NIS lie below the median of chi-square, whatever a
//! share of outliers does at the far end. Sigmas that are wrong by a factor f move that half by f², so
//! a sign test on NIS against FACTOR^±2 times the median tells a factor beyond FACTOR from chance.
//! Innovations in error are correlated for seconds, so they don't vote: each stretch of 5 s casts one vote,
//! its majority. Refusals beyond the gate's share (binomial) then tell a gate that refuses honest data
//! from one that is so wide that it refuses nothing all the same.

use std::ops::Range;

use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};
use wayfix_filter::Timestamp;
use wayfix_sensors::Kind;

use super::Distribution;
use super::detection::{minimal_sigmas, refused};

/// Probability with which an error has to be refused to count as caught.
pub const POWER: f64 = 0.8;
/// Sigmas wrong by more than this factor are worth a warning: a gate of 0.9999 then refuses a hundred
/// times as many honest measurements as it should, or sees errors only from half as much more on.
const FACTOR: f64 = 1.5;
/// Errors of measurements last so long \[ns\]: what lies within counts as one vote.
const STRETCH_NS: i64 = 5_000_000_000;
/// A test that chance passes less often than this tells something.
const SIGNIFICANCE: f64 = 1e-3;

/// Why a gate and its data don't fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It refuses honest measurements: sigmas too small.
    TooTight,
    /// It lets errors pass that the data would show: sigmas too large.
    TooLoose,
    /// Sigmas too small, and still it refuses nothing.
    Toothless,
}

/// Components of one unit.
struct Group {
    unit: &'static str,
    /// From the model's unit to that one.
    scale: f64,
    components: Range<usize>,
}

/// The smallest error that is caught, in one unit.
#[derive(Clone, Debug)]
pub struct Caught {
    /// `m`, `m/s`, `deg`, `dB`, `px`.
    pub unit: &'static str,
    /// Over the run, in that unit.
    pub error: Distribution,
}

/// What follows from gate and number of components.
#[derive(Clone, Copy, Debug)]
struct Expected {
    gate: f64,
    dimension: usize,
    /// √λ of what is caught.
    sigmas: f64,
    refused: f64,
    /// Mean NIS of what passes, m F_{m+2}(g) / F_m(g).
    nis: f64,
    median: f64,
}

impl Expected {
    fn new(gate: f64, dimension: usize) -> Option<Self> {
        let chi_squared = |m: usize| ChiSquared::new(m as f64).ok();
        let (own, next) = (chi_squared(dimension)?, chi_squared(dimension + 2)?);
        Some(Self {
            gate,
            dimension,
            sigmas: minimal_sigmas(gate, dimension, POWER),
            refused: refused(gate, dimension, 0.0),
            nis: dimension as f64 * next.cdf(gate) / own.cdf(gate).max(f64::MIN_POSITIVE),
            median: own.inverse_cdf(0.5),
        })
    }
}

/// One stretch's majority.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    index: i64,
    judged: u64,
    low: u64,
    high: u64,
}

/// Votes of the stretches so far.
#[derive(Clone, Copy, Debug, Default)]
struct Votes {
    all: u64,
    low: u64,
    high: u64,
}

impl Votes {
    fn count(&mut self, stretch: &Stretch) {
        if stretch.judged > 0 {
            self.all += 1;
            self.low += u64::from(2 * stretch.low > stretch.judged);
            self.high += u64::from(2 * stretch.high > stretch.judged);
        }
    }
}

/// A source's gate over a whole run, for one kind of reading.
#[derive(Clone, Debug, Default)]
pub struct GatePower {
    /// Measurements that met a gate.
    pub judged: u64,
    /// Those that it refused.
    pub refused: u64,
    /// Those that counted for less than their sigma asks for.
    pub down_weighted: u64,
    /// What is caught, by unit.
    pub caught: Vec<Caught>,
    expected: Vec<Expected>,
    expected_refused: f64,
    nis_passed: f64,
    expected_nis: f64,
    dimensions_passed: u64,
    /// √(NIS / its median): how many times too small the sigmas are.
    ratio: Distribution,
    stretch: Stretch,
    votes: Votes,
}

impl GatePower {
    /// Takes one record of the filter; without a gate it tells nothing of one.
    pub fn add(&mut self, t: Timestamp, kind: Kind, update: &wayfix_filter::Report) {
        if !update.nis.is_finite() || !update.gate.is_finite() {
            return;
        }
        let Some(expected) = self.expected(update.gate, update.dimension) else {
            return;
        };
        self.judged += 1;
        self.expected_refused += expected.refused;
        if update.nis > update.gate {
            self.refused += 1;
        } else {
            self.down_weighted += u64::from(update.weight < 1.0);
            self.nis_passed += update.nis;
            self.expected_nis += expected.nis;
            self.dimensions_passed += update.dimension as u64;
        }
        for group in groups(kind, update.dimension) {
            let sigma = update.sigma[group.components].iter().copied();
            let error = expected.sigmas * sigma.fold(0.0, f64::max) * group.scale;
            match self.caught.iter_mut().find(|c| c.unit == group.unit) {
                Some(caught) => caught.error.add(error),
                None => {
                    let mut caught = Caught {
                        unit: group.unit,
                        error: Distribution::default(),
                    };
                    caught.error.add(error);
                    self.caught.push(caught);
                }
            }
        }
        let ratio = (update.nis / expected.median).sqrt();
        self.ratio.add(ratio);
        let index = t.0.div_euclid(STRETCH_NS);
        if index > self.stretch.index || self.stretch.judged == 0 {
            self.votes.count(&self.stretch);
            self.stretch = Stretch {
                index,
                ..Stretch::default()
            };
        }
        self.stretch.judged += 1;
        self.stretch.low += u64::from(ratio < 1.0 / FACTOR);
        self.stretch.high += u64::from(ratio > FACTOR);
    }

    fn expected(&mut self, gate: f64, dimension: usize) -> Option<Expected> {
        let known = |e: &&Expected| e.gate == gate && e.dimension == dimension;
        if let Some(expected) = self.expected.iter().find(known) {
            return Some(*expected);
        }
        let expected = Expected::new(gate, dimension)?;
        self.expected.push(expected);
        Some(expected)
    }

    /// Share that was refused; `None` where nothing met a gate, like all below.
    #[must_use]
    pub fn refused_share(&self) -> Option<f64> {
        (self.judged > 0).then(|| self.refused as f64 / self.judged as f64)
    }

    /// Share that the gate would refuse where all sigmas were right.
    #[must_use]
    pub fn expected_share(&self) -> Option<f64> {
        (self.judged > 0).then(|| self.expected_refused / self.judged as f64)
    }

    /// Mean NIS a degree of freedom of what passed, and what it were where all sigmas were right.
    #[must_use]
    pub fn passed_nis(&self) -> Option<[f64; 2]> {
        let n = self.dimensions_passed as f64;
        (n > 0.0).then(|| [self.nis_passed / n, self.expected_nis / n])
    }

    /// How many times larger the innovations are than their sigmas say, by the median: 1 where those
    /// are right, whatever a minority of outliers does.
    #[must_use]
    pub fn sigma_ratio(&self) -> Option<f64> {
        self.ratio.percentile(0.5)
    }

    /// Whether gate and data fit together, as far as the run can tell.
    #[must_use]
    pub fn misfit(&self) -> Option<Misfit> {
        let mut votes = self.votes;
        votes.count(&self.stretch);
        if is_more(votes.low, votes.all, 0.5) {
            return Some(Misfit::TooLoose);
        }
        if !is_more(votes.high, votes.all, 0.5) {
            return None;
        }
        let expected = self.expected_share()?;
        if is_more(self.refused, self.judged, expected) {
            Some(Misfit::TooTight)
        } else {
            Some(Misfit::Toothless)
        }
    }
}

/// Whether `hits` of `all` are more than `share` of them by more than chance.
fn is_more(hits: u64, all: u64, share: f64) -> bool {
    let Ok(binomial) = Binomial::new(share.clamp(0.0, 1.0), all) else {
        return false;
    };
    hits.checked_sub(1)
        .is_some_and(|below| binomial.sf(below) < SIGNIFICANCE)
}

/// Unit of each component of a reading's innovation, and the factor from the model's unit to it.
#[must_use]
pub fn components(kind: Kind, dimension: usize) -> Vec<(&'static str, f64)> {
    let mut all = vec![("", 1.0); dimension];
    for group in groups(kind, dimension) {
        for component in all
            .iter_mut()
            .take(group.components.end)
            .skip(group.components.start)
        {
            *component = (group.unit, group.scale);
        }
    }
    all
}

/// Components of a measurement, by unit.
fn groups(kind: Kind, dimension: usize) -> Vec<Group> {
    let all = |unit, scale| {
        vec![Group {
            unit,
            scale,
            components: 0..dimension,
        }]
    };
    let metres_then_angles = |metres: usize| {
        let mut groups = all("m", 1.0);
        groups[0].components.end = metres.min(dimension);
        groups.push(Group {
            unit: "deg",
            scale: 1f64.to_degrees(),
            components: metres.min(dimension)..dimension,
        });
        groups
    };
    match kind {
        Kind::Pose => metres_then_angles(3),
        Kind::Landmark => metres_then_angles(1),
        Kind::MagneticField | Kind::Yaw | Kind::Bearing => all("deg", 1f64.to_degrees()),
        Kind::Rssi => all("dB", 1.0),
        Kind::Pixel | Kind::Marker => all("px", 1.0),
        Kind::GnssVelocity
        | Kind::WheelTicks
        | Kind::WheelSpeeds
        | Kind::OdometryStep
        | Kind::Twist => all("m/s", 1.0),
        Kind::Pressure
        | Kind::Height
        | Kind::GnssPosition
        | Kind::Range
        | Kind::RangeDifference
        | Kind::Passage
        | Kind::Position => all("m", 1.0),
        // They carry the state and meet no gate.
        Kind::Imu | Kind::Steering => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rand_pcg::Pcg64;
    use wayfix_filter::Verdict;

    use super::*;
    use crate::sim::noise::{normal, stream};

    const GATE: f64 = 15.136_705;

    /// Ten minutes of a range at 10 Hz whose error has `stated · scale` as its sigma, every fiftieth
    /// an outlier.
    fn run(scale: f64, gate: f64, outliers: bool) -> GatePower {
        const STATED_M: f64 = 0.1;
        let mut rng: Pcg64 = stream(5, "gate power");
        let mut power = GatePower::default();
        for i in 0..6000_i64 {
            let wild = if outliers && i % 50 == 0 { 3.0 } else { 0.0 };
            let residual_m = normal(&mut rng, scale * STATED_M) + wild;
            let nis = (residual_m / STATED_M).powi(2);
            let verdict = if nis > gate {
                Verdict::Gated
            } else {
                Verdict::Fused
            };
            let mut update = wayfix_filter::Report::refused(verdict, 1);
            update.residual[0] = residual_m;
            update.sigma[0] = STATED_M;
            update.nis = nis;
            update.gate = gate;
            update.weight = 1.0;
            power.add(Timestamp(i * 100_000_000), Kind::Range, &update);
        }
        power
    }

    #[test]
    fn right_sigmas_fit_with_and_without_outliers() {
        let clean = run(1.0, GATE, false);
        assert_eq!(clean.misfit(), None);
        assert!((clean.sigma_ratio().unwrap() - 1.0).abs() < 0.05);
        let wild = run(1.0, GATE, true);
        assert_eq!(wild.misfit(), None);
        assert!(wild.refused >= 120 && wild.expected_share().unwrap() < 1.1e-4);
        let [passed, expected] = wild.passed_nis().unwrap();
        assert!((passed - expected).abs() < 0.1, "{passed} {expected}");
    }

    #[test]
    fn wrong_sigmas_are_told_by_their_side() {
        let loose = run(1.0 / 3.0, GATE, false);
        assert_eq!(loose.misfit(), Some(Misfit::TooLoose));
        assert!((loose.sigma_ratio().unwrap() * 3.0 - 1.0).abs() < 0.05);
        let tight = run(3.0, GATE, false);
        assert_eq!(tight.misfit(), Some(Misfit::TooTight));
        assert_eq!(run(3.0, 400.0, false).misfit(), Some(Misfit::Toothless));
        // Within the factor nothing is said.
        assert_eq!(run(1.3, GATE, false).misfit(), None);
        assert_eq!(run(0.8, GATE, false).misfit(), None);
    }

    #[test]
    fn what_is_caught_is_in_the_unit_of_the_measurement() {
        let power = run(1.0, GATE, false);
        let [caught] = &power.caught[..] else {
            panic!("one unit")
        };
        // √15.137 + 0.842 sigmas of 0.1 m.
        assert_eq!(caught.unit, "m");
        assert!((caught.error.max().unwrap() - 0.4732).abs() < 1e-3);
        assert_eq!(groups(Kind::Pose, 6).len(), 2);
    }

    #[test]
    fn a_few_seconds_prove_nothing() {
        let mut power = run(3.0, GATE, false);
        power.votes = Votes {
            all: 8,
            low: 0,
            high: 8,
        };
        power.stretch = Stretch::default();
        assert_eq!(power.misfit(), None);
    }
}
