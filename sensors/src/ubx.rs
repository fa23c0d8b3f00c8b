//! u-blox UBX: position, velocity, heading of an antenna pair, and raw vehicle sensors.
//!
//! ```text
//! B5 62 | class | id | length u16 | payload | CK_A CK_B     (little-endian; 8-bit Fletcher from class on)
//! ```
//!
//! | message | becomes |
//! |---|---|
//! | NAV-PVT (01 07) | `gnss_position` (1e-7 deg, mm), `gnss_velocity` (mm/s, NED to ENU); the UTC of its epoch |
//! | NAV-COV (01 36) | the sigmas of the position and velocity of the same time of week |
//! | NAV-RELPOSNED (01 3C, version 1) | `yaw` of the base line, where its heading is valid |
//! | NAV-EOE (01 61) | the end of an epoch |
//! | ESF-MEAS (10 02) | `imu`, `wheel_ticks`, `twist` |
//!
//! After the interface descriptions of u-blox M8 to F9 (UBX-18010854, protocol 27). Sentences of
//! NMEA and messages of RTCM 3 on the same line are skipped, and counted as ignored like other UBX.
//!
//! Without NAV-COV the sigmas are hAcc/√2 east and north (hAcc is the distance's), vAcc up, and sAcc
//! of each velocity component, which is on the safe side. A position waits for its NAV-COV where the
//! epoch before had one. Fixes that the receiver dead-reckons, with or without satellites (types 1
//! and 4), are ignored, because the filter has those wheels itself.
//!
//! The single wheels of ESF-MEAS are given rear left, rear right, where both are there, otherwise
//! front left, front right. Its ticks are distances with a direction bit; they become counters that
//! run backwards with the wheel.

mod epoch;
mod vehicle;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::DecodeError;
use crate::framed::field::{u8, u16_le};
use crate::framed::{Framed, Look, Protocol};
use crate::nmea::TimeBase;
use crate::out::Out;
use crate::sample::Name;
use epoch::Epochs;
use vehicle::Vehicle;

/// Options of [`Ubx`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What a sample's time is.
    pub time: TimeBase,
    /// How the axes of an inertial sensor inside the receiver lie.
    pub axes: crate::axes::Axes,
}

/// The protocol; its decoder is `Framed<Ubx>`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, ubx};
/// let mut decoder = ubx::decoder(Name::from("gnss").unwrap(), ubx::Options::default());
/// decoder.push(&[0xB5, 0x62, 0x05, 0x01, 0x02, 0x00, 0x06, 0x01, 0x0F, 0x38], Timestamp(0), &mut |_| ());
/// assert_eq!(decoder.counters().ignored, 1, "an acknowledgement says nothing");
/// ```
#[derive(Clone, Debug)]
pub struct Ubx {
    epochs: Epochs,
    vehicle: Vehicle,
}

impl Ubx {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            epochs: Epochs::new(options.time),
            vehicle: Vehicle::new(options.axes),
        }
    }
}

/// A decoder of UBX whose samples have the name `source`.
#[must_use]
pub fn decoder(source: Name, options: Options) -> Framed<Ubx> {
    Framed::new(source, Ubx::new(options))
}

const HEAD: usize = 6;

impl Protocol for Ubx {
    /// The longest that navigation and raw data need is about 2 kB (RXM-RAWX of 64 signals).
    const LIMIT_BYTES: usize = 4096;

    fn look(&self, bytes: &[u8]) -> Look {
        match bytes {
            [0xB5] => Look::Need(2),
            [0xB5, 0x62, ..] if bytes.len() < HEAD => Look::Need(HEAD),
            [0xB5, 0x62, ..] => {
                let whole = HEAD + usize::from(u16_le(bytes, 4)) + 2;
                match bytes.get(2..whole) {
                    None => Look::Need(whole),
                    Some(body) => {
                        let (body, stated) = body.split_at(body.len() - 2);
                        match fletcher(body) == stated {
                            true => Look::Frame(whole),
                            false => Look::No(DecodeError::Checksum),
                        }
                    }
                }
            }
            [b'$' | b'!', ..] => sentence(bytes),
            [0xD3, ..] => rtcm(bytes),
            _ => Look::No(DecodeError::Framing),
        }
    }

    fn take(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let payload = match frame {
            [0xB5, ..] => frame.get(HEAD..frame.len() - 2).unwrap_or_default(),
            _ => {
                out.ignore();
                return Ok(());
            }
        };
        let epochs = &mut self.epochs;
        let used = match (u8(frame, 2), u8(frame, 3)) {
            (0x01, 0x07) if payload.len() >= 84 => epochs.solution(payload, t_rx, out),
            (0x01, 0x36) if payload.len() >= 64 => epochs.covariance(payload, out),
            (0x01, 0x3C) if payload.len() >= 64 => epochs.base_line(payload, t_rx, out),
            (0x01, 0x61) if payload.len() >= 4 => epochs.end(payload, out),
            (0x10, 0x02) if payload.len() >= 8 => self.vehicle.measured(payload, t_rx, epochs, out),
            _ => false,
        };
        if !used {
            out.ignore();
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        self.epochs.close(out);
    }
}

/// Two sums modulo 256: of the bytes, and of those sums (RFC 1145).
fn fletcher(bytes: &[u8]) -> [u8; 2] {
    // Sums in 32 bits stay exact for the longest message, and let the compiler go on.
    let (mut a, mut b) = (0_u32, 0_u32);
    for byte in bytes {
        a = a.wrapping_add(u32::from(*byte));
        b = b.wrapping_add(a);
    }
    [a as u8, b as u8]
}

/// NMEA 0183 up to its line feed.
fn sentence(bytes: &[u8]) -> Look {
    const LIMIT: usize = 256;
    let end = bytes
        .iter()
        .take(LIMIT)
        .position(|b| !(b' '..=b'~').contains(b));
    match end {
        None if bytes.len() < LIMIT => Look::Need(bytes.len() + 1),
        Some(at) if at >= 6 && bytes[at] == b'\n' => Look::Frame(at + 1),
        Some(at) if at >= 6 && bytes[at] == b'\r' => match bytes.get(at + 1) {
            None => Look::Need(at + 2),
            Some(b'\n') => Look::Frame(at + 2),
            Some(_) => Look::No(DecodeError::Framing),
        },
        _ => Look::No(DecodeError::Framing),
    }
}

/// RTCM 3: D3, six zero bits, ten bits of length, content, CRC-24Q.
fn rtcm(bytes: &[u8]) -> Look {
    let [_, high, low, ..] = bytes else {
        return match bytes {
            [_, high] if high & 0xFC != 0 => Look::No(DecodeError::Framing),
            _ => Look::Need(3),
        };
    };
    if high & 0xFC != 0 {
        return Look::No(DecodeError::Framing);
    }
    let content = 3 + (usize::from(*high) << 8 | usize::from(*low));
    match bytes.get(..content + 3) {
        None => Look::Need(content + 3),
        Some(whole) if crc24q(whole) == 0 => Look::Frame(content + 3),
        Some(_) => Look::No(DecodeError::Framing),
    }
}

/// Of a message with its CRC behind it: zero where it is right.
fn crc24q(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| {
            let carry = crc & 0x80_0000 != 0;
            (crc << 1 ^ if carry { 0x86_4CFB } else { 0 }) & 0xFF_FFFF
        })
    })
}

#[cfg(test)]
mod tests;
