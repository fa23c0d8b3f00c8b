//! Xsens (Movella) MTi: MTData2 messages of the Xbus protocol.
//!
//! ```text
//! FA | bus FF | message 36 | length u8, or FF and u16 | content | sum      bytes after FA sum to 0 modulo 256
//! content: packets of | data id u16 | length u8 | data |, big-endian
//! ```
//!
//! | data id | becomes |
//! |---|---|
//! | 8020, 8040 rate of turn [rad/s]; 4020, 4040 acceleration [m/s²] | `imu` |
//! | C020 magnetic field, in units of the field where it was calibrated | `magnetic_field` |
//! | 3010 pressure u32 [Pa] | `pressure` |
//! | 2010 quaternion | `yaw`, where the setup asks for it |
//! | 1060 fine sample time u32 [1e-4 s] | the device's time, unrolled |
//! | 1020 packet counter u16 | how many messages are missing |
//!
//! The lowest hexadecimal digit of an id tells how numbers are written: 0 single precision, 1 fixed
//! point 12.20, 2 fixed point 16.32, 3 double precision; plus 0 for an orientation in ENU, 4 in NED,
//! 8 in NWU. After "MT Low Level Communication Protocol Documentation" (MT0101P). The sensor's frame
//! is as printed on the case, usually FLU.

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::axes::Axes;
use crate::counter::{Sequence, Unrolled};
use crate::decoder::DecodeError;
use crate::framed::field::{bytes, f32_be, f64_be, u8, u16_be, u32_be};
use crate::framed::{Framed, Look, Protocol};
use crate::out::Out;
use crate::sample::{Imu, MagneticField, Name, Pressure, Reading, Yaw};
use crate::time::DeviceTime;
use crate::turn::heading_rad;

/// Options of [`Xsens`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How the device's axes lie.
    pub axes: Axes,
    /// What a sample's time is; the device's needs the fine sample time among the outputs.
    pub time: DeviceTime,
    /// The field where the magnetometer was calibrated [T], which is the device's unit.
    pub field_unit_tesla: f64,
    /// Whether to give the heading of its attitude; without a magnetometer it has no zero.
    pub yaw: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            axes: Axes::default(),
            time: DeviceTime::Receive,
            field_unit_tesla: 5e-5,
            yaw: false,
        }
    }
}

/// The protocol; its decoder is `Framed<Xsens>`.
#[derive(Clone, Debug)]
pub struct Xsens {
    options: Options,
    clock: Unrolled,
    sequence: Sequence,
}

/// A decoder whose samples have the name `source`.
#[must_use]
pub fn decoder(source: Name, options: Options) -> Framed<Xsens> {
    let protocol = Xsens {
        options,
        clock: Unrolled::new(32),
        sequence: Sequence::new(16),
    };
    Framed::new(source, protocol)
}

impl Protocol for Xsens {
    /// The protocol's own limit.
    const LIMIT_BYTES: usize = 2048 + 7;

    fn look(&self, bytes: &[u8]) -> Look {
        let (head, content) = match bytes {
            [0xFA] => return Look::Need(2),
            [0xFA, 0x01..=0xFF] | [0xFA, 0x01..=0xFF, _] => return Look::Need(4),
            [0xFA, 0x01..=0xFF, _, 0xFF] | [0xFA, 0x01..=0xFF, _, 0xFF, _] => return Look::Need(6),
            [0xFA, 0x01..=0xFF, _, 0xFF, ..] => (6, usize::from(u16_be(bytes, 4))),
            [0xFA, 0x01..=0xFF, _, length, ..] => (4, usize::from(*length)),
            _ => return Look::No(DecodeError::Framing),
        };
        let whole = head + content + 1;
        match bytes.get(1..whole) {
            None => Look::Need(whole),
            Some(body) if body.iter().fold(0_u8, |s, b| s.wrapping_add(*b)) == 0 => {
                Look::Frame(whole)
            }
            Some(_) => Look::No(DecodeError::Checksum),
        }
    }

