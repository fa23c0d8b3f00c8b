//! Pozyx: ranges of a Creator tag over its serial port, positions of an Enterprise server.
//!
//! One line each, in any of the forms that the maker's examples print and its server publishes:
//!
//! ```text
//! 4512ms, 3204mm, -81dBm                                  ready_to_range: device time, distance, power
//! POS,0x6000,1250,-340,800                                ready_to_localize: tag, x, y, z [mm]
//! POS ID 0x6000, x(mm): 1250, y(mm): -340, z(mm): 800     the same for people
//! [{"tagId":"24576","timestamp":1616424015.12,"success":true,
//!   "data":{"coordinates":{"x":1250,"y":-340,"z":800}}}]  MQTT topic `tags`, here on one line [s, mm]
//! ```
//! A line of a range does not say to which anchor: the setup does. The server knows many tags: the
//! setup names the one that is this source, and others are ignored. Its inertial values (mg, deg/s)
//! come at the rate of positions, too slow for a filter, and are left alone; the power at each
//! anchor says nothing of a distance in a network that measures differences.
//!
//! After the Pozyx Arduino library's examples and "MQTT data structure" of the Enterprise manual.

use alloc::string::ToString;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::DecodeError;
use crate::lined::{LineProtocol, Lined, field};
use crate::nmea::TimeBase;
use crate::out::Out;
use crate::sample::{Name, Position, Range, Reading};

/// Options of [`Pozyx`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The anchor of ranges, which their lines don't state.
    pub anchor: Option<Name>,
    /// The tag whose positions are taken, as the lines spell it (`24576`, `0x6000`); all, without it.
    pub tag: Option<Name>,
    /// Time of positions by the server; of lines without UTC it is always that of receipt.
    pub time: TimeBase,
}

/// The protocol; its decoder is `Lined<Pozyx>`.
#[derive(Clone, Debug)]
pub struct Pozyx(Options);

/// A decoder whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, pozyx};
/// let anchor = Name::from("0x6E38").ok();
/// let options = pozyx::Options { anchor, ..Default::default() };
/// let mut decoder = pozyx::decoder(Name::from("uwb").unwrap(), options);
/// decoder.push(b"4512ms, 3204mm, -81dBm\r\n", Timestamp(0), &mut |_| ());
/// assert_eq!(decoder.counters().samples, 1);
/// ```
#[must_use]
pub fn decoder(source: Name, options: Options) -> Lined<Pozyx> {
    Lined::new(source, Pozyx(options))
}

impl LineProtocol for Pozyx {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        if line.starts_with(['[', '{']) {
            self.published(line, t_rx, out)
        } else if let Some(rest) = line.strip_prefix("POS ID ").or(line.strip_prefix("POS,")) {
            self.position(rest, t_rx, out)
        } else if line.ends_with("dBm") {
            self.range(line, t_rx, out)
        } else {
            // Headings, errors and instructions that the examples print.
            out.ignore();
            Ok(())
        }
    }
}

impl Pozyx {
    fn range(&self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let Some(anchor) = self.0.anchor else {
            return Err(DecodeError::Content(
                "a range without an anchor: the setup's `anchor` is missing".into(),
            ));
        };
        let mut words = line.split(',').map(str::trim);
        let mut next = |unit, what| {
            let word = words.next().and_then(|word| word.strip_suffix(unit));
            field::number(word.unwrap_or_default(), what)
        };
        next("ms", "time")?;
        let distance_mm = next("mm", "distance")?;
        let power_dbm = next("dBm", "power")?;
        // The device answers nought where it heard nothing.
        if distance_mm <= 0.0 {
            out.ignore();
            return Ok(());
        }
        let reading = Range {
            anchor,
            range_m: distance_mm * 1e-3,
            rx_power_dbm: (power_dbm < 0.0).then_some(power_dbm),
            first_path_dbm: None,
        };
        out.give(t_rx, Reading::Range(reading));
        Ok(())
    }

    fn position(&self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mut words = line.split(',').map(str::trim);
        let tag = words.next().unwrap_or_default();
        let mut xyz_mm = [0.0; 3];
        for coordinate in &mut xyz_mm {
            let word = words.next().unwrap_or_default();
            // Behind `x(mm):` where it is written for people.
            let word = word.rsplit(':').next().unwrap_or_default();
            *coordinate = field::number(word, "position")?;
        }
        self.give(tag, t_rx, xyz_mm, out);
        Ok(())
    }

