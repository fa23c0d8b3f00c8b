//! Errors that no single key has by itself: ids given twice, values that do not go together.

use std::collections::BTreeMap;

use super::lines::KeyLines;
use super::problem::{Fault, Problem};
use super::source::{Source, WheelPlace, WheelsSource};
use super::vehicle::{Drive, Motion};
use super::{Site, Vehicle};

/// A matrix with a smaller determinant than this cannot be a soft-iron correction.
const SINGULAR: f64 = 1e-9;

pub(super) fn site(site: &Site, lines: &KeyLines) -> Vec<Problem> {
    let mut problems = Vec::new();
    unique(
        "anchor",
        site.anchors.iter().map(|a| a.id.as_str()),
        lines,
        &mut problems,
    );
    unique(
        "beacon",
        site.beacons.iter().map(|b| b.id.as_str()),
        lines,
        &mut problems,
    );
    unique(
        "landmark",
        site.landmarks.iter().map(|l| l.id.as_str()),
        lines,
        &mut problems,
    );
    unique(
        "marker",
        site.markers.iter().map(|m| m.id.as_str()),
        lines,
        &mut problems,
    );
    unique(
        "portal",
        site.portals.iter().map(|p| p.id.as_str()),
        lines,
        &mut problems,
    );
    unique(
        "zone",
        site.zones.iter().map(|z| z.id.as_str()),
        lines,
        &mut problems,
    );
    unique(
        "floor",
        site.floors.iter().map(|f| f.id.as_str()),
        lines,
        &mut problems,
    );
    problems
}

fn unique<'a>(
    list: &str,
    ids: impl Iterator<Item = &'a str>,
    lines: &KeyLines,
    problems: &mut Vec<Problem>,
) {
    let mut seen = BTreeMap::new();
    for (i, id) in ids.enumerate() {
        if let Some(first) = seen.get(id) {
            let key = format!("{list}[{i}].id");
            let first = format!("{list}[{first}]");
            let line = lines.line(&key);
            let first = match lines.line(&first) {
                Some(line) => format!("{first} (line {line})"),
                None => first,
            };
            let fault = Fault::Duplicate {
                value: format!("{id:?}"),
                first,
            };
            problems.push(Problem { line, key, fault });
        } else {
            seen.insert(id, i);
        }
    }
}

pub(super) fn vehicle(vehicle: &Vehicle, lines: &KeyLines) -> Vec<Problem> {
    let mut problems = Vec::new();
    let motion = &vehicle.motion;
    if matches!(motion.drive, Drive::Ackermann | Drive::Tricycle) && motion.wheelbase_m <= 0.0 {
        let because = format!("motion.drive = \"{}\"", drive_name(motion));
        let key = "motion.wheelbase_m";
        problems.push(conflict(
            key,
            motion.wheelbase_m,
            "above 0 [m]",
            because,
            lines,
        ));
    }
    for (name, source) in &vehicle.sources {
        let path = format!("source.{name}");
        if let Some(live) = source.live() {
            let has = |other: &str| vehicle.sources.contains_key(other);
            problems.extend(live.wrong(name, has).into_iter().map(|wrong| {
                let key = format!("{path}.live.{}", wrong.key);
                let key = key.trim_end_matches('.');
                conflict(key, wrong.value, &wrong.expected, wrong.because, lines)
            }));
        }
        match source {
            Source::Wheels(wheels) => wheels_of(motion, wheels, &path, lines, &mut problems),
            Source::Magnetometer(mag) => {
                let m = nalgebra::Matrix3::from_fn(|r, c| mag.soft_iron[r][c]);
                let determinant = m.determinant();
                if determinant.abs() < SINGULAR {
                    let key = format!("{path}.soft_iron");
                    let because = format!("its determinant is {determinant}");
                    let value = format!("{:?}", mag.soft_iron);
                    problems.push(conflict(
                        &key,
                        value,
                        "an invertible matrix",
                        because,
                        lines,
                    ));
                }
            }
            _ => {}
        }
    }
    problems
}

fn wheels_of(
    motion: &Motion,
    source: &WheelsSource,
    path: &str,
    lines: &KeyLines,
    problems: &mut Vec<Problem>,
) {
    let has = |place| source.wheels.contains(&place);
    let pair = (has(WheelPlace::RearLeft) && has(WheelPlace::RearRight))
        || (has(WheelPlace::FrontLeft) && has(WheelPlace::FrontRight));
    if motion.drive == Drive::Differential && pair && motion.track_m <= 0.0 {
        let because = format!("{path}.wheels has a left and a right wheel");
        problems.push(conflict(
            "motion.track_m",
            motion.track_m,
            "above 0 [m]",
            because,
            lines,
        ));
    }
    if source.steering_rad_per_tick != 0.0 && source.metres_per_tick == 0.0 {
        let key = format!("{path}.metres_per_tick");
        let because = format!("{path}.steering_rad_per_tick is given, so the samples are counts");
        let other = "other than 0 [m per count]";
        problems.push(conflict(
            &key,
            source.metres_per_tick,
            other,
            because,
            lines,
        ));
    }
    let scales = source.wheel_scales.len();
    if scales != 0 && scales != source.wheels.len() {
        let key = format!("{path}.wheel_scales");
        let because = format!("{path}.wheels has {}", source.wheels.len());
        let value = format!("{:?}", source.wheel_scales);
        problems.push(conflict(&key, value, "one a wheel", because, lines));
    }
    for (i, wheel) in source.wheels.iter().enumerate() {
        if source.wheels[..i].contains(wheel) {
            let key = format!("{path}.wheels[{i}]");
            let because = "the same wheel stands before it".to_owned();
            let value = serde_json::to_string(wheel).unwrap_or_default();
            problems.push(conflict(&key, value, "each wheel once", because, lines));
        }
    }
}

fn drive_name(motion: &Motion) -> &'static str {
    match motion.drive {
        Drive::Free => "free",
        Drive::Differential => "differential",
        Drive::Ackermann => "ackermann",
        Drive::Tricycle => "tricycle",
    }
}

fn conflict(
    key: &str,
    value: impl ToString,
    expected: &str,
    because: String,
    lines: &KeyLines,
) -> Problem {
    let (value, expected) = (value.to_string(), expected.to_owned());
    let fault = Fault::Conflict {
        value,
        expected,
        because,
    };
    Problem {
        line: lines.line(key),
        key: key.to_owned(),
        fault,
    }
}
