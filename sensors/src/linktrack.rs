//! Nooploop LinkTrack tags and nodes in the local (LP) and distributed (DR) modes: ranges with the
//! radio's own evidence.
//!
//! ```text
//! 55 04 | length u16 | role, id u8 | system time u32 [ms] | ... | count u8 | count nodes | sum      Node_Frame2
//!   node: role, id u8 | distance i24 [mm] | first path, received u8 [-0.5 dBm] | time u32 | 2 bytes
//! 55 01 | id, role u8 | position 3 x i24 [mm] | velocity 3 x i24 | distances 8 x i24 [mm] | ... | sum   Tag_Frame0, 128 bytes
//! ```
//! Little-endian; the sum is that of all bytes before it, modulo 256. After the "LinkTrack Datasheet"
//! and the unpacking code that the maker publishes. Rate [rad/s] and specific force [m/s²] of the
//! built-in inertial sensor come in both frames, as single-precision numbers; they are given where
//! the setup asks for them, not where the module has no such sensor and sends zeros.
//!
//! Anchors are named by their id in decimal, `A` before it: `A0`, `A1`; tags and other nodes `T` and
//! `N`.

use alloc::format;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::axes::Axes;
use crate::counter::Unrolled;
use crate::decoder::DecodeError;
use crate::dwm1001::Give;
use crate::framed::field::{f32_le, i24_le, three, u8, u16_le, u32_le};
use crate::framed::{Framed, Look, Protocol, sum8};
use crate::lined::field;
use crate::out::Out;
use crate::sample::{Imu, Name, Position, Range, Reading};
use crate::time::DeviceTime;

/// Options of [`LinkTrack`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Ranges, or the position that the network makes of them.
    pub give: Give,
    /// What a sample's time is; the device's is the network's clock.
    pub time: DeviceTime,
    /// Whether to take the inertial sensor.
    pub imu: bool,
    /// How its axes lie.
    pub axes: Axes,
}

/// The protocol; its decoder is `Framed<LinkTrack>`.
#[derive(Clone, Debug)]
pub struct LinkTrack {
    options: Options,
    clock: Unrolled,
}

/// A decoder whose samples have the name `source`.
#[must_use]
pub fn decoder(source: Name, options: Options) -> Framed<LinkTrack> {
    let protocol = LinkTrack {
        options,
        clock: Unrolled::new(32),
    };
    Framed::new(source, protocol)
}

const TAG_FRAME_BYTES: usize = 128;
/// Of Node_Frame2, up to the count of nodes and with it.
const NODE_HEAD_BYTES: usize = 119;
const NODE_BYTES: usize = 13;

impl Protocol for LinkTrack {
    const LIMIT_BYTES: usize = NODE_HEAD_BYTES + 255 * NODE_BYTES + 1;

    fn look(&self, bytes: &[u8]) -> Look {
        let length = match bytes {
            [0x55] => return Look::Need(2),
            [0x55, 0x01, ..] => TAG_FRAME_BYTES,
            // Other frames of the maker have the same head: their sum tells them from garbage.
            [0x55, 0x00 | 0x02..=0x09, ..] if bytes.len() < 4 => return Look::Need(4),
            [0x55, 0x00, ..] => 896,
            [0x55, 0x02..=0x09, ..] => usize::from(u16_le(bytes, 2)),
            _ => return Look::No(DecodeError::Framing),
        };
        if !(8..=Self::LIMIT_BYTES).contains(&length) {
            return Look::No(DecodeError::Framing);
        }
        match bytes.get(..length).and_then(|frame| frame.split_last()) {
            None => Look::Need(length),
            Some((sum, body)) => match sum8(body) == *sum {
                true => Look::Frame(length),
                false => Look::No(DecodeError::Checksum),
            },
        }
    }

    fn take(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        match u8(frame, 1) {
            0x01 => self.tag_frame(frame, t_rx, out),
            0x04 => self.node_frame(frame, t_rx, out),
            _ => {
                out.ignore();
                Ok(())
            }
        }
    }
}

