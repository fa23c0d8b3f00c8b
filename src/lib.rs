//! Wayfix: one filter over every source.
pub mod config;
