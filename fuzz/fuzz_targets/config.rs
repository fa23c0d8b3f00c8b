//! site.toml and vehicle.toml, and an engine on them: the law is in `fuzz/laws`.
#![no_main]

#[path = "../laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::files::config(bytes));
