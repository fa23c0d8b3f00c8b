//! Geometry of wheels and steering from a drive whose way is known.
//!
//! ```
//! use wayfix::calibrate::wheels::{Collected, Request, calibrate};
//! use wayfix::log::Record;
//! use wayfix::sim::{scenario, simulate};
//!
//! let drive = simulate(scenario::find("calibration_drive").ok_or("no such scenario")?, 1, None)?;
//! let samples = drive.samples().map(Record::Sample);
//! let records: Vec<_> = samples.chain(drive.truth.iter().copied().map(Record::Truth)).collect();
//! let log = Collected::from_records(&drive.vehicle, &records);
//! let found = calibrate(&drive.vehicle, &log, &Request::default())?;
//! let wheelbase = found.parameter("motion.wheelbase_m").ok_or("not sought")?;
//! assert!((wheelbase.value - 1.5).abs() < 3.0 * wheelbase.sigma);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collect;
mod computed;
mod error;
mod plan;
mod prepared;
mod report;
mod rows;

use serde::Serialize;
use wayfix_calibration::Observed;
use wayfix_calibration::least_squares::Residual;
use wayfix_calibration::wheels::{Fit, WheelsError};
use wayfix_filter::Timestamp;

pub use collect::Collected;
pub use error::CalibrateError;

use crate::calibrate::two_files::Whole;
use crate::calibrate::{File, KeyPath, Parameter};
use crate::config::Vehicle;
use plan::Plan;
use prepared::{Fitted, Prepared};

/// Width of the increments that some motor drives send, whatever the width of the counter in which
/// their gateway adds them up \[bits\].
const NARROW_BITS: u32 = 16;
/// The narrow reading is taken where it leaves less than this share of the error.
const NARROW_FITS: f64 = 0.7;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Source of the wheels; may be left out where there is one.
    pub source: Option<String>,
    /// Source whose sensor the reference is of; its mount is sought too. Its poses serve, or truth
    /// where it has none. Absent: truth is of the vehicle's reference point.
    pub reference: Option<String>,
    /// Length of a segment \[s\].
    pub segment_s: f64,
    /// Fit the first half of the drive too, and see how it predicts the second.
    pub holdout: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            source: None,
            reference: None,
            segment_s: wayfix_calibration::wheels::Options::default().segment_s,
            holdout: false,
        }
    }
}

/// What came out, as one JSON document too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Drive, as in vehicle.toml; absent where the odometry comes computed.
    pub drive: Option<&'static str>,
    /// Source of the wheels.
    pub source: String,
    /// Source whose sensor the reference is of.
    pub reference: Option<String>,
    /// Time that wheels and reference share \[s\].
    pub shared_s: f64,
    /// What was sought.
    pub parameters: Vec<Parameter>,
    /// The two parameters that the drive tells apart least, and their correlation.
    pub least_apart: (String, String, f64),
    /// Width of the counters \[bits\], where it is another than vehicle.toml says.
    pub tick_bits: Option<TickBits>,
    /// Errors of the same drive.
    pub in_sample: Errors,
    /// The same with what vehicle.toml has.
    pub as_stated: Option<Errors>,
    /// Errors of the second half by the first.
    pub holdout: Option<Holdout>,
    /// Errors at the ends of the segments: series 0 and 1 are x and y \[m\], 2 is the heading [deg].
    #[serde(skip)]
    pub residuals: Vec<Residual>,
}

/// Counters that are narrower than vehicle.toml says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TickBits {
    /// As vehicle.toml has it.
    pub before: u32,
    /// What fits.
    pub value: u32,
    /// Error at the end of a segment as vehicle.toml has it \[m\].
    pub segment_position_rms_before_m: f64,
}

/// Root mean square errors of the odometry against the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Position over the whole path, begun at the reference once \[m\].
    pub position_rms_m: f64,
    /// Heading of the same [deg].
    pub yaw_rms_deg: f64,
    /// Number of short segments, each begun at the reference.
    pub segments: usize,
    /// Position at the end of a segment \[m\].
    pub segment_position_rms_m: f64,
    /// Heading there [deg].
    pub segment_yaw_rms_deg: f64,
}

