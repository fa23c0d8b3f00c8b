//! From wheel speeds to the motion of the reference point.
//!
//! Kinematics (reference point: middle of the rear axle; steering angle α, wheelbase L, track B):
//!   differential   u = (v_r + v_l)/2,            w = (v_r − v_l)/B
//!   Ackermann      u = v/(1 ∓ tan α · B/2L),     w = u tan α / L     (v at the left/right rear wheel)
//!   tricycle       u = v cos α,                  w = v sin α / L     (v at the front wheel)
//! with learned parameters: u ← (1 + s) u, w ← (1 + k) w + b, α ← α + o. Computed odometry tells u and w,
//! whose known errors come off besides: w ← w + b₀ + c u.

use wayfix_filter::motion::Rate;
use wayfix_filter::{Parameter, Slot};

use super::{Segment, WheelState};
use crate::config::Source;
use crate::config::source::{WheelPlace, WheelsSource};
use crate::config::vehicle::Drive;
use crate::engine::core::Filter;
use crate::engine::inputs::SteeringState;
use crate::engine::parameter::{Kind, id};
use crate::engine::setup::Setup;

/// Slots of the wheels' parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct LearnedSlots {
    /// Speed.
    pub scale: Option<Slot>,
    /// Yaw rate, as a factor.
    pub yaw_scale: Option<Slot>,
    /// Yaw rate, added.
    pub yaw_bias: Option<Slot>,
    /// Steering angle, added.
    pub steering: Option<Slot>,
}

impl LearnedSlots {
    /// The slots that the configuration asks for.
    pub fn acquire<const N: usize>(
        setup: &Setup,
        filter: &mut Filter<N>,
        wheels: &WheelState,
        steering: Option<&SteeringState>,
        config: &WheelsSource,
    ) -> Self {
        let mut learned = |kind, source, sigma: f64, walk: f64, bound: f64| {
            let prior = Parameter::walk(sigma, walk).bounded(bound);
            if sigma > 0.0 {
                filter.parameter(id(kind, source, 0), &prior)
            } else {
                None
            }
        };
        let w = wheels.source;
        // Counts that carry the steering along have keys of their own for it.
        let offset = if wheels.steering_rad.is_some() {
            Some((w, config.steering_offset_sigma_deg, 0.0))
        } else {
            steering.and_then(
                |s| match &setup.sources.get(usize::from(s.source))?.config {
                    Source::Steering(c) => {
                        Some((s.source, c.offset_sigma_deg, c.offset_walk_deg_rts))
                    }
                    _ => None,
                },
            )
        };
        Self {
            scale: learned(
                Kind::WheelScale,
                w,
                config.scale_sigma,
                config.scale_walk_rts,
                0.5,
            ),
            yaw_scale: learned(Kind::YawRateScale, w, config.yaw_rate_scale_sigma, 0.0, 0.5),
            yaw_bias: learned(
                Kind::YawRateBias,
                w,
                config.yaw_rate_bias_sigma_radps,
                config.yaw_rate_bias_walk_radps_rts,
                1.0,
            ),
            steering: offset.and_then(|(s, sigma, walk)| {
                learned(
                    Kind::SteeringOffset,
                    s,
                    sigma.to_radians(),
                    walk.to_radians(),
                    0.5,
                )
            }),
        }
    }
}

/// One vehicle's kinematics at the current parameters.
pub struct Kinematics<'a> {
    /// The vehicle.
    pub setup: &'a Setup,
    /// Its wheels.
    pub config: &'a WheelsSource,
    /// Where their parameters are.
    pub slots: &'a LearnedSlots,
    /// Error of the speed, as a factor.
    pub scale: f64,
    /// Error of the yaw rate, as a factor.
    pub yaw_scale: f64,
    /// Error of the yaw rate [rad/s].
    pub yaw_bias: f64,
    /// Steering angle, its offset added [rad].
    pub steering_rad: Option<f64>,
    /// The source itself tells the yaw rate.
    pub has_yaw: bool,
}

