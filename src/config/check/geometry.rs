//! Shapes that a position cannot be told from.

use nalgebra::{Matrix3, Vector3};

/// How far points spread along their three principal directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    /// Standard deviations [m], the largest first.
    pub sigma_m: [f64; 3],
    /// Unit normal of the plane that fits best.
    pub normal: Vector3<f64>,
}

impl Spread {
    /// Points off the line or plane by less than this share of their spread count as on it.
    const FLAT: f64 = 0.03;

    pub(super) fn of(points: &[[f64; 3]]) -> Self {
        let points: Vec<Vector3<f64>> = points.iter().map(|p| Vector3::from(*p)).collect();
        let n = points.len().max(1) as f64;
        let centre = points.iter().sum::<Vector3<f64>>() / n;
        let moment = points
            .iter()
            .map(|p| (p - centre) * (p - centre).transpose());
        let eigen = (moment.sum::<Matrix3<f64>>() / n).symmetric_eigen();
        let mut order = [0, 1, 2];
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        let normal = eigen.eigenvectors.column(order[2]).into_owned();
        Self {
            sigma_m: order.map(|i| eigen.eigenvalues[i].max(0.0).sqrt()),
            normal,
        }
    }

    pub(super) fn is_line(&self) -> bool {
        self.sigma_m[1] < Self::FLAT * self.sigma_m[0]
    }

    pub(super) fn is_plane(&self) -> bool {
        self.sigma_m[2] < Self::FLAT * self.sigma_m[0]
    }
}

/// First pair of points closer together than `least_m`.
pub(super) fn coincident(points: &[[f64; 3]], least_m: f64) -> Option<(usize, usize)> {
    let close =
        |i: usize, j: usize| (Vector3::from(points[i]) - Vector3::from(points[j])).norm() < least_m;
    (0..points.len()).find_map(|i| (i + 1..points.len()).find(|j| close(i, *j)).map(|j| (i, j)))
}

/// Two edges of a closed polygon that cross.
pub(super) fn crossing(polygon: &[[f64; 2]]) -> Option<(usize, usize)> {
    let n = polygon.len();
    let edge = |i: usize| (polygon[i], polygon[(i + 1) % n]);
    for i in 0..n {
        for j in i + 2..n {
            let neighbours = (j + 1) % n == i;
            if !neighbours && cross(edge(i), edge(j)) {
                return Some((i, j));
            }
        }
    }
    None
}

type Edge = ([f64; 2], [f64; 2]);

fn cross((a, b): Edge, (c, d): Edge) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        ((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])).signum()
    };
    side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b)
}

/// Area that a closed polygon encloses [m²].
pub(super) fn area_m2(polygon: &[[f64; 2]]) -> f64 {
    let next = polygon.iter().cycle().skip(1);
    let twice: f64 = polygon
        .iter()
        .zip(next)
        .map(|(p, q)| p[0] * q[1] - p[1] * q[0])
        .sum();
    twice.abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_planes() {
        let line = Spread::of(&[[0.0, 0.0, 3.0], [10.0, 5.0, 3.0], [20.0, 10.0, 3.1]]);
        assert!(line.is_line() && line.is_plane());
        let plane = Spread::of(&[
            [0.0, 0.0, 3.0],
            [10.0, 0.0, 3.0],
            [0.0, 10.0, 3.0],
            [10.0, 10.0, 3.0],
        ]);
        assert!(!plane.is_line() && plane.is_plane());
        assert!((plane.normal.z.abs() - 1.0).abs() < 1e-9);
        let solid = Spread::of(&[
            [0.0, 0.0, 0.0],
            [10.0, 0.0, 4.0],
            [0.0, 10.0, 4.0],
            [10.0; 3],
        ]);
        assert!(!solid.is_plane());
    }

    #[test]
    fn polygons() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        assert_eq!(crossing(&square), None);
        assert_eq!(area_m2(&square), 1.0);
        let bow = [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        assert_eq!(crossing(&bow), Some((0, 2)));
    }
}
