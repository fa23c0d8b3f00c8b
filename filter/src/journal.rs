//! What happens to the error state, step by step: all that a smoother needs to go back.

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
pub trait Journal: Clone + core::fmt::Debug {
    /// A prediction over `dt_s`: the transition, and the parameters that decay meanwhile by their place
    /// in the error state, with their time constants \[s\].
    fn predicted(
        &mut self,
        _: &Transition,
        _dt_s: f64,
        _decays: impl Iterator<Item = (usize, f64)>,
    ) {
    }
    /// An update.
    fn updated<const N: usize, const M: usize>(&mut self, _: &Correction<'_, N, M>) {}
    /// The attitude error was turned into the frame of the corrected attitude.
    fn turned(&mut self, _delta_b: &Vector3<f64>) {}
    /// A component became independent of all else.
    fn cleared(&mut self, _index: usize) {}
    /// A component took the place of another, which left.
    fn moved(&mut self, _from: usize, _to: usize) {}
}

impl Journal for () {}
