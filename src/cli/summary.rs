//! A replay's summary for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::gates::gates;
use crate::output::Document;
use crate::output::summary::{
    DamageDocument, ErrorsDocument, ParameterRow, SmoothedDocument, SourceRow, Statistics,
};

/// Most parameters that are listed.
const MOST_PARAMETERS: usize = 16;
/// Most sources and targets that are named for one condition.
const MOST_SUBJECTS: usize = 4;
/// Most damaged places that are listed.
const MOST_NOTES: usize = 3;

/// Ten to thirty lines. Columns in which every source has nothing are left out.
pub(super) fn text(document: &Document) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_all(&mut text, document);
    text
}

fn write_all(to: &mut String, document: &Document) -> std::fmt::Result {
    let stopped = if document.is_interrupted {
        " (stopped)"
    } else {
        ""
    };
    writeln!(
        to,
        "{}: {:.1} s{stopped}, {} samples, {:.0} m travelled\n",
        document.log, document.span_s, document.samples, document.distance_m
    )?;
    sources(to, &document.sources)?;
    gates(to, &document.sources)?;
    writeln!(to)?;
    start_and_end(to, document)?;
    findings(to, document)?;
    parameters(to, &document.parameters)?;
    if let Some(e) = &document.errors {
        errors(to, "truth", e)?;
    }
    if let Some(s) = &document.smoothed {
        smoothed(to, s, document)?;
    }
    damage(to, "log", &document.log_damage)?;
    if let Some(truth) = &document.truth_damage {
        damage(to, "truth", truth)?;
    }
    writeln!(
        to,
        "speed    {:.2} s, {:.0} times real time",
        document.speed.wall_s, document.speed.times_real_time
    )
}

