//! The picture of a Stanford diagram.

use std::collections::BTreeMap;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Diagram;
use super::labels::{self, grouped};
use crate::evaluate::Region;

const SIZE: (u32, u32) = (820, 740);
/// Right of the plot, for the colours' scale.
const SCALE_WIDTH: u32 = 110;
/// The axes reach so far that this share of the epochs is on them; the rest counts at their ends.
const SHOWN: f64 = 0.995;
/// Cells along an axis, about.
const CELLS: f64 = 90.0;
pub(super) const FONT: &str = "sans-serif";

pub(super) type Failed = DrawingAreaErrorKind<std::io::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
pub(super) type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The diagram as an SVG document on white.
pub fn svg(diagram: &Diagram) -> Result<String, Failed> {
    let mut text = String::new();
    let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 - SCALE_WIDTH);
    let title = format!(
        "Stanford diagram, {}: {} epochs",
        diagram.direction,
        grouped(diagram.total())
    );
    let axis_m = axis_m(diagram);
    let mut chart = ChartBuilder::on(&left)
        .caption(title, (FONT, 22))
        .margin(14)
        .set_label_area_size(LabelAreaPosition::Left, 62)
        .set_label_area_size(LabelAreaPosition::Bottom, 52)
        .build_cartesian_2d(0.0..axis_m, 0.0..axis_m)?;
    regions(&mut chart, diagram, axis_m)?;
    let places = if axis_m < 0.1 {
        3
    } else {
        usize::from(axis_m < 5.0) + 1
    };
    let label = |v: &f64| format!("{v:.places$}");
    chart
        .configure_mesh()
        .x_desc(format!("{} error [m]", capital(diagram.direction)))
        .y_desc(format!(
            "{} protection level [m]",
            capital(diagram.direction)
        ))
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .x_labels(8)
        .y_labels(8)
        .axis_desc_style((FONT, 17))
        .label_style((FONT, 14))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .draw()?;
    let cells = Cells::new(diagram, axis_m);
    cells.draw(&mut chart, axis_m)?;
    limits(&mut chart, diagram, axis_m)?;
    labels::draw(&mut chart, diagram, &cells, axis_m)?;
    scale(&right, cells.most)?;
    drop(chart);
    root.present()?;
    drop((left, right, root));
    Ok(text)
}

