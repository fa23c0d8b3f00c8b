//! Public recordings with truth.
fn main() {}
