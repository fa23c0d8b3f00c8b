//! The fit that all drives share.
//!
//! Two views of the same drive count together: the error at the end of each short segment, which
//! knows the increments well and the drift badly, and the error of the whole path, begun once, where
//! it is the other way round. Each has a sigma of position and one of heading, and these are found
//! from the residuals themselves: fit, take the root mean square of what is left, fit again, until
//! nothing changes. So there is nothing to be tuned to a drive. Computed odometry counts by its segments
//! alone.

use std::ops::Range;

use wayfix_filter::Timestamp;

use super::segments::{
    Error, OVERLAP, Segment, follow, interpolate, path, path_errors, rms, segment_errors, segments,
};
use super::{Calibration, Fit, Options, ReferencePose, WheelsError, positive};
use crate::least_squares::{Residual, minimise};
use crate::parameter::{Observed, Parameter};
use crate::pose::Pose2;

/// Least distance of the reference, all segments together and without overlap \[m\].
const NEEDED_M: f64 = 1.0;
/// Sigmas with which the search begins \[m\], \[rad\]; where it ends does not depend on them.
const FIRST_SIGMA: Sigma = (0.05, 0.03);
/// Sigmas below these are not believed \[m\], \[rad\]: perfect data would claim parameters without any.
const LEAST_SIGMA: Sigma = (1e-4, 1e-4);
/// The sigmas are found when none changes by more than this share, or after so many rounds.
const SETTLED: f64 = 0.01;
const ROUNDS: usize = 30;
/// Of position \[m\] and heading \[rad\].
type Sigma = (f64, f64);

/// A parameter as the fit sees it: `value = guess + scale · x`, or `guess · exp(x)` where the sign is
/// fixed; a prior of sigma one stands on `x / prior`.
pub(super) struct Unknown {
    pub name: &'static str,
    pub guess: f64,
    pub scale: Scale,
    /// Prior sigma of `x`; zero: known, not fitted.
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
    /// All of a drive: their names, guesses, and how each is scaled with its prior.
    pub fn all<const N: usize>(
        names: [&'static str; N],
        guesses: [f64; N],
        scales: [(Scale, f64); N],
    ) -> Vec<Self> {
        let unknown = |((name, guess), (scale, prior))| Self {
            name,
            guess,
            scale,
            prior,
        };
        (names.into_iter().zip(guesses).zip(scales))
            .map(unknown)
            .collect()
    }

    fn value(&self, x: f64) -> f64 {
        match self.scale {
            Scale::Log => self.guess * x.exp(),
            Scale::Linear(unit) => self.guess + unit * x,
        }
    }

    /// Derivative of the value.
    pub(super) fn slope(&self, x: f64) -> f64 {
        match self.scale {
            Scale::Log => self.value(x).abs(),
            Scale::Linear(unit) => unit.abs(),
        }
    }
}

/// A kind of drive with its encoder rows.
pub(super) trait Drive {
    /// The vehicle with its parameters.
    type Model;
    /// Two where the whole path counts beside the segments, else one.
    const VIEWS: usize = 2;
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

/// Fits the parameters of a drive, but for those whose names are `held`: they stay at the guess.
pub(super) fn calibrate<D: Drive>(
    drive: &D,
    reference: &[ReferencePose],
    options: &Options,
    held: &[&str],
) -> Result<Calibration<D::Model>, WheelsError> {
    positive("segment_s", options.segment_s)?;
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

    let mut unknowns = drive.unknowns();
    let is_known = |name: &str| {
        held.contains(&name) || (options.is_sensor_known && name.starts_with("sensor_"))
    };
    (unknowns.iter_mut())
        .filter(|unknown| is_known(unknown.name))
        .for_each(|unknown| unknown.prior = 0.0);
    let search = Search {
        drive,
        unknowns,
        segments: &segments,
        at_rows: &at_rows,
    };
    let (unknowns, count) = (&search.unknowns, search.unknowns.len());
    let fitted: Vec<usize> = (0..count).filter(|k| unknowns[*k].prior > 0.0).collect();
    let mut found = search.minimum(&fitted, &vec![0.0; count])?;
    let known = search.known(&fitted, &found)?;
    let shown: Vec<usize> = fitted
        .iter()
        .zip(&known.observed)
        .filter_map(|(of, observed)| (*observed != Observed::No).then_some(*of))
        .collect();
    if !shown.is_empty() && shown.len() < fitted.len() {
        let mut start = found.x.clone();
        for (of, x) in start.iter_mut().enumerate() {
            *x = if shown.contains(&of) { *x } else { 0.0 };
        }
        found = search.minimum(&shown, &start)?;
    }
    let values = search.values(&found.x);
    let parameter = |(k, (of, observed)): (usize, (&usize, Observed))| {
        let unknown = &unknowns[*of];
        Parameter {
            name: unknown.name.to_owned(),
            guess: unknown.guess,
            value: values[*of],
            sigma: unknown.slope(found.x[*of]) * known.sigmas[k],
            observed,
        }
    };
    Ok(Calibration {
        model: drive.model(&values),
        parameters: fitted
            .iter()
            .zip(known.observed.iter().copied())
            .enumerate()
            .map(parameter)
            .collect(),
        correlation: known.correlation,
        fit: follow(drive, &values, &segments, &at_rows),
        residuals: search.residuals_in_time(&found),
    })
}

/// A drive, what is sought and what was seen.
pub(super) struct Search<'a, D> {
    pub drive: &'a D,
    pub unknowns: Vec<Unknown>,
    pub segments: &'a [Segment],
    pub at_rows: &'a [Option<Pose2>],
}

/// A minimum: all parameters, and the sigmas of the segments and of the whole path.
pub(super) struct Minimum {
    pub x: Vec<f64>,
    pub sigmas: [Sigma; 2],
}

impl<D: Drive> Search<'_, D> {
    fn values(&self, x: &[f64]) -> Vec<f64> {
        self.unknowns
            .iter()
            .zip(x)
            .map(|(u, x)| u.value(*x))
            .collect()
    }

