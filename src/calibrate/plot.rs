//! Pictures of a calibration: residuals over time, their histogram, and whatever else is dots, lines
//! and cells over two axes, each linear or logarithmic.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::full_palette::{GREEN_700, RED_700};
use plotters::prelude::*;

use wayfix_calibration::least_squares::Residual;

const SIZE: (u32, u32) = (900, 560);
const FONT: &str = "sans-serif";
/// Dots of a series that are drawn; more are thinned evenly.
const MOST_DOTS: usize = 4000;
/// Series that a legend has room for.
const MOST_NAMES: usize = 14;
/// Bins of a histogram, over so many sigmas to either side.
const BINS: usize = 60;
const REACH: f64 = 6.0;

type Failed = DrawingAreaErrorKind<std::io::Error>;

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// Name of its file, without ending.
    pub name: String,
    /// Above it.
    pub title: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// What is on it, the last on top.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// With its unit.
    pub label: String,
    /// Logarithmic.
    pub is_log: bool,
    /// Ends; absent: as far as the series reach.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// A linear one, as far as the series reach.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }

    /// A logarithmic one.
    #[must_use]
    pub fn log(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            is_log: true,
            range: None,
        }
    }

    fn place(&self, value: f64) -> f64 {
        if self.is_log { value.log10() } else { value }
    }

    /// Ends in places, over all that is finite.
    fn ends(&self, values: impl Iterator<Item = f64>) -> (f64, f64) {
        if let Some((from, to)) = self.range {
            return (self.place(from), self.place(to));
        }
        let (low, high) = values
            .map(|value| self.place(value))
            .filter(|place| place.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| {
                (low.min(place), high.max(place))
            });
        if low > high {
            return (0.0, 1.0);
        }
        let margin = 0.04 * (high - low).max(1e-9 * high.abs()).max(1e-12);
        (low - margin, high + margin)
    }

    fn written(&self, place: f64) -> String {
        let value = if self.is_log {
            10_f64.powf(place)
        } else {
            place
        };
        match value.abs() {
            0.0 => "0".to_owned(),
            size if self.is_log || !(1e-3..1e5).contains(&size) => format!("{value:.0e}"),
            size if size >= 100.0 => format!("{value:.0}"),
            size if size >= 1.0 => format!("{value:.1}"),
            _ => format!("{value:.3}"),
        }
    }
}

/// Points of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// In the legend; empty: not there.
    pub name: String,
    /// How they are drawn.
    pub style: Style,
    /// Where they are.
    pub points: Vec<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    /// Dots.
    Dots,
    /// A line through all.
    Line,
    /// Upright bars from zero, so wide.
    Bars(f64),
    /// Filled cells around the points, so wide and high: green where true, red where not.
    Cells(f64, f64, bool),
}

impl Plot {
    /// Residuals over time; `names` are those of the residuals' series.
    #[must_use]
    pub fn residuals(name: &str, label: &str, names: &[String], residuals: &[Residual]) -> Self {
        let of = |series: usize| {
            let own = residuals.iter().filter(move |r| r.series == series);
            own.map(|r| (r.t_s, r.value)).collect()
        };
        let series = names.iter().enumerate().map(|(k, name)| Series {
            name: name.clone(),
            style: Style::Dots,
            points: of(k),
        });
        Self {
            name: name.to_owned(),
            title: format!("Residuals: {label}"),
            x: Axis::linear("time [s]"),
            y: Axis::linear(format!("residual, {label}")),
            series: series.collect(),
        }
    }

    /// Histogram of residuals in their sigmas, beside the normal distribution.
    #[must_use]
    pub fn histogram(name: &str, label: &str, residuals: &[Residual]) -> Self {
        let width = 2.0 * REACH / BINS as f64;
        let mut counts = vec![0_usize; BINS];
        for residual in residuals {
            // What is beyond counts at the ends.
            let bin = ((residual.normalised + REACH) / width).floor();
            counts[(bin.max(0.0) as usize).min(BINS - 1)] += 1;
        }
        let middle = |bin: usize| -REACH + (bin as f64 + 0.5) * width;
        let scale = width * residuals.len() as f64 / std::f64::consts::TAU.sqrt();
        let normal = (0..=200).map(|k| -REACH + 2.0 * REACH * f64::from(k) / 200.0);
        let bars = counts.iter().enumerate();
        Self {
            name: name.to_owned(),
            title: format!("Residuals: {label}"),
            x: Axis::linear("residual in sigmas"),
            y: Axis::linear("number"),
            series: vec![
                Series {
                    name: format!("{} residuals", residuals.len()),
                    style: Style::Bars(width),
                    points: bars.map(|(k, n)| (middle(k), *n as f64)).collect(),
                },
                Series {
                    name: "as the sigmas say".to_owned(),
                    style: Style::Line,
                    points: normal.map(|x| (x, scale * (-0.5 * x * x).exp())).collect(),
                },
            ],
        }
    }

