//! `wayfix-datasets SET DIR -o OUT`: a public recording as the files that `wayfix` reads.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use wayfix_datasets::sets::{self, Options};
use wayfix_datasets::write::write;

/// Turns a public recording into log.jsonl, truth.jsonl, site.toml and vehicle.toml.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// The set, by the name of its folder: plaza1, labyrinth, mrclam, ...
    set: String,
    /// The folder with the set's files.
    dir: PathBuf,
    #[command(flatten)]
    options: Options,
    /// Where to write.
    #[arg(short, long)]
    out: PathBuf,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let recording = sets::load(&cli.set, &cli.dir, &cli.options)?;
    write(&recording, &cli.out)?;
    let (samples, truth) = (recording.samples().count(), recording.truth().count());
    let (first, last) = recording
        .samples()
        .fold(None, |span, s| {
            Some((span.map_or(s.t, |(first, _)| first), s.t))
        })
        .context("the recording has no samples")?;
    println!(
        "{}: {samples} samples over {:.1} s, {truth} rows of truth -> {}",
        recording.name,
        last.seconds_since(first),
        cli.out.display()
    );
    Ok(())
}
