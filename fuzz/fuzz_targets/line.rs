//! The generic line: range,A1,3.204 and others. The law is in `fuzz/laws/devices.rs`.
#![no_main]

#[path = "../laws/devices.rs"]
mod devices;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, usize)| devices::law("line", &input.0, input.1));
