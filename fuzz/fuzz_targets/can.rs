//! CAN signals by a DBC file: CANopen, J1939, others. The law is in `fuzz/laws/devices.rs`.
#![no_main]

#[path = "../laws/devices.rs"]
mod devices;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, usize)| devices::law("can", &input.0, input.1));
