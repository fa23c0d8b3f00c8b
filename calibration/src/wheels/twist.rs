//! Computed odometry: a speed and a yaw rate, measured or commanded, or steps of distance and heading.
//!
//! ```text
//! v(t) = k_v · v_m(t + delay)
//! w(t) = k_w · w_m(t + delay) + b · moving(t + delay) + c · v(t)
//! ```
//! with a first-order low pass of time constant T before, where the vehicle follows a command. `delay` is
//! how much later than true the rows are stamped; a command is obeyed later than it is given, so there it
//! is negative (dead time). `c` is a steering zero, or wheels of different size.
//!
//! `∫ v_m`, `∫ w_m` are formed first, evened out over a tenth of a second and shifted then, so that the
//! path depends smoothly on the delay: its derivative is the input at the shifted time. A speed runs straight
//! from row to row, a step evenly since the row before, a command holds until the next:
//! `∫ = c τ + (r − c) T (1 − e^(−τ/T))` where it was followed at `r`.
//!
//! Degenerate: without turns nothing shows `k_w`; at one speed and in one curve nothing shows the delay,
//! though noise of the odometry would pretend to, so that its changes have to be well above that; at one
//! speed `b` and `c` are one: `b` is given only where it is more than three of its sigmas. Delay and T
//! together say how late the vehicle is, and only changes shorter than about T part them: T is given only
//! where it is more than three of its sigmas, the drive fits better with it, and the rows are not stamped
//! after the motion, as what is measured is.
//! Reference point: the one whose speed is told.

use wayfix_filter::Timestamp;

use super::fit::{self, Drive, Scale, Unknown};
use super::{Calibration, Fit, Options, ReferencePose, WheelsError, positive};
use crate::parameter::{Observed, Parameter};
use crate::pose::Pose2;

/// One row of computed odometry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwistRow {
    /// When.
    pub t: Timestamp,
    /// Forward speed [m/s].
    pub forward_mps: f64,
    /// Yaw rate, counter-clockwise positive \[rad/s\].
    pub yaw_rate_radps: f64,
}

/// Computed odometry and the sensor that the reference follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwistDrive {
    /// True speed over told.
    pub speed_scale: f64,
    /// True yaw rate over told.
    pub yaw_rate_scale: f64,
    /// Added to the yaw rate while the vehicle moves \[rad/s\].
    pub yaw_rate_bias_radps: f64,
    /// Turned with each metre besides \[rad/m\].
    pub yaw_rad_per_m: f64,
    /// How much later than true rows are stamped; negative for commands \[s\].
    pub delay_s: f64,
    /// The rows are commands that are followed with this time constant \[s\]; zero: measured.
    pub time_constant_s: f64,
    /// Rows are means since the row before (steps), not values of a moment.
    pub is_mean: bool,
    /// Pose of the reference's sensor in the body.
    pub sensor: Pose2,
}

const NAMES: [&str; 9] = [
    "speed_scale",
    "yaw_rate_scale",
    BIAS,
    CURVATURE,
    DELAY,
    LAG,
    "sensor_x_m",
    "sensor_y_m",
    "sensor_yaw_rad",
];
const BIAS: &str = "yaw_rate_bias_radps";
const CURVATURE: &str = "yaw_rad_per_m";
const DELAY: &str = "delay_s";
const LAG: &str = "time_constant_s";

/// Rows are evened out over so much: noise of single ones would move the delay \[s\].
const EVEN_S: f64 = 0.1;
/// What changes of the odometry say of the delay has to be so many times what its noise would say.
const LIVELY: f64 = 4.0;
/// Where the search for a time constant begins where none is stated \[s\].
const FIRST_LAG_S: f64 = 0.1;
/// A bias or a time constant of fewer sigmas is not given.
const SIGMAS: f64 = 3.0;

impl Default for TwistDrive {
    fn default() -> Self {
        Self {
            speed_scale: 1.0,
            yaw_rate_scale: 1.0,
            yaw_rate_bias_radps: 0.0,
            yaw_rad_per_m: 0.0,
            delay_s: 0.0,
            time_constant_s: 0.0,
            is_mean: false,
            sensor: Pose2::default(),
        }
    }
}