    fn take(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        if u8(frame, 2) != 0x36 {
            out.ignore();
            return Ok(());
        }
        let head = if u8(frame, 3) == 0xFF { 6 } else { 4 };
        let content = frame.get(head..frame.len() - 1).unwrap_or_default();
        let mut got = Got::default();
        let mut rest = content;
        while !rest.is_empty() {
            let (id, length) = (u16_be(rest, 0), usize::from(u8(rest, 2)));
            let data = rest
                .get(3..3 + length)
                .ok_or_else(|| DecodeError::Content("a packet is cut short".into()))?;
            got.packet(id, data);
            rest = rest.get(3 + length..).unwrap_or_default();
        }
        if let Some(number) = got.counter {
            out.missing(self.sequence.missing(i64::from(number)));
        }
        let device_ns = got
            .fine_time
            .map(|fine| self.clock.at(i64::from(fine)).saturating_mul(100_000));
        let t = match (self.options.time, device_ns) {
            (DeviceTime::Device, None) => {
                out.ignore();
                return Ok(());
            }
            (time, device_ns) => time.pick(t_rx, device_ns.unwrap_or_default()),
        };
        self.give(&got, t, out);
        Ok(())
    }
}

impl Xsens {
    fn give(&self, got: &Got, t: Timestamp, out: &mut Out<'_>) {
        let turned = |v| self.options.axes.turned(v);
        let mut used = false;
        let mut give = |reading| {
            used = true;
            out.give(t, reading);
        };
        if let Some(rate) = got.rate_radps {
            give(Reading::Imu(Imu {
                gyro_radps: turned(rate),
                accel_mps2: got.force_mps2.map(turned),
            }));
        }
        if let Some(field) = got.field {
            let field_tesla = turned(field.map(|v| v * self.options.field_unit_tesla));
            give(Reading::MagneticField(MagneticField { field_tesla }));
        }
        if let Some(pressure_pa) = got.pressure_pa {
            give(Reading::Pressure(Pressure { pressure_pa }));
        }
        if let Some((wxyz, frame)) = got.attitude.filter(|_| self.options.yaw) {
            let angle_rad = heading_rad(wxyz, self.options.axes.forward());
            let quarter = core::f64::consts::FRAC_PI_2;
            let yaw_rad = match frame {
                // North-east-down: clockwise from north. North-west-up: counter-clockwise from north.
                4 => quarter - angle_rad,
                8 => quarter + angle_rad,
                _ => angle_rad,
            };
            give(Reading::Yaw(Yaw {
                yaw_rad: libm::remainder(yaw_rad, core::f64::consts::TAU),
                sigma_rad: None,
            }));
        }
        if !used {
            out.ignore();
        }
    }
}

/// What one message said.
#[derive(Default)]
struct Got {
    counter: Option<u16>,
    fine_time: Option<u32>,
    rate_radps: Option<[f64; 3]>,
    force_mps2: Option<[f64; 3]>,
    field: Option<[f64; 3]>,
    pressure_pa: Option<f64>,
    /// Quaternion, and which frame it is in.
    attitude: Option<([f64; 4], u16)>,
}

impl Got {
    /// One data packet; those of other ids, or of a length that isn't theirs, say nothing.
    fn packet(&mut self, id: u16, data: &[u8]) {
        match (id & 0xFFF0, data.len()) {
            (0x1020, 2) => self.counter = Some(u16_be(data, 0)),
            (0x1060, 4) => self.fine_time = Some(u32_be(data, 0)),
            (0x2010, _) => self.attitude = numbers(id, data).map(|q| (q, id & 0xC)),
            (0x3010, 4) => self.pressure_pa = Some(f64::from(u32_be(data, 0))),
            // The rate at which they were taken is high where the id has a 4; either will do.
            (0x4020 | 0x4040, _) => self.force_mps2 = numbers(id, data).or(self.force_mps2),
            (0x8020 | 0x8040, _) => self.rate_radps = numbers(id, data).or(self.rate_radps),
            (0xC020, _) => self.field = numbers(id, data),
            _ => {}
        }
    }
}

