//! Measurement models: what a sensor should read in a given state, and how that changes with it.
//!
//! One model a file, each with the same three results of one method: residual, H and R. What many
//! sensors share is a wrapper and not a copy: [`Corrected`] adds an estimated time lag and additive
//! errors to any model; gate and robust weight are applied by [`crate::Filter::update`].

mod angular_rate;
mod bearing;
mod body_velocity;
mod corrected;
mod height;
mod landmark;
mod magnetic_heading;
mod marker;
mod passage;
mod pixel;
mod pose;
mod position;
mod range;
mod range_difference;
mod rssi;
mod velocity;
mod yaw;

pub use angular_rate::AngularRate;
pub use bearing::{Azimuth, Direction};
pub use body_velocity::BodyVelocity;
pub use corrected::{Corrected, MAX_ADDITIVE};
pub use height::Height;
pub use landmark::Landmark;
pub use magnetic_heading::MagneticHeading;
pub use marker::Marker;
pub use passage::Passage;
pub use pixel::{Camera, Pinhole, Pixel};
pub use pose::Pose;
pub use position::Position;
pub use range::Range;
pub use range_difference::RangeDifference;
pub use rssi::Rssi;
pub use velocity::Velocity;
pub use yaw::Yaw;

use nalgebra::{Matrix3, SMatrix, SVector, Vector3};

use crate::math;
use crate::state::{Block, Nav, Slot, View};

/// The geometry gives no direction: the measurement says nothing that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Degenerate {
    /// Sensor and target are at the same place.
    ZeroDistance,
    /// The target lies behind the camera or outside what the model covers.
    OutOfView,
    /// The quantity has no direction here (a vertical field for a heading, ...).
    NoDirection,
    /// The model depends on more parameters than a measurement may: an error of the model.
    TooManyParameters,
}

/// Residual, Jacobian and noise of one measurement of M components.
#[derive(Clone, Copy, Debug)]
pub struct Linearised<const M: usize> {
    /// `z ⊟ h(x)`, angles wrapped.
    pub residual: SVector<f64, M>,
    /// `∂h/∂δ` over the error state.
    pub h: Jacobian<M>,
    /// Covariance of the measurement noise.
    pub r: SMatrix<f64, M, M>,
}

/// Most parameters that one measurement touches: scale, lag, survey and additive errors.
pub const MAX_PARAMETERS: usize = 10;

/// Sparse Jacobian: blocks of three columns and single parameter columns.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian<const M: usize> {
    blocks: [SMatrix<f64, M, 3>; 5],
    used: [bool; 5],
    parameters: [(Slot, SVector<f64, M>); MAX_PARAMETERS],
    parameter_count: usize,
    /// A parameter's column found no room.
    overflows: bool,
}

impl<const M: usize> Default for Jacobian<M> {
    fn default() -> Self {
        Self {
            blocks: [SMatrix::zeros(); 5],
            used: [false; 5],
            parameters: [(Slot(0), SVector::zeros()); MAX_PARAMETERS],
            parameter_count: 0,
            overflows: false,
        }
    }
}

impl<const M: usize> Jacobian<M> {
    /// The same with more in a block of three columns.
    #[must_use]
    #[inline]
    pub fn with(mut self, block: Block, columns: SMatrix<f64, M, 3>) -> Self {
        self.add(block, &columns);
        self
    }

    /// The same with more in a parameter's column; nothing where there is no parameter.
    #[must_use]
    #[inline]
    pub fn with_parameter(mut self, slot: Option<Slot>, column: SVector<f64, M>) -> Self {
        if let Some(slot) = slot {
            self.add_parameter(slot, &column);
        }
        self
    }

    /// Adds to a block of three columns.
    #[inline]
    pub fn add(&mut self, block: Block, columns: &SMatrix<f64, M, 3>) {
        let i = block.start() / 3;
        self.blocks[i] += columns;
        self.used[i] = true;
    }

    /// Adds to a parameter's column. A measurement that touches more than [`MAX_PARAMETERS`] is
    /// refused as [`Degenerate::TooManyParameters`].
    #[inline]
    pub fn add_parameter(&mut self, slot: Slot, column: &SVector<f64, M>) {
        let known = self.parameters[..self.parameter_count]
            .iter()
            .position(|(s, _)| *s == slot);
        if let Some(i) = known {
            self.parameters[i].1 += column;
        } else if self.parameter_count < MAX_PARAMETERS {
            self.parameters[self.parameter_count] = (slot, *column);
            self.parameter_count += 1;
        } else {
            self.overflows = true;
        }
    }

