//! Draws what a run produces, each thing with the part that knows how.

use nalgebra::Vector3;
use rerun::{Arrows3D, Color, GeoPoints, RecordingStream, Scalars};
use wayfix_filter::Timestamp;
use wayfix_sensors::Reading;

use super::extent::Extent;
use super::layout::{self, Shown};
use super::pen::Pen;
use super::plots::{Plots, line};
use super::site::{width, xyz};
use super::told::{self, Told};
use super::trail::Trail;
use super::{colour, measurement, site, vehicle};
use crate::config::Site;
use crate::engine::{Estimate, Finding, Learned, Report, Reset, Setup};
use crate::evaluate::Comparison;

/// Least time between two places or errors of the truth \[s\].
const TRUTH_S: f64 = 0.1;

/// See the module.
pub struct Painter {
    pen: Pen,
    setup: Setup,
    /// A map is wanted, which fetches its tiles from a network.
    map: bool,
    /// Somebody looks on: a layout is sent as soon as there is more to show.
    is_live: bool,
    extent: Extent,
    shown: Shown,
    sent: Shown,
    layouts: u16,
    track: Trail,
    truth: Trail,
    smoothed: Trail,
    last: Option<Estimate>,
    last_truth: Option<Timestamp>,
    last_smoothed: Option<Timestamp>,
    /// Jumps since the last estimate.
    jumps: Vec<Reset>,
    plots: Plots,
    told: Told,
}

impl Painter {
    pub fn new(mut pen: Pen, site: &Site, setup: Setup, map: bool, is_live: bool) -> Self {
        let extent = site::draw(&mut pen, site, &setup);
        vehicle::draw(&mut pen, &setup);
        told::prepare(&mut pen);
        for (name, is, colour) in [
            ("error", "error", colour::RESET),
            ("error_smoothed", "error, smoothed", colour::SMOOTHED),
            ("sigma", "sigma", colour::SIGMA),
            ("protection_level", "protection level", colour::LEVEL),
        ] {
            line(&mut pen, format!("accuracy/{name}"), is, colour);
        }
        let mut painter = Self {
            pen,
            setup,
            map,
            is_live,
            extent,
            shown: Shown::default(),
            sent: Shown::default(),
            layouts: 0,
            track: Trail::new("trail/estimate", colour::TRUTH, 1.5),
            truth: Trail::new("trail/truth", colour::TRUTH, 0.75),
            smoothed: Trail::new("trail/smoothed", colour::SMOOTHED, 0.75),
            last: None,
            last_truth: None,
            last_smoothed: None,
            jumps: Vec::new(),
            plots: Plots::default(),
            told: Told::default(),
        };
        painter.lay_out();
        painter
    }

    fn lay_out(&mut self) {
        self.sent = self.shown.clone();
        self.layouts = self.layouts.wrapping_add(1);
        let sent = layout::send(
            &self.pen.stream,
            &self.shown,
            &self.extent,
            self.map,
            self.layouts,
        );
        self.pen.failed += u64::from(sent.is_err());
    }

    /// What follows became known when this arrived.
    pub fn received(&mut self, t: Timestamp) {
        self.pen.received(t);
    }

    pub fn report(&mut self, report: &Report, reading: Option<&Reading>) {
        self.plots.report(&mut self.pen, report, &mut self.shown);
        self.told.report(&mut self.pen, report);
        if let Some(reading) = reading {
            self.pen.at(report.t);
            let near = self.last.as_ref();
            if measurement::draw(&mut self.pen, &self.setup, near, report, reading).is_some() {
                (self.shown.measurements).insert((report.source, report.kind));
            }
            if let Reading::GnssPosition(fix) = reading
                && self.map
            {
                let at = (fix.lat_deg, fix.lon_deg);
                self.pin("map/fix", at, colour::of_fate(report.fate));
            }
        }
    }

