//! What is asked of a case, and whether it was met.

use super::document::CriterionDocument;
use super::metrics::{RunMetrics, percentile};
use super::outcome::CaseOutcome;
use crate::engine::{Condition, Fate};

/// Share of the runs in which something has to be told.
const TOLD_SHARE: f64 = 0.9;

/// Errors of epochs closer than this are taken as one \[s\]: reflections, satellites' drift and what
/// was learned wrongly last for seconds.
const INDEPENDENT_S: f64 = 10.0;

/// RMSE of the robot on ranges, wheels and inertial unit \[m\] (case `lost_gnss`: p95 is 0.05).
const RANGES_ALONE_M: f64 = 0.05;

/// Something that is asked of every case, or of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Criterion {
    /// Every number given out is finite.
    Sound,
    /// No run is wrong for longer \[s\] without its covariance, mode or health saying so.
    ConfidentlyWrong(f64),
    /// RMSE since the fault began over that of the twins, or over that of ranges alone where the twins
    /// are better: a fault that costs the satellites costs their centimetres, too.
    ErrorRatio(f64),
    /// p95 of the horizontal error \[m\].
    ErrorP95(f64),
    /// Mean NEES a component.
    Nees(f64),
    /// Share of the epochs whose error exceeds the protection level, in each direction: at most this,
    /// and what chance adds at three sigma to so many independent epochs as there are.
    Exceeded(f64),
    /// Every run has recovered so long after the fault \[s\].
    Recovered(f64),
    /// Largest jump between two looks \[m\].
    Jump(f64),
    /// Largest jump in sigmas.
    JumpSigmas(f64),
    /// In every run sigma grows to so many times that of the twin.
    SigmaGrows(f64),
    /// One of these conditions is told.
    Tells(&'static [Condition]),
    /// A condition of this source or target is told.
    TellsOf(Condition, &'static str),
    /// Some samples of a source meet one of these fates.
    Meets(&'static str, &'static [Fate]),
    /// A jump of this cause is told.
    Resets(&'static str),
    /// No condition is told.
    Quiet,
}

/// What was found of a criterion.
struct Found {
    what: String,
    value: String,
    is_met: bool,
}

fn at_most(what: &str, unit: &str, value: f64, limit: f64) -> Found {
    Found {
        what: format!("{what} at most {limit}{unit}"),
        value: format!("{value:.3}{unit}"),
        is_met: value <= limit,
    }
}

fn at_least(what: &str, value: f64, limit: f64) -> Found {
    Found {
        what: format!("{what} at least {limit}"),
        value: format!("{value:.2}"),
        is_met: value >= limit,
    }
}

fn in_runs(what: String, outcome: &CaseOutcome, is_so: impl Fn(&RunMetrics) -> bool) -> Found {
    let share = outcome.share(is_so);
    Found {
        what,
        value: format!("in {:.0} % of runs", 100.0 * share),
        is_met: share >= TOLD_SHARE,
    }
}

impl Criterion {
    /// Judges a case by it.
    #[must_use]
    pub fn judge(&self, outcome: &CaseOutcome) -> CriterionDocument {
        let found = self.found(outcome);
        CriterionDocument {
            what: found.what,
            found: found.value,
            is_met: found.is_met,
            is_known: false,
        }
    }

    fn found(&self, outcome: &CaseOutcome) -> Found {
        match *self {
            Self::Sound => {
                let broken = outcome.share(|r| r.is_broken || r.errors_m.is_empty());
                at_most("runs without a finite estimate", "", broken, 0.0)
            }
            Self::ConfidentlyWrong(limit) => {
                let worst = outcome.largest(|r| r.confident_wrong_s);
                at_most("confidently wrong", " s", worst, limit)
            }
            Self::ErrorRatio(limit) => {
                let [rmse_m, twin_m] = outcome.rmse_m();
                let ratio = rmse_m / twin_m.max(RANGES_ALONE_M);
                at_most("error over twin's", "", ratio, limit)
            }
            Self::ErrorP95(limit) => {
                let p95 = percentile(&outcome.sorted(|r| &r.errors_m), 0.95);
                at_most("p95 of the error", " m", p95, limit)
            }
            Self::Nees(limit) => at_most("NEES a component", "", outcome.nees(), limit),
            Self::Exceeded(share) => {
                let [horizontal, vertical] = outcome.exceeded();
                let worst = horizontal.max(vertical);
                let independent = (outcome.judged_s() / INDEPENDENT_S).max(1.0);
                let by_chance = 3.0 * (share * (1.0 - share) / independent).sqrt();
                let limit = ((share + by_chance) * 1e4).round() / 1e4;
                at_most("share above the protection level", "", worst, limit)
            }
            Self::Recovered(limit) => {
                let worst = outcome.largest(|r| r.recovered_s);
                at_most("recovered after", " s", worst, limit)
            }
            Self::Jump(limit) => at_most("jump", " m", outcome.largest(|r| r.jump_m), limit),
            Self::JumpSigmas(limit) => {
                let worst = outcome.largest(|r| r.jump_sigmas);
                at_most("jump", " sigmas", worst, limit)
            }
            Self::SigmaGrows(limit) => {
                let least = outcome.smallest(|r| r.sigma_growth);
                at_least("sigma over twin's grows to", least, limit)
            }
            Self::Tells(conditions) => {
                let names: Vec<&str> = conditions.iter().map(|c| c.name()).collect();
                in_runs(format!("tells {}", names.join(" or ")), outcome, |r| {
                    r.told.iter().any(|(c, _)| conditions.contains(c))
                })
            }
            Self::TellsOf(condition, subject) => {
                let what = format!("tells {} of {subject}", condition.name());
                in_runs(what, outcome, |r| {
                    r.told.iter().any(|(c, of)| {
                        *c == condition && of.is_some_and(|of| of.as_str() == subject)
                    })
                })
            }
            Self::Meets(source, fates) => {
                let what = format!("{source} meets {fates:?}");
                in_runs(what, outcome, |r| {
                    let mut of_source = r.fates.iter().filter(|(name, _)| name.as_str() == source);
                    of_source.any(|(_, met)| fates.iter().any(|f| met.contains_key(f)))
                })
            }
            Self::Resets(cause) => in_runs(format!("tells a jump: {cause}"), outcome, |r| {
                r.resets.contains_key(cause)
            }),
            Self::Quiet => in_runs("tells nothing".to_owned(), outcome, |r| r.told.is_empty()),
        }
    }
}
