//! What is plotted over time: innovations and NIS against their gates, parameters with their sigma,
//! how often each source is heard.

use std::collections::{BTreeMap, BTreeSet};

use rerun::components::MarkerShape;
use rerun::{Color, EntityPath, Scalars, SeriesLines, SeriesPoints};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Kind, Name};

use super::colour;
use super::layout::Shown;
use super::pen::{Pen, path};
use crate::engine::{Learned, Report};
use crate::output::reports::furthest;

/// Least time between two innovations that are drawn, of a source that gives many \[s\]; those of
/// refused measurements are all drawn.
const INNOVATION_S: f64 = 0.1;

/// How a curve looks.
pub fn line(pen: &mut Pen, at: impl Into<EntityPath>, name: &str, colour: Color) {
    let style = SeriesLines::new()
        .with_names([name])
        .with_colors([colour])
        .with_widths([1.5]);
    pen.draw_once(at, &style);
}

/// A pair of limits beside a curve.
fn limits(pen: &mut Pen, at: EntityPath, names: [&str; 2]) {
    let style = SeriesLines::new()
        .with_names(names)
        .with_colors([colour::BAND; 2])
        .with_widths([1.0; 2]);
    pen.draw_once(at, &style);
}

/// See the module.
#[derive(Default)]
pub struct Plots {
    /// When innovations were drawn last.
    drawn: BTreeMap<(Name, Kind), Timestamp>,
    learned: BTreeSet<String>,
    /// Samples of each source within this second.
    heard: BTreeMap<Name, u32>,
    second: Option<i64>,
}

impl Plots {
    /// Takes a report in: once a second the rates are drawn, and with an innovation that.
    pub fn report(&mut self, pen: &mut Pen, report: &Report, shown: &mut Shown) {
        self.count(pen, report);
        let Some(update) = &report.update else { return };
        let Some((residual, sigma)) = furthest(update) else {
            return;
        };
        let key = (report.source, report.kind);
        let is_soon =
            |last: &Timestamp| (0.0..INNOVATION_S).contains(&report.t.seconds_since(*last));
        if report.fate.is_used() && self.drawn.get(&key).is_some_and(is_soon) {
            return;
        }
        self.drawn.insert(key, report.t);
        pen.at(report.t);
        let kind = report.kind.name();
        let innovation = path(["innovation", &report.source, kind]);
        let nis = path(["nis", &report.source, kind]);
        let gate = |at: &EntityPath| at.join(&"gate".into());
        if shown.innovations.insert(key) {
            limits(pen, gate(&innovation), ["- gate", "+ gate"]);
            line(pen, gate(&nis), "gate", colour::BAND);
            for (at, name) in [(&innovation, "innovation"), (&nis, "NIS")] {
                let style = SeriesPoints::new()
                    .with_names([name])
                    .with_markers([MarkerShape::Circle])
                    .with_marker_sizes([1.5]);
                pen.draw_once(at.clone(), &style);
            }
        }
        let verdict = [colour::of_fate(report.fate)];
        let coloured = SeriesPoints::update_fields().with_colors(verdict);
        pen.draw_both(innovation.clone(), &Scalars::single(residual), &coloured);
        pen.draw_both(nis.clone(), &Scalars::single(update.nis), &coloured);
        if update.gate.is_finite() {
            let limit = update.gate.sqrt() * sigma;
            pen.draw(gate(&innovation), &Scalars::new([-limit, limit]));
            pen.draw(gate(&nis), &Scalars::single(update.gate));
        }
    }

    fn count(&mut self, pen: &mut Pen, report: &Report) {
        if !report.fate.is_timely() {
            return;
        }
        let second = report.t.0.div_euclid(1_000_000_000);
        match self.second {
            Some(last) if second <= last => {}
            Some(last) => {
                pen.at(Timestamp((last + 1).saturating_mul(1_000_000_000)));
                for (source, count) in &mut self.heard {
                    let rate_hz = f64::from(std::mem::take(count));
                    pen.draw(path(["rate", source]), &Scalars::single(rate_hz));
                }
                self.second = Some(second);
            }
            None => self.second = Some(second),
        }
        let count = self.heard.entry(report.source).or_insert_with(|| {
            let style = SeriesLines::new().with_names([report.source.as_str()]);
            pen.draw_once(path(["rate", &report.source]), &style);
            0
        });
        *count += 1;
    }

    /// What is learned so far.
    pub fn parameters(&mut self, pen: &mut Pen, learned: &[Learned], shown: &mut Shown) {
        for p in learned {
            let (meaning, whose) = parts(&p.name);
            let at = path(["parameters", meaning, &whose]);
            let band = at.join(&"sigma".into());
            if !self.learned.contains(&p.name) {
                self.learned.insert(p.name.clone());
                shown.parameters.insert(meaning.to_owned());
                let style = SeriesLines::new()
                    .with_names([whose.as_str()])
                    .with_widths([1.5]);
                pen.draw_once(at.clone(), &style);
                limits(pen, band.clone(), ["- sigma", "+ sigma"]);
            }
            pen.draw(at, &Scalars::single(p.value));
            pen.draw(band, &Scalars::new([p.value - p.sigma, p.value + p.sigma]));
        }
    }
}

/// `source.meaning[target]` as its meaning, and whose it is.
fn parts(name: &str) -> (&str, String) {
    let (head, target) = name.split_at(name.find('[').unwrap_or(name.len()));
    let (source, meaning) = head.rsplit_once('.').unwrap_or(("", head));
    (meaning, format!("{source}{target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_grouped_by_what_they_mean() {
        assert_eq!(
            parts("uwb.range_bias_m[A1.x]"),
            ("range_bias_m", "uwb[A1.x]".to_owned())
        );
        assert_eq!(
            parts("hall.2.wheel_scale"),
            ("wheel_scale", "hall.2".to_owned())
        );
    }
}
