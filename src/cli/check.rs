//! `wayfix check`: errors and suspicions of a site and a vehicle.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use wayfix_sensors::{Name, device};

use crate::config::check::{File, check};
use crate::config::{ConfigError, Loaded, Vehicle, read_site, read_vehicle};

/// Check site.toml and vehicle.toml: what is wrong, and what is probably not meant.
///
/// Exit code 0: fine, or warnings only; 1: warnings, with --strict; 2: errors.
#[derive(Debug, Args)]
pub struct Check {
    /// What does not move.
    #[arg(long, value_name = "FILE")]
    site: PathBuf,
    /// What moves.
    #[arg(long, value_name = "FILE")]
    vehicle: PathBuf,
    /// Fail on warnings too.
    #[arg(long)]
    strict: bool,
    /// Print JSON: {"errors": [...], "warnings": [...]}.
    #[arg(long)]
    json: bool,
}

/// Everything found, errors first.
#[derive(Debug, Default, Serialize)]
struct Findings {
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    file: String,
    line: Option<usize>,
    key: String,
    /// The whole sentence, the key included.
    message: String,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let findings = self.findings();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            print!("{}", text(&findings));
        }
        Ok(match findings {
            Findings { errors, .. } if !errors.is_empty() => ExitCode::from(2),
            Findings { warnings, .. } if self.strict && !warnings.is_empty() => ExitCode::from(1),
            _ => ExitCode::SUCCESS,
        })
    }

    /// What is wrong with the files that vehicle.toml names.
    fn beside(&self, vehicle: &Loaded<Vehicle>) -> Vec<Finding> {
        let folder = self.vehicle.parent().unwrap_or(Path::new(""));
        let sources = vehicle.value.sources.iter();
        let wrong = sources.filter_map(|(name, source)| {
            let live = source.live().filter(|live| live.dbc_file.is_some())?;
            let key = format!("source.{name}.live.dbc_file");
            let setup = live.setup(Name::from(name).ok()?, folder);
            let why = match setup {
                Err(error) => error.to_string(),
                Ok(setup) => device::make(&live.adapter, &setup).err()?.to_string(),
            };
            Some(Finding {
                file: self.vehicle.display().to_string(),
                line: vehicle.lines.line(&key),
                message: format!("{key}: {why}"),
                key,
            })
        });
        wrong.collect()
    }

    fn findings(&self) -> Findings {
        let (site, vehicle) = (read_site(&self.site), read_vehicle(&self.vehicle));
        let mut findings = Findings::default();
        findings
            .errors
            .extend(site.as_ref().err().into_iter().flat_map(errors));
        findings
            .errors
            .extend(vehicle.as_ref().err().into_iter().flat_map(errors));
        if let Ok(vehicle) = &vehicle {
            findings.errors.extend(self.beside(vehicle));
        }
        if let (Ok(site), Ok(vehicle)) = (site, vehicle) {
            for warning in check(&site.value, &vehicle.value) {
                let (file, lines) = match warning.file {
                    File::Site => (&self.site, &site.lines),
                    File::Vehicle => (&self.vehicle, &vehicle.lines),
                };
                findings.warnings.push(Finding {
                    file: file.display().to_string(),
                    line: lines.line(&warning.key),
                    message: warning.to_string(),
                    key: warning.key,
                });
            }
        }
        findings
    }
}

fn errors(error: &ConfigError) -> Vec<Finding> {
    match error {
        ConfigError::Read { path, source } => vec![Finding {
            file: path.display().to_string(),
            line: None,
            key: String::new(),
            message: format!("cannot be read: {source}"),
        }],
        ConfigError::Invalid { file, problems } => {
            let finding = |problem: &crate::config::Problem| Finding {
                file: file.clone(),
                line: problem.line,
                key: problem.key.clone(),
                message: problem.to_string(),
            };
            problems.iter().map(finding).collect()
        }
    }
}

fn text(findings: &Findings) -> String {
    let mut text = String::new();
    let lists = [("error", &findings.errors), ("warning", &findings.warnings)];
    for (word, list) in lists {
        for finding in list {
            let line = finding
                .line
                .map(|line| format!(":{line}"))
                .unwrap_or_default();
            text += &format!("{}{line}: {word}: {}\n", finding.file, finding.message);
        }
    }
    let counts = lists.map(|(word, list)| match list.len() {
        1 => format!("1 {word}"),
        n => format!("{n} {word}s"),
    });
    text + &counts.join(", ") + "\n"
}
