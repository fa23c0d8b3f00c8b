//! Bluetooth LE advertisements of beacons: iBeacon, Eddystone-UID, AltBeacon, or any by its address.
//!
//! A radio gives advertisements, not bytes; an [`Advertisement`] on one line of JSON is the form in
//! which they are recorded and decoded:
//!
//! ```text
//! {"address":"D0:F0:18:43:98:A1","rssi_dbm":-67,"manufacturer":{"76":"0215E2C56DB5DFFB48D2B060D0F5A71096E000010002C5"}}
//! {"address":"00:A0:50:00:00:01","rssi_dbm":-80,"service":{"feaa":"00E7EDD1EBEAC04E5DEFA0170BDB87539B67"}}
//! ```
//! Data are hexadecimal digits, by the company's number (decimal) or the service's UUID (all of it, or
//! the four digits of an assigned one). `tx_power_dbm` may state the transmitter's power.
//!
//! | advertisement | layout | name of the beacon |
//! |---|---|---|
//! | iBeacon | company 76: `02 15`, UUID, major u16, minor u16, power at 1 m i8 | `uuid/major/minor` |
//! | AltBeacon | any company: `BE AC`, 20 bytes, power at 1 m i8, 1 byte | the same of its 16 + 2 + 2 bytes |
//! | Eddystone-UID | service `feaa`: `00`, power at 0 m i8, 10 + 6 bytes | `namespace/instance` |
//!
//! UUID, namespace and instance are in lower-case hexadecimal digits, major and minor in decimal ones,
//! all big-endian; an address is in capitals. Eddystone's power at 0 m is 41 dB above that at 1 m, as
//! its specification says. Smoothing and rates are the filter's business.

mod advertisement;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

pub use advertisement::{Advertisement, Data};

use crate::decoder::DecodeError;
use crate::hex;
use crate::lined::{LineProtocol, Lined};
use crate::out::Out;
use crate::sample::{Name, Reading, Rssi};

/// What a beacon is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// What it says that it is; advertisements of other kinds are ignored.
    #[default]
    Id,
    /// The address of its radio.
    Address,
}

/// Options of [`Ble`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What beacons are known by.
    pub by: By,
    /// Names of site.toml for addresses or ids. Where there are any, all others are ignored.
    pub beacons: BTreeMap<String, Name>,
    /// What addresses or ids begin with; others are ignored. Empty: all.
    pub prefixes: Vec<String>,
}

/// The protocol; its decoder is `Lined<Ble>`.
#[derive(Clone, Debug)]
pub struct Ble(Options);

/// A decoder of advertisements whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Reading, Timestamp, ble};
/// let heard = ble::Advertisement {
///     address: "D0:F0:18:43:98:A1".into(),
///     rssi_dbm: -67,
///     manufacturer: vec![(76, b"\x02\x15\xE2\xC5\x6D\xB5\xDF\xFB\x48\xD2\xB0\x60\xD0\xF5\xA7\x10\x96\xE0\0\x01\0\x02\xC5".to_vec())].into(),
///     ..Default::default()
/// };
/// let mut decoder = ble::decoder(Name::from("ble").unwrap(), ble::Options::default());
/// let mut beacon = None;
/// decoder.push(heard.to_line().as_bytes(), Timestamp(0), &mut |sample| beacon = sample.reading.target());
/// assert_eq!(&beacon.unwrap()[..], "e2c56db5-dffb-48d2-b060-d0f5a71096e0/1/2");
/// ```
#[must_use]
pub fn decoder(source: Name, mut options: Options) -> Lined<Ble> {
    let spelt = |id: &str| match options.by {
        By::Id => id.to_ascii_lowercase(),
        By::Address => id.to_ascii_uppercase(),
    };
    options.prefixes = options.prefixes.iter().map(|p| spelt(p)).collect();
    options.beacons = options
        .beacons
        .iter()
        .map(|(id, name)| (spelt(id), *name))
        .collect();
    Lined::new(source, Ble(options))
}

impl LineProtocol for Ble {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let heard: Advertisement =
            serde_json::from_str(line).map_err(|e| DecodeError::Content(e.to_string()))?;
        match self.reading(&heard) {
            Some(rssi) => out.give(t_rx, Reading::Rssi(rssi)),
            None => out.ignore(),
        }
        Ok(())
    }
}

