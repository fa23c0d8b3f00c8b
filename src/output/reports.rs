//! `reports.jsonl`: the fate of every sample, one a line.
//!
//! ```text
//! {"t_ns":5,"source":"uwb","kind":"range","target":"A1","fate":"fused","nis":0.31,"gate":6.63,
//!  "weight":1.0,"residual":[0.03],"sigma":[0.11]}
//! ```
//! `residual` (measured minus expected, before the update) and `sigma` (of the residual) are in the
//! units of the measurement: m, m/s, rad, dB, px. They, `nis`, `gate` and `weight` are absent where
//! the sample did not reach the innovation. `gate` is absent where there is none.

use std::path::Path;

use super::lines::{Lines, OutputError};
use super::number::{fixed, integer, quoted};
use crate::engine::{Fate, Report};
use crate::replay::Sink;

/// Writes one line a report.
#[derive(Debug)]
pub struct Reports(Lines);

impl Reports {
    /// Creates the file.
    ///
    /// # Errors
    /// It can't be created.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Lines::create(path, "").map(Self)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(self) -> Result<(), OutputError> {
        self.0.finish()
    }
}

impl Sink for Reports {
    fn report(&mut self, report: &Report) {
        self.0.write(|line| {
            line.push_str("{\"t_ns\":");
            integer(line, report.t.0);
            line.push_str(",\"source\":");
            quoted(line, &report.source);
            line.push_str(",\"kind\":\"");
            line.push_str(report.kind.name());
            line.push('"');
            if let Some(target) = &report.target {
                line.push_str(",\"target\":");
                quoted(line, target);
            }
            line.push_str(",\"fate\":\"");
            line.push_str(fate_name(report.fate));
            line.push('"');
            if let Some(update) = report.update.as_ref().filter(|u| u.nis.is_finite()) {
                for (key, value) in [
                    (",\"nis\":", update.nis),
                    (",\"gate\":", update.gate),
                    (",\"weight\":", update.weight),
                ] {
                    if value.is_finite() {
                        line.push_str(key);
                        fixed(line, value, 4);
                    }
                }
                list(
                    line,
                    ",\"residual\":[",
                    &update.residual[..update.dimension],
                );
                list(line, ",\"sigma\":[", &update.sigma[..update.dimension]);
            }
            line.push('}');
        });
    }
}

fn list(line: &mut String, key: &str, values: &[f64]) {
    line.push_str(key);
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        if value.is_finite() {
            fixed(line, *value, 6);
        } else {
            line.push_str("null");
        }
    }
    line.push(']');
}

/// Innovation and sigma of the component that is furthest off, in its units; `None` where the
/// measurement did not come so far.
#[must_use]
pub fn furthest(update: &wayfix_filter::Report) -> Option<(f64, f64)> {
    let all = update.residual[..update.dimension]
        .iter()
        .zip(&update.sigma[..update.dimension]);
    let worst = all.max_by(|(a, s), (b, r)| (a.abs() / **s).total_cmp(&(b.abs() / **r)));
    worst
        .filter(|_| update.nis.is_finite())
        .map(|(residual, sigma)| (*residual, *sigma))
}

/// The fate as files spell it.
#[must_use]
pub fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::Fused => "fused",
        Fate::DownWeighted => "down_weighted",
        Fate::Relocated => "relocated",
        Fate::Motion => "motion",
        Fate::Waiting => "waiting",
        Fate::Thinned => "thinned",
        Fate::Gated => "gated",
        Fate::Degenerate => "degenerate",
        Fate::Invalid => "invalid",
        Fate::Disturbed => "disturbed",
        Fate::Frozen => "frozen",
        Fate::Saturated => "saturated",
        Fate::UnknownTarget => "unknown_target",
        Fate::UnknownSource => "unknown_source",
        Fate::WrongKind => "wrong_kind",
        Fate::MissingReference => "missing_reference",
        Fate::TooLate => "too_late",
        Fate::Duplicate => "duplicate",
        Fate::ClockJump => "clock_jump",
        Fate::Distrusted => "distrusted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_spelt_as_serde_spells_them() {
        for fate in [
            Fate::DownWeighted,
            Fate::UnknownTarget,
            Fate::TooLate,
            Fate::Fused,
        ] {
            let quoted = serde_json::to_string(&fate).unwrap();
            assert_eq!(quoted.trim_matches('"'), fate_name(fate));
        }
    }
}
