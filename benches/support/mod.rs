//! What the benches share.

#![allow(dead_code, reason = "not every bench needs everything")]

pub mod asset;
pub mod cpu;
pub mod dense;
pub mod heap;
pub mod memory;
pub mod peer;

/// The middle one; the upper one of the two in the middle.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Whether a target is met, in one word.
pub fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
