//! Powers and path loss of beacons from signal strengths along a known way.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::Vector3;
use serde_json::json;
use thiserror::Error;
use wayfix_calibration::beacons::{self, Beacon, BeaconsError, Found, Options};
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Reading};

use super::missing::{Missing, choose};
use super::plot::Plot;
use super::two_files::Change;
use super::{File, Fit, Heard, KeyPath, Parameter, Report, Track};
use crate::config::source::RssiSource;
use crate::config::{Site, Source, Vehicle};
use crate::log::Record;

/// Least way of the vehicle \[m\].
const NEEDED_M: f64 = 3.0;
/// Errors of one beacon after another are alike from this correlation.
const LASTING: f64 = 0.2;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Source of the signal strengths; may be left out where there is one.
    pub source: Option<String>,
    /// An exponent for each beacon, and not one for all.
    pub own_exponents: bool,
}

/// What logs say of signal strengths and of where the vehicle was.
#[derive(Clone, Debug)]
pub struct Collected {
    tracks: Vec<Track>,
    by: Option<String>,
    readings: BTreeMap<Name, Vec<Strength>>,
    heard: Heard,
}

#[derive(Clone, Copy, Debug)]
struct Strength {
    log: usize,
    t: Timestamp,
    beacon: Name,
    rssi_dbm: f64,
}

impl Collected {
    /// With the way by truth, or by a source of poses or positions.
    #[must_use]
    pub fn by(track: Option<&str>) -> Self {
        Self {
            tracks: Vec::new(),
            by: track.map(str::to_owned),
            readings: BTreeMap::new(),
            heard: Heard::default(),
        }
    }

    /// Takes a record of a log.
    pub fn take(&mut self, site: &Site, vehicle: &Vehicle, log: usize, record: &Record) {
        self.heard.take(record);
        while self.tracks.len() <= log {
            self.tracks.push(Track::by(self.by.as_deref()));
        }
        self.tracks[log].take(site, vehicle, record);
        let Record::Sample(sample) = record else {
            return;
        };
        if let Reading::Rssi(rssi) = &sample.reading {
            let config = vehicle.sources.get(sample.source.as_str());
            let delay_s = config.map_or(0.0, |config| config.delay_s(&sample.reading));
            self.readings
                .entry(sample.source)
                .or_default()
                .push(Strength {
                    log,
                    t: sample.t.shifted(-delay_s),
                    beacon: rssi.beacon,
                    rssi_dbm: rssi.rssi_dbm,
                });
        }
    }
}

/// Logs or files that can't calibrate beacons; each says what is missing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// Readings, sources or places that are not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// None of the beacons heard is in site.toml.
    #[error("site.toml has none of the beacons heard ({}): survey them first", names.join(", "))]
    Unknown {
        /// What was heard.
        names: Vec<String>,
    },
    /// The vehicle stood.
    #[error(
        "the vehicle moved {moved_m:.1} m, at least {NEEDED_M:.0} m are needed: walk or drive past the \
         beacons, near and far"
    )]
    NotMoved {
        /// Its way \[m\].
        moved_m: f64,
    },
    /// The readings themselves.
    #[error(
        "{0}: walk or drive past the beacons for some minutes, near and far, where the way is known"
    )]
    Readings(#[from] BeaconsError),
}

/// Finds the powers and the path loss of the beacons of a site.
///
/// # Errors
/// What the logs or the files lack for it, and what drive would have it.
pub fn calibrate(
    site: &Site,
    vehicle: &Vehicle,
    mut log: Collected,
    request: &Request,
) -> Result<Report, CalibrateError> {
    let kind = (
        "signal strengths",
        "record the receiver, as rssi",
        "--source",
    );
    let source = choose(&log.readings, request.source.as_deref(), kind, &log.heard)?;
    let Some(Source::Rssi(config)) = vehicle.sources.get(source.as_str()) else {
        return Err(Missing::source(&source, "is not of kind \"rssi\"").into());
    };
    log.tracks = log.tracks.into_iter().map(Track::sorted).collect();
    if log.tracks.iter().all(|track| track.places().is_empty()) {
        let has = log.heard.to_string();
        return Err(Missing::Track { has }.into());
    }
    let moved_m: f64 = log.tracks.iter().map(Track::length_m).sum();
    if moved_m < NEEDED_M {
        return Err(CalibrateError::NotMoved { moved_m });
    }
    let known = Known::new(
        site,
        config,
        log.readings.get(&source).map_or(&[], Vec::as_slice),
    );
    if known.beacons.is_empty() {
        let names = known.unknown.iter().map(Name::to_string).collect();
        return Err(CalibrateError::Unknown { names });
    }
    let heard = known.heard(&log.tracks, config);
    let options = Options {
        own_exponents: request.own_exponents,
    };
    let found = beacons::calibrate_beacons(&known.beacons, &heard, &options)?;
    Ok(report(site, &source, config, &known, &found, moved_m))
}

