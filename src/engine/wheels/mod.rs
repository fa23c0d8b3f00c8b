//! Wheel readings of every form to forward speed and yaw rate at the reference point.
//!
//! A reading covers the time since the one before: increments by their nature, speeds by their mean
//! with the one before. Between readings the state runs ahead with the latest speed; when the next
//! one comes, the rest of its stretch makes up the difference, so that no distance is lost or
//! counted twice.

mod kinematics;
mod speed_mean;

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;
use wayfix_filter::motion::Wheels;
use wayfix_sensors::Reading;
use wayfix_sensors::counter::folded;

use super::inputs::{ImuState, SteeringState, followed};
use super::setup::Setup;
use crate::config::Source;
use crate::config::source::{ImuSource, WheelsSource};
use crate::engine::core::Filter;
use kinematics::{Kinematics, LearnedSlots};
pub use speed_mean::SpeedMean;

/// Wheels of one source.
const WHEELS: usize = 4;
/// Counts over a silence of more than so many time-outs say how far the wheels went, not where to.
const LONG_SILENCE: f64 = 4.0;
/// Below this share of a stretch, what is still owed waits for the next one.
const SHORT_REST: f64 = 0.2;

/// Values of a reading or a stretch: up to four wheels (or the forward speed in the first), and the
/// yaw rate where the source gives one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Speed of each wheel, or the forward speed [m/s].
    pub speed_mps: [f64; WHEELS],
    /// Yaw rate [rad/s], or as distance: yaw change.
    pub yaw_radps: f64,
}

impl Segment {
    fn map2(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            speed_mps: core::array::from_fn(|i| f(self.speed_mps[i], other.speed_mps[i])),
            yaw_radps: f(self.yaw_radps, other.yaw_radps),
        }
    }

    fn scaled(&self, k: f64) -> Self {
        self.map2(self, |a, _| k * a)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.yaw_radps == 0.0 && self.speed_mps.iter().all(|v| *v == 0.0)
    }
}

/// What was last heard of the wheels, and how much of it the state has gone already.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct WheelState {
    /// Time of the latest reading.
    pub t: Timestamp,
    /// Source index.
    pub source: u16,
    /// Speed with which the state runs on until the next reading.
    running: Segment,
    /// Latest reading as speed, before any actuator lag.
    latest: Segment,
    /// Gone ahead (positive) or still owed (negative) at `t`, as distance.
    ahead: Segment,
    ticks: Option<[i64; WHEELS]>,
    /// The source itself tells the yaw rate.
    has_yaw: bool,
    /// At least one stretch is known.
    moving_known: bool,
    /// Steering angle that came with the reading [rad], zero and lag applied.
    pub(super) steering_rad: Option<f64>,
    /// Time without any motion of the wheels \[s\].
    pub still_s: f64,
}

/// A new stretch of the way: `from`..`to` with the given speed.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// Speed over what is left of it; `None` where too little is left.
    pub rest: Option<Segment>,
}

impl WheelState {
    /// Whether the state can be carried by it.
    #[must_use]
    pub fn is_moving_known(&self) -> bool {
        self.moving_known
    }

    /// Speed with which the state runs on.
    #[must_use]
    pub fn running(&self) -> Segment {
        self.running
    }

