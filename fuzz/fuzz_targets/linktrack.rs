//! Nooploop LinkTrack UWB: Node_Frame2, Tag_Frame0. The law is in `fuzz/laws/devices.rs`.
#![no_main]

#[path = "../laws/devices.rs"]
mod devices;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, usize)| devices::law("linktrack", &input.0, input.1));
