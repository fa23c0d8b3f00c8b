//! The part of a replay's summary that says what each gate would catch.

use std::fmt::Write;

use crate::output::summary::{CaughtRow, GateRow, SourceRow};

/// One line a source with a gate, and one a warning.
pub(super) fn gates(to: &mut String, rows: &[SourceRow]) -> std::fmt::Result {
    let gated: Vec<(String, &GateRow)> = rows
        .iter()
        .filter_map(|r| Some((format!("{} {}", r.source, r.kind), r.gate.as_ref()?)))
        .collect();
    let width = gated.iter().map(|(label, _)| label.chars().count()).max();
    let width = width.unwrap_or(0);
    for (i, (label, gate)) in gated.iter().enumerate() {
        let head = if i == 0 { "gates" } else { "" };
        let caught: Vec<String> = gate.caught.iter().map(caught).collect();
        writeln!(
            to,
            "{head:8} {label:width$}  refuses sudden errors above {}; refused {} (due {})",
            caught.join(", "),
            percent(gate.refused_share),
            percent(gate.expected_share)
        )?;
    }
    if !gated.is_empty() {
        writeln!(
            to,
            "         (with 80 %; an error that grows slower than the estimate follows passes: only other sources show it)"
        )?;
    }
    for (label, gate) in &gated {
        if let Some(warning) = &gate.warning {
            writeln!(to, "warning  {label}: {warning}")?;
        }
    }
    Ok(())
}

fn caught(row: &CaughtRow) -> String {
    let CaughtRow {
        unit,
        median,
        worst,
    } = row;
    format!("{median:.2} {unit} (at worst {worst:.2} {unit})")
}

/// With as many digits as a small share needs.
fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p == 0.0 || p >= 1.0 => format!("{p:.1} %"),
        p => format!("{p:.3} %"),
    }
}