impl LinkTrack {
    fn tag_frame(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let t = self.time(u32_le(frame, 112), t_rx);
        for slot in 0..8 {
            // No distance to this anchor: nought.
            let mm = i24_le(frame, 22 + 3 * slot);
            if mm > 0 && self.options.give == Give::Ranges {
                let reading = Range {
                    anchor: field::name(&format!("A{slot}"), "anchor")?,
                    range_m: f64::from(mm) * 1e-3,
                    rx_power_dbm: None,
                    first_path_dbm: None,
                };
                out.give(t, Reading::Range(reading));
            }
        }
        self.position(frame, 4, t, [117, 118, 119], out);
        self.imu(frame, 46, t, out);
        Ok(())
    }

    fn node_frame(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let count = usize::from(u8(frame, NODE_HEAD_BYTES - 1));
        if frame.len() != NODE_HEAD_BYTES + count * NODE_BYTES + 1 {
            return Err(DecodeError::Content("nodes and length differ".into()));
        }
        let t = self.time(u32_le(frame, 6), t_rx);
        let nodes = frame.get(NODE_HEAD_BYTES..).unwrap_or_default();
        for node in nodes.chunks_exact(NODE_BYTES).take(count) {
            if self.options.give != Give::Ranges {
                break;
            }
            let letter = match u8(node, 0) {
                1 => 'A',
                2 => 'T',
                _ => 'N',
            };
            let [first_path_dbm, rx_power_dbm] = [5, 6].map(|at| match u8(node, at) {
                0 => None,
                half_db => Some(f64::from(half_db) * -0.5),
            });
            let reading = Range {
                anchor: field::name(&format!("{letter}{}", u8(node, 1)), "anchor")?,
                range_m: f64::from(i24_le(node, 2)) * 1e-3,
                rx_power_dbm,
                first_path_dbm,
            };
            out.give(t, Reading::Range(reading));
        }
        self.position(frame, 13, t, [10, 11, 12], out);
        self.imu(frame, 40, t, out);
        Ok(())
    }

    fn time(&mut self, clock_ms: u32, t_rx: Timestamp) -> Timestamp {
        let ms = self.clock.at(i64::from(clock_ms));
        self.options.time.pick(t_rx, ms.saturating_mul(1_000_000))
    }

    /// Position by the network, and its stated precision [cm], of which 255 is "none".
    fn position(&self, frame: &[u8], at: usize, t: Timestamp, eop: [usize; 3], out: &mut Out<'_>) {
        if self.options.give != Give::Position {
            return;
        }
        let [x, y, z] = three(frame, at, 3, i24_le).map(|mm| f64::from(mm) * 1e-3);
        let [sigma_x, sigma_y, sigma_z] = eop.map(|at| u8(frame, at));
        if sigma_x == u8::MAX || sigma_y == u8::MAX {
            out.ignore();
            return;
        }
        let sigma_m = f64::from(sigma_x.max(sigma_y)) * 0.01;
        let reading = Position {
            xy_m: [x, y],
            z_m: (sigma_z != u8::MAX).then_some(z),
            sigma_m: (sigma_m > 0.0).then_some(sigma_m),
        };
        out.give(t, Reading::Position(reading));
    }

