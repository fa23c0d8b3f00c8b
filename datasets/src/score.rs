//! A case through the public replay path, and its score by the case's protocol.

use std::path::Path;

use anyhow::{Context, Result};
use nalgebra::{Vector2, Vector3};
use wayfix::config::{Source, Vehicle};
use wayfix::evaluate::{Comparison, Errors, heading_rad, inclination_rad};
use wayfix::log::Record;
use wayfix::replay::{Replay, Sink, SourceSummary, Summary};
use wayfix_filter::Timestamp;

use crate::cases::Case;
use crate::protocol::{Metric, Outage, Protocol};
use crate::recording::Recording;

/// An outage is smoothed by so much after it \[s\].
const AFTER_S: f64 = 60.0;

/// What a case reached.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Named figures, the case's main one first; the name ends in its unit.
    pub figures: Vec<(&'static str, f64)>,
    /// The same of the smoothed run.
    pub smoothed: Vec<(&'static str, f64)>,
    /// Mean position NEES over scored truth, and its dimension.
    pub nees: Option<(f64, usize)>,
    /// The same of the smoothed run.
    pub smoothed_nees: Option<(f64, usize)>,
    /// What is constant of the smoothed horizontal error [m], and the root mean square of the rest.
    pub constant_m: Option<([f64; 2], f64)>,
    /// Horizontal and vertical protection level over scored truth; without truth of height, the first.
    pub protection: Vec<Protection>,
    /// Parameters at the end: name, value, sigma.
    pub parameters: Vec<(String, f64, f64)>,
    /// What each source did, in the last replay.
    pub sources: Vec<(String, SourceSummary)>,
    /// Samples a second of processor time, over all replays.
    pub samples: u64,
}

/// How honest an axis is: NEES and protection level.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Protection {
    /// Mean normalised error squared over its number of components.
    pub nees: f64,
    /// Share of epochs whose error exceeds the protection level.
    pub exceeded: f64,
    /// Its median \[m\].
    pub median_m: f64,
    /// Its median over the 95th percentile of the error.
    pub over_p95: f64,
}

/// Keeps the comparisons that count.
struct Scored<'a> {
    protocol: &'a Protocol,
    outage: Option<&'a Outage>,
    lever_b: Vector3<f64>,
    rows: Rows,
}

/// What counts, as the engine told it and smoothed.
#[derive(Default)]
struct Rows {
    online: Vec<Comparison>,
    smoothed: Vec<Comparison>,
}

impl Scored<'_> {
    fn scored(&self, c: &Comparison) -> Option<Comparison> {
        let inside = self.outage.map_or_else(
            || self.protocol.scores(c.truth.t),
            |o| o.window.contains(c.truth.t),
        );
        let mut estimate = c.estimate;
        estimate.p_n += estimate.q_nb * self.lever_b;
        inside.then(|| Comparison::new(&c.truth, &estimate))
    }
}

impl Sink for Scored<'_> {
    fn comparison(&mut self, c: &Comparison) {
        let scored = self.scored(c);
        self.rows.online.extend(scored);
    }

    fn smoothed_comparison(&mut self, c: &Comparison) {
        let scored = self.scored(c);
        self.rows.smoothed.extend(scored);
    }
}

/// Runs a case.
///
/// # Errors
/// Where its files can't be read.
pub fn run(case: &Case, data_dir: &Path) -> Result<Score> {
    let recording = case.load(data_dir)?;
    score(&recording, &recording.vehicle)
}

/// Scores a recording with a vehicle (its own, or one under test).
///
/// # Errors
/// Where the two files can't work together.
pub fn score(recording: &Recording, vehicle: &Vehicle) -> Result<Score> {
    let protocol = &recording.protocol;
    let mut score = Score::default();
    if protocol.outages.is_empty() {
        let Rows { online, smoothed } = replay(recording, vehicle, None, &mut score)?;
        score.figures = figures(protocol.metric, &online);
        score.figures.extend(delays(vehicle, &score.parameters));
        score.smoothed = figures(protocol.metric, &smoothed);
        score.take_honesty(&online, &smoothed);
        return Ok(score);
    }
    let (mut online, mut smoothed) = (Outages::default(), Outages::default());
    for outage in &protocol.outages {
        let rows = replay(recording, vehicle, Some(outage), &mut score)?;
        online.add(outage, rows.online);
        smoothed.add(outage, rows.smoothed);
    }
    score.take_honesty(&online.rows, &smoothed.rows);
    score.figures = online.figures(protocol.metric);
    score.smoothed = smoothed.figures(protocol.metric);
    Ok(score)
}

impl Score {
    fn take_honesty(&mut self, online: &[Comparison], smoothed: &[Comparison]) {
        self.nees = mean_nees(online);
        self.protection = protection(online);
        self.smoothed_nees = mean_nees(smoothed);
        let mut errors = Errors::default();
        smoothed.iter().for_each(|row| errors.add(row));
        self.constant_m = errors.constant_m().map(|(m, rest)| (m.into(), rest));
    }
}

