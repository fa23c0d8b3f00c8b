//! CAN: frames as bytes that can be recorded, and signals of vehicles by a DBC file.
//!
//! A frame is one line, the log form of can-utils, so that what `candump -L` wrote is read as it is:
//!
//! ```text
//! (1436509052.249713) can0 2C4#0000ED00          standard identifier, three hexadecimal digits
//! (1436509052.249713) can0 18FEF100#FFFF0A1BFFFFFFFF   extended, eight
//! (1436509052.249713) can0 12345678##1DEADBEEF   CAN FD: a digit of flags comes first
//! 123#R                                          remote; time and bus may be left out
//! ```
//! [`decoder`] takes named signals of such frames:
//!
//! | of the setup | becomes |
//! |---|---|
//! | `ticks`, `steering_ticks` | `wheel_ticks`: counters as they are; their width is the engine's to know |
//! | `speeds` | `wheel_speeds` |
//! | `steering` | `steering` |
//! | `forward_speed`, `yaw_rate` | `twist` |
//! | `counters` | how many frames of their messages are missing |
//!
//! A signal is named as in the DBC (`WheelSpeed_FL`, or `Message.Signal` where several messages have
//! one), with a minus before it where its sense is the other way (right positive, backwards positive).
//! Its unit is that of the DBC, unless the setup states another. A reading is given when all its
//! signals have come, in one frame or in several that follow each other closely.
//!
//! CANopen process data go the same way, their COB-ID being the identifier in the DBC. With `j1939`,
//! messages are told by their parameter group alone: priority, destination and source address are
//! ignored. Values outside the range that the DBC states (and those that J1939 reserves for "error"
//! and "not available") are ignored.

#[cfg_attr(not(feature = "dbc"), allow(dead_code))]
mod bus;
#[cfg(feature = "dbc")]
mod database;
#[cfg_attr(not(feature = "dbc"), allow(dead_code))]
mod signal;

use core::fmt;

use arrayvec::ArrayVec;

use crate::hex::value as hex;
pub use bus::{Bus, Options, decoder};

/// One frame of a bus.
///
/// ```
/// use wayfix_sensors::can::Frame;
/// let frame = Frame::parse("(1436509052.249713) can0 2C4#0000ED00").unwrap();
/// assert_eq!((frame.id, frame.extended, &frame.data[..]), (0x2C4, false, &[0, 0, 0xED, 0][..]));
/// assert_eq!(frame.to_string(), "(1436509052.249713) can0 2C4#0000ED00");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// When it was on the bus, as unix time [ns].
    pub t_ns: Option<i64>,
    /// Identifier: 11 bits, or 29 where it is extended.
    pub id: u32,
    /// The identifier has 29 bits.
    pub extended: bool,
    /// A request for data.
    pub remote: bool,
    /// A frame of CAN FD.
    pub fd: bool,
    /// Up to 8 bytes, 64 of CAN FD.
    pub data: ArrayVec<u8, 64>,
}

impl Frame {
    /// From its line; `None` where it is none.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut frame = Self::default();
        let mut rest = line.as_bytes();
        if let Some(inside) = rest.strip_prefix(b"(") {
            let end = inside.iter().position(|b| *b == b')')?;
            frame.t_ns = Some(nanoseconds(&inside[..end])?);
            rest = after_word(inside[end + 1..].trim_ascii_start())?;
        }
        let hash = rest.iter().position(|b| *b == b'#')?;
        frame.extended = match hash {
            3 => false,
            8 => true,
            _ => return None,
        };
        for digit in &rest[..hash] {
            frame.id = frame.id << 4 | u32::from(hex(*digit)?);
        }
        // Bits 29 to 31 are flags of the driver: of them an error frame is no frame.
        if frame.id > if frame.extended { 0x1FFF_FFFF } else { 0x7FF } {
            return None;
        }
        let mut data = rest[hash + 1..].split(|b| *b == b' ').next()?;
        if let [b'#', flags, payload @ ..] = data {
            hex(*flags)?;
            frame.fd = true;
            data = payload;
        } else if let [b'R', length @ ..] = data {
            frame.remote = true;
            return matches!(length, [] | [b'0'..=b'8']).then_some(frame);
        }
        let limit = if frame.fd { 64 } else { 8 };
        if data.len() % 2 != 0 || data.len() > 2 * limit {
            return None;
        }
        for pair in data.chunks_exact(2) {
            frame
                .data
                .try_push(hex(pair[0])? << 4 | hex(pair[1])?)
                .ok()?;
        }
        Some(frame)
    }
}

impl fmt::Display for Frame {
    /// The line, on a bus that is called `can0`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(t_ns) = self.t_ns {
            let t_us = t_ns.div_euclid(1000);
            let (s, us) = (t_us.div_euclid(1_000_000), t_us.rem_euclid(1_000_000));
            write!(f, "({s}.{us:06}) can0 ")?;
        }
        match self.extended {
            true => write!(f, "{:08X}#", self.id)?,
            false => write!(f, "{:03X}#", self.id)?,
        }
        if self.remote {
            return f.write_str("R");
        }
        if self.fd {
            f.write_str("#0")?;
        }
        self.data
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// Seconds with a fraction as a whole number of nanoseconds.
fn nanoseconds(text: &[u8]) -> Option<i64> {
    let dot = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |n, d| {
            d.is_ascii_digit()
                .then(|| n.checked_mul(10)?.checked_add(i64::from(d - b'0')))?
        })
    };
    let fraction = text.get(dot + 1..).unwrap_or_default();
    if dot == 0 || fraction.len() > 9 {
        return None;
    }
    let scale = 10_i64.checked_pow(9 - fraction.len() as u32)?;
    number(&text[..dot])?
        .checked_mul(1_000_000_000)?
        .checked_add(number(fraction)?.checked_mul(scale)?)
}

/// What follows the first word and the blanks behind it.
fn after_word(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|b| *b == b' ')?;
    Some(text[end..].trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn lines_of_frames() {
        for line in [
            "(1436509052.249713) can0 2C4#0000ED00",
            "(1436509052.249713) can0 18FEF100#FFFF0A1BFFFFFFFF",
            "(0.000001) can0 123##0DEADBEEF",
            "123#",
            "123#R",
            "1FFFFFFF#00",
        ] {
            assert_eq!(Frame::parse(line).unwrap().to_string(), line);
        }
        // Names of buses, lower case, and what newer versions write behind the data.
        let frame = Frame::parse("(1.5)  vcan12   123#dead  R").unwrap();
        assert_eq!(
            (frame.t_ns, &frame.data[..]),
            (Some(1_500_000_000), &[0xDE, 0xAD][..])
        );
        assert!(Frame::parse("123##1AA").unwrap().fd);
    }

    #[test]
    fn what_is_no_frame() {
        for line in [
            "",
            "#",
            "12#00",
            "800#00",
            "20000008#0000",
            "123#0",
            "123#0G",
            "123#00112233445566778",
            "(1.5) can0",
            "(x) can0 123#00",
            "(1.5 can0 123#00",
            "(.5) can0 123#",
            "123#R9",
            "(99999999999.0) can0 123#00",
            "123##",
            "can0  123   [2]  00 11",
        ] {
            assert_eq!(Frame::parse(line), None, "{line}");
        }
    }
}