/// Length of both axes \[m\].
fn axis_m(diagram: &Diagram) -> f64 {
    let reach_m = 1.15 * diagram.bins.reach_m(SHOWN);
    let with_limit = diagram.alert_m.map_or(reach_m, |a| reach_m.max(1.4 * a));
    let power = 10f64.powf(with_limit.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let enough = steps.into_iter().find(|s| s * power >= with_limit);
    enough.unwrap_or(10.0) * power
}

/// Pale ground of each region.
fn ground(region: Region) -> RGBColor {
    match region {
        Region::Nominal => RGBColor(240, 248, 240),
        Region::Unavailable => RGBColor(255, 249, 219),
        Region::Misleading => RGBColor(255, 232, 214),
        Region::Hazardous => RGBColor(250, 208, 208),
    }
}

fn regions(chart: &mut Chart, diagram: &Diagram, end: f64) -> Result<(), Failed> {
    let mut fill = |corners: &[(f64, f64)], region| {
        let area = Polygon::new(corners.to_vec(), ground(region).filled());
        chart.draw_series([area]).map(|_| ())
    };
    fill(&[(0.0, 0.0), (end, end), (0.0, end)], Region::Nominal)?;
    fill(&[(0.0, 0.0), (end, end), (end, 0.0)], Region::Misleading)?;
    if let Some(a) = diagram.alert_m {
        fill(
            &[(0.0, a), (a, a), (end, end), (0.0, end)],
            Region::Unavailable,
        )?;
        fill(&[(a, 0.0), (end, 0.0), (end, a), (a, a)], Region::Hazardous)?;
    }
    Ok(())
}

/// The counts as they are drawn.
pub(super) struct Cells {
    /// Side of a cell \[m\].
    pub side_m: f64,
    /// Epochs by cell.
    pub counts: BTreeMap<(u32, u32), u64>,
    most: u64,
}

impl Cells {
    fn new(diagram: &Diagram, end: f64) -> Self {
        let width_m = diagram.bins.width_m();
        let by = (end / CELLS / width_m).ceil().max(1.0);
        let side_m = by * width_m;
        let last = (end / side_m).ceil() - 1.0;
        let counts = diagram.bins.coarser(by as u32, last as u32);
        let most = counts.values().copied().max().unwrap_or(1);
        Self {
            side_m,
            counts,
            most,
        }
    }

    fn draw(&self, chart: &mut Chart, end: f64) -> Result<(), Failed> {
        let side_m = self.side_m;
        let cell = |((x, y), n): (&(u32, u32), &u64)| {
            let (x, y) = (f64::from(*x) * side_m, f64::from(*y) * side_m);
            let far = ((x + side_m).min(end), (y + side_m).min(end));
            Rectangle::new([(x, y), far], colour(*n, self.most).filled())
        };
        chart.draw_series(self.counts.iter().map(cell)).map(|_| ())
    }
}

/// Dark for one epoch, bright for the most.
fn colour(n: u64, most: u64) -> RGBColor {
    let share = (n as f64).ln() / (most.max(2) as f64).ln();
    ViridisRGB.get_color_normalized(share as f32, 0.0, 1.0)
}

fn limits(chart: &mut Chart, diagram: &Diagram, end: f64) -> Result<(), Failed> {
    let solid = BLACK.stroke_width(2);
    chart.draw_series([PathElement::new(vec![(0.0, 0.0), (end, end)], solid)])?;
    if let Some(a) = diagram.alert_m {
        let red = RGBColor(190, 20, 20).stroke_width(2);
        chart.draw_series([
            PathElement::new(vec![(0.0, a), (end, a)], red),
            PathElement::new(vec![(a, 0.0), (a, a)], red),
        ])?;
        let style = (FONT, 14).into_font().color(&RGBColor(150, 10, 10));
        let style = style.pos(Pos::new(HPos::Right, VPos::Bottom));
        let text = format!("alert limit {a} m");
        chart.draw_series([Text::new(text, (0.995 * end, a + 0.004 * end), style)])?;
    }
    Ok(())
}

/// The colours' scale: a bar from one epoch to the most.
fn scale(area: &Area, most: u64) -> Result<(), Failed> {
    const TOP: i32 = 90;
    const BOTTOM: i32 = 560;
    const BAR: (i32, i32) = (14, 34);
    let height = BOTTOM - TOP;
    let ln_most = (most.max(2) as f64).ln();
    for i in 0..height {
        let n = (ln_most * f64::from(i) / f64::from(height)).exp();
        let share = n.ln() / ln_most;
        let colour = ViridisRGB.get_color_normalized(share as f32, 0.0, 1.0);
        let y = BOTTOM - i;
        area.draw(&Rectangle::new(
            [(BAR.0, y - 1), (BAR.1, y)],
            colour.filled(),
        ))?;
    }
    let style = (FONT, 14).into_font().color(&BLACK);
    let left = style.pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new("epochs", (BAR.0, TOP - 38), left.clone()))?;
    area.draw(&Text::new("in a cell", (BAR.0, TOP - 20), left.clone()))?;
    let mut n = 1_u64;
    while n <= most.max(2) {
        let up = f64::from(height) * (n as f64).ln() / ln_most;
        let y = BOTTOM - up as i32;
        area.draw(&PathElement::new(vec![(BAR.1, y), (BAR.1 + 5, y)], BLACK))?;
        area.draw(&Text::new(grouped(n), (BAR.1 + 8, y), left.clone()))?;
        n = n.saturating_mul(10);
    }
    Ok(())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_limits_are_in_the_picture() {
        let mut diagram = Diagram::new("horizontal", Some(1.0));
        for i in 0..1234 {
            diagram.add(0.0004 * f64::from(i), 0.6);
        }
        diagram.add(0.7, 0.6);
        diagram.add(0.2, 1.1);
        diagram.add(30.0, 0.9);
        let svg = svg(&diagram).unwrap();
        for text in [
            "1 237 epochs",
            "1 234 (99.8 %)",
            "1 (0.08 %)",
            "alert limit 1 m",
            "system unavailable",
            "hazardously",
            "Horizontal error [m]",
        ] {
            assert!(svg.contains(text), "{text} is missing");
        }
        // The one far out is counted at the edge, not in the way of the others.
        assert!((axis_m(&diagram) - 1.6).abs() < 1e-9);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let of = |level_m: f64| {
            let mut diagram = Diagram::new("vertical", None);
            diagram.add(0.0, level_m);
            axis_m(&diagram)
        };
        assert!((of(0.1) - 0.12).abs() < 1e-9);
        assert!((of(7.0) - 10.0).abs() < 1e-9);
        assert!((of(123.0) - 160.0).abs() < 1e-9);
    }
}
