//! Geometry of a wheeled vehicle from its encoders, or the errors of its computed odometry, and a
//! reference that saw the same drive (tracker, laser odometry, RTK): no straight lines, squares or marks
//! are asked for, an ordinary drive serves.
//!
//! The drive is cut into many short, overlapping segments; in each the odometry's motion of the
//! reference sensor is compared with the reference's own, `S⁻¹ Pₐ⁻¹ P_b S` against `Rₐ⁻¹ R_b`, with a
//! soft-L1 cost a segment. Short segments predict best: a slip or a lost count spoils one of them,
//! where it would bend everything after it, and the reference may drift. What adds up over a drive (a
//! steering zero, a scale) shows best in the whole path, which counts beside them. The sigmas of both
//! come from the residuals; there is nothing to be set for a drive.
//!
//! Odometry that comes computed ([`TwistDrive`]) goes the same way, by its segments alone.
//!
//! What comes out has sigmas (cautious: up to twice the true error in simulation) and says which
//! parameters the drive did not show ([`Observed`](crate::Observed)); those stay at the guess.
//!
//! ```
//! use wayfix_calibration::Pose2;
//! use wayfix_calibration::wheels::{
//!     DifferentialDrive, DifferentialTicks, Options, ReferencePose, calibrate_differential,
//! };
//! use wayfix_filter::Timestamp;
//!
//! // A robot on a circle of 1 m at 0.4 rad/s, wheels 0.5 m apart, 0.1 mm a count.
//! let (mut ticks, mut reference) = (Vec::new(), Vec::new());
//! for row in 0..1500 {
//!     let (t, yaw_rad) = (Timestamp(row * 40_000_000), 0.4 * 0.04 * row as f64);
//!     let counts = |radius_m: f64| (yaw_rad * radius_m / 1e-4).round() as i64;
//!     ticks.push(DifferentialTicks { t, left: counts(0.75), right: counts(1.25) });
//!     reference.push(ReferencePose { t, pose: Pose2::new(yaw_rad.sin(), -yaw_rad.cos(), yaw_rad) });
//! }
//! let guess = DifferentialDrive {
//!     left_metres_per_tick: 1.1e-4,
//!     right_metres_per_tick: 1.1e-4,
//!     track_m: 0.6,
//!     sensor: Pose2::default(),
//!     bits: 32,
//! };
//! let found = calibrate_differential(&ticks, &reference, &guess, &Options::default())?;
//! assert!(found.fit.position_rms_m < 0.01);
//! // One circle shows the ratio of the wheels and the track, but not all three.
//! let (correlation, one, other) = found.correlation;
//! assert!(correlation.abs() > 0.99, "{one} and {other}: drive curves both ways");
//! # Ok::<(), wayfix_calibration::wheels::WheelsError>(())
//! ```

use thiserror::Error;
use wayfix_filter::Timestamp;

use crate::least_squares::Residual;
use crate::parameter::Parameter;
use crate::pose::Pose2;

mod counter;
mod differential;
mod fit;
mod segments;
mod tricycle;
mod twist;
mod uncertainty;

pub use counter::unrolled;
pub use differential::{DifferentialDrive, DifferentialTicks, calibrate_differential};
pub use tricycle::{Axle, TricycleDrive, TricycleTicks, calibrate_tricycle};
pub use twist::{TwistDrive, TwistRow, calibrate_twist};

/// Where the reference says that its sensor was, in a frame of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferencePose {
    /// When.
    pub t: Timestamp,
    /// Where.
    pub pose: Pose2,
}

/// How the fit works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Length of a segment \[s\]. The default is what predicted best in cross-validation within the
    /// first half of the recorded tricycle drive; 1 to 8 s are about as good.
    pub segment_s: f64,
    /// Longest gap of the reference across which it is interpolated \[s\].
    pub reference_gap_s: f64,
    /// The pose of the reference's sensor is right as guessed, and is not fitted.
    pub is_sensor_known: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_s: 2.0,
            reference_gap_s: 0.5,
            is_sensor_known: false,
        }
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration<M> {
    /// The drive with its new parameters.
    pub model: M,
    /// Every parameter with its sigma.
    pub parameters: Vec<Parameter>,
    /// Largest correlation between two parameters, with their names: near one, the drive shows only a
    /// combination of them.
    pub correlation: (f64, String, String),
    /// How well it fits.
    pub fit: Fit,
    /// Errors at the ends of the segments: series 0 and 1 are x and y \[m\], 2 is the heading [rad].
    pub residuals: Vec<Residual>,
}

impl<M> Calibration<M> {
    /// One parameter by name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

/// How well a drive's odometry follows the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// Number of segments.
    pub segments: usize,
    /// Root mean square position error of the whole open-loop path, begun at the reference \[m\].
    pub position_rms_m: f64,
    /// Root mean square heading error of the same \[rad\].
    pub yaw_rms_rad: f64,
    /// Root mean square position error at the end of a segment, begun at the reference \[m\].
    pub segment_position_rms_m: f64,
    /// Root mean square heading error there \[rad\].
    pub segment_yaw_rms_rad: f64,
}

/// Why there is no calibration.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum WheelsError {
    /// Encoder rows or reference poses go back in time.
    #[error("{what} row {row} is earlier than the one before it")]
    OutOfOrder {
        /// Which of the two.
        what: &'static str,
        /// Counted from 0.
        row: usize,
    },
    /// Too little data.
    #[error("odometry and reference share {shared_s:.1} s, at least {needed_s:.1} s are needed")]
    TooShort {
        /// Time that both cover \[s\].
        shared_s: f64,
        /// Time that is needed \[s\].
        needed_s: f64,
    },
    /// The vehicle stood.
    #[error("the reference moved {moved_m:.2} m, at least {needed_m:.2} m are needed")]
    NotMoving {
        /// Sum over the segments \[m\].
        moved_m: f64,
        /// Needed \[m\].
        needed_m: f64,
    },
    /// The odometry stood while the reference moved.
    #[error("the odometry does not change though the reference moves {moved_m:.2} m")]
    EncodersStand {
        /// What the reference moved \[m\].
        moved_m: f64,
    },
    /// The reference has holes where segments begin or end.
    #[error("only {segments} segments have a reference at both ends, {needed} are needed")]
    ReferenceGaps {
        /// Segments found.
        segments: usize,
        /// Segments needed.
        needed: usize,
    },
    /// A guess or an option that cannot be.
    #[error("{name} is {value}, expected {expected}")]
    Invalid {
        /// Which.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// The search did not end.
    #[error("the fit did not converge: {0}")]
    Diverged(String),
}

fn positive(name: &'static str, value: f64) -> Result<(), WheelsError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(WheelsError::Invalid {
        name,
        value,
        expected: "a number above 0",
    })
}
