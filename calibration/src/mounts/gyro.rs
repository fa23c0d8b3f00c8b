//! Time lag and axes of an inertial unit, from its gyro and a way with attitudes.
//!
//! ```text
//! ω_s(t) = R_bsᵀ ω_b(t − τ) + b + e,    R_bs = R₀ exp([θ]×)
//! ∂ω_s/∂θ = [R_bsᵀ ω_b]×   ∂ω_s/∂τ = −R_bsᵀ dω_b/dt   ∂ω_s/∂b = 1
//! ```
//! Both rates are means over the same stretch of time. The search begins at the lag at which the sizes of
//! both rates agree best, whatever the axes, and at the turn that fits there (Kabsch 1976).
//! Degenerate: turns about one axis don't show the turn of the unit about that axis.

use nalgebra::{Matrix3, Rotation3, UnitQuaternion, Vector3};
use wayfix_filter::math;

use super::{LAG_PRIOR_S, MountsError, NEEDED};
use crate::drive::{PARTS, Track};
use crate::least_squares::{
    Options as Search, Residual, Robust, Rows, Settling, Solution, SolveError, Unknown, solve,
};
use crate::parameter::Parameter;
use crate::spread::{scatter, spread};

/// Half the stretch of a mean rate, and time between two of them \[s\].
const HALF_S: f64 = 0.1;
const STEP_S: f64 = 0.1;
/// How far to look for the lag, and in what steps \[s\].
const REACH_S: f64 = 3.0;
const SCAN_S: f64 = 0.05;
/// Prior sigmas of the turn \[rad\] and the bias \[rad/s\].
const TURN_PRIOR_RAD: f64 = 0.5;
const BIAS_PRIOR_RADPS: f64 = 0.2;
/// Step of the derivative of the rate \[s\].
const SLOPE_S: f64 = 0.02;
const SETTLING: Settling = Settling {
    share: 0.02,
    rounds: 8,
};
const FREEDOM: f64 = 4.0;
/// Axes have to fit better than those believed by this factor to be begun at.
pub(super) const BETTER: f64 = 0.9;

/// A reading of the gyro, as stamped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turned {
    /// When \[s\].
    pub t_s: f64,
    /// Rate in the unit's axes \[rad/s\].
    pub rate: Vector3<f64>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct GyroFound {
    /// Lag \[s\].
    pub lag_s: Parameter,
    /// The unit's axes in the body's.
    pub q_bs: UnitQuaternion<f64>,
    /// What is left of its turn, about the unit's own axes \[rad\]: zero by now, with its sigmas.
    pub turn: Vec<Parameter>,
    /// Bias \[rad/s\].
    pub bias: Vec<Parameter>,
    /// Standard deviation of a mean rate \[rad/s\].
    pub sigma_radps: f64,
    /// The same with lag and axes as believed.
    pub before_radps: f64,
    /// The two that the drive tells apart least.
    pub correlation: (f64, String, String),
    /// Errors \[rad/s\]; the series is the axis.
    pub residuals: Vec<Residual>,
}

/// Finds lag and axes of an inertial unit; readings by time. `lag_s` and `q_bs` are as believed.
///
/// # Errors
/// Too few readings along the track, or a track without attitudes.
pub fn calibrate_gyro(
    track: &Track,
    readings: &[Turned],
    lag_s: f64,
    q_bs: UnitQuaternion<f64>,
) -> Result<GyroFound, MountsError> {
    let means = means(readings);
    let pairs = |lag_s: f64| -> Vec<(Vector3<f64>, Vector3<f64>)> {
        let pair = |m: &Turned| {
            let t_s = m.t_s - lag_s;
            Some((track.rate_between(t_s - HALF_S, t_s + HALF_S)?, m.rate))
        };
        means.iter().filter_map(pair).collect()
    };
    let too_few = |readings| MountsError::TooFew {
        readings,
        needed: NEEDED,
    };
    let believed = pairs(lag_s);
    let steps = (REACH_S / SCAN_S).round() as i32;
    let lags = (-steps..=steps).map(|k| lag_s + SCAN_S * f64::from(k));
    let scanned = lags.filter_map(|lag_s| {
        let pairs = pairs(lag_s);
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| a.norm() - b.norm()).collect();
        (pairs.len() >= NEEDED.max(means.len() / 2))
            .then(|| (spread(differences.iter().copied()).0, lag_s))
    });
    let best = scanned.min_by(|a, b| a.0.total_cmp(&b.0));
    let (_, begin_s) = best.ok_or_else(|| too_few(believed.len()))?;
    let error = |q: &UnitQuaternion<f64>, pairs: &[(Vector3<f64>, Vector3<f64>)]| {
        let errors: Vec<f64> = pairs.iter().map(|(b, s)| (q * s - b).norm()).collect();
        spread(errors.iter().copied()).0
    };
    let at_begin = pairs(begin_s);
    let fitted = kabsch(&at_begin).unwrap_or(q_bs);
    let mut nominal = if error(&fitted, &at_begin) < BETTER * error(&q_bs, &at_begin) {
        fitted
    } else {
        q_bs
    };
    let before_radps = error(&q_bs, &believed) / 3_f64.sqrt();

    let options = Search {
        robust: Robust::StudentT { freedom: FREEDOM },
        ..Search::default()
    };
    let mut lag_guess_s = begin_s;
    let fit = |[sigma]: &[f64; 1]| -> Result<Solution, SolveError> {
        let mut unknowns = vec![Unknown::new("lag_s", lag_guess_s, LAG_PRIOR_S)];
        unknowns.extend(
            ["x", "y", "z"]
                .map(|a| Unknown::new(format!("turn about {a}_rad"), 0.0, TURN_PRIOR_RAD)),
        );
        unknowns.extend(
            ["x", "y", "z"]
                .map(|a| Unknown::new(format!("gyro bias {a}_radps"), 0.0, BIAS_PRIOR_RADPS)),
        );
        let found = solve(&unknowns, &options, |x, rows| {
            put(track, &means, &nominal, *sigma, x, rows);
        })?;
        // What is not shown is zero, and the axes stay as they are believed to be there.
        let turn = Vector3::from_fn(|k, _| found.parameters[1 + k].value);
        nominal *= UnitQuaternion::from_scaled_axis(turn);
        lag_guess_s = found.parameters[0].value;
        Ok(found)
    };
    let measured = |found: &Solution, _: &[f64; 1]| [scatter(&found.residuals).max(1e-5)];
    let (found, [sigma_radps]) = SETTLING.settle([0.1], fit, measured)?;
    Ok(GyroFound {
        lag_s: Parameter {
            guess: lag_s,
            ..found.parameters[0].clone()
        },
        q_bs: nominal,
        turn: found.parameters[1..4].to_vec(),
        bias: found.parameters[4..7].to_vec(),
        sigma_radps,
        before_radps,
        correlation: found.correlation,
        residuals: found.residuals,
    })
}

