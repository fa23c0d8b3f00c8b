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
use crate::framed::{Framed, Look, Protocol, sum8};
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
            Some(body) if sum8(body) == 0 => Look::Frame(whole),
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
mod tests;
