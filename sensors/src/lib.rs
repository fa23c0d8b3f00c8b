//! What sensors say, and how their bytes become samples.
//!
//! [`sample`] is the vocabulary: one [`Sample`] is one reading of one source at one time. Decoders
//! are sans-IO: bytes and a receive time in, samples out; they never panic, tell "need more" from
//! "malformed", count what they skip and resynchronise. [`device`] has those that Wayfix knows, by
//! name; [`decoder`] says how to add one, [`framed`] and [`lined`] help with it.
#![no_std]

extern crate alloc;

pub mod axes;
pub mod ble;
pub mod can;
pub mod counter;
pub mod decoder;
pub mod device;
pub mod dwm1001;
pub mod framed;
pub mod generic_line;
mod hex;
pub mod imu_csv;
pub mod json_lines;
mod kind;
pub mod lined;
pub mod lines;
pub mod linktrack;
pub mod llrp;
pub mod nmea;
mod out;
mod physical;
pub mod portal_line;
pub mod pozyx;
mod reading;
pub mod sample;
pub mod time;
mod turn;
pub mod ubx;
pub mod witmotion;
pub mod xsens;

pub use decoder::{Counters, DecodeError, Decoder};
pub use framed::Framed;
pub use json_lines::JsonLines;
pub use kind::{Content, Kind};
pub use lined::Lined;
pub use nmea::Nmea;
pub use out::Out;
pub use sample::{Name, Reading, Sample};
pub use wayfix_filter::Timestamp;
