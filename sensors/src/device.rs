//! Every device that Wayfix knows, by the name that vehicle.toml gives it.
//!
//! ```
//! use wayfix_sensors::device::{self, Setup};
//! use wayfix_sensors::{Name, Timestamp};
//! let setup: Setup = serde_json::from_str(r#"{"source": "gnss", "options": {"time": "utc"}}"#).unwrap();
//! let mut decoder = device::make("ubx", &setup).unwrap();
//! decoder.push(b"no UBX", Timestamp(0), &mut |_| ());
//! assert_eq!(decoder.counters().malformed, 1);
//!
//! let error = device::make("ublox", &setup).err().unwrap();
//! assert!(error.to_string().contains("did you mean `ubx`?"), "{error}");
//! ```
//! The options of a device are those of the struct in its module, each with a default where there is
//! one; an unknown one is an error that names it and those that there are.
//!
//! A device of the user's own needs no line here: the engine takes any [`Decoder`].

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decoder::Decoder;
use crate::nmea::TimeBase;
use crate::sample::Name;
use crate::{
    JsonLines, Nmea, ble, can, dwm1001, generic_line, imu_csv, linktrack, llrp, portal_line, pozyx,
    ubx, witmotion, xsens,
};

/// What a decoder is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The samples' source: a key of `[source.NAME]` in vehicle.toml.
    pub source: Name,
    /// The device's own options, by their names.
    #[serde(default)]
    pub options: Map<String, Value>,
}

impl Setup {
    /// With all options at their defaults.
    #[must_use]
    pub fn new(source: Name) -> Self {
        Self {
            source,
            options: Map::new(),
        }
    }
}

/// Why there is no decoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// No device has that name.
    #[error("unknown adapter `{name}`: {hint}")]
    UnknownAdapter {
        /// The name as given.
        name: String,
        /// Near names, or all.
        hint: String,
    },
    /// An option is unknown, missing or of no use.
    #[error("adapter `{adapter}`: {why}")]
    Options {
        /// The device's name.
        adapter: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// A device's decoder, or what is wrong with its options.
type Made = Result<Box<dyn Decoder>, String>;

/// One device.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// As in `adapter = "..."`.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    make: fn(&Setup) -> Made,
}

/// Options of [`Nmea`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NmeaOptions {
    /// What a sample's time is.
    pub time: TimeBase,
}

/// For devices without options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// `name: options => decoder, "about"`; the decoder is an expression of `source` and `options`.
macro_rules! devices {
    ($($name:literal: $options:ty, $make:expr, $about:literal;)*) => {
        /// All devices.
        pub const DEVICES: &[Device] = &[$(Device {
            name: $name,
            about: $about,
            make: |setup| {
                let make: fn(Name, $options) -> Made = $make;
                make(setup.source, options(setup)?)
            },
        }),*];
    };
}

devices! {
    "nmea": NmeaOptions, |s, o| boxed(Nmea::new(s, o.time)), "NMEA 0183: satellite receivers and compasses";
    "ubx": ubx::Options, |s, o| boxed(ubx::decoder(s, o)), "u-blox UBX: satellite receivers, moving base, vehicle sensors";
    "dwm1001_shell": dwm1001::Options, |s, o| boxed(dwm1001::shell(s, o)), "Qorvo DWM1001 UWB tag: lines of lec and les";
    "dwm1001_tlv": dwm1001::Options, |s, o| boxed(dwm1001::tlv(s, o)), "Qorvo DWM1001 UWB tag: answers to dwm_loc_get";
    "linktrack": linktrack::Options, |s, o| boxed(linktrack::decoder(s, o)), "Nooploop LinkTrack UWB: Node_Frame2, Tag_Frame0";
    "pozyx": pozyx::Options, |s, o| boxed(pozyx::decoder(s, o)), "Pozyx UWB: serial lines, published JSON";
    "witmotion": witmotion::Options, |s, o| boxed(witmotion::decoder(s, o)), "WitMotion inertial sensors and magnetometers";
    "xsens": xsens::Options, |s, o| boxed(xsens::decoder(s, o)), "Xsens MTi inertial sensors: MTData2";
    "imu_csv": imu_csv::Options, |s, o| imu_csv::decoder(s, o).and_then(boxed), "any inertial sensor that prints columns";
    "can": can::Options, |s, o| can::decoder(s, &o).and_then(boxed), "CAN signals by a DBC file: CANopen, J1939, others";
    "ble": ble::Options, |s, o| boxed(ble::decoder(s, o)), "Bluetooth LE: iBeacon, Eddystone-UID, AltBeacon";
    "llrp": llrp::Options, |s, o| boxed(llrp::decoder(s, o)), "LLRP RFID readers: tag reports";
    "wedge": portal_line::WedgeOptions, |s, o| boxed(portal_line::wedge(s, o)), "NFC, QR and bar codes: one code a line";
    "contact": portal_line::ContactOptions, |s, o| boxed(portal_line::contact(s, o)), "a dock's or gate's contact: one line a change";
    "line": generic_line::Options, |s, o| boxed(generic_line::decoder(s, o)), "the generic line: range,A1,3.204 and others";
    "json_lines": NoOptions, |s, _| boxed(JsonLines::for_source(s)), "JSON Lines: every kind of reading";
}

