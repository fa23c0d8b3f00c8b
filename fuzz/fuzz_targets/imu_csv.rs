//! Any inertial sensor that prints columns. The law is in `fuzz/laws/devices.rs`.
#![no_main]

#[path = "../laws/devices.rs"]
mod devices;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, usize)| devices::law("imu_csv", &input.0, input.1));
