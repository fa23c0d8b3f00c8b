//! Frames to readings: which signals of which messages make which reading.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use super::Frame;
#[cfg(feature = "dbc")]
use super::database::bus;
use super::signal::{Signal, Value};
use crate::counter::Sequence;
use crate::decoder::DecodeError;
use crate::lined::{LineProtocol, Lined};
use crate::out::Out;
use crate::sample::{Name, PerWheel, Reading, Steering, Twist, WheelSpeeds, WheelTicks};
use crate::time::DeviceTime;

/// Options of [`decoder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The text of the DBC file.
    pub dbc: String,
    /// Messages are told by their parameter group.
    pub j1939: bool,
    /// What a sample's time is; the device's is the stamp of the frame.
    pub time: DeviceTime,
    /// Wheel counters, in the order of vehicle.toml.
    pub ticks: Vec<String>,
    /// Absolute steering counter, given with the wheel counters.
    pub steering_ticks: Option<String>,
    /// Wheel speeds, in the order of vehicle.toml.
    pub speeds: Vec<String>,
    /// Steering angle.
    pub steering: Option<String>,
    /// Forward speed.
    pub forward_speed: Option<String>,
    /// Yaw rate, given with the forward speed.
    pub yaw_rate: Option<String>,
    /// Counters that number the frames of their messages.
    pub counters: Vec<String>,
    /// Unit of the speeds, where the DBC states none or another: `m/s`, `km/h`, `mph`.
    pub speed_unit: Option<String>,
    /// Unit of the steering angle: `rad`, `deg`.
    pub angle_unit: Option<String>,
    /// Unit of the yaw rate: `rad/s`, `deg/s`.
    pub rate_unit: Option<String>,
    /// Signals of one reading that come in several frames come within this time [s].
    pub together_s: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dbc: String::new(),
            j1939: false,
            time: DeviceTime::Receive,
            ticks: Vec::new(),
            steering_ticks: None,
            speeds: Vec::new(),
            steering: None,
            forward_speed: None,
            yaw_rate: None,
            counters: Vec::new(),
            speed_unit: None,
            angle_unit: None,
            rate_unit: None,
            together_s: 0.02,
        }
    }
}

/// A decoder of frames whose samples have the name `source`.
///
/// ```
/// # #[cfg(feature = "dbc")] {
/// use wayfix_sensors::{Decoder, Name, Timestamp, can};
/// let options = can::Options {
///     dbc: "BU_: ECU\nBO_ 37 Steer: 8 ECU\n SG_ Angle : 3|12@0- (1.5,0) [-600|600] \"deg\" ECU\n".into(),
///     steering: Some("Angle".into()),
///     ..Default::default()
/// };
/// let mut decoder = can::decoder(Name::from("can").unwrap(), &options).unwrap();
/// decoder.push(b"(1436509052.249713) can0 025#0010000000000000\n", Timestamp(0), &mut |_| ());
/// assert_eq!(decoder.counters().samples, 1);
/// # }
/// ```
///
/// # Errors
/// The DBC can't be read, a signal is not in it, or its unit is unknown. Built without the feature
/// `dbc` there is no reading of DBC files, which is an error too.
pub fn decoder(source: Name, options: &Options) -> Result<Lined<Bus>, String> {
    Ok(Lined::new(source, bus(options)?))
}

#[cfg(not(feature = "dbc"))]
fn bus(_: &Options) -> Result<Bus, String> {
    Err("this build reads no DBC files: it lacks the feature `dbc`".into())
}

/// Which reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The last of its values is the steering's where this is set.
    Ticks {
        steering: bool,
    },
    Speeds,
    Steering,
    /// The second of its values is the yaw rate, if there is one.
    Twist,
}

/// A signal, and the place that its value has in a reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub signal: Signal,
    /// The switch and its value, where the signal is one of several in the same place.
    pub only_if: Option<(Signal, u64)>,
    /// From the DBC's unit and sense to the reading's.
    pub scale: f64,
    pub reading: usize,
    pub place: usize,
}

/// A message that counts.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub key: u32,
    pub bound: Vec<Bound>,
    pub counter: Option<(Signal, Sequence)>,
}

/// A reading under way.
#[derive(Clone, Debug)]
struct Assembly {
    kind: Kind,
    values: Vec<Option<Value>>,
    /// When the first of its values came, and when they were last given.
    since: Timestamp,
}

/// The protocol; its decoder is `Lined<Bus>`.
#[derive(Clone, Debug)]
pub struct Bus {
    /// In the order of their keys.
    messages: Vec<Message>,
    readings: Vec<Assembly>,
    j1939: bool,
    time: DeviceTime,
    together_ns: i64,
}

