//! Public recordings with truth, turned into logs that wayfix replays.
//!
//! Each set has one file in [`sets`]: it reads the files as published, brings them to one time base
//! and one frame by the conventions that the set's README verified, and gives a [`Recording`]: the
//! records, the two files of the site and the vehicle, and the [`Protocol`] by which it is scored.
//! [`cases::all`] lists what the accuracy bench runs, [`targets`] what it is measured against, and
//! [`recorded`] what it reached when that was last accepted.

pub mod cases;
pub mod frames;
pub mod protocol;
pub mod recorded;
pub mod recording;
pub mod score;
pub mod sets;
pub mod table;
pub mod targets;
pub mod write;

pub use cases::{Case, all};
pub use protocol::{Metric, Outage, Protocol, Window};
pub use recording::{Log, Recording};
pub use sets::Options;
