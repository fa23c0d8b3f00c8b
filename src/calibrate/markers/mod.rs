//! Survey of markers and landmarks that a camera saw on a drive along known ones.

mod told;

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::{UnitQuaternion, Vector2, Vector3};
use thiserror::Error;
use wayfix_calibration::markers::{Camera, MarkersError, Sighting, Surveyed, survey};
use wayfix_filter::math;
use wayfix_sensors::{Name, Reading};

use super::Report;
use super::drives::{Drive, NoWay};
use super::missing::{Missing, choose};
use crate::config::source::CameraSource;
use crate::config::{Site, Source, Vehicle};
use crate::engine::{Estimate, Past};
use crate::log::Record;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The camera; may be left out where there is one.
    pub source: Option<String>,
    /// Markers and landmarks whose places are sought, beside those that site.toml does not have.
    pub survey: BTreeSet<String>,
    /// Side length of markers that site.toml does not have \[m\]; else that of those it has.
    pub size_m: Option<f64>,
}

/// A log that surveys nothing; each says what is missing.
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
        "without the markers that are sought nothing says where the vehicle was: keep some as surveyed, \
         record another absolute source, or state [start] in vehicle.toml"
    )]
    NeverStarted,
    /// Nothing to survey.
    #[error(
        "site.toml has all that was seen: name those to survey with --survey, or take them out of site.toml"
    )]
    AllKnown,
    /// A marker's size has to come from somewhere.
    #[error(
        "the size of the new markers ({}) is not known, since those of site.toml differ or there are none: \
         state it with --size", names.join(", ")
    )]
    Size {
        /// Their names.
        names: Vec<String>,
    },
}

/// Whether a target is a marker or a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Marker,
    Landmark,
}

/// What is sought, and what came of it.
struct Sought {
    name: Name,
    target: Target,
    size_m: Option<f64>,
    result: Result<Surveyed, MarkersError>,
}

/// Surveys what a camera saw.
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
    let mut seen: BTreeMap<Name, BTreeMap<(Target, Name), usize>> = BTreeMap::new();
    for record in &log.records {
        let Record::Sample(sample) = record else {
            continue;
        };
        let target = match &sample.reading {
            Reading::Marker(marker) => (Target::Marker, marker.marker),
            Reading::Pixel(pixel) => (Target::Landmark, pixel.landmark),
            _ => continue,
        };
        let of_source = seen.entry(sample.source).or_default();
        *of_source.entry(target).or_default() += 1;
    }
    let kind = (
        "sightings",
        "record the camera, as marker or pixel",
        "--source",
    );
    let source = choose(&seen, request.source.as_deref(), kind, &log.heard)?;
    let Some(Source::Camera(camera)) = vehicle.sources.get(source.as_str()) else {
        return Err(Missing::source(&source, "is not of kind \"camera\"").into());
    };
    let seen = seen.remove(&source).unwrap_or_default();
    let is_known = |(target, name): &(Target, Name)| {
        let listed = match target {
            Target::Marker => site.markers.iter().any(|m| m.id == name.as_str()),
            Target::Landmark => site.landmarks.iter().any(|l| l.id == name.as_str()),
        };
        listed && !request.survey.contains(name.as_str())
    };
    let (known, sought): (Vec<_>, Vec<_>) = seen.into_keys().partition(is_known);
    if sought.is_empty() {
        return Err(CalibrateError::AllKnown);
    }
    let size_of = sizes(site, request, &sought)?;
    // What is sought must not draw the way.
    let mut trusted = site.clone();
    let is_sought = |target, id: &str| {
        sought
            .iter()
            .any(|(own, name)| *own == target && name.as_str() == id)
    };
    trusted
        .markers
        .retain(|m| !is_sought(Target::Marker, &m.id));
    trusted
        .landmarks
        .retain(|l| !is_sought(Target::Landmark, &l.id));
    let past = log.smoothed(&trusted, vehicle)?;
    if past.estimates().next().is_none() {
        return Err(CalibrateError::NeverStarted);
    }
    let mut sightings = sightings(log, &source, camera, &past);
    let pinhole = Camera {
        focal_px: Vector2::from(camera.focal_px),
        centre_px: Vector2::from(camera.centre_px),
    };
    let results = sought.into_iter().map(|(target, name)| {
        let own = sightings.remove(&(target, name)).unwrap_or_default();
        let size_m = match target {
            Target::Marker => Some(size_of(name)),
            Target::Landmark => None,
        };
        Sought {
            name,
            target,
            size_m,
            result: survey(
                &pinhole,
                &own,
                size_m,
                placed(site, target, &name).map(|own| (own.p_n, own.q_n)),
            ),
        }
    });
    let results: Vec<Sought> = results.collect();
    Ok(told::report(site, &source, known.len(), &results))
}

