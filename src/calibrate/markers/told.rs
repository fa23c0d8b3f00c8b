//! The report.

use nalgebra::{UnitQuaternion, Vector3};
use serde_json::json;
use wayfix_calibration::markers::Surveyed;
use wayfix_calibration::{Observed, Parameter as Fitted};
use wayfix_filter::math;
use wayfix_sensors::Name;

use super::{Sought, Target};
use crate::calibrate::two_files::{Change, Whole};
use crate::calibrate::{File, Fit, KeyPath, Parameter, Report};
use crate::config::Site;

const ADVICE: &str = "pass it again, and from other sides";

pub(super) fn report(site: &Site, source: &Name, known: usize, sought: &[Sought]) -> Report {
    let mut report = Report {
        what: "markers",
        headline: format!(
            "{} of {} surveyed from {known} known, source.{source}",
            sought.iter().filter(|s| s.result.is_ok()).count(),
            sought.len(),
        ),
        ..Report::default()
    };
    let mut judged = Vec::new();
    for own in sought {
        let found = match &own.result {
            Ok(found) => found,
            Err(error) => {
                report
                    .warnings
                    .push(format!("{}: {error}; {ADVICE}", own.name));
                continue;
            }
        };
        let list = match own.target {
            Target::Marker => "marker",
            Target::Landmark => "landmark",
        };
        let key = |key: &str| KeyPath::of(list).id(own.name.as_str()).key(key);
        let places = places(site, own, found, &key("position_m"));
        let is_shown = places.iter().all(|p| p.change().is_some());
        report.parameters.extend(places);
        if let Some(q_nm) = found.q_nm {
            report
                .parameters
                .extend(angles(site, own, found, q_nm, &key("rpy_deg")));
        }
        if is_shown {
            let sigma_m = found.place.iter().map(|p| p.sigma).fold(0.0, f64::max);
            let change = |path, value, sigma| Change {
                path,
                value,
                sigma: Some(sigma),
                whole: Whole::Number,
            };
            let new = |path, value, sigma| (File::Site, change(path, value, sigma));
            report
                .more
                .push(new(key("sigma_m"), sigma_m, 0.1 * sigma_m));
            if let Some(size_m) = own.size_m {
                report.more.push(new(key("size_m"), size_m, 1e-4));
            }
        }
        let (sightings, passes) = found.seen;
        judged.push(json!({ "id": own.name.as_str(), "sightings": sightings, "passes": passes }));
        report.fits.push(Fit {
            name: format!("{list} {}, {passes} passes", own.name),
            unit: "px",
            rms: found.sigma_px,
            rms_before: None,
            count: Some(sightings),
        });
    }
    report.details = [
        ("source".to_owned(), json!(source.as_str())),
        ("surveyed".to_owned(), json!(judged)),
    ]
    .into_iter()
    .collect();
    report
}

fn places(site: &Site, own: &Sought, found: &Surveyed, key: &KeyPath) -> Vec<Parameter> {
    let listed = listed(site, own);
    let value = site.on_grid(Vector3::from_fn(|k, _| found.place[k].value));
    let is_turned = site.grid.is_some_and(|grid| grid.yaw_deg != 0.0);
    let flat_sigma = found.place[0].sigma.max(found.place[1].sigma);
    let one = |(k, p): (usize, &Fitted)| {
        let before = listed.map(|(p, _)| p[k]);
        // Where it is not shown the file's own number stands.
        let kept = before.unwrap_or(value[k]);
        let of_key = Fitted {
            guess: kept,
            value: if p.observed == Observed::No {
                kept
            } else {
                value[k]
            },
            sigma: if is_turned && k < 2 {
                flat_sigma
            } else {
                p.sigma
            },
            ..p.clone()
        };
        Parameter {
            before,
            whole: Whole::Vector(listed.map_or(value, |(p, _)| p).to_vec()),
            ..Parameter::new(File::Site, key.clone().index(k), "m", &of_key, ADVICE)
        }
    };
    found.place.iter().enumerate().map(one).collect()
}

fn angles(
    site: &Site,
    own: &Sought,
    found: &Surveyed,
    q_nm: UnitQuaternion<f64>,
    key: &KeyPath,
) -> Vec<Parameter> {
    let listed = listed(site, own);
    let q = math::from_roll_pitch_yaw(0.0, 0.0, site.grid_yaw_rad()).inverse() * q_nm;
    let degrees = |q: &UnitQuaternion<f64>| {
        let (roll, pitch, yaw) = q.euler_angles();
        [roll, pitch, yaw].map(f64::to_degrees)
    };
    let value = degrees(&q);
    let one = |k: usize| {
        // How the angle moves with a turn about each axis of the marker.
        let variance = (0..3).map(|axis| {
            let step = UnitQuaternion::from_scaled_axis(1e-4 * Vector3::ith(axis, 1.0));
            let moved = degrees(&(q * step))[k] - value[k];
            let slope = (moved - 360.0 * (moved / 360.0).round()) / 1e-4;
            (slope * found.turn[axis].sigma).powi(2)
        });
        let before = listed.map(|(_, rpy)| rpy[k]);
        let observed =
            (found.turn.iter()).fold(Observed::Well, |worst, p| match (worst, p.observed) {
                (Observed::No, _) | (_, Observed::No) => Observed::No,
                (Observed::Weakly, _) | (_, Observed::Weakly) => Observed::Weakly,
                _ => Observed::Well,
            });
        let of_key = Fitted {
            name: String::new(),
            guess: before.unwrap_or(value[k]),
            value: value[k],
            sigma: variance.sum::<f64>().sqrt(),
            observed,
        };
        Parameter {
            before,
            whole: Whole::Vector(listed.map_or(value, |(_, rpy)| rpy).to_vec()),
            ..Parameter::new(File::Site, key.clone().index(k), "deg", &of_key, ADVICE)
        }
    };
    (0..3).map(one).collect()
}

/// Place and angles as site.toml has them.
fn listed(site: &Site, own: &Sought) -> Option<([f64; 3], [f64; 3])> {
    let id = own.name.as_str();
    match own.target {
        Target::Marker => {
            let marker = site.markers.iter().find(|m| m.id == id)?;
            Some((marker.position_m, marker.rpy_deg))
        }
        Target::Landmark => {
            let landmark = site.landmarks.iter().find(|l| l.id == id)?;
            Some((landmark.position_m, [0.0; 3]))
        }
    }
}
