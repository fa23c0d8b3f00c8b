//! The names of the regions, with counts and shares, where they hide least.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Diagram;
use super::draw::{Cells, Chart, FONT, Failed};
use crate::evaluate::Region;

/// Height of a line and width of a letter, as shares of the axis.
const LINE: f64 = 0.032;
const LETTER: f64 = 0.0132;
/// Places that are tried along each axis.
const PLACES: u32 = 40;

/// Lines of text on a card.
struct Card {
    region: Region,
    lines: Vec<String>,
    /// Half its width and height \[m\].
    half_m: (f64, f64),
}

impl Card {
    fn new(region: Region, diagram: &Diagram, end: f64) -> Self {
        let n = diagram.counts[region as usize];
        let share = 100.0 * n as f64 / diagram.total() as f64;
        let digits = if n == 0 || share >= 10.0 { 1 } else { 2 };
        let words = name(region).split('\n').map(str::to_owned);
        let counted = format!("{} ({share:.digits$} %)", grouped(n));
        let lines: Vec<String> = words.chain([counted]).collect();
        let letters = lines.iter().map(String::len).max().unwrap_or(0);
        let half_m = (
            0.5 * LETTER * letters as f64 * end,
            (0.5 * LINE * lines.len() as f64 + 0.006) * end,
        );
        Self {
            region,
            lines,
            half_m,
        }
    }

    fn corners(&self, (x, y): (f64, f64)) -> [(f64, f64); 2] {
        let (dx, dy) = self.half_m;
        [(x - dx, y - dy), (x + dx, y + dy)]
    }

    /// Whether the whole card lies in its region at this place.
    fn fits(&self, at: (f64, f64), diagram: &Diagram, end: f64) -> bool {
        let [(x0, y0), (x1, y1)] = self.corners(at);
        let margin = 0.01 * end;
        let inside = x0 > margin && y0 > margin && x1 < end - margin && y1 < end - margin;
        let of = |x, y| Region::of(x, y, diagram.alert_m) == self.region;
        inside && of(x0, y0) && of(x1, y0) && of(x0, y1) && of(x1, y1)
    }

    /// Cells that it would hide.
    fn hidden(&self, at: (f64, f64), cells: &Cells) -> usize {
        let [(x0, y0), (x1, y1)] = self.corners(at);
        let under = |(x, y): &&(u32, u32)| {
            let (x, y) = (f64::from(*x) * cells.side_m, f64::from(*y) * cells.side_m);
            x + cells.side_m > x0 && x < x1 && y + cells.side_m > y0 && y < y1
        };
        cells.counts.keys().filter(under).count()
    }

    /// Where it fits and hides least; of equals the one nearest to the middle of its region.
    fn place(&self, diagram: &Diagram, cells: &Cells, end: f64) -> Option<(f64, f64)> {
        let along = |i: u32| (f64::from(i) + 0.5) / f64::from(PLACES) * end;
        let fitting: Vec<(f64, f64)> = (0..PLACES)
            .flat_map(|i| (0..PLACES).map(move |k| (along(i), along(k))))
            .filter(|at| self.fits(*at, diagram, end))
            .collect();
        let n = fitting.len() as f64;
        let middle = fitting
            .iter()
            .fold((0.0, 0.0), |sum, at| (sum.0 + at.0 / n, sum.1 + at.1 / n));
        let cost = |at: &(f64, f64)| {
            let away = (at.0 - middle.0).hypot(at.1 - middle.1) / end;
            self.hidden(*at, cells) as f64 + 0.5 * away
        };
        fitting
            .into_iter()
            .min_by(|a, b| cost(a).total_cmp(&cost(b)))
    }

    fn draw(&self, chart: &mut Chart, at: (f64, f64), end: f64) -> Result<(), Failed> {
        chart.draw_series([Rectangle::new(self.corners(at), WHITE.mix(0.8).filled())])?;
        for (i, text) in self.lines.iter().enumerate() {
            let style = (FONT, 16).into_font().color(&BLACK);
            let style = style.pos(Pos::new(HPos::Center, VPos::Center));
            let down = (i as f64 - 0.5 * (self.lines.len() as f64 - 1.0)) * LINE * end;
            chart.draw_series([Text::new(text.clone(), (at.0, at.1 - down), style)])?;
        }
        Ok(())
    }
}

/// Draws a card in every region that is large enough for it.
pub fn draw(chart: &mut Chart, diagram: &Diagram, cells: &Cells, end: f64) -> Result<(), Failed> {
    for region in Region::ALL {
        let card = Card::new(region, diagram, end);
        if let Some(at) = card.place(diagram, cells, end) {
            card.draw(chart, at, end)?;
        }
    }
    Ok(())
}

fn name(region: Region) -> &'static str {
    match region {
        Region::Nominal => "nominal",
        Region::Unavailable => "system unavailable",
        Region::Misleading => "misleading information",
        Region::Hazardous => "hazardously\nmisleading",
    }
}

/// Digits in threes.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(c);
    }
    text
}
