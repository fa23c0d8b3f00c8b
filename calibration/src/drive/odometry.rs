//! A drive in the plane by odometry, whose poses are sought.
//!
//! Dead reckoning gives poses `D(t)` of its own; from the pose `(p_k, ψ_k)` of the knot before a time
//! ```text
//! p(t) = p_k + (1 + s) R(ψ_k) d,    ψ(t) = ψ_k + (1 + κ) δ + b (t − t_k) + c d_x,    (d, δ) = D(t_k)⁻¹ D(t)
//! ```
//! with errors `s` of the distance, `κ`, `b` and `c` (a steering that is not straight, wheels of two
//! sizes) of the turn, one each for the whole drive. The step from
//! knot to knot is the same, with an error of its own that grows with the root of distance and turn. The
//! residual is in the odometry's own units, `d_k / (1 + s)` against what it measured: in metres of the site
//! all errors would shrink along with `1 + s` and the map, and draw both towards zero.
//! Within a step κ and b bend the way by less than what matters, and only turn the vehicle.

use nalgebra::{Matrix3, Vector2, Vector3};

use super::{Placed, Slopes};
use crate::least_squares::{Chain, Rows, Unknown};
use crate::pose::Pose2;

/// Least sigmas of a step \[m\], \[rad\]: odometry is not better than this.
const LEAST_M: f64 = 1e-3;
const LEAST_RAD: f64 = 1e-4;

/// A pose by dead reckoning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When \[s\].
    pub t_s: f64,
    /// Where, in any frame; the heading not wrapped.
    pub pose: Pose2,
}

/// How well odometry is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OdometrySigmas {
    /// Distance \[m/√m\].
    pub distance_m_rtm: f64,
    /// Sideways \[m/√m\].
    pub lateral_m_rtm: f64,
    /// Heading with distance \[rad/√m\].
    pub yaw_rad_rtm: f64,
    /// Heading with turn \[rad/√rad\].
    pub yaw_rad_rtrad: f64,
    /// Heading with time \[rad/√s\].
    pub yaw_rad_rts: f64,
    /// Prior of the distance's scale.
    pub scale: f64,
    /// Prior of the turn's scale.
    pub yaw_scale: f64,
    /// Prior of the turn's bias \[rad/s\].
    pub yaw_bias_radps: f64,
    /// Prior of the curvature of what counts as straight ahead \[rad/m\].
    pub curvature_radpm: f64,
}

impl Default for OdometrySigmas {
    fn default() -> Self {
        Self {
            distance_m_rtm: 0.02,
            lateral_m_rtm: 0.01,
            yaw_rad_rtm: 0.01,
            yaw_rad_rtrad: 0.02,
            yaw_rad_rts: 0.0,
            scale: 0.02,
            yaw_scale: 0.02,
            yaw_bias_radps: 1e-3,
            curvature_radpm: 1e-6,
        }
    }
}

/// A drive by odometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Odometry {
    steps: Vec<Step>,
    /// Places of the knots among the steps, and where the search begins.
    knots: Vec<(usize, Pose2)>,
    sigmas: OdometrySigmas,
    height_m: f64,
    /// Sigmas of the first pose \[m\], \[rad\], where it is known.
    start_sigmas: Option<(f64, f64)>,
}

impl Odometry {
    /// From dead reckoning by time, with a knot after every `interval_s` at least; the reference point
    /// stays at one height.
    #[must_use]
    pub fn new(steps: Vec<Step>, sigmas: OdometrySigmas, interval_s: f64, height_m: f64) -> Self {
        let mut knots: Vec<(usize, Pose2)> = Vec::new();
        for (k, step) in steps.iter().enumerate() {
            let is_due = |last: usize| step.t_s - steps[last].t_s >= interval_s - 1e-6;
            if knots.last().is_none_or(|(last, _)| is_due(*last)) {
                knots.push((k, step.pose));
            }
        }
        Self {
            steps,
            knots,
            sigmas,
            height_m,
            start_sigmas: None,
        }
    }

    /// The same from a known first pose on: dead reckoning is moved there. Sigmas in \[m\] and \[rad\].
    #[must_use]
    pub fn from_start(mut self, start: Pose2, sigmas: (f64, f64)) -> Self {
        if let Some((first, _)) = self.knots.first() {
            let moved = start.compose(&self.steps[*first].pose.inverse());
            for (k, pose) in &mut self.knots {
                *pose = moved.compose(&self.steps[*k].pose);
            }
        }
        self.start_sigmas = Some(sigmas);
        self
    }