/// The second half, predicted by the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holdout {
    /// Errors in the second half.
    pub second_half: Errors,
    /// Errors in the first half itself.
    pub first_half: Errors,
    /// Keys that the whole drive shows and its first half does not: it predicts without them.
    pub not_shown_by_first_half: Vec<String>,
}

/// Where a parameter of the fit stands in vehicle.toml.
struct Key {
    path: KeyPath,
    unit: &'static str,
    /// The key's value over the fit's.
    factor: f64,
    /// What holds it, as in use.
    whole: Whole,
}

impl Found {
    /// One parameter by its key.
    #[must_use]
    pub fn parameter(&self, key: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.key == *key)
    }
}

/// Calibrates the wheels of a vehicle on a log.
///
/// # Errors
/// What the log or the vehicle lacks for it, and what drive would have it.
pub fn calibrate(
    vehicle: &Vehicle,
    log: &Collected,
    request: &Request,
) -> Result<Found, CalibrateError> {
    let plan = Plan::new(vehicle, log, request)?;
    let span = Span::shared(&plan);
    let best = fit(&plan, span, "")?;
    let holdout = request
        .holdout
        .then(|| holdout(&plan, span, &best.fitted))
        .transpose()?;
    let narrower = plan.tick_bits().filter(|bits| best.bits < *bits);
    let (correlation, one, other) = &best.fitted.correlation;
    let as_stated = plan.prepare(best.bits).within(span.from, span.until);
    let as_stated = as_stated.as_stated(&plan.reference, &plan.options);
    Ok(Found {
        drive: plan.drive(),
        source: plan.source.to_string(),
        reference: plan.reference_name().map(str::to_owned),
        shared_s: span.until.seconds_since(span.from).max(0.0),
        parameters: best
            .fitted
            .parameters
            .iter()
            .map(|found| parameter(&plan, found))
            .collect(),
        least_apart: (
            plan.key(one).path.to_string(),
            plan.key(other).path.to_string(),
            *correlation,
        ),
        tick_bits: narrower.map(|before| TickBits {
            before,
            value: best.bits,
            segment_position_rms_before_m: best.as_stated_m,
        }),
        residuals: (best.fitted.residuals.iter())
            .map(|r| match r.series {
                2 => Residual {
                    value: r.value.to_degrees(),
                    ..*r
                },
                _ => *r,
            })
            .collect(),
        in_sample: best.fitted.fit.into(),
        as_stated: as_stated.ok().map(Errors::from),
        holdout,
    })
}

/// A time, its end included.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    until: Timestamp,
}

impl Span {
    /// What wheels and reference share.
    fn shared(plan: &Plan) -> Self {
        let wheels = plan.prepare(plan.tick_bits().unwrap_or(NARROW_BITS)).span();
        let reference = plan.reference.first().zip(plan.reference.last());
        let ((from, until), (begin, end)) = wheels.zip(reference).map_or_else(
            || (Default::default(), Default::default()),
            |(wheels, (first, last))| (wheels, (first.t, last.t)),
        );
        Self {
            from: from.max(begin),
            until: until.min(end),
        }
    }

    fn halves(self) -> [Self; 2] {
        let middle = self.from.shifted(0.5 * self.until.seconds_since(self.from));
        [
            Self {
                until: middle,
                ..self
            },
            Self {
                from: middle,
                ..self
            },
        ]
    }
}

/// The better of the counters' two readings.
struct Best {
    fitted: Fitted,
    bits: u32,
    /// Error at the end of a segment, read as vehicle.toml states \[m\].
    as_stated_m: f64,
}

