//! Poses in the plane.

use std::f64::consts::TAU;

/// A pose in the plane: takes points of its own frame to the outer one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose2 {
    /// x \[m\].
    pub x_m: f64,
    /// y \[m\].
    pub y_m: f64,
    /// Heading \[rad\], counter-clockwise from x; not wrapped.
    pub yaw_rad: f64,
}

impl Pose2 {
    /// From its parts.
    #[must_use]
    pub fn new(x_m: f64, y_m: f64, yaw_rad: f64) -> Self {
        Self { x_m, y_m, yaw_rad }
    }

    /// `self · inner`: a pose given in this one's frame, in the outer frame.
    ///
    /// ```
    /// use wayfix_calibration::Pose2;
    /// let turned = Pose2::new(1.0, 2.0, std::f64::consts::FRAC_PI_2);
    /// let p = turned.compose(&Pose2::new(3.0, 0.0, 0.0));
    /// assert!((p.x_m - 1.0).abs() < 1e-12 && (p.y_m - 5.0).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn compose(&self, inner: &Self) -> Self {
        let (sin, cos) = self.yaw_rad.sin_cos();
        Self {
            x_m: self.x_m + cos * inner.x_m - sin * inner.y_m,
            y_m: self.y_m + sin * inner.x_m + cos * inner.y_m,
            yaw_rad: self.yaw_rad + inner.yaw_rad,
        }
    }

    /// `self⁻¹`.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let (sin, cos) = self.yaw_rad.sin_cos();
        Self {
            x_m: -cos * self.x_m - sin * self.y_m,
            y_m: sin * self.x_m - cos * self.y_m,
            yaw_rad: -self.yaw_rad,
        }
    }

    /// `self⁻¹ · other`: the other pose as seen from this one.
    #[must_use]
    pub fn to(&self, other: &Self) -> Self {
        self.inverse().compose(other)
    }
}

/// Wraps an angle into (−π, π].
pub(crate) fn wrap(angle_rad: f64) -> f64 {
    let wrapped = angle_rad.rem_euclid(TAU);
    if wrapped > TAU / 2.0 {
        wrapped - TAU
    } else {
        wrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_undoes() {
        let pose = Pose2::new(1.0, -2.0, 0.7);
        let identity = pose.compose(&pose.inverse());
        assert!(identity.x_m.abs() < 1e-12 && identity.y_m.abs() < 1e-12);
        assert!(pose.to(&pose).yaw_rad.abs() < 1e-12);
    }
}
