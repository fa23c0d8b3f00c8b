//! `--report FILE`: one page that any browser opens without a network: the track on the site and
//! its floor plans, errors and consistency over time, what became of each source's measurements and why,
//! what was learned, and the configuration.
//!
//! Memory and size are bounded whatever the length of the log: curves are thinned, verdicts counted
//! in bins, and of the refused measurements the first thousands are told one by one.

mod page;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wayfix_filter::Timestamp;
use wayfix_sensors::{Kind, Name};

use super::estimate::mode_name;
use super::page::Plans;
use super::page::series::{Bin, Bins, Thinned};
use super::reports::{fate_name, furthest};
use super::summary::Document;
use super::{OutputError, findings, resets};
use crate::config::{Site, Vehicle};
use crate::engine::{Estimate, Fate, Finding, Learned, Report, Reset};
use crate::evaluate::Comparison;
use crate::replay::Sink;

/// Least time between two points of the track \[s\].
const TRACK_S: f64 = 0.1;
/// Least time between two errors \[s\].
const ERRORS_S: f64 = 0.1;
/// Bins of verdicts: width at first \[s\], and most.
const BIN_S: f64 = 1.0;
const MOST_BINS: usize = 1_000;
/// Most refused measurements and most events that are told one by one.
const MOST_REFUSED: usize = 4_000;
const MOST_EVENTS: usize = 2_000;
/// Points of a parameter's curve.
const MOST_POINTS: usize = 600;

/// A point of the track.
#[derive(Clone, Copy, Debug)]
struct Point {
    x_m: f64,
    y_m: f64,
    z_m: f64,
    yaw_deg: f64,
    speed_mps: f64,
    sigma_m: f64,
    yaw_sigma_deg: f64,
    level_m: f64,
    mode: &'static str,
    health: bool,
}

/// An estimate against truth.
#[derive(Clone, Copy, Debug)]
struct ErrorRow {
    truth_m: [f64; 2],
    horizontal_m: f64,
    height_m: f64,
    yaw_deg: f64,
    sigma_m: f64,
    level_m: f64,
    nees: f64,
}

/// A measurement that was refused.
#[derive(Clone, Debug)]
struct Refused {
    t_s: f64,
    source: usize,
    target: Option<Name>,
    fate: &'static str,
    nis: f64,
    gate: f64,
    residual: f64,
    sigma: f64,
}

/// Something that happened.
#[derive(Clone, Debug)]
struct Event {
    t_s: f64,
    kind: &'static str,
    text: String,
}

/// Collects what the page shows.
#[derive(Debug)]
pub struct ReportPage {
    path: PathBuf,
    site: Site,
    vehicle: Vehicle,
    plans: Plans,
    begun: Option<Timestamp>,
    track: Thinned<Point>,
    smoothed: Thinned<[f64; 2]>,
    errors: Thinned<ErrorRow>,
    smoothed_errors: Thinned<f64>,
    sources: Vec<((Name, Kind), Bins)>,
    refused: Vec<Refused>,
    refused_more: u64,
    events: Vec<Event>,
    parameters: BTreeMap<String, Thinned<[f64; 2]>>,
    modes_s: BTreeMap<&'static str, f64>,
    last: Option<(f64, &'static str)>,
}

impl ReportPage {
    /// A page that will be written to `path`.
    ///
    /// # Errors
    /// The file can't be created.
    pub fn create(path: &Path, site: &Site, vehicle: &Vehicle) -> Result<Self, OutputError> {
        // A path that can't be written is told now, not after an hour.
        fs::File::create(path).map_err(|source| OutputError {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            site: site.clone(),
            vehicle: vehicle.clone(),
            plans: Plans::default(),
            begun: None,
            track: Thinned::new(TRACK_S),
            smoothed: Thinned::new(TRACK_S),
            errors: Thinned::new(ERRORS_S),
            smoothed_errors: Thinned::new(ERRORS_S),
            sources: Vec::new(),
            refused: Vec::new(),
            refused_more: 0,
            events: Vec::new(),
            parameters: BTreeMap::new(),
            modes_s: BTreeMap::new(),
            last: None,
        })
    }

    /// Seconds since the first that was told.
    fn seconds(&mut self, t: Timestamp) -> f64 {
        t.seconds_since(*self.begun.get_or_insert(t))
    }

    fn event(&mut self, t: Timestamp, kind: &'static str, text: String) {
        let t_s = self.seconds(t);
        if self.events.len() < MOST_EVENTS {
            self.events.push(Event { t_s, kind, text });
        }
    }

    /// Shows floor plans under the track.
    pub fn lay(&mut self, plans: Plans) {
        self.plans = plans;
    }

