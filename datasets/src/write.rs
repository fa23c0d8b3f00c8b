//! Writes a recording as the files that the program reads.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use wayfix::log::{Record, TruthState};
use wayfix_sensors::Reading;

use crate::recording::Recording;

// To be replaced by the JSON Lines writer of `wayfix::log` as soon as that has one.
#[derive(Serialize)]
struct SampleLine<'a> {
    t_ns: i64,
    source: &'a str,
    #[serde(flatten)]
    reading: Reading,
}

#[derive(Serialize)]
struct TruthLine {
    t_ns: i64,
    truth: TruthState,
}

/// Writes `log.jsonl` (samples), `truth.jsonl`, `site.toml` and `vehicle.toml` into a folder, which
/// is made where it is not there.
///
/// # Errors
/// What the file system refuses.
pub fn write(recording: &Recording, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let create = |file: &str| -> Result<BufWriter<fs::File>> {
        let path = dir.join(file);
        let file = fs::File::create(&path).with_context(|| path.display().to_string())?;
        Ok(BufWriter::new(file))
    };
    let (mut log, mut truth) = (create("log.jsonl")?, create("truth.jsonl")?);
    for record in &recording.records {
        match record {
            Record::Sample(sample) => writeln!(log, "{}", sample_line(sample)?)?,
            Record::Truth(row) => {
                let line = TruthLine {
                    t_ns: row.t.0,
                    truth: row.state,
                };
                writeln!(truth, "{}", serde_json::to_string(&line)?)?;
            }
        }
    }
    log.flush()?;
    truth.flush()?;
    create("site.toml")?.write_all(recording.site_toml.as_bytes())?;
    create("vehicle.toml")?.write_all(recording.vehicle_toml.as_bytes())?;
    Ok(())
}

fn sample_line(sample: &wayfix_sensors::Sample) -> Result<String> {
    let (t_ns, source) = (sample.t.0, sample.source.as_str());
    Ok(serde_json::to_string(&SampleLine {
        t_ns,
        source,
        reading: sample.reading,
    })?)
}

#[cfg(test)]
mod tests {
    use wayfix_filter::Timestamp;
    use wayfix_sensors::{Sample, sample::Height};

    use super::*;
    use crate::recording::name;

    #[test]
    fn a_sample_is_one_flat_line() {
        let sample = Sample {
            t: Timestamp(123),
            source: name("baro").unwrap(),
            reading: Reading::Height(Height { height_m: 1.5 }),
        };
        let expected = r#"{"t_ns":123,"source":"baro","height":{"height_m":1.5}}"#;
        assert_eq!(sample_line(&sample).unwrap(), expected);
    }
}
