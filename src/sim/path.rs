//! Plane paths of straights and turns with continuous curvature and continuous change of it.
//!
//! In a turn the heading follows the smooth step: ψ(s) = ψ₀ + θ·f(s/ℓ), so heading, curvature and
//! its derivative are exact; only the position needs quadrature, which is good to 1e-12 m.

use std::f64::consts::FRAC_PI_2;

use nalgebra::Vector2;

use super::smooth::{STEEPEST, Step};

/// A piece of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Segment {
    /// Straight on for this length [m].
    Straight(f64),
    /// A turn.
    Turn {
        /// Change of heading [rad], left positive.
        angle_rad: f64,
        /// Tightest radius [m], in the middle.
        radius_m: f64,
    },
}

impl Segment {
    /// Length [m].
    #[must_use]
    pub fn length_m(&self) -> f64 {
        match *self {
            Self::Straight(length) => length,
            Self::Turn {
                angle_rad,
                radius_m,
            } => STEEPEST * angle_rad.abs() * radius_m,
        }
    }

    /// From the start of the segment, in its frame, to `s` [m]: displacement and heading change.
    fn at(&self, s: f64) -> (Vector2<f64>, f64) {
        let angle = match *self {
            Self::Straight(_) => return (Vector2::new(s, 0.0), 0.0),
            Self::Turn { angle_rad, .. } => angle_rad,
        };
        let length = self.length_m();
        let heading = |s: f64| angle * Step::at(s / length).value;
        let displacement = quadrature(s, |s| {
            let (sin, cos) = heading(s).sin_cos();
            Vector2::new(cos, sin)
        });
        (displacement, heading(s))
    }

    /// Distance from the start of a turn to the point where its two tangents meet [m].
    #[must_use]
    pub fn tangent_m(&self) -> f64 {
        let (chord, angle) = self.at(self.length_m());
        chord.norm() / (2.0 * (angle / 2.0).cos())
    }
}

/// ∫ from 0 to `s`, five-point Gauss–Legendre on equal panels.
fn quadrature(s: f64, f: impl Fn(f64) -> Vector2<f64>) -> Vector2<f64> {
    const PANELS: usize = 12;
    const NODES: [(f64, f64); 5] = [
        (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
        (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
        (0.906_179_845_938_664, 0.236_926_885_056_189_08),
    ];
    let half = s / (2 * PANELS) as f64;
    let mut sum = Vector2::zeros();
    for panel in 0..PANELS {
        let middle = half * (2 * panel + 1) as f64;
        for (node, weight) in NODES {
            sum += f(middle + half * node) * (weight * half);
        }
    }
    sum
}

/// A point of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathPoint {
    /// Position [m].
    pub xy_m: Vector2<f64>,
    /// Direction of the path [rad].
    pub heading_rad: f64,
    /// Curvature [1/m], left positive.
    pub curvature_1pm: f64,
    /// Its derivative along the path [1/m²].
    pub curvature_slope_1pm2: f64,
}

/// A path by its segments.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Segment, arc length at its start, and pose there.
    pieces: Vec<(Segment, f64, Vector2<f64>, f64)>,
    length_m: f64,
}

impl Path {
    /// From a start pose and segments.
    #[must_use]
    pub fn new(xy_m: [f64; 2], heading_rad: f64, segments: &[Segment]) -> Self {
        let (mut at, mut heading, mut s) = (Vector2::from(xy_m), heading_rad, 0.0);
        let mut pieces = Vec::with_capacity(segments.len());
        for segment in segments {
            pieces.push((*segment, s, at, heading));
            let (step, turn) = segment.at(segment.length_m());
            at += turned(step, heading);
            heading += turn;
            s += segment.length_m();
        }
        Self {
            pieces,
            length_m: s,
        }
    }