/// The beacons that were heard, as the files have them.
struct Known<'a> {
    readings: Vec<Strength>,
    beacons: Vec<Beacon>,
    places: Vec<Vector3<f64>>,
    of_site: Vec<&'a crate::config::site::Beacon>,
    unknown: BTreeSet<Name>,
}

impl<'a> Known<'a> {
    fn new(site: &'a Site, config: &RssiSource, readings: &[Strength]) -> Self {
        let mut readings = readings.to_vec();
        readings.sort_by_key(|r| (r.log, r.t));
        let names: BTreeSet<Name> = readings.iter().map(|r| r.beacon).collect();
        let is_heard = |b: &&crate::config::site::Beacon| names.iter().any(|n| n.as_str() == b.id);
        let of_site: Vec<_> = site.beacons.iter().filter(is_heard).collect();
        let is_unknown = |name: &Name| of_site.iter().all(|b| b.id != name.as_str());
        let unknown = names.iter().copied().filter(is_unknown).collect();
        let beacon = |b: &&crate::config::site::Beacon| Beacon {
            name: b.id.clone(),
            power_dbm: b.power_dbm.unwrap_or(config.power_dbm),
            exponent: b.path_loss_exponent.unwrap_or(config.path_loss_exponent),
        };
        Self {
            readings,
            beacons: of_site.iter().map(beacon).collect(),
            places: of_site
                .iter()
                .map(|b| site.in_frame(b.position_m))
                .collect(),
            of_site,
            unknown,
        }
    }

    /// Readings of known beacons from known places.
    fn heard(&self, tracks: &[Track], config: &RssiSource) -> Vec<beacons::Heard> {
        let begin = self.readings.first().map_or(Timestamp::default(), |r| r.t);
        let one = |r: &Strength| {
            let beacon = self
                .beacons
                .iter()
                .position(|b| b.name == r.beacon.as_str())?;
            let place = tracks.get(r.log)?.sensor_at(r.t, &config.mount)?;
            Some(beacons::Heard {
                t_s: r.t.seconds_since(begin),
                beacon,
                distance_m: (place - self.places[beacon]).norm(),
                rssi_dbm: r.rssi_dbm,
            })
        };
        self.readings.iter().filter_map(one).collect()
    }
}