    fn published(&self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let fault = |e: serde_json::Error| DecodeError::Content(e.to_string());
        let updates = match line.strip_prefix('[') {
            Some(_) => serde_json::from_str::<Vec<Update>>(line).map_err(fault)?,
            None => Vec::from([serde_json::from_str::<Update>(line).map_err(fault)?]),
        };
        for update in updates {
            let t = match (self.0.time, update.timestamp) {
                (TimeBase::Utc, Some(utc_s)) => Timestamp::from_seconds(utc_s),
                _ => t_rx,
            };
            let at = update.data.and_then(|data| data.coordinates);
            match at.filter(|_| update.success) {
                Some(Coordinates { x, y, z }) => self.give(&update.tag, t, [x, y, z], out),
                None => out.ignore(),
            }
        }
        Ok(())
    }

    fn give(&self, tag: &str, t: Timestamp, xyz_mm: [f64; 3], out: &mut Out<'_>) {
        if self.0.tag.is_some_and(|wanted| wanted.as_str() != tag) {
            out.ignore();
            return;
        }
        let [x, y, z] = xyz_mm.map(|mm| mm * 1e-3);
        let reading = Position {
            xy_m: [x, y],
            z_m: Some(z),
            sigma_m: None,
        };
        out.give(t, Reading::Position(reading));
    }
}

/// An element of a packet of the server; it has more keys, which differ from tag to tag.
#[derive(Deserialize)]
struct Update {
    #[serde(rename = "tagId")]
    tag: Name,
    timestamp: Option<f64>,
    #[serde(default)]
    success: bool,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    coordinates: Option<Coordinates>,
}

#[derive(Clone, Copy, Deserialize)]
struct Coordinates {
    x: f64,
    y: f64,
    z: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Decoder, assert_splits};

    fn name(text: &str) -> Name {
        Name::from(text).unwrap()
    }

    fn readings(options: Options, text: &str) -> Vec<Reading> {
        let make = || decoder(name("uwb"), options);
        let samples = assert_splits(make, text.as_bytes());
        samples.iter().map(|s| s.reading).collect()
    }

    #[test]
    fn a_range_with_its_power() {
        let options = Options {
            anchor: Some(name("0x6E38")),
            ..Options::default()
        };
        let text = "------------POZYX RANGING V1.1------------\r\n4512ms, 3204mm, -81dBm\r\n9 ms, 0 mm, 0 dBm\r\n";
        let [Reading::Range(r)] = readings(options, text)[..] else {
            panic!()
        };
        assert_eq!((r.range_m, r.rx_power_dbm), (3.204, Some(-81.0)));
        assert_eq!(r.anchor, name("0x6E38"));
    }

    #[test]
    fn positions_of_all_forms() {
        // The server's form after the manual's example for the developer tag, shortened.
        let text = "POS,0x6000,1250,-340,800\n\
            POS ID 0x6000, x(mm): 1250, y(mm): -340, z(mm): 800\r\n\
            [{\"version\":\"2.0\",\"tagId\":\"0x6000\",\"timestamp\":1615984968.25,\"data\":{\"metrics\":{\"latency\":28},\
            \"coordinates\":{\"x\":1250,\"y\":-340,\"z\":800},\"anchorData\":[]},\"success\":true},\
            {\"version\":\"2.0\",\"tagId\":\"30331\",\"timestamp\":1615984968.5,\"data\":{\"coordinates\":{\"x\":1,\"y\":2,\"z\":3}},\"success\":true},\
            {\"version\":\"2.0\",\"tagId\":\"0x6000\",\"timestamp\":1615984969,\"success\":false,\"errorCode\":\"1\"}]\n";
        let options = Options {
            tag: Some(name("0x6000")),
            time: TimeBase::Utc,
            ..Options::default()
        };
        let samples = assert_splits(|| decoder(name("uwb"), options), text.as_bytes());
        assert_eq!(samples.len(), 3);
        for sample in &samples {
            let Reading::Position(p) = sample.reading else {
                panic!()
            };
            assert_eq!((p.xy_m, p.z_m), ([1.25, -0.34], Some(0.8)));
        }
        // Seconds in a double are good to a microsecond.
        assert_eq!((samples[2].t.0 + 500) / 1000, 1_615_984_968_250_000);
        assert_eq!(readings(Options::default(), text).len(), 4);
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        for line in [
            "1ms, 2mm, -81dBm",
            "POS,0x6000,1,2",
            "POS ID 0x6000, x(mm): a",
            "[{\"tagId\":\"1\"",
            "{}",
        ] {
            let mut decoder = decoder(name("uwb"), Options::default());
            decoder.push(line.as_bytes(), Timestamp(0), &mut |_| ());
            decoder.finish(&mut |_| ());
            assert_eq!(decoder.counters().malformed, 1, "{line}");
        }
    }
}
