//! Qorvo (Decawave) DWM1001 and MDEK1001 tags of the PANS network: ranges, and positions by the tag.
//!
//! [`Shell`] reads what the UART shell prints after `lec` (comma-separated) or `les`:
//!
//! ```text
//! DIST,2,AN0,0C1F,0.00,0.00,0.00,1.23,AN1,0D2E,5.00,0.00,2.10,4.56,POS,1.10,0.52,0.30,95
//! 0C1F[0.00,0.00,0.00]=1.23 0D2E[5.00,0.00,2.10]=4.56 le_us=2576 est[1.10,0.52,0.30,95]
//! ```
//! Of each anchor its 16-bit address as four hexadecimal digits, where it believes to stand \[m\]
//! (not used: site.toml knows better), and the distance \[m\]; then the tag's own estimate \[m\] and its
//! quality in percent.
//!
//! [`Tlv`] reads the answers to `dwm_loc_get` over UART, little-endian:
//!
//! ```text
//! 40 01 00                                            status: 0 is good
//! 41 0D | x y z i32 [mm] | quality u8 [%]             the tag's own estimate
//! 49 n  | count u8 | count times:
//!         address u16 | distance u32 [mm] | quality u8 [%] | anchor's x y z i32, quality u8
//! ```
//! After "DWM1001 Firmware API Guide" 2.2, sections 5.3.10 and 4.4. The device gives no radio power.
//! Its estimates are made of the same ranges; they are given only where the setup asks for them,
//! and then the ranges are left out, because the filter would count them twice.

use alloc::format;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::DecodeError;
use crate::framed::field::{i32_le, three, u8, u16_le, u32_le};
use crate::framed::{Framed, Look, Protocol};
use crate::lined::{LineProtocol, Lined, field};
use crate::out::Out;
use crate::sample::{Name, Position, Range, Reading};

/// Options of [`Shell`] and [`Tlv`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What to take of the device.
    pub give: Give,
}

/// What a radio that measures ranges and makes a position of them is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Give {
    /// The ranges.
    #[default]
    Ranges,
    /// Its own position, in the radio's grid, which must be the site's.
    Position,
}

/// The shell's lines; the decoder is `Lined<Shell>`.
#[derive(Clone, Debug)]
pub struct Shell(Options);

/// A decoder of the shell's lines whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, dwm1001};
/// let mut decoder = dwm1001::shell(Name::from("uwb").unwrap(), dwm1001::Options::default());
/// let mut count = 0;
/// decoder.push(b"DIST,1,AN0,0C1F,0.00,0.00,0.00,1.23\r\n", Timestamp(0), &mut |_| count += 1);
/// assert_eq!(count, 1);
/// ```
#[must_use]
pub fn shell(source: Name, options: Options) -> Lined<Shell> {
    Lined::new(source, Shell(options))
}

/// A decoder of answers to `dwm_loc_get` whose samples have the name `source`.
#[must_use]
pub fn tlv(source: Name, options: Options) -> Framed<Tlv> {
    Framed::new(
        source,
        Tlv {
            options,
            good: true,
        },
    )
}

fn content(what: &str) -> DecodeError {
    DecodeError::Content(what.into())
}

impl LineProtocol for Shell {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        // The first line behind the command may stand behind the prompt.
        let line = line.trim_start_matches("dwm>").trim_start();
        if let Some(rest) = line.strip_prefix("DIST,") {
            self.separated(rest, t_rx, out)
        } else if let Some(rest) = line.strip_prefix("POS,") {
            let mut words = rest.split(',');
            self.estimate(&mut words, t_rx, out)
        } else if line.contains("est[") || line.contains("]=") {
            self.worded(line, t_rx, out)
        } else {
            // The shell's prompt, its echo of commands, its help.
            out.ignore();
            Ok(())
        }
    }
}

impl Shell {
    /// The line of `lec` behind `DIST,`.
    fn separated(&self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let mut words = line.split(',');
        let mut next = || words.next().ok_or_else(|| content("DIST: cut short"));
        let count = field::whole(next()?, "number of anchors")?;
        for _ in 0..count.clamp(0, 16) {
            if !next()?.starts_with("AN") {
                return Err(content("DIST: fewer anchors than stated"));
            }
            let anchor = field::name(next()?, "anchor")?;
            for _ in 0..3 {
                next()?;
            }
            let range_m = field::number(next()?, "distance")?;
            self.range(anchor, range_m, t_rx, out);
        }
        match words.next() {
            None | Some("") => Ok(()),
            Some("POS") => self.estimate(&mut words, t_rx, out),
            Some(_) => Err(content("DIST: more anchors than stated")),
        }
    }

    /// The line of `les`, or of `lep` behind other words.
    fn worded(&self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        for word in line.split_ascii_whitespace() {
            if let Some(rest) = word.strip_prefix("est[") {
                let inside = rest
                    .strip_suffix(']')
                    .ok_or_else(|| content("est: cut short"))?;
                self.estimate(&mut inside.split(','), t_rx, out)?;
            } else if let Some((anchor, distance)) = word.split_once("]=") {
                let (address, _) = anchor
                    .split_once('[')
                    .ok_or_else(|| content("anchor: no place"))?;
                let range_m = field::number(distance, "distance")?;
                self.range(field::name(address, "anchor")?, range_m, t_rx, out);
            }
        }
        Ok(())
    }

