//! The two files: `site.toml` and `vehicle.toml` as types, validated at load.

pub mod check;
mod consistency;
mod datum;
pub(crate) mod expect;
mod lines;
mod load;
mod problem;
pub mod rules;
pub mod schema;
pub mod site;
pub mod source;
pub mod vehicle;
mod walk;

pub use check::{Warning, check};
pub use lines::KeyLines;
pub use load::{
    Loaded, load_site, load_vehicle, read_site, read_vehicle, site_from_str, vehicle_from_str,
};
pub use problem::{ConfigError, Fault, Problem};
pub use site::Site;
pub use source::Source;
pub use vehicle::Vehicle;
