//! What was found, in the form that all calibrations share.

use serde_json::Value;
use wayfix_calibration::least_squares::Residual;

use super::{Errors, Found};
use crate::calibrate::plot::Plot;
use crate::calibrate::two_files::{Change, Whole};
use crate::calibrate::{File, Fit, KeyPath, Report};

/// Load, tyres and floor change scales by so much from one drive to the next, which no single drive
/// shows. A prior below that would forbid the engine to learn them anew.
const SCALE_ANEW: f64 = 0.005;
const YAW_RATE_SCALE_ANEW: f64 = 0.01;

impl Found {
    /// For people, machines and vehicle.toml.
    #[must_use]
    pub fn report(&self) -> Report {
        let reference = match &self.reference {
            Some(name) => format!("the sensor of source.{name}"),
            None => "the reference point".to_owned(),
        };
        let mut details = match serde_json::to_value(self) {
            Ok(Value::Object(details)) => details,
            _ => serde_json::Map::new(),
        };
        // What every report has stands there, and once.
        details.remove("parameters");
        details.remove("least_apart");
        Report {
            what: "wheels",
            headline: format!(
                "{}, source.{}; {:.1} s with truth of {reference}",
                match self.drive {
                    Some(drive) => format!("{drive} drive"),
                    None => "computed odometry".to_owned(),
                },
                self.source,
                self.shared_s
            ),
            parameters: self.parameters.clone(),
            least_apart: Some(self.least_apart.clone()),
            fits: self.fits(),
            warnings: self.warnings(),
            details,
            more: self.more(),
            plots: self.plots(),
        }
    }

    /// What of it belongs into vehicle.toml: what the drive showed, and how well that is known, where
    /// a key says so. What it did not show is left alone.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.report().changes(File::Vehicle)
    }

    fn more(&self) -> Vec<(File, Change)> {
        let bits = self.tick_bits.map(|bits| Change {
            path: KeyPath::of_source(&self.source, "tick_bits"),
            value: f64::from(bits.value),
            sigma: None,
            whole: Whole::Number,
        });
        let sigmas = self.parameters.iter().filter_map(|parameter| {
            let Change { path, value, .. } = parameter.change()?;
            let sigma = parameter.sigma;
            let (key, sigma) = match path.last_key() {
                "metres_per_tick" | "scale" => {
                    ("scale_sigma", (sigma / value.abs()).max(SCALE_ANEW))
                }
                "yaw_rate_scale" => (
                    "yaw_rate_scale_sigma",
                    (sigma / value.abs()).max(YAW_RATE_SCALE_ANEW),
                ),
                "offset_deg" => ("offset_sigma_deg", sigma),
                "steering_offset_deg" => ("steering_offset_sigma_deg", sigma),
                _ => return None,
            };
            Some(Change {
                path: path.beside(key),
                value: sigma,
                sigma: Some(sigma),
                whole: Whole::Number,
            })
        });
        let all = bits.into_iter().chain(sigmas);
        all.map(|change| (File::Vehicle, change)).collect()
    }

    fn fits(&self) -> Vec<Fit> {
        let mut fits = of("in sample", &self.in_sample, self.as_stated.as_ref());
        if let Some(holdout) = &self.holdout {
            fits.extend(of("first half", &holdout.first_half, None));
            fits.extend(of("second half, by the first", &holdout.second_half, None));
        }
        fits
    }

    fn plots(&self) -> Vec<Plot> {
        let of = |is_heading: bool| {
            let own = self
                .residuals
                .iter()
                .filter(|r| (r.series == 2) == is_heading);
            own.map(|r| Residual {
                series: if is_heading { 0 } else { r.series },
                ..*r
            })
            .collect::<Vec<_>>()
        };
        let label = "at the ends of segments";
        let (position, heading) = (of(false), of(true));
        let position_names = ["x".to_owned(), "y".to_owned()];
        let heading_names = ["heading".to_owned()];
        let (metres, degrees) = (format!("{label} [m]"), format!("{label} [deg]"));
        vec![
            Plot::residuals("position", &metres, &position_names, &position),
            Plot::residuals("heading", &degrees, &heading_names, &heading),
            Plot::histogram("histogram", label, &self.residuals),
        ]
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(bits) = &self.tick_bits {
            warnings.push(format!(
                "the counter has {} bits, not {}: as stated, segments end {:.3} m off; turns of it were \
                 lost where it stood frozen",
                bits.value, bits.before, bits.segment_position_rms_before_m
            ));
        }
        let missed = self.holdout.iter().flat_map(|h| &h.not_shown_by_first_half);
        let missed: Vec<&str> = missed.map(String::as_str).collect();
        if !missed.is_empty() {
            warnings.push(format!(
                "the first half does not show {}, which the whole drive does",
                missed.join(", ")
            ));
        }
        warnings
    }
}

/// The whole path begun once, and the ends of short segments.
fn of(name: &str, errors: &Errors, before: Option<&Errors>) -> Vec<Fit> {
    type Of = fn(&Errors) -> f64;
    let kinds: [(&str, &'static str, Of, bool); 4] = [
        ("whole path", "m", |e| e.position_rms_m, false),
        ("whole path", "deg", |e| e.yaw_rms_deg, false),
        ("ends of segments", "m", |e| e.segment_position_rms_m, true),
        ("ends of segments", "deg", |e| e.segment_yaw_rms_deg, true),
    ];
    let fit = |(kind, unit, rms, is_counted): (&str, &'static str, Of, bool)| Fit {
        name: format!("{name}: {kind}"),
        unit,
        rms: rms(errors),
        rms_before: before.map(rms),
        count: is_counted.then_some(errors.segments),
    };
    kinds.into_iter().map(fit).collect()
}