fn sources(to: &mut String, rows: &[SourceRow]) -> std::fmt::Result {
    type Column = (&'static str, fn(&SourceRow) -> u64);
    let columns: [Column; 12] = [
        ("seen", |r| r.seen),
        ("fused", |r| r.fused),
        ("down-w.", |r| r.down_weighted),
        ("reloc.", |r| r.relocated),
        ("motion", |r| r.motion),
        ("waiting", |r| r.waiting),
        ("thinned", |r| r.thinned),
        ("gated", |r| r.gated),
        ("late", |r| r.late),
        ("dupl.", |r| r.duplicate),
        ("unknown", |r| r.unknown),
        ("other", |r| r.other_refused),
    ];
    let columns: Vec<Column> = columns
        .into_iter()
        .filter(|(name, of)| *name == "seen" || rows.iter().any(|r| of(r) > 0))
        .collect();
    let label = |r: &SourceRow| format!("{} {}", r.source, r.kind);
    let width = rows.iter().map(|r| label(r).chars().count()).max();
    let width = width.unwrap_or(0).max(6);
    write!(to, "{:width$}", "source")?;
    for (name, _) in &columns {
        write!(to, " {name:>8}")?;
    }
    writeln!(to, "  NIS/dof")?;
    for row in rows {
        write!(to, "{:width$}", label(row))?;
        for (_, of) in &columns {
            match of(row) {
                0 => write!(to, " {:>8}", "-")?,
                n => write!(to, " {n:>8}")?,
            }
        }
        match row.nis_per_dof {
            Some(nis) => writeln!(to, " {nis:8.2}")?,
            None => writeln!(to, " {:>8}", "-")?,
        }
    }
    Ok(())
}

fn start_and_end(to: &mut String, document: &Document) -> std::fmt::Result {
    match document.start_after_s {
        Some(s) => write!(to, "start    {s:.2} s after the first sample")?,
        None => write!(to, "start    never: the position did not become known")?,
    }
    let jumps = document.reset_counts.iter();
    let jumps: Vec<String> = jumps.map(|(cause, n)| format!("{n} {cause}")).collect();
    if !jumps.is_empty() {
        write!(to, "; jumps: {}", jumps.join(", "))?;
    }
    writeln!(to)?;
    if let Some(end) = &document.end {
        let ([x, y, z], [sx, sy, sz]) = (end.position_m, end.position_sigma_m);
        writeln!(
            to,
            "end      {}: x {x:.2} ± {sx:.2} m, y {y:.2} ± {sy:.2} m, z {z:.2} ± {sz:.2} m, \
             heading {:.1} ± {:.1} deg",
            end.mode.replace('_', " "),
            end.yaw_deg,
            end.yaw_sigma_deg
        )?;
    }
    Ok(())
}

/// The conditions that were in force at some time, and what they were about.
fn findings(to: &mut String, document: &Document) -> std::fmt::Result {
    if document.finding_counts.is_empty() {
        return Ok(());
    }
    let mut told = Vec::new();
    for (condition, n) in &document.finding_counts {
        let about: BTreeSet<&str> = document
            .findings
            .iter()
            .filter(|f| f.condition == *condition)
            .flat_map(|f| [f.source.as_deref(), f.target.as_deref()])
            .flatten()
            .collect();
        let about: Vec<&str> = about.into_iter().take(MOST_SUBJECTS).collect();
        let about = if about.is_empty() {
            String::new()
        } else {
            format!(" ({})", about.join(", "))
        };
        told.push(format!("{n} {}{about}", condition.replace('_', " ")));
    }
    writeln!(to, "health   {}", told.join(", "))
}

/// What stays as it is; the momentary values of drifts are only counted.
fn parameters(to: &mut String, all: &[ParameterRow]) -> std::fmt::Result {
    let (drifts, kept): (Vec<_>, Vec<_>) = all.iter().partition(|p| p.name.contains("drift"));
    let shown: Vec<String> = kept
        .iter()
        .take(MOST_PARAMETERS)
        .map(|p| learned(p))
        .collect();
    let width = shown.iter().map(|s| s.chars().count()).max().unwrap_or(0);
    for (i, pair) in shown.chunks(2).enumerate() {
        let head = if i == 0 { "learned" } else { "" };
        let line = match pair {
            [one, two] => format!("{head:8} {one:width$}   {two}"),
            _ => format!("{head:8} {}", pair.concat()),
        };
        writeln!(to, "{line}")?;
    }
    let more = kept.len() - shown.len();
    let rest: Vec<String> = [(more, "more"), (drifts.len(), "drifts")]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    if !rest.is_empty() {
        writeln!(to, "         and {}", rest.join(" and "))?;
    }
    Ok(())
}

/// With two digits of sigma.
fn learned(p: &ParameterRow) -> String {
    let power = p.sigma.abs().max(1e-12).log10().floor();
    if power < -6.0 {
        return format!("{} {:.1e} ± {:.1e}", p.name, p.value, p.sigma);
    }
    let places = (1.0 - power).max(0.0) as usize;
    format!("{} {:.places$} ± {:.places$}", p.name, p.value, p.sigma)
}

/// The smoothed run; where it is no better than the other, what is constant explains it or does not.
fn smoothed(to: &mut String, s: &SmoothedDocument, document: &Document) -> std::fmt::Result {
    let megabytes = s.bytes as f64 / 1e6;
    writeln!(
        to,
        "smoothed {} states, {megabytes:.0} MB kept, {:.0} MB an hour",
        s.states,
        megabytes * 3600.0 / document.span_s.max(1.0)
    )?;
    let Some(e) = &s.errors else { return Ok(()) };
    errors(to, "", e)?;
    let Some(online) = &document.errors else {
        return Ok(());
    };
    let is_worse = |of: fn(&ErrorsDocument) -> Option<Statistics>| {
        of(online)
            .zip(of(e))
            .filter(|(online, s)| s.rmse > online.rmse)
    };
    if let (Some((online, _)), Some([x, y]), Some(rest)) = (
        is_worse(|e| e.horizontal_m),
        e.constant_m,
        e.rmse_without_constant_m,
    ) {
        writeln!(
            to,
            "         2D no better than online ({:.3} m): a constant error of x {x:.3}, y {y:.3} m is in \
             it, which no smoothing takes out; without it {rest:.3} m",
            online.rmse
        )?;
    }
    if let (Some((online, _)), Some(mean), Some(rest)) = (
        is_worse(|e| e.yaw_deg),
        e.constant_yaw_deg,
        e.rmse_without_constant_yaw_deg,
    ) {
        writeln!(
            to,
            "         heading no better than online ({:.3} deg): a constant error of {mean:.3} deg is in \
             it, which no smoothing takes out; without it {rest:.3} deg",
            online.rmse
        )?;
    }
    Ok(())
}

fn errors(to: &mut String, head: &str, e: &ErrorsDocument) -> std::fmt::Result {
    let rows = [
        ("2D m", &e.horizontal_m),
        ("3D m", &e.position_m),
        ("heading deg", &e.yaw_deg),
        ("inclination deg", &e.inclination_deg),
        ("velocity m/s", &e.velocity_mps),
    ];
    writeln!(
        to,
        "{head:8} {:15} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "error", "rmse", "median", "p95", "max", "rows"
    )?;
    for (name, statistics) in rows {
        let Some(s) = statistics else { continue };
        writeln!(
            to,
            "         {name:15} {:8.3} {:8.3} {:8.3} {:8.3} {:8}",
            s.rmse, s.median, s.p95, s.max, s.count
        )?;
    }
    for (name, level) in [
        ("2D level", &e.horizontal_level),
        ("height level", &e.vertical_level),
    ] {
        let Some(l) = level else { continue };
        write!(
            to,
            "         {name:15} error above it in {} of {} rows ({:.3} %); level median {:.3} m, error p95 {:.3} m",
            l.above,
            l.count,
            100.0 * l.above_share,
            l.median_m,
            l.error_p95_m
        )?;
        match l.ratio {
            Some(ratio) => writeln!(to, ", ratio {ratio:.1}")?,
            None => writeln!(to)?,
        }
    }
    let mut notes = Vec::new();
    if let Some((nees, expected)) = e.position_nees.zip(e.position_nees_expected) {
        notes.push(format!("position NEES {nees:.2} (honest: {expected})"));
    }
    if let Some(nees) = e.yaw_nees {
        notes.push(format!("heading NEES {nees:.2} (honest: 1)"));
    }
    if e.before_start > 0 {
        notes.push(format!("{} rows before the start", e.before_start));
    }
    if e.unmatched > 0 {
        notes.push(format!(
            "{} rows not compared (holes, or late)",
            e.unmatched
        ));
    }
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(to, "         {}", notes.join("; "))
}

fn damage(to: &mut String, what: &str, damage: &DamageDocument) -> std::fmt::Result {
    if damage.ignored > 0 {
        let n = damage.ignored;
        writeln!(to, "{what:8} {n} messages of no use to wayfix left out")?;
    }
    if damage.count == 0 {
        return Ok(());
    }
    writeln!(to, "{what:8} {} damaged places left out:", damage.count)?;
    for note in damage.notes.iter().take(MOST_NOTES) {
        writeln!(to, "         {note}")?;
    }
    if damage.count > MOST_NOTES as u64 {
        writeln!(to, "         ...")?;
    }
    Ok(())
}
