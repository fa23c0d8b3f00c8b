//! Wayfix's filter: an error-state extended Kalman filter without std and without allocation.
//!
//! [`Filter`] holds the state and one fixed-size covariance. [`motion`] models carry it through
//! time, [`measurement`] models correct it, a [`Judge`] decides what is believed, and every update
//! returns a [`Report`].
#![no_std]

#[cfg(any(test, feature = "smoother"))]
extern crate std;

mod covariance;
mod filter;
pub mod history;
mod journal;
mod judge;
pub mod math;
pub mod measurement;
pub mod motion;
mod parameters;
mod report;
#[cfg(feature = "smoother")]
pub mod smoother;
mod state;
mod time;

pub use filter::{Filter, Prior, Subset};
pub use journal::{Correction, Journal, Settled};
pub use judge::{Judge, MAX_DIMENSION, Weight};
pub use parameters::{Parameter, ParameterId, Process};
pub use report::{Report, Verdict};
pub use state::{Block, NAV, Nav, Slot, View};
pub use time::Timestamp;