    /// The same with the search begun where something else says that the vehicle was; the heading of
    /// `pose_at` may be wrapped.
    #[must_use]
    pub fn begun_at(mut self, pose_at: impl Fn(f64) -> Option<Pose2>) -> Self {
        let guesses: Vec<Option<Pose2>> = self
            .knots
            .iter()
            .map(|(k, _)| pose_at(self.steps[*k].t_s))
            .collect();
        let Some((first, guess)) = guesses
            .iter()
            .enumerate()
            .find_map(|(k, g)| g.map(|g| (k, g)))
        else {
            return self;
        };
        // Backwards from the first that is known, and on from there.
        let base = self.steps[self.knots[first].0].pose;
        let mut last = guess.compose(&base.inverse());
        for (knot, guess) in self.knots.iter_mut().zip(guesses) {
            let reckoned = last.compose(&self.steps[knot.0].pose);
            knot.1 = match guess {
                Some(guess) => {
                    let off_rad = crate::pose::wrap(guess.yaw_rad - reckoned.yaw_rad);
                    let pose = Pose2::new(guess.x_m, guess.y_m, reckoned.yaw_rad + off_rad);
                    last = pose.compose(&self.steps[knot.0].pose.inverse());
                    pose
                }
                None => reckoned,
            };
        }
        self
    }

    /// The same up to a time \[s\] only.
    #[must_use]
    pub fn until(&self, t_s: f64) -> Self {
        let steps = self.steps.partition_point(|step| step.t_s <= t_s).max(1);
        Self {
            steps: self.steps[..steps].to_vec(),
            knots: self
                .knots
                .iter()
                .filter(|(k, _)| *k < steps)
                .copied()
                .collect(),
            ..*self
        }
    }

    /// The same with the search begun at what a shorter drive gave, and dead reckoning from there on.
    #[must_use]
    pub fn continued(&self, found: &[f64]) -> Self {
        let mut next = self.clone();
        let known = found.len() / 3;
        let mut moved: Option<Pose2> = None;
        for (index, (k, pose)) in next.knots.iter_mut().enumerate() {
            if index < known {
                let [x, y, yaw] = [0, 1, 2].map(|c| found[3 * index + c]);
                *pose = Pose2::new(x, y, yaw);
                moved = Some(pose.compose(&self.steps[*k].pose.inverse()));
            } else if let Some(moved) = &moved {
                *pose = moved.compose(&self.steps[*k].pose);
            }
        }
        next
    }

    /// Way in all \[m\].
    #[must_use]
    pub fn length_m(&self) -> f64 {
        let pairs = self.knots.windows(2);
        let steps = pairs.map(|pair| self.steps[pair[0].0].pose.to(&self.steps[pair[1].0].pose));
        steps.map(|step| step.x_m.hypot(step.y_m)).sum()
    }

    /// Where the search begins at a time.
    #[must_use]
    pub fn guess_at(&self, t_s: f64) -> Option<Pose2> {
        let knot = self.knot(t_s)?;
        let (k, pose) = self.knots[knot];
        Some(pose.compose(&self.steps[k].pose.to(&self.reckoned(t_s)?)))
    }

    pub(super) fn span_s(&self) -> (f64, f64) {
        let t_s = |step: Option<&Step>| step.map_or(0.0, |step| step.t_s);
        (t_s(self.steps.first()), t_s(self.steps.last()))
    }

    pub(super) fn chain(&self) -> Chain {
        Chain {
            unknowns: 3 * self.knots.len(),
            reach: 5,
        }
    }

