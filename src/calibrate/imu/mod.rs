//! Noise of an inertial unit from a log at rest, scale and bias of its accelerometer from rests in
//! several orientations.

use std::collections::BTreeMap;
use std::ops::Range;

use nalgebra::Vector3;
use serde_json::json;
use thiserror::Error;
use wayfix_calibration::Observed;
use wayfix_calibration::imu::{
    ImuError, ImuSample, Noise, NoiseTerm, Positions, allan, noise, positions, rests,
};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Reading};

use super::missing::{Missing, choose};
use super::plot::{Axis, Plot, Series, Style};
use super::two_files::Whole;
use super::{File, Fit, Heard, KeyPath, Parameter, Report, Verdict};
use crate::config::source::ImuSource;
use crate::config::{Source, Vehicle};
use crate::log::Record;

/// A rest from which noise is taken has this length at least \[s\].
const NEEDED_S: f64 = 30.0;
/// Time between two logs, where the second begins before the first ends \[s\].
const BETWEEN_S: f64 = 100.0;
const LONGER: &str =
    "leave it at rest for longer: an hour shows the bias instability of most units";

/// What logs say of inertial units.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    samples: BTreeMap<Name, Vec<(usize, Timestamp, ImuSample)>>,
    heard: Heard,
}

impl Collected {
    /// Takes a record of a log.
    pub fn take(&mut self, log: usize, record: &Record) {
        self.heard.take(record);
        let Record::Sample(sample) = record else {
            return;
        };
        if let Reading::Imu(imu) = &sample.reading {
            let own = ImuSample {
                t_s: 0.0,
                gyro_radps: Vector3::from(imu.gyro_radps),
                accel_mps2: imu.accel_mps2.map(Vector3::from),
            };
            let samples = self.samples.entry(sample.source).or_default();
            samples.push((log, sample.t, own));
        }
    }

    /// One after the other, in seconds from the first.
    fn joined(&self, source: &Name) -> Vec<ImuSample> {
        let mut rows = self.samples.get(source).cloned().unwrap_or_default();
        rows.sort_by_key(|(log, t, _)| (*log, *t));
        let mut joined: Vec<ImuSample> = Vec::with_capacity(rows.len());
        let mut offset_s = 0.0;
        let mut last_log = 0;
        let begin = rows.first().map_or(Timestamp::default(), |row| row.1);
        for (log, t, sample) in rows {
            let t_s = t.seconds_since(begin);
            if let Some(last) = joined.last()
                && log != last_log
            {
                offset_s = (last.t_s + BETWEEN_S - t_s).max(0.0);
            }
            last_log = log;
            joined.push(ImuSample {
                t_s: t_s + offset_s,
                ..sample
            });
        }
        joined
    }
}

/// A log or a vehicle that can't calibrate an inertial unit; each says what is missing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// Readings or sources that are not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The samples themselves.
    #[error("{0}: {advice}", advice = advice(.0))]
    Samples(#[from] ImuError),
}

fn advice(error: &ImuError) -> &'static str {
    match error {
        ImuError::NoRest { .. } => {
            "leave the vehicle parked, its motor off, for minutes (noise; an hour shows the bias \
             instability too), or lay the unit down in six orientations for some seconds each (scale)"
        }
        ImuError::Invalid { .. } => "the log's times are not what they should be",
        _ => "lay the unit down in six orientations, each axis up and down, for some seconds each",
    }
}

/// What is known of one signal, its three axes together.
struct Signal {
    density: NoiseTerm,
    walk: NoiseTerm,
    instability: NoiseTerm,
    axes: Vec<Noise>,
}

