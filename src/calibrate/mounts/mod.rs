//! Time lags and mounts of a source, from a drive that another source knows.

mod camera;
mod told;

use std::collections::BTreeMap;

use nalgebra::{Quaternion, UnitQuaternion, Vector3};
use thiserror::Error;
use wayfix_calibration::drive::{Track, Way};
use wayfix_calibration::mounts::gyro::{GyroFound, Turned, calibrate_gyro};
use wayfix_calibration::mounts::{Believed, MountsError, Seen, Sight, calibrate_mount};
use wayfix_filter::{Timestamp, math};
use wayfix_sensors::{Name, Reading, Sample};

use super::Report;
use super::drives::{By, Drive, NEEDED_M, NoWay, length_m, planar, position};
use super::missing::{Missing, choose};
use crate::config::source::{ImuSource, Mount};
use crate::config::{Site, Source, Vehicle};
use crate::log::Record;

/// Prior sigma of a constant error of a satellite receiver, beside what vehicle.toml says drifts \[m\].
const RECEIVER_OFFSET_M: f64 = 0.5;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The source whose mount and lags are sought; may be left out where there is one.
    pub source: Option<String>,
    /// What to follow the vehicle by.
    pub by: By,
    /// Keep the lever arm as it is.
    pub keeps_lever: bool,
}

/// Logs or files that can't calibrate a mount; each says what is missing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// Readings or sources that are not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// No way of the vehicle.
    #[error(transparent)]
    NoWay(#[from] NoWay),
    /// The engine finds no way.
    #[error(
        "odometry and the other sources don't give a way: check the two files, or state [start] in \
         vehicle.toml"
    )]
    NeverStarted,
    /// A gyro or a camera needs attitudes.
    #[error(
        "source.{source_name} shows how it is turned, and a way by odometry has no attitudes: record truth with \
         attitude, or name a source of poses with --track"
    )]
    NoAttitude {
        /// The inertial unit or the camera.
        source_name: String,
    },
    /// A camera that saw nothing whose place is known.
    #[error(
        "site.toml has none of the markers and landmarks that source.{source_name} saw ({}): survey some, \
         or survey them all along the drive with `wayfix calibrate markers`", seen.join(", ")
    )]
    Unsurveyed {
        /// The camera.
        source_name: String,
        /// What it saw.
        seen: Vec<String>,
    },
    /// Too few sightings.
    #[error(
        "{0} of surveyed markers or landmarks: drive past more of them, with bends both ways and changes of speed"
    )]
    Sightings(MountsError),
    /// The readings themselves.
    #[error("{0}: drive for some minutes, with bends both ways and changes of speed")]
    Readings(#[from] MountsError),
}

/// Finds lags and mount of a source.
///
/// # Errors
/// What the log or the files lack for it, and what drive would have it.
pub fn calibrate(
    site: &Site,
    vehicle: &Vehicle,
    log: &Drive,
    request: &Request,
) -> Result<Report, CalibrateError> {
    log.single()?;
    let source = source(vehicle, log, request)?;
    let Some(config) = vehicle.sources.get(source.as_str()) else {
        return Err(Missing::source(&source, "is not there").into());
    };
    let (way, by, moved_m) = way(site, vehicle, log, request)?;
    let told = told::About {
        source,
        config,
        by,
        moved_m,
        is_odometry: matches!(way, Way::Driven(_)),
    };
    let samples = log.records.iter().filter_map(|record| match record {
        Record::Sample(sample) if sample.source == source => Some(sample),
        _ => None,
    });
    let begin = log.begin();
    match config {
        Source::Imu(imu) => {
            let found = inertial(track(&way, &source)?, samples, begin, imu)?;
            return Ok(told::gyro(&told, &found));
        }
        Source::Camera(config) => {
            let images = camera::images(site, &source, samples, begin)?;
            let track = track(&way, &source)?;
            let found = camera::calibrate(track, config, &images, request.keeps_lever)?;
            return Ok(told::camera(&told, track, &found));
        }
        _ => {}
    }
    let mut anchors: BTreeMap<Name, usize> = BTreeMap::new();
    let mut places = Vec::new();
    for anchor in &site.anchors {
        if let Ok(id) = Name::from(&anchor.id) {
            anchors.insert(id, places.len());
            places.push(site.in_frame(anchor.position_m));
        }
    }
    let mut sights: Vec<Sight> = Vec::new();
    for sample in samples {
        let t_s = sample.t.seconds_since(begin);
        let mut see = |seen| sights.push(Sight { t_s, seen });
        if let Some((xy_m, _, _)) = position(site, vehicle, &source, &sample.reading) {
            see(Seen::Position(xy_m));
        }
        match &sample.reading {
            Reading::GnssVelocity(v) => see(Seen::Velocity([v.east_mps, v.north_mps])),
            Reading::Yaw(yaw) => see(Seen::Heading(yaw.yaw_rad)),
            Reading::Pose(pose) => {
                let [w, x, y, z] = pose.attitude_wxyz;
                let q = UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z));
                see(Seen::Heading(math::yaw(&q)));
            }
            Reading::Range(range) => {
                if let Some(anchor) = anchors.get(&range.anchor) {
                    see(Seen::Range(*anchor, range.range_m));
                }
            }
            _ => {}
        }
    }
    sights.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    let mount = config.mount();
    let is_odometry = told.is_odometry;
    let mut believed = Believed {
        lever: Vector3::from(mount.position_m),
        yaw_rad: mount.rpy_deg[2].to_radians(),
        anchors: places,
        seeks_lever: !request.keeps_lever,
        ..Believed::default()
    };
    match config {
        Source::Gnss(gnss) => {
            believed.lags_s = [gnss.position_delay_s, gnss.velocity_delay_s];
            believed.offset_sigma_m = gnss.drift_sigma_m.max(RECEIVER_OFFSET_M);
        }
        Source::Pose(pose) => {
            believed.lags_s[0] = pose.delay_s;
            believed.offset_sigma_m = pose.drift_sigma_m;
        }
        Source::Uwb(uwb) => {
            believed.lags_s[0] = uwb.delay_s;
            believed.horizontal = uwb.horizontal;
        }
        _ => {}
    }
    if is_odometry {
        // A way that is sought goes where the source says: an offset is not one.
        believed.offset_sigma_m = 0.0;
    }
    let found = calibrate_mount(&way, &sights, &believed)?;
    Ok(told::mount(&told, &found))
}

