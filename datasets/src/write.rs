//! Writes a recording as the files that the program reads.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wayfix::log::{self, Record};

use crate::recording::Recording;

/// Writes `log.jsonl` (samples), `truth.jsonl`, `site.toml` and `vehicle.toml` into a folder, which
/// is made where it is not there.
///
/// # Errors
/// What the file system refuses, or a record with a value that is not finite.
pub fn write(recording: &Recording, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let (log_path, truth_path) = (dir.join("log.jsonl"), dir.join("truth.jsonl"));
    let (mut log, mut truth) = (log::create(&log_path, &[])?, log::create(&truth_path, &[])?);
    for record in &recording.records {
        match record {
            Record::Truth(_) => truth.write(record)?,
            _ => log.write(record)?,
        }
    }
    log.finish()
        .with_context(|| log_path.display().to_string())?;
    truth
        .finish()
        .with_context(|| truth_path.display().to_string())?;
    for (file, text) in [
        ("site.toml", &recording.site_toml),
        ("vehicle.toml", &recording.vehicle_toml),
    ] {
        let path = dir.join(file);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sets::{Options, load, test_dir};

    #[test]
    fn what_is_written_reads_back() {
        let Some(from) = test_dir("crazyflie_tdoa") else {
            return;
        };
        let recording = load("crazyflie_tdoa", &from, &Options::default()).unwrap();
        let to = std::env::temp_dir().join(format!("wayfix-datasets-{}", std::process::id()));
        write(&recording, &to).unwrap();
        let read = |file: &str| log::open(to.join(file)).unwrap().count();
        let counts = (read("log.jsonl"), read("truth.jsonl"));
        fs::remove_dir_all(&to).unwrap();
        assert_eq!(
            counts,
            (recording.samples().count(), recording.truth().count())
        );
    }
}