    /// Along the edges between waypoints, corners rounded with a tightest radius. Corners are
    /// assumed far enough apart for their rounding, and no sharper than a right angle and a half.
    #[must_use]
    pub fn through(waypoints: &[[f64; 2]], radius_m: f64) -> Self {
        let corner = |i: usize| Vector2::from(waypoints[i]);
        let edge = |i: usize| corner(i + 1) - corner(i);
        let direction = |i: usize| edge(i).y.atan2(edge(i).x);
        let edges = waypoints.len().saturating_sub(1);
        let mut segments = Vec::new();
        let mut used = 0.0;
        for i in 0..edges {
            let turn = (i + 1 < edges).then(|| {
                let angle_rad = wrapped(direction(i + 1) - direction(i));
                debug_assert!(
                    angle_rad.abs() <= 1.5 * FRAC_PI_2,
                    "corner {i} is too sharp"
                );
                Segment::Turn {
                    angle_rad,
                    radius_m,
                }
            });
            let tangent = turn.map_or(0.0, |turn| turn.tangent_m());
            let straight = edge(i).norm() - used - tangent;
            debug_assert!(straight >= 0.0, "edge {i} is too short by {} m", -straight);
            segments.push(Segment::Straight(straight));
            segments.extend(turn);
            used = tangent;
        }
        let start = waypoints.first().copied().unwrap_or_default();
        Self::new(
            start,
            if edges == 0 { 0.0 } else { direction(0) },
            &segments,
        )
    }

    /// Whole length [m].
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.length_m
    }

    /// Its segments.
    pub fn segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.pieces.iter().map(|piece| piece.0)
    }

    /// At arc length `s` [m]; beyond the ends straight on.
    #[must_use]
    pub fn at(&self, s: f64) -> PathPoint {
        let index = self
            .pieces
            .partition_point(|piece| piece.1 <= s)
            .saturating_sub(1);
        let Some((segment, start, at, heading)) = self.pieces.get(index) else {
            return PathPoint {
                xy_m: Vector2::zeros(),
                heading_rad: 0.0,
                curvature_1pm: 0.0,
                curvature_slope_1pm2: 0.0,
            };
        };
        let along = s - start;
        let (step, turn) = segment.at(along);
        let (curvature, slope) = match *segment {
            Segment::Straight(_) => (0.0, 0.0),
            Segment::Turn { angle_rad, .. } => {
                let length = segment.length_m();
                let f = Step::at(along / length);
                (
                    angle_rad * f.first / length,
                    angle_rad * f.second / (length * length),
                )
            }
        };
        PathPoint {
            xy_m: at + turned(step, *heading),
            heading_rad: heading + turn,
            curvature_1pm: curvature,
            curvature_slope_1pm2: slope,
        }
    }
}

fn turned(v: Vector2<f64>, angle_rad: f64) -> Vector2<f64> {
    let (sin, cos) = angle_rad.sin_cos();
    Vector2::new(cos * v.x - sin * v.y, sin * v.x + cos * v.y)
}

/// Angle brought to (−π, π] [rad].
pub(super) fn wrapped(angle_rad: f64) -> f64 {
    let (sin, cos) = angle_rad.sin_cos();
    sin.atan2(cos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_corners_meet_the_waypoints_lines() {
        let path = Path::through(&[[0.0, 0.0], [10.0, 0.0], [10.0, 12.0], [2.0, 12.0]], 1.5);
        let end = path.at(path.length_m());
        assert!((end.xy_m - Vector2::new(2.0, 12.0)).norm() < 1e-9);
        assert!((wrapped(end.heading_rad - std::f64::consts::PI)).abs() < 1e-12);
    }

    #[test]
    fn tangent_and_curvature_are_derivatives() {
        let path = Path::through(&[[0.0, 0.0], [10.0, 0.0], [10.0, 12.0]], 2.0);
        let h = 1e-5;
        for i in 1..100 {
            let s = path.length_m() * f64::from(i) / 100.0;
            let (low, mid, high) = (path.at(s - h), path.at(s), path.at(s + h));
            let tangent = (high.xy_m - low.xy_m) / (2.0 * h);
            let expected = Vector2::new(mid.heading_rad.cos(), mid.heading_rad.sin());
            assert!((tangent - expected).norm() < 1e-8, "at {s}");
            let curvature = (high.heading_rad - low.heading_rad) / (2.0 * h);
            assert!((curvature - mid.curvature_1pm).abs() < 1e-8, "at {s}");
            let slope = (high.curvature_1pm - low.curvature_1pm) / (2.0 * h);
            assert!((slope - mid.curvature_slope_1pm2).abs() < 1e-4, "at {s}");
        }
    }

    #[test]
    fn tightest_radius_is_as_asked() {
        let turn = Segment::Turn {
            angle_rad: 1.2,
            radius_m: 3.0,
        };
        let path = Path::new([0.0; 2], 0.0, &[turn]);
        assert!((path.at(turn.length_m() / 2.0).curvature_1pm - 1.0 / 3.0).abs() < 1e-12);
    }
}
