//! The report.

use nalgebra::Vector3;
use serde_json::json;
use wayfix_calibration::anchors::{self, Found};

use super::{Case, Placed};
use crate::calibrate::plot::Plot;
use crate::calibrate::two_files::Whole;
use crate::calibrate::{File, Fit, KeyPath, Parameter, Report};
use crate::config::source::UwbSource;
use crate::config::{Site, Source, Vehicle};

/// Metres that light goes in a nanosecond.
const M_PER_NS: f64 = 0.299_792_458;
const ADVICE_PLACE: &str = "drive around it, with bends both ways, near and far";
const ADVICE_BIAS: &str = "drive near and far";
const ADVICE_ODOMETRY: &str = "keep three anchors as surveyed, and drive long ways between them";

pub(super) fn report(
    site: &Site,
    vehicle: &Vehicle,
    config: &UwbSource,
    case: &Case,
    placed: &Placed,
    found: &Found,
) -> Report {
    let mut parameters = Vec::new();
    for (k, anchor) in case.anchors.iter().enumerate() {
        let key = |key: &str| KeyPath::of("anchor").id(&anchor.name).key(key);
        parameters.extend(places(site, anchor, &found.places[k], &key("position_m")));
        parameters.push(Parameter::new(
            File::Site,
            key("bias_m"),
            "m",
            &found.biases[k],
            ADVICE_BIAS,
        ));
    }
    parameters.push(Parameter::new(
        File::Vehicle,
        KeyPath::of_source(&placed.source, "scale"),
        "",
        &found.scale,
        ADVICE_BIAS,
    ));
    parameters.push(Parameter {
        file: None,
        ..Parameter::new(
            File::Site,
            KeyPath::of("common bias (antenna delay)"),
            "m",
            &found.common_bias_m,
            ADVICE_BIAS,
        )
    });
    parameters.extend(odometry(vehicle, found));
    let names: Vec<String> = case.anchors.iter().map(|a| a.name.clone()).collect();
    let fit = |(k, fit): (usize, &anchors::Fit)| Fit {
        name: format!("anchor {}", names[k]),
        unit: "m",
        rms: fit.after_m,
        rms_before: fit.before_m.is_finite().then_some(fit.before_m),
        count: Some(fit.ranges),
    };
    let (correlation, one, other) = &found.correlation;
    let distance = |(a, b, length_m, sigma_m): &(usize, usize, f64, f64)| {
        json!({
            "from": names[*a], "to": names[*b],
            "distance_m": length_m, "sigma_m": sigma_m,
        })
    };
    let distances: Vec<_> = found.distances.iter().map(distance).collect();
    Report {
        what: "anchors",
        headline: format!(
            "{} anchors, source.{}; {} ranges over {:.0} m along {}",
            names.len(),
            placed.source,
            found.residuals.len(),
            placed.moved_m,
            placed.by
        ),
        parameters,
        least_apart: (!one.is_empty()).then(|| (one.clone(), other.clone(), *correlation)),
        fits: found.fits.iter().enumerate().map(fit).collect(),
        warnings: warnings(config, case, placed, found),
        details: [
            ("source".to_owned(), json!(placed.source.as_str())),
            ("along".to_owned(), json!(placed.by)),
            ("range_sigma_m".to_owned(), json!(found.sigma_m)),
            ("wild_share".to_owned(), json!(found.wild_share)),
            ("distances".to_owned(), json!(distances)),
        ]
        .into_iter()
        .collect(),
        more: Vec::new(),
        plots: vec![
            Plot::residuals("residuals", "range error [m]", &names, &found.residuals),
            Plot::histogram("histogram", "range error", &found.residuals),
        ],
    }
}

