//! Differential drive: two wheels on one axle with an encoder each.
//!
//! ```text
//! left = k_l · Δ left ticks,  right = k_r · Δ right ticks
//! distance = (left + right) / 2,  turn = (right − left) / track
//! ```
//! Reference point: the middle of the axle.

use wayfix_filter::Timestamp;

use super::fit::{self, Drive, Scale, Unknown};
use super::{Calibration, Fit, Options, ReferencePose, WheelsError, counter, positive};
use crate::pose::Pose2;

/// One message of both encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DifferentialTicks {
    /// When.
    pub t: Timestamp,
    /// Counter of the left wheel.
    pub left: i64,
    /// Counter of the right wheel.
    pub right: i64,
}

/// A differential drive and the sensor that the reference follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DifferentialDrive {
    /// Distance of the left wheel a count \[m\]; negative where the counter runs backwards.
    pub left_metres_per_tick: f64,
    /// Distance of the right wheel a count \[m\].
    pub right_metres_per_tick: f64,
    /// Distance between the wheels \[m\].
    pub track_m: f64,
    /// Pose of the reference's sensor in the body.
    pub sensor: Pose2,
    /// Bits of the counters (roll-over).
    pub bits: u32,
}

const NAMES: [&str; 6] = [
    "left_metres_per_tick",
    "right_metres_per_tick",
    "track_m",
    "sensor_x_m",
    "sensor_y_m",
    "sensor_yaw_rad",
];

impl DifferentialDrive {
    /// How well these parameters follow a reference, open loop from its first pose.
    ///
    /// # Errors
    /// Rows out of order, or too few.
    pub fn evaluate(
        &self,
        ticks: &[DifferentialTicks],
        reference: &[ReferencePose],
        options: &Options,
    ) -> Result<Fit, WheelsError> {
        fit::evaluate(&Rows::new(self, ticks), &self.values(), reference, options)
    }

    fn values(&self) -> [f64; 6] {
        let Pose2 { x_m, y_m, yaw_rad } = self.sensor;
        let (left, right) = (self.left_metres_per_tick, self.right_metres_per_tick);
        [left, right, self.track_m, x_m, y_m, yaw_rad]
    }
}

/// Fits all parameters of a differential drive to a drive that a reference saw.
///
/// # Errors
/// Input that is too short, stands still, or is out of order; a fit that does not converge.
pub fn calibrate_differential(
    ticks: &[DifferentialTicks],
    reference: &[ReferencePose],
    guess: &DifferentialDrive,
    options: &Options,
) -> Result<Calibration<DifferentialDrive>, WheelsError> {
    positive("track_m", guess.track_m)?;
    positive(
        "the magnitude of left_metres_per_tick",
        guess.left_metres_per_tick.abs(),
    )?;
    positive(
        "the magnitude of right_metres_per_tick",
        guess.right_metres_per_tick.abs(),
    )?;
    fit::calibrate(&Rows::new(guess, ticks), reference, options, &[])
}

struct Rows<'a> {
    guess: &'a DifferentialDrive,
    times: Vec<Timestamp>,
    left: Vec<f64>,
    right: Vec<f64>,
}

impl<'a> Rows<'a> {
    fn new(guess: &'a DifferentialDrive, ticks: &[DifferentialTicks]) -> Self {
        let wheel = |counter: fn(&DifferentialTicks) -> i64| {
            counter::increments(ticks.iter().map(|row| (row.t, counter(row))), guess.bits)
        };
        let times = ticks.iter().map(|row| row.t).collect();
        Self {
            guess,
            times,
            left: wheel(|row| row.left),
            right: wheel(|row| row.right),
        }
    }
}

impl Drive for Rows<'_> {
    type Model = DifferentialDrive;

    fn unknowns(&self) -> Vec<Unknown> {
        let scales = [
            (Scale::Log, 1.0),
            (Scale::Log, 1.0),
            (Scale::Log, 1.0),
            (Scale::Linear(1.0), 2.0),
            (Scale::Linear(1.0), 2.0),
            (Scale::Linear(1.0), 1.0),
        ];
        Unknown::all(NAMES, self.guess.values(), scales)
    }

    fn times(&self) -> &[Timestamp] {
        &self.times
    }

    fn moves(&self) -> bool {
        self.left
            .iter()
            .chain(&self.right)
            .any(|increment| *increment != 0.0)
    }

    fn steps(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let &[left_m, right_m, track_m, ..] = values else {
            return Vec::new();
        };
        let step = |(left, right): (&f64, &f64)| {
            let (left, right) = (left * left_m, right * right_m);
            (0.5 * (left + right), (right - left) / track_m)
        };
        self.left.iter().zip(&self.right).map(step).collect()
    }

    fn sensor(&self, values: &[f64]) -> Pose2 {
        Pose2::new(values[3], values[4], values[5])
    }

    fn model(&self, values: &[f64]) -> DifferentialDrive {
        DifferentialDrive {
            left_metres_per_tick: values[0],
            right_metres_per_tick: values[1],
            track_m: values[2],
            sensor: self.sensor(values),
            ..*self.guess
        }
    }
}