    fn estimate(
        &self,
        words: &mut dyn Iterator<Item = &str>,
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let mut xyz_m = [0.0; 3];
        for coordinate in &mut xyz_m {
            // A tag without an estimate prints "nan".
            match words.next() {
                Some(word) if word.trim().eq_ignore_ascii_case("nan") => {
                    out.ignore();
                    return Ok(());
                }
                word => *coordinate = field::number(word.unwrap_or_default(), "position")?,
            }
        }
        let quality = field::number(words.next().unwrap_or_default(), "quality")?;
        position(self.0.give, xyz_m, quality, t_rx, out);
        Ok(())
    }

    fn range(&self, anchor: Name, range_m: f64, t_rx: Timestamp, out: &mut Out<'_>) {
        // The address as the TLV form prints it, whatever the firmware's capitals.
        let mut upper = anchor;
        upper.make_ascii_uppercase();
        range(self.0.give, upper, range_m, t_rx, out);
    }
}

fn range(give: Give, anchor: Name, range_m: f64, t_rx: Timestamp, out: &mut Out<'_>) {
    if give == Give::Ranges {
        let reading = Range {
            anchor,
            range_m,
            rx_power_dbm: None,
            first_path_dbm: None,
        };
        out.give(t_rx, Reading::Range(reading));
    }
}

fn position(give: Give, xyz_m: [f64; 3], quality: f64, t_rx: Timestamp, out: &mut Out<'_>) {
    if give == Give::Position {
        let [x, y, z] = xyz_m;
        // A quality of nought is the device's way to say that it has none.
        if quality > 0.0 {
            let reading = Position {
                xy_m: [x, y],
                z_m: Some(z),
                sigma_m: None,
            };
            out.give(t_rx, Reading::Position(reading));
        } else {
            out.ignore();
        }
    }
}

/// Answers to `dwm_loc_get`; the decoder is `Framed<Tlv>`.
#[derive(Clone, Debug)]
pub struct Tlv {
    options: Options,
    /// The answer under way has a status of 0.
    good: bool,
}

const STATUS: u8 = 0x40;
const POSITION: u8 = 0x41;
const RANGES: u8 = 0x49;
/// Address, distance, quality, and the anchor's place.
const ANCHOR_BYTES: usize = 2 + 4 + 1 + 13;
const ANCHORS_MOST: usize = 12;

impl Protocol for Tlv {
    const LIMIT_BYTES: usize = 2 + 255;

    fn look(&self, bytes: &[u8]) -> Look {
        // There is no checksum: type and length must fit each other, and counts their lengths.
        let (kind, length) = match bytes {
            [STATUS | POSITION | RANGES] => return Look::Need(2),
            [kind, length, ..] => (*kind, usize::from(*length)),
            _ => return Look::No(DecodeError::Framing),
        };
        let fits = match kind {
            STATUS => length == 1,
            POSITION => length == 13,
            RANGES => length >= 1 && (length - 1) % ANCHOR_BYTES == 0,
            _ => false,
        };
        if !fits {
            return Look::No(DecodeError::Framing);
        }
        match (kind, bytes.get(2)) {
            (_, None) => Look::Need(3),
            (STATUS, Some(6..)) => Look::No(DecodeError::Framing),
            (RANGES, Some(n)) if 1 + usize::from(*n) * ANCHOR_BYTES != length => {
                Look::No(DecodeError::Framing)
            }
            _ if bytes.len() < 2 + length => Look::Need(2 + length),
            (POSITION, _) if u8(bytes, 14) > 100 => Look::No(DecodeError::Framing),
            _ => Look::Frame(2 + length),
        }
    }

    fn take(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let give = self.options.give;
        match u8(frame, 0) {
            STATUS => {
                self.good = u8(frame, 2) == 0;
                if !self.good {
                    return Err(DecodeError::Content(format!(
                        "the device answers with error {}",
                        u8(frame, 2)
                    )));
                }
            }
            _ if !self.good => out.ignore(),
            POSITION => {
                let xyz_m = three(frame, 2, 4, i32_le).map(|mm| f64::from(mm) * 1e-3);
                position(give, xyz_m, f64::from(u8(frame, 14)), t_rx, out);
            }
            _ => {
                for node in frame
                    .get(3..)
                    .unwrap_or_default()
                    .chunks_exact(ANCHOR_BYTES)
                    .take(ANCHORS_MOST)
                {
                    let anchor = format!("{:04X}", u16_le(node, 0));
                    let range_m = f64::from(u32_le(node, 2)) * 1e-3;
                    // A quality of nought: no distance in this turn.
                    match u8(node, 6) {
                        0 => out.ignore(),
                        _ => range(give, field::name(&anchor, "anchor")?, range_m, t_rx, out),
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Out<'_>) {
        self.good = true;
    }
}

#[cfg(test)]
mod tests;
