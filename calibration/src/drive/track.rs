//! A way that is known.

use nalgebra::{Matrix3, UnitQuaternion, Vector3};

use super::Placed;

/// Longest gap across which a track is interpolated \[s\].
const GAP_S: f64 = 1.0;

/// Where the vehicle was at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint {
    /// When \[s\].
    pub t_s: f64,
    /// Reference point in the site frame \[m\].
    pub p_nb: Vector3<f64>,
    /// Attitude, where it is known; else a lever arm counts as upright only.
    pub q_nb: Option<UnitQuaternion<f64>>,
}

/// How the vehicle moved at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moving {
    /// Reference point in the site frame \[m\].
    pub p_nb: Vector3<f64>,
    /// Attitude.
    pub q_nb: UnitQuaternion<f64>,
    /// Velocity in the site frame \[m/s\].
    pub velocity: Vector3<f64>,
    /// Angular rate in the body frame \[rad/s\].
    pub rate: Vector3<f64>,
}

/// Points by time, between which position and attitude go evenly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track(Vec<TrackPoint>);

impl Track {
    /// From points, each later than the one before.
    #[must_use]
    pub fn new(points: Vec<TrackPoint>) -> Self {
        Self(points)
    }

    /// Its points.
    #[must_use]
    pub fn points(&self) -> &[TrackPoint] {
        &self.0
    }

    pub(super) fn span_s(&self) -> (f64, f64) {
        let t_s = |point: Option<&TrackPoint>| point.map_or(0.0, |point| point.t_s);
        (t_s(self.0.first()), t_s(self.0.last()))
    }

    /// The point at a time.
    #[must_use]
    pub fn point_at(&self, t_s: f64) -> Option<TrackPoint> {
        let (from, to) = self.around(t_s)?;
        let share = (t_s - from.t_s) / (to.t_s - from.t_s);
        let q_nb = from.q_nb.zip(to.q_nb);
        Some(TrackPoint {
            t_s,
            p_nb: from.p_nb + share * (to.p_nb - from.p_nb),
            q_nb: q_nb.map(|(a, b)| a * UnitQuaternion::from_scaled_axis(turn(&a, &b) * share)),
        })
    }

    /// How the vehicle moved at a time, where its attitude is known.
    pub(crate) fn moving_at(&self, t_s: f64) -> Option<Moving> {
        let (from, to) = self.around(t_s)?;
        let point = self.point_at(t_s)?;
        let span_s = to.t_s - from.t_s;
        Some(Moving {
            p_nb: point.p_nb,
            q_nb: point.q_nb?,
            velocity: (to.p_nb - from.p_nb) / span_s,
            rate: turn(&from.q_nb?, &to.q_nb?) / span_s,
        })
    }

    /// Mean angular rate between two times, in the body frame \[rad/s\].
    #[must_use]
    pub fn rate_between(&self, from_s: f64, until_s: f64) -> Option<Vector3<f64>> {
        let (a, b) = (self.point_at(from_s)?.q_nb?, self.point_at(until_s)?.q_nb?);
        Some(turn(&a, &b) / (until_s - from_s))
    }

    /// Heading \[rad\] and its rate \[rad/s\].
    pub(super) fn yaw_at(&self, t_s: f64) -> Option<(f64, f64)> {
        let (from, to) = self.around(t_s)?;
        let yaw = |q: UnitQuaternion<f64>| q.euler_angles().2;
        let turn = crate::pose::wrap(yaw(to.q_nb?) - yaw(from.q_nb?));
        let share = (t_s - from.t_s) / (to.t_s - from.t_s);
        Some((yaw(from.q_nb?) + share * turn, turn / (to.t_s - from.t_s)))
    }

    /// Place of a sensor, its derivatives (none), attitude and velocity.
    pub(super) fn at(
        &self,
        t_s: f64,
        lever: &Vector3<f64>,
    ) -> Option<(Placed, Matrix3<f64>, Vector3<f64>)> {
        let Some(moving) = self.moving_at(t_s) else {
            let (from, to) = self.around(t_s)?;
            let placed = Placed {
                p: self.point_at(t_s)?.p_nb + Vector3::new(0.0, 0.0, lever.z),
                by: Vec::new(),
            };
            let velocity = (to.p_nb - from.p_nb) / (to.t_s - from.t_s);
            return Some((placed, Matrix3::zeros(), velocity));
        };
        let Moving { p_nb, q_nb, .. } = moving;
        let r = *q_nb.to_rotation_matrix().matrix();
        let velocity = moving.velocity + q_nb * moving.rate.cross(lever);
        let placed = Placed {
            p: p_nb + q_nb * lever,
            by: Vec::new(),
        };
        Some((placed, r, velocity))
    }

    fn around(&self, t_s: f64) -> Option<(&TrackPoint, &TrackPoint)> {
        let next = self.0.partition_point(|point| point.t_s <= t_s);
        let from = self.0.get(next.checked_sub(1)?)?;
        let to = self.0.get(next)?;
        (to.t_s - from.t_s <= GAP_S).then_some((from, to))
    }
}

/// The short way from one attitude to another, as a rotation vector in the first.
fn turn(from: &UnitQuaternion<f64>, to: &UnitQuaternion<f64>) -> Vector3<f64> {
    (from.inverse() * to).scaled_axis()
}
