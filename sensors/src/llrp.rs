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
            // Others are those of surveys and of the maker.
            if let (TAG_REPORT_DATA, content) = parameter? {
                self.report(content, t_rx, out)?;
                used = true;
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
mod tests;
