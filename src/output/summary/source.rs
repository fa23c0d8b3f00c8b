//! What a source did, as a row.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gate::GateRow;
use crate::engine::Fate;
use crate::output::reports::fate_name;
use crate::replay::SourceSummary;

/// A source and kind of reading. The columns add up to `seen`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceRow {
    /// Name in vehicle.toml.
    pub source: String,
    /// Kind of reading.
    pub kind: &'static str,
    /// Samples seen.
    pub seen: u64,
    /// Corrected the state with full weight.
    pub fused: u64,
    /// Corrected the state with less weight.
    pub down_weighted: u64,
    /// Fixpoints that took the estimate back.
    pub relocated: u64,
    /// Carried the state.
    pub motion: u64,
    /// Kept until the start was known.
    pub waiting: u64,
    /// Left out on purpose.
    pub thinned: u64,
    /// Refused: beyond the gate.
    pub gated: u64,
    /// Refused: older than the horizon.
    pub late: u64,
    /// Refused: seen before.
    pub duplicate: u64,
    /// Refused: no such source, anchor, beacon, landmark, marker or portal.
    pub unknown: u64,
    /// Refused for other reasons; `fates` has them one by one.
    pub other_refused: u64,
    /// Mean NIS a degree of freedom of what was used: 1 where sigmas are right.
    pub nis_per_dof: Option<f64>,
    /// What its gate would catch; `null` where nothing met one.
    pub gate: Option<GateRow>,
    /// Samples by fate.
    pub fates: BTreeMap<&'static str, u64>,
}

impl SourceRow {
    pub(super) fn new(source: &str, kind: &'static str, s: &SourceSummary) -> Self {
        let mut row = Self {
            source: source.to_owned(),
            kind,
            seen: s.seen,
            nis_per_dof: s.mean_nis(),
            gate: GateRow::new(&s.gate),
            ..Self::default()
        };
        for (fate, n) in &s.fates {
            row.fates.insert(fate_name(*fate), *n);
            *match fate {
                Fate::Fused => &mut row.fused,
                Fate::DownWeighted => &mut row.down_weighted,
                Fate::Relocated => &mut row.relocated,
                Fate::Motion => &mut row.motion,
                Fate::Waiting => &mut row.waiting,
                Fate::Thinned => &mut row.thinned,
                Fate::Gated => &mut row.gated,
                Fate::TooLate => &mut row.late,
                Fate::Duplicate => &mut row.duplicate,
                Fate::UnknownTarget | Fate::UnknownSource => &mut row.unknown,
                Fate::Degenerate
                | Fate::Invalid
                | Fate::Disturbed
                | Fate::Frozen
                | Fate::Saturated
                | Fate::WrongKind
                | Fate::MissingReference
                | Fate::ClockJump
                | Fate::Distrusted => &mut row.other_refused,
            } += n;
        }
        row
    }
}
