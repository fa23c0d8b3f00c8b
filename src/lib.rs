//! Wayfix: an indoor/outdoor positioning engine for assets that move.

pub mod calibrate;
pub mod campaign;
pub mod cli;
pub mod config;
pub mod engine;
pub mod evaluate;
pub mod explain;
#[cfg(feature = "live")]
pub mod live;
pub mod log;
pub mod output;
pub mod replay;
pub mod sim;
