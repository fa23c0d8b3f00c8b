//! The answer as sentences.

use std::fmt::Write;

use wayfix_filter::Timestamp;

use super::Answer;
use crate::engine::{Estimate, Fate, Report, Reset, ResetCause};
use crate::evaluate::components;
use crate::output::estimate::mode_name;
use crate::output::reports::fate_name;

/// The answer for people; times are seconds after `begin`.
#[must_use]
pub fn told(answer: &Answer, begin: Timestamp) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_all(&mut text, answer, begin);
    text
}

fn write_all(to: &mut String, answer: &Answer, begin: Timestamp) -> std::fmt::Result {
    let at_s = answer.question.at.seconds_since(begin);
    match &answer.before {
        Some(estimate) => writeln!(to, "At {at_s:.2} s {}.", state(estimate))?,
        None => writeln!(to, "At {at_s:.2} s the position was not known yet.")?,
    }
    let held = answer.before.as_ref().or(answer.after.as_ref());
    let conditions: Vec<&str> = held.map_or_else(Vec::new, |e| {
        e.health.conditions().map(|c| c.name()).collect()
    });
    if !conditions.is_empty() {
        writeln!(
            to,
            "In force then: {}.",
            conditions.join(", ").replace('_', " ")
        )?;
    }
    for reset in &answer.resets {
        writeln!(to, "{:.2} s: {}", reset.t.seconds_since(begin), jump(reset))?;
    }
    for finding in &answer.findings {
        let verb = if finding.began { "begins" } else { "ends" };
        let about = [finding.source, finding.target];
        let about: Vec<&str> = about.iter().flatten().map(|name| name.as_str()).collect();
        writeln!(
            to,
            "{:.2} s: {} {verb}{}{}.",
            finding.t.seconds_since(begin),
            finding.condition.name().replace('_', " "),
            if about.is_empty() { "" } else { ": " },
            about.join(" ")
        )?;
    }
    writeln!(to)?;
    if answer.measurements.is_empty() {
        match &answer.question.source {
            Some(name) => writeln!(to, "Nothing of {name} is in the log about then.")?,
            None => writeln!(to, "Nothing was refused about then.")?,
        }
    }
    for report in &answer.measurements {
        let of = report.target.map_or_else(String::new, |t| format!(" {t}"));
        writeln!(
            to,
            "{:.3} s, {} {}{of}: {}",
            report.t.seconds_since(begin),
            report.source,
            report.kind.name().replace('_', " "),
            verdict(report)
        )?;
    }
    if answer.more > 0 {
        writeln!(to, "and {} more.", answer.more)?;
    }
    writeln!(to, "\nWithin {} s of it:", answer.question.around_s)?;
    if answer.sources.is_empty() {
        writeln!(to, "no source said anything.")?;
    }
    for ((source, kind), others) in &answer.sources {
        let mut parts = vec![format!("{} used", others.used)];
        parts.extend(
            others
                .refused
                .iter()
                .map(|(verdict, n)| format!("{n} {verdict}")),
        );
        if let Some(nis) = others.nis {
            parts.push(format!(
                "NIS of those {nis:.2} a degree of freedom (honest: 1)"
            ));
        }
        let line = format!("{source} {}: {}", kind.name(), parts.join(", "));
        writeln!(to, "{}", line.replace('_', " "))?;
    }
    Ok(())
}

fn state(e: &Estimate) -> String {
    let p = &e.position_covariance;
    let sigma = |i: usize| p[(i, i)].max(0.0).sqrt();
    format!(
        "the estimate ({}) was x {:.3} ± {:.3}, y {:.3} ± {:.3}, z {:.3} ± {:.3} m, heading {:.1} ± {:.1} deg, \
         {:.2} m/s, protection level {:.2} m",
        mode_name(e.mode).replace('_', " "),
        e.p_n.x,
        sigma(0),
        e.p_n.y,
        sigma(1),
        e.p_n.z,
        sigma(2),
        e.yaw_rad().to_degrees(),
        e.yaw_sigma_rad().to_degrees(),
        e.v_n.norm(),
        e.protection.horizontal_m
    )
}