impl Bus {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            messages: Vec::new(),
            readings: Vec::new(),
            j1939: options.j1939,
            time: options.time,
            together_ns: Timestamp::from_seconds(options.together_s).0,
        }
    }

    /// Which messages count as the same.
    pub(super) fn key(&self, id: u32, extended: bool) -> u32 {
        const EXTENDED: u32 = 1 << 31;
        match (self.j1939, extended) {
            (true, true) => {
                // Format below 240: the next byte is the destination.
                let group = id >> 8 & 0x3_FFFF;
                EXTENDED
                    | if group & 0xFF00 < 0xF000 {
                        group & 0x3_FF00
                    } else {
                        group
                    }
            }
            (_, true) => EXTENDED | id,
            (_, false) => id,
        }
    }

    pub(super) fn add_reading(&mut self, kind: Kind, places: usize) -> usize {
        self.readings.push(Assembly {
            kind,
            values: alloc::vec![None; places],
            since: Timestamp::default(),
        });
        self.readings.len() - 1
    }

    pub(super) fn message(&mut self, key: u32) -> &mut Message {
        let at = match self.messages.binary_search_by_key(&key, |m| m.key) {
            Ok(at) => at,
            Err(at) => {
                self.messages.insert(
                    at,
                    Message {
                        key,
                        bound: Vec::new(),
                        counter: None,
                    },
                );
                at
            }
        };
        &mut self.messages[at]
    }
}

impl LineProtocol for Bus {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let frame = Frame::parse(line).ok_or(DecodeError::Framing)?;
        let key = self.key(frame.id, frame.extended);
        let Ok(at) = self.messages.binary_search_by_key(&key, |m| m.key) else {
            out.ignore();
            return Ok(());
        };
        let t = match (self.time, frame.t_ns) {
            (DeviceTime::Device, None) => {
                return Err(DecodeError::Content("a frame without a time".into()));
            }
            (time, t_ns) => time.pick(t_rx, t_ns.unwrap_or_default()),
        };
        let Some(message) = self.messages.get_mut(at).filter(|_| !frame.remote) else {
            out.ignore();
            return Ok(());
        };
        if let Some((signal, sequence)) = &mut message.counter
            && let Some(number) = signal.bits(&frame.data)
        {
            out.missing(sequence.missing(number.cast_signed()));
        }
        let mut used = message.bound.is_empty();
        for bound in &message.bound {
            let chosen = bound
                .only_if
                .is_none_or(|(switch, value)| switch.bits(&frame.data) == Some(value));
            let value = match chosen {
                true => bound.signal.value(&frame.data, self.j1939),
                false => None,
            };
            let (Some(value), Some(reading)) = (value, self.readings.get_mut(bound.reading)) else {
                continue;
            };
            used = true;
            reading.put(bound, value, t, self.together_ns);
            if let Some(complete) = reading.complete() {
                out.give(t, complete);
            }
        }
        if !used {
            out.ignore();
        }
        Ok(())
    }
}

impl Assembly {
    fn put(&mut self, bound: &Bound, value: Value, t: Timestamp, together_ns: i64) {
        let begun = self.values.iter().any(Option::is_some);
        let age_ns = t.0.saturating_sub(self.since.0);
        // Values of another turn don't wait: their partner was lost.
        if begun && !(0..=together_ns).contains(&age_ns) {
            self.values.fill(None);
        }
        if self.values.iter().all(Option::is_none) {
            self.since = t;
        }
        let plain = bound.signal.factor == 1.0 && bound.signal.offset == 0.0;
        let physical = value.physical * bound.scale;
        let raw = match (plain, bound.scale < 0.0) {
            (true, false) => value.raw,
            (true, true) => value.raw.wrapping_neg(),
            (false, _) => libm::round(physical) as i64,
        };
        if let Some(place) = self.values.get_mut(bound.place) {
            *place = Some(Value { raw, physical });
        }
    }

    fn complete(&mut self) -> Option<Reading> {
        let (mut raw, mut physical) = ([0; 5], [0.0; 5]);
        for (i, value) in self.values.iter().enumerate() {
            let value = (*value)?;
            *raw.get_mut(i)? = value.raw;
            *physical.get_mut(i)? = value.physical;
        }
        let count = self.values.len();
        self.values.fill(None);
        Some(match self.kind {
            Kind::Ticks { steering } => {
                let wheels = count - usize::from(steering);
                Reading::WheelTicks(WheelTicks {
                    ticks: PerWheel::new(raw.get(..wheels)?)?,
                    steering_ticks: if steering {
                        raw.get(wheels).copied()
                    } else {
                        None
                    },
                })
            }
            Kind::Speeds => Reading::WheelSpeeds(WheelSpeeds {
                speeds_mps: PerWheel::new(physical.get(..count)?)?,
            }),
            Kind::Steering => Reading::Steering(Steering {
                angle_rad: physical[0],
            }),
            Kind::Twist => Reading::Twist(Twist {
                forward_mps: physical[0],
                yaw_rate_radps: (count > 1).then_some(physical[1]),
            }),
        })
    }
}