    /// The picture as an SVG document on white.
    ///
    /// # Errors
    /// What the drawing library refuses.
    pub fn svg(&self) -> anyhow::Result<String> {
        self.drawn()
            .map_err(|error| anyhow::anyhow!("drawing {}: {error}", self.name))
    }

    fn drawn(&self) -> Result<String, Failed> {
        let mut text = String::new();
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let points = || self.series.iter().flat_map(|series| &series.points);
        let has_bars = |series: &Series| matches!(series.style, Style::Bars(_));
        let ground = self.series.iter().any(has_bars).then_some(0.0);
        let x = self.x.ends(points().map(|p| p.0));
        let y = self.y.ends(points().map(|p| p.1).chain(ground));
        let mut chart = ChartBuilder::on(&root)
            .caption(&self.title, (FONT, 20))
            .margin(14)
            .set_label_area_size(LabelAreaPosition::Left, 74)
            .set_label_area_size(LabelAreaPosition::Bottom, 50)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
        chart
            .configure_mesh()
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_label_formatter(&|place| self.x.written(*place))
            .y_label_formatter(&|place| self.y.written(*place))
            .x_labels(9)
            .y_labels(9)
            .axis_desc_style((FONT, 16))
            .label_style((FONT, 13))
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.1))
            .draw()?;
        for (index, series) in self.series.iter().enumerate() {
            self.draw(&mut chart, index, series)?;
        }
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        if (1..=MOST_NAMES).contains(&named.count()) {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.3))
                .label_font((FONT, 13))
                .draw()?;
        }
        drop(chart);
        root.present()?;
        drop(root);
        Ok(text)
    }

    fn draw(
        &self,
        chart: &mut ChartContext<SVGBackend, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
        index: usize,
        series: &Series,
    ) -> Result<(), Failed> {
        let colour = match series.style {
            Style::Cells(.., true) => GREEN_700.to_rgba(),
            Style::Cells(.., false) => RED_700.to_rgba(),
            _ => Palette99::pick(index).to_rgba(),
        };
        let place = |(x, y): &(f64, f64)| (self.x.place(*x), self.y.place(*y));
        let every = match series.style {
            Style::Dots => series.points.len().div_ceil(MOST_DOTS).max(1),
            _ => 1,
        };
        let points = series.points.iter().step_by(every).map(place);
        let points: Vec<(f64, f64)> = points
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .collect();
        let drawn = match series.style {
            Style::Dots => {
                let dot = |at| Circle::new(at, 2, colour.mix(0.55).filled());
                chart.draw_series(points.into_iter().map(dot))?
            }
            Style::Line => {
                let style = colour.stroke_width(2);
                chart.draw_series([PathElement::new(points, style)])?
            }
            Style::Bars(width) => {
                let half = 0.46 * width;
                let bar = |(x, y): (f64, f64)| {
                    Rectangle::new([(x - half, 0.0), (x + half, y)], colour.mix(0.5).filled())
                };
                chart.draw_series(points.into_iter().map(bar))?
            }
            Style::Cells(width, height, _) => {
                let (w, h) = (0.48 * width, 0.48 * height);
                let cell = |(x, y): (f64, f64)| {
                    Rectangle::new([(x - w, y - h), (x + w, y + h)], colour.mix(0.35).filled())
                };
                chart.draw_series(points.into_iter().map(cell))?
            }
        };
        if !series.name.is_empty() {
            drawn.label(&series.name).legend(move |(x, y)| {
                Rectangle::new([(x + 4, y - 4), (x + 14, y + 4)], colour.filled())
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_in_the_picture() {
        let residual = |k: usize| Residual {
            t_s: k as f64,
            series: k % 2,
            value: 0.1 * (k % 7) as f64,
            normalised: (k % 7) as f64 - 3.0,
            weight: 1.0,
        };
        let residuals: Vec<Residual> = (0..70).map(residual).collect();
        let names = ["A1".to_owned(), "A2".to_owned()];
        let over_time = Plot::residuals("residuals", "range [m]", &names, &residuals);
        let svg = over_time.svg().unwrap();
        for text in ["A1", "A2", "residual, range [m]", "time [s]", "</svg>"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        let histogram = Plot::histogram("histogram", "range [m]", &residuals);
        let counted: f64 = histogram.series[0].points.iter().map(|p| p.1).sum();
        assert_eq!(counted, 70.0);
        assert!(histogram.svg().unwrap().contains("70 residuals"));
    }

    #[test]
    fn an_empty_picture_is_still_one() {
        let plot = Plot::residuals("none", "x", &[], &[]);
        assert!(plot.svg().unwrap().contains("</svg>"));
    }
}
