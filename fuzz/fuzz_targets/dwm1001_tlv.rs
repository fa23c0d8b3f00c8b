//! Qorvo DWM1001 UWB tag: answers to dwm_loc_get. The law is in `fuzz/laws/devices.rs`.
#![no_main]

#[path = "../laws/devices.rs"]
mod devices;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, usize)| devices::law("dwm1001_tlv", &input.0, input.1));
