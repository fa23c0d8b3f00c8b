//! ESF-MEAS: what a receiver for vehicles hears of its wheels and of its inertial sensor.

use wayfix_filter::Timestamp;

use super::epoch::Epochs;
use crate::axes::Axes;
use crate::counter::Unrolled;
use crate::framed::field::{u16_le, u32_le};
use crate::out::Out;
use crate::sample::{Imu, PerWheel, Reading, Twist, WheelTicks};

/// Acceleration and rate come in messages of their own; those of one instant differ by less [ms].
const TOGETHER_MS: u32 = 20;

/// Data types of ESF-MEAS: three axes of rate and of acceleration.
const RATE_XYZ: [u8; 3] = [14, 13, 5];
const FORCE_XYZ: [u8; 3] = [16, 17, 18];
const WHEELS_REAR: [u8; 2] = [8, 9];
const WHEELS_FRONT: [u8; 2] = [6, 7];
const SINGLE_TICK: u8 = 10;
const SPEED: u8 = 11;

/// A wheel's ticks so far.
#[derive(Clone, Copy, Debug)]
struct Wheel {
    counter: Unrolled,
    last: Option<i64>,
    total: i64,
}

impl Wheel {
    /// 23 bits that count up whichever way the wheel turns, and a bit that is set backwards.
    fn at(&mut self, data: u32) -> i64 {
        let count = self.counter.at(i64::from(data & 0x7F_FFFF));
        let step = count.wrapping_sub(self.last.unwrap_or(count));
        self.last = Some(count);
        let backwards = data & 0x80_0000 != 0;
        self.total = self
            .total
            .wrapping_add(if backwards { -step } else { step });
        self.total
    }
}

#[derive(Clone, Debug)]
pub(super) struct Vehicle {
    axes: Axes,
    /// By data type, from [`WHEELS_FRONT`] on to [`SINGLE_TICK`].
    wheels: [Wheel; 5],
    /// The last acceleration [m/s²] and its time tag [ms], until a rate takes it.
    force: Option<(u32, [f64; 3])>,
}

impl Vehicle {
    pub fn new(axes: Axes) -> Self {
        let wheel = Wheel {
            counter: Unrolled::new(23),
            last: None,
            total: 0,
        };
        Self {
            axes,
            wheels: [wheel; 5],
            force: None,
        }
    }

    /// Whether anything in it was used.
    pub fn measured(
        &mut self,
        p: &[u8],
        t_rx: Timestamp,
        epochs: &mut Epochs,
        out: &mut Out<'_>,
    ) -> bool {
        let tag_ms = u32_le(p, 0);
        let count = usize::from(u16_le(p, 4) >> 11);
        let data = |kind: u8| {
            (0..count)
                .filter_map(|i| p.get(8 + 4 * i..12 + 4 * i))
                .map(|word| u32_le(word, 0))
                .find(|word| (word >> 24 & 0x3F) as u8 == kind)
                .map(|word| word & 0xFF_FFFF)
        };
        // Sign-extended from 24 bits.
        let signed = |kind| data(kind).map(|word| f64::from((word << 8) as i32 >> 8));
        let vector = |kinds: [u8; 3], scale: f64| {
            let [x, y, z] = kinds.map(signed);
            Some([x?, y?, z?].map(|v| v * scale))
        };
        let mut used = false;

        if let Some(accel_mps2) = vector(FORCE_XYZ, 1.0 / 1024.0) {
            self.force = Some((tag_ms, self.axes.turned(accel_mps2)));
            used = true;
        }
        if let Some(rate_degps) = vector(RATE_XYZ, 1.0 / 4096.0) {
            let together = |(tag, _): &(u32, _)| tag_ms.wrapping_sub(*tag) <= TOGETHER_MS;
            let imu = Imu {
                gyro_radps: self.axes.turned(rate_degps).map(f64::to_radians),
                accel_mps2: self.force.take().filter(together).map(|(_, force)| force),
            };
            epochs.give_now(t_rx, Reading::Imu(imu), out);
            used = true;
        }
        let mut ticks = |kinds: &[u8]| {
            let mut totals = [0; 2];
            for (total, kind) in totals.iter_mut().zip(kinds) {
                let wheel = usize::from(kind - WHEELS_FRONT[0]);
                *total = self.wheels.get_mut(wheel)?.at(data(*kind)?);
            }
            PerWheel::new(totals.get(..kinds.len())?)
        };
        let ticks = ticks(&WHEELS_REAR)
            .or_else(|| ticks(&WHEELS_FRONT))
            .or_else(|| ticks(&[SINGLE_TICK]));
        if let Some(ticks) = ticks {
            let reading = Reading::WheelTicks(WheelTicks {
                ticks,
                steering_ticks: None,
            });
            epochs.give_now(t_rx, reading, out);
            used = true;
        }
        if let Some(speed) = signed(SPEED) {
            let twist = Twist {
                forward_mps: speed * 1e-3,
                yaw_rate_radps: None,
            };
            epochs.give_now(t_rx, Reading::Twist(twist), out);
            used = true;
        }
        used
    }
}
