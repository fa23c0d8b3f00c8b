//! What every calibration gives.

use serde::Serialize;
use serde_json::{Map, Value};
use wayfix_calibration::Observed;

use super::KeyPath;
use super::plot::Plot;
use super::two_files::{Change, Whole};

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum File {
    /// What does not move.
    Site,
    /// What moves.
    Vehicle,
}

impl File {
    /// Its usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Site => "site.toml",
            Self::Vehicle => "vehicle.toml",
        }
    }
}

/// What came out, as one JSON document too.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Which calibration: `wheels`.
    pub what: &'static str,
    /// In one line: of what, and from how much.
    pub headline: String,
    /// What was sought.
    pub parameters: Vec<Parameter>,
    /// The two parameters that the drive tells apart least, and their correlation.
    pub least_apart: Option<(String, String, f64)>,
    /// How well it fits.
    pub fits: Vec<Fit>,
    /// What to know before believing it.
    pub warnings: Vec<String>,
    /// What this calibration has besides, by key.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    /// Changes that follow from what was found, beside the parameters' own.
    #[serde(skip)]
    pub more: Vec<(File, Change)>,
    /// Pictures of it.
    #[serde(skip)]
    pub plots: Vec<Plot>,
}

impl Report {
    /// One parameter by its key.
    #[must_use]
    pub fn parameter(&self, key: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.key == *key)
    }

    /// What of it belongs into a file: what the drive showed. What it did not show is left alone.
    #[must_use]
    pub fn changes(&self, file: File) -> Vec<Change> {
        let of_parameters = self
            .parameters
            .iter()
            .filter(|p| p.file == Some(file))
            .filter_map(Parameter::change);
        let more = self.more.iter().filter(|(of, _)| *of == file);
        of_parameters
            .chain(more.map(|(_, change)| change.clone()))
            .collect()
    }

    /// Whether the drive showed anything.
    #[must_use]
    pub fn is_any_shown(&self) -> bool {
        let is_shown = |p: &Parameter| p.verdict != Verdict::NotShown;
        self.parameters.iter().any(is_shown)
    }
}

/// A parameter of the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// The file whose key it is; absent for a number that no key asks for.
    pub file: Option<File>,
    /// Its path there, or its name.
    pub key: KeyPath,
    /// Unit; empty for a ratio.
    pub unit: &'static str,
    /// Value.
    pub value: f64,
    /// Standard deviation.
    pub sigma: f64,
    /// As the file has it.
    pub before: Option<f64>,
    /// Whether the drive could show it.
    pub verdict: Verdict,
    /// The drive that would show it better.
    pub advice: Option<String>,
    /// What holds it, as in use, for a file that does not have it.
    #[serde(skip)]
    pub whole: Whole,
}

impl Parameter {
    /// A parameter of a fit under a key, in the key's unit; `advice` is the drive that would show it.
    #[must_use]
    pub fn new(
        file: File,
        key: KeyPath,
        unit: &'static str,
        found: &wayfix_calibration::Parameter,
        advice: &str,
    ) -> Self {
        let verdict = Verdict::from(found.observed);
        Self {
            file: Some(file),
            key,
            unit,
            value: found.value,
            sigma: found.sigma,
            before: Some(found.guess),
            verdict,
            advice: (verdict != Verdict::Shown).then(|| advice.to_owned()),
            whole: Whole::Number,
        }
    }

    /// What it changes in its file, where the drive showed it.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        (self.verdict != Verdict::NotShown && self.file.is_some()).then(|| Change {
            path: self.key.clone(),
            value: self.value,
            sigma: Some(self.sigma),
            whole: self.whole.clone(),
        })
    }
}

/// Whether a drive could show a parameter, by the information in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It leaves less than a tenth of what was unknown.
    Shown,
    /// It leaves less than half.
    WeaklyShown,
    /// It does not, or contradicts itself: the value is the one of the file.
    NotShown,
}

impl From<Observed> for Verdict {
    fn from(observed: Observed) -> Self {
        match observed {
            Observed::Well => Self::Shown,
            Observed::Weakly => Self::WeaklyShown,
            Observed::No => Self::NotShown,
        }
    }
}

/// How well a result fits some of the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Which data, and by what: `in sample`, `second half, by the first`.
    pub name: String,
    /// Unit of the errors.
    pub unit: &'static str,
    /// Root mean square of the errors with what was found.
    pub rms: f64,
    /// The same with what the files have.
    pub rms_before: Option<f64>,
    /// Number of errors, where they were counted.
    pub count: Option<usize>,
}
