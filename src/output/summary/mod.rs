//! `summary.json`, which is also what `--json` prints: a replay as one JSON document. Keys end in
//! their units; what is unknown is `null`.

mod errors;
mod gate;
mod source;

use std::collections::BTreeMap;

use serde::Serialize;

pub use errors::{ErrorsDocument, LevelRow, Statistics};
pub use gate::{CaughtRow, GateRow};
pub use source::SourceRow;

use super::estimate::mode_name;
use super::resets::cause_name;
use crate::engine::{Estimate, Finding};
use crate::log::Damage;
use crate::replay::Summary;

/// A replay in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Document {
    /// What was replayed: a file, or a scenario.
    pub log: String,
    /// Whether it was stopped before the end of the log.
    pub is_interrupted: bool,
    /// Samples seen.
    pub samples: u64,
    /// First and last sample [ns].
    pub span_t_ns: Option<[i64; 2]>,
    /// Time between them [s].
    pub span_s: f64,
    /// First estimate [ns].
    pub start_t_ns: Option<i64>,
    /// From the first sample to the first estimate [s].
    pub start_after_s: Option<f64>,
    /// Way by the estimate's velocity [m].
    pub distance_m: f64,
    /// The last estimate.
    pub end: Option<End>,
    /// Each source and kind of reading.
    pub sources: Vec<SourceRow>,
    /// Number of jumps, by cause.
    pub reset_counts: BTreeMap<&'static str, u64>,
    /// The first thousand jumps.
    pub resets: Vec<ResetRow>,
    /// How often each condition began.
    pub finding_counts: BTreeMap<&'static str, u64>,
    /// The first thousand conditions that began or ended.
    pub findings: Vec<FindingRow>,
    /// What was learned by the end.
    pub parameters: Vec<ParameterRow>,
    /// Errors against truth; `null` where there is no truth.
    pub errors: Option<ErrorsDocument>,
    /// The run as all measurements show it; `null` unless that was asked for.
    pub smoothed: Option<SmoothedDocument>,
    /// What could not be read of the log.
    pub log_damage: DamageDocument,
    /// What could not be read of the truth file, where there is one.
    pub truth_damage: Option<DamageDocument>,
    /// How fast it went.
    pub speed: Speed,
}

/// The last estimate.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    /// Time [ns].
    pub t_ns: i64,
    /// On what it rests: `aligning`, `tracking`, `dead_reckoning`, `lost`.
    pub mode: &'static str,
    /// Reference point in the site frame [m].
    pub position_m: [f64; 3],
    /// Its sigma [m].
    pub position_sigma_m: [f64; 3],
    /// Heading [deg].
    pub yaw_deg: f64,
    /// Its sigma [deg].
    pub yaw_sigma_deg: f64,
}

/// A jump.
#[derive(Clone, Debug, Serialize)]
pub struct ResetRow {
    /// Time [ns].
    pub t_ns: i64,
    /// Why: `start`, `collapse`, `fixpoint`, `relocalised`.
    pub cause: &'static str,
    /// Position after minus before [m].
    pub delta_m: [f64; 3],
    /// Heading after minus before [deg].
    pub delta_yaw_deg: f64,
}

/// A condition that began or ended.
#[derive(Clone, Debug, Serialize)]
pub struct FindingRow {
    /// Time [ns].
    pub t_ns: i64,
    /// What, as `findings.jsonl` spells it.
    pub condition: &'static str,
    /// The source that it is about.
    pub source: Option<String>,
    /// The anchor, beacon, marker or portal that it is about.
    pub target: Option<String>,
    /// It began; else it ended.
    pub began: bool,
}

/// A learned parameter; its name ends in its unit.
#[derive(Clone, Debug, Serialize)]
pub struct ParameterRow {
    /// `source.parameter` or `source.parameter[anchor]`.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Sigma.
    pub sigma: f64,
}

