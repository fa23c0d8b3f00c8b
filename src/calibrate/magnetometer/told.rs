//! What was found, as a report.

use nalgebra::{UnitQuaternion, Vector3};
use serde_json::json;
use wayfix_calibration::magnetometer::{Alignment, Coverage, Kind};
use wayfix_calibration::{Observed, Parameter as Fitted};
use wayfix_sensors::Name;

use super::{EarthField, Found, picture};
use crate::calibrate::plot::Plot;
use crate::calibrate::two_files::Whole;
use crate::calibrate::{File, Fit, KeyPath, Parameter, Report, Verdict};
use crate::config::Site;

const TUMBLE: &str = "turn the sensor through all directions, not on the spot alone";
const TURN: &str = "turn about another axis too";
/// Places of xx, yy, zz, xy, xz, yz.
const PLACES: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];

/// Too few directions: nothing is changed, and what is missing is shown.
pub(super) fn refused(
    source: &Name,
    coverage: &Coverage,
    centre_ut: &Vector3<f64>,
    radius_ut: f64,
) -> Report {
    let mut warnings = vec![
        picture::missing(coverage),
        "directions covered (#) and missing (.), azimuth from -180 to 180 deg:".to_owned(),
    ];
    warnings.extend(picture::letters(coverage));
    warnings.push(format!(
        "the sphere that fits best, for what it is worth: centre {:.1}, {:.1}, {:.1} µT, radius {radius_ut:.1} µT",
        centre_ut.x, centre_ut.y, centre_ut.z
    ));
    Report {
        what: "magnetometer",
        headline: format!(
            "magnetometer, source.{source}: refused, the turning covers {:.0} % of all directions",
            100.0 * coverage.share
        ),
        warnings,
        details: details(source, coverage),
        plots: vec![picture::map(coverage)],
        ..Report::default()
    }
}

fn details(source: &Name, coverage: &Coverage) -> serde_json::Map<String, serde_json::Value> {
    [
        ("source".to_owned(), json!(source.as_str())),
        ("coverage".to_owned(), json!(coverage.share)),
    ]
    .into_iter()
    .collect()
}

pub(super) fn report(site: &Site, found: Found) -> Report {
    let Found {
        source,
        config,
        iron,
        samples,
        mount,
        earth,
        mut notes,
    } = found;
    let of_source = |key: &str| KeyPath::of_source(&source, key);
    let mut parameters = Vec::new();
    for (axis, hard) in iron.hard_ut.iter().enumerate() {
        let before = config.hard_iron_ut[axis];
        parameters.push(Parameter {
            whole: Whole::Vector(config.hard_iron_ut.to_vec()),
            ..kept(hard, before, of_source("hard_iron_ut").index(axis), "µT")
        });
    }
    for (soft, (i, j)) in iron.soft.iter().zip(PLACES) {
        let places = if i == j {
            vec![(i, j)]
        } else {
            vec![(i, j), (j, i)]
        };
        for (row, column) in places {
            let before = config.soft_iron[row][column];
            let key = of_source("soft_iron").index(row).index(column);
            parameters.push(Parameter {
                whole: Whole::Matrix(config.soft_iron.iter().map(|row| row.to_vec()).collect()),
                ..kept(soft, before, key, "")
            });
        }
    }
    let kind = match iron.kind {
        Kind::Full => format!("{:.0} % of all directions", 100.0 * iron.coverage.share),
        Kind::Flat => {
            notes.push(
                "turned on the spot: hard iron along z and the soft iron of z stay as they are"
                    .to_owned(),
            );
            "turned on the spot".to_owned()
        }
    };
    if let Some((alignment, q_b_mag, pairs)) = &mount {
        parameters.extend(of_mount(&source, config.mount.rpy_deg, alignment, q_b_mag));
        let is_shown = alignment
            .offset_rad
            .iter()
            .all(|p| p.observed != Observed::No);
        let what = if is_shown { "mount by" } else { "no mount by" };
        notes.push(format!(
            "{what} {pairs} turns of the gyro, which the field follows within {:.1} deg",
            alignment.rms_rad.to_degrees()
        ));
    } else {
        notes.push("no mount: too few turns that a gyro saw".to_owned());
    }
    match &earth {
        Some(earth) => parameters.extend(of_site(site, earth)),
        None if site.magnetic.is_none() => notes.push(format!(
            "the strength of the Earth's field here is unknown: the corrected field has {:.1} µT by \
             convention, which site.toml's magnetic.strength_ut has to be",
            iron.strength_ut
        )),
        None => {}
    }
    let (correlation, one, other) = &iron.correlation;
    let strength = ["field".to_owned()];
    Report {
        what: "magnetometer",
        headline: format!("magnetometer, source.{source}; {samples} samples, {kind}"),
        parameters,
        least_apart: (!one.is_empty()).then(|| (one.clone(), other.clone(), *correlation)),
        fits: vec![Fit {
            name: match iron.kind {
                Kind::Full => "strength of the field",
                Kind::Flat => "strength of the horizontal field",
            }
            .to_owned(),
            unit: "µT",
            rms: iron.rms_ut.1,
            rms_before: Some(iron.rms_ut.0),
            count: Some(iron.residuals.len()),
        }],
        warnings: notes,
        details: details(&source, &iron.coverage),
        more: Vec::new(),
        plots: vec![
            picture::map(&iron.coverage),
            Plot::residuals("residuals", "strength [µT]", &strength, &iron.residuals),
            Plot::histogram("histogram", "strength", &iron.residuals),
        ],
    }
}

