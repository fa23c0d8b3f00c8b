//! What sensors say, and how their bytes become samples.
//!
//! [`sample`] is the vocabulary: one [`Sample`] is one reading of one source at one time. Decoders
//! are sans-IO: bytes and a receive time in, samples out; they never panic, tell "need more" from
//! "malformed", count what they skip and resynchronise.
#![no_std]

extern crate alloc;

mod reading;
pub mod sample;

pub use sample::{Name, Reading, Sample};