/// The size of each marker that is sought.
fn sizes<'a>(
    site: &'a Site,
    request: &Request,
    sought: &[(Target, Name)],
) -> Result<impl Fn(Name) -> f64 + use<'a>, CalibrateError> {
    let own = |name: &Name| site.markers.iter().find(|m| m.id == name.as_str());
    let mut common = site.markers.iter().map(|m| m.size_m);
    let first = common.next();
    let is_one = first.is_some_and(|first| common.all(|size_m| size_m == first));
    let size_m = request.size_m.or(first.filter(|_| is_one));
    let markers = sought
        .iter()
        .filter(|(target, _)| *target == Target::Marker);
    let lost = markers.filter(|(_, name)| own(name).is_none() && size_m.is_none());
    let names: Vec<String> = lost.map(|(_, name)| name.to_string()).collect();
    if !names.is_empty() {
        return Err(CalibrateError::Size { names });
    }
    let other_m = size_m.unwrap_or(0.0);
    Ok(move |name: Name| {
        let own = site.markers.iter().find(|m| m.id == name.as_str());
        own.map_or(other_m, |m| m.size_m)
    })
}

/// A target of site.toml.
pub(super) struct Placed {
    /// Where it is in the site frame \[m\].
    pub p_n: Vector3<f64>,
    /// Axes of a marker in the site frame; a landmark has none of its own.
    pub q_n: UnitQuaternion<f64>,
    /// Side of a marker \[m\]; 0 of a landmark.
    pub size_m: f64,
    /// Sigma of its survey \[m\].
    pub sigma_m: f64,
}

/// Where site.toml has a target.
pub(super) fn placed(site: &Site, target: Target, name: &Name) -> Option<Placed> {
    let turned = math::from_roll_pitch_yaw(0.0, 0.0, site.grid_yaw_rad());
    match target {
        Target::Marker => {
            let marker = site.markers.iter().find(|m| m.id == name.as_str())?;
            let [roll, pitch, yaw] = marker.rpy_deg.map(f64::to_radians);
            Some(Placed {
                p_n: site.in_frame(marker.position_m),
                q_n: turned * math::from_roll_pitch_yaw(roll, pitch, yaw),
                size_m: marker.size_m,
                sigma_m: marker.sigma_m,
            })
        }
        Target::Landmark => {
            let landmark = site.landmarks.iter().find(|l| l.id == name.as_str())?;
            Some(Placed {
                p_n: site.in_frame(landmark.position_m),
                q_n: UnitQuaternion::identity(),
                size_m: 0.0,
                sigma_m: landmark.sigma_m,
            })
        }
    }
}

/// All sightings of a camera, each with where it was.
fn sightings(
    log: &Drive,
    source: &Name,
    camera: &CameraSource,
    past: &Past,
) -> BTreeMap<(Target, Name), Vec<Sighting>> {
    let begin = log.begin();
    let [roll, pitch, yaw] = camera.mount.rpy_deg.map(f64::to_radians);
    let q_bc = math::from_roll_pitch_yaw(roll, pitch, yaw);
    let mut sightings: BTreeMap<(Target, Name), Vec<Sighting>> = BTreeMap::new();
    for record in &log.records {
        let Record::Sample(sample) = record else {
            continue;
        };
        if sample.source != *source {
            continue;
        }
        let (target, pixels) = match &sample.reading {
            Reading::Marker(marker) => (
                (Target::Marker, marker.marker),
                marker.corners_px.map(Vector2::from).to_vec(),
            ),
            Reading::Pixel(pixel) => (
                (Target::Landmark, pixel.landmark),
                vec![Vector2::from(pixel.uv_px)],
            ),
            _ => continue,
        };
        let t = sample.t.shifted(-camera.delay_s);
        let Some(at) = past.at(t) else { continue };
        let lever = Vector3::from(camera.mount.position_m);
        sightings.entry(target).or_default().push(Sighting {
            t_s: t.seconds_since(begin),
            p_nc: at.p_n + at.q_nb * lever,
            q_cn: (at.q_nb * q_bc).inverse(),
            sigmas: sigmas(&at),
            pixels,
        });
    }
    let by_time = |a: &Sighting, b: &Sighting| a.t_s.total_cmp(&b.t_s);
    sightings.values_mut().for_each(|own| own.sort_by(by_time));
    sightings
}

/// Sigma of a place along any axis \[m\], and of an attitude about any \[rad\].
fn sigmas(at: &Estimate) -> [f64; 2] {
    let mean = |c: &nalgebra::Matrix3<f64>| (c.trace().max(0.0) / 3.0).sqrt();
    [mean(&at.position_covariance), mean(&at.attitude_covariance)]
}
