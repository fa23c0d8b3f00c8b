//! The generic line: for a device that can print, or a microcontroller in between.
//!
//! ```text
//! range,A1,3.204,-81.2,-85.0       anchor, distance [m], received power [dBm]?, first path [dBm]?
//! tdoa,A1,A2,0.52                  reference, other anchor, |p - other| - |p - reference| [m]
//! aoa,A1,12.5,3.0                  anchor, azimuth [deg] left positive, elevation [deg]?
//! rssi,B7,-71,-59                  beacon, power [dBm], power at 1 m that it advertises [dBm]?
//! ticks,1204,1198,s2047            one to four wheel counters, absolute steering counter?
//! speeds,1.02,0.98                 one to four wheel speeds [m/s]
//! twist,1.0,5.2                    forward speed [m/s], yaw rate [deg/s] left positive?
//! step,0.052,0.3                   distance [m], change of heading [deg] left positive? since the last
//! steering,-12.5                   angle [deg] left positive
//! yaw,90.0,1.5                     heading [deg] counter-clockwise from east, its sigma [deg]?
//! height,1.85                      [m]
//! pressure,101325                  [Pa]
//! position,12.3,4.5,0.8,0.1        x, y [m] in the site frame, z [m]?, sigma [m]?
//! passage,P3                       portal
//! ```
//! WiFi round-trip times are ranges, and signal strengths of WiFi and Zigbee are `rssi`; the access point is
//! named as site.toml names its anchor or beacon: `range,24:0a:c4:9f:01:02,4.31`.
//!
//! `?` marks what may be left empty or out. A line may begin with the device's own time `@12.345,`
//! \[s\], and may end with a checksum `*5A` as in NMEA 0183: the exclusive or of all characters before
//! the star, two hexadecimal digits. A line that begins with `#` is a comment. JSON Lines are the
//! other generic form ([`crate::json_lines`]), with every kind of reading, names and units.

use alloc::format;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::DecodeError;
use crate::lined::field::{maybe, name, number, whole};
use crate::lined::{LineProtocol, Lined};
use crate::out::Out;
use crate::sample::{
    Bearing, Height, Name, OdometryStep, Passage, PerWheel, Position, Pressure, Range,
    RangeDifference, Reading, Rssi, Steering, Twist, WheelSpeeds, WheelTicks, Yaw,
};
use crate::time::DeviceTime;

/// Options of [`GenericLine`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What a sample's time is; a line without a time is an error where the device's is asked for.
    pub time: DeviceTime,
    /// Whether a line without a checksum is an error.
    pub checksum: bool,
}

/// The protocol; its decoder is `Lined<GenericLine>`.
#[derive(Clone, Debug)]
pub struct GenericLine(Options);

/// A decoder whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, generic_line};
/// let mut decoder = generic_line::decoder(Name::from("uwb").unwrap(), Default::default());
/// let mut count = 0;
/// decoder.push(b"range,A1,3.204,-81.2,-85.0\n", Timestamp(0), &mut |_| count += 1);
/// assert_eq!(count, 1);
/// ```
#[must_use]
pub fn decoder(source: Name, options: Options) -> Lined<GenericLine> {
    Lined::new(source, GenericLine(options))
}

impl LineProtocol for GenericLine {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        if line.starts_with('#') {
            out.ignore();
            return Ok(());
        }
        let line = checked(line, self.0.checksum)?;
        let (t, line) = match line.strip_prefix('@').and_then(|rest| rest.split_once(',')) {
            Some((time, rest)) => {
                let device_s = number(time, "time")?;
                if device_s.abs() > 9.2e9 {
                    return Err(DecodeError::Content("time: not in seconds".into()));
                }
                let device_ns = Timestamp::from_seconds(device_s).0;
                (self.0.time.pick(t_rx, device_ns), rest)
            }
            None if self.0.time == DeviceTime::Device => {
                return Err(DecodeError::Content("no time: `@` seconds".into()));
            }
            None => (t_rx, line),
        };
        out.give(t, reading(line)?);
        Ok(())
    }
}

/// The line without its checksum.
fn checked(line: &str, required: bool) -> Result<&str, DecodeError> {
    match line.rsplit_once('*') {
        Some((body, stated)) => {
            let sum = body.bytes().fold(0, |sum, b| sum ^ b);
            let right = stated.len() == 2 && u8::from_str_radix(stated, 16) == Ok(sum);
            right.then_some(body).ok_or(DecodeError::Checksum)
        }
        None if required => Err(DecodeError::Checksum),
        None => Ok(line),
    }
}