fn report(
    site: &Site,
    source: &Name,
    config: &RssiSource,
    known: &Known,
    found: &Found,
    moved_m: f64,
) -> Report {
    let of_beacon = |k: usize, key: &str| KeyPath::of("beacon").id(&known.beacons[k].name).key(key);
    let of_source = |key: &str| KeyPath::of_source(source, key);
    let advice = "go past it, near and far";
    let power =
        |(k, power)| Parameter::new(File::Site, of_beacon(k, "power_dbm"), "dBm", power, advice);
    let mut parameters: Vec<Parameter> = found.powers.iter().enumerate().map(power).collect();
    let mut more = Vec::new();
    if let [shared] = found.exponents.as_slice()
        && known.beacons.len() > 1
    {
        let key = of_source("path_loss_exponent");
        let exponent = Parameter::new(File::Vehicle, key, "", shared, advice);
        // A beacon that states one of its own would go on using it.
        for (k, _) in known
            .of_site
            .iter()
            .enumerate()
            .filter(|(_, b)| b.path_loss_exponent.is_some())
        {
            let path = of_beacon(k, "path_loss_exponent");
            more.extend(
                exponent
                    .change()
                    .map(|change| (File::Site, Change { path, ..change })),
            );
        }
        parameters.push(exponent);
    } else {
        let own = found.exponents.iter().enumerate();
        parameters.extend(own.map(|(k, exponent)| {
            let key = of_beacon(k, "path_loss_exponent");
            Parameter::new(File::Site, key, "", exponent, advice)
        }));
    }
    let of_noise = |key: &str, found: &wayfix_calibration::Parameter, before| Parameter {
        before: Some(before),
        ..Parameter::new(File::Vehicle, of_source(key), "dB", found, advice)
    };
    // A filter that is told of shadowing has it apart from the white noise.
    let apart = (config.drift_sigma_db > 0.0)
        .then(|| beacons::shadow(&found.residuals, &found.sigma_db, config.drift_time_s))
        .flatten();
    if let Some(apart) = &apart {
        parameters.push(of_noise("sigma_db", &apart.white_db, config.sigma_db));
        let lasting = of_noise("drift_sigma_db", &apart.lasting_db, config.drift_sigma_db);
        parameters.push(lasting);
    } else {
        parameters.push(of_noise("sigma_db", &found.sigma_db, config.sigma_db));
    }
    let fit = |(k, fit): (usize, &beacons::BeaconFit)| Fit {
        name: format!("beacon {}", known.beacons[k].name),
        unit: "dB",
        rms: fit.after_db,
        rms_before: Some(fit.before_db),
        count: Some(fit.readings),
    };
    let mut fits: Vec<Fit> = found.fits.iter().enumerate().map(fit).collect();
    fits.extend(found.second_half_db.map(|rms| Fit {
        name: "second half, by the first".to_owned(),
        unit: "dB",
        rms,
        rms_before: None,
        count: None,
    }));
    let names: Vec<String> = known.beacons.iter().map(|b| b.name.clone()).collect();
    let (correlation, one, other) = &found.correlation;
    let silent = site
        .beacons
        .iter()
        .filter(|b| !names.contains(&b.id))
        .count();
    Report {
        what: "beacons",
        headline: format!(
            "{} beacons, source.{source}; {} readings over {moved_m:.0} m",
            names.len(),
            found.residuals.len()
        ),
        parameters,
        least_apart: (!one.is_empty()).then(|| (one.clone(), other.clone(), *correlation)),
        fits,
        warnings: warnings(config, known, found, silent),
        details: [
            ("source".to_owned(), json!(source.as_str())),
            ("wild_share".to_owned(), json!(found.wild_share)),
        ]
        .into_iter()
        .collect(),
        more,
        plots: vec![
            Plot::residuals(
                "residuals",
                "signal strength [dB]",
                &names,
                &found.residuals,
            ),
            Plot::histogram("histogram", "signal strength", &found.residuals),
        ],
    }
}

fn warnings(config: &RssiSource, known: &Known, found: &Found, silent: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if !known.unknown.is_empty() {
        let names: Vec<&str> = known.unknown.iter().map(Name::as_str).collect();
        warnings.push(format!("heard but not in site.toml: {}", names.join(", ")));
    }
    if silent > 0 {
        warnings.push(format!(
            "{silent} beacons of site.toml were not heard, and stay as they are"
        ));
    }
    if found.wild_share > 0.0 {
        warnings.push(format!(
            "{:.1} % of the readings are farther off than four sigmas, and were weighted down",
            100.0 * found.wild_share
        ));
    }
    let lasting = lasting(found);
    if lasting > LASTING && config.drift_sigma_db == 0.0 {
        warnings.push(format!(
            "errors last (one reading and the next of the same beacon correlate by {lasting:.2}): with \
             drift_sigma_db = 0 a filter takes each as new, so sigma_db should be about {:.0} dB for an \
             honest covariance",
            found.sigma_db.value * ((1.0 + lasting) / (1.0 - lasting).max(0.05)).sqrt()
        ));
    }
    warnings
}

/// Correlation of a beacon's error with its next one.
fn lasting(found: &Found) -> f64 {
    let limit = 4.0 * found.sigma_db.value;
    let mut last: BTreeMap<usize, f64> = BTreeMap::new();
    let (mut products, mut squares) = (0.0, 0.0);
    for residual in found.residuals.iter().filter(|r| r.value.abs() < limit) {
        if let Some(before) = last.insert(residual.series, residual.value) {
            products += before * residual.value;
            squares += 0.5 * (before * before + residual.value * residual.value);
        }
    }
    if squares > 0.0 {
        products / squares
    } else {
        0.0
    }
}