fn boxed(decoder: impl Decoder + 'static) -> Made {
    Ok(Box::new(decoder))
}

fn options<T: DeserializeOwned>(setup: &Setup) -> Result<T, String> {
    serde_json::from_value(Value::Object(setup.options.clone())).map_err(|e| e.to_string())
}

impl Device {
    /// The device of that name.
    ///
    /// # Errors
    /// There is none; the error lists near names.
    pub fn find(name: &str) -> Result<&'static Self, SetupError> {
        DEVICES
            .iter()
            .find(|device| device.name == name)
            .ok_or_else(|| SetupError::UnknownAdapter {
                name: name.into(),
                hint: hint(name),
            })
    }

    /// Its decoder.
    ///
    /// # Errors
    /// An option is unknown, missing or of no use.
    pub fn make(&self, setup: &Setup) -> Result<Box<dyn Decoder>, SetupError> {
        (self.make)(setup).map_err(|why| SetupError::Options {
            adapter: self.name,
            why,
        })
    }
}

/// The decoder of the device that is called `adapter`.
///
/// # Errors
/// There is no such device, or an option is unknown, missing or of no use.
pub fn make(adapter: &str, setup: &Setup) -> Result<Box<dyn Decoder>, SetupError> {
    Device::find(adapter)?.make(setup)
}

/// Names that may be meant; all where none is near.
fn hint(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = DEVICES
        .iter()
        .map(|device| {
            let within =
                lower.len() > 2 && (device.name.contains(&lower) || lower.contains(device.name));
            let far = if within {
                0
            } else {
                distance(&lower, device.name)
            };
            (far, device.name)
        })
        .filter(|(far, other)| *far <= 1 + lower.len().min(other.len()) / 3)
        .collect();
    near.sort_unstable();
    let quoted = |names: &[&str]| {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    };
    let best: Vec<&str> = near.iter().take(3).map(|(_, name)| *name).collect();
    if best.is_empty() {
        let all: Vec<&str> = DEVICES.iter().map(|device| device.name).collect();
        format!("there are {}", quoted(&all))
    } else {
        format!("did you mean {}?", quoted(&best).replace(", ", " or "))
    }
}

/// Insertions, deletions and replacements between two words.
fn distance(a: &str, b: &str) -> usize {
    // A name is short; what is longer than any is far from all.
    if a.len() > 32 {
        return a.len();
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (y, up) in b.bytes().zip(row.iter_mut().skip(1)) {
            let here = (corner + usize::from(x != y)).min(left + 1).min(*up + 1);
            corner = core::mem::replace(up, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(options: &str) -> Setup {
        serde_json::from_str(&format!(r#"{{"source": "x", "options": {options}}}"#)).unwrap()
    }

    fn error(adapter: &str, options: &str) -> String {
        make(adapter, &setup(options)).err().unwrap().to_string()
    }

    #[test]
    fn names_are_unique_and_every_line_makes_a_decoder_or_says_what_it_lacks() {
        for (i, device) in DEVICES.iter().enumerate() {
            assert!(DEVICES[..i].iter().all(|other| other.name != device.name));
            match device.make(&Setup::new(Name::from("x").unwrap())) {
                Ok(decoder) => assert_eq!(decoder.counters(), crate::Counters::default()),
                Err(SetupError::Options { why, .. }) => assert!(
                    ["missing field", "DBC"].iter().any(|w| why.contains(w)),
                    "{}: {why}",
                    device.name
                ),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn unknown_options_are_named() {
        for device in DEVICES {
            let text = error(device.name, r#"{"colour": 1}"#);
            assert!(text.contains("unknown field `colour`"), "{text}");
            assert!(
                text.starts_with(&format!("adapter `{}`", device.name)),
                "{text}"
            );
        }
        let text = error("ubx", r#"{"axes": "x,y,-z"}"#);
        assert!(text.contains("mirror"), "{text}");
        let text = error("ubx", r#"{"time": "gps"}"#);
        assert!(text.contains("`receive` or `utc`"), "{text}");
    }

    #[test]
    fn near_names_are_offered() {
        for (name, meant) in [
            ("ublox", "`ubx`"),
            ("NMEA", "`nmea`"),
            ("dwm1001", "`dwm1001_shell` or `dwm1001_tlv`"),
            ("xsense", "`xsens`"),
            ("json", "`json_lines`"),
            ("lidar-9000-super", "there are `nmea`, `ubx`"),
        ] {
            let text = error(name, "{}");
            assert!(text.contains(meant), "{text}");
        }
        assert_eq!([distance("", "abc"), distance("kitten", "sitting")], [3, 3]);
    }
}