fn reading(line: &str) -> Result<Reading, DecodeError> {
    let mut words = line.split(',').map(str::trim_ascii);
    let kind = words.next().unwrap_or_default();
    let mut next = || words.next();
    let mut must =
        |what: &str| next().ok_or_else(|| DecodeError::Content(format!("{kind}: no {what}")));
    let reading = match kind {
        "range" => Reading::Range(Range {
            anchor: name(must("anchor")?, "anchor")?,
            range_m: number(must("distance")?, "distance")?,
            rx_power_dbm: maybe(next(), "received power")?,
            first_path_dbm: maybe(next(), "power of the first path")?,
        }),
        "tdoa" => Reading::RangeDifference(RangeDifference {
            anchor_a: name(must("reference")?, "reference")?,
            anchor_b: name(must("anchor")?, "anchor")?,
            difference_m: number(must("difference")?, "difference")?,
        }),
        "aoa" => Reading::Bearing(Bearing {
            anchor: name(must("anchor")?, "anchor")?,
            azimuth_rad: number(must("azimuth")?, "azimuth")?.to_radians(),
            elevation_rad: maybe(next(), "elevation")?.map(f64::to_radians),
        }),
        "rssi" => Reading::Rssi(Rssi {
            beacon: name(must("beacon")?, "beacon")?,
            rssi_dbm: number(must("power")?, "power")?,
            advertised_dbm: maybe(next(), "advertised power")?,
        }),
        "ticks" => {
            let (mut ticks, mut count, mut steering_ticks) = ([0; 4], 0, None);
            while let Some(word) = next() {
                match word.strip_prefix('s') {
                    Some(steering) => {
                        steering_ticks = Some(whole(steering, "steering counter")?);
                        break;
                    }
                    None => {
                        *ticks.get_mut(count).ok_or_else(wheels)? = whole(word, "counter")?;
                        count += 1;
                    }
                }
            }
            Reading::WheelTicks(WheelTicks {
                ticks: ticks
                    .get(..count)
                    .and_then(PerWheel::new)
                    .ok_or_else(wheels)?,
                steering_ticks,
            })
        }
        "speeds" => {
            let (mut speeds, mut count) = ([0.0; 4], 0);
            while let Some(word) = next() {
                *speeds.get_mut(count).ok_or_else(wheels)? = number(word, "speed")?;
                count += 1;
            }
            Reading::WheelSpeeds(WheelSpeeds {
                speeds_mps: speeds
                    .get(..count)
                    .and_then(PerWheel::new)
                    .ok_or_else(wheels)?,
            })
        }
        "twist" => Reading::Twist(Twist {
            forward_mps: number(must("speed")?, "speed")?,
            yaw_rate_radps: maybe(next(), "yaw rate")?.map(f64::to_radians),
        }),
        "step" => Reading::OdometryStep(OdometryStep {
            distance_m: number(must("distance")?, "distance")?,
            yaw_change_rad: maybe(next(), "change of heading")?.map(f64::to_radians),
        }),
        "steering" => Reading::Steering(Steering {
            angle_rad: number(must("angle")?, "angle")?.to_radians(),
        }),
        "yaw" => Reading::Yaw(Yaw {
            yaw_rad: number(must("heading")?, "heading")?.to_radians(),
            sigma_rad: maybe(next(), "sigma")?.map(f64::to_radians),
        }),
        "height" => Reading::Height(Height {
            height_m: number(must("height")?, "height")?,
        }),
        "pressure" => Reading::Pressure(Pressure {
            pressure_pa: number(must("pressure")?, "pressure")?,
        }),
        "position" => Reading::Position(Position {
            xy_m: [number(must("x")?, "x")?, number(must("y")?, "y")?],
            z_m: maybe(next(), "z")?,
            sigma_m: maybe(next(), "sigma")?,
        }),
        "passage" => Reading::Passage(Passage {
            portal: name(must("portal")?, "portal")?,
        }),
        other => {
            let start: alloc::string::String = other.chars().take(20).collect();
            return Err(DecodeError::Content(format!("unknown kind `{start}`")));
        }
    };
    match words.next() {
        None => Ok(reading),
        Some(_) => Err(DecodeError::Content(format!("{kind}: too many fields"))),
    }
}