    pub fn estimate(&mut self, e: &Estimate) {
        for jump in std::mem::take(&mut self.jumps) {
            self.jump(&jump, e);
        }
        self.extent.reach(e.p_n);
        self.track
            .add(&mut self.pen, e.t, e.p_n, colour::of_mode(e.mode));
        self.told.mode(&mut self.pen, e.t, e.mode);
        self.pen.at(e.t);
        vehicle::place(&mut self.pen, e);
        let p = &e.position_covariance;
        let sigma_m = (p[(0, 0)] + p[(1, 1)]).max(0.0).sqrt();
        for (name, value_m) in [
            ("sigma", sigma_m),
            ("protection_level", e.protection.horizontal_m),
        ] {
            if value_m.is_finite() {
                self.pen
                    .draw(format!("accuracy/{name}"), &Scalars::single(value_m));
            }
        }
        if let Some(datum) = self.setup.datum.filter(|_| self.map) {
            let (lat_deg, lon_deg, _) = datum.geodetic(&e.p_n);
            self.pin("map/estimate", (lat_deg, lon_deg), colour::of_mode(e.mode));
        }
        self.last = Some(*e);
    }

    fn pin(&mut self, at: &str, lat_lon_deg: (f64, f64), colour: Color) {
        let point = GeoPoints::from_lat_lon([lat_lon_deg])
            .with_colors([colour])
            .with_radii([width(2.0)]);
        self.pen.draw(at, &point);
    }

    /// From where it was to where it is now. A start comes from nowhere.
    fn jump(&mut self, reset: &Reset, after: &Estimate) {
        let since_s = after.t.seconds_since(reset.t);
        let to = after.p_n - after.v_n * since_s.clamp(0.0, 1.0);
        let delta_m = match self.last {
            Some(_) => reset.delta_m,
            None => Vector3::zeros(),
        };
        self.track.end(&mut self.pen);
        self.pen.at(reset.t);
        let arrow = Arrows3D::from_vectors([xyz(delta_m)])
            .with_origins([xyz(to - delta_m)])
            .with_colors([colour::RESET])
            .with_radii([width(2.0)]);
        self.pen.draw("resets", &arrow);
    }

    pub fn reset(&mut self, reset: &Reset) {
        told::reset(&mut self.pen, reset);
        self.jumps.push(*reset);
    }

    pub fn finding(&mut self, finding: &Finding) {
        told::finding(&mut self.pen, finding);
    }

    pub fn comparison(&mut self, c: &Comparison) {
        self.shown.truth = true;
        if !is_due(&mut self.last_truth, c.truth.t) {
            return;
        }
        if let Some([x, y]) = c.truth.state.xy_m {
            let z = c.truth.state.z_m.unwrap_or(c.estimate.p_n.z);
            let p_n = Vector3::new(x, y, z);
            self.extent.reach(p_n);
            self.truth.add(&mut self.pen, c.truth.t, p_n, colour::TRUTH);
        }
        self.error("accuracy/error", c);
    }

    fn error(&mut self, at: &str, c: &Comparison) {
        if let Some(error) = c.horizontal {
            self.pen.at(c.truth.t);
            self.pen.draw(at, &Scalars::single(error.norm()));
        }
    }

    pub fn smoothed(&mut self, e: &Estimate) {
        self.smoothed
            .add(&mut self.pen, e.t, e.p_n, colour::SMOOTHED);
    }

    pub fn smoothed_comparison(&mut self, c: &Comparison) {
        if is_due(&mut self.last_smoothed, c.truth.t) {
            self.error("accuracy/error_smoothed", c);
        }
    }

    pub fn parameters(&mut self, t: Timestamp, learned: &[Learned]) {
        self.pen.at(t);
        self.plots
            .parameters(&mut self.pen, learned, &mut self.shown);
        if self.is_live && self.shown != self.sent {
            self.lay_out();
        }
    }

    /// Draws what is left, and says how much could not be drawn.
    pub fn finish(mut self) -> (RecordingStream, u64) {
        for trail in [&mut self.track, &mut self.truth, &mut self.smoothed] {
            trail.end(&mut self.pen);
        }
        self.told.finish(&mut self.pen);
        if !self.is_live {
            self.lay_out();
        }
        (self.pen.stream, self.pen.failed)
    }
}

fn is_due(last: &mut Option<Timestamp>, t: Timestamp) -> bool {
    let is_due = last.is_none_or(|last| !(0.0..TRUTH_S).contains(&t.seconds_since(last)));
    if is_due {
        *last = Some(t);
    }
    is_due
}
