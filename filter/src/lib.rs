//! Wayfix's filter: an error-state extended Kalman filter without std and without allocation.
#![no_std]

mod time;

pub use time::Timestamp;
