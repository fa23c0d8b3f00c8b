//! How far what is drawn reaches: where the eye has to be.

use nalgebra::Vector3;

/// Least distance from the middle to the edge \[m\].
const LEAST_M: f64 = 4.0;
/// The view is so many times as wide as it is high, and shows all from so many half heights away.
const ASPECT: f64 = 1.4;
const DISTANCE: f64 = 2.2;

/// A box around all that was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent(Option<(Vector3<f64>, Vector3<f64>)>);

impl Extent {
    /// Reaches this place too.
    pub fn reach(&mut self, p_n: Vector3<f64>) {
        if p_n.iter().all(|v| v.is_finite()) {
            let (least, most) = self.0.unwrap_or((p_n, p_n));
            self.0 = Some((least.inf(&p_n), most.sup(&p_n)));
        }
    }

    /// Where to look, and from where: from above, with north up. `None` where nothing was reached.
    pub fn eye(&self) -> Option<(Vector3<f64>, Vector3<f64>)> {
        let (least, most) = self.0?;
        let half = 0.5 * (most - least);
        let middle = least + half;
        let reach_m = half.y.max(half.x / ASPECT).max(LEAST_M);
        Some((middle, middle + Vector3::z() * DISTANCE * reach_m))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eye_is_above_the_middle() {
        let mut extent = Extent::default();
        assert_eq!(extent.eye(), None);
        extent.reach(Vector3::new(-10.0, 0.0, 1.0));
        extent.reach(Vector3::new(30.0, 8.0, 3.0));
        extent.reach(Vector3::new(f64::NAN, 0.0, 0.0));
        let (at, from) = extent.eye().unwrap();
        assert_eq!(at, Vector3::new(10.0, 4.0, 2.0));
        assert_eq!((from.x, from.y), (10.0, 4.0));
        assert!(from.z > 30.0);
    }
}