    /// Whether a parameter's column found no room.
    #[must_use]
    pub fn overflows(&self) -> bool {
        self.overflows
    }

    /// A block's columns, if any are non-zero.
    #[must_use]
    pub fn block(&self, block: Block) -> Option<&SMatrix<f64, M, 3>> {
        let i = block.start() / 3;
        self.used[i].then_some(&self.blocks[i])
    }

    /// The non-zero blocks.
    pub fn blocks(&self) -> impl Iterator<Item = (Block, &SMatrix<f64, M, 3>)> {
        Block::ALL
            .into_iter()
            .filter_map(|b| self.block(b).map(|m| (b, m)))
    }

    /// The parameters' columns.
    #[must_use]
    pub fn parameters(&self) -> &[(Slot, SVector<f64, M>)] {
        &self.parameters[..self.parameter_count]
    }
}

/// A sensor's physics.
///
/// ```
/// use nalgebra::{Matrix1, Matrix1x3, Vector1, Vector3};
/// use wayfix_filter::measurement::{Degenerate, Jacobian, Linearised, MeasurementModel};
/// use wayfix_filter::{Block, View};
///
/// /// Height above the site's origin, sensor at the body origin.
/// struct Altimeter { height_m: f64, sigma_m: f64 }
///
/// impl MeasurementModel<1> for Altimeter {
///     fn linearise(&self, x: &View) -> Result<Linearised<1>, Degenerate> {
///         Ok(Linearised {
///             residual: Vector1::new(self.height_m - x.nav.p_n.z),
///             h: Jacobian::default().with(Block::Position, Matrix1x3::new(0.0, 0.0, 1.0)),
///             r: Matrix1::new(self.sigma_m * self.sigma_m),
///         })
///     }
/// }
/// ```
pub trait MeasurementModel<const M: usize> {
    /// Residual, H and R at a state.
    ///
    /// # Errors
    /// Where the geometry gives no direction.
    fn linearise(&self, x: &View) -> Result<Linearised<M>, Degenerate>;
}

/// Below this distance \[m\] a direction is not to be had.
const MIN_DISTANCE_M: f64 = 1e-3;

/// Position of a point of the body in n and its derivative by the attitude error:
/// `p_ns = p_nb + R p_bs`, `∂p_ns/∂θ = −R [p_bs]×`.
fn lever(nav: &Nav, p_bs: &Vector3<f64>) -> (Vector3<f64>, Matrix3<f64>) {
    let r = nav.rotation();
    (nav.p_n + r * p_bs, -(r.matrix() * math::skew(p_bs)))
}

/// A surveyed point with its survey error, three parameters along n's axes.
fn surveyed(p_n: &Vector3<f64>, survey: &[Option<Slot>; 3], x: &View) -> Vector3<f64> {
    p_n + Vector3::from(survey.map(|s| x.value(s)))
}

/// The Jacobian of a sensor that sees a surveyed point: moving the point is moving the body back.
fn seen<const M: usize>(
    attitude: SMatrix<f64, M, 3>,
    position: SMatrix<f64, M, 3>,
    survey: &[Option<Slot>; 3],
) -> Jacobian<M> {
    let mut h = Jacobian::default();
    h.add(Block::Attitude, &attitude);
    h.add(Block::Position, &position);
    for (i, slot) in survey.iter().enumerate() {
        if let Some(slot) = slot {
            h.add_parameter(*slot, &-position.column(i));
        }
    }
    h
}

/// A point of n seen from a sensor: its coordinates in s, and their derivatives by attitude and
/// position error. `d_s = R_sb (R_bn (p_n − p_nb) − p_bs)`; the attitude part is `R_sb [d_b]×` with
/// `d_b = R_bn (p_n − p_nb)`.
fn sight(
    nav: &Nav,
    target_n: &Vector3<f64>,
    p_bs: &Vector3<f64>,
    r_bs: &Matrix3<f64>,
) -> (Vector3<f64>, Matrix3<f64>, Matrix3<f64>) {
    let r_sb = r_bs.transpose();
    let r_bn = nav.rotation().matrix().transpose();
    let d_b = r_bn * (target_n - nav.p_n);
    (r_sb * (d_b - p_bs), r_sb * math::skew(&d_b), -(r_sb * r_bn))
}

#[cfg(test)]
pub(crate) mod check;
