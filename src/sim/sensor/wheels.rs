//! Wheel odometry: distance and turn since the last sample, or their rates, with scale errors, noise
//! that grows with the root of the distance, and slip while the vehicle speeds up or brakes. Counts
//! carry the steering along where vehicle.toml says so.

use wayfix_sensors::Reading;
use wayfix_sensors::sample::{OdometryStep, PerWheel, Twist, WheelSpeeds, WheelTicks};

use super::{Model, World};
use crate::config::source::{WheelPlace, WheelsSource};
use crate::sim::noise::{Rng, chance, normal, uniform};
use crate::sim::truth::State;

/// What the device reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Counters of single wheels.
    Ticks,
    /// Speeds of single wheels.
    Speeds,
    /// Forward speed and yaw rate.
    Twist,
    /// Increments of distance and heading.
    Steps,
}

/// Slip of all wheels together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slip {
    /// Events a second, while the vehicle speeds up or brakes.
    pub rate_hz: f64,
    /// Largest share by which the wheels then turn too far (or too little, when braking).
    pub share: f64,
}

impl Slip {
    /// Wheels that never slip.
    pub const NONE: Self = Self {
        rate_hz: 0.0,
        share: 0.0,
    };
}

/// Accelerations below this do not make a wheel slip [m/s²].
const GRIP_MPS2: f64 = 0.2;
/// How long one slip lasts [s].
const SLIP_S: f64 = 0.4;

pub(super) struct Wheels {
    config: WheelsSource,
    output: Output,
    slip: Slip,
    slipping: Option<(f64, f64)>,
    /// Measured = true / scale, one scale for each value that is integrated.
    scale: f64,
    yaw_rate_scale: f64,
    yaw_rate_bias_radps: f64,
    steering_offset_deg: f64,
    travelled_m: Vec<f64>,
    last_s: Option<f64>,
}

impl Wheels {
    pub(super) fn new(config: &WheelsSource, output: Output, slip: Slip, rng: &mut Rng) -> Self {
        Self {
            scale: config.scale + normal(rng, config.scale_sigma),
            yaw_rate_scale: config.yaw_rate_scale + normal(rng, config.yaw_rate_scale_sigma),
            yaw_rate_bias_radps: normal(rng, config.yaw_rate_bias_sigma_radps),
            steering_offset_deg: if config.steering_rad_per_tick == 0.0 {
                0.0
            } else {
                config.steering_offset_deg + normal(rng, config.steering_offset_sigma_deg)
            },
            travelled_m: vec![0.0; config.wheels.len()],
            slipping: None,
            last_s: None,
            config: config.clone(),
            output,
            slip,
        }
    }

    /// Factor on true distances at `t` [s] because wheels slip.
    fn slip_factor(&mut self, world: &World<'_>, t: f64, dt: f64, rng: &mut Rng) -> f64 {
        let state = world.trajectory.at(t);
        let ahead = state.attitude.inverse() * state.acceleration_mps2;
        let pushing = ahead.x * state.forward_mps.signum();
        if self.slipping.is_none_or(|(until, _)| t > until) {
            self.slipping = (pushing.abs() > GRIP_MPS2 && chance(rng, self.slip.rate_hz * dt))
                .then(|| {
                    (
                        t + SLIP_S,
                        uniform(rng, 0.2, 1.0) * self.slip.share * pushing.signum(),
                    )
                });
        }
        1.0 + self.slipping.map_or(0.0, |(_, share)| share)
    }
}

/// ∫ of a speed from `from` to `to` [s] by Simpson's rule.
fn integral(from: f64, to: f64, speed: impl Fn(f64) -> f64) -> f64 {
    (to - from) / 6.0 * (speed(from) + 4.0 * speed((from + to) / 2.0) + speed(to))
}

/// How far backlash lets the steered wheel lean to the left [deg].
pub(super) fn lean_deg(backlash_deg: f64, forward_mps: f64) -> f64 {
    let direction = if forward_mps == 0.0 {
        0.0
    } else {
        forward_mps.signum()
    };
    0.5 * backlash_deg * direction
}

