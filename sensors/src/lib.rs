//! What sensors say, and how their bytes become samples.
//!
//! [`sample`] is the vocabulary: one [`Sample`] is one reading of one source at one time. Decoders
//! are sans-IO: bytes and a receive time in, samples out; they never panic, tell "need more" from
//! "malformed", count what they skip and resynchronise. [`decoder`] says how to add one.
#![no_std]

extern crate alloc;

pub mod counter;
pub mod decoder;
pub mod json_lines;
mod kind;
pub mod lines;
pub mod nmea;
mod physical;
mod reading;
pub mod sample;

pub use decoder::{Counters, DecodeError, Decoder};
pub use json_lines::JsonLines;
pub use kind::{Content, Kind};
pub use nmea::Nmea;
pub use sample::{Name, Reading, Sample};
pub use wayfix_filter::Timestamp;