/// Finds noise, scale and bias of an inertial unit, as far as the logs show them.
///
/// # Errors
/// What the logs lack, and what would show it.
pub fn calibrate(
    vehicle: &Vehicle,
    log: &Collected,
    source: Option<&str>,
) -> Result<Report, CalibrateError> {
    let kind = ("inertial samples", "record the unit, as imu", "--source");
    let name = choose(&log.samples, source, kind, &log.heard)?;
    let Some(Source::Imu(config)) = vehicle.sources.get(name.as_str()) else {
        return Err(Missing::source(&name, "is not of kind \"imu\"").into());
    };
    let samples = log.joined(&name);
    let stretches = rests(&samples)?;
    let length_s = |rows: &Range<usize>| samples[rows.end - 1].t_s - samples[rows.start].t_s;
    let longest = stretches
        .iter()
        .map(|stretch| stretch.rows.clone())
        .max_by(|a, b| length_s(a).total_cmp(&length_s(b)));
    let rest_s = longest.as_ref().map_or(0.0, length_s);
    let oriented = positions(&samples, &stretches, vehicle.estimator.gravity_mps2);
    let noisy = longest.filter(|_| rest_s >= NEEDED_S);
    if noisy.is_none() && oriented.is_err() {
        let needed_s = NEEDED_S;
        return Err(ImuError::NoRest { rest_s, needed_s }.into());
    }
    let mut report = Report {
        what: "imu",
        headline: format!(
            "inertial unit, source.{name}; {} rests, the longest of {rest_s:.0} s",
            stretches.len()
        ),
        details: [("source".to_owned(), json!(name.as_str()))]
            .into_iter()
            .collect(),
        ..Report::default()
    };
    match noisy {
        Some(rows) => add_noise(&mut report, &name, config, &samples[rows]),
        None => report.warnings.push(format!(
            "no noise: the longest rest is {rest_s:.0} s, {NEEDED_S:.0} s are needed"
        )),
    }
    match oriented {
        Ok(found) => add_positions(&mut report, &name, config, &found),
        Err(error) => report.warnings.push(format!(
            "no scale and bias of the accelerometer: {error}; {}",
            advice(&error)
        )),
    }
    Ok(report)
}

fn add_noise(report: &mut Report, name: &Name, config: &ImuSource, rest: &[ImuSample]) {
    let span_s = rest[rest.len() - 1].t_s - rest[0].t_s;
    let step_s = span_s / (rest.len() - 1) as f64;
    let of_axes = |value: &dyn Fn(&ImuSample) -> Option<Vector3<f64>>| {
        let axes = (0..3).filter_map(|axis| {
            let signal: Vec<f64> = rest.iter().filter_map(value).map(|v| v[axis]).collect();
            (signal.len() == rest.len()).then(|| noise(allan(&signal, step_s)))?
        });
        let axes: Vec<Noise> = axes.collect();
        (axes.len() == 3).then(|| Signal::of(axes))
    };
    let gyro = of_axes(&|s| Some(s.gyro_radps));
    let accel = of_axes(&|s| s.accel_mps2);
    let keyed = |key: &str, unit, term: &NoiseTerm, before| Parameter {
        file: Some(File::Vehicle),
        before: Some(before),
        ..parameter(KeyPath::of_source(name, key), unit, term)
    };
    let c = config;
    if let Some(gyro) = &gyro {
        report.parameters.extend([
            keyed(
                "gyro_density_radps_rthz",
                "rad/s/√Hz",
                &gyro.density,
                c.gyro_density_radps_rthz,
            ),
            keyed(
                "gyro_bias_walk_radps_rts",
                "rad/s/√s",
                &gyro.walk,
                c.gyro_bias_walk_radps_rts,
            ),
            parameter(
                KeyPath::of("gyro bias instability"),
                "rad/s",
                &gyro.instability,
            ),
        ]);
    }
    if let Some(accel) = &accel {
        report.parameters.extend([
            keyed(
                "accel_density_mps2_rthz",
                "m/s²/√Hz",
                &accel.density,
                c.accel_density_mps2_rthz,
            ),
            keyed(
                "accel_bias_walk_mps2_rts",
                "m/s²/√s",
                &accel.walk,
                c.accel_bias_walk_mps2_rts,
            ),
            parameter(
                KeyPath::of("accel bias instability"),
                "m/s²",
                &accel.instability,
            ),
        ]);
    }
    for (signal, what, unit) in [(gyro, "gyro", "rad/s"), (accel, "accel", "m/s²")] {
        let Some(signal) = signal else {
            continue;
        };
        let axes: Vec<_> = signal
            .axes
            .iter()
            .map(|axis| {
                json!({
                    "density": axis.density.value,
                    "walk": axis.walk.value,
                    "instability": axis.instability.value,
                    "instability_tau_s": axis.instability_tau_s,
                })
            })
            .collect();
        report.details.insert(format!("{what}_axes"), json!(axes));
        report.plots.push(picture(what, unit, &signal.axes));
    }
    report.warnings.push(
        "noise is that of a unit at rest: what shakes while driving comes on top of it".to_owned(),
    );
}

