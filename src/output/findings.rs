//! `findings.jsonl`: the conditions that began or ended, one a line:
//! `{"t_ns":5,"condition":"missurveyed","target":"aisle-3","began":true}`. `source` and `target` are
//! absent where it is about none.

use std::path::Path;

use super::lines::{Lines, OutputError};
use super::number::{integer, quoted};
use crate::engine::Finding;
use crate::replay::Sink;

/// Writes one line a condition that began or ended.
#[derive(Debug)]
pub struct Findings(Lines);

impl Findings {
    /// Creates the file.
    ///
    /// # Errors
    /// It can't be created.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Lines::create(path, "").map(Self)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish(self) -> Result<(), OutputError> {
        self.0.finish()
    }
}

impl Sink for Findings {
    fn finding(&mut self, finding: &Finding) {
        self.0.write(|line| {
            line.push_str("{\"t_ns\":");
            integer(line, finding.t.0);
            line.push_str(",\"condition\":\"");
            line.push_str(finding.condition.name());
            line.push('"');
            for (key, name) in [("source", &finding.source), ("target", &finding.target)] {
                if let Some(name) = name {
                    line.push_str(",\"");
                    line.push_str(key);
                    line.push_str("\":");
                    quoted(line, name);
                }
            }
            line.push_str(",\"began\":");
            line.push_str(if finding.began { "true}" } else { "false}" });
        });
    }
}

/// What began or ended, in words.
#[must_use]
pub fn words(finding: &Finding) -> String {
    let about = [finding.source, finding.target];
    let about: Vec<&str> = about.iter().flatten().map(|name| name.as_str()).collect();
    let verb = if finding.began { "began" } else { "ended" };
    format!(
        "{} {verb} {}",
        finding.condition.name().replace('_', " "),
        about.join(" ")
    )
}
