//! Inertial units from logs at rest: noise by the Allan deviation ([`noise`]), scale and bias of the
//! accelerometer from several orientations ([`positions`]).

mod allan;
mod noise;
mod positions;
mod rest;

use nalgebra::Vector3;
use thiserror::Error;

pub use allan::{AllanPoint, allan};
pub use noise::{Noise, NoiseTerm, noise};
pub use positions::{Positions, Rest, positions};
pub use rest::{Stretch, rests};

use crate::least_squares::SolveError;

/// A sample of an inertial unit, in its own axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImuSample {
    /// When \[s\].
    pub t_s: f64,
    /// Angular rate \[rad/s\].
    pub gyro_radps: Vector3<f64>,
    /// Specific force \[m/s²\], where measured.
    pub accel_mps2: Option<Vector3<f64>>,
}

/// Why there is no calibration.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ImuError {
    /// Samples go back in time, or are not finite.
    #[error("sample {row} is earlier than the one before it, or not finite")]
    Invalid {
        /// Counted from 0.
        row: usize,
    },
    /// Nowhere at rest for long enough.
    #[error("the longest rest without gaps is {rest_s:.1} s, at least {needed_s:.0} s are needed")]
    NoRest {
        /// Longest \[s\].
        rest_s: f64,
        /// Needed \[s\].
        needed_s: f64,
    },
    /// No specific force.
    #[error("the unit gives no specific force: it is a gyro alone")]
    NoAccelerometer,
    /// Too few orientations.
    #[error("{rests} orientations at rest, at least {needed} are needed")]
    TooFewRests {
        /// Found.
        rests: usize,
        /// Needed.
        needed: usize,
    },
    /// The search did not end.
    #[error("the fit of scale and bias: {0}")]
    Solve(#[from] SolveError),
}

/// Checks that samples are finite and in order.
pub(crate) fn checked(samples: &[ImuSample]) -> Result<(), ImuError> {
    let is_finite = |s: &ImuSample| {
        s.t_s.is_finite()
            && s.gyro_radps.iter().all(|v| v.is_finite())
            && s.accel_mps2.is_none_or(|a| a.iter().all(|v| v.is_finite()))
    };
    let wrong = samples.iter().position(|s| !is_finite(s));
    let back = samples.windows(2).position(|p| p[1].t_s < p[0].t_s);
    match wrong.or(back.map(|row| row + 1)) {
        Some(row) => Err(ImuError::Invalid { row }),
        None => Ok(()),
    }
}
