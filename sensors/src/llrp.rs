//! LLRP: tag reports of RFID readers.
//!
//! ```text
//! 3 zero bits, version 3 bits, type 10 bits | length u32 | id u32 | parameters         big-endian
//! type 61 RO_ACCESS_REPORT: TagReportData (TLV 240), each of
//!   EPCData (TLV 241: bits u16, EPC) or EPC-96 (TV 13) | AntennaID (TV 1, u16) | PeakRSSI (TV 6, i8 dBm)
//!   FirstSeenTimestampUTC (TV 2, u64 µs) | ...
//! TLV: 6 zero bits, type 10 bits, length u16 with this head; TV: a one bit, type 7 bits, value
//! ```
//! After EPCglobal "Low Level Reader Protocol" 1.0.1 (versions 1 and 2 of the header are read).
//! Keep-alives, events and answers are ignored. A connection that never asked for reports gives none:
//! configuring the reader is not the decoder's business.
//!
//! Two ways to use a reader: it stands at a portal and sees the asset's tag (`portal = "antenna"`), or
//! it rides on the asset and sees tags in the floor (`portal = "epc"`). A tag that stays in the field
//! is read again and again; reports of one portal that follow each other within `hold_s` are one
//! passage, whose time is that of the first.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::DecodeError;
use crate::framed::field::{u8, u16_be, u32_be, u64_be};
use crate::framed::{Framed, Look, Protocol};
use crate::hex;
use crate::nmea::TimeBase;
use crate::out::Out;
use crate::sample::{Name, Passage, Reading};

/// What a portal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Portal {
    /// The antenna that saw the tag, by its number.
    #[default]
    Antenna,
    /// The tag, by its EPC in capital hexadecimal digits.
    Epc,
}

/// Options of [`Llrp`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What a portal is.
    pub portal: Portal,
    /// Names of site.toml for antenna numbers or EPCs; others go by themselves.
    pub portals: BTreeMap<String, Name>,
    /// EPCs that count, in hexadecimal digits: the asset's tags. Empty: all.
    pub epcs: Vec<String>,
    /// Weaker reads don't count [dBm].
    pub min_rssi_dbm: Option<f64>,
    /// Reads of one portal within this time are one passage [s].
    pub hold_s: f64,
    /// What a sample's time is; UTC is when the reader says that it first saw the tag.
    pub time: TimeBase,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            portal: Portal::Antenna,
            portals: BTreeMap::new(),
            epcs: Vec::new(),
            min_rssi_dbm: None,
            hold_s: 1.0,
            time: TimeBase::Receive,
        }
    }
}

/// The protocol; its decoder is `Framed<Llrp>`.
#[derive(Clone, Debug)]
pub struct Llrp {
    options: Options,
    /// When portals were last seen, the longest unseen first.
    seen: ArrayVec<(Name, Timestamp), 16>,
}

/// A decoder whose samples have the name `source`.
#[must_use]
pub fn decoder(source: Name, mut options: Options) -> Framed<Llrp> {
    for epc in &mut options.epcs {
        epc.make_ascii_uppercase();
    }
    if options.portal == Portal::Epc {
        let upper = |(epc, name): (&String, &Name)| (epc.to_ascii_uppercase(), *name);
        options.portals = options.portals.iter().map(upper).collect();
    }
    let protocol = Llrp {
        options,
        seen: ArrayVec::new(),
    };
    Framed::new(source, protocol)
}

const HEAD: usize = 10;
const RO_ACCESS_REPORT: u16 = 61;
const TAG_REPORT_DATA: u16 = 240;
const EPC_DATA: u16 = 241;

impl Protocol for Llrp {
    /// A thousand tags or more in one report.
    const LIMIT_BYTES: usize = 1 << 16;

    fn look(&self, bytes: &[u8]) -> Look {
        // There is no checksum: what can be told of the head has to be right.
        if !matches!(u8(bytes, 0) >> 2, 1 | 2) {
            return Look::No(DecodeError::Framing);
        }
        if bytes.len() < 2 {
            return Look::Need(2);
        }
        let kind = u16_be(bytes, 0) & 0x3FF;
        if !matches!(kind, 1..=72 | 100 | 1023) {
            return Look::No(DecodeError::Framing);
        }
        if bytes.len() < 6 {
            return Look::Need(6);
        }
        let length = u32_be(bytes, 2) as usize;
        if !(HEAD..=Self::LIMIT_BYTES).contains(&length) {
            return Look::No(DecodeError::Framing);
        }
        // The first parameter's type is told by the fourth byte behind the head.
        if kind == RO_ACCESS_REPORT && length > HEAD {
            match bytes.get(HEAD..HEAD + 2) {
                None => return Look::Need(HEAD + 2),
                Some([0..=3, _]) => {}
                Some(_) => return Look::No(DecodeError::Framing),
            }
        }
        match bytes.len() < length {
            true => Look::Need(length),
            false => Look::Frame(length),
        }
    }

