//! `wayfix run` over real byte paths: sockets, pipes, pseudo-terminals, a broker, a caster.

// Helpers outside `#[test]` functions are not covered by clippy.toml.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(all(feature = "control", feature = "serial"))]

#[cfg(feature = "ble")]
mod bluetooth;
#[cfg(feature = "can")]
mod can;
mod chaos;
mod control;
mod crash;
mod custom;
mod harness;
#[cfg(feature = "mqtt")]
mod mqtt;
mod ntrip;
mod paths;
mod played;
mod resume;
mod serial;
mod soak;
#[path = "../support/mod.rs"]
mod support;