pub(super) fn put(
    track: &Track,
    means: &[Turned],
    nominal: &UnitQuaternion<f64>,
    sigma: f64,
    x: &[f64],
    rows: &mut Rows,
) {
    let r_sb =
        (nominal * UnitQuaternion::from_scaled_axis(Vector3::new(x[1], x[2], x[3]))).inverse();
    let jacobian = math::right_jacobian(&Vector3::new(x[1], x[2], x[3]));
    let bias = Vector3::new(x[4], x[5], x[6]);
    for (k, mean) in means.iter().enumerate() {
        let at = |shift_s: f64| {
            let t_s = mean.t_s - x[0] + shift_s;
            track.rate_between(t_s - HALF_S, t_s + HALF_S)
        };
        rows.at(mean.t_s);
        rows.part(k * PARTS / means.len());
        let rates = at(0.0).zip(at(SLOPE_S)).zip(at(-SLOPE_S));
        let Some(((rate, after), before)) = rates else {
            (0..3).for_each(|_| rows.push(0.0, f64::INFINITY, &[]));
            continue;
        };
        let own = r_sb * rate;
        let by_turn = own.cross_matrix() * jacobian;
        let by_lag = r_sb * (before - after) / (2.0 * SLOPE_S);
        let residual = own + bias - mean.rate;
        for axis in 0..3 {
            rows.of(axis);
            let derivatives = [
                (0, by_lag[axis]),
                (1, by_turn[(axis, 0)]),
                (2, by_turn[(axis, 1)]),
                (3, by_turn[(axis, 2)]),
                (4 + axis, 1.0),
            ];
            rows.push(residual[axis], sigma, &derivatives);
        }
    }
}

/// Means of the rate over stretches of time, the readings taken as going evenly between two.
fn means(readings: &[Turned]) -> Vec<Turned> {
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return Vec::new();
    };
    // Turned so far at each reading.
    let mut turned = vec![Vector3::zeros()];
    for pair in readings.windows(2) {
        let dt_s = pair[1].t_s - pair[0].t_s;
        let sum = turned[turned.len() - 1];
        turned.push(sum + 0.5 * dt_s * (pair[0].rate + pair[1].rate));
    }
    let at = |t_s: f64| {
        let k = readings.partition_point(|r| r.t_s <= t_s).checked_sub(1)?;
        let (from, to) = (readings.get(k)?, readings.get(k + 1)?);
        let (dt_s, span_s) = (t_s - from.t_s, to.t_s - from.t_s);
        if span_s > 5.0 * HALF_S {
            return None;
        }
        let slope = (to.rate - from.rate) / span_s;
        Some(turned[k] + dt_s * from.rate + 0.5 * dt_s * dt_s * slope)
    };
    let count = ((last.t_s - first.t_s) / STEP_S).max(0.0) as usize;
    let mean = |k: usize| {
        let t_s = first.t_s + STEP_S * k as f64;
        let rate = (at(t_s + HALF_S)? - at(t_s - HALF_S)?) / (2.0 * HALF_S);
        Some(Turned { t_s, rate })
    };
    (0..count).filter_map(mean).collect()
}

/// The turn that takes the second of each pair to the first.
pub(super) fn kabsch(pairs: &[(Vector3<f64>, Vector3<f64>)]) -> Option<UnitQuaternion<f64>> {
    let sum = pairs.iter().fold(Matrix3::zeros(), |sum, (to, from)| {
        sum + to * from.transpose()
    });
    let svd = sum.svd(true, true);
    let (u, v_t) = (svd.u?, svd.v_t?);
    let sign = (u * v_t).determinant().signum();
    let r = u * Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, sign)) * v_t;
    Some(UnitQuaternion::from_rotation_matrix(
        &Rotation3::from_matrix_unchecked(r),
    ))
}