    fn take(
        &mut self,
        frame: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        if u16_be(frame, 0) & 0x3FF != RO_ACCESS_REPORT {
            out.ignore();
            return Ok(());
        }
        let mut used = false;
        for parameter in Parameters(frame.get(HEAD..).unwrap_or_default()) {
            match parameter? {
                (TAG_REPORT_DATA, content) => {
                    self.report(content, t_rx, out)?;
                    used = true;
                }
                // Those of survey and of the maker.
                _ => {}
            }
        }
        if !used {
            out.ignore();
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Out<'_>) {
        self.seen.clear();
    }
}

impl Llrp {
    fn report(
        &mut self,
        content: &[u8],
        t_rx: Timestamp,
        out: &mut Out<'_>,
    ) -> Result<(), DecodeError> {
        let (mut epc, mut antenna, mut rssi_dbm, mut utc_us) = (None, None, None, None);
        for parameter in Parameters(content) {
            match parameter? {
                (13, value) => epc = Some(value),
                (EPC_DATA, value) => {
                    let bytes = usize::from(u16_be(value, 0)).div_ceil(8);
                    epc = Some(value.get(2..2 + bytes).ok_or_else(cut)?);
                }
                (1, value) => antenna = Some(u16_be(value, 0)),
                (2, value) => utc_us = i64::try_from(u64_be(value, 0)).ok(),
                (6, value) => rssi_dbm = Some(f64::from(u8(value, 0).cast_signed())),
                _ => {}
            }
        }
        let epc = epc.ok_or_else(|| DecodeError::Content("a report without EPC".into()))?;
        // As far as a name can be; longer EPCs are told by their beginning.
        let mut epc_name = Name::new();
        for byte in epc.iter().take(epc_name.capacity() / 2) {
            hex::push(&mut epc_name, *byte, hex::UPPER).ok_or_else(cut)?;
        }
        let options = &self.options;
        let counts =
            options.epcs.is_empty() || options.epcs.iter().any(|e| e.as_str() == epc_name.as_str());
        let strong = match (options.min_rssi_dbm, rssi_dbm) {
            (Some(least), Some(rssi)) => rssi >= least,
            _ => true,
        };
        if !counts || !strong {
            out.ignore();
            return Ok(());
        }
        let key = match options.portal {
            Portal::Epc => epc_name,
            Portal::Antenna => {
                let antenna = antenna.ok_or_else(|| {
                    DecodeError::Content("a report without antenna: ask the reader for it".into())
                })?;
                let mut name = Name::new();
                write!(name, "{antenna}").map_err(|_| cut())?;
                name
            }
        };
        let portal = options.portals.get(key.as_str()).copied().unwrap_or(key);
        let t = match (options.time, utc_us.and_then(|us| us.checked_mul(1000))) {
            (TimeBase::Receive, _) => t_rx,
            (TimeBase::Utc, Some(utc_ns)) => Timestamp(utc_ns),
            (TimeBase::Utc, None) => {
                return Err(DecodeError::Content(format!(
                    "a report without UTC of tag {epc_name}: ask the reader for it"
                )));
            }
        };
        if self.is_new(portal, t) {
            out.give(t, Reading::Passage(Passage { portal }));
        } else {
            out.ignore();
        }
        Ok(())
    }