impl Ble {
    /// What an advertisement says.
    fn reading(&self, heard: &Advertisement) -> Option<Rssi> {
        // 127 is how controllers say that they have not measured.
        if heard.rssi_dbm == 127 {
            return None;
        }
        let told = beacon(heard);
        let (id, advertised_dbm) = match self.0.by {
            By::Id => told.map(|(id, dbm)| (id, Some(dbm)))?,
            By::Address => {
                let mut address = Name::from(&heard.address).ok()?;
                address.make_ascii_uppercase();
                (address, told.map(|(_, dbm)| dbm))
            }
        };
        let beacon = match self.0.beacons.get(id.as_str()) {
            Some(name) => *name,
            None if self.0.beacons.is_empty() => id,
            None => return None,
        };
        let prefixes = &self.0.prefixes;
        if !prefixes.is_empty() && !prefixes.iter().any(|p| id.starts_with(p.as_str())) {
            return None;
        }
        Some(Rssi {
            beacon,
            rssi_dbm: f64::from(heard.rssi_dbm),
            advertised_dbm: advertised_dbm.map(f64::from),
        })
    }
}

/// The id and the power at 1 m [dBm] of a beacon of a known kind.
fn beacon(heard: &Advertisement) -> Option<(Name, i16)> {
    for (company, data) in heard.manufacturer.iter() {
        let id = match data.as_slice() {
            [0x02, 0x15, id @ ..] if *company == 76 => id,
            [0xBE, 0xAC, id @ ..] if id.len() >= 22 => id,
            _ => continue,
        };
        if let [uuid @ .., a, b, c, d, power] = id.get(..21)? {
            let mut name = Name::new();
            for (i, byte) in uuid.iter().enumerate() {
                if matches!(i, 4 | 6 | 8 | 10) {
                    name.try_push('-').ok()?;
                }
                hex::push(&mut name, *byte, hex::LOWER)?;
            }
            let [major, minor] = [[*a, *b], [*c, *d]].map(u16::from_be_bytes);
            write!(name, "/{major}/{minor}").ok()?;
            return Some((name, i16::from(power.cast_signed())));
        }
    }
    for (service, data) in heard.service.iter() {
        if let ([0x00, power, id @ ..], true) = (data.as_slice(), is_eddystone(service))
            && id.len() >= 16
        {
            let mut name = Name::new();
            for (i, byte) in id.iter().take(16).enumerate() {
                if i == 10 {
                    name.try_push('/').ok()?;
                }
                hex::push(&mut name, *byte, hex::LOWER)?;
            }
            return Some((name, i16::from(power.cast_signed()) - 41));
        }
    }
    None
}

