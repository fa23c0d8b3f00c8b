//! Places and biases of anchors from ranges along a drive.

mod told;

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::{Matrix2, Vector3};
use thiserror::Error;
use wayfix_calibration::Pose2;
use wayfix_calibration::anchors::{self, Anchor, AnchorsError, Options, Ranged, calibrate_anchors};
use wayfix_calibration::drive::Way;
use wayfix_filter::Timestamp;
use wayfix_sensors::{Name, Reading, sample};

use super::Report;
use super::drives::{By, Drive, NEEDED_M, NoWay, length_m, planar};
use super::missing::{Missing, choose};
use crate::config::source::UwbSource;
use crate::config::{Site, Source, Vehicle};
use crate::log::Record;

/// Anchors that are less than this share as broad as they are long stand on a line.
const COLLINEAR: f64 = 0.05;
/// Least prior of the bias of an anchor whose place is sought \[m\].
const LEAST_BIAS_M: f64 = 0.02;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Source of the ranges; may be left out where there is one.
    pub source: Option<String>,
    /// What to follow the vehicle by.
    pub by: By,
    /// Anchors whose places are sought, beside those that site.toml does not have.
    pub survey: BTreeSet<String>,
    /// Survey all of them.
    pub survey_all: bool,
}

/// Logs or files that can't calibrate anchors; each says what is missing.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrateError {
    /// Readings or sources that are not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// No way of the vehicle.
    #[error(transparent)]
    NoWay(#[from] NoWay),
    /// One anchor and odometry: a circle around it fits as well.
    #[error(
        "one anchor only ({name}), and a way by odometry alone: ranges to it don't show where around it \
         the vehicle was; record a second and a third, or the way itself (--truth, --track)"
    )]
    OneAnchor {
        /// The anchor.
        name: String,
    },
    /// Known anchors that don't place a drive by odometry.
    #[error(
        "{known} of the anchors heard stand where site.toml says{line}, which leaves the drive a mirror \
         image: survey three that are not on one line, or state [start] in vehicle.toml"
    )]
    NotPlaced {
        /// How many are known.
        known: usize,
        /// That they are on a line, where they are.
        line: &'static str,
    },
    /// The engine finds no way along known anchors.
    #[error(
        "the anchors of site.toml and the odometry don't give a way: check their places, or state [start] \
         in vehicle.toml"
    )]
    NeverStarted,
    /// The ranges themselves.
    #[error("{0}: drive for some minutes where the anchors are heard, with bends both ways")]
    Ranges(#[from] AnchorsError),
}

/// Finds places and biases of the anchors of a site.
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
    let mut ranges: BTreeMap<Name, Vec<(Timestamp, sample::Range)>> = BTreeMap::new();
    for record in &log.records {
        if let Record::Sample(sample) = record
            && let Reading::Range(range) = sample.reading
        {
            let rows = ranges.entry(sample.source).or_default();
            rows.push((sample.t, range));
        }
    }
    let kind = ("ranges", "record the radio, as range", "--source");
    let source = choose(&ranges, request.source.as_deref(), kind, &log.heard)?;
    let Some(Source::Uwb(config)) = vehicle.sources.get(source.as_str()) else {
        return Err(Missing::source(&source, "is not of kind \"uwb\"").into());
    };
    let rows = ranges.remove(&source).unwrap_or_default();
    let case = Case::new(site, config, &rows, log.begin(), request);
    let (way, mut placed) = case.way(site, vehicle, log, request)?;
    placed.source = source;
    let options = Options {
        lever: Vector3::from(config.mount.position_m),
        scale: config.scale,
        horizontal: config.horizontal,
        sought_bias_prior_m: config.bias_sigma_m.max(LEAST_BIAS_M),
        fixes: placed.fixes.clone(),
        is_unplaced: placed.is_unplaced,
    };
    let found = calibrate_anchors(&way, &case.anchors, &case.ranges, &options)?;
    Ok(told::report(site, vehicle, config, &case, &placed, &found))
}

/// What a drive stands on.
struct Placed {
    source: Name,
    /// What gives the way.
    by: String,
    moved_m: f64,
    is_odometry: bool,
    fixes: Vec<anchors::Fix>,
    /// The engine can't say where the drive went.
    is_unplaced: bool,
    /// Nothing ties it to the site.
    is_adrift: bool,
}

/// Anchors and ranges of a log.
struct Case {
    anchors: Vec<Anchor>,
    ranges: Vec<Ranged>,
    /// Height that site.toml has for each.
    is_listed: Vec<bool>,
    silent: usize,
}

impl Case {
    fn new(
        site: &Site,
        config: &UwbSource,
        rows: &[(Timestamp, sample::Range)],
        begin: Timestamp,
        request: &Request,
    ) -> Self {
        let names: BTreeSet<Name> = rows.iter().map(|(_, range)| range.anchor).collect();
        let names: Vec<Name> = names.into_iter().collect();
        let listed = |name: &Name| site.anchors.iter().find(|a| a.id == name.as_str());
        let anchor = |name: &Name| {
            let listed = listed(name);
            Anchor {
                name: name.to_string(),
                p_na: listed.map(|a| site.in_frame(a.position_m)),
                is_sought: listed.is_none()
                    || request.survey_all
                    || request.survey.contains(name.as_str()),
                bias_m: listed.map_or(0.0, |a| a.bias_m),
            }
        };
        let mut ranges: Vec<Ranged> = rows
            .iter()
            .filter(|(_, range)| range.range_m > 0.0)
            .filter_map(|(t, range)| {
                Some(Ranged {
                    t_s: t.seconds_since(begin) - config.delay_s,
                    anchor: names.binary_search(&range.anchor).ok()?,
                    range_m: range.range_m - excess_m(config, range),
                })
            })
            .collect();
        ranges.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
        let of_site =
            |a: &&crate::config::site::Anchor| !names.iter().any(|name| name.as_str() == a.id);
        Self {
            anchors: names.iter().map(anchor).collect(),
            ranges,
            is_listed: names.iter().map(|name| listed(name).is_some()).collect(),
            silent: site.anchors.iter().filter(of_site).count(),
        }
    }