/// How the outages of a case end, and how they go.
#[derive(Default)]
struct Outages {
    ends_m: Vec<f64>,
    shares: Vec<f64>,
    clear_m: Vec<f64>,
    rmse_m: Vec<f64>,
    rows: Vec<Comparison>,
}

impl Outages {
    fn add(&mut self, outage: &Outage, rows: Vec<Comparison>) {
        let last = rows.last().and_then(|r| r.horizontal);
        if let (Some(last), Some(rms)) = (last, horizontal_rmse(&rows)) {
            self.ends_m.push(last.norm());
            self.shares
                .push(100.0 * last.norm() / path_m(&rows).max(1.0));
            self.rmse_m.push(rms);
            if !outage.damaged {
                self.clear_m.push(rms);
            }
            self.rows.extend(rows);
        }
    }

    fn figures(mut self, metric: Metric) -> Vec<(&'static str, f64)> {
        match metric {
            Metric::OutageEnd => vec![
                ("end error, median %", percentile(&mut self.shares, 0.5)),
                ("end error, p90 %", percentile(&mut self.shares, 0.9)),
                ("end error, median m", percentile(&mut self.ends_m, 0.5)),
            ],
            _ => vec![
                (
                    "rmse in clear windows, median m",
                    percentile(&mut self.clear_m, 0.5),
                ),
                (
                    "rmse in all windows, median m",
                    percentile(&mut self.rmse_m, 0.5),
                ),
                (
                    "rmse in all windows, largest m",
                    percentile(&mut self.rmse_m, 1.0),
                ),
            ],
        }
    }
}

fn replay(
    recording: &Recording,
    vehicle: &Vehicle,
    outage: Option<&Outage>,
    score: &mut Score,
) -> Result<Rows> {
    let protocol = &recording.protocol;
    let mount = protocol
        .truth_at
        .and_then(|s| vehicle.sources.get(s))
        .map(|s| s.mount());
    let mut sink = Scored {
        protocol,
        outage,
        lever_b: mount.map_or_else(Vector3::zeros, |m| Vector3::from(m.position_m)),
        rows: Rows::default(),
    };
    let mut replay = Replay::new(&recording.site, vehicle, 10.0).context("site and vehicle")?;
    replay.smooth();
    // What comes after an outage is what smooths it.
    let until = outage.map_or(Timestamp(i64::MAX), |o| o.window.until.shifted(AFTER_S));
    let kept: Box<dyn Iterator<Item = &Record>> = match outage {
        Some(outage) => Box::new(outage.apply(&recording.records)),
        None => Box::new(recording.records.iter()),
    };
    for record in kept {
        let t = match record {
            Record::Sample(s) => s.t,
            Record::Truth(row) => row.t,
        };
        if t > until {
            break;
        }
        if let (Record::Truth(_), Some(source)) = (record, protocol.truth_at) {
            sink.lever_b = lever(&replay, source, &sink.lever_b, mount);
        }
        replay.feed(record, &mut sink);
    }
    score.parameters = (replay.engine().parameters().into_iter())
        .map(|p| (p.name, p.value, p.sigma))
        .collect();
    let Summary {
        sources, samples, ..
    } = replay.finish(&mut sink);
    score.samples += samples;
    score.sources = sources
        .into_iter()
        .map(|((s, k), v)| (format!("{s}/{}", k.name()), v))
        .collect();
    Ok(sink.rows)
}

/// Where the sensor sits that truth is of: its mount and what is learned of its lever arm.
fn lever(
    replay: &Replay,
    source: &str,
    before: &Vector3<f64>,
    mount: Option<wayfix::config::source::Mount>,
) -> Vector3<f64> {
    let Some(mount) = mount else { return *before };
    let mut lever = Vector3::from(mount.position_m);
    for p in replay.engine().parameters() {
        if p.name == format!("{source}.lever_x_m") {
            lever.x += p.value;
        } else if p.name == format!("{source}.lever_y_m") {
            lever.y += p.value;
        }
    }
    lever
}

/// How late a satellite receiver is, known and learned together, where that is learned.
fn delays(vehicle: &Vehicle, learned: &[(String, f64, f64)]) -> Vec<(&'static str, f64)> {
    let mut delays = Vec::new();
    for (name, source) in &vehicle.sources {
        let Source::Gnss(gnss) = source else { continue };
        for (figure, known_s, parameter) in [
            ("position delay s", gnss.position_delay_s, "lag_s"),
            ("velocity delay s", gnss.velocity_delay_s, "velocity_lag_s"),
        ] {
            let of = format!("{name}.{parameter}");
            let lag = learned.iter().find(|(name, ..)| *name == of);
            delays.extend(lag.map(|(_, lag_s, _)| (figure, known_s + lag_s)));
        }
    }
    delays
}

