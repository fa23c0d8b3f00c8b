//! What a source's gate would catch, as a row.

use serde::Serialize;

use crate::evaluate::{GatePower, Misfit};

/// A source's gate over a run.
#[derive(Clone, Debug, Serialize)]
pub struct GateRow {
    /// Measurements that met it.
    pub judged: u64,
    /// Share that it refused.
    pub refused_share: f64,
    /// Share that it would refuse where all sigmas were right.
    pub expected_share: f64,
    /// Mean NIS a degree of freedom of what passed.
    pub passed_nis_per_dof: Option<f64>,
    /// The same, where all sigmas were right.
    pub expected_nis_per_dof: Option<f64>,
    /// How many times larger the innovations are than their sigmas say, by the median: 1 where those
    /// are right.
    pub sigma_ratio: Option<f64>,
    /// The smallest sudden error that is refused with a probability of 0.8, by unit. Smaller ones, and
    /// errors that grow slower than the estimate follows, pass.
    pub caught: Vec<CaughtRow>,
    /// `too_tight`, `too_loose`, `toothless`; `null` where gate and data fit.
    pub misfit: Option<&'static str>,
    /// The same for people, with the remedy.
    pub warning: Option<String>,
}

/// The smallest error that is caught in one component.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CaughtRow {
    /// `m`, `m/s`, `deg`, `dB`, `px`.
    pub unit: &'static str,
    /// Over the run, to 0.6 %.
    pub median: f64,
    /// Where the estimate was least sure.
    pub worst: f64,
}

impl GateRow {
    pub(super) fn new(power: &GatePower) -> Option<Self> {
        let misfit = power.misfit();
        let passed = power.passed_nis();
        let caught: Vec<CaughtRow> = power
            .caught
            .iter()
            .filter_map(|c| {
                Some(CaughtRow {
                    unit: c.unit,
                    median: c.error.percentile(0.5)?,
                    worst: c.error.max()?,
                })
            })
            .collect();
        let mut row = Self {
            judged: power.judged,
            refused_share: power.refused_share()?,
            expected_share: power.expected_share()?,
            passed_nis_per_dof: passed.map(|[is, _]| is),
            expected_nis_per_dof: passed.map(|[_, expected]| expected),
            sigma_ratio: power.sigma_ratio(),
            caught,
            misfit: misfit.map(name),
            warning: None,
        };
        row.warning = misfit.map(|misfit| row.told(misfit, power));
        Some(row)
    }

    fn told(&self, misfit: Misfit, power: &GatePower) -> String {
        let ratio = self.sigma_ratio.unwrap_or(f64::NAN);
        let refused = 100.0 * self.refused_share;
        match misfit {
            Misfit::TooTight => format!(
                "gate too tight for its data: {refused:.1} % refused where {:.3} % should be; \
                 the sigmas are {ratio:.1} times too small",
                100.0 * self.expected_share
            ),
            Misfit::TooLoose => {
                let seen = |c: &CaughtRow| format!("{:.2} {}", c.median, c.unit);
                let seen: Vec<String> = self.caught.iter().map(seen).collect();
                format!(
                    "gate too loose for its data: sudden errors below {} pass; \
                     the sigmas are {:.1} times too large",
                    seen.join(", "),
                    1.0 / ratio
                )
            }
            Misfit::Toothless => format!(
                "gate too loose for its data: {refused:.1} % refused and {:.0} % down-weighted, \
                 although the sigmas are {ratio:.1} times too small",
                100.0 * power.down_weighted as f64 / power.judged.max(1) as f64
            ),
        }
    }
}

fn name(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::TooTight => "too_tight",
        Misfit::TooLoose => "too_loose",
        Misfit::Toothless => "toothless",
    }
}
