//! Accuracy on recorded data: `cargo bench -p wayfix-datasets --bench accuracy -- DIR [--only SET]
//! [--verbose] [--set KEY=VALUE]...`. `--set source.uwb.range_sigma_m=0.2` changes a key of vehicle.toml.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wayfix::config::Vehicle;
use wayfix_datasets::{cases, score};

fn main() -> Result<()> {
    let mut dir = wayfix_datasets::sets::data_dir();
    let (mut only, mut verbose) = (None, false);
    let mut changes = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => only = args.next(),
            "--set" => changes.extend(args.next()),
            "--verbose" => verbose = true,
            "--bench" => {}
            path => dir = from_root(path),
        }
    }
    if !dir.is_dir() {
        println!(
            "accuracy: no recorded data at {}, nothing measured",
            dir.display()
        );
        return Ok(());
    }
    for case in cases::all(&dir) {
        if only
            .as_ref()
            .is_some_and(|o| !case.name.contains(o.as_str()))
        {
            continue;
        }
        let begin = std::time::Instant::now();
        let recording = case.load(&dir)?;
        let vehicle = changed(&recording.vehicle_toml, &changes)?;
        let score = score::score(&recording, &vehicle)?;
        let took_s = begin.elapsed().as_secs_f64();
        let figures: Vec<String> = score
            .figures
            .iter()
            .map(|(name, v)| format!("{v:.3} {name}"))
            .collect();
        let nees = score
            .nees
            .map_or(String::new(), |(n, d)| format!("{n:.2} of {d}"));
        let reference = case.online.map_or("-".to_owned(), |r| format!("{r:.3}"));
        println!(
            "{:40} {:80} ref {reference:6} NEES {nees:12} {:.2} s",
            case.name,
            figures.join(", "),
            took_s
        );
        if verbose {
            for (name, value, sigma) in &score.parameters {
                println!("    {name:40} {value:12.5} ± {sigma:.5}");
            }
            for (name, s) in &score.sources {
                let nis = s.mean_nis().unwrap_or(f64::NAN);
                println!("    {name:40} seen {:7} NIS {nis:.2} {:?}", s.seen, s.fates);
            }
        }
    }
    Ok(())
}

/// The vehicle with some keys changed.
fn changed(text: &str, changes: &[String]) -> Result<Vehicle> {
    let mut table: toml::Table = text.parse()?;
    for change in changes {
        let (path, value) = change.split_once('=').context("--set takes KEY=VALUE")?;
        let value = format!("v = {value}")
            .parse::<toml::Table>()?
            .remove("v")
            .context("a value")?;
        let mut keys: Vec<&str> = path.split('.').collect();
        let last = keys.pop().context("a key")?;
        let mut at = &mut table;
        for key in keys {
            at = at
                .entry(key)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()
                .with_context(|| format!("{key} is no table"))?;
        }
        at.insert(last.to_owned(), value);
    }
    Ok(toml::Value::Table(table).try_into()?)
}

/// Cargo runs a bench in its crate's folder; a path is meant from where the command was given, the
/// root of the workspace.
fn from_root(path: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let joined = root.join(path);
    if joined.is_dir() {
        joined
    } else {
        PathBuf::from(path)
    }
}