    /// The way of the vehicle, and what it stands on.
    fn way(
        &self,
        site: &Site,
        vehicle: &Vehicle,
        log: &Drive,
        request: &Request,
    ) -> Result<(Way, Placed), CalibrateError> {
        let by = match &request.by {
            By::Source(name) => Some(Some(name.as_str())),
            By::Best => Some(None),
            By::Odometry => None,
        };
        if let Some(by) = by {
            let known = log.track(site, vehicle, by);
            match (known, by) {
                (Some(track), _) => {
                    let moved_m = length_m(&track);
                    if moved_m < NEEDED_M {
                        return Err(NoWay::NotMoved { moved_m }.into());
                    }
                    let by = by.map_or("truth".to_owned(), |name| format!("source.{name}"));
                    return Ok((Way::Known(track), Placed::along(by, moved_m, false)));
                }
                (None, Some(name)) => {
                    let (name, has) = (name.to_owned(), log.heard.to_string());
                    return Err(NoWay::NoTrack { name, has }.into());
                }
                (None, None) => {}
            }
        }
        let odometry = log.odometry(site, vehicle)?;
        let moved_m = odometry.length_m();
        if moved_m < NEEDED_M {
            return Err(NoWay::NotMoved { moved_m }.into());
        }
        if let [only] = self.anchors.as_slice() {
            let name = only.name.clone();
            return Err(CalibrateError::OneAnchor { name });
        }
        let mut placed = Placed::along("odometry and the ranges".to_owned(), moved_m, true);
        placed.fixes = log.fixes(site, vehicle, None);
        let known: Vec<Vector3<f64>> = (self.anchors.iter())
            .filter(|a| !a.is_sought)
            .filter_map(|a| a.p_na)
            .collect();
        let start = vehicle.start.filter(|start| start.yaw_deg.is_some());
        if let Some(start) = start {
            let [x, y, _] = start.position_m;
            let yaw_rad = start.yaw_deg.unwrap_or(0.0).to_radians();
            let sigmas = (start.sigma_m, start.yaw_sigma_deg.to_radians());
            placed.is_unplaced = true;
            let way = odometry.from_start(Pose2::new(x, y, yaw_rad), sigmas);
            return Ok((Way::Driven(way), placed));
        }
        let is_broad = is_broad(&known);
        if placed.fixes.is_empty() && known.is_empty() {
            (placed.is_unplaced, placed.is_adrift) = (true, true);
            let way = odometry.from_start(Pose2::default(), (1e-3, 1e-4));
            return Ok((Way::Driven(way), placed));
        }
        if placed.fixes.is_empty() && !is_broad {
            return Err(CalibrateError::NotPlaced {
                known: known.len(),
                line: if known.len() > 2 {
                    ", all on one line"
                } else {
                    ""
                },
            });
        }
        // Anchors whose places are sought must not draw the first guess of the way.
        let mut trusted = site.clone();
        trusted.anchors.retain(|anchor| {
            let own = self.anchors.iter().find(|a| a.name == anchor.id);
            own.is_none_or(|a| !a.is_sought)
        });
        let past = log.smoothed(&trusted, vehicle)?;
        let begin = log.begin();
        if past.estimates().next().is_none() {
            return Err(CalibrateError::NeverStarted);
        }
        let at = |t_s: f64| {
            past.at(begin.shifted(t_s))
                .map(|estimate| planar(&estimate))
        };
        Ok((Way::Driven(odometry.begun_at(at)), placed))
    }
}

impl Placed {
    fn along(by: String, moved_m: f64, is_odometry: bool) -> Self {
        Self {
            source: Name::new(),
            by,
            moved_m,
            is_odometry,
            fixes: Vec::new(),
            is_unplaced: false,
            is_adrift: false,
        }
    }
}

/// Three places or more, not on one line.
fn is_broad(places: &[Vector3<f64>]) -> bool {
    let count = places.len() as f64;
    if places.len() < 3 {
        return false;
    }
    let mean: Vector3<f64> = places.iter().sum::<Vector3<f64>>() / count;
    let spread = places.iter().fold(Matrix2::zeros(), |sum, p| {
        let d = (p - mean).xy();
        sum + d * d.transpose()
    });
    let eigen = spread.symmetric_eigenvalues();
    eigen.min().max(0.0).sqrt() > COLLINEAR * eigen.max().sqrt()
}

/// What a blocked path adds, by the radio's own evidence \[m\], as the engine takes it off.
fn excess_m(config: &UwbSource, range: &sample::Range) -> f64 {
    let beyond_db = match (range.rx_power_dbm, range.first_path_dbm) {
        (Some(total), Some(first)) => (total - first - config.nlos_gap_db).max(0.0),
        _ => 0.0,
    };
    beyond_db * config.nlos_sigma_m_per_db
}