impl Kinematics<'_> {
    /// Whether anything tells how the vehicle turns while it drives.
    pub fn knows_turns(&self) -> bool {
        let told = self.has_yaw || self.steering_rad.is_some() || self.axle().is_some();
        told || !self.is_steered()
    }

    fn is_steered(&self) -> bool {
        matches!(self.setup.motion.drive, Drive::Ackermann | Drive::Tricycle)
    }

    /// Forward speed and yaw rate with their derivatives.
    pub fn rates(&self, segment: &Segment) -> (Rate, Rate) {
        let motion = &self.setup.motion;
        let (raw, by_angle) = self.speed_at_reference(segment);
        let gain = 1.0 + self.scale;
        let steered = self.slots.steering.filter(|_| by_angle != 0.0);
        let speed = Rate::depending(
            gain * raw,
            [(self.slots.scale, raw), (steered, gain * by_angle)],
        );
        let yaw_gain = self.config.yaw_rate_scale * (1.0 + self.yaw_scale);
        // A standing vehicle does not turn, whatever the bias.
        let bias = if segment.is_zero() {
            (0.0, None)
        } else {
            (self.yaw_bias, self.slots.yaw_bias)
        };
        let yaw_rate = match self
            .steering_rad
            .filter(|_| self.is_steered() && !self.has_yaw)
        {
            Some(angle) => {
                let (curvature, by_angle_curvature) = (
                    angle.tan() / motion.wheelbase_m,
                    1.0 / (angle.cos().powi(2) * motion.wheelbase_m),
                );
                let w = gain * raw * curvature;
                let dw = gain * (raw * by_angle_curvature + by_angle * curvature);
                Rate::depending(
                    yaw_gain * w + bias.0,
                    [
                        (self.slots.scale, yaw_gain * raw * curvature),
                        (self.slots.yaw_scale, self.config.yaw_rate_scale * w),
                        (self.slots.steering, yaw_gain * dw),
                        (bias.1, 1.0),
                    ],
                )
            }
            None => {
                let w = if self.has_yaw {
                    segment.yaw_radps
                } else {
                    self.differential(segment)
                };
                let (known, by_scale) = self.known_yaw(segment, raw);
                Rate::depending(
                    yaw_gain * w + bias.0 + known + gain * by_scale,
                    [
                        (self.slots.scale.filter(|_| by_scale != 0.0), by_scale),
                        (self.slots.yaw_scale, self.config.yaw_rate_scale * w),
                        (bias.1, 1.0),
                    ],
                )
            }
        };
        (speed, yaw_rate)
    }

    /// Known errors of a yaw rate that the source tells: a bias, and what goes with the speed `raw`.
    fn known_yaw(&self, segment: &Segment, raw: f64) -> (f64, f64) {
        if !self.has_yaw || segment.is_zero() {
            return (0.0, 0.0);
        }
        let config = self.config;
        (config.yaw_rate_bias_radps, config.yaw_rad_per_m * raw)
    }

    fn wheel(&self, segment: &Segment, place: WheelPlace) -> Option<f64> {
        let i = self.config.wheels.iter().position(|w| *w == place)?;
        segment.speed_mps.get(i).copied()
    }

    /// Speed at the reference point, and its derivative by the steering angle.
    fn speed_at_reference(&self, segment: &Segment) -> (f64, f64) {
        use WheelPlace::{Front, FrontLeft, FrontRight, Rear, RearLeft, RearRight};
        let scale = self.config.scale;
        let angle = self.steering_rad.unwrap_or(0.0);
        let wheel = |place| self.wheel(segment, place).map(|v| v * scale);
        let mean = |a, b| match (wheel(a), wheel(b)) {
            (Some(a), Some(b)) => Some(0.5 * (a + b)),
            _ => None,
        };
        if self.config.wheels.is_empty() {
            return (segment.speed_mps[0] * scale, 0.0);
        }
        if let Some(v) = wheel(Rear).or_else(|| mean(RearLeft, RearRight)) {
            return (v, 0.0);
        }
        if let Some(v) = wheel(Front).or_else(|| mean(FrontLeft, FrontRight)) {
            return (v * angle.cos(), -v * angle.sin());
        }
        // One rear wheel on the inside (left turn, left wheel) runs slower than the middle.
        let (v, side) = match (wheel(RearLeft), wheel(RearRight)) {
            (Some(v), _) => (v, 1.0),
            (_, Some(v)) => (v, -1.0),
            _ => return (segment.speed_mps[0] * scale, 0.0),
        };
        if self.setup.motion.wheelbase_m <= 0.0 {
            return (v, 0.0);
        }
        let k = side * 0.5 * self.setup.motion.track_m / self.setup.motion.wheelbase_m;
        let share = 1.0 - k * angle.tan();
        (v / share, v * k / (angle.cos().powi(2) * share * share))
    }

    /// Yaw rate from the difference of two wheels of one axle.
    fn differential(&self, segment: &Segment) -> f64 {
        let Some([left, right]) = self.axle() else {
            return 0.0;
        };
        let speed = |i: usize| segment.speed_mps.get(i).copied().unwrap_or(0.0);
        self.config.scale * (speed(right) - speed(left)) / self.setup.motion.track_m
    }

    /// The two wheels of one axle whose difference tells how it turns.
    fn axle(&self) -> Option<[usize; 2]> {
        if self.setup.motion.track_m <= 0.0 {
            return None;
        }
        let place = |wheel| self.config.wheels.iter().position(|w| *w == wheel);
        let pair = |l, r| Some([place(l)?, place(r)?]);
        pair(WheelPlace::RearLeft, WheelPlace::RearRight)
            .or_else(|| pair(WheelPlace::FrontLeft, WheelPlace::FrontRight))
    }
}