fn figures(metric: Metric, rows: &[Comparison]) -> Vec<(&'static str, f64)> {
    let mut horizontal: Vec<f64> = rows
        .iter()
        .filter_map(|r| Some(r.horizontal?.norm()))
        .collect();
    let rms = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, n) = values.fold((0.0, 0_u32), |(s, n), v| (s + v * v, n + 1));
        (sum / f64::from(n.max(1))).sqrt()
    };
    let yaw_deg = rms(&mut rows.iter().filter_map(|r| r.yaw_rad)).to_degrees();
    let position = rms(&mut rows.iter().filter_map(Comparison::position_m));
    let flat = rms(&mut horizontal.iter().copied());
    let (p50, p90, p95) = (
        percentile(&mut horizontal, 0.5),
        percentile(&mut horizontal, 0.9),
        percentile(&mut horizontal, 0.95),
    );
    match metric {
        Metric::PositionRmse => {
            vec![
                ("3D rmse m", position),
                ("2D rmse m", flat),
                ("2D p95 m", p95),
                ("heading rmse deg", yaw_deg),
            ]
        }
        Metric::HorizontalMedian => {
            vec![("2D median m", p50), ("2D p90 m", p90), ("2D rmse m", flat)]
        }
        Metric::Orientation => {
            let attitudes = || rows.iter().filter_map(|r| r.attitude);
            vec![
                (
                    "heading rmse deg",
                    rms(&mut attitudes().map(|q| heading_rad(&q))).to_degrees(),
                ),
                (
                    "inclination rmse deg",
                    rms(&mut attitudes().map(|q| inclination_rad(&q))).to_degrees(),
                ),
                (
                    "total rmse deg",
                    rms(&mut attitudes().map(|q| q.angle())).to_degrees(),
                ),
            ]
        }
        _ => vec![
            ("2D rmse m", flat),
            ("2D p95 m", p95),
            ("heading rmse deg", yaw_deg),
        ],
    }
}

fn horizontal_rmse(rows: &[Comparison]) -> Option<f64> {
    let errors: Vec<f64> = rows
        .iter()
        .filter_map(|r| Some(r.horizontal?.norm_squared()))
        .collect();
    (!errors.is_empty()).then(|| (errors.iter().sum::<f64>() / errors.len() as f64).sqrt())
}

fn protection(rows: &[Comparison]) -> Vec<Protection> {
    /// Error, protection level, normalised error squared over its components.
    type Epoch = (f64, f64, f64);
    let horizontal = |c: &Comparison| -> Option<Epoch> {
        let error = c.horizontal?;
        let p = c.estimate.position_covariance;
        let solved = p.fixed_view::<2, 2>(0, 0).cholesky()?.solve(&error);
        let level_m = c.estimate.protection.horizontal_m;
        Some((error.norm(), level_m, 0.5 * error.dot(&solved)))
    };
    let vertical = |c: &Comparison| -> Option<Epoch> {
        let (error_m, e) = (c.height_m?.abs(), &c.estimate);
        let variance = e.position_covariance[(2, 2)];
        Some((
            error_m,
            e.protection.vertical_m,
            error_m * error_m / variance,
        ))
    };
    let axes: [Vec<Epoch>; 2] = [
        rows.iter().filter_map(horizontal).collect(),
        rows.iter().filter_map(vertical).collect(),
    ];
    axes.into_iter()
        .filter_map(|epochs| {
            let n = epochs.len() as f64;
            let exceeded = epochs.iter().filter(|(error, level, _)| error > level);
            let mut errors: Vec<f64> = epochs.iter().map(|e| e.0).collect();
            let mut levels: Vec<f64> = epochs.iter().map(|e| e.1).collect();
            let median_m = percentile(&mut levels, 0.5);
            (n > 0.0).then(|| Protection {
                nees: epochs.iter().map(|e| e.2).sum::<f64>() / n,
                exceeded: exceeded.count() as f64 / n,
                median_m,
                over_p95: median_m / percentile(&mut errors, 0.95),
            })
        })
        .collect()
}

fn mean_nees(rows: &[Comparison]) -> Option<(f64, usize)> {
    let nees: Vec<(f64, usize)> = rows.iter().filter_map(|r| r.position_nees).collect();
    let dimension = nees.first()?.1;
    Some((
        nees.iter().map(|n| n.0).sum::<f64>() / nees.len() as f64,
        dimension,
    ))
}

/// Way of the truth over the scored rows [m].
fn path_m(rows: &[Comparison]) -> f64 {
    let points: Vec<Vector2<f64>> = rows
        .iter()
        .filter_map(|r| r.truth.state.xy_m)
        .map(Vector2::from)
        .collect();
    points.windows(2).map(|w| (w[1] - w[0]).norm()).sum()
}

fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (share * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}