    fn imu(&self, frame: &[u8], at: usize, t: Timestamp, out: &mut Out<'_>) {
        if self.options.imu {
            let turned = |at| {
                let device = three(frame, at, 4, f32_le).map(f64::from);
                self.options.axes.turned(device)
            };
            let reading = Imu {
                gyro_radps: turned(at),
                accel_mps2: Some(turned(at + 12)),
            };
            out.give(t, Reading::Imu(reading));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::decoder::{Decoder, assert_splits};

    fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
        frame[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn summed(mut frame: Vec<u8>) -> Vec<u8> {
        let sum: u32 = frame.iter().map(|b| u32::from(*b)).sum();
        frame.push((sum % 256) as u8);
        frame
    }

    /// Built by hand from the published layout: two anchors and a tag.
    fn node_frame(clock_ms: u32) -> Vec<u8> {
        let mut frame = Vec::from([0; NODE_HEAD_BYTES]);
        put(&mut frame, 0, &[0x55, 0x04, 159, 0, 2, 7]);
        put(&mut frame, 6, &clock_ms.to_le_bytes());
        put(&mut frame, 10, &[10, 20, 255]);
        put(&mut frame, 13, &[0xE8, 0x03, 0, 0x18, 0xFC, 0xFF, 0, 0, 0]);
        put(&mut frame, 40, &0.5_f32.to_le_bytes());
        put(&mut frame, 60, &9.75_f32.to_le_bytes());
        frame[118] = 3;
        for (role, id, mm, first, received) in [
            (1, 0, 3204, 170, 162),
            (1, 12, 70_000, 200, 180),
            (2, 3, 1, 0, 0),
        ] {
            let [a, b, c, _] = i32::to_le_bytes(mm);
            frame.extend([role, id, a, b, c, first, received, 0, 0, 0, 0, 0, 0]);
        }
        summed(frame)
    }

    fn tag_frame() -> Vec<u8> {
        let mut frame = Vec::from([0; TAG_FRAME_BYTES - 1]);
        put(&mut frame, 0, &[0x55, 0x01, 7, 2, 0xE8, 0x03, 0]);
        put(&mut frame, 22, &[0x84, 0x0C, 0, 0, 0, 0, 0x10, 0x27, 0]);
        put(&mut frame, 112, &5000_u32.to_le_bytes());
        put(&mut frame, 117, &[3, 4, 5]);
        summed(frame)
    }

    fn readings(options: Options, bytes: &[u8]) -> Vec<Reading> {
        let make = || decoder(Name::from("uwb").unwrap(), options);
        assert_splits(make, bytes)
            .iter()
            .map(|s| s.reading)
            .collect()
    }

    #[test]
    fn ranges_carry_the_radio_s_evidence() {
        let got: Vec<_> = readings(Options::default(), &node_frame(1))
            .iter()
            .map(|r| match r {
                Reading::Range(r) => (r.anchor, r.range_m, r.first_path_dbm, r.rx_power_dbm),
                other => panic!("{other:?}"),
            })
            .collect();
        let name = |text| Name::from(text).unwrap();
        assert_eq!(
            got,
            [
                (name("A0"), 3.204, Some(-85.0), Some(-81.0)),
                (name("A12"), 70.0, Some(-100.0), Some(-90.0)),
                (name("T3"), 0.001, None, None),
            ]
        );
        let got: Vec<_> = readings(Options::default(), &tag_frame())
            .iter()
            .map(|r| match r {
                Reading::Range(r) => (r.anchor, r.range_m),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(got, [(name("A0"), 3.204), (name("A2"), 10.0)]);
    }

    #[test]
    fn position_and_inertial_sensor_where_asked_for() {
        let options = Options {
            give: Give::Position,
            imu: true,
            axes: Axes::parse("y,-x,z").unwrap(),
            ..Options::default()
        };
        let [Reading::Position(p), Reading::Imu(imu)] = readings(options, &node_frame(1))[..]
        else {
            panic!()
        };
        assert_eq!((p.xy_m, p.z_m, p.sigma_m), ([1.0, -1.0], None, Some(0.2)));
        assert_eq!(imu.gyro_radps, [0.0, -0.5, 0.0]);
        assert_eq!(imu.accel_mps2, Some([0.0, -0.0, 9.75]));
        let [Reading::Position(p), _] = readings(options, &tag_frame())[..] else {
            panic!()
        };
        assert_eq!((p.z_m, p.sigma_m), (Some(0.0), Some(0.04)));
    }

    #[test]
    fn the_network_s_clock_is_unrolled() {
        let options = Options {
            time: DeviceTime::Device,
            ..Options::default()
        };
        let bytes = [node_frame(u32::MAX), node_frame(9)].concat();
        let make = || decoder(Name::from("uwb").unwrap(), options);
        let times: Vec<i64> = assert_splits(make, &bytes).iter().map(|s| s.t.0).collect();
        assert_eq!(times[3] - times[0], 10_000_000);
    }

    #[test]
    fn garbage_is_counted_and_other_frames_are_ignored() {
        let mut hit = node_frame(1);
        hit[40] ^= 1;
        let other = summed(Vec::from([0x55, 0x05, 10, 0, 1, 2, 3, 4, 5]));
        let bytes = [
            b"noise",
            &node_frame(1)[..],
            &hit,
            &other,
            &tag_frame(),
            b"\x55",
        ]
        .concat();
        let mut decoder = decoder(Name::from("uwb").unwrap(), Options::default());
        decoder.push(&bytes, Timestamp(0), &mut |_| ());
        decoder.finish(&mut |_| ());
        let got = decoder.counters();
        assert_eq!((got.samples, got.malformed, got.ignored), (5, 3, 1));
        assert_eq!(readings(Options::default(), &bytes).len(), 5);
    }
}
