//! What a log lacks, whatever is calibrated.

use std::collections::BTreeMap;

use thiserror::Error;
use wayfix_sensors::Name;

use super::Heard;

/// A log or a file that lacks what is needed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Missing {
    /// No readings of the kind.
    #[error("the log has no {what} (it has {has}): {record}")]
    Readings {
        /// Which kind.
        what: &'static str,
        /// What is there.
        has: String,
        /// What to record.
        record: &'static str,
    },
    /// None of the source that was asked for.
    #[error("the log has no {what} of source.{source_name} (it has {has})")]
    OfSource {
        /// Which kind.
        what: &'static str,
        /// The source.
        source_name: String,
        /// What is there.
        has: String,
    },
    /// More than one source.
    #[error("several sources have {what} ({}): choose one with {option}", names.join(", "))]
    Choice {
        /// Which kind.
        what: &'static str,
        /// Their names.
        names: Vec<String>,
        /// How to choose.
        option: &'static str,
    },
    /// One of the two files says too little or something else.
    #[error("{file}: {key}: {problem}")]
    Key {
        /// Which file.
        file: &'static str,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing says where the vehicle was.
    #[error(
        "no place of the vehicle at any time: record truth (a tracker, RTK, laser odometry) in the log \
         or with --truth, or name a source of poses or positions with --track (it has {has})"
    )]
    Track {
        /// What is there.
        has: String,
    },
}

impl Missing {
    /// A source of vehicle.toml that is not what is needed.
    #[must_use]
    pub fn source(name: &Name, problem: &str) -> Self {
        Self::Key {
            file: "vehicle.toml",
            key: format!("source.{name}"),
            problem: problem.to_owned(),
        }
    }
}

/// The only source of a kind, or the one that was asked for.
///
/// # Errors
/// None, or several.
pub fn choose<T>(
    sources: &BTreeMap<Name, T>,
    wanted: Option<&str>,
    (what, record, option): (&'static str, &'static str, &'static str),
    heard: &Heard,
) -> Result<Name, Missing> {
    if let Some(wanted) = wanted {
        let found = sources.keys().find(|name| name.as_str() == wanted);
        return found.copied().ok_or_else(|| Missing::OfSource {
            what,
            source_name: wanted.to_owned(),
            has: heard.to_string(),
        });
    }
    let mut names = sources.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => Ok(*only),
        (None, _) => Err(Missing::Readings {
            what,
            has: heard.to_string(),
            record,
        }),
        (Some(_), Some(_)) => Err(Missing::Choice {
            what,
            names: sources.keys().map(Name::to_string).collect(),
            option,
        }),
    }
}