impl TwistDrive {
    /// How well these parameters follow a reference, open loop from its first pose.
    ///
    /// # Errors
    /// Rows out of order, or too few.
    pub fn evaluate(
        &self,
        rows: &[TwistRow],
        reference: &[ReferencePose],
        options: &Options,
    ) -> Result<Fit, WheelsError> {
        fit::evaluate(&Rows::new(self, rows), &self.values(), reference, options)
    }

    fn values(&self) -> [f64; 9] {
        let Pose2 { x_m, y_m, yaw_rad } = self.sensor;
        [
            self.speed_scale,
            self.yaw_rate_scale,
            self.yaw_rate_bias_radps,
            self.yaw_rad_per_m,
            self.delay_s,
            self.time_constant_s,
            x_m,
            y_m,
            yaw_rad,
        ]
    }
}

/// Fits all parameters of computed odometry to a drive that a reference saw.
///
/// # Errors
/// Input that is too short, stands still, or is out of order; a fit that does not converge.
pub fn calibrate_twist(
    rows: &[TwistRow],
    reference: &[ReferencePose],
    guess: &TwistDrive,
    options: &Options,
) -> Result<Calibration<TwistDrive>, WheelsError> {
    positive("speed_scale", guess.speed_scale)?;
    positive("yaw_rate_scale", guess.yaw_rate_scale)?;
    let mut told = Rows::new(guess, rows);
    let fit = |told: &Rows, held: &[&str]| fit::calibrate(told, reference, options, held);
    let mut held = vec![LAG];
    let mut best = fit(&told, &held)?;
    let is_lively = told.is_lively(&best.fit);
    if !is_lively {
        held.push(DELAY);
        best = fit(&told, &held)?;
    }
    if is_lively && !guess.is_mean {
        if guess.time_constant_s == 0.0 {
            told.guess.time_constant_s = FIRST_LAG_S;
        }
        // A search that runs away says no more than one that finds nothing.
        if let Ok(found) = fit(&told, &held[1..])
            && let Some(lag) = found.parameter(LAG)
            && lag.observed != Observed::No
            && lag.value > SIGMAS * lag.sigma
            && found.model.delay_s <= 0.0
            && found.fit.segment_position_rms_m < best.fit.segment_position_rms_m
        {
            best = found;
            held.remove(0);
        } else {
            told.guess = *guess;
        }
    }
    // What a curvature explains as well is no bias: at one speed the two are one.
    let is_bias = best.parameter(BIAS).is_some_and(|bias| {
        bias.observed != Observed::No && (bias.value - bias.guess).abs() > SIGMAS * bias.sigma
    });
    if !is_bias {
        held.push(BIAS);
        best = fit(&told, &held)?;
    }
    if let Some(lag) = best.parameters.iter_mut().find(|of| of.name == LAG) {
        lag.guess = guess.time_constant_s;
    }
    told.guess = *guess;
    let unknowns = told.unknowns();
    let is_told = |of: &&Unknown| held.contains(&of.name) && !(guess.is_mean && of.name == LAG);
    let stays = |of: &Unknown| Parameter {
        name: of.name.to_owned(),
        guess: of.guess,
        value: of.guess,
        sigma: match of.name {
            LAG => FIRST_LAG_S,
            _ => of.prior * of.slope(0.0),
        },
        observed: Observed::No,
    };
    (best.parameters).extend(unknowns.iter().filter(is_told).map(stays));
    Ok(best)
}

struct Rows {
    guess: TwistDrive,
    /// Times at which the path is told, rows' own: they are a tenth of a second apart at least.
    times: Vec<Timestamp>,
    /// The same since the first row \[s\].
    told_at_s: Vec<f64>,
    /// Times of the rows since the first \[s\].
    at_s: Vec<f64>,
    /// Speed, yaw rate, and whether it moves, as one or zero.
    rates: Vec<Rates>,
    /// Evened out integrals up to each row.
    even: Vec<Rates>,
}

type Rates = [f64; 3];

fn map2(a: Rates, b: Rates, f: impl Fn(f64, f64) -> f64) -> Rates {
    [0, 1, 2].map(|k| f(a[k], b[k]))
}

