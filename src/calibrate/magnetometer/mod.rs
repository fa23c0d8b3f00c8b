//! Hard and soft iron of a magnetometer, how it lies against the gyro, and the Earth's field at the site.

mod earth;
mod pairs;
mod picture;
mod told;

use std::collections::BTreeMap;

use nalgebra::{UnitQuaternion, Vector3};
use thiserror::Error;
use wayfix_calibration::imu::ImuSample;
use wayfix_calibration::least_squares::SolveError;
use wayfix_calibration::magnetometer::{
    Alignment, Earth, FieldSample, Iron, MagnetometerError, Turned, alignment, iron,
};
use wayfix_filter::{Timestamp, math};
use wayfix_sensors::{Name, Reading};
use world_magnetic_model::time::Date;

pub use earth::{EarthField, date_from, date_of, earth_field};

use super::missing::{Missing, choose};
use super::{Heard, Report};
use crate::config::source::{MagnetometerSource, Mount};
use crate::config::{Site, Source, Vehicle};
use crate::log::Record;

/// Least pairs of looks for an alignment.
const NEEDED_PAIRS: usize = 20;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The magnetometer; may be left out where there is one.
    pub source: Option<String>,
    /// The gyro; may be left out where there is one.
    pub gyro: Option<String>,
    /// Date for the Earth's field, where the log's clock is not the calendar's.
    pub date: Option<Date>,
}

/// Log, time and field \[µT\].
type Look = (usize, Timestamp, Vector3<f64>);

/// What logs say of magnetometers and gyros.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    field: BTreeMap<Name, Vec<Look>>,
    gyro: BTreeMap<Name, Vec<(usize, Timestamp, ImuSample)>>,
    heard: Heard,
}

impl Collected {
    /// Takes a record of a log; `vehicle` says how late its sources stamp.
    pub fn take(&mut self, vehicle: &Vehicle, log: usize, record: &Record) {
        self.heard.take(record);
        let Record::Sample(sample) = record else {
            return;
        };
        let config = vehicle.sources.get(sample.source.as_str());
        let delay_s = config.map_or(0.0, |config| config.delay_s(&sample.reading));
        let t = sample.t.shifted(-delay_s);
        match &sample.reading {
            Reading::MagneticField(field) => {
                let field_ut = Vector3::from(field.field_tesla) * 1e6;
                let rows = self.field.entry(sample.source).or_default();
                rows.push((log, t, field_ut));
            }
            Reading::Imu(imu) => {
                let own = ImuSample {
                    t_s: 0.0,
                    gyro_radps: Vector3::from(imu.gyro_radps),
                    accel_mps2: imu.accel_mps2.map(Vector3::from),
                };
                self.gyro
                    .entry(sample.source)
                    .or_default()
                    .push((log, t, own));
            }
            _ => {}
        }
    }
}

/// Logs or files that can't calibrate a magnetometer; each says what is missing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// Readings or sources that are not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The samples themselves.
    #[error("{0}: {advice}", advice = advice(.0))]
    Samples(#[from] MagnetometerError),
    /// The alignment.
    #[error("the fit of the axes against the gyro's: {0}")]
    Alignment(#[from] SolveError),
}

fn advice(error: &MagnetometerError) -> &'static str {
    match error {
        MagnetometerError::Invalid { .. } => "the log is not what it should be",
        _ => {
            "turn the vehicle on the spot, twice around (x and y), or the sensor by hand through all \
             directions (all of it), away from steel and magnets"
        }
    }
}

/// What was found, for the report.
struct Found<'a> {
    source: Name,
    config: &'a MagnetometerSource,
    iron: Iron,
    samples: usize,
    /// Mount that the gyro shows, and what it comes from.
    mount: Option<(Alignment, UnitQuaternion<f64>, usize)>,
    earth: Option<EarthField>,
    notes: Vec<String>,
}