    /// Takes a reading at `t`; `reached` is the time of the state. Returns the new wheel state and
    /// the stretch from `reached` to `t` that makes good what the state has not gone yet (of a speed,
    /// after more than `timeout_s` of silence, nothing); `None` for readings that are not of wheels or don't fit the configuration.
    #[must_use]
    pub fn next(
        before: Option<&Self>,
        t: Timestamp,
        index: u16,
        config: &WheelsSource,
        reading: &Reading,
        reached: Timestamp,
        timeout_s: f64,
    ) -> Option<(Self, Stretch)> {
        let before = before.filter(|b| {
            let silent_s = t.seconds_since(b.t);
            b.source == index && silent_s > 0.0 && silent_s <= LONG_SILENCE * timeout_s
        });
        let dt_s = before.map_or(0.0, |b| t.seconds_since(b.t));
        let mut next = Self {
            t,
            source: index,
            running: Segment::default(),
            latest: Segment::default(),
            ahead: Segment::default(),
            ticks: None,
            has_yaw: false,
            moving_known: false,
            steering_rad: None,
            still_s: 0.0,
        };
        // The way of this reading's stretch, as distance; None for the first of a source.
        let mut way: Option<Segment> = None;
        match reading {
            Reading::OdometryStep(step) => {
                let gone = Segment {
                    speed_mps: [step.distance_m, 0.0, 0.0, 0.0],
                    yaw_radps: step.yaw_change_rad.unwrap_or(0.0),
                };
                next.has_yaw = step.yaw_change_rad.is_some();
                if dt_s > 0.0 {
                    next.latest = gone.scaled(1.0 / dt_s);
                    way = Some(gone);
                }
            }
            Reading::WheelTicks(ticks) => {
                let values = ticks.ticks.as_slice();
                if values.len() != config.wheels.len() || values.len() > WHEELS {
                    return None;
                }
                let mut counts = [0; WHEELS];
                counts[..values.len()].copy_from_slice(values);
                next.ticks = Some(counts);
                next.steering_rad = ticks.steering_ticks.map(|count| {
                    // An absolute encoder: its value is how far it is from zero.
                    let count = folded(count, config.steering_tick_bits) as f64;
                    let target = count * config.steering_rad_per_tick
                        + config.steering_offset_deg.to_radians();
                    let last = before.and_then(|b| b.steering_rad);
                    followed(last, target, dt_s, config.steering_time_constant_s)
                });
                if let Some(last) = before.and_then(|b| b.ticks)
                    && dt_s > 0.0
                {
                    let gone = Segment {
                        speed_mps: core::array::from_fn(|i| {
                            folded(counts[i].wrapping_sub(last[i]), config.tick_bits) as f64
                                * config.metres_per_tick
                                * wheel_scale(config, i)
                        }),
                        yaw_radps: 0.0,
                    };
                    next.latest = gone.scaled(1.0 / dt_s);
                    way = Some(gone);
                }
            }
            Reading::WheelSpeeds(speeds) => {
                let values = speeds.speeds_mps.as_slice();
                if values.len() != config.wheels.len() || values.len() > WHEELS {
                    return None;
                }
                for (i, (to, from)) in next.latest.speed_mps.iter_mut().zip(values).enumerate() {
                    *to = from * wheel_scale(config, i);
                }
                way = next.way_of_speed(before.filter(|_| dt_s <= timeout_s), dt_s, config);
            }
            Reading::Twist(twist) => {
                next.latest = Segment {
                    speed_mps: [twist.forward_mps, 0.0, 0.0, 0.0],
                    yaw_radps: twist.yaw_rate_radps.unwrap_or(0.0),
                };
                next.has_yaw = twist.yaw_rate_radps.is_some();
                way = next.way_of_speed(before.filter(|_| dt_s <= timeout_s), dt_s, config);
            }
            _ => return None,
        }
        if config.time_constant_s <= 0.0 {
            next.running = next.latest;
        }
        next.moving_known =
            way.is_some() || matches!(reading, Reading::WheelSpeeds(_) | Reading::Twist(_));
        if next.latest.is_zero() {
            next.still_s = before.map_or(0.0, |b| b.still_s) + dt_s;
        }
        let rest = match (before, way) {
            (Some(b), Some(way)) => next.settle(b, &way, dt_s, reached),
            _ => None,
        };
        Some((next, Stretch { rest }))
    }

    /// The way since the reading before, for sources that tell speeds: the mean of both, or a
    /// first-order lag towards the command before.
    fn way_of_speed(
        &mut self,
        before: Option<&Self>,
        dt_s: f64,
        config: &WheelsSource,
    ) -> Option<Segment> {
        let b = before.filter(|_| dt_s > 0.0)?;
        if config.time_constant_s > 0.0 {
            let tau = config.time_constant_s;
            let keep = (-dt_s / tau).exp();
            self.running = b
                .latest
                .map2(&b.running, |command, old| command + (old - command) * keep);
            return Some(b.latest.map2(&b.running, |command, old| {
                command * dt_s + (old - command) * tau * (1.0 - keep)
            }));
        }
        Some(
            self.latest
                .map2(&b.latest, |new, old| 0.5 * (new + old) * dt_s),
        )
    }

    /// What is left to go of `way` between `reached` and `t`, as speed.
    fn settle(
        &mut self,
        before: &Self,
        way: &Segment,
        dt_s: f64,
        reached: Timestamp,
    ) -> Option<Segment> {
        let gone_s = reached.seconds_since(before.t).clamp(0.0, dt_s);
        let gone = before
            .running
            .scaled(gone_s)
            .map2(&before.ahead, |a, b| a + b);
        let owed = way.map2(&gone, |way, gone| way - gone);
        let left_s = dt_s - gone_s;
        if left_s < SHORT_REST * dt_s {
            // Too little time is left to make it good: run on and carry it over.
            let run = self.running.scaled(left_s);
            self.ahead = run.map2(&owed, |run, owed| run - owed);
            return None;
        }
        Some(owed.scaled(1.0 / left_s))
    }

