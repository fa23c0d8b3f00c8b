//! What is wrong with a file, said so that whoever wrote it can mend it: file, line, key, value,
//! and what was expected, with its unit.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// A file that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It could not be read at all.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content is not acceptable; all problems that could be found at once.
    #[error("{}", listed(file, problems))]
    Invalid {
        /// The file, as messages name it.
        file: String,
        /// In the order of the lines.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// The single problems; none where the file could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Read { .. } => &[],
            Self::Invalid { problems, .. } => problems,
        }
    }
}

fn listed(file: &str, problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| match problem.line {
            Some(line) => format!("{file}:{line}: {problem}"),
            None => format!("{file}: {problem}"),
        })
        .collect();
    lines.join("\n")
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: Option<usize>,
    /// Full path of the key: `source.uwb.range_sigma_m`, `anchor[2].position_m[0]`.
    pub key: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}", self.fault)
        } else {
            write!(f, "{}{}", self.key, self.fault)
        }
    }
}

/// The ways in which a key can be wrong. Values are quoted as they are written in the file.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Fault {
    /// Not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A key that means nothing here.
    #[error(": unknown key{}", meant(suggestion.as_deref()))]
    UnknownKey {
        /// The closest key that exists, with its unit.
        suggestion: Option<String>,
    },
    /// A key that must be there.
    #[error(" is missing: expected {expected}")]
    Missing {
        /// What it has to be.
        expected: String,
    },
    /// A value of the wrong type, or outside its range.
    #[error(" = {value}: expected {expected}")]
    Value {
        /// As written.
        value: String,
        /// What it has to be, with unit and range.
        expected: String,
    },
    /// A word that is none of the words allowed.
    #[error(" = {value}: expected one of {}{}", choices.join(", "), meant(suggestion.as_deref()))]
    Choice {
        /// As written.
        value: String,
        /// The words allowed.
        choices: Vec<String>,
        /// The closest of them.
        suggestion: Option<String>,
    },
    /// An id that another entry has already.
    #[error(" = {value}: already the id of {first}")]
    Duplicate {
        /// As written.
        value: String,
        /// The path of the entry that came first.
        first: String,
    },
    /// A value that does not go with another one.
    #[error(" = {value}: expected {expected}, because {because}")]
    Conflict {
        /// As it stands, written or by default.
        value: String,
        /// What it has to be, with unit.
        expected: String,
        /// The other value.
        because: String,
    },
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion
        .map(|word| format!("; did you mean {word}?"))
        .unwrap_or_default()
}
