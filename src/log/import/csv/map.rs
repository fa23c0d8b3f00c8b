//! The column map as its TOML has it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What is wrong with a column map, or with it and the file together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column map: {0}")]
pub struct MapError(pub(super) String);

/// Which columns go where; the format is described in [the module](super).
///
/// ```
/// use wayfix::log::import::csv::ColumnMap;
/// let map = ColumnMap::parse(r#"
///     time = { column = "t", unit = "s" }
///     [[reading]]
///     kind = "height"
///     source = "baro"
///     fields.height_m = { column = "alt", unit = "ft" }
/// "#)?;
/// # Ok::<(), wayfix::log::import::csv::MapError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    pub(super) source: Option<String>,
    pub(super) time: Option<Time>,
    #[serde(default)]
    pub(super) file: Format,
    #[serde(rename = "reading")]
    pub(super) readings: Vec<ReadingMap>,
}

impl ColumnMap {
    /// From the text of its file.
    ///
    /// # Errors
    /// No TOML, unknown keys, wrong types. Kinds, fields and columns are checked with the file.
    pub fn parse(toml: &str) -> Result<Self, MapError> {
        toml::from_str(toml).map_err(|e| MapError(e.to_string()))
    }
}

/// How the file is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Format {
    pub delimiter: String,
    pub header: bool,
    pub skip_lines: usize,
    pub comment: Option<String>,
    pub missing: Vec<String>,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            delimiter: ",".into(),
            header: true,
            skip_lines: 0,
            comment: None,
            missing: Vec::new(),
        }
    }
}

impl Format {
    pub fn delimiter(&self) -> Result<u8, MapError> {
        one_byte(&self.delimiter, "delimiter")
    }

    pub fn comment(&self) -> Result<Option<u8>, MapError> {
        self.comment
            .as_deref()
            .map(|text| one_byte(text, "comment"))
            .transpose()
    }
}

fn one_byte(text: &str, key: &str) -> Result<u8, MapError> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(MapError(format!(
            "file.{key} = {text:?}: expected one ASCII character"
        ))),
    }
}

/// One reading a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingMap {
    pub kind: String,
    pub source: Option<String>,
    pub time: Option<Time>,
    pub when: Option<When>,
    pub fields: BTreeMap<String, Cells>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub column: Column,
    pub equals: Text,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Time {
    pub column: Column,
    #[serde(default)]
    pub unit: TimeUnit,
    #[serde(default)]
    pub offset_s: f64,
    pub plus_ns: Option<Column>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimeUnit {
    #[default]
    S,
    Ms,
    Us,
    Ns,
}

/// A column by name or by index; written bare, as everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a column's name or index")]
pub(super) enum Column {
    Index(usize),
    Name(String),
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

/// A text, for which a number may stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or a number")]
pub(super) enum Text {
    Words(String),
    Integer(i64),
    Number(f64),
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Words(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// Where one value of a field comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cell {
    pub column: Option<Column>,
    pub value: Option<Text>,
    #[serde(default = "one")]
    pub scale: f64,
    #[serde(default)]
    pub offset: f64,
    pub unit: Option<String>,
    pub prefix: Option<String>,
    pub words: Option<BTreeMap<String, String>>,
}

fn one() -> f64 {
    1.0
}

/// Where a field comes from: one value, or an array of them.
#[derive(Clone, Debug)]
pub(super) enum Cells {
    One(Cell),
    Many(Vec<Self>),
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // By hand, because untagged enums can't say which key of the table is wrong.
        struct CellsVisitor;
        fn bare(column: Column) -> Cells {
            let column = Some(column);
            Cells::One(Cell {
                column,
                value: None,
                scale: 1.0,
                offset: 0.0,
                unit: None,
                prefix: None,
                words: None,
            })
        }
        impl<'de> Visitor<'de> for CellsVisitor {
            type Value = Cells;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a column (name, index or table) or an array of them")
            }
            fn visit_str<E>(self, name: &str) -> Result<Cells, E> {
                Ok(bare(Column::Name(name.to_owned())))
            }
            fn visit_i64<E: serde::de::Error>(self, index: i64) -> Result<Cells, E> {
                let index = usize::try_from(index)
                    .map_err(|_| E::custom("a column's index begins at 0"))?;
                Ok(bare(Column::Index(index)))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cells, A::Error> {
                Cell::deserialize(MapAccessDeserializer::new(map)).map(Cells::One)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Cells, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Cells::Many)
            }
        }
        from.deserialize_any(CellsVisitor)
    }
}
