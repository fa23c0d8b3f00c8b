//! What happens to the error state, step by step: all that a smoother needs to go back, and all that a
//! filter needs that goes along with another.

use nalgebra::{SMatrix, SVector, Vector3};

use crate::measurement::Jacobian;
use crate::motion::Transition;

/// One update as it was applied: with `S = L Lᵀ`, W = P Hᵀ L⁻ᵀ, so that the gain is `K = W L⁻¹`.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "smoother"),
    expect(dead_code, reason = "only a smoother reads it")
)]
pub struct Correction<'a, const N: usize, const M: usize> {
    /// States in use.
    pub(crate) n: usize,
    pub(crate) h: &'a Jacobian<M>,
    pub(crate) w: &'a [[f64; N]; M],
    pub(crate) l: &'a SMatrix<f64, M, M>,
    pub(crate) residual: &'a SVector<f64, M>,
}

/// Takes note of what a filter does to its error state. Nothing else can make a [`Correction`]; `()` notes nothing and costs nothing, `Tape` (feature `smoother`) keeps it all.
pub trait Journal<const N: usize>: Clone + core::fmt::Debug {
    /// The covariance went through a step.
    fn predicted(&mut self, _n: usize, _: &Settled<'_, N>) {}
    /// An update.
    fn updated<const M: usize>(&mut self, _: &Correction<'_, N, M>) {}
    /// The mean moved by an error, as an update says or a caller asks for.
    fn corrected(&mut self, _n: usize, _dx: &[f64; N]) {}
    /// The attitude error was turned into the frame of the corrected attitude.
    fn turned(&mut self, _delta_b: &Vector3<f64>) {}
    /// A component became independent of all else, with this variance.
    fn cleared(&mut self, _index: usize, _variance: f64) {}
    /// A component took the place of another, which left.
    fn moved(&mut self, _from: usize, _to: usize) {}
    /// Variance was added along a direction of the error state, given by some of its components.
    fn inflated(&mut self, _direction: &[(usize, f64)], _variance: f64) {}
    /// Each component's sigma was multiplied by a factor, its correlations kept.
    fn stretched(&mut self, _n: usize, _factors: &[f64; N]) {}
}

/// What the covariance went through: `P ← D (F P Fᵀ + Q) D + G`.
#[derive(Debug)]
pub struct Settled<'a, const N: usize> {
    /// F and Q.
    pub(crate) transition: &'a Transition,
    /// How long it took \[s\].
    #[cfg_attr(
        not(feature = "smoother"),
        expect(dead_code, reason = "only a smoother reads it")
    )]
    pub(crate) dt_s: f64,
    /// The diagonals of D and G; `None`: ones and zeros.
    pub(crate) aged: Option<&'a ([f64; N], [f64; N])>,
    /// The parameters that decay: place in the error state, time constant \[s\].
    #[cfg_attr(
        not(feature = "smoother"),
        expect(dead_code, reason = "only a smoother reads it")
    )]
    pub(crate) decays: &'a [(u16, f64)],
}

impl<const N: usize> Journal<N> for () {}