impl Model for Wheels {
    fn measure(&mut self, world: &World<'_>, t: f64, rng: &mut Rng, out: &mut Vec<(f64, Reading)>) {
        let Some(last) = self.last_s.replace(t) else {
            return;
        };
        let dt = t - last;
        let slip = self.slip_factor(world, t, dt, rng);
        let motion = world.motion;
        // Counters and increments cover the time since the last sample, a speed is that of now.
        let since_last = matches!(self.output, Output::Ticks | Output::Steps);
        let over = |rate: &dyn Fn(&State) -> f64| {
            let rate = |t| rate(&world.trajectory.at(t));
            if since_last {
                integral(last, t, rate)
            } else {
                rate(t) * dt
            }
        };
        let gone = |place| over(&|state| state.wheel_mps(place, motion));
        let reading = match self.output {
            Output::Ticks | Output::Speeds => {
                let gone: Vec<f64> = self.config.wheels.iter().map(|p| gone(*p)).collect();
                let mut steps = self.turned(&gone, slip, motion.track_m, dt, rng);
                for (step, of_wheel) in steps.iter_mut().zip(&self.config.wheel_scales) {
                    *step /= of_wheel;
                }
                for (sum, step) in self.travelled_m.iter_mut().zip(&steps) {
                    *sum += step;
                }
                if self.output == Output::Ticks {
                    let steering_ticks = self.steering_ticks(world, t);
                    self.ticks().map(|ticks| {
                        Reading::WheelTicks(WheelTicks {
                            ticks,
                            steering_ticks,
                        })
                    })
                } else {
                    let speeds: Vec<f64> = steps.iter().map(|step| step / dt).collect();
                    PerWheel::new(&speeds)
                        .map(|speeds_mps| Reading::WheelSpeeds(WheelSpeeds { speeds_mps }))
                }
            }
            Output::Twist | Output::Steps => {
                let gone = gone(WheelPlace::Rear);
                let distance_m = self.distance(gone, slip, rng);
                let turn = over(&|state| state.rate_radps.z);
                let told = turn - self.config.yaw_rad_per_m * gone;
                let told = match gone != 0.0 || turn != 0.0 {
                    true => told - self.config.yaw_rate_bias_radps * dt,
                    false => told,
                };
                let turn = self.turn(told, gone, dt, rng);
                Some(if self.output == Output::Twist {
                    let yaw_rate_radps = Some(turn / dt);
                    Reading::Twist(Twist {
                        forward_mps: distance_m / dt,
                        yaw_rate_radps,
                    })
                } else {
                    Reading::OdometryStep(OdometryStep {
                        distance_m,
                        yaw_change_rad: Some(turn),
                    })
                })
            }
        };
        out.extend(reading.map(|reading| (t, reading)));
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let mut all = vec![("scale".to_owned(), self.scale)];
        let turns = matches!(self.output, Output::Twist | Output::Steps);
        if turns || self.axle().is_some() {
            all.push(("yaw_rate_scale".to_owned(), self.yaw_rate_scale));
            all.push(("yaw_rate_bias_radps".to_owned(), self.yaw_rate_bias_radps));
        }
        if self.config.steering_rad_per_tick != 0.0 {
            all.push(("steering_offset_deg".to_owned(), self.steering_offset_deg));
        }
        all
    }
}

impl Wheels {
    /// A distance [m] as it is measured.
    fn distance(&self, gone: f64, slip: f64, rng: &mut Rng) -> f64 {
        let noise = self.config.distance_sigma_m_rtm * gone.abs().sqrt();
        gone * slip / self.scale + normal(rng, noise)
    }

    /// A change of heading [rad] over a distance [m] as it is measured.
    fn turn(&self, turn: f64, gone: f64, dt: f64, rng: &mut Rng) -> f64 {
        let c = &self.config;
        let by_distance = c.yaw_sigma_rad_rtm.powi(2) * gone.abs();
        let by_angle = c.yaw_sigma_rad_rtrad.powi(2) * turn.abs();
        let noise = normal(rng, (by_distance + by_angle).sqrt());
        turn / self.yaw_rate_scale + self.yaw_rate_bias_radps * dt + noise
    }

    /// Left and right wheel of one axle, as places in the reading.
    fn axle(&self) -> Option<(usize, usize)> {
        use WheelPlace::{FrontLeft, FrontRight, RearLeft, RearRight};
        let place = |wheel| self.config.wheels.iter().position(|w| *w == wheel);
        let pair = |left, right| place(left).zip(place(right));
        pair(RearLeft, RearRight).or_else(|| pair(FrontLeft, FrontRight))
    }

    /// What each wheel turns over the distances [m] that they go. vehicle.toml speaks of distance
    /// and heading of the vehicle, so the two wheels of an axle err in their mean and difference.
    fn turned(&self, gone: &[f64], slip: f64, track_m: f64, dt: f64, rng: &mut Rng) -> Vec<f64> {
        let mut steps: Vec<f64> = gone
            .iter()
            .map(|gone| self.distance(*gone, slip, rng))
            .collect();
        if let Some((left, right)) = self.axle().filter(|_| track_m > 0.0) {
            let middle = 0.5 * (gone[left] + gone[right]);
            let turn = (gone[right] - gone[left]) / track_m;
            let distance = self.distance(middle, slip, rng);
            let apart = self.turn(turn * slip, middle, dt, rng) * track_m / self.config.scale;
            steps[left] = distance - 0.5 * apart;
            steps[right] = distance + 0.5 * apart;
        }
        steps
    }

    /// The steering encoder at `t` [s], at its width; `None` where the counts don't carry it.
    fn steering_ticks(&self, world: &World<'_>, t: f64) -> Option<i64> {
        let config = &self.config;
        if config.steering_rad_per_tick == 0.0 {
            return None;
        }
        let state = world.trajectory.at(t);
        let angle = state.steering_rad(world.motion.wheelbase_m);
        let zero_deg =
            self.steering_offset_deg + lean_deg(config.steering_backlash_deg, state.forward_mps);
        let count = ((angle - zero_deg.to_radians()) / config.steering_rad_per_tick).round() as i64;
        Some(count.rem_euclid(1 << config.steering_tick_bits.min(62)))
    }

    /// Counters, rolled over at their width.
    fn ticks(&self) -> Option<PerWheel<i64>> {
        let width = 1_i128 << self.config.tick_bits.min(63);
        let count = |metres: &f64| {
            let count = (metres / self.config.metres_per_tick).floor() as i128;
            i64::try_from(count.rem_euclid(width)).unwrap_or_default()
        };
        PerWheel::new(&self.travelled_m.iter().map(count).collect::<Vec<_>>())
    }
}
