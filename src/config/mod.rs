//! The two files: `site.toml` and `vehicle.toml` as types.

pub mod site;
pub mod source;
pub mod vehicle;

pub use site::Site;
pub use source::Source;
pub use vehicle::Vehicle;
