//! Fixpoints that come as lines: readers of NFC, QR and bar codes that type what they read
//! ("keyboard wedge"), and contacts of docks and gates.
//!
//! ```text
//! 04A2B3C4D5E6F0        Wedge: every line is a code, and a code is a portal's name,
//! QR:BAY-12             or stands for one in the setup
//! 1                     Contact: one word says "in contact", every other that it is not
//! ```
//! A contact gives one passage as it closes, however often the line repeats it: a vehicle that stands
//! in its dock has been seen once. Markers seen by a camera come as JSON Lines (`marker`, `pixel`,
//! `landmark` of [`crate::json_lines`]).

use alloc::collections::BTreeMap;
use alloc::string::String;

use serde::{Deserialize, Serialize};
use wayfix_filter::Timestamp;

use crate::decoder::DecodeError;
use crate::lined::{LineProtocol, Lined, field};
use crate::out::Out;
use crate::sample::{Name, Passage, Reading};

/// Options of [`Wedge`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WedgeOptions {
    /// What a code begins with, which is cut off; lines without it are ignored.
    pub prefix: String,
    /// Codes that stand for a portal of another name.
    pub portals: BTreeMap<String, Name>,
}

/// Options of [`Contact`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactOptions {
    /// The dock's name in site.toml.
    pub portal: Name,
    /// The line that says "in contact".
    #[serde(default = "one")]
    pub closed: String,
}

fn one() -> String {
    String::from("1")
}

/// Every line is a code; the decoder is `Lined<Wedge>`.
#[derive(Clone, Debug)]
pub struct Wedge(WedgeOptions);

/// One line says "in contact"; the decoder is `Lined<Contact>`.
#[derive(Clone, Debug)]
pub struct Contact {
    options: ContactOptions,
    closed: bool,
}

/// A decoder of codes whose samples have the name `source`.
///
/// ```
/// use wayfix_sensors::{Decoder, Name, Timestamp, portal_line};
/// let mut decoder = portal_line::wedge(Name::from("nfc").unwrap(), Default::default());
/// let mut portal = None;
/// decoder.push(b"BAY-12\r\n", Timestamp(0), &mut |sample| portal = sample.reading.target());
/// assert_eq!(&portal.unwrap()[..], "BAY-12");
/// ```
#[must_use]
pub fn wedge(source: Name, options: WedgeOptions) -> Lined<Wedge> {
    Lined::new(source, Wedge(options))
}

/// A decoder of a contact whose samples have the name `source`.
#[must_use]
pub fn contact(source: Name, options: ContactOptions) -> Lined<Contact> {
    let protocol = Contact {
        options,
        closed: false,
    };
    Lined::new(source, protocol)
}

impl LineProtocol for Wedge {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let Some(code) = line.strip_prefix(self.0.prefix.as_str()) else {
            out.ignore();
            return Ok(());
        };
        let portal = match self.0.portals.get(code) {
            Some(portal) => *portal,
            None => field::name(code, "code")?,
        };
        out.give(t_rx, Reading::Passage(Passage { portal }));
        Ok(())
    }
}

impl LineProtocol for Contact {
    fn take(&mut self, line: &str, t_rx: Timestamp, out: &mut Out<'_>) -> Result<(), DecodeError> {
        let closed = line == self.options.closed;
        if closed && !self.closed {
            let portal = self.options.portal;
            out.give(t_rx, Reading::Passage(Passage { portal }));
        } else {
            out.ignore();
        }
        self.closed = closed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::decoder::{Decoder, assert_splits};

    fn name(text: &str) -> Name {
        Name::from(text).unwrap()
    }

    fn portals(samples: &[crate::Sample]) -> Vec<Name> {
        samples.iter().filter_map(|s| s.reading.target()).collect()
    }

    #[test]
    fn codes_are_portals_or_stand_for_them() {
        let options = WedgeOptions {
            portals: [(String::from("04A2B3C4D5E6F0"), name("gate"))].into(),
            ..WedgeOptions::default()
        };
        // Found by fuzzing: a code may spell what means nothing elsewhere.
        let text = b"04A2B3C4D5E6F0\r\nBAY-12\n\n  BAY-13\t\n\xFF\nnull\n";
        let got = assert_splits(|| wedge(name("nfc"), options.clone()), text);
        assert_eq!(
            portals(&got),
            ["gate", "BAY-12", "BAY-13", "null"].map(name)
        );

        let options = WedgeOptions {
            prefix: String::from("QR:"),
            ..WedgeOptions::default()
        };
        let make = || wedge(name("qr"), options.clone());
        let text = b"QR:1\nhello\nQR:\n0123456789012345678901234567890123456789012345678\n";
        assert_eq!(portals(&assert_splits(make, text)), [name("1")]);
        let mut decoder = make();
        decoder.push(text, Timestamp(0), &mut |_| ());
        let got = decoder.counters();
        assert_eq!((got.ignored, got.malformed), (2, 1));
    }

    #[test]
    fn a_contact_counts_as_it_closes() {
        let options: ContactOptions = serde_json::from_str(r#"{"portal": "dock"}"#).unwrap();
        let text = b"0\n1\n1\n1\n0\n1\n";
        let got = assert_splits(|| contact(name("ir"), options.clone()), text);
        assert_eq!(portals(&got), [name("dock"); 2]);
        assert!(serde_json::from_str::<ContactOptions>("{}").is_err());
    }
}
