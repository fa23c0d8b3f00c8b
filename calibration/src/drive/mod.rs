//! Where a sensor of the vehicle was: along a way that is known, or along one that is sought too.
//!
//! ```text
//! p_ns(t) = p_nb(t − τ) + R_nb(t − τ) l
//! ∂/∂τ = −ṗ_ns     ∂/∂l = R_nb
//! ```
//! with the time lag τ of the sensor and its lever arm `l`. A known way ([`Track`]) is taken as exact. A
//! driven one ([`Odometry`]) has a pose about every second among the unknowns, tied to the next by what
//! odometry says of the step between them, and measurements tell where it was. Both are read through
//! [`Way`], so that a calibration has one model for both.

mod odometry;
mod track;

use nalgebra::{Matrix3, Vector3};

pub use odometry::{Odometry, OdometrySigmas, Step};
pub use track::{Track, TrackPoint};

use crate::least_squares::{Chain, Options, Robust, Rows, Unknown};

/// Half the time over which a speed is taken \[s\].
const HALF_S: f64 = 0.2;
/// Parts of a drive; errors last within one.
pub(crate) const PARTS: usize = 16;

/// A way of the vehicle.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// Known.
    Known(Track),
    /// By odometry, and sought.
    Driven(Odometry),
}

/// Derivative of a number by each unknown that it depends on.
pub(crate) type Slopes = Vec<(usize, f64)>;

/// A place of a sensor and its derivatives by the unknowns.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// In the site frame \[m\].
    pub p: Vector3<f64>,
    /// Derivative by each unknown that it depends on.
    pub by: Vec<(usize, Vector3<f64>)>,
}

/// Degrees of freedom of what a residual costs.
const FREEDOM: f64 = 4.0;
/// A step that promises less than this, in half squares of a sigma, is not worth taking.
const ENOUGH: f64 = 1e-3;
/// Steps of one search.
const STEPS: usize = 400;
/// A range to a target is none nearer than this \[m\]: its direction would not be known.
pub(crate) const NEAREST_M: f64 = 1e-3;

/// A range as a model predicts it: `s |d| + b` with `d` from the target to the sensor.
#[derive(Clone, Debug)]
pub(crate) struct RangeRow {
    /// The range that a radio would read \[m\].
    pub range_m: f64,
    /// Derivative by each unknown.
    pub by: Slopes,
    /// Derivative by the sensor's place, the opposite of that by the target's.
    pub by_place: Vector3<f64>,
}

impl Placed {
    /// The range to a target at `p_na`, with the unknowns `[scale, bias]` at their places in x; in the plane
    /// where it is `horizontal`. `None` on the target.
    pub fn range(
        &self,
        x: &[f64],
        p_na: &Vector3<f64>,
        horizontal: bool,
        [scale, bias]: [usize; 2],
    ) -> Option<RangeRow> {
        let mut d = self.p - p_na;
        if horizontal {
            d.z = 0.0;
        }
        let distance_m = d.norm();
        if distance_m < NEAREST_M {
            return None;
        }
        let by_place = x[scale] * d / distance_m;
        let mut by: Slopes = (self.by.iter())
            .map(|(of, p)| (*of, by_place.dot(p)))
            .collect();
        by.extend([(scale, distance_m), (bias, 1.0)]);
        Some(RangeRow {
            range_m: x[scale] * distance_m + x[bias],
            by,
            by_place,
        })
    }
}

/// Where a sensor sits, and how late it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sensor {
    /// Lever arm \[m\].
    pub lever: Vector3<f64>,
    /// Time lag \[s\].
    pub lag_s: f64,
    /// Unknown of x and y of the lever arm (the next one); none where it is known.
    pub lever_at: Option<usize>,
    /// Unknown of the lag; none where it is known.
    pub lag_at: Option<usize>,
}

impl Way {
    /// Unknowns of the way itself, before those of a calibration.
    #[must_use]
    pub fn unknowns(&self) -> Vec<Unknown> {
        match self {
            Self::Known(_) => Vec::new(),
            Self::Driven(odometry) => odometry.unknowns(),
        }
    }

    /// The search for what measurements along it tell, some of them wild.
    pub(crate) fn search(&self) -> Options {
        Options {
            robust: Robust::StudentT { freedom: FREEDOM },
            chain: self.chain(),
            enough: ENOUGH,
            steps: STEPS,
        }
    }

    /// How many of them are poses.
    #[must_use]
    pub fn chain(&self) -> Chain {
        match self {
            Self::Known(_) => Chain::default(),
            Self::Driven(odometry) => odometry.chain(),
        }
    }

    /// First and last time \[s\].
    #[must_use]
    pub fn span_s(&self) -> (f64, f64) {
        match self {
            Self::Known(track) => track.span_s(),
            Self::Driven(odometry) => odometry.span_s(),
        }
    }

    /// Which part of the drive a time is in.
    pub(crate) fn part(&self, t_s: f64) -> usize {
        let (first, last) = self.span_s();
        let share = (t_s - first) / (last - first).max(1e-9);
        ((share * PARTS as f64) as usize).min(PARTS - 1)
    }

