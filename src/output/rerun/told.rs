//! The log in words: modes, resets, findings, and refusals, of which a run of many is counted.

use std::collections::BTreeMap;

use rerun::components::TextLogLevel;
use rerun::{StateChange, StateConfiguration, TextLog};
use wayfix_filter::Timestamp;
use wayfix_sensors::Name;

use super::colour;
use super::pen::Pen;
use crate::engine::{Fate, Finding, Mode, Report, Reset};
use crate::output::estimate::mode_name;
use crate::output::reports::fate_name;
use crate::output::{findings, resets};

/// A run of refusals has ended when there was none for so long \[s\].
const QUIET_S: f64 = 5.0;
/// A run that lasts is counted so often \[s\].
const COUNT_S: f64 = 10.0;

/// Refusals of one source.
struct Run {
    /// The last one.
    last: Timestamp,
    /// When it was told last.
    told: Timestamp,
    /// How many since.
    count: u64,
}

/// See the module.
#[derive(Default)]
pub struct Told {
    mode: Option<Mode>,
    runs: BTreeMap<Name, Run>,
}

/// How the modes look, once.
pub fn prepare(pen: &mut Pen) {
    let modes = [
        Mode::Cold,
        Mode::Aligning,
        Mode::Tracking,
        Mode::DeadReckoning,
        Mode::Lost,
    ];
    let style = StateConfiguration::new()
        .with_values(modes.map(mode_name))
        .with_labels(modes.map(|mode| mode_name(mode).replace('_', " ")))
        .with_colors(modes.map(colour::of_mode));
    pen.draw_once("mode", &style);
}

impl Told {
    /// Tells it where it is another than before.
    pub fn mode(&mut self, pen: &mut Pen, t: Timestamp, mode: Mode) {
        if self.mode.replace(mode) == Some(mode) {
            return;
        }
        pen.at(t);
        pen.draw("mode", &StateChange::single(mode_name(mode)));
        let level = match mode {
            Mode::Lost => TextLogLevel::ERROR,
            Mode::DeadReckoning => TextLogLevel::WARN,
            _ => TextLogLevel::INFO,
        };
        say(pen, "log/mode", level, &mode_name(mode).replace('_', " "));
    }

    /// Tells the first refusal of a run, and how many followed.
    pub fn report(&mut self, pen: &mut Pen, report: &Report) {
        if report.fate.is_used() || matches!(report.fate, Fate::Waiting | Fate::Thinned) {
            return;
        }
        let t = report.t;
        if let Some(run) = self.runs.get_mut(&report.source) {
            let quiet_s = t.seconds_since(run.last);
            if quiet_s < QUIET_S {
                run.last = run.last.max(t);
                run.count += 1;
                if t.seconds_since(run.told) >= COUNT_S {
                    count(pen, &report.source, run);
                }
                return;
            }
            count(pen, &report.source, run);
        }
        let run = Run {
            last: t,
            told: t,
            count: 0,
        };
        self.runs.insert(report.source, run);
        pen.at(t);
        say(pen, "log/refused", TextLogLevel::WARN, &refusal(report));
    }

    /// Counts what was not told yet.
    pub fn finish(&mut self, pen: &mut Pen) {
        for (source, run) in &mut self.runs {
            count(pen, source, run);
        }
    }
}

fn count(pen: &mut Pen, source: &str, run: &mut Run) {
    if run.count > 0 {
        pen.at(run.last);
        let text = format!("{source}: {} more refused", run.count);
        say(pen, "log/refused", TextLogLevel::WARN, &text);
    }
    run.count = 0;
    run.told = run.last;
}

fn refusal(report: &Report) -> String {
    let about = report
        .target
        .map_or_else(String::new, |target| format!(" {target}"));
    let fate = fate_name(report.fate).replace('_', " ");
    let kind = report.kind.name().replace('_', " ");
    match report
        .update
        .filter(|u| u.nis.is_finite() && u.gate.is_finite())
    {
        Some(u) => format!(
            "{} {kind}{about}: {fate}, NIS {:.1}, gate {:.1}",
            report.source, u.nis, u.gate
        ),
        None => format!("{} {kind}{about}: {fate}", report.source),
    }
}

/// A condition began or ended.
pub fn finding(pen: &mut Pen, finding: &Finding) {
    pen.at(finding.t);
    let level = match finding.began {
        true => TextLogLevel::WARN,
        false => TextLogLevel::INFO,
    };
    say(pen, "log/finding", level, &findings::words(finding));
}

/// A jump.
pub fn reset(pen: &mut Pen, reset: &Reset) {
    pen.at(reset.t);
    say(pen, "log/reset", TextLogLevel::WARN, &resets::words(reset));
}

fn say(pen: &mut Pen, at: &str, level: &str, text: &str) {
    pen.draw(at, &TextLog::new(text).with_level(level));
}
