//! A simulation as files: log and truth, site.toml, vehicle.toml, parameters.json.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::Simulation;
use crate::log::{self, Attachment, Form, Record};

/// Writes all files of a simulation into `directory`, which is made if need be. The log carries
/// the two files at its head; truth stays apart, in the same form.
///
/// # Errors
/// A file cannot be written.
pub fn write(simulation: &Simulation, directory: &Path, form: Form) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let extension = match form {
        Form::Mcap => "mcap",
        Form::Jsonl => "jsonl",
    };
    let site_toml = toml::to_string(&simulation.site)?;
    let attach = |name: &str, text: &str| Attachment {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let attachments = [
        attach("site.toml", &site_toml),
        attach("vehicle.toml", simulation.vehicle_toml),
    ];
    let samples = simulation.samples().map(Record::Sample);
    let path = directory.join("log").with_extension(extension);
    write_log(&path, &attachments, samples)?;
    let truth = simulation.truth.iter().copied().map(Record::Truth);
    let path = directory.join("truth").with_extension(extension);
    write_log(&path, &[], truth)?;
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    file("site.toml", &site_toml)?;
    file("vehicle.toml", simulation.vehicle_toml)?;
    let parameters = serde_json::to_string_pretty(&simulation.parameters)? + "\n";
    file("parameters.json", &parameters)
}

fn write_log(
    path: &Path,
    attachments: &[Attachment],
    records: impl Iterator<Item = Record>,
) -> anyhow::Result<()> {
    let context = || path.display().to_string();
    let mut writer = log::create(path, attachments)?;
    for record in records {
        writer.write(&record).with_context(context)?;
    }
    writer.finish().with_context(context)
}