impl Rows {
    fn new(guess: &TwistDrive, rows: &[TwistRow]) -> Self {
        let first = rows.first().map(|row| row.t).unwrap_or_default();
        let rates = |row: &TwistRow| {
            let moves = row.forward_mps != 0.0 || row.yaw_rate_radps != 0.0;
            [row.forward_mps, row.yaw_rate_radps, f64::from(moves)]
        };
        let mut all = Self {
            guess: *guess,
            times: Vec::new(),
            told_at_s: Vec::new(),
            at_s: rows.iter().map(|row| row.t.seconds_since(first)).collect(),
            rates: rows.iter().map(rates).collect(),
            even: Vec::new(),
        };
        for (row, at_s) in rows.iter().zip(&all.at_s) {
            // Rows that go back in time are refused later on, and have to be seen for that.
            let is_next = |last: &f64| *at_s < *last || *at_s >= last + EVEN_S;
            if all.told_at_s.last().is_none_or(is_next) {
                all.times.push(row.t);
                all.told_at_s.push(*at_s);
            }
        }
        let [first, others @ ..] =
            [-0.4, -0.2, 0.0, 0.2, 0.4].map(|share| all.integrals(&all.at_s, share * EVEN_S, 0.0));
        all.even = first;
        for (k, even) in all.even.iter_mut().enumerate() {
            let sum = others
                .iter()
                .fold(*even, |sum, of| map2(sum, of[k], |a, b| a + b));
            *even = sum.map(|sum| sum / 5.0);
        }
        all
    }

    /// Integrals of the rates up to each of the times at which the path is told, plus `delay_s`.
    fn shifted(&self, delay_s: f64, lag_s: f64) -> Vec<Rates> {
        if lag_s > 0.0 {
            return self.integrals(&self.told_at_s, delay_s, lag_s);
        }
        let last = self.at_s.len().saturating_sub(2);
        let mut k = 0;
        let integral = |told_at_s: &f64| {
            let t_s = told_at_s + delay_s;
            while k < last && self.at_s[k + 1] <= t_s {
                k += 1;
            }
            let (Some(from), Some(to)) = (self.even.get(k), self.even.get(k + 1)) else {
                return [0.0; 3];
            };
            let span_s = (self.at_s[k + 1] - self.at_s[k]).max(f64::EPSILON);
            let share = (t_s - self.at_s[k]) / span_s;
            map2(*from, *to, |a, b| a + share * (b - a))
        };
        self.told_at_s.iter().map(integral).collect()
    }

    /// Integrals of the rates up to each of `times_s` plus `delay_s`.
    fn integrals(&self, times_s: &[f64], delay_s: f64, lag_s: f64) -> Vec<Rates> {
        let mut integrals = Vec::with_capacity(times_s.len());
        let Some(last) = self.at_s.len().checked_sub(1) else {
            return integrals;
        };
        // Up to row `k`, and the rates at which the vehicle goes there.
        let (mut k, mut until, mut going) = (0, [0.0; 3], self.rates[0]);
        for at_s in times_s {
            let t_s = at_s + delay_s;
            while k < last && self.at_s[k + 1] <= t_s {
                let span_s = self.at_s[k + 1] - self.at_s[k];
                let (way, rates) = self.piece(k, span_s, going, lag_s);
                until = map2(until, way, |a, b| a + b);
                going = rates;
                k += 1;
            }
            let (way, _) = self.piece(k, t_s - self.at_s[k], going, lag_s);
            integrals.push(map2(until, way, |a, b| a + b));
        }
        integrals
    }

    /// The integral of the first `tau_s` after row `k`, and the rates there. Before the first and after
    /// the last row it goes on as it goes there.
    fn piece(&self, k: usize, tau_s: f64, going: Rates, lag_s: f64) -> (Rates, Rates) {
        let here = self.rates[k];
        let next = self.rates.get(k + 1).copied().filter(|_| tau_s >= 0.0);
        let Some(next) = next else {
            return (going.map(|rate| rate * tau_s), going);
        };
        if self.guess.is_mean {
            return (next.map(|rate| rate * tau_s), next);
        }
        let (mut way, mut rates, moves) = if lag_s > 0.0 {
            let keep = (-tau_s / lag_s).exp();
            let way = |c: f64, r: f64| c * tau_s + (r - c) * lag_s * (1.0 - keep);
            let rates = map2(here, going, |c, r| c + (r - c) * keep);
            (map2(here, going, way), rates, here[2])
        } else {
            let share = tau_s / (self.at_s[k + 1] - self.at_s[k]).max(f64::EPSILON);
            let way = |a: f64, b: f64| (a + 0.5 * (b - a) * share) * tau_s;
            let rates = map2(here, next, |a, b| a + (b - a) * share);
            (map2(here, next, way), rates, here[2].max(next[2]))
        };
        // It moves as a whole or not at all.
        (way[2], rates[2]) = (moves * tau_s, moves);
        (way, rates)
    }

