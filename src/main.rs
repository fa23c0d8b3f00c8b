//! The `wayfix` program.
fn main() {}