/// A parameter that stays as the file has it where it was not shown.
fn kept(found: &Fitted, before: f64, key: KeyPath, unit: &'static str) -> Parameter {
    let mut parameter = Parameter::new(File::Vehicle, key, unit, found, TUMBLE);
    parameter.before = Some(before);
    if parameter.verdict == Verdict::NotShown {
        parameter.value = before;
    }
    parameter
}

/// Roll, pitch and yaw of the mount, all or none: a rotation of which one angle is not shown is not shown.
fn of_mount(
    source: &Name,
    before_deg: [f64; 3],
    alignment: &Alignment,
    q_b_mag: &UnitQuaternion<f64>,
) -> Vec<Parameter> {
    let worst = |a: Observed, b: Observed| match (a, b) {
        (Observed::No, _) | (_, Observed::No) => Observed::No,
        (Observed::Well, Observed::Well) => Observed::Well,
        _ => Observed::Weakly,
    };
    let all = alignment.offset_rad.iter().map(|p| p.observed);
    let observed = all.fold(Observed::Well, worst);
    let sigmas = alignment.offset_rad.iter().map(|p| p.sigma);
    let sigma = sigmas.fold(0.0, f64::max).to_degrees();
    let (roll, pitch, yaw) = q_b_mag.euler_angles();
    let angles = [roll, pitch, yaw].into_iter().zip(before_deg).enumerate();
    angles
        .map(|(axis, (angle, before))| {
            let found = Fitted {
                name: String::new(),
                guess: before,
                value: if observed == Observed::No {
                    before
                } else {
                    angle.to_degrees()
                },
                sigma,
                observed,
            };
            let key = KeyPath::of_source(source, "mount")
                .key("rpy_deg")
                .index(axis);
            Parameter {
                whole: Whole::Vector(before_deg.to_vec()),
                ..Parameter::new(File::Vehicle, key, "deg", &found, TURN)
            }
        })
        .collect()
}

fn of_site(site: &Site, earth: &EarthField) -> Vec<Parameter> {
    let before = site.magnetic;
    let one = |key: &str, unit, [value, sigma]: [f64; 2], before: Option<f64>| Parameter {
        file: Some(File::Site),
        key: KeyPath::of("magnetic").key(key),
        unit,
        value,
        sigma,
        before,
        verdict: Verdict::Shown,
        advice: None,
        whole: Whole::Number,
    };
    vec![
        one(
            "declination_deg",
            "deg",
            earth.declination_deg,
            before.map(|m| m.declination_deg),
        ),
        one(
            "inclination_deg",
            "deg",
            earth.inclination_deg,
            before.map(|m| m.inclination_deg),
        ),
        one(
            "strength_ut",
            "µT",
            earth.strength_ut,
            before.map(|m| m.strength_ut),
        ),
    ]
}
