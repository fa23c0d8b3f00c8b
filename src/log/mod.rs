//! Logs: what was received, in the order in which it arrived.

mod record;

pub use record::{Record, Truth, TruthState};