/// The way as a track, which has attitudes.
fn track<'a>(way: &'a Way, source: &Name) -> Result<&'a Track, CalibrateError> {
    match way {
        Way::Known(track) => Ok(track),
        Way::Driven(_) => Err(CalibrateError::NoAttitude {
            source_name: source.to_string(),
        }),
    }
}

/// Lag and axes of an inertial unit.
fn inertial<'a>(
    track: &Track,
    samples: impl Iterator<Item = &'a Sample>,
    begin: Timestamp,
    imu: &ImuSource,
) -> Result<GyroFound, MountsError> {
    let turned = |sample: &Sample| match sample.reading {
        Reading::Imu(reading) => Some(Turned {
            t_s: sample.t.seconds_since(begin),
            rate: Vector3::from(reading.gyro_radps),
        }),
        _ => None,
    };
    let mut readings: Vec<Turned> = samples.filter_map(turned).collect();
    readings.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    readings.dedup_by_key(|r| r.t_s);
    calibrate_gyro(track, &readings, imu.delay_s, turn_of(&imu.mount))
}

/// The sensor's axes in the body's.
fn turn_of(mount: &Mount) -> UnitQuaternion<f64> {
    let [roll, pitch, yaw] = mount.rpy_deg.map(f64::to_radians);
    math::from_roll_pitch_yaw(roll, pitch, yaw)
}

/// The source that is asked for, or the only one that shows a mount.
fn source(vehicle: &Vehicle, log: &Drive, request: &Request) -> Result<Name, Missing> {
    let mut sources: BTreeMap<Name, ()> = BTreeMap::new();
    for record in &log.records {
        let Record::Sample(sample) = record else {
            continue;
        };
        let is_one = matches!(
            &sample.reading,
            Reading::GnssPosition(_)
                | Reading::GnssVelocity(_)
                | Reading::Position(_)
                | Reading::Pose(_)
                | Reading::Yaw(_)
                | Reading::Range(_)
                | Reading::Imu(_)
                | Reading::Marker(_)
                | Reading::Pixel(_)
        );
        let is_track = matches!(&request.by, By::Source(name) if name == sample.source.as_str());
        if is_one && !is_track && vehicle.sources.contains_key(sample.source.as_str()) {
            sources.insert(sample.source, ());
        }
    }
    let kind = (
        "positions, headings, ranges, turns or sightings",
        "record the source beside another that sees the same motion",
        "--source",
    );
    choose(&sources, request.source.as_deref(), kind, &log.heard)
}

/// The way of the vehicle, by what, and its length \[m\].
fn way(
    site: &Site,
    vehicle: &Vehicle,
    log: &Drive,
    request: &Request,
) -> Result<(Way, String, f64), CalibrateError> {
    let known = match &request.by {
        By::Source(name) => match log.track(site, vehicle, Some(name)) {
            Some(track) => Some((track, format!("source.{name}"))),
            None => {
                let (name, has) = (name.clone(), log.heard.to_string());
                return Err(NoWay::NoTrack { name, has }.into());
            }
        },
        By::Best => log
            .track(site, vehicle, None)
            .map(|track| (track, "truth".to_owned())),
        By::Odometry => None,
    };
    let (way, by, moved_m) = match known {
        Some((track, by)) => {
            let moved_m = length_m(&track);
            (Way::Known(track), by, moved_m)
        }
        None => {
            let odometry = log.odometry(site, vehicle)?;
            let moved_m = odometry.length_m();
            let past = log.smoothed(site, vehicle)?;
            if past.estimates().next().is_none() {
                return Err(CalibrateError::NeverStarted);
            }
            let begin = log.begin();
            let at = |t_s: f64| {
                past.at(begin.shifted(t_s))
                    .map(|estimate| planar(&estimate))
            };
            (
                Way::Driven(odometry.begun_at(at)),
                "odometry".to_owned(),
                moved_m,
            )
        }
    };
    if moved_m < NEEDED_M {
        return Err(NoWay::NotMoved { moved_m }.into());
    }
    Ok((way, by, moved_m))
}