/// The assigned number, or the whole UUID that it stands for.
fn is_eddystone(service: &str) -> bool {
    service.eq_ignore_ascii_case("feaa")
        || service.eq_ignore_ascii_case("0000feaa-0000-1000-8000-00805f9b34fb")
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::decoder::{Counters, Decoder, assert_splits};

    const IBEACON: &str = r#"{"address":"D0:F0:18:43:98:A1","rssi_dbm":-67,"manufacturer":{"76":"0215E2C56DB5DFFB48D2B060D0F5A71096E0FFFF0002C5"}}"#;
    const ALTBEACON: &str = r#"{"address":"00:A0:50:00:00:02","rssi_dbm":-70,"tx_power_dbm":4,"manufacturer":{"280":"BEAC2F234454CF6D4A0FADF2F4911BA9FFA600010002C501"}}"#;
    const EDDYSTONE: &str = r#"{"address":"00:a0:50:00:00:01","rssi_dbm":-80,"service":{"0000feaa-0000-1000-8000-00805f9b34fb":"00E7EDD1EBEAC04E5DEFA0170BDB87539B670000"}}"#;
    const OTHER: &str = r#"{"address":"00:A0:50:00:00:03","rssi_dbm":-90,"manufacturer":{"76":"10050118A1B2C3"},"service":{"feaa":"2000"}}"#;

    fn run(options: Options, lines: &[&str]) -> (Vec<Rssi>, Counters) {
        let text = lines.join("\n");
        let make = || decoder(Name::from("ble").unwrap(), options.clone());
        let samples = assert_splits(make, text.as_bytes());
        let mut once = make();
        once.push(text.as_bytes(), Timestamp(0), &mut |_| ());
        once.finish(&mut |_| ());
        let rssi = samples.iter().map(|s| match s.reading {
            Reading::Rssi(rssi) => rssi,
            other => panic!("{other:?}"),
        });
        (rssi.collect(), once.counters())
    }

    fn told(rssi: &[Rssi]) -> Vec<(&str, f64, Option<f64>)> {
        rssi.iter()
            .map(|r| (r.beacon.as_str(), r.rssi_dbm, r.advertised_dbm))
            .collect()
    }

    /// Identifiers of the specifications' examples and of their first reference applications; the
    /// bytes around them by hand.
    #[test]
    fn three_kinds_of_beacon() {
        let (rssi, counters) = run(Options::default(), &[IBEACON, ALTBEACON, EDDYSTONE, OTHER]);
        assert_eq!(
            told(&rssi),
            [
                (
                    "e2c56db5-dffb-48d2-b060-d0f5a71096e0/65535/2",
                    -67.0,
                    Some(-59.0)
                ),
                (
                    "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6/1/2",
                    -70.0,
                    Some(-59.0)
                ),
                ("edd1ebeac04e5defa017/0bdb87539b67", -80.0, Some(-66.0)),
            ]
        );
        assert_eq!((counters.ignored, counters.malformed), (1, 0));
    }

    #[test]
    fn by_address_by_name_and_by_prefix() {
        let by_address: Options =
            serde_json::from_str(r#"{"by": "address", "beacons": {"00:a0:50:00:00:01": "gate", "00:A0:50:00:00:03": "dock"}}"#).unwrap();
        let (rssi, _) = run(by_address, &[IBEACON, ALTBEACON, EDDYSTONE, OTHER]);
        assert_eq!(
            told(&rssi),
            [("gate", -80.0, Some(-66.0)), ("dock", -90.0, None)]
        );

        let named: Options = serde_json::from_str(r#"{"prefixes": ["2F234454-"]}"#).unwrap();
        let (rssi, _) = run(named, &[IBEACON, ALTBEACON, EDDYSTONE]);
        assert_eq!(rssi.len(), 1);
        assert!(serde_json::from_str::<Options>(r#"{"bye": "id"}"#).is_err());
    }

    #[test]
    fn what_cannot_be_used_is_counted() {
        let silent = r#"{"address":"00:A0:50:00:00:03","rssi_dbm":127,"manufacturer":{"76":"0215E2C56DB5DFFB48D2B060D0F5A71096E0FFFF0002C5"}}"#;
        let short = r#"{"address":"00:A0:50:00:00:03","rssi_dbm":-60,"manufacturer":{"76":"0215E2C56DB5"}}"#;
        for (line, ignored, malformed) in [
            (silent, 1, 0),
            (short, 1, 0),
            (r#"{"address":"00:A0:50:00:00:03","rssi_dbm":-60}"#, 1, 0),
            (
                r#"{"address":"00:A0:50:00:00:03","rssi_dbm":-60,"manufacturer":{"76":"02155"}}"#,
                0,
                1,
            ),
            (
                r#"{"address":"00:A0:50:00:00:03","rssi_dbm":-60,"manufacturer":{"apple":"02"}}"#,
                0,
                1,
            ),
            (r#"{"address":"00:A0:50:00:00:03"}"#, 0, 1),
            (
                r#"{"address":"00:A0:50:00:00:03","rssi_dbm":-60,"colour":1}"#,
                0,
                1,
            ),
            ("noise", 0, 1),
        ] {
            let (_, counters) = run(Options::default(), &[line]);
            assert_eq!(
                (counters.ignored, counters.malformed),
                (ignored, malformed),
                "{line}"
            );
        }
    }

    #[test]
    fn lines_are_written_as_they_are_read() {
        for line in [IBEACON, ALTBEACON] {
            let heard: Advertisement = serde_json::from_str(line).unwrap();
            assert_eq!(heard.to_line(), format!("{line}\n"));
        }
    }
}