fn wheels() -> DecodeError {
    DecodeError::Content("expected one to four wheels".into())
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::decoder::{Counters, Decoder, assert_splits};

    fn run(options: Options, text: &str) -> (Vec<crate::Sample>, Counters) {
        let make = || decoder(Name::from("x").unwrap(), options);
        let samples = assert_splits(make, text.as_bytes());
        let mut once = make();
        once.push(text.as_bytes(), Timestamp(0), &mut |_| ());
        once.finish(&mut |_| ());
        (samples, once.counters())
    }

    /// Each line beside the same reading in JSON, which the other generic form has tested.
    #[test]
    fn every_kind_of_line() {
        for (line, json) in [
            (
                "range,A1,3.204,-81.2,-85.0",
                r#"{"range":{"anchor":"A1","range_m":3.204,"rx_power_dbm":-81.2,"first_path_dbm":-85}}"#,
            ),
            (
                "range,A1,3.204",
                r#"{"range":{"anchor":"A1","range_m":3.204}}"#,
            ),
            (
                "range,A1,3.204,,-85",
                r#"{"range":{"anchor":"A1","range_m":3.204,"first_path_dbm":-85}}"#,
            ),
            (
                "tdoa,A1,A2,0.52",
                r#"{"range_difference":{"anchor_a":"A1","anchor_b":"A2","difference_m":0.52}}"#,
            ),
            (
                "aoa,A1,180,0",
                r#"{"bearing":{"anchor":"A1","azimuth_rad":3.141592653589793,"elevation_rad":0}}"#,
            ),
            ("rssi,B7,-71", r#"{"rssi":{"beacon":"B7","rssi_dbm":-71}}"#),
            (
                "range,24:0a:c4:9f:01:02,4.31,-58",
                r#"{"range":{"anchor":"24:0a:c4:9f:01:02","range_m":4.31,"rx_power_dbm":-58}}"#,
            ),
            (
                "rssi,00124B00F1E2D3C4,-63",
                r#"{"rssi":{"beacon":"00124B00F1E2D3C4","rssi_dbm":-63}}"#,
            ),
            (
                "ticks,1204,-1198,s2047",
                r#"{"wheel_ticks":{"ticks":[1204,-1198],"steering_ticks":2047}}"#,
            ),
            (
                "speeds,1.02,0.98",
                r#"{"wheel_speeds":{"speeds_mps":[1.02,0.98]}}"#,
            ),
            ("twist,1.0", r#"{"twist":{"forward_mps":1}}"#),
            (
                "step,0.052,180",
                r#"{"odometry_step":{"distance_m":0.052,"yaw_change_rad":3.141592653589793}}"#,
            ),
            (
                "steering,-180",
                r#"{"steering":{"angle_rad":-3.141592653589793}}"#,
            ),
            (
                "yaw,180,180",
                r#"{"yaw":{"yaw_rad":3.141592653589793,"sigma_rad":3.141592653589793}}"#,
            ),
            ("height,1.85", r#"{"height":{"height_m":1.85}}"#),
            ("pressure,101325", r#"{"pressure":{"pressure_pa":101325}}"#),
            (
                "position,12.3,4.5,,0.1",
                r#"{"position":{"xy_m":[12.3,4.5],"sigma_m":0.1}}"#,
            ),
            ("passage,P3", r#"{"passage":{"portal":"P3"}}"#),
        ] {
            let (samples, _) = run(Options::default(), line);
            let want: Reading = serde_json::from_str(json).unwrap();
            assert_eq!(samples[0].reading, want, "{line}");
        }
    }

    #[test]
    fn time_and_checksum() {
        let device = Options {
            time: DeviceTime::Device,
            checksum: false,
        };
        let (samples, counters) = run(device, "@12.5,height,1\nheight,2\n");
        assert_eq!((samples[0].t.0, counters.malformed), (12_500_000_000, 1));
        assert_eq!(
            run(Options::default(), "@12.5,height,1\n").0[0].t.0,
            1_000_000_000
        );

        let strict = Options {
            time: DeviceTime::Receive,
            checksum: true,
        };
        // 0x68^0x65^0x69^0x67^0x68^0x74^0x2C^0x31 = 0x02.
        let (samples, counters) = run(strict, "height,1*02\r\nheight,1*03\nheight,1\n");
        assert_eq!((samples.len(), counters.malformed), (1, 2));
        assert_eq!(
            run(Options::default(), "height,1*03\nheight,1\n")
                .1
                .malformed,
            1
        );
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        for line in [
            "noise",
            "range",
            "range,A1",
            "range,,3",
            "range,A1,x",
            "range,A1,3,4,5,6",
            "range,A1,inf",
            "ticks",
            "ticks,1,2,3,4,5",
            "ticks,1.5",
            "ticks,1,s2,3",
            "speeds,1,2,3,4,5",
            "@x,height,1",
            "@1e300,height,1",
            "height,1*",
            "passage,0123456789012345678901234567890123456789012345678",
        ] {
            assert_eq!(run(Options::default(), line).1.malformed, 1, "{line}");
        }
        let (samples, counters) = run(Options::default(), "# hello\n\nheight,1\nnoise\nheight,2");
        assert_eq!(
            (samples.len(), counters.ignored, counters.malformed),
            (2, 1, 1)
        );
    }
}
