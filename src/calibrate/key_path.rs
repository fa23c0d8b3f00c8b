//! Where a number stands in site.toml or vehicle.toml.

use std::fmt;

use serde::{Serialize, Serializer};

/// A path in a TOML file: `motion.wheelbase_m`, `source.laser.mount.position_m[0]`, and with the `id`
/// of an entry of a list `anchor["A1"].bias_m`.
///
/// ```
/// use wayfix::calibrate::KeyPath;
/// let path = KeyPath::of("anchor").id("A.1").key("position_m").index(2);
/// assert_eq!(path.to_string(), "anchor[\"A.1\"].position_m[2]");
/// assert_eq!(path, KeyPath::from("anchor[\"A.1\"].position_m[2]"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(pub(super) Vec<Step>);

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// To the entry of a list of tables whose `id` is this.
    Id(String),
    /// To an element of an array.
    Index(usize),
}

impl KeyPath {
    /// A key at the top of the file.
    #[must_use]
    pub fn of(key: impl Into<String>) -> Self {
        Self::default().key(key)
    }

    /// A key of `[source.NAME]`.
    #[must_use]
    pub fn of_source(name: &str, key: &str) -> Self {
        Self::of("source").key(name).key(key)
    }

    /// The same with a key below it; dots in it are part of its name.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.and(Step::Key(key.into()))
    }

    /// The same with the entry of that `id`.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        self.and(Step::Id(id.into()))
    }

    /// The same with an element, counted from 0.
    #[must_use]
    pub fn index(self, index: usize) -> Self {
        self.and(Step::Index(index))
    }

    fn and(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Its last key, without elements.
    #[must_use]
    pub fn last_key(&self) -> &str {
        let key = |step: &Step| matches!(step, Step::Key(_));
        match self.0.iter().rev().find(|step| key(step)) {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// The same with another last key, and nothing behind it.
    #[must_use]
    pub fn beside(&self, key: &str) -> Self {
        let of_key = |step: &Step| matches!(step, Step::Key(_));
        let last = self.0.iter().rposition(of_key).unwrap_or(0);
        Self(self.0[..last].to_vec()).key(key)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => write!(to, "{key}")?,
                Step::Key(key) => write!(to, ".{key}")?,
                Step::Id(id) => write!(to, "[\"{id}\"]")?,
                Step::Index(index) => write!(to, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// As it is displayed; for keys without dots and brackets.
impl From<&str> for KeyPath {
    fn from(text: &str) -> Self {
        let mut path = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((id, after)) = rest.strip_prefix("[\"").and_then(|r| r.split_once("\"]")) {
                path = path.id(id);
                rest = after;
            } else if let Some((index, after)) =
                rest.strip_prefix('[').and_then(|r| r.split_once(']'))
            {
                path = path.index(index.parse().unwrap_or(usize::MAX));
                rest = after;
            } else {
                rest = rest.strip_prefix('.').unwrap_or(rest);
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                path = path.key(&rest[..end]);
                // A bracket that opens nothing must not stop the reading.
                rest = if end == 0 { "" } else { &rest[end..] };
            }
        }
        path
    }
}

impl PartialEq<str> for KeyPath {
    fn eq(&self, text: &str) -> bool {
        self.to_string().as_str() == text
    }
}

impl PartialEq<&str> for KeyPath {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
