//! Messages of ROS 2: the law is in `fuzz/laws`.
#![no_main]

#[path = "../laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::imports::ros2(bytes));