impl Signal {
    fn of(axes: Vec<Noise>) -> Self {
        Self {
            density: together(axes.iter().map(|axis| &axis.density)),
            walk: together(axes.iter().map(|axis| &axis.walk)),
            instability: together(axes.iter().map(|axis| &axis.instability)),
            axes,
        }
    }
}

/// Root mean square of the axes that show it; of all where none does.
fn together<'a>(terms: impl Iterator<Item = &'a NoiseTerm>) -> NoiseTerm {
    let all: Vec<NoiseTerm> = terms.copied().collect();
    let shown: Vec<NoiseTerm> = (all.iter().copied())
        .filter(|term| term.observed != Observed::No)
        .collect();
    let used = if shown.is_empty() { &all } else { &shown };
    let count = used.len().max(1) as f64;
    let value = (used.iter().map(|t| t.value * t.value).sum::<f64>() / count).sqrt();
    let squares = used
        .iter()
        .map(|t| (t.value * t.sigma).powi(2))
        .sum::<f64>();
    let sigma = match value {
        0.0 => used.iter().map(|t| t.sigma).fold(0.0, f64::max),
        value => squares.sqrt() / (count * value),
    };
    NoiseTerm {
        value,
        sigma,
        observed: match shown.is_empty() {
            true => Observed::No,
            false => Observed::by_share(sigma / value),
        },
    }
}

fn parameter(key: KeyPath, unit: &'static str, term: &NoiseTerm) -> Parameter {
    let verdict = Verdict::from(term.observed);
    Parameter {
        file: None,
        key,
        unit,
        value: term.value,
        sigma: term.sigma,
        before: None,
        verdict,
        advice: (verdict != Verdict::Shown).then(|| LONGER.to_owned()),
        whole: Whole::Number,
    }
}

fn picture(what: &str, unit: &str, axes: &[Noise]) -> Plot {
    let mut series = Vec::new();
    for (noise, axis) in axes.iter().zip(["x", "y", "z"]) {
        let curve = noise.curve.iter();
        series.push(Series {
            name: axis.to_owned(),
            style: Style::Dots,
            points: curve.clone().map(|p| (p.tau_s, p.deviation)).collect(),
        });
        let fitted = curve.zip(&noise.fitted);
        series.push(Series {
            name: format!("{axis}, as fitted"),
            style: Style::Line,
            points: fitted.map(|(p, fitted)| (p.tau_s, *fitted)).collect(),
        });
    }
    Plot {
        name: format!("allan_{what}"),
        title: format!("Allan deviation, {what}"),
        x: Axis::log("averaging time [s]"),
        y: Axis::log(format!("deviation [{unit}]")),
        series,
    }
}

fn add_positions(report: &mut Report, name: &Name, config: &ImuSource, found: &Positions) {
    let missing = found.missing.join(", ");
    let advice = match missing.as_str() {
        "" => "lay it down in more orientations".to_owned(),
        missing => format!("lay it down with {missing} too"),
    };
    let mut add = |key: &str, unit, whole: [f64; 3], axes: &[wayfix_calibration::Parameter; 3]| {
        let of_axis = axes.iter().zip(whole).enumerate();
        report
            .parameters
            .extend(of_axis.map(|(k, (found, before))| {
                let key = KeyPath::of_source(name, key).index(k);
                let found = found.clone().against(before);
                Parameter {
                    whole: Whole::Vector(whole.to_vec()),
                    ..Parameter::new(File::Vehicle, key, unit, &found, &advice)
                }
            }));
    };
    add("accel_scale", "", config.accel_scale, &found.scales);
    let biases = &found.biases_mps2;
    add("accel_bias_mps2", "m/s²", config.accel_bias_mps2, biases);
    let (one, other) = (&found.correlation.1, &found.correlation.2);
    report.least_apart =
        (!one.is_empty()).then(|| (one.clone(), other.clone(), found.correlation.0));
    report.fits.push(Fit {
        name: "norm of the specific force at rest".to_owned(),
        unit: "m/s²",
        rms: found.rms_mps2.1,
        rms_before: Some(found.rms_mps2.0),
        count: Some(found.rests.len()),
    });
    if !missing.is_empty() {
        report.warnings.push(format!("no rest with {missing}"));
    }
}
