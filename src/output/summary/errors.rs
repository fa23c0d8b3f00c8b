//! Errors against truth, as numbers.

use serde::Serialize;

use crate::evaluate::{Distribution, Errors, Levels};

/// Errors against truth.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorsDocument {
    /// Truth rows before the first estimate.
    pub before_start: u64,
    /// Truth rows in holes of the log, or too late in it: not compared.
    pub unmatched: u64,
    /// Horizontal [m].
    pub horizontal_m: Option<Statistics>,
    /// Mean of the horizontal error [m], estimate minus truth: what of it is constant.
    pub constant_m: Option<[f64; 2]>,
    /// Root mean square of the horizontal error without that [m].
    pub rmse_without_constant_m: Option<f64>,
    /// Three-dimensional [m], where truth has the height.
    pub position_m: Option<Statistics>,
    /// Heading [deg].
    pub yaw_deg: Option<Statistics>,
    /// Mean of the heading error [deg], estimate minus truth: what of it is constant.
    pub constant_yaw_deg: Option<f64>,
    /// Root mean square of the heading error without that [deg].
    pub rmse_without_constant_yaw_deg: Option<f64>,
    /// Attitude without heading [deg], where truth has the attitude.
    pub inclination_deg: Option<Statistics>,
    /// Velocity [m/s].
    pub velocity_mps: Option<Statistics>,
    /// Mean of the normalised position error squared; as large as `position_nees_expected` where
    /// the covariance is honest.
    pub position_nees: Option<f64>,
    /// Number of components in it.
    pub position_nees_expected: Option<usize>,
    /// Mean of the normalised heading error squared; 1 where the covariance is honest.
    pub yaw_nees: Option<f64>,
    /// Horizontal protection level against the horizontal error.
    pub horizontal_level: Option<LevelRow>,
    /// Vertical protection level against the height error.
    pub vertical_level: Option<LevelRow>,
}

/// A protection level against the error that it bounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LevelRow {
    /// Number of epochs.
    pub count: u64,
    /// Epochs whose error was above the level.
    pub above: u64,
    /// Their share; vehicle.toml promises at most `protection.exceedance`.
    pub above_share: f64,
    /// Median of the level [m], to 0.6 %.
    pub median_m: f64,
    /// 95th percentile of the error [m], to 0.6 %.
    pub error_p95_m: f64,
    /// The one over the other: how much room the level leaves.
    pub ratio: Option<f64>,
}

impl LevelRow {
    fn new(of: &Levels) -> Option<Self> {
        Some(Self {
            count: of.count(),
            above: of.above,
            above_share: of.above_share()?,
            median_m: of.level_m.percentile(0.5)?,
            error_p95_m: of.error_m.percentile(0.95)?,
            ratio: of.ratio(),
        })
    }
}

/// Magnitudes of an error, in the unit of the key that holds them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Statistics {
    /// Number of comparisons.
    pub count: u64,
    /// Root mean square.
    pub rmse: f64,
    /// Mean.
    pub mean: f64,
    /// Median, to 0.6 %.
    pub median: f64,
    /// 95th percentile, to 0.6 %.
    pub p95: f64,
    /// Largest.
    pub max: f64,
}

impl ErrorsDocument {
    pub(super) fn new(errors: &Errors) -> Option<Self> {
        let compared = errors.horizontal_m.count() + errors.yaw_rad.count();
        if compared + errors.before_start + errors.unmatched == 0 {
            return None;
        }
        let nees = errors.position_nees.mean();
        let degrees = |(mean, rest): (f64, f64)| (mean.to_degrees(), rest.to_degrees());
        let yaw = errors.constant_yaw_rad().map(degrees);
        Some(Self {
            before_start: errors.before_start,
            unmatched: errors.unmatched,
            horizontal_m: Statistics::new(&errors.horizontal_m, 1.0),
            constant_m: errors.constant_m().map(|(mean, _)| mean.into()),
            rmse_without_constant_m: errors.constant_m().map(|(_, rest)| rest),
            position_m: Statistics::new(&errors.position_m, 1.0),
            yaw_deg: Statistics::new(&errors.yaw_rad, 1f64.to_degrees()),
            constant_yaw_deg: yaw.map(|(mean, _)| mean),
            rmse_without_constant_yaw_deg: yaw.map(|(_, rest)| rest),
            inclination_deg: Statistics::new(&errors.inclination_rad, 1f64.to_degrees()),
            velocity_mps: Statistics::new(&errors.velocity_mps, 1.0),
            position_nees: nees,
            position_nees_expected: nees.map(|_| errors.nees_dimension),
            yaw_nees: errors.yaw_nees.mean(),
            horizontal_level: LevelRow::new(&errors.horizontal_level),
            vertical_level: LevelRow::new(&errors.vertical_level),
        })
    }
}

impl Statistics {
    fn new(of: &Distribution, unit: f64) -> Option<Self> {
        Some(Self {
            count: of.count(),
            rmse: of.rmse()? * unit,
            mean: of.mean()? * unit,
            median: of.percentile(0.5)? * unit,
            p95: of.percentile(0.95)? * unit,
            max: of.max()? * unit,
        })
    }
}
