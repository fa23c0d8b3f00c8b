//! A simulation as files: log.jsonl, truth.jsonl, site.toml, vehicle.toml, parameters.json.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use super::Simulation;
use anyhow::Context;

/// Writes all files of a simulation into `directory`, which is made if need be.
///
/// # Errors
/// A file cannot be written.
pub fn write(simulation: &Simulation, directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let samples = simulation
        .samples()
        .map(|sample| -> anyhow::Result<String> {
            let source = serde_json::to_string(sample.source.as_str())?;
            let reading = serde_json::to_string(&sample.reading)?;
            let reading = reading.trim_start_matches('{');
            Ok(format!(
                "{{\"t_ns\":{},\"source\":{source},{reading}",
                sample.t.0
            ))
        });
    lines(&directory.join("log.jsonl"), samples)?;
    let truth = simulation
        .truth
        .iter()
        .map(|truth| -> anyhow::Result<String> {
            let state = serde_json::to_string(&truth.state)?;
            Ok(format!("{{\"t_ns\":{},\"truth\":{state}}}", truth.t.0))
        });
    lines(&directory.join("truth.jsonl"), truth)?;
    let file = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    file("site.toml", toml::to_string(&simulation.site)?)?;
    file("vehicle.toml", simulation.vehicle_toml.to_owned())?;
    file(
        "parameters.json",
        serde_json::to_string_pretty(&simulation.parameters)? + "\n",
    )
}

fn lines(path: &Path, values: impl Iterator<Item = anyhow::Result<String>>) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(context)?);
    for value in values {
        writeln!(file, "{}", value?).with_context(context)?;
    }
    file.flush().with_context(context)
}