    /// Writes the page.
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(self, summary: &Document) -> Result<(), OutputError> {
        page::PAGE.write(&self.path, &summary.log, &page::data(&self, summary))
    }
}

impl Sink for ReportPage {
    fn estimate(&mut self, e: &Estimate) {
        let t_s = self.seconds(e.t);
        let mode = mode_name(e.mode);
        if let Some((last_s, last)) = self.last {
            *self.modes_s.entry(last).or_default() += (t_s - last_s).max(0.0);
            if last != mode {
                self.event(
                    e.t,
                    "mode",
                    format!("{} → {}", last, mode).replace('_', " "),
                );
            }
        }
        self.last = Some((t_s, mode));
        let p = &e.position_covariance;
        let point = Point {
            x_m: e.p_n.x,
            y_m: e.p_n.y,
            z_m: e.p_n.z,
            yaw_deg: e.yaw_rad().to_degrees(),
            speed_mps: e.v_n.norm(),
            sigma_m: (p[(0, 0)] + p[(1, 1)]).max(0.0).sqrt(),
            yaw_sigma_deg: e.yaw_sigma_rad().to_degrees(),
            level_m: e.protection.horizontal_m,
            mode,
            health: e.health != crate::engine::Health::default(),
        };
        self.track.push(t_s, point);
    }

    fn report(&mut self, report: &Report) {
        let t_s = self.seconds(report.t);
        let key = (report.source, report.kind);
        let place = self.sources.iter().position(|(known, _)| *known == key);
        let place = place.unwrap_or_else(|| {
            self.sources.push((key, Bins::new(0.0, BIN_S, MOST_BINS)));
            self.sources.len() - 1
        });
        let mut bin = Bin::default();
        let is_refused = match report.fate {
            fate if fate.is_used() => {
                bin.used = 1;
                false
            }
            Fate::Gated => {
                bin.gated = 1;
                true
            }
            Fate::Waiting | Fate::Thinned | Fate::Duplicate | Fate::TooLate => {
                bin.other = 1;
                false
            }
            _ => {
                bin.refused = 1;
                true
            }
        };
        let update = report.update.as_ref().filter(|u| u.nis.is_finite());
        if let Some(update) = update {
            bin.nis_sum = update.nis / update.dimension as f64;
            bin.nis_count = 1;
        }
        self.sources[place].1.add(t_s, &bin);
        if !is_refused {
            return;
        }
        if self.refused.len() == MOST_REFUSED {
            self.refused_more += 1;
            return;
        }
        let (residual, sigma) = update.and_then(furthest).unwrap_or((f64::NAN, f64::NAN));
        self.refused.push(Refused {
            t_s,
            source: place,
            target: report.target,
            fate: fate_name(report.fate),
            nis: update.map_or(f64::NAN, |u| u.nis),
            gate: update.map_or(f64::NAN, |u| u.gate),
            residual,
            sigma,
        });
    }

    fn reset(&mut self, reset: &Reset) {
        self.event(reset.t, "reset", resets::words(reset));
    }

    fn finding(&mut self, finding: &Finding) {
        let kind = if finding.began { "began" } else { "ended" };
        self.event(finding.t, kind, findings::words(finding));
    }

    fn comparison(&mut self, c: &Comparison) {
        let Some(error) = c.horizontal else { return };
        let t_s = self.seconds(c.truth.t);
        let p = &c.estimate.position_covariance;
        let dimension = c.position_nees.map_or(f64::NAN, |(_, n)| n as f64);
        let row = ErrorRow {
            truth_m: c.truth.state.xy_m.unwrap_or([f64::NAN; 2]),
            horizontal_m: error.norm(),
            height_m: c.height_m.unwrap_or(f64::NAN),
            yaw_deg: c.yaw_rad.map_or(f64::NAN, f64::to_degrees),
            sigma_m: (p[(0, 0)] + p[(1, 1)]).max(0.0).sqrt(),
            level_m: c.estimate.protection.horizontal_m,
            nees: c.position_nees.map_or(f64::NAN, |(nees, _)| nees) / dimension,
        };
        self.errors.push(t_s, row);
    }

    fn smoothed(&mut self, e: &Estimate) {
        let t_s = self.seconds(e.t);
        self.smoothed.push(t_s, [e.p_n.x, e.p_n.y]);
    }

    fn smoothed_comparison(&mut self, c: &Comparison) {
        if let Some(error) = c.horizontal {
            let t_s = self.seconds(c.truth.t);
            self.smoothed_errors.push(t_s, error.norm());
        }
    }

    fn parameters(&mut self, t: Timestamp, parameters: &[Learned]) {
        let t_s = self.seconds(t);
        for p in parameters {
            if !self.parameters.contains_key(&p.name) {
                let curve = Thinned::of_at_most(1.0, MOST_POINTS);
                self.parameters.insert(p.name.clone(), curve);
            }
            if let Some(curve) = self.parameters.get_mut(&p.name) {
                curve.push(t_s, [p.value, p.sigma]);
            }
        }
    }
}
