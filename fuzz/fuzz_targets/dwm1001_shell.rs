//! Qorvo DWM1001 UWB tag: lines of lec and les. The law is in `fuzz/laws/devices.rs`.
#![no_main]

#[path = "../laws/devices.rs"]
mod devices;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, usize)| devices::law("dwm1001_shell", &input.0, input.1));
