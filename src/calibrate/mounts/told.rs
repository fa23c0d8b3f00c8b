//! The report.

use nalgebra::{UnitQuaternion, Vector3};
use serde_json::{Map, Value, json};
use wayfix_calibration::drive::{Track, TrackPoint};
use wayfix_calibration::mounts::Found;
use wayfix_calibration::mounts::camera::CameraFound;
use wayfix_calibration::mounts::gyro::GyroFound;
use wayfix_calibration::{Observed, Parameter as Fitted};
use wayfix_sensors::Name;

use crate::calibrate::plot::Plot;
use crate::calibrate::two_files::Whole;
use crate::calibrate::{File, Fit, KeyPath, Parameter, Report};
use crate::config::Source;

const ADVICE_LAG: &str = "drive at changing speed";
const ADVICE_LEVER: &str = "drive bends both ways";
const ADVICE_TURN: &str = "turn about the other axes too (ramps, kerbs, by hand)";
const ADVICE_SIGHTINGS: &str = "see more markers, near and far, and drive bends both ways";
const KINDS: [(&str, &str); 4] = [
    ("positions", "m"),
    ("velocities", "m/s"),
    ("headings", "rad"),
    ("ranges", "m"),
];
/// From this correlation on two parameters are nearly one.
const ONE_GAUGE: f64 = 0.8;
/// An angle depends on a turn about an axis where it moves with it by this share.
const DEPENDS: f64 = 0.3;
/// A z axis that is up by more than this is up.
const LEVEL: f64 = 1.0 - 1e-12;

/// Of what the report is.
pub(super) struct About<'a> {
    pub source: Name,
    pub config: &'a Source,
    pub by: String,
    pub moved_m: f64,
    pub is_odometry: bool,
}

impl About<'_> {
    fn key(&self, key: &str) -> KeyPath {
        KeyPath::of_source(&self.source, key)
    }

    fn mount(&self, key: &str) -> KeyPath {
        self.key("mount").key(key)
    }

    fn details(&self) -> Map<String, Value> {
        let source = ("source".to_owned(), json!(self.source.as_str()));
        let along = ("along".to_owned(), json!(self.by));
        [source, along].into_iter().collect()
    }

    fn headline(&self, readings: usize) -> String {
        format!(
            "source.{}; {readings} readings over {:.0} m along {}",
            self.source, self.moved_m, self.by
        )
    }
}

/// A source of positions, velocities, headings or ranges.
pub(super) fn mount(about: &About, found: &Found) -> Report {
    let (lag, velocity_lag) = match about.config {
        Source::Gnss(_) => ("position_delay_s", "velocity_delay_s"),
        _ => ("delay_s", "delay_s"),
    };
    let mount = about.config.mount();
    let new = |key, unit, p: &Fitted, advice| Parameter::new(File::Vehicle, key, unit, p, advice);
    let mut parameters = Vec::new();
    parameters.extend((found.lag_s.iter()).map(|p| new(about.key(lag), "s", p, ADVICE_LAG)));
    let of_velocity = found.velocity_lag_s.iter();
    parameters.extend(of_velocity.map(|p| new(about.key(velocity_lag), "s", p, ADVICE_LAG)));
    parameters.extend(found.lever.iter().enumerate().map(|(k, p)| Parameter {
        whole: Whole::Vector(mount.position_m.to_vec()),
        ..new(about.mount("position_m").index(k), "m", p, ADVICE_LEVER)
    }));
    parameters.extend(found.yaw_rad.iter().map(|p| {
        let degrees = Fitted {
            guess: p.guess.to_degrees(),
            value: p.value.to_degrees(),
            sigma: p.sigma.to_degrees(),
            ..p.clone()
        };
        Parameter {
            whole: Whole::Vector(mount.rpy_deg.to_vec()),
            ..new(
                about.mount("rpy_deg").index(2),
                "deg",
                &degrees,
                ADVICE_LEVER,
            )
        }
    }));
    let fits = (found.fits.iter().zip(KINDS)).filter_map(|(fit, (name, unit))| {
        let (before, after, count) = (*fit)?;
        Some(Fit {
            name: name.to_owned(),
            unit,
            rms: after,
            rms_before: Some(before),
            count: Some(count),
        })
    });
    let fits: Vec<Fit> = fits.collect();
    let readings = fits.iter().filter_map(|fit| fit.count).sum();
    let (correlation, one, other) = &found.correlation;
    let names = KINDS.map(|(name, _)| name.to_owned());
    let mut warnings = Vec::new();
    if about.is_odometry {
        warnings.push(
            "the way comes from odometry and this source together: a lag of both alike is not seen"
                .to_owned(),
        );
    }
    if correlation.abs() > ONE_GAUGE {
        warnings.push(format!(
            "{one} and {other} are told apart badly ({correlation:+.2}): at one speed a lag is a lever arm \
             along the way; drive at changing speed, or keep the lever arm where it was measured \
             (--keep-lever)"
        ));
    }
    Report {
        what: "mounts",
        headline: about.headline(readings),
        parameters,
        least_apart: (!one.is_empty()).then(|| (one.clone(), other.clone(), *correlation)),
        fits,
        warnings,
        details: about.details(),
        more: Vec::new(),
        plots: vec![
            Plot::residuals("residuals", "error [m, m/s, rad]", &names, &found.residuals),
            Plot::histogram("histogram", "error", &found.residuals),
        ],
    }
}

