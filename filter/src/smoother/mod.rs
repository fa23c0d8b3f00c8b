//! Fixed-interval smoothing: every state as all measurements show it, those after it included.
//!
//! The filter keeps a [`Tape`] of what happened to its error state: predictions, updates, turns of
//! the attitude error, states that came, left or were set anew. Going back along it, the modified
//! Bryson-Frazier recursion (Bierman 1973; Bierman 1977, ch. X) carries an adjoint λ and its
//! information Λ, both zero at the end. With `W = P Hᵀ L⁻ᵀ`, `S = L Lᵀ`, `H̃ = L⁻¹ H`, `r̃ = L⁻¹ r`, so that
//! K H = W H̃:
//!   before an update      λ ← λ − H̃ᵀ (r̃ + Wᵀ λ),  Λ ← (I − W H̃)ᵀ Λ (I − W H̃) + H̃ᵀ H̃
//!   before a prediction   λ ← Fᵀ λ,               Λ ← Fᵀ Λ F
//!   before a turn G       λ ← Gᵀ λ,               Λ ← Gᵀ Λ G
//!   before a state came   its λ and Λ are zero: what comes later says nothing of it
//! and at a mark, where the filter's estimate x, P is known,
//!   x̂ = x ⊞ (−P λ),  P̂ = P − P Λ P.
//! Compared with Rauch, Tung and Striebel (1965) nothing is inverted and the noise of the motion is
//! not needed; the two are equal. Late samples need nothing: a filter that is taken back takes its
//! tape along.

mod adjoint;
mod tape;

pub use adjoint::Smoothed;
pub use tape::Tape;
