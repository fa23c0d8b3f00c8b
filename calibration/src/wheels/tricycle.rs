//! Steered front axle: a tricycle whose one front wheel is steered and driven, or a vehicle that is
//! driven (or has its encoder) at the rear axle.
//!
//! ```text
//! steer = k_s · steering ticks(t − lag) + offset ± backlash / 2    left positive, + driving forwards
//! ds = k_t · Δ traction ticks                                      along the wheel with the encoder
//! front:  distance = ds · cos(steer),  turn = ds · sin(steer) / wheelbase
//! rear:   distance = ds,               turn = ds · tan(steer) / wheelbase
//! ```
//! Reference point: the middle of the rear axle. Turning the signs of `k_s`, `offset`, `backlash` and
//! `wheelbase` together changes nothing; the wheelbase is kept positive. Steering is taken in the
//! middle of a step, between rows by interpolation. Backlash lets the steered wheel lean to one side
//! driving forwards and to the other backwards; a drive in one direction shows only the sum of zero
//! and half of it.

use wayfix_filter::Timestamp;
use wayfix_sensors::counter::folded;

use super::fit::{self, Drive, Scale, Unknown};
use super::{Calibration, Fit, Options, ReferencePose, WheelsError, counter, positive};
use crate::pose::Pose2;

/// One message of the wheel's encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TricycleTicks {
    /// When.
    pub t: Timestamp,
    /// Counter of the traction encoder.
    pub traction: i64,
    /// Absolute steering encoder.
    pub steering: i64,
}

/// Where the traction encoder sits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Axle {
    /// On the steered wheel.
    #[default]
    Front,
    /// On the rear axle.
    Rear,
}

/// A vehicle with a steered front axle and the sensor that the reference follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TricycleDrive {
    /// Where the traction encoder sits.
    pub traction: Axle,
    /// Distance along that wheel a count \[m\]; negative where the counter runs backwards.
    pub metres_per_tick: f64,
    /// Steering angle a count \[rad\].
    pub steering_rad_per_tick: f64,
    /// Steering angle at count zero \[rad\].
    pub steering_offset_rad: f64,
    /// Backlash of the steering \[rad\]: so much further left driving forwards than backwards.
    pub steering_backlash_rad: f64,
    /// From the rear axle to the steered wheel \[m\].
    pub wheelbase_m: f64,
    /// Pose of the reference's sensor in the body.
    pub sensor: Pose2,
    /// The wheel follows its encoder so much later \[s\].
    pub steering_lag_s: f64,
    /// Bits of the traction counter (roll-over).
    pub traction_bits: u32,
    /// Bits of the steering encoder: a turn.
    pub steering_bits: u32,
}

const NAMES: [&str; 9] = [
    "metres_per_tick",
    "steering_rad_per_tick",
    "steering_offset_rad",
    "steering_backlash_rad",
    "wheelbase_m",
    "sensor_x_m",
    "sensor_y_m",
    "sensor_yaw_rad",
    "steering_lag_s",
];

impl TricycleDrive {
    /// How well these parameters follow a reference, open loop from its first pose.
    ///
    /// # Errors
    /// Rows out of order, or too few.
    pub fn evaluate(
        &self,
        ticks: &[TricycleTicks],
        reference: &[ReferencePose],
        options: &Options,
    ) -> Result<Fit, WheelsError> {
        fit::evaluate(&Rows::new(self, ticks), &self.values(), reference, options)
    }

    fn values(&self) -> [f64; 9] {
        [
            self.metres_per_tick,
            self.steering_rad_per_tick,
            self.steering_offset_rad,
            self.steering_backlash_rad,
            self.wheelbase_m,
            self.sensor.x_m,
            self.sensor.y_m,
            self.sensor.yaw_rad,
            self.steering_lag_s,
        ]
    }
}

/// Fits all parameters of a vehicle with a steered front axle to a drive that a reference saw.
///
/// The guess may be far off (steering scale by ten, lengths by half), but its signs must be right.
///
/// # Errors
/// Input that is too short, stands still, or is out of order; a fit that does not converge.
pub fn calibrate_tricycle(
    ticks: &[TricycleTicks],
    reference: &[ReferencePose],
    guess: &TricycleDrive,
    options: &Options,
) -> Result<Calibration<TricycleDrive>, WheelsError> {
    positive("wheelbase_m", guess.wheelbase_m)?;
    positive(
        "the magnitude of metres_per_tick",
        guess.metres_per_tick.abs(),
    )?;
    positive(
        "the magnitude of steering_rad_per_tick",
        guess.steering_rad_per_tick.abs(),
    )?;
    fit::calibrate(&Rows::new(guess, ticks), reference, options, &[])
}