/// The run as all measurements show it.
#[derive(Clone, Debug, Serialize)]
pub struct SmoothedDocument {
    /// States that were told.
    pub states: u64,
    /// Memory that it took [bytes].
    pub bytes: usize,
    /// Errors against truth; `null` where there is no truth.
    pub errors: Option<ErrorsDocument>,
}

/// What could not be read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DamageDocument {
    /// Damaged places.
    pub count: u64,
    /// Records in good order that are none of Wayfix's.
    pub ignored: u64,
    /// The first damaged places, described.
    pub notes: Vec<String>,
}

/// How fast it went.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Speed {
    /// Time that it took [s].
    pub wall_s: f64,
    /// Length of the log over that time.
    pub times_real_time: f64,
}

impl Document {
    /// Of a whole replay that took `wall_s` \[s\].
    #[must_use]
    pub fn new(log: &str, summary: &Summary, wall_s: f64) -> Self {
        let first = summary.span.map(|(first, _)| first);
        let span_s = summary.span_s();
        Self {
            log: log.to_owned(),
            samples: summary.samples,
            span_t_ns: summary.span.map(|(first, last)| [first.0, last.0]),
            span_s,
            start_t_ns: summary.started.map(|t| t.0),
            start_after_s: summary
                .started
                .zip(first)
                .map(|(started, first)| started.seconds_since(first)),
            distance_m: summary.distance_m,
            end: summary.last.as_ref().map(End::from),
            sources: summary
                .sources
                .iter()
                .map(|((source, kind), s)| SourceRow::new(source, kind.name(), s))
                .collect(),
            reset_counts: summary
                .reset_counts
                .iter()
                .map(|(cause, n)| (cause_name(*cause), *n))
                .collect(),
            resets: summary
                .resets
                .iter()
                .map(|reset| ResetRow {
                    t_ns: reset.t.0,
                    cause: cause_name(reset.cause),
                    delta_m: reset.delta_m.into(),
                    delta_yaw_deg: reset.delta_yaw_rad.to_degrees(),
                })
                .collect(),
            finding_counts: summary
                .finding_counts
                .iter()
                .map(|(condition, n)| (condition.name(), *n))
                .collect(),
            findings: summary.findings.iter().map(FindingRow::from).collect(),
            parameters: summary
                .parameters
                .iter()
                .map(|p| ParameterRow {
                    name: p.name.clone(),
                    value: p.value,
                    sigma: p.sigma,
                })
                .collect(),
            errors: ErrorsDocument::new(&summary.errors),
            smoothed: summary.smoothed.as_ref().map(|s| SmoothedDocument {
                states: s.states,
                bytes: s.bytes,
                errors: ErrorsDocument::new(&s.errors),
            }),
            speed: Speed {
                wall_s,
                times_real_time: span_s / wall_s.max(1e-9),
            },
            ..Self::default()
        }
    }

    /// As indented JSON.
    #[must_use]
    pub fn json(&self) -> String {
        // Plain data always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl From<&Estimate> for End {
    fn from(e: &Estimate) -> Self {
        let sigma = |i: usize| e.position_covariance[(i, i)].max(0.0).sqrt();
        Self {
            t_ns: e.t.0,
            mode: mode_name(e.mode),
            position_m: e.p_n.into(),
            position_sigma_m: [sigma(0), sigma(1), sigma(2)],
            yaw_deg: e.yaw_rad().to_degrees(),
            yaw_sigma_deg: e.yaw_sigma_rad().to_degrees(),
        }
    }
}

impl From<&Finding> for FindingRow {
    fn from(f: &Finding) -> Self {
        Self {
            t_ns: f.t.0,
            condition: f.condition.name(),
            source: f.source.map(|name| name.to_string()),
            target: f.target.map(|name| name.to_string()),
            began: f.began,
        }
    }
}

impl From<&Damage> for DamageDocument {
    fn from(damage: &Damage) -> Self {
        Self {
            count: damage.count,
            ignored: damage.ignored,
            notes: damage.notes.clone(),
        }
    }
}