/// The place of an anchor, as site.toml states places; whole where one axis of it turns two of the grid.
fn places(
    site: &Site,
    anchor: &anchors::Anchor,
    found: &[wayfix_calibration::Parameter],
    key: &KeyPath,
) -> Vec<Parameter> {
    if found.is_empty() {
        return Vec::new();
    }
    let axis = |k: usize, of: &dyn Fn(&wayfix_calibration::Parameter) -> f64| {
        let height = anchor.p_na.map_or(0.0, |p| p.z);
        found.get(k).map_or(height, of)
    };
    let value = site.on_grid(Vector3::from_fn(|k, _| axis(k, &|p| p.value)));
    let guess = site.on_grid(Vector3::from_fn(|k, _| axis(k, &|p| p.guess)));
    let listed = site.anchors.iter().find(|a| a.id == anchor.name);
    let whole = listed.map_or(value, |a| a.position_m);
    // A turned grid mixes x and y.
    let flat_sigma = found[0].sigma.max(found.get(1).map_or(0.0, |p| p.sigma));
    let is_turned = site.grid.is_some_and(|grid| grid.yaw_deg != 0.0);
    let one = |(k, p): (usize, &wayfix_calibration::Parameter)| {
        let of_key = wayfix_calibration::Parameter {
            value: value[k],
            guess: guess[k],
            sigma: if is_turned && k < 2 {
                flat_sigma
            } else {
                p.sigma
            },
            ..p.clone()
        };
        Parameter {
            before: listed.map(|a| a.position_m[k]),
            whole: Whole::Vector(whole.to_vec()),
            ..Parameter::new(File::Site, key.clone().index(k), "m", &of_key, ADVICE_PLACE)
        }
    };
    found.iter().enumerate().map(one).collect()
}

/// What the drive showed of the odometry along with the ranges.
fn odometry(vehicle: &Vehicle, found: &Found) -> Vec<Parameter> {
    let wheels = vehicle
        .sources
        .iter()
        .find_map(|(name, source)| match source {
            Source::Wheels(config) => Some((name, config)),
            _ => None,
        });
    let ([scale, turn, bias, curvature], Some((name, config))) =
        (found.odometry.as_slice(), wheels)
    else {
        return Vec::new();
    };
    let times = |p: &wayfix_calibration::Parameter, factor: f64| wayfix_calibration::Parameter {
        guess: factor,
        value: factor * (1.0 + p.value),
        sigma: factor * p.sigma,
        ..p.clone()
    };
    let key = |key: &str| KeyPath::of_source(name, key);
    let new = |path, found: &_| Parameter::new(File::Vehicle, path, "", found, ADVICE_ODOMETRY);
    vec![
        new(key("scale"), &times(scale, config.scale)),
        new(key("yaw_rate_scale"), &times(turn, config.yaw_rate_scale)),
        Parameter {
            file: None,
            unit: "rad/s",
            ..new(KeyPath::of("yaw rate bias"), bias)
        },
        Parameter {
            file: None,
            unit: "rad/m",
            ..new(KeyPath::of("curvature of straight ahead"), curvature)
        },
    ]
}

fn warnings(config: &UwbSource, case: &Case, placed: &Placed, found: &Found) -> Vec<String> {
    let mut warnings = Vec::new();
    if placed.is_adrift {
        warnings.push(
            "nothing ties the drive to the site: places are in a frame of its own, which begins at the \
             start and looks along it; state [start] in vehicle.toml, or survey three anchors"
                .to_owned(),
        );
    }
    if placed.is_odometry {
        let sought = case.anchors.iter().filter(|a| a.is_sought).count();
        let by = if sought + 1 < case.anchors.len() {
            "the anchors that were kept fix it"
        } else {
            "the prior of the wheels' scale (scale_sigma) fixes it, and no scale is known better"
        };
        warnings.push(format!(
            "wheel scale, range scale, common bias and the distances between anchors are nearly one \
             gauge: {by}"
        ));
    }
    for (anchor, mirrored) in case.anchors.iter().zip(&found.mirrored) {
        if let Some(p) = mirrored {
            warnings.push(format!(
                "{} may stand at ({:.1}, {:.1}) just as well, the way's mirror image: {ADVICE_PLACE}",
                anchor.name, p.x, p.y
            ));
        }
    }
    let new: Vec<&str> = (case.anchors.iter().zip(&case.is_listed))
        .filter(|(_, listed)| !**listed)
        .map(|(anchor, _)| anchor.name.as_str())
        .collect();
    if !new.is_empty() {
        warnings.push(format!(
            "not in site.toml, and surveyed: {}",
            new.join(", ")
        ));
    }
    if case.silent > 0 {
        let silent = case.silent;
        warnings.push(format!(
            "{silent} anchors of site.toml were not heard, and stay as they are"
        ));
    }
    if found.wild_share > 0.0 {
        warnings.push(format!(
            "{:.1} % of the ranges are farther off than four sigmas, and were weighted down",
            100.0 * found.wild_share
        ));
    }
    let common = &found.common_bias_m;
    warnings.push(format!(
        "the ranges scatter by {:.3} m (range_sigma_m is {:.3}); common bias {:.3} ± {:.3} m, an antenna \
         delay of {:.2} ns there and back",
        found.sigma_m,
        config.range_sigma_m,
        common.value,
        common.sigma,
        2.0 * common.value / M_PER_NS
    ));
    warnings
}