struct Rows<'a> {
    guess: &'a TricycleDrive,
    times: Vec<Timestamp>,
    /// Middle of each step, from the first row \[s\].
    middles_s: Vec<f64>,
    /// Rows from the first \[s\].
    rows_s: Vec<f64>,
    traction: Vec<f64>,
    /// +1 driving forwards, −1 backwards, as of the last increment.
    direction: Vec<f64>,
    steering: Vec<f64>,
}

impl<'a> Rows<'a> {
    fn new(guess: &'a TricycleDrive, ticks: &[TricycleTicks]) -> Self {
        let begin = ticks.first().map_or(Timestamp::default(), |row| row.t);
        let rows_s: Vec<f64> = ticks.iter().map(|row| row.t.seconds_since(begin)).collect();
        let traction = ticks.iter().map(|row| (row.t, row.traction));
        let traction = counter::increments(traction, guess.traction_bits);
        let ahead = guess.metres_per_tick.signum();
        let direction = traction.iter().scan(1.0, |direction, increment| {
            if *increment != 0.0 {
                *direction = ahead * increment.signum();
            }
            Some(*direction)
        });
        Self {
            guess,
            times: ticks.iter().map(|row| row.t).collect(),
            middles_s: rows_s
                .windows(2)
                .map(|pair| 0.5 * (pair[0] + pair[1]))
                .collect(),
            rows_s,
            direction: direction.collect(),
            traction,
            steering: ticks
                .iter()
                .map(|row| folded(row.steering, guess.steering_bits) as f64)
                .collect(),
        }
    }

    /// Steering encoder at a time, held before the first and after the last row. `near` is the row
    /// from which the search begins.
    fn steering_at(&self, t_s: f64, near: usize) -> f64 {
        let last = self.rows_s.len() - 1;
        let mut k = near.min(last.saturating_sub(1));
        while k > 0 && self.rows_s[k] > t_s {
            k -= 1;
        }
        while k + 2 < self.rows_s.len() && self.rows_s[k + 1] < t_s {
            k += 1;
        }
        let span_s = self.rows_s[k + 1] - self.rows_s[k];
        if span_s <= 0.0 {
            return self.steering[k];
        }
        let share = ((t_s - self.rows_s[k]) / span_s).clamp(0.0, 1.0);
        self.steering[k] + share * (self.steering[k + 1] - self.steering[k])
    }
}

impl Drive for Rows<'_> {
    type Model = TricycleDrive;

    fn unknowns(&self) -> Vec<Unknown> {
        let scales = [
            (Scale::Log, 1.0),
            (Scale::Linear(self.guess.steering_rad_per_tick), 10.0),
            (Scale::Linear(1.0), 0.5),
            // A degree or two are usual; a drive in one direction leaves it there.
            (Scale::Linear(0.05), 1.0),
            (Scale::Log, 1.0),
            (Scale::Linear(1.0), 2.0),
            (Scale::Linear(1.0), 2.0),
            (Scale::Linear(1.0), 1.0),
            // Bounded by its prior: a free lag runs away where the steering hardly moves.
            (Scale::Linear(0.1), 1.0),
        ];
        Unknown::all(NAMES, self.guess.values(), scales)
    }

    fn times(&self) -> &[Timestamp] {
        &self.times
    }

    fn moves(&self) -> bool {
        self.traction.iter().any(|increment| *increment != 0.0)
    }

    fn steps(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let &[
            metres,
            radians,
            offset_rad,
            backlash_rad,
            wheelbase_m,
            _,
            _,
            _,
            lag_s,
        ] = values
        else {
            return Vec::new();
        };
        let step = |(k, increment): (usize, &f64)| {
            let steering = self.steering_at(self.middles_s[k] - lag_s, k);
            let lean_rad = 0.5 * backlash_rad * self.direction[k];
            let (sin, cos) = (steering * radians + offset_rad + lean_rad).sin_cos();
            let ds_m = increment * metres;
            match self.guess.traction {
                Axle::Front => (ds_m * cos, ds_m * sin / wheelbase_m),
                Axle::Rear => (ds_m, ds_m * sin / (cos * wheelbase_m)),
            }
        };
        self.traction.iter().enumerate().map(step).collect()
    }

    fn sensor(&self, values: &[f64]) -> Pose2 {
        Pose2::new(values[5], values[6], values[7])
    }

    fn model(&self, values: &[f64]) -> TricycleDrive {
        TricycleDrive {
            metres_per_tick: values[0],
            steering_rad_per_tick: values[1],
            steering_offset_rad: values[2],
            steering_backlash_rad: values[3],
            wheelbase_m: values[4],
            sensor: self.sensor(values),
            steering_lag_s: values[8],
            ..*self.guess
        }
    }
}