/// Finds iron, alignment and the Earth's field. Turning that covers too little gives a report with
/// nothing found, and a picture of what is missing.
///
/// # Errors
/// What the logs or the files lack for it, and what would show it.
pub fn calibrate(
    site: &Site,
    vehicle: &Vehicle,
    log: &Collected,
    request: &Request,
) -> Result<Report, CalibrateError> {
    let kind = (
        "magnetic field",
        "record the magnetometer, as magnetic_field",
        "--source",
    );
    let source = choose(&log.field, request.source.as_deref(), kind, &log.heard)?;
    let Some(Source::Magnetometer(config)) = vehicle.sources.get(source.as_str()) else {
        return Err(Missing::source(&source, "is not of kind \"magnetometer\"").into());
    };
    let mut rows = log.field.get(&source).cloned().unwrap_or_default();
    rows.sort_by_key(|(log, t, _)| (*log, *t));
    let begin = rows.first().map_or(Timestamp::default(), |row| row.1);
    let mut notes = Vec::new();
    let earth = there_and_then(site, request, begin, &mut notes);
    let fields: Vec<FieldSample> = rows
        .iter()
        .map(|(_, t, field_ut)| FieldSample {
            t_s: t.seconds_since(begin),
            field_ut: *field_ut,
        })
        .collect();
    let found = match iron(&fields, scale(site, earth.as_ref())) {
        Err(MagnetometerError::PoorCoverage {
            coverage,
            centre_ut,
            radius_ut,
        }) => return Ok(told::refused(&source, &coverage, &centre_ut, radius_ut)),
        found => found?,
    };
    let mount = match aligned(vehicle, log, request, (&rows, begin), &found) {
        Ok(mount) => mount,
        Err(Unaligned::Missing(missing)) if request.gyro.is_none() => {
            notes.push(format!("the mount stays as it is: {missing}"));
            None
        }
        Err(Unaligned::Missing(missing)) => return Err(missing.into()),
        Err(Unaligned::Solve(error)) => return Err(error.into()),
    };
    Ok(told::report(
        site,
        Found {
            source,
            config,
            iron: found,
            samples: fields.len(),
            mount,
            earth,
            notes,
        },
    ))
}

/// The Earth's field by the model, where site and log say where and when.
fn there_and_then(
    site: &Site,
    request: &Request,
    begin: Timestamp,
    notes: &mut Vec<String>,
) -> Option<EarthField> {
    let Some(datum) = &site.datum else {
        notes.push("no declination: site.toml has no datum".to_owned());
        return None;
    };
    let Some(date) = request.date.or_else(|| date_of(begin)) else {
        notes.push("no declination: the log's clock has no date, state it with --date".to_owned());
        return None;
    };
    match earth_field(datum, date) {
        Ok(field) => Some(field),
        Err(error) => {
            notes.push(format!("no declination: {error}"));
            None
        }
    }
}

fn scale(site: &Site, earth: Option<&EarthField>) -> Option<Earth> {
    let (strength_ut, inclination_deg) = match (earth, &site.magnetic) {
        (Some(earth), _) => (earth.strength_ut[0], earth.inclination_deg[0]),
        (None, Some(magnetic)) => (magnetic.strength_ut, magnetic.inclination_deg),
        (None, None) => return None,
    };
    Some(Earth {
        strength_ut,
        horizontal_ut: strength_ut * inclination_deg.to_radians().cos(),
    })
}

enum Unaligned {
    Missing(Missing),
    Solve(SolveError),
}

/// The mount that the gyro shows: magnetometer axes to body axes.
fn aligned(
    vehicle: &Vehicle,
    log: &Collected,
    request: &Request,
    (rows, begin): (&[Look], Timestamp),
    iron: &Iron,
) -> Result<Option<(Alignment, UnitQuaternion<f64>, usize)>, Unaligned> {
    let kind = ("inertial samples", "record the gyro, as imu", "--gyro");
    let name =
        choose(&log.gyro, request.gyro.as_deref(), kind, &log.heard).map_err(Unaligned::Missing)?;
    let mut gyro = log.gyro.get(&name).cloned().unwrap_or_default();
    gyro.sort_by_key(|(log, t, _)| (*log, *t));
    let logs = rows.iter().map(|row| row.0).max().unwrap_or(0);
    let mut pairs: Vec<Turned> = Vec::new();
    for log in 0..=logs {
        let t_s = |t: Timestamp| t.seconds_since(begin);
        let fields = rows.iter().filter(|row| row.0 == log);
        let fields: Vec<FieldSample> = fields
            .map(|(_, t, field_ut)| FieldSample {
                t_s: t_s(*t),
                field_ut: *field_ut,
            })
            .collect();
        let gyro = gyro.iter().filter(|row| row.0 == log);
        let gyro: Vec<ImuSample> = gyro
            .map(|(_, t, sample)| ImuSample {
                t_s: t_s(*t),
                ..*sample
            })
            .collect();
        pairs.extend(pairs::pairs(&fields, &gyro, &pairs::bias(&gyro), iron));
    }
    if pairs.len() < NEEDED_PAIRS {
        return Ok(None);
    }
    let found = alignment(&pairs).map_err(Unaligned::Solve)?;
    let q_b_gyro = vehicle
        .sources
        .get(name.as_str())
        .map_or_else(UnitQuaternion::identity, |config| rotation(&config.mount()));
    Ok(found.map(|found| {
        let q_b_mag = q_b_gyro * found.rotation;
        (found, q_b_mag, pairs.len())
    }))
}

fn rotation(mount: &Mount) -> UnitQuaternion<f64> {
    let [roll, pitch, yaw] = mount.rpy_deg.map(f64::to_radians);
    math::from_roll_pitch_yaw(roll, pitch, yaw)
}