/// An inertial unit.
pub(super) fn gyro(about: &About, found: &GyroFound) -> Report {
    let lag = Parameter::new(
        File::Vehicle,
        about.key("delay_s"),
        "s",
        &found.lag_s,
        ADVICE_LAG,
    );
    let mut parameters = vec![lag];
    parameters.extend(angles(about, &found.q_bs, &found.turn, ADVICE_TURN));
    let biases = ["x", "y", "z"].into_iter().zip(&found.bias);
    parameters.extend(biases.map(|(axis, p)| Parameter {
        file: None,
        ..Parameter::new(
            File::Vehicle,
            KeyPath::of(format!("gyro bias {axis}")),
            "rad/s",
            p,
            ADVICE_TURN,
        )
    }));
    let (correlation, one, other) = &found.correlation;
    let names = ["x", "y", "z"].map(str::to_owned);
    Report {
        what: "mounts",
        headline: about.headline(found.residuals.len() / 3),
        parameters,
        least_apart: (!one.is_empty()).then(|| (one.clone(), other.clone(), *correlation)),
        fits: vec![Fit {
            name: "turn rates".to_owned(),
            unit: "rad/s",
            rms: found.sigma_radps,
            rms_before: Some(found.before_radps),
            count: Some(found.residuals.len()),
        }],
        warnings: Vec::new(),
        details: about.details(),
        more: Vec::new(),
        plots: vec![Plot::residuals(
            "residuals",
            "turn rate error [rad/s]",
            &names,
            &found.residuals,
        )],
    }
}

/// Roll, pitch and yaw of the mount \[deg\], from the sensor's axes in the body's and what is left of their
/// turn about themselves.
fn angles(about: &About, q: &UnitQuaternion<f64>, turn: &[Fitted], advice: &str) -> [Parameter; 3] {
    let mount = about.config.mount();
    let degrees = |q: &UnitQuaternion<f64>| {
        let (roll, pitch, yaw) = q.euler_angles();
        Vector3::new(roll, pitch, yaw).map(f64::to_degrees)
    };
    let now = degrees(q);
    // How each angle moves with a turn about each axis of the unit.
    let slopes = [0, 1, 2].map(|axis| {
        let step = UnitQuaternion::from_scaled_axis(1e-4 * Vector3::ith(axis, 1.0));
        let moved = degrees(&(q * step)) - now;
        moved.map(|d| (d - 360.0 * (d / 360.0).round()) / 1e-4)
    });
    let parameter = |angle: usize| {
        let by_axis = || slopes.iter().zip(turn);
        let variance: f64 = by_axis().map(|(s, t)| (s[angle] * t.sigma).powi(2)).sum();
        let depends = by_axis().filter(|(s, _)| s[angle].to_radians().abs() > DEPENDS);
        let worst = depends.map(|(_, t)| t.observed);
        let observed = worst.fold(Observed::Well, |worst, own| match (worst, own) {
            (Observed::No, _) | (_, Observed::No) => Observed::No,
            (Observed::Weakly, _) | (_, Observed::Weakly) => Observed::Weakly,
            _ => Observed::Well,
        });
        let p = Fitted {
            name: String::new(),
            guess: now[angle],
            value: now[angle],
            sigma: variance.sqrt(),
            observed,
        };
        let p = p.against(mount.rpy_deg[angle]);
        Parameter {
            whole: Whole::Vector(mount.rpy_deg.to_vec()),
            ..Parameter::new(
                File::Vehicle,
                about.mount("rpy_deg").index(angle),
                "deg",
                &p,
                advice,
            )
        }
    };
    [0, 1, 2].map(parameter)
}

/// A camera.
pub(super) fn camera(about: &About, track: &Track, found: &CameraFound) -> Report {
    let mount = about.config.mount();
    let new = |key, unit, p: &Fitted, advice| Parameter::new(File::Vehicle, key, unit, p, advice);
    let mut parameters = vec![new(about.key("delay_s"), "s", &found.lag_s, ADVICE_LAG)];
    parameters.extend(found.lever.iter().enumerate().map(|(k, p)| Parameter {
        whole: Whole::Vector(mount.position_m.to_vec()),
        ..new(about.mount("position_m").index(k), "m", p, ADVICE_SIGHTINGS)
    }));
    parameters.extend(angles(about, &found.q_bc, &found.turn, ADVICE_SIGHTINGS));
    let (correlation, one, other) = &found.correlation;
    let mut warnings = Vec::new();
    let is_level = |point: &TrackPoint| {
        let up = |q: UnitQuaternion<f64>| (q * Vector3::z()).z;
        point.q_nb.is_none_or(|q| up(q) > LEVEL)
    };
    if track.points().iter().all(is_level) {
        warnings.push(
            "the way has headings and no tilt: roll and pitch of the mount hold where the floor is level"
                .to_owned(),
        );
    }
    if correlation.abs() > ONE_GAUGE {
        warnings.push(format!(
            "{one} and {other} are told apart badly ({correlation:+.2}): drive at changing speed, with bends, and \
             see markers near and far, in the middle and at the edges of the image; or keep the lever \
             arm where it was measured (--keep-lever)"
        ));
    }
    let names = ["columns", "rows"].map(str::to_owned);
    Report {
        what: "mounts",
        headline: about.headline(found.images),
        parameters,
        least_apart: (!one.is_empty()).then(|| (one.clone(), other.clone(), *correlation)),
        fits: vec![Fit {
            name: "pixels".to_owned(),
            unit: "px",
            rms: found.sigma_px,
            rms_before: Some(found.before_px),
            count: Some(found.residuals.len()),
        }],
        warnings,
        details: about.details(),
        more: Vec::new(),
        plots: vec![
            Plot::residuals("residuals", "error [px]", &names, &found.residuals),
            Plot::histogram("histogram", "error [px]", &found.residuals),
        ],
    }
}