/// Fits the drive in a span. Wide counters are read as narrow ones too: a gateway that adds narrow
/// increments up loses a whole turn of them wherever the line was frozen for longer than that takes.
fn fit(plan: &Plan, span: Span, within: &'static str) -> Result<Best, CalibrateError> {
    let stated_bits = plan.tick_bits().unwrap_or(NARROW_BITS);
    let fit = |prepared: &Prepared| prepared.fit(&plan.reference, &plan.options);
    let stated = plan.prepare(stated_bits).within(span.from, span.until);
    let as_stated = fit(&stated);
    let error_m = |fitted: &Result<Fitted, WheelsError>| {
        fitted
            .as_ref()
            .map_or(f64::INFINITY, |found| found.fit.segment_position_rms_m)
    };
    let as_stated_m = error_m(&as_stated);
    if stated_bits > NARROW_BITS {
        let narrow = plan.prepare(NARROW_BITS).within(span.from, span.until);
        if !narrow.is_as(&stated)
            && let Ok(fitted) = fit(&narrow)
            && fitted.fit.segment_position_rms_m < NARROW_FITS * as_stated_m
        {
            return Ok(Best {
                fitted,
                bits: NARROW_BITS,
                as_stated_m,
            });
        }
    }
    let fitted = as_stated.map_err(|error| CalibrateError::Drive { within, error })?;
    Ok(Best {
        fitted,
        bits: stated_bits,
        as_stated_m,
    })
}

fn holdout(plan: &Plan, span: Span, whole: &Fitted) -> Result<Holdout, CalibrateError> {
    let [first, second] = span.halves();
    let best = fit(plan, first, "the first half: ")?;
    let second = plan
        .prepare(best.bits)
        .within(second.from, second.until)
        .evaluate(&best.fitted, &plan.reference, &plan.options)
        .map_err(|error| CalibrateError::Drive {
            within: "the second half: ",
            error,
        })?;
    // By name: either may lack what the other has.
    let is_shown_by_first = |name: &str| {
        let mut of_first = best.fitted.parameters.iter();
        of_first.any(|p| p.name == name && p.observed != Observed::No)
    };
    let missed = (whole.parameters.iter())
        .filter(|p| p.observed != Observed::No && !is_shown_by_first(&p.name))
        .map(|p| plan.key(&p.name).path.to_string())
        .collect();
    Ok(Holdout {
        second_half: second.into(),
        first_half: best.fitted.fit.into(),
        not_shown_by_first_half: missed,
    })
}

fn parameter(plan: &Plan, found: &wayfix_calibration::Parameter) -> Parameter {
    let key = plan.key(&found.name);
    let factor = key.factor;
    // A wheel can't move before its encoder; what is less than zero is late stamps or noise.
    let value = match found.name.as_str() {
        "steering_lag_s" => found.value.max(0.0),
        _ => found.value,
    };
    let scaled = wayfix_calibration::Parameter {
        value: value * factor,
        sigma: found.sigma * factor.abs(),
        guess: found.guess * factor,
        ..found.clone()
    };
    Parameter {
        whole: key.whole,
        ..Parameter::new(
            File::Vehicle,
            key.path,
            key.unit,
            &scaled,
            advice(&found.name),
        )
    }
}

/// The drive that shows a parameter of the fit.
fn advice(name: &str) -> &'static str {
    match name {
        "steering_backlash_rad" => "drive forwards and backwards",
        "steering_lag_s" => "turn the steering while driving",
        "steering_rad_per_tick" | "wheelbase_m" => {
            "drive curves of different radius, tight ones too"
        }
        "steering_offset_rad" => "drive curves to both sides",
        "track_m" => "drive curves, or turn on the spot",
        "yaw_rate_scale" => "turn far, to both sides",
        "yaw_rate_bias_radps" | "yaw_rad_per_m" => "drive slowly and fast, or turn on the spot too",
        "delay_s" | "time_constant_s" => "speed up, brake, and turn in quickly",
        _ => "drive farther, in curves to both sides",
    }
}

impl From<Fit> for Errors {
    fn from(fit: Fit) -> Self {
        Self {
            position_rms_m: fit.position_rms_m,
            yaw_rms_deg: fit.yaw_rms_rad.to_degrees(),
            segments: fit.segments,
            segment_position_rms_m: fit.segment_position_rms_m,
            segment_yaw_rms_deg: fit.segment_yaw_rms_rad.to_degrees(),
        }
    }
}
