//! What a sample's time is, where the device has a clock of its own.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

/// The time of samples of a device whose clock has a zero of its own, such as its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceTime {
    /// When the message began to arrive.
    #[default]
    Receive,
    /// The device's clock, unrolled: steady, but its zero is the engine's to find.
    Device,
}

impl DeviceTime {
    /// The one of both that is asked for; the device's in nanoseconds of its clock.
    #[must_use]
    pub fn pick(self, t_rx: Timestamp, device_ns: i64) -> Timestamp {
        match self {
            Self::Receive => t_rx,
            Self::Device => Timestamp(device_ns),
        }
    }
}