    /// The motion model of a stretch, with the filter's parameters in it.
    pub fn model<const N: usize>(
        &self,
        setup: &Setup,
        filter: &mut Filter<N>,
        steering: Option<&SteeringState>,
        gyro: Option<&ImuState>,
        segment: &Segment,
    ) -> Wheels {
        let Some(Source::Wheels(config)) = setup
            .sources
            .get(usize::from(self.source))
            .map(|s| &s.config)
        else {
            return Wheels::unknown();
        };
        let slots = LearnedSlots::acquire(setup, filter, self, steering, config);
        let kinematics = Kinematics {
            setup,
            config,
            slots: &slots,
            scale: filter.view().value(slots.scale),
            yaw_scale: filter.view().value(slots.yaw_scale),
            yaw_bias: filter.view().value(slots.yaw_bias),
            steering_rad: self
                .steering_angle(config, steering, segment)
                .map(|a| a + filter.view().value(slots.steering)),
            has_yaw: self.has_yaw,
        };
        let (speed, yaw_rate) = kinematics.rates(segment);
        let knows_turns = kinematics.knows_turns() || segment.is_zero();
        let imu = gyro.and_then(
            |g| match &setup.sources.get(usize::from(g.source))?.config {
                Source::Imu(c) => Some((g, c)),
                _ => None,
            },
        );
        Wheels {
            speed,
            yaw_rate,
            gyro_radps: imu.map(|(g, _)| g.gyro_b),
            distance_sigma_m_rtm: config.distance_sigma_m_rtm,
            lateral_sigma_m_rtm: config.lateral_sigma_m_rtm,
            yaw_sigma_rad_rtm: config.yaw_sigma_rad_rtm,
            yaw_sigma_rad_rtrad: config.yaw_sigma_rad_rtrad,
            yaw_density_rad_rts: if knows_turns {
                0.0
            } else {
                setup.motion.yaw_density_rad_rts
            },
            gyro_density: imu.map_or(0.0, |(_, c): (_, &ImuSource)| c.gyro_density_radps_rthz),
            gyro_walk: imu.map_or(0.0, |(_, c)| c.gyro_bias_walk_radps_rts),
            speed_sigma_mps: config.speed_sigma_mps,
        }
    }

    /// Forward speed at the reference point as the wheels tell it, scale not applied [m/s], for
    /// use beside an inertial unit.
    #[must_use]
    pub fn forward_mps(&self, setup: &Setup, steering: Option<&SteeringState>) -> f64 {
        let Some(Source::Wheels(config)) = setup
            .sources
            .get(usize::from(self.source))
            .map(|s| &s.config)
        else {
            return 0.0;
        };
        let kinematics = Kinematics {
            setup,
            config,
            slots: &LearnedSlots::default(),
            scale: 0.0,
            yaw_scale: 0.0,
            yaw_bias: 0.0,
            steering_rad: self.steering_angle(config, steering, &self.latest),
            has_yaw: self.has_yaw,
        };
        kinematics.rates(&self.latest).0.value
    }

    /// Angle of the road wheel, leaning by half the backlash as the wheels of `segment` roll.
    fn steering_angle(
        &self,
        config: &WheelsSource,
        steering: Option<&SteeringState>,
        segment: &Segment,
    ) -> Option<f64> {
        let own = (self.steering_rad).map(|a| (a, config.steering_backlash_deg.to_radians()));
        let (angle, backlash) = own.or(steering.map(|s| (s.angle_rad, s.backlash_rad)))?;
        let speed = segment.speed_mps[0];
        let direction = if speed == 0.0 { 0.0 } else { speed.signum() };
        Some(angle + 0.5 * backlash * direction)
    }
}

/// Known scale of one wheel besides that of all.
fn wheel_scale(config: &WheelsSource, wheel: usize) -> f64 {
    config.wheel_scales.get(wheel).copied().unwrap_or(1.0)
}

/// The axis along which wheels drive.
pub const FORWARD_B: Vector3<f64> = Vector3::new(1.0, 0.0, 0.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_roll_over_in_both_directions() {
        let difference = |now: i64, before, bits| folded(now.wrapping_sub(before), bits);
        assert_eq!(difference(5, i64::from(u32::MAX) - 4, 32), 10);
        assert_eq!(difference(i64::from(u32::MAX) - 4, 5, 32), -10);
        assert_eq!(difference(7, 3, 32), 4);
        assert_eq!(difference(2, 8190, 13), 4);
    }

    fn step(distance_m: f64) -> Reading {
        Reading::OdometryStep(wayfix_sensors::sample::OdometryStep {
            distance_m,
            yaw_change_rad: Some(0.0),
        })
    }

    #[test]
    fn no_distance_is_lost_or_counted_twice() {
        // 5 Hz increments of changing speed; the state is dragged to odd times in between.
        let config = WheelsSource::default();
        let at = Timestamp::from_seconds;
        let mut state: Option<WheelState> = None;
        let mut reached = at(0.0);
        let (mut gone, mut told) = (0.0, 0.0);
        for k in 1..200 {
            let t = at(0.2 * f64::from(k));
            if let Some(s) = &state {
                let drag = t.shifted(-0.2 + 0.19 * f64::from(k % 7) / 7.0);
                gone += s.running().speed_mps[0] * drag.seconds_since(reached).max(0.0);
                reached = reached.max(drag);
            }
            let d = 0.1 + 0.05 * f64::from(k).sin();
            let (next, stretch) =
                WheelState::next(state.as_ref(), t, 0, &config, &step(d), reached, 0.5).unwrap();
            if state.is_some() {
                told += d;
                let speed = stretch.rest.unwrap_or(next.running()).speed_mps[0];
                gone += speed * t.seconds_since(reached);
            }
            reached = t;
            state = Some(next);
            let ahead = next.ahead.speed_mps[0];
            assert!(
                (gone - told - ahead).abs() < 1e-9,
                "step {k}: {gone} {told} {ahead}"
            );
        }
    }
}