    /// Rows of the way itself.
    pub(crate) fn put(&self, x: &[f64], rows: &mut Rows) {
        if let Self::Driven(odometry) = self {
            odometry.put(x, rows, |t_s| self.part(t_s));
        }
    }

    /// Where a sensor was; none outside the way and in its gaps.
    pub(crate) fn at(&self, x: &[f64], t_s: f64, sensor: &Sensor) -> Option<Placed> {
        let (mut placed, r, speed) = match self {
            Self::Known(track) => track.at(t_s - sensor.lag_s, &sensor.lever)?,
            Self::Driven(odometry) => odometry.at(x, t_s, sensor.lag_s, &sensor.lever)?,
        };
        if let Some(at) = sensor.lever_at {
            let r: Matrix3<f64> = r;
            placed.by.push((at, r.column(0).into()));
            placed.by.push((at + 1, r.column(1).into()));
        }
        if let Some(at) = sensor.lag_at {
            placed.by.push((at, -speed));
        }
        Some(placed)
    }

    /// Heading of the vehicle \[rad\], not wrapped, and its derivatives.
    pub(crate) fn yaw_at(&self, x: &[f64], t_s: f64, sensor: &Sensor) -> Option<(f64, Slopes)> {
        let (yaw_rad, rate_radps, mut by) = match self {
            Self::Known(track) => {
                let (yaw_rad, rate) = track.yaw_at(t_s - sensor.lag_s)?;
                (yaw_rad, rate, Vec::new())
            }
            Self::Driven(odometry) => odometry.yaw_at(x, t_s, sensor.lag_s)?,
        };
        by.extend(sensor.lag_at.map(|at| (at, -rate_radps)));
        Some((yaw_rad, by))
    }

    /// How fast a sensor moved, over 0.4 s about a time \[m/s\].
    pub(crate) fn velocity_at(&self, x: &[f64], t_s: f64, sensor: &Sensor) -> Option<Placed> {
        let after = self.at(x, t_s + HALF_S, sensor)?;
        let before = self.at(x, t_s - HALF_S, sensor)?;
        let per_s = 0.5 / HALF_S;
        let after_by = after.by.iter().map(|(of, d)| (*of, d * per_s));
        let before_by = before.by.iter().map(|(of, d)| (*of, d * -per_s));
        Some(Placed {
            p: (after.p - before.p) * per_s,
            by: after_by.chain(before_by).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::UnitQuaternion;

    use super::*;
    use crate::least_squares::jacobian_error;
    use crate::pose::Pose2;

    pub(crate) fn round(t_s: f64) -> Pose2 {
        Pose2::new(5.0 * (0.3 * t_s).sin(), 4.0 * (0.41 * t_s).cos(), 0.5 * t_s)
    }

    fn rows_of(way: &Way, x: &[f64], rows: &mut Rows) {
        let first = x.len() - 3;
        let sensor = Sensor {
            lever: Vector3::new(x[first], x[first + 1], 0.4),
            lag_s: x[first + 2],
            lever_at: Some(first),
            lag_at: Some(first + 2),
        };
        way.put(x, rows);
        for t_s in [1.03, 2.51, 4.47, 6.02] {
            let (yaw_rad, by) = way.yaw_at(x, t_s, &sensor).unwrap();
            rows.push(yaw_rad, 1.0, &by);
            for placed in [way.at(x, t_s, &sensor), way.velocity_at(x, t_s, &sensor)] {
                let placed = placed.unwrap();
                let by = |k: usize| -> Vec<(usize, f64)> {
                    placed.by.iter().map(|(of, d)| (*of, d[k])).collect()
                };
                (0..3).for_each(|k| rows.push(placed.p[k], 1.0, &by(k)));
            }
        }
    }

    #[test]
    fn derivatives_are_those_of_the_model() {
        let point = |k: i32| {
            let t_s = 0.25 * f64::from(k);
            let pose = round(t_s);
            TrackPoint {
                t_s,
                p_nb: Vector3::new(pose.x_m, pose.y_m, 0.1 * t_s),
                q_nb: Some(UnitQuaternion::from_euler_angles(0.0, 0.0, pose.yaw_rad)),
            }
        };
        let known = Way::Known(Track::new((0..40).map(point).collect()));
        let x = [0.3, -0.2, 0.012];
        let error = jacobian_error(&x, &[1e-6; 3], |x, rows| rows_of(&known, x, rows));
        assert!(error < 1e-6, "{error}");

        let steps: Vec<Step> = (0..100)
            .map(|k| Step {
                t_s: 0.1 * f64::from(k),
                pose: round(0.1 * f64::from(k)),
            })
            .collect();
        let odometry = Odometry::new(steps, OdometrySigmas::default(), 1.0, 0.2);
        let way = Way::Driven(odometry);
        let mut x: Vec<f64> = way.unknowns().iter().map(|u| u.guess).collect();
        for (k, value) in x.iter_mut().enumerate() {
            *value += 0.01 * ((k * 7 % 11) as f64 - 5.0);
        }
        x.extend([0.3, -0.2, 0.012]);
        let steps = vec![1e-6; x.len()];
        let error = jacobian_error(&x, &steps, |x, rows| rows_of(&way, x, rows));
        assert!(error < 1e-6, "{error}");
    }
}
