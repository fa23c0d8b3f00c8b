//! One smooth step for everything that changes: headings in turns, speeds, the ramp.

use std::f64::consts::TAU;

/// `f(u) = u − sin(2πu)/2π` on [0, 1], level at both ends, with its integral and derivatives.
///
/// Its first two derivatives vanish at the ends, so that whatever follows it joins constants
/// with continuous second derivatives. Its steepest slope is 2, in the middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// ∫f from 0 to u.
    pub integral: f64,
    /// f, from 0 to 1.
    pub value: f64,
    /// f′.
    pub first: f64,
    /// f″.
    pub second: f64,
    /// f‴, which jumps at the ends.
    pub third: f64,
}

/// Steepest slope of the step.
pub const STEEPEST: f64 = 2.0;

impl Step {
    /// At `u`; constant below 0 and above 1.
    #[must_use]
    pub fn at(u: f64) -> Self {
        if u <= 0.0 {
            return Self {
                integral: 0.0,
                value: 0.0,
                first: 0.0,
                second: 0.0,
                third: 0.0,
            };
        }
        if u >= 1.0 {
            return Self {
                integral: u - 0.5,
                value: 1.0,
                first: 0.0,
                second: 0.0,
                third: 0.0,
            };
        }
        let (sin, cos) = (TAU * u).sin_cos();
        Self {
            integral: u * u / 2.0 + (cos - 1.0) / (TAU * TAU),
            value: u - sin / TAU,
            first: 1.0 - cos,
            second: TAU * sin,
            third: TAU * TAU * cos,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_match_central_differences() {
        let h = 1e-5;
        for i in 1..20 {
            let u = f64::from(i) / 20.0;
            let (low, mid, high) = (Step::at(u - h), Step::at(u), Step::at(u + h));
            let slope = |f: fn(&Step) -> f64| (f(&high) - f(&low)) / (2.0 * h);
            assert!((slope(|s| s.integral) - mid.value).abs() < 1e-8);
            assert!((slope(|s| s.value) - mid.first).abs() < 1e-8);
            assert!((slope(|s| s.first) - mid.second).abs() < 1e-6);
            assert!((slope(|s| s.second) - mid.third).abs() < 1e-5);
        }
        assert!((Step::at(1.0 - 1e-12).integral - 0.5).abs() < 1e-9);
    }
}
