//! How measurements are judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a measurement is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Share of honest measurements that pass, in (0, 1); the chi-square quantile is the gate.
    pub probability: f64,
    /// How a measurement inside the gate is weighted.
    pub weight: Weight,
    /// Huber: innovations beyond this many sigmas are down-weighted. Student-t: degrees of freedom.
    pub tuning: f64,
    /// After this many seconds of nothing but refusals the gate re-opens (the prior is doubted).
    pub reopen_s: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            probability: 0.9999,
            weight: Weight::StudentT,
            tuning: 4.0,
            reopen_s: 5.0,
        }
    }
}

/// Robust weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// All that pass the gate count in full.
    None,
    /// Huber's weight.
    Huber,
    /// Student-t weight.
    #[default]
    StudentT,
}
