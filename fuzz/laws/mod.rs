//! The laws that hold for any bytes: run by the fuzz targets with libFuzzer's bytes, and by
//! `tests/laws.rs` with proptest's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "laws are assertions, and each target runs one of them"
)]

pub mod bytes;
pub mod files;
pub mod imports;
pub mod kept;
pub mod logs;
pub mod reading;
pub mod step;