    /// Errors of the segments, and of the path at the rows where they begin, without what touches
    /// the rows `left_out`.
    pub(super) fn errors(&self, x: &[f64], left_out: &Range<usize>) -> [Vec<Error>; 2] {
        let values = self.values(x);
        let (poses, sensor) = (path(self.drive, &values), self.drive.sensor(&values));
        let kept: Vec<&Segment> = self
            .segments
            .iter()
            .filter(|s| s.is_apart(left_out))
            .collect();
        let seen = |s: &&Segment| Some((s.from, self.at_rows[s.from]?));
        let cut = kept.partition_point(|s| s.from < left_out.end);
        let pieces = [&kept[..cut], &kept[cut..]].map(|piece| {
            path_errors(&poses, &sensor, piece.iter().filter_map(seen)).collect::<Vec<_>>()
        });
        [
            segment_errors(&poses, &sensor, kept.iter().copied()).collect(),
            pieces.concat(),
        ]
    }

    /// The errors of the segments, each at its end.
    fn residuals_in_time(&self, at: &Minimum) -> Vec<Residual> {
        let times = self.drive.times();
        let [errors, _] = self.errors(&at.x, &(0..0));
        let sigma = at.sigmas[0];
        let sigmas = [sigma.0, sigma.0, sigma.1];
        let of = |(segment, error): (&Segment, Error)| {
            let t_s = times[segment.until].seconds_since(times[0]);
            let weighted = robust(&error, sigma);
            [0, 1, 2].map(|series| {
                let normalised = error[series] / sigmas[series];
                let weight = if normalised == 0.0 {
                    1.0
                } else {
                    (weighted[series] / normalised).powi(2)
                };
                Residual {
                    t_s,
                    series,
                    value: error[series],
                    normalised,
                    weight,
                }
            })
        };
        self.segments.iter().zip(errors).flat_map(of).collect()
    }

    /// Residuals of the views that have sigmas, then the priors of the `free` parameters.
    pub(super) fn residuals(
        &self,
        free: &[usize],
        x: &[f64],
        sigmas: &[Sigma],
        left_out: &Range<usize>,
    ) -> Vec<f64> {
        let views = self.errors(x, left_out);
        let mut residuals: Vec<f64> = views
            .iter()
            .zip(sigmas)
            .flat_map(|(errors, sigma)| errors.iter().flat_map(|e| robust(e, *sigma)))
            .collect();
        residuals.extend(free.iter().map(|of| x[*of] / self.unknowns[*of].prior));
        residuals
    }

    /// Fits `free` from `x`, the sigmas with it.
    fn minimum(&self, free: &[usize], x: &[f64]) -> Result<Minimum, WheelsError> {
        let mut found = Minimum {
            x: x.to_vec(),
            sigmas: [FIRST_SIGMA; 2],
        };
        // A bad guess may be turns off at the end of the whole path; the segments find the way.
        for views in 1..=D::VIEWS {
            for _ in 0..ROUNDS {
                let sigmas = &found.sigmas[..views];
                let part: Vec<f64> = free.iter().map(|of| found.x[*of]).collect();
                let all = |part: &[f64]| placed(&found.x, free, part);
                let part = minimise(&part, |part| {
                    self.residuals(free, &all(part), sigmas, &(0..0))
                })
                .map_err(WheelsError::Diverged)?;
                let x = all(&part);
                let errors = self.errors(&x, &(0..0));
                let sigmas = errors.map(|errors| sigma(&errors));
                let settled = sigmas
                    .iter()
                    .zip(&found.sigmas[..views])
                    .all(|(now, before)| near(now.0, before.0) && near(now.1, before.1));
                found = Minimum { x, sigmas };
                if settled {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// `x` with `part` in the places of `free`.
pub(super) fn placed(x: &[f64], free: &[usize], part: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    free.iter()
        .zip(part)
        .for_each(|(of, value)| x[*of] = *value);
    x
}

fn near(now: f64, before: f64) -> bool {
    (now - before).abs() <= SETTLED * before
}

/// Sigma of one component of the position, and of the heading.
fn sigma(errors: &[Error]) -> Sigma {
    let (position_m, yaw_rad) = rms(errors.iter().copied());
    (
        (position_m / 2_f64.sqrt()).max(LEAST_SIGMA.0),
        yaw_rad.max(LEAST_SIGMA.1),
    )
}

/// An error in sigmas, robust: with `z` the square of the three together, soft-L1 counts
/// `2 (√(1 + z) − 1)`.
fn robust(error: &Error, sigma: Sigma) -> [f64; 3] {
    let scaled = [error[0] / sigma.0, error[1] / sigma.0, error[2] / sigma.1];
    let z: f64 = scaled.iter().map(|e| e * e).sum();
    // 2 (√(1 + z) − 1) / z without the cancellation near zero.
    let weight = (2.0 / (1.0 + (1.0 + z).sqrt())).sqrt();
    scaled.map(|e| weight * e)
}

/// How well given parameters follow the reference.
pub(super) fn evaluate<D: Drive>(
    drive: &D,
    values: &[f64],
    reference: &[ReferencePose],
    options: &Options,
) -> Result<Fit, WheelsError> {
    positive("segment_s", options.segment_s)?;
    let at_rows = interpolate(drive.times(), reference, options)?;
    let segments = segments(drive.times(), &at_rows, options)?;
    Ok(follow(drive, values, &segments, &at_rows))
}
