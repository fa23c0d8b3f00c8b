//! One advertisement, and its line of JSON.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hex;

/// What a radio heard of one advertisement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advertisement {
    /// The sender's address, as six pairs of digits with colons, or as the platform names it.
    pub address: String,
    /// Received power [dBm]; 127: not measured.
    pub rssi_dbm: i16,
    /// Power that the sender states for its transmitter [dBm].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_power_dbm: Option<i16>,
    /// By the company's number.
    #[serde(default, skip_serializing_if = "Data::is_empty")]
    pub manufacturer: Data<u16>,
    /// By the service's UUID.
    #[serde(default, skip_serializing_if = "Data::is_empty")]
    pub service: Data<String>,
}

impl Advertisement {
    /// Its line, with the line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Nothing in it can fail to be written.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// Bytes by key, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data<K>(Vec<(K, Vec<u8>)>);

impl<K> Data<K> {
    /// Nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is in it.
    pub fn iter(&self) -> core::slice::Iter<'_, (K, Vec<u8>)> {
        self.0.iter()
    }
}

impl<'a, K> IntoIterator for &'a Data<K> {
    type Item = &'a (K, Vec<u8>);
    type IntoIter = core::slice::Iter<'a, (K, Vec<u8>)>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K> Default for Data<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> From<Vec<(K, Vec<u8>)>> for Data<K> {
    fn from(pairs: Vec<(K, Vec<u8>)>) -> Self {
        Self(pairs)
    }
}

impl<K: fmt::Display> Serialize for Data<K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, bytes) in &self.0 {
            let digits: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
            map.serialize_entry(&format!("{key}"), &digits)?;
        }
        map.end()
    }
}

impl<'de, K: FromStr> Deserialize<'de> for Data<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(DataVisitor(PhantomData))
    }
}

struct DataVisitor<K>(PhantomData<K>);

impl<'de, K: FromStr> Visitor<'de> for DataVisitor<K> {
    type Value = Data<K>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("data by company or service")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data<K>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(Spelt(key)) = map.next_key()? {
            let Digits(bytes) = map.next_value()?;
            pairs.push((key, bytes));
        }
        Ok(Data(pairs))
    }
}

/// A key that is written as text.
struct Spelt<K>(K);

impl<'de, K: FromStr> Deserialize<'de> for Spelt<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text<K>(PhantomData<K>);
        impl<K: FromStr> Visitor<'_> for Text<K> {
            type Value = Spelt<K>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the number of a company or the UUID of a service")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Spelt<K>, E> {
                let key = text.parse().map(Spelt);
                key.map_err(|_| E::custom("the key is no number of a company"))
            }
        }
        from.deserialize_str(Text(PhantomData))
    }
}

/// Bytes as hexadecimal digits.
struct Digits(Vec<u8>);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Digits;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("hexadecimal digits")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Digits, E> {
                let fault = || E::custom("data are pairs of hexadecimal digits");
                let mut bytes = Vec::with_capacity(text.len() / 2);
                for pair in text.as_bytes().chunks(2) {
                    let byte = match pair {
                        [high, low] => hex::value(*high).zip(hex::value(*low)),
                        _ => None,
                    };
                    let (high, low) = byte.ok_or_else(fault)?;
                    bytes.push(high << 4 | low);
                }
                Ok(Digits(bytes))
            }
        }
        from.deserialize_str(Text)
    }
}
