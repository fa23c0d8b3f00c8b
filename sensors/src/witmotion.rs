//! WitMotion inertial sensors (WT901, HWT905, JY61 ...): rate, force, field, pressure, heading.
//!
//! ```text
//! 55 | type u8 | four i16 little-endian | sum of the ten bytes before, modulo 256
//! 50   YY MM DD hh mm ss, milliseconds u16      51   force x y z [16 g / 32768], temperature
//! 52   rate x y z [2000 deg/s / 32768]          53   roll pitch yaw [180 deg / 32768], version
//! 54   field x y z [counts], temperature        56   pressure i32 [Pa], height i32 [cm]
//! 59   quaternion w x y z [1 / 32768]
//! ```
//! After the maker's "Standard Communication Protocol". A rate takes the force that came before it;
//! its full scale, that of the force, and what a count of the field is differ between types, so they
//! are options. The sensor's own frame is x right, y forward, z up; its heading is that of its x axis,
//! counter-clockwise from east, and is taken only where the setup asks for it, because without a
//! magnetometer it has no zero.

use alloc::format;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::axes::Axes;
use crate::decoder::DecodeError;
use crate::framed::field::{i16_le, i32_le, three, u8, u16_le};
use crate::framed::{Framed, Look, Protocol, sum8};
use crate::out::Out;
use crate::sample::{Imu, MagneticField, Name, Pressure, Reading, Yaw};
use crate::time::DeviceTime;
use crate::turn::heading_rad;

/// Standard gravity [m/s²].
const G_MPS2: f64 = 9.806_65;
const FULL_SCALE: f64 = 32768.0;
const FRAME_BYTES: usize = 11;

/// Options of [`WitMotion`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How the device's axes lie.
    pub axes: Axes,
    /// What a sample's time is; the device's is its calendar, which it must send (type 50).
    pub time: DeviceTime,
    /// Full scale of the rate [deg/s].
    pub gyro_range_degps: f64,
    /// Full scale of the force, in standard gravities.
    pub accel_range_g: f64,
    /// What a count of the field is [T]: a milligauss, unless the data sheet says otherwise.
    pub field_tesla_per_count: f64,
    /// Where the heading comes from.
    pub yaw: Heading,
}

/// Where a heading is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// None is given.
    #[default]
    None,
    /// The third Euler angle.
    Angle,
    /// The quaternion.
    Quaternion,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            axes: Axes::default(),
            time: DeviceTime::Receive,
            gyro_range_degps: 2000.0,
            accel_range_g: 16.0,
            field_tesla_per_count: 1e-7,
            yaw: Heading::None,
        }
    }
}

/// The protocol; its decoder is `Framed<WitMotion>`.
#[derive(Clone, Debug)]
pub struct WitMotion {
    options: Options,
    /// The force that the next rate takes [m/s²].
    force: Option<[f64; 3]>,
    /// The device's calendar as unix time [ns].
    clock_ns: Option<i64>,
}

/// A decoder whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, witmotion};
/// let mut decoder = witmotion::decoder(Name::from("imu").unwrap(), witmotion::Options::default());
/// decoder.push(&[0x55, 0x52, 0, 0x40, 0, 0, 0, 0, 0, 0, 0xE7], Timestamp(0), &mut |_| ());
/// assert_eq!(decoder.counters().samples, 1);
/// ```
#[must_use]
pub fn decoder(source: Name, options: Options) -> Framed<WitMotion> {
    let protocol = WitMotion {
        options,
        force: None,
        clock_ns: None,
    };
    Framed::new(source, protocol)
}

impl Protocol for WitMotion {
    const LIMIT_BYTES: usize = FRAME_BYTES;

    fn look(&self, bytes: &[u8]) -> Look {
        match bytes {
            [0x55] => Look::Need(2),
            [0x55, 0x50..=0x5F, ..] => match bytes.get(..FRAME_BYTES) {
                None => Look::Need(FRAME_BYTES),
                Some(frame) => {
                    let sum = sum8(&frame[..FRAME_BYTES - 1]);
                    match sum == frame[FRAME_BYTES - 1] {
                        true => Look::Frame(FRAME_BYTES),
                        false => Look::No(DecodeError::Checksum),
                    }
                }
            },
            _ => Look::No(DecodeError::Framing),
        }
    }