/// `N` numbers in the format that the id tells.
fn numbers<const N: usize>(id: u16, data: &[u8]) -> Option<[f64; N]> {
    let (width, number): (usize, fn(&[u8]) -> f64) = match id & 3 {
        0 => (4, |b| f64::from(f32_be(b, 0))),
        1 => (4, |b| f64::from(u32_be(b, 0).cast_signed()) / 1_048_576.0),
        // The fraction comes before the integer.
        2 => (6, |b| {
            let whole = i16::from_be_bytes(bytes(b, 4));
            f64::from(whole) + f64::from(u32_be(b, 0)) / 4_294_967_296.0
        }),
        _ => (8, |b| f64_be(b, 0)),
    };
    if data.len() != N * width {
        return None;
    }
    let mut values = [0.0; N];
    for (value, bytes) in values.iter_mut().zip(data.chunks_exact(width)) {
        *value = number(bytes);
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::decoder::{Counters, Decoder, assert_splits};

    /// A message of an MTi-630 as captured: quaternion, fine time, status word, packet counter.
    const CAPTURED: [u8; 43] = [
        0xFA, 0xFF, 0x36, 0x26, 0x20, 0x10, 0x10, 0x3E, 0xFC, 0x23, 0x42, 0x3F, 0x00, 0xE0, 0x28,
        0xBF, 0x01, 0x8F, 0xA7, 0x3E, 0xFE, 0xEE, 0xB1, 0x10, 0x60, 0x04, 0x00, 0x0A, 0xF8, 0x4C,
        0xE0, 0x20, 0x04, 0x00, 0x00, 0x00, 0x02, 0x10, 0x20, 0x02, 0x1B, 0xC5, 0xD4,
    ];

    /// Built by hand from the document.
    fn message(packets: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut content = Vec::new();
        for (id, data) in packets {
            content.extend(id.to_be_bytes());
            content.push(data.len() as u8);
            content.extend(data);
        }
        let mut frame = Vec::from([0xFA, 0xFF, 0x36]);
        match u8::try_from(content.len()) {
            Ok(n) if n < 255 => frame.push(n),
            _ => {
                frame.push(0xFF);
                frame.extend((content.len() as u16).to_be_bytes());
            }
        }
        frame.extend(content);
        let sum: u32 = frame[1..].iter().map(|b| u32::from(*b)).sum();
        frame.push((256 - sum % 256) as u8);
        frame
    }

    fn singles(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_be_bytes()).collect()
    }

    fn inertial(number: u16, fine: u32) -> Vec<u8> {
        message(&[
            (0x1020, number.to_be_bytes().to_vec()),
            (0x1060, fine.to_be_bytes().to_vec()),
            (0x4020, singles(&[0.5, -0.25, 9.75])),
            (0x8020, singles(&[0.125, 0.0, -1.0])),
            (0xC020, singles(&[0.5, 0.0, -0.75])),
            (0x3010, 101_325_u32.to_be_bytes().to_vec()),
        ])
    }

    fn run(options: Options, bytes: &[u8]) -> (Vec<crate::Sample>, Counters) {
        let make = || decoder(Name::from("imu").unwrap(), options);
        let samples = assert_splits(make, bytes);
        let mut once = make();
        once.push(bytes, Timestamp(0), &mut |_| ());
        once.finish(&mut |_| ());
        (samples, once.counters())
    }

    #[test]
    fn a_message_as_captured() {
        let options = Options {
            yaw: true,
            time: DeviceTime::Device,
            ..Options::default()
        };
        let (samples, _) = run(options, &CAPTURED);
        let Reading::Yaw(yaw) = samples[0].reading else {
            panic!()
        };
        // 0x000AF84C = 718924 ticks of 0.1 ms.
        assert_eq!(samples[0].t.0, 71_892_400_000);
        // Quaternion (0.49246, 0.50342, -0.50610, 0.49791): atan2(2(xy + wz), ww + xx - yy - zz).
        let [w, x, y, z] = [0.49246, 0.50342, -0.50610, 0.49791_f64];
        let expected = (2.0 * (x * y + w * z)).atan2(w * w + x * x - y * y - z * z);
        assert!((yaw.yaw_rad - expected).abs() < 1e-2, "{yaw:?} {expected}");
        assert_eq!(run(Options::default(), &CAPTURED).1.ignored, 1);
    }

    #[test]
    fn inertial_magnetic_and_pressure() {
        let (samples, counters) = run(Options::default(), &inertial(1, 0));
        let [imu, field, pressure] = samples[..] else {
            panic!("{samples:?}")
        };
        let Reading::Imu(imu) = imu.reading else {
            panic!()
        };
        assert_eq!(imu.gyro_radps, [0.125, 0.0, -1.0]);
        assert_eq!(imu.accel_mps2, Some([0.5, -0.25, 9.75]));
        let Reading::MagneticField(field) = field.reading else {
            panic!()
        };
        assert!((field.field_tesla[2] + 3.75e-5).abs() < 1e-15);
        let Reading::Pressure(pressure) = pressure.reading else {
            panic!()
        };
        assert_eq!(pressure.pressure_pa, 101_325.0);
        assert_eq!(counters.malformed, 0);
    }

    #[test]
    fn numbers_of_all_formats() {
        let fixed = |v: f64| ((v * 1_048_576.0) as i32).to_be_bytes();
        let long = |v: f64| {
            let all = (v * 4_294_967_296.0) as i64;
            let mut bytes = (all as u32).to_be_bytes().to_vec();
            bytes.extend(((all >> 32) as i16).to_be_bytes());
            bytes
        };
        let values = [0.5, -1.25, 3.0];
        for (digit, data) in [
            (
                0,
                values
                    .iter()
                    .flat_map(|v| (*v as f32).to_be_bytes())
                    .collect(),
            ),
            (1, values.iter().flat_map(|v| fixed(*v)).collect()),
            (2, values.iter().flat_map(|v| long(*v)).collect()),
            (
                3,
                values
                    .iter()
                    .flat_map(|v| v.to_be_bytes())
                    .collect::<Vec<u8>>(),
            ),
        ] {
            let (samples, _) = run(Options::default(), &message(&[(0x8020 | digit, data)]));
            let Reading::Imu(imu) = samples[0].reading else {
                panic!()
            };
            assert_eq!(imu.gyro_radps, values, "{digit}");
        }
    }

    #[test]
    fn headings_of_all_frames() {
        // A third of a turn about z, device upright; in NED the device's z points down, too.
        let half = 30_f32.to_radians();
        let q = singles(&[half.cos(), 0.0, 0.0, half.sin()]);
        let options = Options {
            yaw: true,
            ..Options::default()
        };
        for (digit, yaw_deg) in [(0, 60.0), (4, 30.0), (8, 150.0)] {
            let (samples, _) = run(options, &message(&[(0x2010 | digit, q.clone())]));
            let Reading::Yaw(yaw) = samples[0].reading else {
                panic!()
            };
            assert!(
                (yaw.yaw_rad.to_degrees() - yaw_deg).abs() < 1e-4,
                "{digit}: {yaw:?}"
            );
        }
    }

    #[test]
    fn missing_messages_and_the_end_of_the_clock() {
        let options = Options {
            time: DeviceTime::Device,
            ..Options::default()
        };
        let bytes = [inertial(65_534, u32::MAX - 9), inertial(2, 30)].concat();
        let (samples, counters) = run(options, &bytes);
        assert_eq!(counters.missing, 3);
        assert_eq!(samples[3].t.0 - samples[0].t.0, 4_000_000);
    }

    #[test]
    fn garbage_is_counted_and_long_messages_are_read() {
        let long = message(&[
            (0x8020, singles(&[1.0, 2.0, 3.0])),
            (0xE010, Vec::from([0; 200])),
            (0xE010, Vec::from([0; 200])),
        ]);
        let mut hit = inertial(1, 0);
        hit[20] ^= 1;
        let acknowledge = [0xFA, 0xFF, 0x31, 0x00, 0xD0];
        let bytes = [b"noise", &long[..], &hit, &acknowledge, &long, b"\xFA\xFF"].concat();
        let (samples, counters) = run(Options::default(), &bytes);
        assert_eq!(
            (samples.len(), counters.malformed, counters.ignored),
            (2, 3, 1)
        );
        // Content that ends within a packet.
        let cut = message(&[
            (0x8020, singles(&[1.0, 2.0, 3.0])),
            (0x1020, Vec::from([1])),
        ]);
        let mut cut = cut[..cut.len() - 2].to_vec();
        cut[3] -= 1;
        let sum: u32 = cut[1..].iter().map(|b| u32::from(*b)).sum();
        cut.push((256 - sum % 256) as u8);
        assert_eq!(run(Options::default(), &cut).1.malformed, 1);
    }
}