    /// Whether the portal was not seen lately, and that it is seen now.
    fn is_new(&mut self, portal: Name, t: Timestamp) -> bool {
        let last = self.seen.iter().position(|(name, _)| *name == portal);
        let last = last.map(|at| self.seen.remove(at).1);
        if self.seen.is_full() {
            self.seen.remove(0);
        }
        self.seen.push((portal, t));
        last.is_none_or(|last| !(0.0..=self.options.hold_s).contains(&t.seconds_since(last)))
    }
}

fn cut() -> DecodeError {
    DecodeError::Content("a parameter is cut short".into())
}

/// Parameters in a row: type and content.
struct Parameters<'a>(&'a [u8]);

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<(u16, &'a [u8]), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = *self.0.first()?;
        let (kind, head, whole) = if first & 0x80 == 0 {
            (u16_be(self.0, 0) & 0x3FF, 4, usize::from(u16_be(self.0, 2)))
        } else {
            let kind = first & 0x7F;
            let value = match kind {
                2..=5 => 8,
                6 => 1,
                9 | 16 | 18 => 4,
                13 => 12,
                1..=20 => 2,
                _ => {
                    self.0 = &[];
                    return Some(Err(DecodeError::Content(format!(
                        "a parameter of unknown type {kind}"
                    ))));
                }
            };
            (u16::from(kind), 1, 1 + value)
        };
        match self.0.get(head..whole) {
            Some(content) => {
                self.0 = self.0.get(whole..).unwrap_or_default();
                Some(Ok((kind, content)))
            }
            None => {
                self.0 = &[];
                Some(Err(cut()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Counters, Decoder, assert_splits};

    /// A report as captured: EPC of 128 bits at antenna 1 with -73 dBm, and a parameter of the maker.
    const CAPTURED: [u8; 58] = [
        0x04, 0x3D, 0x00, 0x00, 0x00, 0x3A, 0x00, 0x00, 0x00, 0x00, 0x00, 0xF0, 0x00, 0x30, 0x00,
        0xF1, 0x00, 0x16, 0x00, 0x80, 0x85, 0x04, 0x70, 0x00, 0x04, 0x90, 0x50, 0x50, 0x31, 0x55,
        0x30, 0x34, 0x00, 0x70, 0x23, 0x00, 0x81, 0x00, 0x01, 0x86, 0xB7, 0x8C, 0x44, 0x00, 0x03,
        0xFF, 0x00, 0x0E, 0x00, 0x00, 0x5E, 0x95, 0x00, 0x00, 0x00, 0x38, 0x00, 0x16,
    ];
    const KEEP_ALIVE: [u8; 10] = [0x04, 62, 0, 0, 0, 10, 0, 0, 0, 7];

    /// Built by hand: EPC-96, antenna, power, UTC [µs].
    fn report(tags: &[(u8, u16, i8, u64)]) -> Vec<u8> {
        let mut content = Vec::new();
        for (epc, antenna, rssi, utc_us) in tags {
            let mut tag = Vec::from([0x8D]);
            tag.extend([0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, *epc]);
            tag.push(0x81);
            tag.extend(antenna.to_be_bytes());
            tag.extend([0x86, rssi.cast_unsigned(), 0x82]);
            tag.extend(utc_us.to_be_bytes());
            content.extend([0, 240]);
            content.extend((tag.len() as u16 + 4).to_be_bytes());
            content.extend(tag);
        }
        let mut message = Vec::from([0x04, 61]);
        message.extend((content.len() as u32 + 10).to_be_bytes());
        message.extend([0, 0, 0, 9]);
        message.extend(content);
        message
    }

    fn run(options: &Options, bytes: &[u8]) -> (Vec<(Name, i64)>, Counters) {
        let make = || decoder(Name::from("rfid").unwrap(), options.clone());
        let samples = assert_splits(make, bytes);
        let mut once = make();
        once.push(bytes, Timestamp(0), &mut |_| ());
        once.finish(&mut |_| ());
        let told = samples.iter().map(|s| (s.reading.target().unwrap(), s.t.0));
        (told.collect(), once.counters())
    }

    fn names(got: &[(Name, i64)]) -> Vec<&str> {
        got.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_report_as_captured() {
        let by_epc: Options = serde_json::from_str(r#"{"portal": "epc"}"#).unwrap();
        let bytes = [&KEEP_ALIVE[..], &CAPTURED].concat();
        let (got, counters) = run(&Options::default(), &bytes);
        assert_eq!((names(&got), counters.ignored), (Vec::from(["1"]), 1));
        let (got, _) = run(&by_epc, &bytes);
        assert_eq!(names(&got), ["85047000049050503155303400702300"]);
    }

    #[test]
    fn tags_portals_and_power() {
        let options: Options = serde_json::from_str(
            r#"{"portals": {"2": "gate"}, "epcs": ["300000000000000000000007"], "min_rssi_dbm": -60, "time": "utc"}"#,
        )
        .unwrap();
        let s = 1_000_000;
        let bytes = report(&[
            (7, 2, -50, s),
            (8, 2, -50, 10 * s),
            (7, 2, -70, 20 * s),
            (7, 2, -55, 2 * s),
            (7, 3, -55, 2 * s + 1),
            (7, 2, -55, 4 * s),
        ]);
        let (got, counters) = run(&options, &bytes);
        // The second read is another tag, the third too weak, the fourth still the first passage.
        assert_eq!(names(&got), ["gate", "3", "gate"]);
        assert_eq!((got[0].1, got[2].1), (1_000_000_000, 4_000_000_000));
        assert_eq!((counters.ignored, counters.malformed), (3, 0));
    }

    #[test]
    fn garbage_and_broken_reports_are_counted() {
        let good = report(&[(7, 1, -50, 0)]);
        let noisy = [
            b"noise",
            &good[..],
            b"\xFF\xFF",
            &KEEP_ALIVE,
            &good,
            &good[..20],
        ]
        .concat();
        let (got, counters) = run(
            &Options {
                hold_s: -1.0,
                ..Options::default()
            },
            &noisy,
        );
        assert_eq!((got.len(), counters.malformed, counters.ignored), (2, 3, 1));

        let mut short = good.clone();
        short[13] += 9;
        let mut unknown = good.clone();
        unknown[14] = 0xFF;
        let mut nameless = report(&[]);
        nameless[5] += 4;
        nameless.extend([0, 240, 0, 4]);
        for bytes in [short, unknown, nameless] {
            assert_eq!(
                run(&Options::default(), &bytes).1.malformed,
                1,
                "{bytes:02X?}"
            );
        }
        assert_eq!(run(&Options::default(), &report(&[])).1.ignored, 1);
    }
}