    fn take(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let options = self.options;
        let scaled = |scale: f64| three(frame, 2, 2, i16_le).map(|v| f64::from(v) * scale);
        let reading = match u8(frame, 1) {
            0x50 => {
                self.clock_ns = Some(calendar_ns(frame).ok_or_else(|| {
                    DecodeError::Content(format!("no date: {:?}", frame.get(2..8)))
                })?);
                return Ok(());
            }
            0x51 => {
                let force = scaled(options.accel_range_g * G_MPS2 / FULL_SCALE);
                self.force = Some(options.axes.turned(force));
                return Ok(());
            }
            0x52 => {
                let rate = scaled(options.gyro_range_degps.to_radians() / FULL_SCALE);
                Reading::Imu(Imu {
                    gyro_radps: options.axes.turned(rate),
                    accel_mps2: self.force.take(),
                })
            }
            0x53 if options.yaw == Heading::Angle => {
                let turn = scaled(core::f64::consts::PI / FULL_SCALE);
                Reading::Yaw(Yaw {
                    yaw_rad: turn[2],
                    sigma_rad: None,
                })
            }
            0x54 => Reading::MagneticField(MagneticField {
                field_tesla: options.axes.turned(scaled(options.field_tesla_per_count)),
            }),
            0x56 => Reading::Pressure(Pressure {
                pressure_pa: f64::from(i32_le(frame, 2)),
            }),
            0x59 if options.yaw == Heading::Quaternion => {
                let wxyz = [0, 1, 2, 3].map(|i| f64::from(i16_le(frame, 2 + 2 * i)) / FULL_SCALE);
                Reading::Yaw(Yaw {
                    yaw_rad: heading_rad(wxyz, options.axes.forward()),
                    sigma_rad: None,
                })
            }
            _ => {
                out.ignore();
                return Ok(());
            }
        };
        match (options.time, self.clock_ns) {
            (DeviceTime::Device, None) => out.ignore(),
            (time, clock_ns) => out.give(time.pick(t_rx, clock_ns.unwrap_or_default()), reading),
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Out<'_>) {
        self.force = None;
        self.clock_ns = None;
    }
}

/// The time of a frame of type 50 as unix time [ns].
fn calendar_ns(frame: &[u8]) -> Option<i64> {
    let [year, month, day, hour, minute, second] =
        [2, 3, 4, 5, 6, 7].map(|at| u32::from(u8(frame, at)));
    chrono::NaiveDate::from_ymd_opt(2000 + year.cast_signed(), month, day)?
        .and_hms_milli_opt(hour, minute, second, u32::from(u16_le(frame, 8)))?
        .and_utc()
        .timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::decoder::{Decoder, assert_splits};

    /// Built by hand from the protocol's table.
    fn frame(kind: u8, words: [i16; 4]) -> Vec<u8> {
        let mut frame = Vec::from([0x55, kind]);
        frame.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        let sum: u32 = frame.iter().map(|b| u32::from(*b)).sum();
        frame.push((sum % 256) as u8);
        frame
    }

    fn run(options: Options, bytes: &[u8]) -> Vec<crate::Sample> {
        assert_splits(|| decoder(Name::from("imu").unwrap(), options), bytes)
    }

    fn cycle() -> Vec<u8> {
        // 2024-06-01 12:30:15.250.
        let clock = [0x0618, 0x0C01, 0x0F1E, 250];
        [
            frame(0x50, clock),
            frame(0x51, [0, -1024, 2048, 2500]),
            frame(0x52, [16384, 0, -8192, 2500]),
            frame(0x53, [0, 0, 16384, 0]),
            frame(0x54, [200, -100, 450, 2500]),
            frame(0x59, [23170, 0, 0, 23170]),
        ]
        .concat()
    }

    #[test]
    fn a_cycle_of_frames() {
        let options = Options {
            yaw: Heading::Quaternion,
            time: DeviceTime::Device,
            ..Options::default()
        };
        let samples = run(options, &cycle());
        let [imu, field, yaw] = samples[..] else {
            panic!("{samples:?}")
        };
        assert_eq!(imu.t.0, 1_717_245_015_250_000_000);
        let Reading::Imu(imu) = imu.reading else {
            panic!()
        };
        assert_eq!(imu.accel_mps2, Some([0.0, -0.5 * G_MPS2, G_MPS2]));
        let rate = imu.gyro_radps.map(f64::to_degrees);
        assert!((rate[0] - 1000.0).abs() < 1e-9 && (rate[2] + 500.0).abs() < 1e-9);
        let Reading::MagneticField(field) = field.reading else {
            panic!()
        };
        assert!((field.field_tesla[2] - 45e-6).abs() < 1e-15);
        let Reading::Yaw(yaw) = yaw.reading else {
            panic!()
        };
        assert!((yaw.yaw_rad.to_degrees() - 90.0).abs() < 1e-9);

        // A force is used once; without a calendar there is no device time.
        let rates = [
            frame(0x51, [0; 4]),
            frame(0x52, [0; 4]),
            frame(0x52, [0; 4]),
        ]
        .concat();
        let forces: Vec<bool> = run(Options::default(), &rates)
            .iter()
            .map(|s| matches!(s.reading, Reading::Imu(imu) if imu.accel_mps2.is_some()))
            .collect();
        assert_eq!(forces, [true, false]);
        assert_eq!(run(options, &rates), []);
    }

    #[test]
    fn axes_are_turned_and_the_angle_is_a_heading() {
        let options = Options {
            axes: Axes::parse("y,-x,z").unwrap(),
            yaw: Heading::Angle,
            ..Options::default()
        };
        let samples = run(options, &cycle());
        let Reading::Imu(imu) = samples[0].reading else {
            panic!()
        };
        assert_eq!(imu.accel_mps2, Some([-0.5 * G_MPS2, -0.0, G_MPS2]));
        let Reading::Yaw(yaw) = samples[1].reading else {
            panic!()
        };
        assert!((yaw.yaw_rad.to_degrees() - 90.0).abs() < 1e-9);
    }

    #[test]
    fn garbage_is_counted() {
        let mut hit = frame(0x52, [1, 2, 3, 4]);
        hit[4] ^= 1;
        let bytes = [
            b"noise",
            &cycle()[..],
            &hit,
            &frame(0x56, [-16, 0, 0, 0]),
            b"\x55\x51",
        ]
        .concat();
        let mut decoder = decoder(Name::from("imu").unwrap(), Options::default());
        decoder.push(&bytes, Timestamp(0), &mut |_| ());
        decoder.finish(&mut |_| ());
        let got = decoder.counters();
        // Angle and quaternion are not asked for.
        assert_eq!((got.samples, got.malformed, got.ignored), (3, 3, 2));
        run(Options::default(), &bytes);
    }
}