    /// Whether changes of speed and yaw rate, each against what the fit leaves of it, stand out of
    /// their noise, which is what a tenth of a second does beside a straight line through its
    /// neighbours.
    fn is_lively(&self, fit: &Fit) -> bool {
        let ways = self.integrals(&self.told_at_s, 0.0, 0.0);
        let of_pair = |(way, at_s): (&[Rates], &[f64])| {
            let span_s = (at_s[1] - at_s[0]).max(f64::EPSILON);
            map2(way[1], way[0], |a, b| (a - b) / span_s)
        };
        let pairs = ways.windows(2).zip(self.told_at_s.windows(2));
        let rates: Vec<Rates> = pairs.map(of_pair).collect();
        let [mut changes, mut noise] = [0.0, 0.0];
        let lefts = [fit.segment_position_rms_m, fit.segment_yaw_rms_rad];
        for (channel, left) in lefts.into_iter().enumerate() {
            let mean = |values: &mut dyn Iterator<Item = f64>| {
                let (sum, count) =
                    values.fold((0.0, 0.0_f64), |(s, n), value| (s + value, n + 1.0));
                sum / count.max(1.0)
            };
            let middle = mean(&mut rates.iter().map(|rate| rate[channel]));
            let all = mean(&mut rates.iter().map(|rate| (rate[channel] - middle).powi(2)));
            let bend = |of: &[Rates]| of[0][channel] - 2.0 * of[1][channel] + of[2][channel];
            let own = mean(&mut rates.windows(3).map(|of| bend(of).powi(2) / 6.0));
            changes += (all - own).max(0.0) / left.powi(2);
            noise += own / left.powi(2);
        }
        changes > LIVELY * noise
    }
}

impl Drive for Rows {
    type Model = TwistDrive;
    /// A command is not obeyed to the last: over a long path that adds up to what says nothing.
    const VIEWS: usize = 1;

    fn unknowns(&self) -> Vec<Unknown> {
        let scales = [
            (Scale::Log, 1.0),
            (Scale::Log, 1.0),
            (Scale::Linear(0.05), 1.0),
            (Scale::Linear(0.05), 1.0),
            (Scale::Linear(0.1), 5.0),
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
        self.rates.iter().any(|[_, _, moves]| *moves != 0.0)
    }

    fn steps(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let &[
            scale,
            yaw_scale,
            bias_radps,
            yaw_rad_per_m,
            delay_s,
            lag_s,
            ..,
        ] = values
        else {
            return Vec::new();
        };
        let integrals = self.shifted(delay_s, lag_s);
        let step = |pair: &[Rates]| {
            let [way_m, turn_rad, moving_s] = map2(pair[1], pair[0], |a, b| a - b);
            let way_m = scale * way_m;
            let turn_rad = yaw_scale * turn_rad + bias_radps * moving_s + yaw_rad_per_m * way_m;
            // The chord of an arc.
            (way_m * (1.0 - turn_rad * turn_rad / 24.0), turn_rad)
        };
        integrals.windows(2).map(step).collect()
    }

    fn sensor(&self, values: &[f64]) -> Pose2 {
        Pose2::new(values[6], values[7], values[8])
    }

    fn model(&self, values: &[f64]) -> TwistDrive {
        TwistDrive {
            speed_scale: values[0],
            yaw_rate_scale: values[1],
            yaw_rate_bias_radps: values[2],
            yaw_rad_per_m: values[3],
            delay_s: values[4],
            time_constant_s: values[5],
            sensor: self.sensor(values),
            ..self.guess
        }
    }
}

#[cfg(test)]
mod tests;