fn jump(reset: &Reset) -> String {
    let why = match reset.cause {
        ResetCause::Start => "the start was found",
        ResetCause::Collapse => "one hypothesis outlived the one that led before",
        ResetCause::Fixpoint => "a fixpoint contradicted the estimate and took it back",
        ResetCause::Correction => "a measurement moved it by more than three of its sigmas",
        ResetCause::Disproved => "the next fixpoint disproved the one that was believed",
        ResetCause::Relocalised => {
            "the estimate was locked out, and what it refused agreed on another place"
        }
    };
    let [x, y, z]: [f64; 3] = reset.delta_m.into();
    format!(
        "the position jumped by {:.2} m (x {x:.2}, y {y:.2}, z {z:.2}) and the heading by {:.1} deg, because {why}.",
        x.hypot(y).hypot(z),
        reset.delta_yaw_rad.to_degrees()
    )
}

/// What became of a measurement, why, and what would have passed.
fn verdict(report: &Report) -> String {
    let why = match report.fate {
        Fate::Fused => "used with full weight",
        Fate::DownWeighted => "used with less weight",
        Fate::Relocated => "a fixpoint that took the estimate back",
        Fate::Motion => "carried the state",
        Fate::Waiting => "kept until the start is known",
        Fate::Thinned => "left out on purpose: this source is used less often",
        Fate::Gated => "refused by its gate",
        Fate::Degenerate => {
            "refused: the geometry gives no direction (sensor on the target, or behind it)"
        }
        Fate::Invalid => {
            "refused: a number that is not finite, not physical, or a sigma that is not positive"
        }
        Fate::Disturbed => "refused: the field is not the Earth's in strength or inclination",
        Fate::Frozen => "distrusted: the sensor repeats or interpolates its output",
        Fate::Saturated => "distrusted: at the end of the sensor's range",
        Fate::UnknownTarget => "refused: site.toml does not have it",
        Fate::UnknownSource => "refused: vehicle.toml does not have this source",
        Fate::WrongKind => "refused: the source's kind in vehicle.toml gives no such reading",
        Fate::MissingReference => "refused: site.toml lacks the datum or the magnetic field",
        Fate::TooLate => "refused: older than the horizon",
        Fate::Duplicate => "refused: it was there before",
        Fate::ClockJump => "refused: its time is far from that of all others",
        Fate::Distrusted => "not believed: the fixpoints after it disproved it again and again",
    };
    let Some(update) = report.update.as_ref().filter(|u| u.nis.is_finite()) else {
        return format!("{why}.");
    };
    let mut text = format!(
        "{why} ({}). Measured minus expected:",
        fate_name(report.fate)
    );
    for (i, (unit, scale)) in components(report.kind, update.dimension).iter().enumerate() {
        let (off, sigma) = (update.residual[i] * scale, update.sigma[i] * scale);
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma} {off:.3} {unit}, {:.1} sigma (of {sigma:.3} {unit})",
            (off / sigma).abs()
        );
    }
    let _ = write!(text, ". NIS {:.2}", update.nis);
    if update.gate.is_finite() {
        let _ = write!(text, ", gate {:.2}", update.gate);
        let all = components(report.kind, update.dimension);
        if let ([(unit, scale)], true) = (all.as_slice(), report.fate == Fate::Gated) {
            let within = update.gate.sqrt() * update.sigma[0] * scale;
            let _ = write!(
                text,
                ": within {within:.3} {unit} of what was expected it would have passed"
            );
        } else if report.fate == Fate::Gated {
            let times = (update.nis / update.gate).sqrt();
            let _ = write!(text, ": {times:.1} times closer it would have passed");
        }
    }
    if update.weight < 1.0 && update.weight > 0.0 {
        let _ = write!(text, ", weight {:.2}", update.weight);
    }
    text.push('.');
    text
}