    pub(super) fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = Vec::with_capacity(3 * self.knots.len() + 4);
        for (index, (_, pose)) in self.knots.iter().enumerate() {
            let (m, rad) = match self.start_sigmas {
                Some(sigmas) if index == 0 => sigmas,
                _ => (f64::INFINITY, f64::INFINITY),
            };
            unknowns.push(Unknown::new("x of the vehicle", pose.x_m, m));
            unknowns.push(Unknown::new("y of the vehicle", pose.y_m, m));
            unknowns.push(Unknown::new("heading of the vehicle", pose.yaw_rad, rad));
        }
        let sigmas = &self.sigmas;
        unknowns.push(Unknown::new("wheel scale", 0.0, sigmas.scale));
        unknowns.push(Unknown::new("yaw rate scale", 0.0, sigmas.yaw_scale));
        unknowns.push(Unknown::new("yaw rate bias", 0.0, sigmas.yaw_bias_radps));
        unknowns.push(Unknown::new("curvature", 0.0, sigmas.curvature_radpm));
        unknowns
    }

    /// The knot before a time; the last one has nothing after it.
    fn knot(&self, t_s: f64) -> Option<usize> {
        let next = self
            .knots
            .partition_point(|(k, _)| self.steps[*k].t_s <= t_s);
        next.checked_sub(1)
    }

    /// Dead reckoning at a time.
    fn reckoned(&self, t_s: f64) -> Option<Pose2> {
        let (from, to) = self.around(t_s)?;
        let share = (t_s - from.t_s) / (to.t_s - from.t_s);
        let mix = |a: f64, b: f64| a + share * (b - a);
        Some(Pose2::new(
            mix(from.pose.x_m, to.pose.x_m),
            mix(from.pose.y_m, to.pose.y_m),
            mix(from.pose.yaw_rad, to.pose.yaw_rad),
        ))
    }

    fn around(&self, t_s: f64) -> Option<(&Step, &Step)> {
        let next = self.steps.partition_point(|step| step.t_s <= t_s);
        Some((self.steps.get(next.checked_sub(1)?)?, self.steps.get(next)?))
    }

    /// Place of a sensor with its derivatives, attitude and velocity. The knot is that of the time
    /// before the lag, so that it stays the same one while the lag is sought.
    pub(super) fn at(
        &self,
        x: &[f64],
        t_s: f64,
        lag_s: f64,
        lever: &Vector3<f64>,
    ) -> Option<(Placed, Matrix3<f64>, Vector3<f64>)> {
        let knot = self.knot(t_s)?;
        let base = &self.steps[self.knots[knot].0];
        let at_s = t_s - lag_s;
        let step = base.pose.to(&self.reckoned(at_s)?);
        let (from, to) = self.around(at_s)?;
        let span_s = to.t_s - from.t_s;
        let turned_rad = base.pose.yaw_rad;
        let globals = 3 * self.knots.len();
        let (gain, turn, bias) = (1.0 + x[globals], 1.0 + x[globals + 1], x[globals + 2]);
        let [px, py, psi] = [0, 1, 2].map(|c| x[3 * knot + c]);

        let way = rotated(psi, Vector2::new(step.x_m, step.y_m));
        let dt_s = at_s - base.t_s;
        let curvature = x[globals + 3];
        let yaw = psi + turn * step.yaw_rad + bias * dt_s + curvature * step.x_m;
        let arm = rotated(yaw, lever.xy());
        let offset = gain * way + arm;
        let raw = Vector2::new(to.pose.x_m - from.pose.x_m, to.pose.y_m - from.pose.y_m) / span_s;
        let moving = rotated(-turned_rad, raw);
        let rate =
            turn * (to.pose.yaw_rad - from.pose.yaw_rad) / span_s + bias + curvature * moving.x;
        let velocity = gain * rotated(psi, moving) + rate * left(arm);

        let flat = |v: Vector2<f64>| Vector3::new(v.x, v.y, 0.0);
        let placed = Placed {
            p: Vector3::new(px + offset.x, py + offset.y, self.height_m + lever.z),
            by: vec![
                (3 * knot, Vector3::x()),
                (3 * knot + 1, Vector3::y()),
                (3 * knot + 2, flat(left(offset))),
                (globals, flat(way)),
                (globals + 1, flat(left(arm) * step.yaw_rad)),
                (globals + 2, flat(left(arm) * dt_s)),
                (globals + 3, flat(left(arm) * step.x_m)),
            ],
        };
        let (sin, cos) = yaw.sin_cos();
        let r = Matrix3::new(cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0);
        Some((placed, r, flat(velocity)))
    }

    /// Heading \[rad\], its rate \[rad/s\], and its derivatives.
    pub(super) fn yaw_at(&self, x: &[f64], t_s: f64, lag_s: f64) -> Option<(f64, f64, Slopes)> {
        let knot = self.knot(t_s)?;
        let base = &self.steps[self.knots[knot].0];
        let at_s = t_s - lag_s;
        let step = base.pose.to(&self.reckoned(at_s)?);
        let turned_rad = step.yaw_rad;
        let (from, to) = self.around(at_s)?;
        let globals = 3 * self.knots.len();
        let (turn, bias) = (1.0 + x[globals + 1], x[globals + 2]);
        let dt_s = at_s - base.t_s;
        let span_s = to.t_s - from.t_s;
        let raw = Vector2::new(to.pose.x_m - from.pose.x_m, to.pose.y_m - from.pose.y_m) / span_s;
        let ahead = rotated(-base.pose.yaw_rad, raw).x;
        let rate = (to.pose.yaw_rad - from.pose.yaw_rad) / span_s;
        let by = vec![
            (3 * knot + 2, 1.0),
            (globals + 1, turned_rad),
            (globals + 2, dt_s),
            (globals + 3, step.x_m),
        ];
        let curvature = x[globals + 3];
        let yaw_rad = x[3 * knot + 2] + turn * turned_rad + bias * dt_s + curvature * step.x_m;
        Some((yaw_rad, turn * rate + bias + curvature * ahead, by))
    }

    pub(super) fn put(&self, x: &[f64], rows: &mut Rows, part: impl Fn(f64) -> usize) {
        let globals = 3 * self.knots.len();
        let (gain, turn, bias) = (1.0 + x[globals], 1.0 + x[globals + 1], x[globals + 2]);
        rows.of(usize::MAX);
        for (k, pair) in self.knots.windows(2).enumerate() {
            let (from, to) = (&self.steps[pair[0].0], &self.steps[pair[1].0]);
            let step = from.pose.to(&to.pose);
            let dt_s = to.t_s - from.t_s;
            let (a, b) = (3 * k, 3 * k + 3);
            let moved = Vector2::new(x[b] - x[a], x[b + 1] - x[a + 1]);
            let (sin, cos) = x[a + 2].sin_cos();
            let local = rotated(-x[a + 2], moved);
            let bent_rad = bias * dt_s + x[globals + 3] * step.x_m;
            let turned_rad = (x[b + 2] - x[a + 2] - bent_rad) / turn;
            let residuals = [
                local.x / gain - step.x_m,
                local.y / gain - step.y_m,
                turned_rad - step.yaw_rad,
            ];
            let way_m = step.x_m.hypot(step.y_m);
            let s = &self.sigmas;
            let yaw = (s.yaw_rad_rtm.powi(2) * way_m
                + s.yaw_rad_rtrad.powi(2) * step.yaw_rad.abs()
                + s.yaw_rad_rts.powi(2) * dt_s)
                .sqrt()
                .max(LEAST_RAD);
            let along = (s.distance_m_rtm * way_m.sqrt()).max(LEAST_M);
            // Half the step's error of heading shows as sideways.
            let across = (s.lateral_m_rtm * way_m.sqrt())
                .hypot(0.6 * yaw * way_m)
                .max(LEAST_M);
            let (c, s) = (cos / gain, sin / gain);
            let derivatives = [
                (a, [-c, s, 0.0]),
                (a + 1, [-s, -c, 0.0]),
                (a + 2, [local.y / gain, -local.x / gain, -1.0 / turn]),
                (b, [c, -s, 0.0]),
                (b + 1, [s, c, 0.0]),
                (b + 2, [0.0, 0.0, 1.0 / turn]),
                (
                    globals,
                    [-local.x / (gain * gain), -local.y / (gain * gain), 0.0],
                ),
                (globals + 1, [0.0, 0.0, -turned_rad / turn]),
                (globals + 2, [0.0, 0.0, -dt_s / turn]),
                (globals + 3, [0.0, 0.0, -step.x_m / turn]),
            ];
            rows.at(from.t_s);
            rows.part(part(from.t_s));
            rows.push_block(residuals, [along, across, yaw], &derivatives);
        }
    }
}

fn rotated(yaw_rad: f64, v: Vector2<f64>) -> Vector2<f64> {
    let (sin, cos) = yaw_rad.sin_cos();
    Vector2::new(cos * v.x - sin * v.y, sin * v.x + cos * v.y)
}

/// A quarter turn to the left: the derivative of a rotated vector by the angle.
fn left(v: Vector2<f64>) -> Vector2<f64> {
    Vector2::new(-v.y, v.x)
}
