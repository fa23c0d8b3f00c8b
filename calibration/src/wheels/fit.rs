//! The fit that all drives share.

use nalgebra::{Cholesky, DMatrix};
use wayfix_filter::Timestamp;

use super::segments::{
    OVERLAP, interpolate, open_loop, rows_in, segment_residuals, segments, whole_residuals,
};
use super::{Calibration, Fit, Observed, Options, Parameter, ReferencePose, WheelsError, positive};
use crate::least_squares::minimise;
use crate::pose::Pose2;

/// Least distance of the reference, all segments together and without overlap \[m\].
const NEEDED_M: f64 = 1.0;

/// No drive fits better than a thousandth of the expected error: perfect data would claim sigmas of
/// zero.
const LEAST_VARIANCE: f64 = 1e-6;

/// A parameter as the fit sees it: `value = guess + scale · x`, or `guess · exp(x)` where the sign is
/// fixed; a prior of sigma one stands on `x / prior`.
pub(super) struct Unknown {
    pub name: &'static str,
    pub guess: f64,
    pub scale: Scale,
    /// Prior sigma of `x`.
    pub prior: f64,
}

#[derive(Clone, Copy)]
pub(super) enum Scale {
    /// Keeps the sign of the guess (the mirrored solution is excluded).
    Log,
    /// In this unit.
    Linear(f64),
}

impl Unknown {
    fn value(&self, x: f64) -> f64 {
        match self.scale {
            Scale::Log => self.guess * x.exp(),
            Scale::Linear(unit) => self.guess + unit * x,
        }
    }

    /// Derivative of the value.
    fn slope(&self, x: f64) -> f64 {
        match self.scale {
            Scale::Log => self.value(x).abs(),
            Scale::Linear(unit) => unit,
        }
    }
}

/// A kind of drive with its encoder rows.
pub(super) trait Drive {
    /// The vehicle with its parameters.
    type Model;
    fn unknowns(&self) -> Vec<Unknown>;
    /// Times of the rows.
    fn times(&self) -> &[Timestamp];
    /// The counters change at all.
    fn moves(&self) -> bool;
    /// Motion of the reference point between successive rows, as distance and turn.
    fn steps(&self, values: &[f64]) -> Vec<(f64, f64)>;
    /// Where the reference's sensor sits.
    fn sensor(&self, values: &[f64]) -> Pose2;
    fn model(&self, values: &[f64]) -> Self::Model;
}

pub(super) fn calibrate<D: Drive>(
    drive: &D,
    reference: &[ReferencePose],
    options: &Options,
) -> Result<Calibration<D::Model>, WheelsError> {
    positive("segment_s", options.segment_s)?;
    positive("sigma_m", options.sigma_m)?;
    positive("sigma_rad", options.sigma_rad)?;
    let at_rows = interpolate(drive.times(), reference, options)?;
    let segments = segments(drive.times(), &at_rows, options)?;
    let moved_m = segments
        .iter()
        .map(|s| s.motion.x_m.hypot(s.motion.y_m))
        .sum::<f64>()
        / OVERLAP as f64;
    if moved_m < NEEDED_M {
        return Err(WheelsError::NotMoving {
            moved_m,
            needed_m: NEEDED_M,
        });
    }
    if !drive.moves() {
        return Err(WheelsError::EncodersStand { moved_m });
    }

    let unknowns = drive.unknowns();
    let values = |x: &[f64]| {
        unknowns
            .iter()
            .zip(x)
            .map(|(u, &x)| u.value(x))
            .collect::<Vec<_>>()
    };
    let priors = |x: &[f64]| {
        unknowns
            .iter()
            .zip(x)
            .map(|(u, x)| x / u.prior)
            .collect::<Vec<f64>>()
    };
    let short = |x: &[f64]| {
        let mut residuals = segment_residuals(drive, &values(x), &segments, options);
        residuals.extend(priors(x));
        residuals
    };
    let start = vec![0.0; unknowns.len()];
    let mut solution = minimise(&start, short).map_err(WheelsError::Diverged)?;
    // Overlapping segments tell most of what they tell OVERLAP times.
    let mut repeats = OVERLAP as f64;
    if options.whole_run {
        let whole = |x: &[f64]| {
            let mut residuals = whole_residuals(drive, &values(x), &at_rows, options);
            residuals.extend(priors(x));
            residuals
        };
        solution = minimise(&solution.x, whole).map_err(WheelsError::Diverged)?;
        repeats = rows_in(drive.times(), options.segment_s);
    }

    let count = solution.residuals.len() - unknowns.len();
    let data = solution.jacobian.rows(0, count);
    let square: f64 = solution.residuals[..count].iter().map(|r| r * r).sum();
    let freedom = (count as f64 / repeats - unknowns.len() as f64).max(1.0);
    let variance = (square / repeats / freedom).max(LEAST_VARIANCE);
    let mut information = data.transpose() * data / (repeats * variance);
    for (k, unknown) in unknowns.iter().enumerate() {
        information[(k, k)] += unknown.prior.powi(-2);
    }
    let covariance = Cholesky::new(information)
        .ok_or_else(|| WheelsError::Diverged("the information matrix is singular".to_owned()))?
        .inverse();
    let values = values(&solution.x);
    Ok(Calibration {
        model: drive.model(&values),
        parameters: parameters(&unknowns, &solution.x, &covariance),
        correlation: correlation(&unknowns, &covariance),
        fit: Fit {
            segments: segments.len(),
            ..open_loop(drive, &values, &at_rows)
        },
    })
}

fn parameters(unknowns: &[Unknown], x: &[f64], covariance: &DMatrix<f64>) -> Vec<Parameter> {
    let parameter = |(k, unknown): (usize, &Unknown)| {
        let sigma = covariance[(k, k)].sqrt();
        let observed = match sigma / unknown.prior {
            share if share < 0.1 => Observed::Well,
            share if share < 0.5 => Observed::Weakly,
            _ => Observed::No,
        };
        let (value, sigma) = (unknown.value(x[k]), unknown.slope(x[k]).abs() * sigma);
        Parameter {
            name: unknown.name,
            value,
            sigma,
            observed,
        }
    };
    unknowns.iter().enumerate().map(parameter).collect()
}

fn correlation(
    unknowns: &[Unknown],
    covariance: &DMatrix<f64>,
) -> (f64, &'static str, &'static str) {
    let mut largest = (0.0, "", "");
    for (i, a) in unknowns.iter().enumerate() {
        for (j, b) in unknowns.iter().enumerate().take(i) {
            let value = covariance[(i, j)] / (covariance[(i, i)] * covariance[(j, j)]).sqrt();
            if value.abs() > f64::abs(largest.0) {
                largest = (value, b.name, a.name);
            }
        }
    }
    largest
}

/// How well given parameters follow the reference over the whole path.
pub(super) fn evaluate<D: Drive>(
    drive: &D,
    values: &[f64],
    reference: &[ReferencePose],
    options: &Options,
) -> Result<Fit, WheelsError> {
    let at_rows = interpolate(drive.times(), reference, options)?;
    Ok(open_loop(drive, values, &at_rows))
}
